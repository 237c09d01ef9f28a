package pipeline

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/verify"
)

// The end of what a step printed is kept, whether its failure is a finding or an error.
func TestImageOfFailedStep(t *testing.T) {
	t.Parallel()
	step := &pack.StepError{File: "Dockerfile", Line: 2, Tail: []string{"compiling", "error: x"}, Err: errors.New("exit code: 2")}
	r := &Result{Task: Task{Job: &job.Job{Path: "seed.manifest.json"}}}
	for name, err := range map[string]error{"finding": &FailedStep{step}, "error": step} {
		i := r.Image(err)
		if !slices.Equal(i.ErrorOutput, step.Tail) || (i.Error == "") != (name == "finding") {
			t.Errorf("%s: %q, error %q", name, i.ErrorOutput, i.Error)
		}
	}
}

// A case has what it took, what is declared, the files of its outputs, and the end of what it printed. The samples in documents
// are few, and have the peak.
func TestCaseImage(t *testing.T) {
	t.Parallel()
	o := &pack.Outcome{Started: true, Exit: 3, Usage: pack.Usage{Wall: 1500 * time.Millisecond, Memory: 9 << 20},
		Stdout: pack.Excerpt{Head: []byte("begin\n"), Tail: []byte("x\xffend\n"), Total: 1000}}
	for n := range wire.MaxSamples {
		memory := int64(n)
		if n == 77 {
			memory = 9 << 20
		}
		o.Usage.Samples = append(o.Usage.Samples, wire.Sample{At: time.Duration(n+1) * 10 * time.Millisecond, Memory: memory, CPU: time.Duration(n) * time.Millisecond})
	}
	captured := verify.Captured{}
	for range 30 {
		captured.Files = append(captured.Files, &pack.File{Name: "a\xff.png", Size: 10})
	}
	i := caseImage("linux/amd64", &verify.CaseResult{Name: "one", Outcome: o, Files: []verify.Captured{captured}, OutputNames: []string{"TILES"},
		Allocated: map[string]float64{"mem": 64, "cpus": 0.5}, Timeout: time.Minute}, nil)
	peak := int64(0)
	for _, s := range i.Usage.Samples {
		peak = max(peak, s.Memory)
	}
	if n := len(i.Usage.Samples); n != samplesShown || peak != 9<<20 || i.Usage.Samples[n-1].Seconds != 1.2 || len(i.Usage.Course) != wire.MaxSamples {
		t.Errorf("%d samples of %d, with the peak %d: %+v", n, len(i.Usage.Course), peak, i.Usage.Samples)
	}
	if *i.Declared != (CaseDeclared{Seconds: 60, CPUs: 0.5, Memory: 64 << 20}) || i.Usage.Exit != 3 || i.Usage.Files != 30 {
		t.Errorf("%+v %+v", i.Declared, i.Usage)
	}
	if out := i.Captured[0]; out.Name != "TILES" || out.Count != 30 || out.Bytes != 300 || len(out.Files) != capturedShown || out.Files[0].Name != "a\ufffd.png" {
		t.Errorf("%+v", out)
	}
	if i.Stdout.Tail != "begin\n\n[left out here: 988 bytes]\nx\ufffdend\n" || i.Stdout.Bytes != 1000 || i.Stderr != nil || i.Printed[0] != i.Stdout.Tail {
		t.Errorf("%+v", i.Stdout)
	}
}

// JSON outputs are values in documents. A value that is cut, or is no JSON, is text. There are at most so many.
func TestCaseJSON(t *testing.T) {
	t.Parallel()
	c := &verify.CaseResult{Name: "one", ErrorName: "bad", Outcome: &pack.Outcome{Started: true}, JSON: []verify.CapturedJSON{
		{Name: "a\xff", Type: "object", Value: `{"x":[1e400,"\u2028<"]}`, Declared: true, Required: true}, {Name: "none", Type: "string", Declared: true},
		{Name: "cut", Type: "string", Value: `"long…`}, {Name: "hidden", Type: "integer", Value: "***"}}}
	for range jsonShown {
		c.JSON = append(c.JSON, verify.CapturedJSON{Name: "more", Type: "null", Value: "null"})
	}
	i := caseImage("linux/amd64", c, nil)
	if len(i.JSON) != jsonShown || i.MoreJSON != 4 || i.ErrorName != "bad" {
		t.Errorf("%d values and %d more, error %q", len(i.JSON), i.MoreJSON, i.ErrorName)
	}
	for n, want := range []string{
		`{"name":"a�","type":"object","declared":true,"required":true,"value":{"x":[1e400,"\u2028\u003c"]}}`,
		`{"name":"none","type":"string","declared":true,"required":false}`,
		`{"name":"cut","type":"string","declared":false,"required":false,"text":"\"long…"}`,
		`{"name":"hidden","type":"integer","declared":false,"required":false,"text":"***"}`,
	} {
		got, err := json.Marshal(i.JSON[n])
		if err != nil || string(got) != want {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
}
