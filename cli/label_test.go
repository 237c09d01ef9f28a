package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

const awkwardJob = `{"seedVersion": "1.0.0",
 "job": {"name": "my-job", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "My, \"own\" job",
  "description": "Says \"hello\",\nto C:\\temp\\ for $5 # ${HOME}, 'naïve' 😀", "maintainer": {"name": "J", "email": "j@example.com"},
  "timeout": 10, "interface": {"command": "x ${IN/#/-d } \"$OUTPUT_DIR\"", "inputs": {"files": [{"name": "IN"}]}}}}`

// The labels input of docker/build-push-action is read as CSV, a record a line, whose fields are joined by commas again. A
// label among others comes out as the one that it is.
func TestLabelAsField(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, seed.ManifestFile), []byte(awkwardJob), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	p := Process{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}
	if status := Run(t.Context(), []string{"label", "--form", "csv", dir}, p); status != 0 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	r := csv.NewReader(strings.NewReader("a=b\n" + stdout.String() + "c=d,e\n"))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 3 || len(records[1]) != 1 || strings.Join(records[2], ",") != "c=d,e" {
		t.Fatalf("the fields are %q", records)
	}
	key, value, _ := strings.Cut(records[1][0], "=")
	var got, want any
	if err := json.Unmarshal([]byte(value), &got); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	if err := json.Unmarshal([]byte(awkwardJob), &want); err != nil {
		t.Fatal(err)
	}
	if key != seed.Label || !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %s", key, value)
	}
}
