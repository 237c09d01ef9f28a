package policy

import (
	"errors"
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
		p, err := f.For(path)
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
		file, err := f.Find(filepath.Join(dir, from))
		got := ""
		if file != nil {
			got, _ = filepath.Rel(dir, file.Path)
		}
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

func FuzzRead(f *testing.F) {
	f.Add("fail-on: error\nrules: {tags-form: off}\nignore: [{path: 'a/**', rules: tags-form, reason: x}]\n")
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
		if _, err := file.For("jobs/a/seed.manifest.json"); err != nil {
			t.Fatal(err)
		}
	})
}
