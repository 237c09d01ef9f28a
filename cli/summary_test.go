package cli

import (
	"bytes"
	"testing"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// What was kept is said in words, one file and none included.
func TestKeptLine(t *testing.T) {
	t.Parallel()
	for want, k := range map[string]*verify.Kept{
		"kept nothing in out: the job left no files": {Dir: "out"},
		"kept nothing in out":                        {Dir: "out", LeftOut: []string{"a link"}},
		"kept 1 file, 5B, in o\\nut":                 {Dir: "o\nut", Files: 1, Bytes: 5},
		"kept 2 files, 2KiB, in out":                 {Dir: "out", Files: 2, Bytes: 2048},
	} {
		if got := keptLine(k); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A loss is at a line of a manifest, or at a member of a label: that is one long line.
func TestPlaceOfLoss(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte("{\"job\":\n {\"name\": \"x\"}}"))
	doc := &exportDocument{Losses: []export.Note{{Pointer: "/job/name", Message: "it"}}}
	for want, task := range map[string]*pipeline.Task{
		"seed.manifest.json:2:11: lost: it\n":      {Job: &job.Job{Path: "seed.manifest.json", Manifest: m}},
		"host/x-seed:0.1.0: /job/name: lost: it\n": {Job: &job.Job{Path: "host/x-seed:0.1.0", Manifest: m}, Image: &source.Image{}},
	} {
		var stderr bytes.Buffer
		p := &Process{Stderr: &stderr}
		if err := new(exportOptions).say(p, &printer{process: p, format: formatJSON}, task, doc); err != nil {
			t.Fatal(err)
		}
		if got := stderr.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
