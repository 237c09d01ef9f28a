package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// catalogueOf returns a catalogue of images with these names in one registry.
func catalogueOf(images ...Image) *Catalogue {
	c := &Catalogue{SchemaVersion: schemaVersion, Registries: []string{"registry.example.com"}, Images: images, Skipped: []Skipped{}}
	c.sort()
	c.link()
	return c
}

func imageOf(repository, tag string, manifest []byte) Image {
	return Image{Reference: "registry.example.com/" + repository + ":" + tag, Name: repository + ":" + tag, Platforms: []string{"linux/amd64"}, Manifest: manifest}
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); err == nil && !e.IsDir() {
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A picture shows some inputs and outputs, and says how many others the tables have. A list of no jobs says so.
func TestLargeAndEmptySites(t *testing.T) {
	t.Parallel()
	ports := func(n int) (all []any) {
		for k := range n {
			all = append(all, map[string]any{"name": fmt.Sprintf("F%02d", k), "required": k%2 == 0, "pattern": "*"})
		}
		return all
	}
	for n, want := range map[int]string{9: "", 10: "and 2 more, ", 60: "and 52 more, "} {
		manifest := fullManifest("x", func(job map[string]any) {
			job["interface"] = map[string]any{"command": "x", "inputs": map[string]any{"files": ports(n)}, "outputs": map[string]any{"files": ports(n)}}
		})
		i := imageOf("geo/a-1.0.0-seed", "1.0.0", manifest)
		html := pageOf(t, catalogueOf(i), "jobs/registry.example.com/geo/a-1.0.0-seed~.html")
		if got := strings.Count(html, ` more, <a href="#interface">`); (got == 2) != (want != "") || strings.Count(html, want) < 2 {
			t.Errorf("%d inputs and outputs: %d lines, want %q", n, got, want)
		}
		if got := strings.Count(html, `class="port`); n > 9 && got < 16 || strings.Count(html, `scope="row">F`) != 2*n {
			t.Errorf("%d inputs and outputs: %d in the picture, %d rows", n, got, strings.Count(html, `scope="row">F`))
		}
	}
	html := pageOf(t, catalogueOf(), "index.html")
	if !strings.Contains(html, "No Seed job was found.") || strings.Contains(html, `id="query"`) || strings.Contains(html, "Nothing fits") {
		t.Errorf("the list of no jobs is %s", html)
	}
}

func pageOf(t *testing.T, c *Catalogue, name string) string {
	t.Helper()
	root := cacheDir(t)
	if err := c.WriteSite(root, SiteOptions{}); err != nil {
		t.Fatal(err)
	}
	text, err := root.ReadFile(name)
	if err != nil {
		t.Fatal(err, files(t, root.Name()))
	}
	return string(text)
}

// A new site replaces an old one: pages of jobs that are gone are removed, files of others stay, and what is the same is not
// written again.
func TestWriteSite(t *testing.T) {
	t.Parallel()
	root := cacheDir(t)
	dir := root.Name()
	write := func(c *Catalogue) error { return c.WriteSite(root, SiteOptions{}) }
	a := imageOf("geo/a-1.0.0-seed", "1.0.0", manifestOf("a", "1.0.0", "1.0.0"))
	b := imageOf("geo/deep/b-1.0.0-seed", "1.0.0", manifestOf("b", "1.0.0", "1.0.0"))
	if err := write(catalogueOf(a, b)); err != nil {
		t.Fatal(err)
	}
	common := []string{".nojekyll", ".seedpack-site", "all.html", "badge.svg", "catalogue.json", "data/jobs.js", "data/search.js", "images/index.json", "index.html"}
	last := []string{"list.js", "page.js", "seed.svg", "skipped.html", "style.css"}
	jobs := []string{"jobs/registry.example.com/geo/a.html", "jobs/registry.example.com/geo/a.svg"}
	more := []string{"jobs/registry.example.com/geo/deep/b.html", "jobs/registry.example.com/geo/deep/b.svg"}
	equal(t, "files", files(t, dir), slices.Concat(common, jobs, more, last))

	var silo []SiloImage
	text, err := os.ReadFile(filepath.Join(dir, "images", "index.json"))
	if err != nil || json.Unmarshal(text, &silo) != nil || len(silo) != 2 {
		t.Errorf("images/index.json is %s, %v", text, err)
	}
	before, _ := os.Stat(filepath.Join(dir, jobs[0]))
	if err := os.WriteFile(filepath.Join(dir, "CNAME"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(catalogueOf(a)); err != nil {
		t.Fatal(err)
	}
	equal(t, "without b", files(t, dir), slices.Concat([]string{common[0], common[1], "CNAME"}, common[2:], jobs, last))
	if _, err := os.Stat(filepath.Join(dir, "jobs/registry.example.com/geo/deep")); err == nil {
		t.Error("an empty directory is left")
	}
	after, _ := os.Stat(filepath.Join(dir, jobs[0]))
	if !os.SameFile(before, after) {
		t.Error("a page that is the same was written again")
	}
	incomplete := catalogueOf(a)
	incomplete.Complete = false
	if err := write(incomplete); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", jobs[0]} {
		if text, _ := os.ReadFile(filepath.Join(dir, name)); !strings.Contains(string(text), "This catalogue is not complete") {
			t.Errorf("%s does not say that the catalogue is not complete", name)
		}
	}
}

// Files of others are not overwritten, nothing is written through a link, and a list of files leads nowhere else.
func TestWriteSiteElsewhere(t *testing.T) {
	t.Parallel()
	c := catalogueOf(imageOf("a-1.0.0-seed", "1.0.0", manifestOf("a", "1.0.0", "1.0.0")))
	root := cacheDir(t)
	if err := os.WriteFile(filepath.Join(root.Name(), "index.html"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	var foreign *NotASite
	if err := c.WriteSite(root, SiteOptions{}); !errors.As(err, &foreign) || foreign.File != "index.html" {
		t.Errorf("a foreign file: %v", err)
	}
	equal(t, "files", files(t, root.Name()), []string{"index.html"})

	outside := t.TempDir()
	root = cacheDir(t)
	if err := os.Symlink(outside, filepath.Join(root.Name(), "jobs")); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteSite(root, SiteOptions{}); err == nil {
		t.Error("wrote through a link")
	}
	if found := files(t, outside); len(found) > 0 {
		t.Errorf("outside there are %q", found)
	}

	// A list of files leads through no link.
	root = cacheDir(t)
	own := filepath.Join(root.Name(), "own", "x.html")
	if err := errors.Join(os.Mkdir(filepath.Dir(own), 0o755), os.WriteFile(own, nil, 0o644), os.Symlink("own", filepath.Join(root.Name(), jobsDir)),
		os.WriteFile(filepath.Join(root.Name(), siteFile), []byte(`{"files": ["jobs/x.html"]}`), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := catalogueOf().WriteSite(root, SiteOptions{}); err == nil {
		t.Error("a link in the place of the pages of jobs is not refused")
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}

	root = cacheDir(t)
	keep := filepath.Join(filepath.Dir(root.Name()), "keep.html")
	if err := errors.Join(os.WriteFile(keep, nil, 0o644), os.WriteFile(filepath.Join(root.Name(), siteFile),
		[]byte(`{"files": ["../keep.html", "jobs/../../keep.html", "/etc/passwd", "jobs/../own", ""]}`), 0o644),
		os.WriteFile(filepath.Join(root.Name(), "own"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteSite(root, SiteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{keep, filepath.Join(root.Name(), "own")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// Each job has a file of its own, whatever repositories and manifests are named.
func TestJobFiles(t *testing.T) {
	t.Parallel()
	c := catalogueOf(
		imageOf("a-1.0.0-seed", "1", manifestOf("a", "1.0.0", "1")),
		imageOf("a/a-1.0.0-seed", "1", manifestOf("a", "1.0.0", "1")),
		imageOf("a.html/a-1.0.0-seed", "1", manifestOf("a", "1.0.0", "1")),
		imageOf("a-seed", "1", manifestOf("../../../etc/passwd", "1.0.0", "1")),
		imageOf("a-seed-1-seed", "1", manifestOf("a-seed", "1", "1")),
		imageOf("x/y/index-1-seed", "1", manifestOf("index", "1", "1")),
	)
	c.Images = append(c.Images, Image{Reference: "localhost:5000/a-1.0.0-seed:1", Name: "a-1.0.0-seed:1", Manifest: manifestOf("a", "1.0.0", "1")},
		Image{Reference: "[::1]:5000/a-1.0.0-seed:1", Name: "a-1.0.0-seed:1", Manifest: manifestOf("a", "1.0.0", "1")})
	var got []string
	for _, j := range c.Jobs() {
		got = append(got, j.file(".html"))
	}
	slices.Sort(got)
	equal(t, "files", got, []string{"jobs/_5b__1_5d_5000/a.html", "jobs/localhost_5000/a.html", "jobs/registry.example.com/a-seed.html", "jobs/registry.example.com/a-seed~.html",
		"jobs/registry.example.com/a.html", "jobs/registry.example.com/a.html~/a.html", "jobs/registry.example.com/a/a.html", "jobs/registry.example.com/x/y/index.html"})
}

func fullManifest(command string, change func(job map[string]any)) []byte {
	job := map[string]any{"name": "tiler", "jobVersion": "1.0.0", "packageVersion": "1.0.0",
		"resources": map[string]any{"scalar": []any{map[string]any{"name": "cpus", "value": 2}, map[string]any{"name": "mem", "value": 512}, map[string]any{"name": "sharedMem", "value": 64}, map[string]any{"name": "gpus", "value": 1}}},
		"interface": map[string]any{"command": command,
			"inputs": map[string]any{"files": []any{map[string]any{"name": "IN_SCENE", "mediaTypes": []string{"image/tiff"}}, map[string]any{"name": "MANY", "multiple": true},
				map[string]any{"name": "EXTRA", "required": false}}, "json": []any{map[string]any{"name": "ZOOM", "type": "integer"}, map[string]any{"name": "AREA", "type": "object"}}},
			"mounts":   []any{map[string]any{"name": "MODELS", "path": "/opt/my models", "mode": "rw"}},
			"settings": []any{map[string]any{"name": "api-key", "secret": true}}}}
	change(job)
	text, err := json.Marshal(map[string]any{"seedVersion": "1.0.0", "job": job})
	if err != nil {
		panic(err)
	}
	return text
}

// shell runs the lines of a command with docker and seedpack replaced by functions that print their arguments.
func shell(t *testing.T, text string) []string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `docker() { printf '%s\n' docker "$@"; }; seedpack() { printf '%s\n' seedpack "$@"; }; mkdir() { :; }`+"\n"+text)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/nowhere", "PWD=" + dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("%s leaves %q", text, left)
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(out), dir, "PWD"), "\n"), "\n")
}

// The commands of a page give a job what an executor gives it.
func TestCommands(t *testing.T) {
	t.Parallel()
	i := imageOf("geo/tiler-1.0.0-seed", "1.0.0", fullManifest(`cut ${IN_SCENE} ${MANY} "${AREA}" ${EXTRA/#/-x } -z ${ZOOM} it\'s ${OUTPUT_DIR}`, func(map[string]any) {}))
	all := commands(&i, []string{"slurm", "cwl"})
	equal(t, "seedpack run", shell(t, all[0].Text), []string{"seedpack", "run", "registry.example.com/geo/tiler-1.0.0-seed:1.0.0", "-i", "IN_SCENE=in-scene.tif", "-i", "MANY=many/",
		"-j", "ZOOM=1", "-j", "AREA={}", "-e", "api-key", "-m", "MODELS=models/", "-o", "output"})
	equal(t, "docker run", shell(t, all[1].Text), []string{"docker", "run", "--rm", "-v", "PWD/in-scene.tif:/seed/in/IN_SCENE/in-scene.tif:ro", "-e", "IN_SCENE=/seed/in/IN_SCENE/in-scene.tif",
		"-v", "PWD/many:/seed/in/MANY:ro", "-e", "MANY=/seed/in/MANY", "-e", "ZOOM=1", "-e", "AREA={}", "-e", "API_KEY=value", "-v", "PWD/models:/opt/my models",
		"-e", "ALLOCATED_CPUS=2.0", "--cpus", "2", "-e", "ALLOCATED_MEM=512.0", "--memory", "512m", "-e", "ALLOCATED_SHAREDMEM=64.0", "--shm-size", "64m", "-e", "ALLOCATED_GPUS=1.0", "--gpus", "1",
		"-v", "PWD/output:/seed/out", "-e", "OUTPUT_DIR=/seed/out", "registry.example.com/geo/tiler-1.0.0-seed:1.0.0",
		"cut", "/seed/in/IN_SCENE/in-scene.tif", "/seed/in/MANY", "{}", "-z", "1", "it's", "/seed/out"})
	equal(t, "export", shell(t, all[2].Text), []string{"seedpack", "export", "--to", "slurm", "registry.example.com/geo/tiler-1.0.0-seed:1.0.0", "-o", "slurm",
		"seedpack", "export", "--to", "cwl", "registry.example.com/geo/tiler-1.0.0-seed:1.0.0", "-o", "cwl"})
}

// The command for Docker has no room for large inputs, and says so.
func TestGrowth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scalar []any
		want   string
	}{
		{[]any{map[string]any{"name": "mem", "value": 1}}, ""},
		{[]any{map[string]any{"name": "mem", "value": 1, "inputMultiplier": 1.5}, map[string]any{"name": "cpus", "value": 1}, map[string]any{"name": "disk", "value": 1, "inputMultiplier": 2}},
			"Amounts are shown without the inputs. An executor adds the size of the inputs in MiB: 1.5 times to ALLOCATED_MEM and --memory, 2 times to ALLOCATED_DISK."},
	} {
		i := imageOf("geo/tiler-1.0.0-seed", "1.0.0", fullManifest("x", func(job map[string]any) { job["resources"] = map[string]any{"scalar": c.scalar} }))
		if got := commands(&i, nil)[1]; got.Note != c.want || got.Text == "" {
			t.Errorf("%v: %q with the command %q", c.scalar, got.Note, got.Text)
		}
	}
}

// Whatever a manifest says, copying a command runs nothing but docker and seedpack.
func TestHostileCommands(t *testing.T) {
	t.Parallel()
	shown := 0
	for _, payload := range []string{"; touch x", "$(touch x)", "`touch x`", "'; touch x; '", "\"; touch x; \"", "\ntouch x\n", "\\", "'", "\"", "$HOME", "&& touch x", "| touch x", "> x", "--privileged", "-v /:/host",
		"\x1b[31m", "\u202etouch x", "a\x00b", "*", "~", "{a,b}", "#", "!x", "${IFS}"} {
		for name, change := range map[string]func(map[string]any){
			"command": func(job map[string]any) { job["interface"].(map[string]any)["command"] = payload },
			"quoted": func(job map[string]any) {
				job["interface"].(map[string]any)["command"] = "'" + strings.ReplaceAll(payload, "'", "") + "'"
			},
			"mount": func(job map[string]any) {
				job["interface"].(map[string]any)["mounts"] = []any{map[string]any{"name": "M", "path": "/" + payload}}
			},
			"mount name": func(job map[string]any) {
				job["interface"].(map[string]any)["mounts"] = []any{map[string]any{"name": payload, "path": "/x"}}
			},
			"input": func(job map[string]any) {
				job["interface"].(map[string]any)["inputs"] = map[string]any{"files": []any{map[string]any{"name": payload}}}
			},
			"type": func(job map[string]any) {
				job["interface"].(map[string]any)["inputs"] = map[string]any{"json": []any{map[string]any{"name": "A", "type": payload}}}
			},
			"setting": func(job map[string]any) {
				job["interface"].(map[string]any)["settings"] = []any{map[string]any{"name": payload}}
			},
			"resource": func(job map[string]any) {
				job["resources"] = map[string]any{"scalar": []any{map[string]any{"name": payload, "value": 1}}}
			},
		} {
			i := imageOf("geo/tiler-1.0.0-seed", "1.0.0", fullManifest("x", change))
			for _, c := range commands(&i, nil) {
				if c.Text == "" {
					continue
				}
				shown++
				if got := shell(t, c.Text); got[0] != "docker" && got[0] != "seedpack" {
					t.Errorf("%s with %q: %s", name, payload, c.Text)
				} else if at := slices.Index(got, i.Reference); got[0] == "docker" && slices.Contains(got[:at], "--privileged") {
					t.Errorf("%s with %q gives docker a flag: %s", name, payload, c.Text)
				}
			}
		}
	}
	if shown < 200 {
		t.Errorf("only %d commands were shown", shown)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{1: "1s", 60: "1m", 90: "1m30s", 3600: "1h", 3660: "1h1m", 3601: "1h0m1s", 36000: "10h", 600: "10m", 1 << 40: "1099511627776 s"} {
		if got := duration(seconds); got != want {
			t.Errorf("%d seconds are %q, not %q", seconds, got, want)
		}
	}
}

// What one page of a large catalogue takes, and its data for the list.
func BenchmarkSite(b *testing.B) {
	var images []Image
	for n := range 1000 {
		name := fmt.Sprintf("job-%04d", n)
		images = append(images, imageOf("geo/"+name+"-1.0.0-seed", "1.0.0", manifestOf(name, "1.0.0", "1.0.0", func(j *seed.Job) { j.Tags = []string{"a", "b"} })))
	}
	c := catalogueOf(images...)
	root, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	for b.Loop() {
		if err := c.WriteSite(root, SiteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
