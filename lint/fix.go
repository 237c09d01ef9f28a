package lint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Change is a fix that was applied.
type Change struct {
	Rule  *diag.Rule
	Title string
	// At is the place in the text before the change.
	At seed.Position
}

// A Fixed is what fixes made of a text.
type Fixed struct {
	// Text is the text itself if nothing was changed.
	Text    []byte
	Changes []Change
	// Withheld is how many fixes were not applied because they are unsafe.
	Withheld int
	// Refused says why no fix was applied, although there are some. It is empty for other texts.
	Refused string
}

// fixRounds is more than any manifest needs. A fix may uncover another, and fixes that touch wait for each other.
const fixRounds = 200

// fixAgain is how often fixes are tried again that could not be applied before others were.
const fixAgain = 5

// fixedAtOnce is how many findings of a kind are fixed in one round, if there are more than a report shows. FixBytes is how much
// text is looked at until no more is tried, and eachBytes how much besides if fixes are tried one by one.
const (
	fixedAtOnce = 20_000
	fixBytes    = 32 << 20
	eachBytes   = 2 << 20
)

// Fix applies the fixes of all findings that the policy keeps, until none is left. It applies unsafe ones only if asked to.
//
// It changes a text only if the whole file can be read afterwards, has no more errors than before, and every value that no
// fix names is as it was. If all fixes together cannot do that, it tries them one by one.
func Fix(path string, text []byte, opt Options, policy diag.Policy, unsafe bool) Fixed {
	f := &fixer{path: path, opt: opt, policy: policy, unsafe: unsafe}
	before := f.look(text)
	after := f.most(before)
	for again := 0; again < fixAgain && len(after.changes) > 0 && len(after.fixes) > 0 && f.better(before, after); again++ {
		next := f.most(after)
		if len(next.changes) == len(after.changes) || !f.better(after, next) {
			break
		}
		after = next
	}
	out := Fixed{Text: after.text, Changes: after.changes, Withheld: len(after.unsafe)}
	if len(after.changes) > 0 && !f.better(before, after) {
		out = Fixed{Text: text, Withheld: len(before.unsafe), Refused: f.reason(before, after)}
	}
	return out
}

// most applies all fixes together, or one by one if that makes the text worse.
func (f *fixer) most(before state) state {
	after := f.all(before)
	if len(after.changes) > len(before.changes) && !f.better(before, after) {
		return f.each(before)
	}
	return after
}

type fixer struct {
	path   string
	opt    Options
	policy diag.Policy
	unsafe bool
	tries  int
	read   int // bytes that were looked at
}

// A state is a text, what is found in it, and what led to it.
type state struct {
	text    []byte
	source  *seed.Source
	errors  int
	fixes   []diag.Fix // that may be applied
	of      []Change   // of each fix
	unsafe  []diag.Fix // that may not
	changes []Change
}

func (f *fixer) look(text []byte) state {
	f.read += len(text)
	m, most := seed.Parse(text), diag.MaxFindings
	if len(m.Source.Problems) == seed.MaxProblems {
		most = fixedAtOnce
		m = seed.ParseMost(text, most)
	}
	report := manifestMost(f.path, m, f.opt, most)
	s := state{text: text, source: report.Source, errors: report.Count(diag.Error)}
	f.policy.Apply(report)
	for i := range report.Diagnostics {
		d := &report.Diagnostics[i]
		switch {
		case len(d.Fixes) == 0:
		case d.Fixes[0].Unsafe && !f.unsafe:
			s.unsafe = append(s.unsafe, d.Fixes[0])
		default:
			s.fixes = append(s.fixes, d.Fixes[0])
			s.of = append(s.of, Change{Rule: d.Rule, Title: d.Fixes[0].Title, At: report.Source.Position(report.Place(d).Start)})
		}
	}
	return s
}

// all applies all fixes, round by round. It stops before a round that changes a value which no fix names.
func (f *fixer) all(s state) state {
	for n := 0; n < fixRounds && f.read < fixBytes; n++ {
		next, ok := f.apply(s, s.fixes, s.of)
		if !ok {
			break
		}
		s = next
	}
	return s
}

// apply applies the fixes that do not touch each other. Ok is false if there are none, or if they would change more than
// they name.
func (f *fixer) apply(s state, fixes []diag.Fix, of []Change) (state, bool) {
	text, applied := diag.ApplyFixes(s.text, fixes)
	if len(applied) == 0 {
		return s, false
	}
	next := f.look(text)
	next.changes = slices.Clone(s.changes)
	var edits []diag.Edit
	for _, i := range applied {
		edits = append(edits, fixes[i].Edits...)
		next.changes = append(next.changes, of[i])
	}
	return next, s.source.Keeps(next.source, edits)
}

// mostTries bounds the work on a text with many fixes, each of which has to be tried alone.
const mostTries = 300

// each applies fixes one by one, and passes over those that make the text worse.
func (f *fixer) each(s state) state {
	for at := 0; at < len(s.fixes) && f.tries < mostTries && f.read < fixBytes+eachBytes; f.tries++ {
		next, ok := f.apply(s, s.fixes[at:at+1], s.of[at:at+1])
		if ok && next.errors <= s.errors && len(next.source.Problems) <= len(s.source.Problems) && len(next.fixes) < len(s.fixes) {
			s = next
			continue
		}
		at++
	}
	return s
}

// better reports whether a text may take the place of another.
func (f *fixer) better(before, after state) bool {
	return json.Valid(after.text) && after.errors <= before.errors && f.kept(before, after)
}

// kept reports whether a text that could be read has no other problem now.
func (f *fixer) kept(before, after state) bool {
	return len(after.source.Problems) <= len(before.source.Problems)
}

// reason says why no fix is applied.
func (f *fixer) reason(before, after state) string {
	if len(after.source.Problems) > 0 && !json.Valid(after.text) {
		p := slices.MinFunc(after.source.Problems, func(a, b seed.Problem) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
		at := after.source.Position(p.Span.Start)
		return fmt.Sprintf("the file could not be read afterwards: line %d: %s", at.Line, p.Message)
	}
	return fmt.Sprintf("the file would have %s instead of %d", diag.Count(after.errors, "error"), before.errors)
}
