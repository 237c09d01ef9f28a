package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/page"
)

// SiteOptions say what a site shows besides the catalogue.
type SiteOptions struct {
	Title string // at the top of each page. Default: Seed jobs
	// Exports are the systems that seedpack export writes jobs for. Each job shows the commands.
	Exports []string
	Footer  string
}

// siteFile lists the files of a site, so that the next one removes the pages of jobs that are gone.
const siteFile = ".seedpack-site"

// A NotASite is the error for a directory that has files of others where the site's would be.
type NotASite struct{ Dir, File string }

func (e *NotASite) Error() string {
	return fmt.Sprintf("%s has a file %s that is not from a catalogue: it is not overwritten; name a new directory", e.Dir, e.File)
}

// WriteSite writes a catalogue as static pages, which need no server. Dir may have the pages of an earlier catalogue. Those of
// jobs that are gone are removed, and files of others are left alone. Nothing is written outside of dir.
func (c *Catalogue) WriteSite(dir *os.Root, opt SiteOptions) error {
	set, err := page.Parse()
	if err != nil {
		return err
	}
	w := &siteWriter{dir: dir, set: set, opt: opt, catalogue: c, jobs: c.Jobs(), content: map[string]func() ([]byte, error){}}
	w.opt.Title = cmp.Or(opt.Title, "Seed jobs")
	slices.SortFunc(w.jobs, func(a, b *Job) int {
		return cmp.Or(cmp.Compare(a.Images[0].Name, b.Images[0].Name), cmp.Compare(a.Images[0].Reference, b.Images[0].Reference))
	})
	w.plan()
	return w.write()
}

// A siteWriter writes one site.
type siteWriter struct {
	dir       *os.Root
	set       *page.Set
	opt       SiteOptions
	catalogue *Catalogue
	jobs      []*Job
	content   map[string]func() ([]byte, error) // by the name of the file
}

// plan notes all files of the site.
func (w *siteWriter) plan() {
	for _, name := range page.Assets {
		w.content[name] = func() ([]byte, error) { return page.Asset(name) }
	}
	w.content[".nojekyll"] = func() ([]byte, error) { return nil, nil } // GitHub Pages then publishes files as they are
	w.content["catalogue.json"] = func() ([]byte, error) { return encode(w.catalogue) }
	w.content["images/index.json"] = func() ([]byte, error) { return encode(w.catalogue.Silo()) }
	w.content["badge.svg"] = func() ([]byte, error) { return page.Badge("Seed jobs", fmt.Sprint(len(w.jobs))) }
	w.content["data/jobs.js"] = func() ([]byte, error) { return script("seedpackJobs", listData(w.jobs)) }
	w.content["data/search.js"] = func() ([]byte, error) { return script("seedpackSearch", searchData(w.jobs)) }
	w.content["index.html"] = w.page("index.html", "list", w.opt.Title, listView(w.catalogue, w.jobs), "list.js", "data/jobs.js", "data/search.js")
	w.content["skipped.html"] = w.page("skipped.html", "skipped", "Skipped images · "+w.opt.Title, skippedView(w.catalogue))
	w.content["all.html"] = w.page("all.html", "all", "All jobs · "+w.opt.Title, allView(w.jobs))
	for _, job := range w.jobs {
		html, svg := job.file(".html"), job.file(".svg")
		w.content[svg] = func() ([]byte, error) { return page.Badge("Seed job", job.Images[0].Seed().Job.JobVersion) }
		w.content[html] = func() ([]byte, error) {
			view := jobView(job, w.opt)
			return w.page(html, "job", view.Title+" · "+w.opt.Title, view, "page.js")()
		}
	}
}

func (w *siteWriter) page(name, kind, title string, data any, scripts ...string) func() ([]byte, error) {
	return func() ([]byte, error) {
		var b bytes.Buffer
		warning := ""
		if !w.catalogue.Complete {
			warning = "This catalogue is not complete: something could not be read when it was made."
		}
		err := w.set.Write(&b, kind, page.Page{Title: title, Site: w.opt.Title, Root: strings.Repeat("../", strings.Count(name, "/")),
			Scripts: scripts, Warning: warning, Footer: w.opt.Footer, Data: data})
		return b.Bytes(), err
	}
}

func encode(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", " ")
	return append(text, '\n'), err
}

// script returns a script that calls a function with a value. A browser parses JSON in a string faster than an object.
func script(function string, v any) ([]byte, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	literal, err := json.Marshal(string(value))
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(function+"(JSON.parse("), literal, []byte("));\n")), nil
}

// write writes all files. What leads a reader to the others comes last.
func (w *siteWriter) write() error {
	names := make([]string, 0, len(w.content))
	for name := range w.content {
		names = append(names, name)
	}
	slices.Sort(names)
	earlier, err := w.earlier()
	if err != nil {
		return err
	}
	for _, name := range names {
		if earlier[name] {
			continue
		}
		if _, err := w.dir.Lstat(name); err == nil {
			return &NotASite{w.dir.Name(), name}
		}
	}
	// If writing ends in the middle, the next site still knows whose the files are.
	both := slices.Clone(names)
	for name := range earlier {
		both = append(both, name)
	}
	slices.Sort(both)
	if err := w.writeList(slices.Compact(both)); err != nil {
		return err
	}
	last := []string{"images/index.json", "catalogue.json", "all.html", "data/jobs.js", "data/search.js", "index.html"}
	if err := w.writeFiles(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(last, name) })); err != nil {
		return err
	}
	for _, name := range last {
		if err := w.writeFiles([]string{name}); err != nil {
			return err
		}
	}
	if err := w.removeStale(earlier); err != nil {
		return err
	}
	return w.writeList(names)
}

// writeFiles writes files, those of one directory at once.
func (w *siteWriter) writeFiles(names []string) error {
	byDir := map[string][]string{}
	for _, name := range names {
		byDir[path.Dir(name)] = append(byDir[path.Dir(name)], name)
	}
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		if err := w.writeDir(dir, byDir[dir]); err != nil {
			return err
		}
	}
	return nil
}

func (w *siteWriter) writeDir(name string, files []string) (err error) {
	dir, err := disk.Sub(w.dir, filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, file := range files {
		group.Go(func() error { return w.writeFile(dir, path.Base(file), w.content[file]) })
	}
	return group.Wait()
}

// writeFile writes a file whole or not at all. One that is the same already keeps its time.
func (w *siteWriter) writeFile(dir *os.Root, name string, make func() ([]byte, error)) error {
	content, err := make()
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	if same(dir, name, content) {
		return nil
	}
	return disk.WriteIn(dir, name, 0o644, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
}

func same(dir *os.Root, name string, content []byte) bool {
	info, err := dir.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return false
	}
	there, err := disk.ReadIn(dir, name, int64(len(content)))
	return err == nil && bytes.Equal(there, content)
}

// A siteList is the content of siteFile.
type siteList struct {
	Files []string `json:"files"`
}

func (w *siteWriter) writeList(names []string) error {
	text, err := encode(siteList{names})
	if err != nil {
		return err
	}
	return disk.WriteIn(w.dir, siteFile, 0o644, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// earlier returns the files of the site that was there before.
func (w *siteWriter) earlier() (map[string]bool, error) {
	const most = 64 << 20
	text, err := disk.ReadIn(w.dir, siteFile, most)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list siteList
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(w.dir.Name(), siteFile), err)
	}
	files := map[string]bool{}
	for _, name := range list.Files {
		files[name] = true
	}
	return files, nil
}

// removeStale removes the pages of jobs that are gone, and directories that become empty.
func (w *siteWriter) removeStale(earlier map[string]bool) error {
	for name := range earlier {
		if w.content[name] != nil || !strings.HasPrefix(name, jobsDir+"/") || path.Clean(name) != name || !filepath.IsLocal(filepath.FromSlash(name)) {
			continue
		}
		if err := removeFile(w.dir, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if w.dir.Remove(dir) != nil {
				break // it is not empty
			}
		}
	}
	return nil
}

// removeFile removes a file below a directory. It follows no link on the way.
func removeFile(top *os.Root, name string) (err error) {
	dir, err := disk.Enter(top, filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return dir.Remove(path.Base(name))
}

// jobsDir has the pages of jobs.
const jobsDir = "jobs"

// file returns the name of a file of a job: jobs/HOST/NAMESPACE/NAME.html. Its parts come from the image's repository, whose
// grammar allows no way out of a directory. A tilde, which is in no repository, keeps names apart.
func (j *Job) file(extension string) string {
	parts := []string{jobsDir, strings.NewReplacer(":", "_", "[", "_5b", "]", "_5d").Replace(j.Registry)}
	for part := range strings.SplitSeq(j.Namespace, "/") {
		if part == "" {
			continue
		}
		if strings.HasSuffix(part, ".html") || strings.HasSuffix(part, ".svg") {
			part += "~" // a job may have that file
		}
		parts = append(parts, part)
	}
	name := j.Name
	if j.key.other {
		name += "~"
	}
	return path.Join(append(parts, name+extension)...)
}
