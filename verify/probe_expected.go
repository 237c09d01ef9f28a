package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
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
			if want.Count != nil && *want.Count != len(c.Files) {
				r.unmetf(r.Case.ExpectedAt("outputs", out.Name, "count"), at, "", "output %q has %s, the case expects %d", out.Name, diag.Count(len(c.Files), "file"), *want.Count)
			}
			for _, f := range c.Files {
				target, _ := r.resolve(f)
				if problem, member := r.against(want, target); problem != "" {
					r.unmetf(r.Case.ExpectedAt("outputs", out.Name, member), at, "", "output %q: %q %s", out.Name, f.Name, problem)
				}
			}
		})
	},
}

// unmetf adds a finding of the current probe about what the case expects. The author changes the job, or else what is expected. So
// its place is where the smoke file says that. If no file says it, the place is in the manifest.
func (r *Run) unmetf(place *cases.Place, at seed.Pointer, hint, format string, args ...any) {
	if place == nil {
		r.hintf(at, hint, format, args...)
		return
	}
	if r.unmet == nil {
		r.unmet = &diag.Report{Path: place.Path, Source: place.Source}
	}
	r.unmet.Add(diag.Diagnostic{Rule: &r.probe.Rule, Span: &place.Span, Hint: r.secrets.Hide(hint), Message: r.hidef(format, args...)})
}

// against returns how a file differs from what the case expects, and which member expects it; "" if it does not differ.
func (r *Run) against(e cases.OutputExpectation, f *pack.File) (problem, member string) {
	switch {
	case f.Size < e.MinSize:
		return fmt.Sprintf("has %s, the case expects %d at least", diag.Count(int(f.Size), "byte"), e.MinSize), "min-size"
	case e.MaxSize > 0 && f.Size > e.MaxSize:
		return fmt.Sprintf("has %s, the case expects %d at most", diag.Count(int(f.Size), "byte"), e.MaxSize), "max-size"
	case e.MediaType != "" && !mimetype.Detect(f.Content).Is(e.MediaType):
		return fmt.Sprintf("looks like %s, the case expects %s", mimetype.Detect(f.Content), e.MediaType), "media-type"
	case !e.WantsContent():
		return "", ""
	case !f.Collected:
		return fmt.Sprintf("has %d bytes, which is more than can be compared", f.Size), wanting(e)
	case e.Content != nil && !bytes.Equal(f.Content, e.Content):
		return "is not what the case expects: " + firstDifference(f.Content, e.Content), "file"
	case e.JSON != nil && !sameJSON(f.Content, e.JSON):
		return fmt.Sprintf("holds %s, the case expects %s", r.brief(f.Content), r.brief(e.JSON)), "json"
	}
	sum := sha256.Sum256(f.Content)
	if got := hex.EncodeToString(sum[:]); e.SHA256 != "" && got != strings.ToLower(e.SHA256) {
		return fmt.Sprintf("has the SHA-256 %s, the case expects %s", got, e.SHA256), "sha256"
	}
	return "", ""
}

// wanting returns the member of an expectation that is about the whole content of a file.
func wanting(e cases.OutputExpectation) string {
	switch {
	case e.Content != nil:
		return "file"
	case e.JSON != nil:
		return "json"
	}
	return "sha256"
}

func firstDifference(got, want []byte) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	line := bytes.Count(want[:at], []byte("\n")) + 1
	where := fmt.Sprintf("it differs from byte %d on, in line %d", at+1, line)
	if len(got) != len(want) {
		where += fmt.Sprintf(", and has %s in place of %d", diag.Count(len(got), "byte"), len(want))
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
			place := r.Case.ExpectedAt("json", out.Name)
			switch {
			case !ok:
			case value == nil:
				r.unmetf(place, at, "", "JSON output %q is not there, the case expects %s", out.Name, r.brief(want))
			case !sameJSON(value, want):
				r.unmetf(place, at, "", "JSON output %q is %s, the case expects %s", out.Name, r.brief(value), r.brief(want))
			}
		})
		// If a JSON output is required, another probe reports the missing file.
		if len(r.Case.Expect.JSON) > 0 && r.succeeded() && r.file(seed.OutputsFile) == nil && !r.needsOutputs() {
			first := slices.Min(slices.Collect(maps.Keys(r.Case.Expect.JSON)))
			r.unmetf(r.Case.ExpectedAt("json", first), seed.AtOutputJSON, "", "there is no %s, the case expects JSON outputs", seed.OutputsFile)
		}
	},
}
