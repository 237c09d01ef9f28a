package cases

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what the archives want")

// Every rule has an archive that explains it, shows its finding, and has a smoke file without findings.
func TestFileArchives(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(archives, "testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		file := "testdata/" + r.ID + ".txtar"
		files = slices.DeleteFunc(files, func(f string) bool { return f == file })
		text, ok := Explain(r.ID)
		ar := txtar.Parse([]byte(text))
		want := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
		if !ok || want < 0 || strings.TrimSpace(string(ar.Comment)) == "" {
			t.Errorf("%s does not explain the rule", file)
			continue
		}
		if got := readSample(t, ar, "good/"); got != "" {
			t.Errorf("%s: the good one has findings:\n%s", r.ID, got)
		}
		got := readSample(t, ar, "bad/")
		switch {
		case *update && got != "":
			ar.Files[want].Data = []byte(got)
			write(t, file, txtar.Format(ar))
		case got != string(ar.Files[want].Data):
			t.Errorf("%s: got:\n%swant:\n%s", r.ID, got, ar.Files[want].Data)
		case !strings.Contains(got, "["+r.ID+"]"):
			t.Errorf("%s: the bad one does not break it:\n%s", r.ID, got)
		}
	}
	if len(files) > 0 {
		t.Errorf("these archives have no rule: %s", files)
	}
}

// readSample writes the files that both samples share, then the files of one sample. It returns the findings of Read.
func readSample(t *testing.T, ar *txtar.Archive, own string) string {
	t.Helper()
	dir := t.TempDir()
	for _, prefix := range []string{"", own} {
		for _, f := range ar.Files {
			if name, ok := strings.CutPrefix(f.Name, prefix); ok && f.Name != "want" {
				write(t, filepath.Join(dir, name), f.Data)
			}
		}
	}
	manifest, err := os.ReadFile(filepath.Join(dir, seed.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	_, found := Read(filepath.Join(dir, File), text, seed.Parse(manifest), os.Getenv)
	var b strings.Builder
	for _, d := range found.Diagnostics {
		place := found.Source.Position(d.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", File, place.Line, place.Column, d.Level(), d.Message, d.Rule.ID)
		if d.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", d.Hint)
		}
	}
	return b.String()
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
