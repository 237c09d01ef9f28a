package github

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pipeline"
)

// A step that fails is annotated at its line of the Dockerfile, with the lines of its message. Other errors are annotated at the
// manifest.
func TestAnnotateFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"Dockerfile", "seed.manifest.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"GITHUB_WORKSPACE": dir}
	getenv := func(name string) string { return env[name] }
	manifest, file := filepath.Join(dir, "seed.manifest.json"), filepath.Join(dir, "Dockerfile")
	var out bytes.Buffer
	r := &Document{Images: []*pipeline.Image{
		{Manifest: manifest, Error: "one\ntwo", ErrorAt: &pipeline.FailedAt{Path: file, Line: 4}},
		{Manifest: manifest, Error: "other\r::error::\x1b"},
	}}
	NewStep(getenv, &out, nil).annotator.all(r)
	Annotate(&out, getenv, nil, []report.Failure{{Path: file, Line: 4, Message: "one"}})
	got := out.String()
	for _, want := range []string{"::error file=Dockerfile,line=4,title=Seedpack::one%0Atwo\n", "::error file=seed.manifest.json,title=Seedpack::other",
		"::error file=Dockerfile,line=4,title=Seedpack::one\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Count(got, "\n") != 3 || strings.ContainsAny(got, "\r\x1b") {
		t.Errorf("%q", got)
	}
}
