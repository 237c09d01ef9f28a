package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

var expectedOutput = &Probe{
	Rule: diag.Rule{ID: "expected-output", Severity: diag.Error,
		Summary: "outputs must be what the smoke case expects"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			want, ok := r.Case.Expect.Outputs[out.Name]
			if !ok {
				return
			}
			where := r.expectedAt("outputs", out.Name)
			if want.Count != nil && *want.Count != len(c.Files) {
				r.Reportf(at, "output %q has %s, the case expects %d%s", out.Name, countNoun(len(c.Files), "file"), *want.Count, where)
			}
			for _, f := range c.Files {
				target, _ := r.resolve(f)
				if problem := r.against(want, target); problem != "" {
					r.Reportf(at, "output %q: %q %s%s", out.Name, f.Name, problem, where)
				}
			}
		})
	},
}

// expectedAt returns the place of what is expected, for the end of a message. The author changes it there, or else the job. It is
// empty if the case was not read from a file.
func (r *Run) expectedAt(member, name string) string {
	if at := r.Case.ExpectedAt(member, name); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// against returns how a file differs from what the case expects, or "".
func (r *Run) against(e cases.OutputExpectation, f *pack.File) string {
	switch {
	case f.Size < e.MinSize:
		return fmt.Sprintf("has %d bytes, the case expects %d at least", f.Size, e.MinSize)
	case e.MaxSize > 0 && f.Size > e.MaxSize:
		return fmt.Sprintf("has %d bytes, the case expects %d at most", f.Size, e.MaxSize)
	case e.MediaType != "" && !mimetype.Detect(f.Content).Is(e.MediaType):
		return fmt.Sprintf("looks like %s, the case expects %s", mimetype.Detect(f.Content), e.MediaType)
	case !e.WantsContent():
		return ""
	case !f.Collected:
		return fmt.Sprintf("has %d bytes, which is more than can be compared", f.Size)
	case e.Content != nil && !bytes.Equal(f.Content, e.Content):
		return "is not what the case expects: " + firstDifference(f.Content, e.Content)
	case e.JSON != nil && !sameJSON(f.Content, e.JSON):
		return fmt.Sprintf("holds %s, the case expects %s", r.brief(f.Content), r.brief(e.JSON))
	}
	sum := sha256.Sum256(f.Content)
	if got := hex.EncodeToString(sum[:]); e.SHA256 != "" && got != strings.ToLower(e.SHA256) {
		return fmt.Sprintf("has the SHA-256 %s, the case expects %s", got, e.SHA256)
	}
	return ""
}

func firstDifference(got, want []byte) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	line := bytes.Count(want[:at], []byte("\n")) + 1
	where := fmt.Sprintf("it differs from byte %d on, in line %d", at+1, line)
	if len(got) != len(want) {
		where += fmt.Sprintf(", and has %d bytes in place of %d", len(got), len(want))
	}
	return where
}

// sameJSON reports whether two texts hold the same JSON value.
func sameJSON(a, b []byte) bool {
	x, y := seed.ParseJSON(a), seed.ParseJSON(b)
	if len(x.Problems) > 0 {
		return false
	}
	return equalJSON(x.Value(), y.Value())
}

var expectedJSON = &Probe{
	Rule: diag.Rule{ID: "expected-json", Severity: diag.Error,
		Summary: "JSON outputs must be what the smoke case expects"},
	Check: func(r *Run) {
		r.eachJSON(func(at seed.Pointer, out seed.OutputJSON, value []byte) {
			want, ok := r.Case.Expect.JSON[out.Name]
			where := r.expectedAt("json", out.Name)
			switch {
			case !ok:
			case value == nil:
				r.Reportf(at, "JSON output %q is not there, the case expects %s%s", out.Name, r.brief(want), where)
			case !sameJSON(value, want):
				r.Reportf(at, "JSON output %q is %s, the case expects %s%s", out.Name, r.brief(value), r.brief(want), where)
			}
		})
		// If a JSON output is required, another probe reports the missing file.
		if len(r.Case.Expect.JSON) > 0 && r.succeeded() && r.file(seed.OutputsFile) == nil && !r.needsOutputs() {
			r.Reportf(seed.AtOutputJSON, "there is no %s, the case expects JSON outputs", seed.OutputsFile)
		}
	},
}
