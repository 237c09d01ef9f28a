package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// A tellingRunner runs a job that tells its secret in everything that it writes.
type tellingRunner struct{ secret string }

func (t tellingRunner) Run(context.Context, pack.Process) (*pack.Outcome, error) {
	name := strings.NewReplacer("/", "", "\x00", "").Replace(t.secret)
	value, _ := json.Marshal(t.secret)
	o := &pack.Outcome{Started: true, LeftoverNames: []string{t.secret}, Leftover: 1,
		Stdout: pack.Excerpt{Head: []byte("said " + t.secret)}, Stderr: pack.Excerpt{Head: []byte("it is\n" + jsonText(t.secret))}}
	o.Elsewhere.Files, o.Elsewhere.Count = []pack.File{{Name: "/home/" + name + "/a.txt"}}, 1
	outputs := fmt.Appendf(nil, `{"k": %s, %s: 1}`, value, value)
	o.Files = []pack.File{{Name: "a.txt", ReadableByOther: true}, {Name: "b-" + name + ".txt"}, {Name: "c-" + url.QueryEscape(name) + ".txt", ReadableByOther: true},
		{Name: "d" + seed.SideCarSuffix, Content: value, Collected: true, Size: 1, ReadableByOther: true},
		{Name: "e.link", Mode: os.ModeSymlink, Link: "/" + t.secret},
		{Name: seed.OutputsFile, Content: outputs, Collected: true, Size: int64(len(outputs)), ReadableByOther: true}}
	slices.SortFunc(o.Files, func(a, b pack.File) int { return cmp.Compare(a.Name, b.Name) })
	return o, nil
}

const tellingManifest = `{"seedVersion": "1.0.0", "job": {"name": "telling", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "timeout": 10,
"interface": {"settings": [{"name": "PASS", "secret": true}], "outputs": {
"files": [{"name": "A", "pattern": "*.txt"}, {"name": "L", "pattern": "*.link"}, {"name": "Z", "pattern": "z*"}], "json": [{"name": "c", "key": "k", "type": "integer"}]}}}}`

// No writer shows a secret, however it is spelled there: 2,000 values, over text, JSON, SARIF, JUnit, annotations, the
// summary, the outputs of a step, the metadata file and what is printed beside.
func TestNoWriterShowsSecrets(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(12, 2))
	formats := []string{formatText, formatJSON, formatSARIF, formatGitHub, formatJUnit}
	n := 2000
	if testing.Short() {
		n = 200
	}
	for i := range n {
		value := hostileSecret(r, i)
		for place, text := range everyWriter(t, value, formats[i%len(formats)]) {
			for how, spelled := range oracle(value) {
				if at := strings.Index(text, spelled); at >= 0 {
					t.Fatalf("%s shows %q (%s): …%q…", place, value, how, text[max(0, at-200):min(len(text), at+len(spelled)+40)])
				}
			}
			if err := stillReadable(place, text); err != nil {
				t.Fatalf("%s of %q: %v\n%s", place, value, err, text)
			}
		}
	}
}

// hostileSecret returns a value that does not occur by chance, with what formats quote in it.
func hostileSecret(r *rand.Rand, i int) string {
	special := []string{`"`, `\`, "'", "\n", "\r\n", "é", "密", "😀", "\x01", "\x7f", "\u200b", "<", "&", "%", "+", " ", "\t", "##[", "::", "|", "`", "\xff", "$", "/", "*"}
	value := fmt.Sprintf("Q%dx", i)
	for range 1 + r.IntN(6) {
		value += special[r.IntN(len(special))] + strconv.FormatUint(r.Uint64N(1<<30), 36)
	}
	return value + "Z"
}

// oracle returns spellings of a value, by formats of the standard library.
func oracle(value string) map[string]string {
	var inXML strings.Builder
	_ = xml.EscapeText(&inXML, []byte(value))
	quoted := strconv.Quote(value)
	ascii := strconv.QuoteToASCII(value)
	all := map[string]string{"raw": value, "Go": quoted[1 : len(quoted)-1], "ASCII": ascii[1 : len(ascii)-1], "JSON": jsonText(value), "JSON twice": jsonText(jsonText(value)),
		"JSON of Go": jsonText(quoted[1 : len(quoted)-1]), "XML": inXML.String(), "XML of Go": html.EscapeString(quoted[1 : len(quoted)-1]), "URL": url.QueryEscape(value), "path": url.PathEscape(value)}
	for i, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(line) >= 6 {
			all[fmt.Sprint("line ", i)] = line
		}
	}
	return all
}

func jsonText(value string) string {
	text, _ := json.Marshal(value)
	return string(text[1 : len(text)-1])
}

// everyWriter returns what is printed and written about a job that tells its secret, by place.
func everyWriter(t *testing.T, value, format string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	secrets := new(secret.Set)
	env := map[string]string{"GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"), "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_WORKSPACE": dir}
	getenv := func(name string) string { return env[name] }
	p := &Process{Stdout: &stdout, Stderr: &hidingWriter{&stderr, secrets}, Getenv: getenv, secrets: secrets}
	out := &printer{process: p, out: &stdout, format: format, verbose: true}
	if format == formatJSON {
		out.files = reportFiles{filepath.Join(dir, formatSARIF), filepath.Join(dir, formatJUnit), filepath.Join(dir, formatGitLab), filepath.Join(dir, "html")}
	}
	m := seed.Parse([]byte(tellingManifest))
	task := pipeline.Task{Job: &job.Job{Path: filepath.Join(dir, "seed.manifest.json"), Dir: dir, Manifest: m}}
	b := &batch{session: &session{out: out, policies: &policy.Chooser{}, engine: &lazyEngine{}, smoke: &smokeFlags{}, options: pipeline.Options{Parallel: 1}},
		tasks: []pipeline.Task{task}, found: findings{command: "smoke"}, showPrinted: true, metadataFile: filepath.Join(dir, "metadata"),
		words: words{did: "tried", done: tried, refused: func(t pipeline.Task) string { return t.Path + ": refused" }}}
	b.do = func(_ *pipeline.Pipeline, ctx context.Context, task pipeline.Task) (*pipeline.Result, error) {
		c := cases.Case{Name: "a", Settings: map[string]string{"PASS": value}}
		smoked, err := verify.Smoke(ctx, tellingRunner{value}, pack.Config{Entrypoint: []string{"/x"}}, m, []cases.Case{c}, verify.Options{Path: task.Path, Secrets: secrets})
		if err != nil {
			return nil, err
		}
		return &pipeline.Result{Task: task, Smoked: []pipeline.Smoked{{Platform: "linux/amd64", Result: smoked}}, Reports: []*diag.Report{smoked.Report}},
			errors.Join(exit.Findings, fmt.Errorf("the registry said %q", value))
	}
	pipe, err := pipeline.New(b.options, p.host(b.engine), b.tasks)
	if err != nil {
		t.Fatal(err)
	}
	_ = b.each(t.Context(), pipe)
	complain(p, exit.StatusFailure, "", fmt.Errorf("push: %q", value))
	all := map[string]string{format: stdout.String(), "standard error": stderr.String()}
	if format == formatJSON {
		var log bytes.Buffer
		if err := github.NewStep(getenv, &hidingWriter{&log, secrets}, secrets.HideAgain).Present(stdout.Bytes(), exit.StatusFindings); err != nil {
			t.Fatal(err)
		}
		all["log of the step"] = log.String()
	}
	for _, name := range []string{formatSARIF, formatJUnit, formatGitLab, "html", "metadata", "summary", "output"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			all["file "+name] = string(text)
		}
	}
	return all
}

// stillReadable reports whether programs can still read a document.
func stillReadable(place, text string) error {
	switch strings.TrimPrefix(place, "file ") {
	case formatJSON, formatSARIF, formatGitLab, "metadata":
		var doc any
		return json.Unmarshal([]byte(text), &doc)
	case formatJUnit:
		var doc struct{}
		return xml.Unmarshal([]byte(text), &doc)
	case "standard error":
		if !strings.Contains(text, "seedpack: push:") {
			return errors.New("the error is not there")
		}
	}
	return nil
}

// A secret that is one of our own words or numbers leaves documents as they are.
func TestCommonSecretsLeaveDocuments(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"error", "warning", "diagnostics", "message", "failed", "secret-shown", "1024", "2.1.0", "testcase"} {
		for _, format := range []string{formatJSON, formatSARIF, formatJUnit, formatGitLab, formatText} {
			text := everyWriter(t, value, format)[format]
			if err := stillReadable(format, text); err != nil {
				t.Errorf("%s of %q: %v", format, value, err)
			}
			if !strings.Contains(text, "secret-shown") && !strings.Contains(text, "outputs-json-type") {
				t.Errorf("%s of %q lost the names of rules:\n%s", format, value, text)
			}
		}
	}
}
