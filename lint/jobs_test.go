package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Rules about several manifests do what their archives say.
func TestJobRules(t *testing.T) {
	t.Parallel()
	for _, r := range jobRules {
		file := "testdata/" + r.ID + ".txtar"
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ar := txtar.Parse(text)
		got := clashes(ar, "bad/", r.ID)
		if good := clashes(ar, "good/", r.ID); good != "" || got == "" || len(ar.Comment) == 0 {
			t.Errorf("%s: the good jobs have %q, the bad ones %q", r.ID, good, got)
		}
		if *update {
			for i := range ar.Files {
				if ar.Files[i].Name == "want" {
					ar.Files[i].Data = []byte(got)
				}
			}
			if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if want := string(data(ar, "want")); got != want {
			t.Errorf("%s: got\n%swant\n%s", r.ID, got, want)
		}
	}
}

func clashes(ar *txtar.Archive, under, id string) string {
	var manifests []*seed.Manifest
	var names []Named
	for _, f := range ar.Files {
		if strings.HasPrefix(f.Name, under) {
			manifests = append(manifests, seed.Parse(f.Data))
			names = append(names, NameOf(f.Name, manifests[len(manifests)-1]))
		}
	}
	var b strings.Builder
	for _, c := range Clashes(names) {
		m := manifests[c.Of]
		r := &diag.Report{Path: names[c.Of].Path, Source: m.Source}
		ReportClash(r, c, m, names[c.With].Path)
		d := r.Diagnostics[0]
		at := r.Source.Position(r.Place(&d).Start)
		if d.Rule.ID == id {
			fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", r.Path, at.Line, at.Column, d.Level(), d.Message, id)
		}
	}
	return b.String()
}

// Each of several jobs has one clash, and a job without a name has none.
func TestClashes(t *testing.T) {
	t.Parallel()
	job := func(image string) Named {
		repository, _, _ := strings.Cut(image, ":")
		return Named{Repository: repository, Image: image}
	}
	got := Clashes([]Named{job("a:1"), job("b:1"), job("a:1"), job("a:2"), job(""), job(""), job("a:1"), job("c:1")})
	want := []Clash{{0, 2, true}, {2, 0, true}, {3, 0, false}, {6, 0, true}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
