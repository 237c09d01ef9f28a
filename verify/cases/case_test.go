package cases

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

const taking = `{"job": {"name": "t", "timeout": 10, "interface": {
"inputs": {"files": [{"name": "IN"}, {"name": "many", "multiple": true, "required": false, "mediaTypes": ["image/png"]}],
	"json": [{"name": "n", "type": "integer"}, {"name": "o", "type": "object", "required": false}]},
"mounts": [{"name": "REF", "path": "/ref"}],
"settings": [{"name": "HOST"}, {"name": "pass", "secret": true}]},
"errors": [{"code": 2, "name": "bad"}]}}`

// jobDir makes a directory with files, an empty directory and a link that leads out.
func jobDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"d", "empty dir"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"a.txt", "b b.txt", "d/a.txt"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, text string) ([]Case, string) {
	t.Helper()
	path := filepath.Join(jobDir(t), File)
	getenv := func(name string) string { return map[string]string{"PASS": "swordfish"}[name] }
	cases, r := Read(path, []byte(text), seed.Parse([]byte(taking)), getenv)
	var lines []string
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		at := r.Source.Position(d.Span.Start)
		lines = append(lines, fmt.Sprintf("%d:%d-%d %s [%s]", at.Line, at.Column, r.Source.Position(d.Span.End).Column, d.Message, d.Rule.ID))
		if d.Level() != diag.Error {
			t.Errorf("%s is no error", d.Rule.ID)
		}
	}
	return cases, strings.Join(lines, "\n")
}

func TestRead(t *testing.T) {
	t.Parallel()
	cases, problems := read(t, `
cases:
  - name: first
    inputs: {IN: a.txt, many: ["*.txt"]}
    json: &json {n: 10, o: {b: [1.50, 0x10, null, false, 2024-01-01], a: "<&>"}}
    settings: {HOST: 1.20, pass: {env: PASS}}
    mounts: {REF: d}
    run-as: nobody
    timeout: 90
    platforms: [linux/amd64]
    requires: gpus
    network: default
    expect: {error: bad, stderr: ^no}
  - inputs: {IN: d/a.txt, many: d}
    json: *json
    settings: {HOST: "", pass: {env: NONE}}
    mounts: {REF: {dir: nowhere, skip-if-missing: true}}
    expect: {exit: 3}
`)
	if problems != "" {
		t.Fatal(problems)
	}
	one, two := cases[0], cases[1]
	got := fmt.Sprintf("%s %v %s %q %v %s %v %v %+v %v", one.Name, inputNames(one), one.JSON["n"], one.Settings, filepath.Base(one.Mounts["REF"].Host), one.RunAs, one.Timeout, one.Platforms, one.Expect, one.MadeUp)
	if !slices.Equal(one.Requires, []string{"gpus"}) || !one.Network || two.Network {
		t.Errorf("%+v", one)
	}
	want := `first IN=a.txt many=a.txt,b_b.txt 10 map["HOST":"1.20" "pass":"swordfish"] d nobody 1m30s [linux/amd64] {Exit:0 Error:bad Stdout:[] Stderr:[^no] Outputs:map[] JSON:map[]} []`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := string(one.JSON["o"]), `{"a":"<&>","b":[1.50,16,null,false,"2024-01-01"]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if two.Name != "case 2" || two.Skip != `the directory "nowhere" is not there` || two.Expect.Exit != 3 || inputNames(two) != "IN=a.txt many=a.txt" {
		t.Errorf("%+v", two)
	}
}

func inputNames(c Case) string {
	var all []string
	for name, files := range c.Inputs {
		var names []string
		for _, f := range files {
			names = append(names, f.Name)
		}
		all = append(all, name+"="+strings.Join(names, ","))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestReadProblems(t *testing.T) {
	t.Parallel()
	given := func(member string) string {
		return "cases:\n- " + member + "\n"
	}
	tests := []struct{ text, want string }{
		{"", `1:1-1 file is empty, there should be a list of cases [smoke-file-syntax]`},
		{"cases: [", `1:9-9 not YAML: did not find expected node content [smoke-file-syntax]`},
		{"<<<<<<< a\ncases: 1\n=======\ncases: 2\n>>>>>>> b\n", "1:1-8 <<<<<<< is a marker of a merge conflict [smoke-file-syntax]\n3:1-8 ======= is a marker of a merge conflict [smoke-file-syntax]\n5:1-8 >>>>>>> is a marker of a merge conflict [smoke-file-syntax]"},
		{"cases: []\n======= b\n", "2:1-8 ======= is a marker of a merge conflict [smoke-file-syntax]"},
		{"cases: [{name: a}]\n---\ncases: [{name: b}]\n", "2:1-4 a second document begins here, but the file holds one [smoke-file-syntax]"},
		{"a: *b", `1:4-5 not YAML: unknown anchor 'b' referenced [smoke-file-syntax]`},
		{"cases: []", `1:1-2 there are no cases; without the file they are made from the manifest [smoke-file-syntax]`},
		{"- a", `1:1-2 the file is a list, it should be a mapping [smoke-file-type]`},
		{"cases: 5", `1:8-9 cases is a number, it should be a list [smoke-file-type]`},
		{"case: []", `1:1-5 the file has no key "case", there are cases [smoke-file-key]`},
		{given("{name: é, input: {}}"), `2:13-18 the case has no key "input", there are expect, inputs, json, mounts, name, network, platforms, requires, run-as, settings, timeout [smoke-file-key]`},
		{given("{name: a}\n- {name: a}"), `3:3-4 a case is called "a" already, on line 2 [smoke-file-key]`},
		{given("name: a\n  name: b"), `3:3-7 "name" is there already, on line 2 [smoke-file-key]`},
		{given("inputs: {in: a.txt}"), `2:12-14 the manifest has no input file "in", it has "IN", "many" [smoke-file-name]`},
		{given("inputs: {IN: none}"), `2:16-20 there is no file "none" [smoke-file-path]`},
		{given(`inputs: {IN: "../x"}`), `2:16-22 "../x" leaves the directory of the file, paths are relative to it and stay below [smoke-file-path]`},
		{given("inputs: {IN: /etc/passwd}"), `2:16-27 "/etc/passwd" leaves the directory of the file, paths are relative to it and stay below [smoke-file-path]`},
		{given("inputs: {IN: out}"), `2:16-19 "out" cannot be read: path escapes from parent [smoke-file-path]`},
		{given("inputs: {IN: d}"), `2:16-17 "d" is a directory, input "IN" takes one file [smoke-file-type]`},
		{given("inputs: {IN: [a.txt, b b.txt]}"), `2:16-17 input "IN" is given 2 files, it takes one: it is not multiple [smoke-file-type]`},
		{given("inputs: {many: [a.txt, d/a.txt]}"), `2:18-19 input "many" is given two files called "a.txt", they would lie in one directory [smoke-file-path]`},
		{given("inputs: {many: empty dir}"), `2:18-27 "empty dir" gives no files [smoke-file-path]`},
		{given("inputs: {many: x*}"), `2:18-20 "x*" gives no files [smoke-file-path]`},
		{given("json: {n: x}"), `2:13-14 JSON input "n" is "x", it should be of type integer [smoke-file-type]`},
		{given("json: {n: 1.5}"), `2:13-16 JSON input "n" is 1.5, it should be of type integer [smoke-file-type]`},
		{given("json: {n: .inf}"), `2:13-17 ".inf" is a number that JSON does not have [smoke-file-type]`},
		{given("json: {m: 1}"), `2:10-11 the manifest has no JSON input "m", it has "n", "o" [smoke-file-name]`},
		{given("settings: {HOST: [1]}"), `2:20-21 the setting is a list, it should be a mapping [smoke-file-type]`},
		{given("settings: {HOST: {var: X}}"), `2:21-24 the setting has no key "var", there are env [smoke-file-key]`},
		{given("mounts: {REF: a.txt}"), `2:17-22 "a.txt" is a file, it should be a directory or the word empty [smoke-file-path]`},
		{given("expect: {exit: 256}"), `2:18-21 exit "256" is no exit status, which is 0 to 255 [smoke-file-type]`},
		{given("expect: {error: worse}"), `2:19-24 the manifest has no error "worse", it has "bad" [smoke-file-name]`},
		{given("expect: {error: bad, exit: 2}"), `2:30-31 exit and error are both given, one of them says how the run ends [smoke-file-key]`},
		{given("expect: {stdout: '('}"), "2:20-23 \"(\" is no regular expression: error parsing regexp: missing closing ): `(` [smoke-file-type]"},
		{given("network: host"), `2:12-16 network "host" must be none or default [smoke-file-type]`},
		{given("mounts: {REF: {image: A}}"), `2:25-26 image "A" is no reference of an image: invalid reference format: repository name (library/A) must be lowercase [smoke-file-type]`},
		{given("mounts: {REF: {image: a, dir: d}}"), `2:25-26 dir and image are both given, one of them is what is mounted [smoke-file-key]`},
		{given("mounts: {REF: {skip-if-missing: true}}"), `2:17-18 the mount has neither dir nor image [smoke-file-type]`},
		{given("timeout: soon"), `2:12-16 timeout "soon" is no duration, write seconds or 90s or 5m [smoke-file-type]`},
	}
	for _, tt := range tests {
		if _, got := read(t, tt.text); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

const giving = `{"job": {"name": "g", "interface": {"outputs": {
"files": [{"name": "table"}, {"name": "plots"}, {"name": "first"}], "json": [{"name": "count"}, {"name": "note"}]}}}}`

func TestReadExpectedOutputs(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(giving))
	path := filepath.Join(jobDir(t), File)
	read := func(text string) (Expectation, string) {
		cases, r := Read(path, []byte("cases:\n- expect:\n    "+text), m, func(string) string { return "" })
		var found []string
		for _, d := range r.Diagnostics {
			found = append(found, d.Message+" ["+d.Rule.ID+"]")
		}
		return cases[0].Expect, strings.Join(found, "\n")
	}
	sum := strings.Repeat("ab", 32)
	e, problems := read("outputs: {table: {count: 1, file: a.txt, sha256: " + sum + ", min-size: 1, max-size: 9, media-type: text/csv, json: [1]}}\n    json: {count: 4}")
	table := e.Outputs["table"]
	if problems != "" || *table.Count != 1 || string(table.Content) != "a.txt" || table.SHA256 != sum || table.MinSize != 1 || table.MaxSize != 9 ||
		table.MediaType != "text/csv" || string(table.JSON) != "[1]" || string(e.JSON["count"]) != "4" {
		t.Errorf("%s %+v", problems, e)
	}
	for text, want := range map[string]string{
		"outputs: {tables: {}}":               `the manifest has no output file "tables", it has "table", "plots", "first" [smoke-file-name]`,
		"outputs: {table: {count: -1}}":       `count is "-1", it should be a whole number from 0 [smoke-file-type]`,
		"outputs: {table: {file: none}}":      `there is no file "none" [smoke-file-path]`,
		"outputs: {table: {sha256: abc}}":     `sha256 is "abc", it should be 64 hexadecimal digits [smoke-file-type]`,
		"outputs: {table: {size: 1}}":         `the output has no key "size", there are count, file, json, max-size, media-type, min-size, sha256 [smoke-file-key]`,
		"json: {counts: 1}":                   `the manifest has no JSON output "counts", it has "count", "note" [smoke-file-name]`,
		"outputs: {table: {file: ../a.txt}}":  `"../a.txt" leaves the directory of the file, paths are relative to it and stay below [smoke-file-path]`,
		"outputs: {table: {max-size: large}}": `max-size is "large", it should be a whole number from 0 [smoke-file-type]`,
	} {
		if _, got := read(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// The schema accepts what Read accepts. An independent engine validates.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("cases.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("cases.json")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{
		"cases: [{}]": true, "cases: []": false, "case: []": false, "cases: [{nam: x}]": false, "cases: [{timeout: 90s, run-as: 1000}]": true,
		"cases: [{name: a, inputs: {a: b, c: [d, e]}, json: {x: [1]}, settings: {a: 1, b: {env: C}}, mounts: {m: {dir: d, skip-if-missing: true}}, platforms: [linux/arm64]}]": true,
		"cases: [{expect: {exit: 1, stdout: a, stderr: [b, c], json: {a: 1}, outputs: {o: {count: 1, file: f, min-size: 1, max-size: 2, media-type: a/b, json: {}}}}}]":        true,
		"cases: [{network: default, requires: [gpus], mounts: {m: {image: busybox}}}]":                                                                                         true,
		"cases: [{network: host}]": false, "cases: [{mounts: {m: {image: busybox, dir: x}}}]": false,
		"cases: [{expect: {exit: 1, error: a}}]": false, "cases: [{expect: {exit: 256}}]": false, "cases: [{settings: {a: {var: x}}}]": false,
	}
	for _, job := range []string{"complete", "image-watermark", "random-number"} {
		text, err := os.ReadFile(filepath.Join("../../testdata/jobs", job, File))
		if err != nil {
			t.Fatal(err)
		}
		tests[string(text)] = true
	}
	doc, err := os.ReadFile("../../docs/smoke.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(doc), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	tests[example] = found
	for text, want := range tests {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(v); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Missing values are made up, and MadeUp lists them.
func TestMissingValuesAreMadeUp(t *testing.T) {
	t.Parallel()
	cases, problems := read(t, "cases: [{inputs: {IN: a.txt}}]")
	if want := []seed.Pointer{seed.AtInputJSON.Index(0), seed.AtSettings.Index(0), seed.AtSettings.Index(1), seed.AtMounts.Index(0)}; problems != "" || !slices.Equal(cases[0].MadeUp, want) {
		t.Errorf("%s, made up: %q", problems, cases[0].MadeUp)
	}
}

func TestAliasesEnd(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("cases:\n- json:\n    o:\n      a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n")
	for i := range 30 {
		fmt.Fprintf(&b, "      a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	if _, got := read(t, b.String()); !strings.Contains(got, "the values of the file are too large or too deep") {
		t.Errorf("got %s", got)
	}
	if _, got := read(t, "cases:\n- json: {o: &a {b: *a}}\n"); !strings.Contains(got, "too large or too deep") {
		t.Errorf("got %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("cases: [{name: a, inputs: {IN: a.txt}, json: {o: {a: [1]}}, expect: {exit: 1}}]")
	f.Add("cases: &a [*a]")
	f.Add("cases:\n- json: {o: &a {b: *a}}\n")
	m := seed.Parse([]byte(taking))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		_, r := Read(filepath.Join(dir, File), []byte(text), m, func(string) string { return "" })
		for _, d := range r.Diagnostics {
			if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) {
				t.Fatalf("%+v in %d bytes", d.Span, len(text))
			}
		}
	})
}

func TestInputs(t *testing.T) {
	t.Parallel()
	cases, problems := read(t, "cases: [{name: a, inputs: {IN: a.txt}, mounts: {REF: d}}, {name: b, inputs: {IN: a.txt}, mounts: {REF: empty}}]")
	if problems != "" {
		t.Fatal(problems)
	}
	tree := Inputs(cases)
	if len(tree) != 3 {
		t.Errorf("two cases with one file and one mount need %d entries: %+v", len(tree), tree)
	}
	for name, e := range tree {
		if e.Dir && strings.HasPrefix(name, "input-") {
			if f := tree[name+"/a.txt"]; filepath.Base(f.Host) != "a.txt" {
				t.Errorf("%+v", tree)
			}
		}
	}
}

// An expectation knows its place in the smoke file, so that findings are shown there.
func TestExpectedAt(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"job": {"name": "t", "timeout": 10, "errors": [{"code": 2, "name": "bad"}],
"interface": {"outputs": {"files": [{"name": "F", "pattern": "*"}], "json": [{"name": "J", "type": "integer"}]}}}}`))
	path := filepath.Join(t.TempDir(), "my.yaml")
	all, r := Read(path, []byte(`cases:
  - name: one
    expect:
      exit: 7
      stdout: ^done
      stderr:
        - first
        - second
      outputs:
        F:
          count: 1
      json:
        J: 3
  - expect: { error: bad }
  - name: none
`), m, os.Getenv)
	if len(r.Diagnostics) > 0 {
		t.Fatalf("%+v", r.Diagnostics)
	}
	for _, tt := range []struct {
		in    int
		names []string
		want  string
	}{
		{0, []string{"exit"}, "4:13"}, {0, []string{"stdout", "^done"}, "5:15"}, {0, []string{"stderr", "first"}, "7:11"}, {0, []string{"stderr", "second"}, "8:11"},
		{0, []string{"outputs", "F", "count"}, "11:18"}, {0, []string{"outputs", "F", "json"}, ""}, {0, []string{"json", "J"}, "13:9"}, {0, []string{"json", "K"}, ""},
		{1, []string{"exit"}, "14:22"}, {2, []string{"exit"}, ""},
	} {
		got := ""
		if at := all[tt.in].ExpectedAt(tt.names[0], tt.names[1:]...); at != nil {
			start := at.Source.Position(at.Span.Start)
			if got = fmt.Sprintf("%d:%d", start.Line, start.Column); at.Path != path {
				t.Errorf("%q is in %s", tt.names, at.Path)
			}
		}
		if got != tt.want {
			t.Errorf("%q of case %d: %q, want %q", tt.names, tt.in+1, got, tt.want)
		}
	}
}
