package verify

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
)

var jobTimeout = &Probe{
	Rule: diag.Rule{ID: "job-timeout", Severity: diag.Error, Spec: "2.1.1 S-2.1.1-11",
		Summary: "the job must end within its timeout"},
	Check: func(r *Run) {
		if !r.Outcome.TimedOut || r.Outcome.Crowded {
			return
		}
		limit := declaredTimeout(r.Manifest)
		if r.Case.Timeout > 0 {
			limit = min(limit, r.Case.Timeout)
		}
		how := "it ended at the signal TERM"
		if r.Outcome.Usage.Wall > limit && r.Outcome.Exit == 137 {
			how = "it ignored the signal TERM and was killed"
		}
		r.hintf("/job/timeout", r.lastLine(), "the job did not end within %v; %s, after %v", limit, how, r.Outcome.Usage.Wall.Round(10*time.Millisecond))
	},
}

var memoryKilled = &Probe{
	Rule: diag.Rule{ID: "memory-killed", Severity: diag.Error, Spec: "2.1.1.2 S-2.1.1.2-08",
		Summary: "the job must get by with the memory it declares"},
	Check: func(r *Run) {
		if !r.Outcome.OutOfMemory {
			return
		}
		at, what := r.scalar("mem"), "no mem is declared"
		if mem := r.env.bytes("mem"); mem > 0 {
			what = fmt.Sprintf("%s MiB are declared", formatAmount(r.env.allocated["mem"]))
		}
		r.Reportf(at, "the job was ended for want of memory; %s, and samples of what it allocated reached %s", what, formatSize(r.Outcome.Usage.Memory))
	},
}

// scalar returns the place of a resource, or of all resources if it is not declared.
func (r *Run) scalar(name string) seed.Pointer {
	for i, s := range r.Manifest.Job.Resources.Scalar {
		if s.Name == name {
			return seed.AtScalar.Index(i)
		}
	}
	return seed.AtScalar
}

func formatSize(bytes int64) string {
	switch {
	case bytes >= 10*mib:
		return fmt.Sprintf("%d MiB", bytes/mib)
	case bytes >= 1<<10:
		return fmt.Sprintf("%.2f MiB", float64(bytes)/mib)
	}
	return diag.Count(int(bytes), "byte")
}

var processesTooMany = &Probe{
	Rule: diag.Rule{ID: "processes-too-many", Severity: diag.Error,
		Summary: "the job must get by with as many processes as executors allow"},
	Check: func(r *Run) {
		if r.Outcome.Crowded {
			r.hintf("/job", r.lastLine(), "the job had more than %d processes at once, and was ended", wire.MaxProcesses)
		}
	},
}

var exitSignal = &Probe{
	Rule: diag.Rule{ID: "exit-signal", Severity: diag.Error, Spec: "2.1.1.4 T-36",
		Summary: "the job must not be ended by a signal"},
	Check: func(r *Run) {
		if o := r.Outcome; o.Signal != "" && !r.exceededLimit() && !r.asExpected() {
			r.hintf("/job", r.lastLine(), "the job was ended by a signal, %q, which counts as exit status %d", o.Signal, o.Exit)
		}
	},
}

var exitMapped = &Probe{
	Rule: diag.Rule{ID: "exit-mapped", Severity: diag.Error, Spec: "2.1.1.4 S-2.1.1.4-02",
		Summary: "the job must end without an error in a case that expects none"},
	Check: func(r *Run) {
		if i := r.declared(r.Outcome.Exit); r.failed() && i >= 0 && r.expectsSuccess() {
			e := r.Manifest.Job.Errors[i]
			r.hintf(seed.AtErrors.Index(i), r.words(), "the job ended with exit status %d, its error %q of category %s", e.Code, e.Name, e.Category)
		}
	},
}

// failed reports whether the job itself ended with a status other than 0.
func (r *Run) failed() bool {
	o := r.Outcome
	return o.Started && !r.exceededLimit() && o.Signal == "" && o.Exit != 0 && !r.cannotStart()
}

// exceededLimit reports whether the job was ended because it exceeded a limit. A probe for that limit reports it.
func (r *Run) exceededLimit() bool {
	return r.Outcome.TimedOut || r.Outcome.OutOfMemory || r.Outcome.Crowded
}

func (r *Run) expectsSuccess() bool { return r.Case.Expect.Code(r.Manifest) == 0 }

var exitUndeclared = &Probe{
	Rule: diag.Rule{ID: "exit-undeclared", Severity: diag.Error, Spec: "2.1.1.4 S-2.1.1.4-02",
		Summary: "exit statuses other than 0 must be declared in errors"},
	Check: func(r *Run) {
		if !r.failed() || r.declared(r.Outcome.Exit) >= 0 || r.asExpected() {
			return
		}
		hint := r.words()
		if why, ok := exitMeanings[r.Outcome.Exit]; ok {
			hint = strings.TrimSuffix(why+"; "+hint, "; ")
		}
		at := seed.AtErrors
		if !r.Manifest.Source.Has(at) {
			at = "/job"
		}
		r.hintf(at, hint, "the job ended with exit status %d, which none of its errors declares", r.Outcome.Exit)
	},
}

// exitMeanings are the meanings of exit statuses to shells and container engines.
var exitMeanings = map[int]string{
	124: "124 is also what timeout(1) ends with when the time is over",
	125: "125 is also what a container engine ends with that could not run a job",
	126: "126 is a shell's word for a program that may not be executed",
	127: "127 is a shell's word for a program that is not found",
	130: "130 is what is left of a process that was interrupted",
	132: "132 is what is left of a process with an instruction that this processor does not have: was it built for another one?",
	134: "134 is what is left of a process that ended itself, often since a check in it failed",
	135: "135 is what is left of a process that accessed memory in a wrong way",
	136: "136 is what is left of a process with an impossible computation, such as a division by zero",
	137: "137 is what is left of a process that was killed, often for want of memory",
	139: "139 is what is left of a process that accessed memory it does not have",
	141: "141 is what is left of a process that wrote to another one that had ended",
	143: "143 is what is left of a process that was ended by TERM",
	152: "152 is what is left of a process that reached its limit of processor time",
	153: "153 is what is left of a process that wrote a larger file than its limit allows",
	255: "255 is also what exit status -1 becomes",
}

var exitUnexpected = &Probe{
	Rule: diag.Rule{ID: "exit-unexpected", Severity: diag.Error, Spec: "2.1.1.4 S-2.1.1.4-02",
		Summary: "the job must end as the smoke case says"},
	Check: func(r *Run) {
		o := r.Outcome
		if r.expectsSuccess() || r.asExpected() || !r.failed() && o.Exit != 0 || !o.Started {
			return
		}
		want, at := r.Case.Expect.Code(r.Manifest), seed.Pointer("/job")
		if i := r.declared(want); i >= 0 {
			at = seed.AtErrors.Index(i)
		}
		r.unmetf(r.Case.ExpectedAt("exit"), at, r.words(), "the job ended with exit status %d, the case expects %d", o.Exit, want)
	},
}

var expectedText = &Probe{
	Rule: diag.Rule{ID: "expected-text", Severity: diag.Error,
		Summary: "the job must print what the smoke case expects"},
	Check: func(r *Run) {
		if !r.Outcome.Started {
			return
		}
		for _, s := range []struct {
			name     string
			patterns []string
			excerpt  pack.Excerpt
		}{{"stdout", r.Case.Expect.Stdout, r.Outcome.Stdout}, {"stderr", r.Case.Expect.Stderr, r.Outcome.Stderr}} {
			for _, p := range s.patterns {
				re, err := regexp.Compile(p)
				if err == nil && !re.Match(append(s.excerpt.Head[:len(s.excerpt.Head):len(s.excerpt.Head)], s.excerpt.Tail...)) {
					r.unmetf(r.Case.ExpectedAt(s.name, p), "/job", "", "nothing on %s matches %q, of %d bytes", s.name, p, s.excerpt.Total)
				}
			}
		}
	},
}
