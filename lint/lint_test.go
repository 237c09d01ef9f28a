package lint

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what is found into the archives and documents")

// findings returns the diagnostics of one rule, one per line, and the text after their fixes.
func findings(name string, text []byte, rule string) (lines string, fixed []byte) {
	report := Manifest(name, seed.Parse(text), Options{})
	var b strings.Builder
	var edits []diag.Edit
	for _, d := range report.Diagnostics {
		if d.Rule.ID != rule {
			continue
		}
		pos := report.Source.Position(report.Place(&d).Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", name, pos.Line, pos.Column, d.Level(), d.Message, rule)
		if d.Hint != "" {
			fmt.Fprintf(&b, "  %s\n", d.Hint)
		}
		if len(d.Fixes) > 0 {
			edits = append(edits, d.Fixes[0].Edits...)
		}
	}
	return b.String(), apply(text, edits)
}

// apply applies edits that do not touch each other. It returns nil if there are none.
func apply(text []byte, edits []diag.Edit) []byte {
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return b.Span.Start - a.Span.Start })
	var out []byte
	for _, e := range edits {
		if out == nil {
			out = text
		}
		out = slices.Concat(out[:e.Span.Start], []byte(e.New), out[e.Span.End:])
	}
	return out
}

// Every rule has an archive, and does what the archive says.
func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("%s: two rules have this ID", r.ID)
		}
		seen[r.ID] = true
		if slices.Contains(jobRules, r) {
			continue // TestJobRules
		}
		t.Run(r.ID, func(t *testing.T) { testArchive(t, r) })
	}
	files, err := fs.Glob(archives, "testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if id := strings.TrimSuffix(path.Base(f), ".txtar"); !seen[id] {
			t.Errorf("%s: there is no such rule", f)
		}
	}
}

func testArchive(t *testing.T, r *diag.Rule) {
	file := "testdata/" + r.ID + ".txtar"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(text)
	if len(bytes.TrimSpace(ar.Comment)) == 0 || r.Summary == "" || r.Spec == "" {
		t.Error("the comment, the summary or the section is empty")
	}
	if explained, ok := Explain(r.ID); !ok || !*update && explained != string(text) {
		t.Error("Explain does not give the archive")
	}
	bad, good := data(ar, "bad.json"), data(ar, "good.json")
	want, fixed := findings("bad.json", bad, r.ID)
	if want == "" {
		t.Error("bad.json is not reported")
	}
	if got, _ := findings("good.json", good, r.ID); got != "" {
		t.Errorf("good.json is reported:\n%s", got)
	}
	if *update {
		ar.Files = []txtar.File{{Name: "bad.json", Data: bad}, {Name: "want", Data: []byte(want)}}
		if fixed != nil {
			ar.Files = append(ar.Files, txtar.File{Name: "fixed.json", Data: fixed})
		}
		ar.Files = append(ar.Files, txtar.File{Name: "good.json", Data: good})
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := string(data(ar, "want")); got != want {
		t.Errorf("got:\n%swant:\n%s", want, got)
	}
	if !bytes.Equal(data(ar, "fixed.json"), fixed) {
		t.Errorf("fixed.json is:\n%s", fixed)
	}
	if fixed != nil {
		testFixed(t, r.ID, bad, fixed)
	}
}

// testFixed checks that a fix solves each finding that has one, and leaves valid JSON.
func testFixed(t *testing.T, id string, bad, fixed []byte) {
	before := Manifest("bad.json", seed.Parse(bad), Options{})
	after := Manifest("fixed.json", seed.Parse(fixed), Options{})
	if len(after.Source.Problems) > 0 {
		t.Errorf("fixed.json: %s", after.Source.Problems[0].Message)
	}
	unfixed := 0
	for _, d := range before.Diagnostics {
		if d.Rule.ID == id && len(d.Fixes) == 0 {
			unfixed++
		}
	}
	for _, d := range after.Diagnostics {
		if d.Rule.ID == id {
			unfixed--
		}
	}
	if unfixed < 0 {
		t.Error("fixed.json still has what a fix was for")
	}
}

func data(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}
