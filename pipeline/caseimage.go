package pipeline

import (
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/verify"
)

// What documents have of a case. The page of a run has more.
const (
	capturedShown = 20
	jsonShown     = 100 // a job may write any number of members
	printedShown  = 4 << 10
	samplesShown  = 20
	maxTimeout    = 365 * 24 * time.Hour // a longer one is none
)

func (r *Result) cases() []CaseImage {
	all := []CaseImage{}
	for _, s := range r.Smoked {
		for i := range s.Cases {
			all = append(all, caseImage(s.Platform, &s.Cases[i], r.secrets))
		}
	}
	return all
}

func caseImage(platform string, c *verify.CaseResult, secrets *secret.Set) CaseImage {
	i := CaseImage{Platform: platform, Name: c.Name, Verdict: c.Verdict.String(), Reason: c.Reason}
	if c.Kept != nil {
		i.Outputs = c.Kept.Dir
	}
	o := c.Outcome
	if o == nil || !o.Started {
		return i
	}
	i.Usage = &CaseUsage{Exit: o.Exit, Signal: o.Signal, TimedOut: o.TimedOut, Seconds: seconds(o.Usage.Wall), CPUSeconds: seconds(o.Usage.CPU),
		Memory: o.Usage.Memory, SharedMem: o.Usage.SharedMem, OutputBytes: o.Usage.Output}
	for _, s := range o.Usage.Samples {
		i.Usage.Course = append(i.Usage.Course, CaseSample{seconds(s.At), s.Memory, seconds(s.CPU)})
	}
	i.Usage.Samples = fewer(i.Usage.Course, samplesShown)
	for n, captured := range c.Files {
		out := captureImage(c.OutputNames[n], captured)
		i.Usage.Files += out.Count
		i.Captured = append(i.Captured, out)
	}
	i.ErrorName = c.ErrorName
	i.MoreJSON = max(len(c.JSON)-jsonShown, 0)
	for _, out := range c.JSON[:len(c.JSON)-i.MoreJSON] {
		i.JSON = append(i.JSON, CaseJSON{strings.ToValidUTF8(out.Name, "\ufffd"), out.Type, out.Declared, out.Required, strings.ToValidUTF8(out.Value, "\ufffd")})
	}
	const mib = 1 << 20
	bytes := func(name string) int64 { return int64(c.Allocated[name] * mib) }
	i.Declared = &CaseDeclared{CPUs: c.Allocated["cpus"], Memory: bytes("mem"), SharedMem: bytes("sharedMem"), Disk: bytes("disk")}
	if c.Timeout < maxTimeout {
		i.Declared.Seconds = seconds(c.Timeout)
	}
	i.Printed[0], i.Stdout = printed(o.Stdout, secrets)
	i.Printed[1], i.Stderr = printed(o.Stderr, secrets)
	return i
}

// fewer joins samples to at most n, with the peaks of those that are joined.
func fewer(all []CaseSample, n int) (few []CaseSample) {
	if len(all) <= n {
		return all
	}
	for i := range n {
		from, to := i*len(all)/n, (i+1)*len(all)/n
		joined := all[to-1]
		for _, s := range all[from:to] {
			joined.Memory = max(joined.Memory, s.Memory)
		}
		few = append(few, joined)
	}
	return few
}

func captureImage(name string, captured verify.Captured) CaseOutput {
	out := CaseOutput{Name: name, Count: len(captured.Files)}
	for _, f := range captured.Files {
		out.Bytes += f.Size
		if len(out.Files) < capturedShown {
			out.Files = append(out.Files, CaseFile{strings.ToValidUTF8(f.Name, "\ufffd"), f.Size})
		}
	}
	return out
}

// printed returns what was printed with secrets redacted, and its end.
func printed(e pack.Excerpt, secrets *secret.Set) (all string, end *CaseText) {
	if e.Total == 0 {
		return "", nil
	}
	all = strings.ToValidUTF8(secrets.Hide(string(verify.ExcerptText(e))), "\ufffd")
	tail := all
	if len(tail) > printedShown {
		tail = strings.ToValidUTF8(tail[len(tail)-printedShown:], "")
		if _, rest, ok := strings.Cut(tail, "\n"); ok && rest != "" {
			tail = rest
		}
	}
	return all, &CaseText{tail, e.Total}
}
