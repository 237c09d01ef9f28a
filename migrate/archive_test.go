package migrate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what the archives want")

// Each archive holds an old job, perhaps answers, and all that is made of it.
func TestArchives(t *testing.T) {
	paths, err := filepath.Glob("testdata/archives/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := &archive.Files[len(archive.Files)-1]
			got := runArchive(t, archive.Files[:len(archive.Files)-1])
			switch {
			case *update:
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			case string(want.Data) != got:
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}

func runArchive(t *testing.T, files []txtar.File) string {
	t.Helper()
	dir := fstest.MapFS{}
	var answers []Answer
	doc := &Document{}
	for _, file := range files {
		switch file.Name {
		case "answers":
			for line := range strings.Lines(string(file.Data)) {
				a, err := ParseAnswer(strings.TrimSuffix(line, "\n"))
				if err != nil {
					t.Fatal(err)
				}
				answers = append(answers, a)
			}
			continue
		case seed.ManifestFile, seed.OldManifestFile, seed.JobPackFile:
			doc.Source, doc.Name = seed.ParseJSON(file.Data), file.Name
		case "label": // of an image
			doc.Source, doc.Name, doc.Label = seed.ParseJSON(file.Data), seed.JobPackLabel, true
			continue
		case "Dockerfile":
			d, err := ReadDockerfile(file.Name, file.Data)
			if err != nil {
				t.Fatal(err)
			}
			doc.Start = d.Start
			if doc.Source == nil {
				doc.Source, doc.Name, doc.Label, doc.Emptied = seed.ParseJSON([]byte(d.Value)), d.Key, true, d.Emptied
			}
		}
		dir[file.Name] = &fstest.MapFile{Data: file.Data}
	}
	if len(doc.Source.Problems) > 0 {
		t.Fatalf("%+v", doc.Source.Problems)
	}
	r, err := Convert(doc, answers)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	code, err := r.Search(dir, doc.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Manifests {
		if len(r.Questions) == 0 {
			holds(t, m.Text())
		}
	}
	return describe(r, code)
}

// describe is all of a result, a line for each finding.
func describe(r *Result, code []Place) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from %s\n", r.From)
	for _, q := range r.Questions {
		fmt.Fprintf(&b, "question %s %s: %s", q.ID, q.Pointer, q.Message)
		if q.Suggestion != "" {
			fmt.Fprintf(&b, " (%s?)", q.Suggestion)
		}
		b.WriteByte('\n')
	}
	for _, l := range r.Losses {
		fmt.Fprintf(&b, "loss %s %s: %s\n", l.ID, l.From, l.Message)
	}
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "change %s -> %s: %s\n", c.From, c.To, c.Message)
	}
	for _, p := range code {
		fmt.Fprintf(&b, "code %s %s:%d: %s | %s\n", p.ID, p.File, p.Line, p.Message, p.Text)
	}
	for _, m := range r.Manifests {
		fmt.Fprintf(&b, "%s %s", m.OldImage, m.Text())
	}
	return b.String()
}
