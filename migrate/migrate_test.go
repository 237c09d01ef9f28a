package migrate

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/material"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

// A sharedCase is what a job should give; of questions, losses and code without their messages.
type sharedCase struct {
	File      string         `json:"file"`
	From      seed.Form      `json:"from"`
	Answers   map[string]any `json:"answers"`
	Manifests []any          `json:"manifests"`
	Questions []Question     `json:"questions"`
	Losses    []Loss         `json:"losses"`
	Code      []Place        `json:"code"`
}

// Each case of an old job gives the manifest, the questions, the losses and the places in code that it should.
func TestCases(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(material.Dir(t, "cases", "migrate"), "*", "case.json"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no case: %v", err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			var want sharedCase
			text, err := os.ReadFile(path)
			if err = cmp.Or(err, json.Unmarshal(text, &want)); err != nil {
				t.Fatal(err)
			}
			runCase(t, os.DirFS(dir), &want)
		})
	}
}

func runCase(t *testing.T, dir fs.FS, want *sharedCase) {
	t.Helper()
	text, err := fs.ReadFile(dir, want.File)
	if err != nil {
		t.Fatal(err)
	}
	doc := &Document{Source: seed.ParseJSON(text), Name: want.File}
	r, err := Convert(doc, nil)
	if err != nil {
		t.Fatal(err)
	}
	code, err := r.Search(dir, want.File)
	if err != nil {
		t.Fatal(err)
	}
	code = slices.DeleteFunc(code, func(p Place) bool { return p.File == "case.json" })
	if r.From != want.From {
		t.Errorf("from %s, want %s", r.From, want.From)
	}
	equal(t, "questions", r.Questions, want.Questions, func(q Question) string { return q.ID + " " + string(q.Pointer) })
	equal(t, "losses", r.Losses, want.Losses, func(l Loss) string { return l.ID + " " + string(l.From) })
	equal(t, "code", code, want.Code, func(p Place) string { return p.ID + " " + p.File + " " + string(rune('0'+p.Line)) })
	var answers []Answer
	for at, value := range want.Answers {
		s, isText := value.(string)
		if !isText {
			s = string(encode(value))
		}
		answers = append(answers, Answer{seed.Pointer(at), s})
	}
	if r, err = Convert(doc, answers); err != nil {
		t.Fatal(err)
	}
	if len(r.Questions) > 0 {
		t.Errorf("open with all answers: %v", r.Questions)
	}
	var got []any
	if err := json.Unmarshal(encode(r.Manifests), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want.Manifests) {
		t.Errorf("manifests:\n%s\nwant:\n%s", indent(got), indent(want.Manifests))
	}
	for _, m := range r.Manifests {
		holds(t, m.Text())
	}
}

func equal[E any](t *testing.T, what string, got, want []E, key func(E) string) {
	t.Helper()
	keys := func(all []E) []string {
		out := []string{}
		for _, e := range all {
			out = append(out, key(e))
		}
		slices.Sort(out)
		return out
	}
	if g, w := keys(got), keys(want); !slices.Equal(g, w) {
		t.Errorf("%s: %q, want %q", what, g, w)
	}
}

// holds checks that a manifest is valid, lints without errors, and stays as it is when it is migrated again.
func holds(t *testing.T, text []byte) {
	t.Helper()
	m := seed.Parse(text)
	for _, d := range lint.Manifest("m", m, lint.Options{}).Diagnostics {
		if d.Level() == diag.Error {
			t.Errorf("%s: %s\n%s", d.Pointer, d.Message, text)
		}
	}
	if found := schema.Manifest(m.Source); len(found) > 0 {
		t.Errorf("%v", found)
	}
	again, err := Convert(&Document{Source: m.Source, Name: seed.ManifestFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.From != seed.Seed100 || string(again.Manifests[0].Text()) != string(text) || len(again.Questions)+len(again.Losses)+len(again.Changes) > 0 {
		t.Errorf("migrated again:\n%s\n%v %v %v", again.Manifests[0].Text(), again.Questions, again.Losses, again.Changes)
	}
}

// The old manifests of the wild migrate to some that lint without errors, once the questions are answered.
func TestOldManifests(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(material.Dir(t, "cases", "old"), "*", seed.ManifestFile))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no manifest: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			doc := &Document{Source: seed.ParseJSON(text), Name: seed.ManifestFile}
			r, err := Convert(doc, nil)
			if err != nil {
				t.Fatal(err)
			}
			var answers []Answer
			for _, q := range r.Questions {
				if q.ID != "maintainer-email" {
					t.Errorf("asks %v", q)
				}
				answers = append(answers, Answer{q.Pointer, "rae@example.org"})
			}
			if r, err = Convert(doc, answers); err != nil {
				t.Fatal(err)
			}
			for _, m := range r.Manifests {
				holds(t, m.Text())
			}
		})
	}
}

func TestNoForm(t *testing.T) {
	for text, want := range map[string]string{
		`{"seedVersion": "1.0.1", "job": {}}`:  `no job: seedVersion is "1.0.1", which was never published: write the version that the job was made for`,
		`{"seedVersion": "0.0.45", "job": {}}`: `no job: seedVersion is "0.0.45", which was never published: write the version that the job was made for`,
		`{"job": {}}`:                          `no job: the document has a job and no version: write the one that it was made for, such as "seedVersion": "0.1.0"`,
		`{}`:                                   `no job: the document has neither "job" nor "jobs", and is no array of jobs`,
		`"x"`:                                  `no job: a manifest is a JSON object, this is no object`,
		`[]`:                                   `no job: the document has neither "job" nor "jobs", and is no array of jobs`,
		`{"manifestVersion": "0.0.1", "jobs": []}`:      `no job: "jobs" is empty, or holds no objects`,
		`{"manifestVersion": "0.0.1", "jobs": [1, ""]}`: `no job: "jobs" is empty, or holds no objects`,
	} {
		_, err := Convert(&Document{Source: seed.ParseJSON([]byte(text))}, nil)
		if err == nil || err.Error() != want || !errors.Is(err, ErrNoJob) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Documents that nobody wrote by hand end with an error or a result, in time that grows with their size.
func TestHostile(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(`{"name": 1},`, 20_000) + `{"name": 1}`
	for name, text := range map[string]string{
		"jobs":  `[` + many + `]`,
		"jobs2": `{"manifestVersion": "0.0.1", "jobs": [` + many + `]}`,
	} {
		_, err := Convert(&Document{Source: seed.ParseJSON([]byte(text)), Name: seed.JobPackFile}, nil)
		if want := "the document holds 20001 jobs, more than 10000: split it"; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	settings, vars := []string{}, []string{}
	for i := range 8000 {
		settings = append(settings, fmt.Sprintf(`{"name": "S-%d", "value": "secret%d"}`, i, i))
		vars = append(vars, fmt.Sprintf(`{"name": "E%d", "value": "${S-%d}"}`, i, i))
	}
	text := `{"manifestVersion": "0.0.3", "job": {"interface": {"cmd": "` + strings.Repeat("${S-7", 50_000) + `", "settings": [` +
		strings.Join(settings, ",") + `], "envVars": [` + strings.Join(vars, ",") + `]}}}`
	src := seed.ParseJSON([]byte(text))
	if len(src.Problems) > 0 {
		t.Fatal(src.Problems[0])
	}
	r, err := Convert(&Document{Source: src, Name: seed.ManifestFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Losses) != 8001 {
		t.Errorf("%d losses, want one for each value, and one for the variable in the command", len(r.Losses))
	}
	if all := string(encode(r)); strings.Contains(all, "secret1") {
		t.Error("a value of a setting is repeated")
	}
}

// Errors of one title get names of their own, however many there are.
func TestManyErrors(t *testing.T) {
	t.Parallel()
	const n = 20_000
	text := `{"manifestVersion": "0.0.3", "job": {"errorMapping": [` + strings.Repeat(`{"title": "a"},`, n-1) + `{"title": "a"}]}}`
	r, err := Convert(&Document{Source: seed.ParseJSON([]byte(text)), Name: seed.ManifestFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for i := range n {
		name, _ := find(r.Manifests[0].root, seed.AtErrors.Index(i).Member("name"))
		if s, ok := name.(string); ok {
			names[s] = true
		}
	}
	if len(names) != n || !names["a"] || !names["a-2"] || !names[fmt.Sprintf("a-%d", n)] {
		t.Errorf("%d names, want %d", len(names), n)
	}
}

// A line of code is shortened after the values of settings have been hidden in it: a part of one would not be found.
func TestSearchHidesBeforeItCuts(t *testing.T) {
	t.Parallel()
	text := `{"manifestVersion": "0.0.3", "job": {"name": "a", "interface": {"cmd": "x", "settings": [{"name": "T", "value": "swordfish-of-the-sea"}]}}}`
	r, err := Convert(&Document{Source: seed.ParseJSON([]byte(text)), Name: seed.ManifestFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for filled := range 40 {
		line := "cp $JOB_OUTPUT_DIR/" + strings.Repeat("x", 100+filled) + " swordfish-of-the-sea and more of it behind the secret"
		places, err := r.Search(fstest.MapFS{"job.sh": {Data: []byte(line)}}, seed.ManifestFile)
		if err != nil || len(places) != 1 {
			t.Fatal(places, err)
		}
		if strings.Contains(places[0].Text, "sword") {
			t.Errorf("%d: a part of a value of a setting: %s", filled, places[0].Text)
		}
	}
}
