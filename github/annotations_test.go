package github

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag/policy"
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

// A mistake in a policy file is annotated at its line.
func TestAnnotatePlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, ".seedpack.yaml")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := policy.Read(path, []byte("build:\n  registry: example.com\n  network: host\n"), nil)
	r := &Document{Error: err.Error(), ErrorPlaces: Places(fmt.Errorf("read: %w", err))}
	var out bytes.Buffer
	NewStep(func(name string) string { return map[string]string{"GITHUB_WORKSPACE": dir}[name] }, &out, nil).annotator.all(r)
	const want = "::error file=.seedpack.yaml,line=2,title=Seedpack::build cannot have \"registry\": only the command line may say where an image is published, with --registry\n" +
		"::error file=.seedpack.yaml,line=3,title=Seedpack::build cannot have \"network\": only the command line may change the network, with --network, --add-host and others\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
	for _, err := range []error{nil, errors.New("a:1:2: b"), &policy.Error{Problems: []string{"x: there is no such file"}}} {
		if got := Places(err); got != nil {
			t.Errorf("%v: %+v", err, got)
		}
	}
}
