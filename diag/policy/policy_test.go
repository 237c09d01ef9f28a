package policy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
)

var rules = []string{"output-name-unique", "timeout-long", "tags-form"}

// problems are files with a mistake.
var problems = []struct{ name, text, want string }{
	{"a misspelt key", "fail_on: error", `p:1:1: the file has no key "fail_on": did you mean "fail-on"?`},
	{"another key", "extends: base\n", `p:1:1: the file has no key "extends": there are build, fail-on, ignore, rules`},
	{"a key twice", "fail-on: error\nfail-on: error\n", `p:2:1: "fail-on" is there already, on line 1`},
	{"no mapping", "- a\n", `p:1:1: the file is a list, it should be a mapping`},
	{"no YAML", "rules:\n  a: [\n", `p:3:1: not YAML: `},
	{"a misspelt severity", "fail-on: eror", `p:1:10: fail-on "eror" is no severity that can fail: did you mean "error"?`},
	{"off cannot fail", "fail-on: off", `p:1:10: fail-on "off" is no severity that can fail: write error, warning or notice`},
	{"no severity", "rules:\n  tags-form: yes\n", `p:2:14: "yes" is no severity: write off, notice, warning or error`},
	{"an empty severity", "rules:\n  tags-form:\n", `p:2:13: a severity is empty, it should be text`},
	{"a misspelt rule", "rules:\n  output-name-uniqe: off\n", `p:2:3: there is no rule "output-name-uniqe": did you mean "output-name-unique"?`},
	{"no such rule", "# é\nrules: {x: off, 'tags-fromm': off}\n", `p:2:9: there is no rule "x": seedpack rules lists them
p:2:17: there is no rule "tags-fromm": did you mean "tags-form"?`},
	{"ignore without anything", "ignore:\n- {}\n", `p:2:3: the entry has no path: say which manifests it is for, as with path: jobs/old
p:2:3: the entry has no rules: say which are ignored, as with rules: [timeout-long]`},
	{"ignore is no list", "ignore: a\n", `p:1:9: ignore is text, it should be a list`},
	{"an entry is no mapping", "ignore: [a]\n", `p:1:10: an entry of ignore is text, it should be a mapping`},
	{"ignore of no rule", "ignore: [{path: a, rules: [tags]}]\n", `p:1:28: there is no rule "tags": seedpack rules lists them`},
	{"a bad pattern", "ignore: [{path: '[', rules: [tags-form]}]\n", `p:1:10: path ["["]: syntax error in pattern`},
	{"a registry", "build:\n  registry: example.com\n", `p:2:3: build cannot have "registry": only the command line may say where an image is published, with --registry`},
	{"a builder", "builder: tcp://example.com\n", `p:1:1: the file cannot have "builder": only the command line may choose the builder, with --builder`},
	{"secrets", "build: {secrets: [id=a]}\n", `p:1:9: build cannot have "secrets": only the command line may give a build secrets, with --secret or --ssh`},
	{"entitlements", "build: {Allow: [network.host]}\n", `p:1:9: build cannot have "Allow": only the command line may give steps more rights, with --allow, --ulimit or --shm-size`},
	{"a network", "build:\n  target: a\n  network: host\n", `p:3:3: build cannot have "network": only the command line may change the network, with --network, --add-host and others`},
	{"a cache", "build: {cache_to: type=local}\n", `p:1:9: build cannot have "cache_to": only the command line may read and write elsewhere, with --cache-from, --cache-to and --output`},
	{"the word of another tool", "build: {dockerfile: x, args: {A: b}}\n", `p:1:9: build has no key "dockerfile": did you mean "file"?
p:1:24: build has no key "args": did you mean "build-args"?`},
	{"a misspelt key of build", "build: {taget: x}\n", `p:1:9: build has no key "taget": did you mean "target"?`},
	{"another key of build", "build: {x: y}\n", `p:1:9: build has no key "x": there are build-args, build-contexts, context, file, paths, platforms, target`},
	{"a context elsewhere", "build: {context: https://example.com/x.git}\n", `p:1:18: context "https://example.com/x.git" is not a path: only the command line may name a place outside of the repository, with --context`},
	{"a build context elsewhere", "build:\n  build-contexts:\n    base: docker-image://busybox\n", `p:3:11: build context base "docker-image://busybox" is not a path: only the command line may name a place outside of the repository, with --build-context`},
	{"git by ssh", "build: {context: 'git@example.com:x'}\n", `p:1:18: context "git@example.com:x" is not a path: only the command line may name a place outside of the repository, with --context`},
	{"an absolute path", "build: {file: /etc/passwd}\n", `p:1:15: file "/etc/passwd" should be relative to the directory of this file`},
	{"standard input", "build: {file: '-'}\n", `p:1:15: file "-" is not a path: only the command line may name a place outside of the repository, with --file`},
	{"an argument of the environment", "build: {build-args: {TOKEN: }}\n", `p:1:29: build argument TOKEN has no value: write one, or "" for none; only the command line takes it from the environment, with --build-arg TOKEN`},
	{"arguments as a list", "build: {build-args: [A=b]}\n", `p:1:21: build-args is a list, it should be a mapping: write NAME: VALUE`},
	{"no name", "build: {build-args: {'a=b': c}}\n", `p:1:22: "a=b" is no name for build-args`},
	{"an argument that is a list", "build: {build-args: {A: [b]}}\n", `p:1:25: build argument A is a list, it should be text`},
	{"no target", "build:\n  target:\n", `p:2:10: target is empty, it should be text`},
	{"shared paths above", "build: {paths: [lib, ../common, '!lib/../../x']}\n", `p:1:22: paths "../common" leads out of the directory of this file, and so matches nothing: write it in a .seedpack.yaml above
p:1:33: paths "lib/../../x" leads out of the directory of this file, and so matches nothing: write it in a .seedpack.yaml above`},
	{"build is text", "build: x\n", `p:1:8: build is text, it should be a mapping`},
	{"a key that is a list", "rules: {[a]: off}\n", `p:1:9: a key is a list, it should be text`},
}

func TestReadProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range problems {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read("p", []byte(tt.text), rules)
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), tt.want) || tt.name != "no YAML" && err.Error() != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	text := `
fail-on: warning
rules: {tags-form: error}
ignore:
  - {path: jobs/old, rules: [timeout-long, tags-form], reason: nobody runs them}
  - {path: ["**/x?.json", "!jobs/x1.json"], rules: output-name-unique}
`
	f, err := Read("p", []byte(text), rules)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"seed.manifest.json":              "",
		"jobs/older/seed.manifest.json":   "",
		"jobs/old/seed.manifest.json":     "timeout-long tags-form",
		"jobs/old/a/b/seed.manifest.json": "timeout-long tags-form",
		"jobs/x1.json":                    "",
		"jobs/x2.json":                    "output-name-unique",
		"x3.json":                         "output-name-unique",
	} {
		p, err := Of([]Layer{{f, path}})
		if err != nil {
			t.Fatal(err)
		}
		var off []string
		for _, id := range []string{"timeout-long", "tags-form", "output-name-unique"} {
			if s, ok := p.Rules[id]; ok && s == diag.Off {
				off = append(off, id)
			}
		}
		if got := strings.Join(off, " "); got != want {
			t.Errorf("%s: %q is off, want %q", path, got, want)
		}
		if p.FailOn != diag.Warning || want == "" && p.Rules["tags-form"] != diag.Error {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "rules: {}\nignore: []\n"} {
		if f, err := Read("p", []byte(text), rules); err != nil || f.FailOn != diag.Unset || len(f.Rules) > 0 {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
	}
}

// write writes policy files below a directory. Each ignores something, with its own name as the reason.
func write(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("fail-on: notice\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, FileName, "repo/.git/x", "repo/a/b/c/x", "repo/near/"+FileName, "repo/near/d/x", "repo/sub/.git", "repo/yml/"+misspelledName, "repo/dir/"+FileName+"/x")
	f := &Finder{Rules: rules}
	for from, want := range map[string]string{
		"":              FileName,
		"repo":          "",
		"repo/a/b/c":    "",
		"repo/near":     "repo/near/" + FileName,
		"repo/near/d":   "repo/near/" + FileName,
		"repo/sub":      "",
		"repo/nowhere":  "",
		"repo/near/no/": "repo/near/" + FileName,
	} {
		files, err := f.Find(filepath.Join(dir, from))
		var all []string
		for _, file := range files {
			name, _ := filepath.Rel(dir, file.Path)
			all = append(all, name)
		}
		got := strings.Join(all, " ")
		if err != nil || got != want {
			t.Errorf("from %q: %q, want %q (%v)", from, got, want, err)
		}
	}
	for from, want := range map[string]string{"repo/yml": "call it .seedpack.yaml", "repo/dir": "is a directory"} {
		if _, err := f.Find(filepath.Join(dir, from)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("from %q: %v, want %s", from, err, want)
		}
	}
	f = &Finder{May: func(string) error { return os.ErrPermission }}
	if _, err := f.Find(dir); !errors.Is(err, os.ErrPermission) {
		t.Errorf("what may not be read was: %v", err)
	}
}

// Each section comes from the nearest file that has it.
func TestOfSections(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"top":    "fail-on: warning\nrules: {tags-form: error}\nignore: [{path: jobs, rules: timeout-long}]\nbuild: {target: top, paths: shared}\n",
		"middle": "rules: {timeout-long: notice}\nignore: []\n",
		"build":  "build: {file: Dockerfile.x}\n",
		"paths":  "build: {paths: x}\n",
		"empty":  "build: {}\n",
		"none":   "# nothing\n",
	}
	for stack, want := range map[string]string{
		"top":              "warning map[tags-form:error timeout-long:off] top top",
		"build top":        "warning map[tags-form:error timeout-long:off] build top",
		"middle top":       "warning map[timeout-long:notice] top top",
		"build middle top": "warning map[timeout-long:notice] build top",
		"paths top":        "warning map[tags-form:error timeout-long:off] top paths",
		"none top":         "warning map[tags-form:error timeout-long:off] top top",
		"empty top":        "warning map[tags-form:error timeout-long:off] top top",
		"none":             "unset map[] - -",
	} {
		var layers []Layer
		for _, name := range strings.Fields(stack) {
			f, err := Read(name, []byte(files[name]), rules)
			if err != nil {
				t.Fatal(err)
			}
			layers = append(layers, Layer{f, "jobs/a/seed.manifest.json"})
		}
		p, err := Of(layers)
		if err != nil {
			t.Fatal(err)
		}
		failOn := "unset"
		if p.FailOn != diag.Unset {
			failOn = p.FailOn.String()
		}
		of := func(section string) string {
			if l := nearest(layers, section); l != nil {
				return l.File.Path
			}
			return "-"
		}
		if got := fmt.Sprint(failOn, " ", p.Rules, " ", of(buildSection), " ", of(pathsSection)); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", stack, got, want)
		}
	}
}

// Paths stay in the repository, also through links. Without a repository, the directory of the file is the end.
func TestSettingsStayInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "repo/.git/x", "repo/jobs/a/x", "repo/shared/x", "bare/jobs/a/x", "outside/x")
	for _, link := range []string{"repo/jobs/a/link", "bare/jobs/a/link"} {
		if err := os.Symlink("../../../outside", filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		in, root, path string
		ok             bool
	}{
		{"repo", "", ".", true}, {"repo", "", "../../shared", true}, {"repo", "", "../..", true}, {"repo", "", "../../..", false},
		{"repo", "", "../../../outside", false}, {"repo", "", "link", false}, {"repo", "", "link/../x", true}, {"repo", "", "nowhere", true},
		{"repo", "", "../../.git", false}, {"repo", "", "../../.git/x", false}, {"bare", "", ".", true}, {"bare", "", "..", false}, {"bare", "", "link", false}, {"bare", "bare", "../..", true}, {"bare", "bare", "../../..", false},
		{"bare", "outside", "..", false},
	} {
		file := filepath.Join(dir, tt.in, "jobs", "a", FileName)
		if err := os.WriteFile(file, []byte("build: {context: "+tt.path+"}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		c := &Chooser{Finder: Finder{Rules: rules}}
		if tt.root != "" {
			c.Roots = []string{filepath.Join(dir, tt.root)}
		}
		s, err := c.Build(filepath.Join(filepath.Dir(file), "x"))
		if err != nil {
			t.Fatal(err)
		}
		path, err := s.Path(s.Context, "context", "--context")
		if (err == nil) != tt.ok || err == nil && path != filepath.Join(filepath.Dir(file), tt.path) {
			t.Errorf("%+v: %q, %v", tt, path, err)
		}
		if want := file + ":1:18: context "; err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v does not begin with %s", tt, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("fail-on: error\nrules: {tags-form: off}\nignore: [{path: 'a/**', rules: tags-form, reason: x}]\n")
	f.Add("build: {file: a, platforms: [a/b, c], build-args: {A: 1}, build-contexts: {b: ..}, paths: x}\n")
	f.Add("ignore: &a [*a]\nrules: &b {? *b : off}\n")
	f.Add("ignore: [{path: ['!', '\\', '[a-'], rules: [tags-form]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read("p", []byte(text), rules)
		if err != nil {
			for _, line := range err.(*Error).Problems {
				if !strings.HasPrefix(line, "p:") {
					t.Fatalf("%q has no place", line)
				}
			}
			return
		}
		if _, err := Of([]Layer{{file, "jobs/a/seed.manifest.json"}}); err != nil {
			t.Fatal(err)
		}
	})
}

// The markers of a merge conflict and a second document are named, and nothing else in the file.
func TestWholeFiles(t *testing.T) {
	t.Parallel()
	const first = "<<<<<<< is a marker of a merge conflict: decide for one of the sides and remove the markers; git diff shows them\n"
	for text, want := range map[string]string{
		"rules:\n<<<<<<< a\n  x: off\n=======\n  x: error\n>>>>>>> b\n": "p:2:1: " + first + "p:4:1: ======= is a marker of a merge conflict\np:6:1: >>>>>>> is a marker of a merge conflict",
		"fail-on: error\n---\nfail-on: notice\n":                        "p:2:1: a second document begins here, but the file holds one",
		"<<<<<<< a\n=======\n>>>>>>> b\n":                               "p:1:1: " + first + "p:2:1: ======= is a marker of a merge conflict\np:3:1: >>>>>>> is a marker of a merge conflict",
	} {
		if _, err := Read("p", []byte(text), rules); err == nil || err.Error() != want {
			t.Errorf("%q: got\n%v\nwant\n%s", text, err, want)
		}
	}
}
