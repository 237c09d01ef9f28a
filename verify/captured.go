package verify

import (
	"bytes"
	"encoding/json"

	"github.com/seedpack/seedpack/seed"
)

// A CapturedJSON is a JSON output of a run, or another member of seed.outputs.json.
type CapturedJSON struct {
	Name     string
	Type     string // that the manifest declares; of another member: that of its value
	Value    string // JSON in short, with secrets redacted; empty if there is none
	Declared bool   // it is an output of the manifest
	Required bool
}

// capturedJSON returns the JSON outputs of the manifest, in its order, and then the members that belong to none.
func (r *Run) capturedJSON() (all []CapturedJSON) {
	if !r.succeeded() {
		return nil
	}
	known := map[string]bool{}
	for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
		known[outputKey(out)] = true
		c := CapturedJSON{Name: out.Name, Type: out.Type, Declared: true, Required: out.Required}
		if value := r.jsonValue(out); value != nil {
			c.Value = r.shortJSON(value)
		}
		all = append(all, c)
	}
	if !r.hasOutputs() {
		return all
	}
	for _, member := range r.Outputs.Members("") {
		if !known[member] {
			value := r.Outputs.Raw(seed.Pointer("").Member(member))
			all = append(all, CapturedJSON{Name: r.secrets.Hide(member), Type: seed.TypeOf(value), Value: r.shortJSON(value)})
		}
	}
	return all
}

// maxValue is how many characters of a value are kept for those who read about the run.
const maxValue = 1000

// shortJSON returns a JSON value in one line, without its secrets. An ellipsis marks a cut.
func (r *Run) shortJSON(value []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil { // such as text that is no UTF-8
		b.Reset()
		b.Write(value)
	}
	text := []rune(r.secrets.Hide(b.String()))
	if len(text) > maxValue {
		return string(text[:maxValue]) + "…"
	}
	return string(text)
}

// errorName returns the error that the manifest declares for the exit status; empty if there is none.
func (r *Run) errorName() string {
	o := r.Outcome
	if i := r.declared(o.Exit); i >= 0 && o.Started && !o.TimedOut && o.Signal == "" && o.Exit != 0 {
		return r.Manifest.Job.Errors[i].Name
	}
	return ""
}
