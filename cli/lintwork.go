package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A fileKind is what a file is in a job.
type fileKind string

const (
	manifestFile fileKind = "manifest"
	dockerFile   fileKind = "Dockerfile"
	smokeFile    fileKind = "smoke file"
	policyFile   fileKind = "policy file"
)

// fileKinds is the order in which files are counted.
var fileKinds = []fileKind{manifestFile, dockerFile, smokeFile, policyFile}

// kindOf tells the kind of a file by its name. Anything that is not named like another one is a manifest.
func kindOf(path string) fileKind {
	name := filepath.Base(path)
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case job.IsStream(path) || name == seed.ManifestFile:
		return manifestFile
	case name == policy.FileName:
		return policyFile
	case job.NamedLikeDockerfile(name):
		return dockerFile
	case name == cases.File, (ext == ".yaml" || ext == ".yml") && strings.Contains(strings.ToLower(name), "smoke"):
		return smokeFile
	}
	return manifestFile
}

// A lintTask is a job with the files that are linted with it, or one file.
type lintTask struct {
	manifest string // empty if there is none
	// alone is true if the manifest itself is not linted: it says what the files should be.
	alone  bool
	files  []lintFile
	policy diag.Policy
	build  pipeline.Build // what the job's policy file says
	err    error          // why the policy could not be read
}

// A lintFile is a file besides the manifest.
type lintFile struct {
	path string
	kind fileKind
}

// path returns the file that the task is about.
func (t *lintTask) path() string {
	if t.alone {
		return t.files[0].path
	}
	return t.manifest
}

// A lintWork is all that a call of lint looks at.
type lintWork struct {
	tasks []*lintTask
	found *job.Found
}

// lintWork finds the jobs and files that arguments name.
func (p *Process) lintWork(args []string) (*lintWork, error) {
	found, err := job.Search(args, p.roots)
	if err != nil {
		return nil, err
	}
	w := &lintWork{found: found}
	for _, path := range found.Manifests {
		task := &lintTask{manifest: path}
		if found.In[path] != "" {
			task.files = filesOf(filepath.Dir(path), found.Listed)
		} else if kind := kindOf(path); kind != manifestFile {
			task = &lintTask{alone: true, files: []lintFile{{path, kind}}}
			if task.manifest, err = manifestFor(path, kind); err != nil {
				return nil, err
			}
		}
		for _, f := range task.files {
			if err := p.roots.Check(f.path); err != nil {
				return nil, err
			}
		}
		w.tasks = append(w.tasks, task)
	}
	w.tasks = eachOnce(w.tasks)
	return w, nil
}

// eachOnce leaves out files that were named alone and are linted with their job as well.
func eachOnce(tasks []*lintTask) []*lintTask {
	withJob := map[string]bool{}
	for _, t := range tasks {
		if !t.alone {
			for _, f := range t.files {
				withJob[filepath.Clean(f.path)] = true
			}
		}
	}
	return slices.DeleteFunc(tasks, func(t *lintTask) bool { return t.alone && withJob[filepath.Clean(t.path())] })
}

// filesOf returns the files of a job besides its manifest, if they are there.
func filesOf(dir string, listed disk.Listing) (files []lintFile) {
	if !listed.Lacks(dir, "Dockerfile") {
		if path, ok := job.Dockerfile(dir); ok {
			files = append(files, lintFile{path, dockerFile})
		}
	}
	for _, f := range []lintFile{{filepath.Join(dir, cases.File), smokeFile}, {filepath.Join(dir, policy.FileName), policyFile}} {
		if listed.Lacks(dir, filepath.Base(f.path)) || disk.IsMissing(f.path) {
			continue
		}
		if job.IsFile(f.path) || disk.Check(f.path) != nil || disk.IsLink(f.path) { // who reads a pipe is told that it is one
			files = append(files, f)
		}
	}
	return files
}

// manifestFor returns the manifest that a file belongs to: the one beside it, or one above. It is empty if there is none. A
// smoke file cannot be judged without.
func manifestFor(path string, kind fileKind) (string, error) {
	dir := filepath.Dir(path)
	for _, dir := range []string{dir, filepath.Join(dir, "..")} {
		if manifest := filepath.Join(dir, seed.ManifestFile); job.IsFile(manifest) {
			return manifest, nil
		}
		if kind != dockerFile {
			break
		}
	}
	if kind == smokeFile {
		return "", exit.Usagef("%s: there is no %s beside it, which says what its cases may name", path, seed.ManifestFile)
	}
	return "", nil
}

// judgeBy sets the policy of each task. It reads the policy files that are linted. A task whose policy cannot be read keeps the
// error, so that it does not hide the others. If no task has a policy, that is the error.
func (w *lintWork) judgeBy(policies *policy.Chooser) error {
	policies.Listed = w.found.Listed
	var failed []error
	for _, t := range w.tasks {
		if t.err = policyError(t.judgeBy(policies)); t.err != nil {
			failed = append(failed, t.err)
		}
	}
	if len(failed) == len(w.tasks) && len(failed) > 0 {
		return failed[0]
	}
	return nil
}

func (t *lintTask) judgeBy(policies *policy.Chooser) (err error) {
	of := t.manifest
	if of == "" {
		of = t.path()
	}
	if job.IsStream(of) {
		of = "-"
	}
	if t.policy, err = policies.For(of); err != nil {
		return err
	}
	if err := t.take(policies); err != nil {
		return err
	}
	for _, f := range t.files {
		if f.kind != policyFile {
			continue
		}
		if _, err := policies.Finder.Open(f.path); err != nil {
			return err
		}
	}
	return nil
}

// take takes the Dockerfile that the policy file of a job names, in the place of the one beside its manifest.
func (t *lintTask) take(policies *policy.Chooser) error {
	if t.alone || job.IsStream(t.manifest) {
		return nil
	}
	b, err := jobBuild(policies, policies.Roots, t.manifest, filepath.Dir(t.manifest))
	if err != nil {
		return err
	}
	if t.build = b; b.File != "" {
		t.files = slices.DeleteFunc(t.files, func(f lintFile) bool { return f.kind == dockerFile })
		t.files = slices.Insert(t.files, 0, lintFile{b.File, dockerFile})
	}
	return nil
}

// printed reports whether a fixed text goes to standard output.
func (w *lintWork) printed() bool {
	return slices.ContainsFunc(w.tasks, func(t *lintTask) bool { return job.IsStream(t.manifest) && !t.alone })
}

// say prints what was taken for what, a table of several jobs, and how much was linted, of which some could not be read. If it
// is to be quiet, it prints the last line alone.
func (l *linter) say(out *printer, quiet bool) {
	if !quiet {
		for _, link := range l.work.found.Links {
			sayf(l.process.Stderr, "%s: a link that is not followed: name it to have it linted", link)
		}
		for _, t := range l.work.tasks {
			l.sayTaken(t)
		}
		out.showTable(l.rows)
	}
	counts, jobs := map[fileKind]int{}, 0
	for _, t := range l.work.tasks {
		if !t.alone {
			jobs++
			counts[manifestFile]++
		}
		for _, f := range t.files {
			counts[f.kind]++
		}
	}
	var parts []string
	for _, kind := range fileKinds {
		if n := counts[kind]; n > 0 {
			parts = append(parts, diag.Count(n, string(kind)))
		}
	}
	head := ""
	if jobs > 0 {
		head = diag.Count(jobs, "job") + ": "
	}
	more := ""
	switch n, unseen := len(l.failures), len(l.work.found.Unreadable); {
	case n > 0 && len(parts) == 0:
		parts = []string{fmt.Sprintf("nothing: %d could not be read", n)}
	default:
		if n > unseen {
			parts = append(parts, fmt.Sprintf("of which %d could not be read", n-unseen))
		}
		if unseen > 0 { // they are not among what is counted
			more = fmt.Sprintf("; %d more could not be read", unseen)
		}
	}
	sayf(l.process.Stderr, "linted %s%s%s", head, strings.Join(parts, ", "), more)
}

// sayTaken says what a file was taken for, if its name leaves it open.
func (l *linter) sayTaken(t *lintTask) {
	name := filepath.Base(t.path())
	switch {
	case t.alone && t.manifest != "":
		sayf(l.process.Stderr, "%s is taken for a %s of the job in %s", t.path(), t.files[0].kind, t.manifest)
	case t.alone:
		sayf(l.process.Stderr, "%s is taken for a %s", t.path(), t.files[0].kind)
	case name != seed.ManifestFile && !job.IsStream(t.manifest):
		sayf(l.process.Stderr, "%s is taken for a manifest", t.path())
	}
}

// told reports whether findings or failures have been printed. Text shows notices only if it is to be verbose.
func (l *linter) told(all *findings, verbose bool) bool {
	return len(l.failures) > 0 || slices.ContainsFunc(all.reports, func(r *diag.Report) bool {
		return r.Count(diag.Error)+r.Count(diag.Warning) > 0 || verbose && r.Count(diag.Notice) > 0
	})
}

// endDiff ends --diff, which prints no findings: a status that is not 0 gets a reason.
func (l *linter) endDiff(all *findings) error {
	err := l.end(all)
	if errors.Is(err, exit.Findings) {
		sayf(l.process.Stderr, "there are findings: lint without --diff shows them")
	}
	return err
}

// end returns the error that the command ends with.
func (l *linter) end(all *findings) error {
	if len(l.failures) > 0 {
		return toldError{errors.Join(l.failures...)}
	}
	if all.fail() {
		return exit.Findings
	}
	return nil
}
