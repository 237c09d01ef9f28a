package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/cli"
)

// This file has the jobs that are exported, and what each must do in every system that runs them.

// A trial is one run of an exported job.
type trial struct {
	name    string
	job     string            // its directory's or archive's name
	files   map[string]string // made in the trial's own directory; a name that ends with / is a directory
	values  map[string]string // by parameter; @NAME is a file of the trial, +NAME one of the job
	secrets map[string]string // by variable
	status  int
	says    string            // a regular expression that the log must match
	want    map[string]string // regular expressions for the files in OUTPUT_DIR; all of them are listed
	after   map[string]string // the same for files of the trial, after the run
	unlike  string            // a system that does it in another way, which its own test tries
}

// completeValues are the least that the complete job needs.
var completeValues = map[string]string{"SURVEY": "+inputs/survey.csv", "REGION": "alps", "MIN_POINTS": "1", "VERSION": "1.2.0", "DB_HOST": "db.example.com",
	"Mount_REFERENCE": "+reference", "Mount_LEDGER": "@ledger/", "Mount_LICENSES": "@licenses/"}

var completeFiles = map[string]string{"ledger/": "", "licenses/": ""}

func with(values map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for k, v := range values {
		all[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

var trials = []trial{
	{name: "random", job: "random-number", says: `(?m)^\D*[0-9]+$`},
	{name: "watermark", job: "image-watermark", values: map[string]string{"INPUT_IMAGE": "+inputs/icon.png"}, says: "marked 24x24 pixels of icon.png",
		want: map[string]string{"icon_watermark.png": "PNG"}},
	{name: "watermark of no PNG", job: "image-watermark", values: map[string]string{"INPUT_IMAGE": "+inputs/mislabelled.png"}, status: 1,
		says: "image-Corrupt-1: Corrupt image - Image input is not recognized as a valid PNG."},
	{name: "complete, least", job: "complete", files: completeFiles, values: completeValues, secrets: map[string]string{"DB_PASS": "x y"},
		says: "counted [0-9]+ cells in alps", want: map[string]string{"summary.csv": "", "summary.csv.metadata.json": "", "seed.outputs.json": "cellCount", "cells/*.csv": ""},
		after: map[string]string{"ledger/runs.txt": "alps .* db.example.com"}, unlike: "cwl"},
	{name: "complete, all", job: "complete", files: completeFiles, secrets: map[string]string{"DB_PASS": "it's \"$x\""},
		values: with(completeValues, "MASK", "+inputs/mask.csv", "TILES", "+inputs/tiles", "MIN_VALUE", "7.75", "DRY_RUN", "false", "BOUNDS", "[6,45,11,48]", "OPTIONS", `{"method":"mean"}`),
		want:   map[string]string{"summary.csv": "", "summary.csv.metadata.json": "", "seed.outputs.json": "", "cells/*.csv": "", "masked_0.csv": ""}},
	{name: "complete, no region", job: "complete", files: completeFiles, values: with(completeValues, "REGION", "nowhere"), secrets: map[string]string{"DB_PASS": "x"},
		status: 2, says: "region-unknown: Region unknown - The reference data do not have the region that was asked for.", unlike: "cwl"},
	{name: "optional, none", job: "optional-only", want: map[string]string{"words.txt": `^1   \S+\n$`}, unlike: "cwl"},
	{name: "optional, all", job: "optional-only", files: map[string]string{"a b.txt": "x"}, values: map[string]string{"IN": "@a b.txt", "N": "-7"},
		want: map[string]string{"words.txt": `^6 set set -i \S+/a b\.txt -n -7 \S+\n$`}},
	{name: "several files", job: "several-files", files: map[string]string{"parts/one": "1\n", "parts/two,3:4": "2\n"}, values: map[string]string{"PARTS": "@parts/"},
		want: map[string]string{"copy_one.txt": "^1\n$", "copy_two,3:4.txt": "^2\n$"}},
	{name: "path with odd characters", job: "digits-first", files: map[string]string{"a,b:c \"d\" 'e' $(f)/x y.txt": "content\n"}, values: map[string]string{"_2D_IMAGE": "@a,b:c \"d\" 'e' $(f)/x y.txt", "_3_D": "1.50"},
		want: map[string]string{"copy.txt": "^content\n1\n$"}, unlike: "cwl"},
	{name: "digits first", job: "digits-first", files: map[string]string{"x.txt": "content\n"}, values: map[string]string{"_2D_IMAGE": "@x.txt", "_3_D": "1.5"},
		want: map[string]string{"copy.txt": "^content\n1\n$"}},
	{name: "JSON types", job: "json-types", values: map[string]string{"TEXT": "it's $HOME", "WHOLE": "-12", "REAL": "0.5", "FLAG": "true", "LIST": `[1, "b"]`, "MAP": `{"a": {"b": null}}`},
		want: map[string]string{"values.txt": "^it's \\$HOME\n-12\n0.5\ntrue\n\\[1, \"b\"\\]\n\\{\"a\": \\{\"b\": null\\}\\}\n$", "seed.outputs.json": ""}},
	{name: "mounts", job: "two-mounts", files: map[string]string{"tables/rows.txt": "1\n2\n", "scratch/": ""}, values: map[string]string{"Mount_TABLES": "@tables/", "Mount_SCRATCH": "@scratch/"},
		want: map[string]string{"rows.txt": "^1\n2\n$"}, after: map[string]string{"scratch/kept.txt": "^kept\n$"}, unlike: "cwl"},
	{name: "secrets", job: "two-secrets", values: map[string]string{"HOST": "h"}, secrets: map[string]string{"API_KEY": "12345", "PASS_WORD": "swordfish\"'$x"},
		want: map[string]string{"lengths.txt": "^5 13 h\n$"}},
	{name: "error 3", job: "error-codes", values: map[string]string{"CODE": "3"}, status: 3, says: "no-data: No \"data\" {{here}} - It's \\$\\(empty\\) `today`"},
	{name: "error 127 of the job", job: "error-codes", values: map[string]string{"CODE": "127"}, status: 127, says: "not-found: Not found"},
	{name: "undeclared status", job: "error-codes", values: map[string]string{"CODE": "7"}, status: 7, says: "exit status 7, which the manifest does not declare"},
	{name: "required output missing", job: "error-codes", values: map[string]string{"CODE": "200"}, status: 1, says: `output DONE: no file matches done\.txt`},
	{name: "no ENTRYPOINT", job: "no-entrypoint", want: map[string]string{"args.txt": `^two words\|\S+\|$`}},
	{name: "CMD", job: "cmd-only", want: map[string]string{"done.txt": "^2\n$"}},
	{name: "USER", job: "other-user", want: map[string]string{"who.txt": "^1234\n$"}, unlike: "cwl"},
	{name: "quotes and braces", job: "quotes-and-braces", values: map[string]string{"TEXT": "a {{Param.X}} {% endraw %} $(id) '\""},
		want: map[string]string{"args.txt": regexp.QuoteMeta("{{x}}|a b|{{y}}|a|{{Param.X}}|{%|endraw|%}|$(id)|'\"|a {{Param.X}} {% endraw %} $(id) '\"|{{z}}|it's|{%q%}|{#r#}|$(touch /tmp/x)|`id`|{{|")}},
	{name: "directives", job: "directives", says: "openjd_env", want: map[string]string{"done.txt": ""}},
	{name: "timeout", job: "ends-on-term", status: 124, says: "told to end"},
	{name: "timeout without an end", job: "ignores-term", status: 124, says: "timeout after 3 s", unlike: "cwl"},
}

// export runs seedpack export in this process, for an image localhost/JOB:1, and returns the directory of the result.
func export(t *testing.T, to, dir, job string, more ...string) string {
	t.Helper()
	result := filepath.Join(t.TempDir(), "export")
	var out, said bytes.Buffer
	args := append([]string{"export", "--to", to, dir, "--image", "localhost/" + job + ":1", "-o", result}, more...)
	if status := cli.Run(context.Background(), args, cli.Process{Stdin: &out, Stdout: &out, Stderr: &said, Getenv: os.Getenv}); status != 0 {
		t.Fatalf("export of %s to %s: status %d\n%s%s", job, to, status, &out, &said)
	}
	return result
}

// A prepared is a trial with its files and values.
type prepared struct {
	trial
	dir    string // the trial's own
	out    string // OUTPUT_DIR, which does not exist
	values map[string]string
}

// prepare makes the files of a trial. Its values are absolute paths then.
func prepare(t *testing.T, tr trial, jobDir string) *prepared {
	t.Helper()
	dir := t.TempDir()
	jobDir, err := filepath.Abs(jobDir)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range tr.files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o777)
			_ = os.Chmod(path, 0o777) // the container may run as any user
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755)
	}
	p := &prepared{trial: tr, dir: dir, out: filepath.Join(dir, "out"), values: map[string]string{}}
	for name, value := range tr.values {
		switch {
		case strings.HasPrefix(value, "@"):
			value = filepath.Join(dir, value[1:])
		case strings.HasPrefix(value, "+"):
			value = filepath.Join(jobDir, value[1:])
		}
		p.values[name] = value
	}
	return p
}

// arguments are NAME=VALUE for all values and OUTPUT_DIR.
func (p *prepared) arguments() []string {
	args := []string{"OUTPUT_DIR=" + p.out}
	for name, value := range p.values {
		args = append(args, name+"="+value)
	}
	slices.Sort(args)
	return args
}

// environment has the secrets.
func (p *prepared) environment() (env []string) {
	for name, value := range p.secrets {
		env = append(env, name+"="+value)
	}
	return env
}

// check compares what came out.
func (p *prepared) check(t *testing.T, status int, log string) {
	t.Helper()
	if status != p.status {
		t.Errorf("exit status %d, want %d; it says\n%s", status, p.status, log)
	}
	if p.says != "" && !regexp.MustCompile(p.says).MatchString(log) {
		t.Errorf("the log does not match %q:\n%s", p.says, log)
	}
	for _, value := range p.secrets {
		if len(value) > 3 && strings.Contains(log, value) {
			t.Errorf("the log has the secret %q:\n%s", value, log)
		}
	}
	checkFiles(t, p.dir, p.after)
	if p.status != 0 {
		return
	}
	checkFiles(t, p.out, p.want)
	for _, f := range filesBelow(t, p.out) {
		known := func(pattern string) bool { ok, _ := filepath.Match(pattern, f); return ok }
		found := false
		for pattern := range p.want {
			found = found || known(pattern)
		}
		if !found {
			t.Errorf("%s is in OUTPUT_DIR", f)
		}
	}
}

// checkFiles compares the first file of each pattern with a regular expression.
func checkFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for pattern, content := range want {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			t.Errorf("there is no %s in %q (%v)", pattern, filesBelow(t, dir), err)
			continue
		}
		text, err := os.ReadFile(found[0])
		if err != nil || !regexp.MustCompile(content).Match(text) {
			t.Errorf("%s: %v, it is %q, want %q", pattern, err, text, content)
		}
	}
}

func filesBelow(t *testing.T, dir string) (all []string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return nil
	})
	return all
}
