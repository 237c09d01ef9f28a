package compare

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what the archives want")

// Each rule says of its bad pair what its archive wants, and nothing of its good one.
func TestRules(t *testing.T) {
	files, err := fs.Glob(archives, "testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range Rules() {
		files = slices.DeleteFunc(files, func(f string) bool { return f == "testdata/"+rule.ID+".txtar" })
		if rule == jobChanged || rule == predecessorUnknown { // no pair of manifests has them: TestSuccession does
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			text, ok := Explain(rule.ID)
			archive := txtar.Parse([]byte(text))
			if !ok || len(bytes.TrimSpace(archive.Comment)) == 0 {
				t.Fatal("it has no archive or no reason")
			}
			want := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			got := said(t, archive, "bad")
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile("testdata/"+rule.ID+".txtar", txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(archive.Files[want].Data) {
				t.Errorf("of the bad pair it says\n%s\nwant\n%s", got, archive.Files[want].Data)
			}
			if !strings.Contains(got, "["+rule.ID+"]") {
				t.Errorf("it says nothing of the bad pair:\n%s", got)
			}
			if got := said(t, archive, "good"); strings.Contains(got, "["+rule.ID+"]") {
				t.Errorf("of the good pair it says\n%s", got)
			}
		})
	}
	if len(files) > 0 {
		t.Errorf("these archives have no rule: %q", files)
	}
}

func said(t *testing.T, archive *txtar.Archive, kind string) string {
	t.Helper()
	read := func(name string) *seed.Manifest {
		for _, f := range archive.Files {
			if f.Name == kind+"/"+name {
				return seed.Parse(f.Data)
			}
		}
		t.Fatalf("%s lacks %s", kind, name)
		return nil
	}
	c := Manifests(read("old.json"), read("new.json"))
	found := diag.Merge(c.Report("seed.manifest.json", `tag "1.0.0"`), c.Succession("seed.manifest.json", `tag "1.0.0"`))[0]
	var b bytes.Buffer
	if err := report.Text(&b, []*diag.Report{found}, report.TextOptions{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
