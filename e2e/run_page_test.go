package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
)

// This file tests the pages of --html in a real browser.

// runReport returns a report with an error, a warning and a notice, each with a text, on a manifest that has it, too.
func runReport(text, name string) *diag.Report {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	m := seed.Parse([]byte("{\"seedVersion\": \"1.0.0\",\n \"job\": {\"name\": " + string(quoted) + ",\n  \"timeout\": 5}}"))
	r := &diag.Report{Path: "jobs/" + text + "/seed.manifest.json", Source: m.Source}
	for n, level := range []diag.Severity{diag.Error, diag.Warning, diag.Notice} {
		d := diag.Diagnostic{Rule: &diag.Rule{ID: "some-rule", Severity: level}, Pointer: "/job/name", Message: text + " should be another, which is of severity " + level.String(), Hint: text}
		if n < 2 {
			d.Case = name
		}
		r.Add(d)
	}
	r.Sort()
	return r
}

// runImage returns a job with two cases, every text of which is the given one.
func runImage(text string, verdict string) *pipeline.Image {
	usage := &pipeline.CaseUsage{Exit: 1, Seconds: 2.5, CPUSeconds: 1.9, Memory: 50 << 20, SharedMem: 1 << 20, Files: 2, OutputBytes: 600054}
	for n := range 50 {
		usage.Course = append(usage.Course, pipeline.CaseSample{Seconds: float64(n) / 20, Memory: int64(n*n%37) << 20, CPUSeconds: float64(n*n) / 2000})
	}
	printed := strings.Repeat(text+" and a line that is longer than a phone is wide, as lines of jobs often are\n", 40)
	c := pipeline.CaseImage{Platform: "linux/amd64", Name: text, Verdict: verdict, Reason: text, Usage: usage, Outputs: text,
		Declared:  &pipeline.CaseDeclared{Seconds: 60, CPUs: 1, Memory: 64 << 20, Disk: 1 << 19, SharedMem: 64 << 20},
		Captured:  []pipeline.CaseOutput{{Name: text, Count: 30, Bytes: 600054, Files: []pipeline.CaseFile{{Name: text + ".png", Size: 300000}, {Name: "b.png", Size: 300054}}}},
		ErrorName: text, JSON: []pipeline.CaseJSON{{Name: "WORDS", Type: "integer", Value: "1234567", Declared: true, Required: true}, {Name: "GONE", Type: "string", Declared: true}, {Name: text, Type: "string", Value: strconv.Quote(text)}},
		Stdout: &pipeline.CaseText{Tail: text, Bytes: int64(len(printed))}, Stderr: &pipeline.CaseText{Tail: text, Bytes: 5}, Printed: [2]string{printed, text}}
	return &pipeline.Image{Name: "ghcr.io/octo/x-seed:1.0.0", Manifest: "jobs/" + text + "/seed.manifest.json", Digest: "sha256:" + strings.Repeat("0a", 32), Tags: []string{"1.0.0"},
		Platforms: []string{"linux/amd64"}, Published: verdict == "passed", Smoke: verdict, JobName: text, JobVersion: "1.2.0", PackageVersion: "1.0.3",
		Durations: map[string]float64{"lint": 0.01, "build": 1.9, "smoke": 5.3, "push": 0},
		Cases:     []pipeline.CaseImage{c, {Platform: "linux/arm64", Name: "emulated", Verdict: "skipped", Reason: text}}, Reports: []*diag.Report{runReport(text, text)}}
}

func writeRun(t *testing.T, dir, name string, run *overview.Run) {
	t.Helper()
	run.Began, run.Took, run.Version = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 7*time.Second, "v1.0.0"
	for _, i := range run.Images {
		run.Reports = append(run.Reports, i.Reports...)
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := run.HTML(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRunPages proves that the page of a run shows jobs, cases, what they took and what was found, at every width, in light and dark and
// on paper; that axe finds nothing; that it loads nothing; and that no text of a job becomes more than text.
func TestRunPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	failed := runImage("scene-tiler", "failed")
	failed.Stopped = "smoke"
	broken := &pipeline.Image{Manifest: "jobs/broken/seed.manifest.json", JobName: "broken-build", JobVersion: "0.1.0", Stopped: "build", Error: "build failed\nsecond line",
		ErrorOutput: []string{"compiling", "error: expected ;"}, Durations: map[string]float64{"lint": 0.001, "build": 0.7}}
	writeRun(t, dir, "many.html", &overview.Run{Command: "pack", Images: []*pipeline.Image{failed, broken, runImage("with-a-name-that-is-much-longer-than-others-are-and-has-no-blank", "passed")},
		Log: "https://example.com/log", Repository: "https://github.com/octo/jobs", Line: func(path string, line int) string { return fmt.Sprintf("https://example.com/%s#L%d", path, line) }})
	writeRun(t, dir, "one.html", &overview.Run{Command: "smoke", Images: []*pipeline.Image{runImage("scene-tiler", "passed")}})
	writeRun(t, dir, "lint.html", &overview.Run{Command: "lint", Reports: []*diag.Report{runReport("scene-tiler", ""), {Path: "clean/seed.manifest.json"}},
		Failures: []report.Failure{{Path: "gone/seed.manifest.json", Message: "permission denied"}}})
	common := []string{"scene-tiler", "1.0.3", "exit status 1", "2.5 s", "50 MiB", "of 64 MiB", "586 KiB", "30 files, 586 KiB", "b.png", "293 KiB", "and 28 more files", "longer than a phone",
		"scene-tiler should be another", "skipped", "linux/arm64", "some-rule", "seed.manifest.json:2:18", "JSON outputs", "WORDS", "1234567", "GONE", "not there", "not declared"}
	pages := []object{
		{"file": "many.html", "pictures": 4, "shows": append(common, "3 jobs", "1 job of 3 went through", "smoke failed", "build broke off", "compiling", "second line", "0 of 2 cases", "published")},
		{"file": "one.html", "pictures": 2, "shows": append(common, "ghcr.io/octo/x-seed:1.0.0", "sha256:0a0a0a")},
		{"file": "lint.html", "pictures": 0, "shows": []string{"lint: 2 files", "1 error, 1 warning, 1 notice", "gone/seed.manifest.json: permission denied", "clean/seed.manifest.json", "no findings"}},
	}
	var hostile []string
	for some := range slices.Chunk(payloads, 10) { // each page has as many jobs
		name := fmt.Sprintf("hostile-%d.html", len(hostile))
		run := &overview.Run{Command: "pack", Log: some[0], Repository: some[0], Line: func(path string, _ int) string { return strings.TrimPrefix(path, "jobs/") }}
		for _, payload := range some {
			run.Images = append(run.Images, hostileImage(payload))
			run.Failures = append(run.Failures, report.Failure{Path: payload, Message: payload})
		}
		writeRun(t, dir, name, run)
		hostile = append(hostile, name)
	}
	browse(t, "run.mjs", "file://"+dir+"/", writeJSON(t, object{"pages": pages, "hostile": hostile}))
	if _, err := os.Stat("/tmp/executed"); err == nil {
		t.Error("a command was run")
	}
}

// hostileImage returns a job in which a payload stands wherever a foreign text can.
func hostileImage(payload string) *pipeline.Image {
	i := runImage(payload, payload)
	i.Error, i.ErrorOutput, i.Name, i.Digest, i.Platforms, i.JobVersion, i.PackageVersion = payload, []string{payload, payload}, payload, payload, []string{payload}, payload, payload
	i.Cases[0].Platform, i.Cases[0].Usage.Signal, i.Published, i.Smoke = payload, payload, true, payload
	return i
}
