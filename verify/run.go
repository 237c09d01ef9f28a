package verify

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A Run is what probes see: a case, and what its run left behind.
type Run struct {
	Manifest *seed.Manifest
	Case     *cases.Case
	Outcome  *pack.Outcome
	// Files are the files that each output of the manifest captures, in the manifest's order. It is empty unless the
	// run ended with 0, since executors capture only then (trap T-36).
	Files []Captured
	// Outputs is seed.outputs.json. It is nil if the file is missing or was not read.
	Outputs *seed.Source

	config  pack.Config // of the image
	args    []string    // the whole command line
	env     *environment
	secrets *secret.Redactor
	probe   *Probe
	found   []diag.Diagnostic
	unmet   *diag.Report // what the case expects and the run did not do, in the smoke file; nil if nothing
}

// A Captured is what the pattern of an output matches.
type Captured struct {
	// Files are regular files, and links to such files below OUTPUT_DIR, with the name that matched.
	Files []*pack.File
	// Others also match but are not files: directories, devices, dead links and links that lead out (trap T-27).
	Others []*pack.File
}

func newRun(m *seed.Manifest, c *cases.Case, env *environment, secrets *secret.Redactor, o *pack.Outcome) *Run {
	r := &Run{Manifest: m, Case: c, Outcome: o, env: env, secrets: secrets}
	if !r.succeeded() {
		return r
	}
	for _, out := range m.Job.Interface.Outputs.Files {
		r.Files = append(r.Files, r.capture(out.Pattern))
	}
	if f := r.file(seed.OutputsFile); f != nil && f.Collected {
		r.Outputs = seed.ParseJSON(f.Content)
	}
	return r
}

// succeeded reports whether the job ended with 0. Outputs depend on that, whatever the case expects.
func (r *Run) succeeded() bool {
	return r.Outcome.Started && r.Outcome.Exit == 0 && !r.Outcome.TimedOut
}

// asExpected reports whether the job ended as the case expects.
func (r *Run) asExpected() bool {
	return r.Outcome.Started && !r.Outcome.TimedOut && r.Outcome.Exit == r.Case.Expect.Code(r.Manifest)
}

// cannotStart reports whether no program ran. Shells exit with 126 or 127 then. A job may declare these codes for
// itself.
func (r *Run) cannotStart() bool {
	o := r.Outcome
	if !o.Started {
		return true
	}
	return (o.Exit == 126 || o.Exit == 127) && !r.asExpected() && r.declared(o.Exit) < 0 && o.Signal == ""
}

// declared returns the index of the error with a code, or -1. The first of several counts (trap T-13).
func (r *Run) declared(code int) int {
	return slices.IndexFunc(r.Manifest.Job.Errors, func(e seed.Error) bool { return e.Code == int64(code) })
}

func (r *Run) lacksOutputs() bool { return len(r.lacking()) > 0 }

// lacking returns the names of required outputs that are missing.
func (r *Run) lacking() (names []string) {
	for i, c := range r.Files {
		if out := r.Manifest.Job.Interface.Outputs.Files[i]; len(c.Files) == 0 && out.Required {
			names = append(names, out.Name)
		}
	}
	if !r.succeeded() {
		return names
	}
	for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
		if out.Required && (r.Outputs == nil || !r.Outputs.Has(seed.Pointer("").Member(outputKey(out)))) {
			names = append(names, out.Name)
		}
	}
	return names
}

// ending describes in a few words how the run ended.
func (r *Run) ending() string {
	o := r.Outcome
	switch {
	case !o.Started:
		return "did not start"
	case o.TimedOut:
		return "reached its timeout"
	case o.Signal != "":
		return "was ended by a signal: " + o.Signal
	case o.Exit != 0 && r.declared(o.Exit) >= 0:
		return fmt.Sprintf("ended with exit status %d, its error %q", o.Exit, r.Manifest.Job.Errors[r.declared(o.Exit)].Name)
	case o.Exit != 0:
		return fmt.Sprintf("ended with exit status %d", o.Exit)
	case !r.asExpected():
		return fmt.Sprintf("ended with exit status 0, where the case expects %d", r.Case.Expect.Code(r.Manifest))
	}
	return "lacks outputs: " + diag.QuoteFew(r.lacking())
}

// hasErrors reports whether a probe has found an error.
func (r *Run) hasErrors() bool {
	isError := func(d diag.Diagnostic) bool { return d.Level() == diag.Error }
	return slices.ContainsFunc(r.found, isError) || r.unmet != nil && slices.ContainsFunc(r.unmet.Diagnostics, isError)
}

// Reportf adds a finding of the current probe.
func (r *Run) Reportf(at seed.Pointer, format string, args ...any) { r.hintf(at, "", format, args...) }

func (r *Run) hintf(at seed.Pointer, hint, format string, args ...any) {
	r.found = append(r.found, diag.Diagnostic{Rule: &r.probe.Rule, Pointer: at, Hint: r.secrets.Hide(hint), Message: r.hidef(format, args...)})
}

// file returns the file with a name in the inventory, or nil.
func (r *Run) file(name string) *pack.File {
	i, ok := slices.BinarySearchFunc(r.Outcome.Files, name, func(f pack.File, name string) int { return cmp.Compare(f.Name, name) })
	if !ok {
		return nil
	}
	return &r.Outcome.Files[i]
}

// capture matches a pattern against the inventory. Files that describe outputs do not count (trap T-25).
func (r *Run) capture(pattern string) (c Captured) {
	matches := glob.Matcher(pattern)
	for i := range r.Outcome.Files {
		f := &r.Outcome.Files[i]
		if describesOutputs(f.Name) || !matches(f.Name) {
			continue
		}
		if target, _ := r.resolve(f); target != nil && target.Mode.IsRegular() {
			c.Files = append(c.Files, f)
		} else {
			c.Others = append(c.Others, f)
		}
	}
	return c
}

func describesOutputs(name string) bool {
	return name == seed.OutputsFile || strings.HasSuffix(name, seed.SideCarSuffix)
}

const maxLinks = 40 // the limit of Linux, path_resolution(7)

// resolve follows links within the inventory. target is nil if it is missing. outside is true if a link leads out of
// OUTPUT_DIR, since an executor finds another file there, or none.
func (r *Run) resolve(f *pack.File) (target *pack.File, outside bool) {
	for links := 0; f != nil && f.Mode&fs.ModeSymlink != 0; links++ {
		if links == maxLinks {
			return nil, false
		}
		name := path.Join(path.Dir(f.Name), f.Link)
		if path.IsAbs(f.Link) {
			var below bool
			if name, below = strings.CutPrefix(path.Clean(f.Link), outputDir+"/"); !below {
				return nil, true
			}
		}
		if name == ".." || strings.HasPrefix(name, "../") {
			return nil, true
		}
		f = r.file(name)
	}
	return f, false
}

// readable reports whether another user can read a file. If not, it also returns the directory above that prevents it,
// or the file.
func (r *Run) readable(f *pack.File) (blame *pack.File, ok bool) {
	if f.Mode&fs.ModeSymlink != 0 {
		if f, _ = r.resolve(f); f == nil {
			return nil, true // another probe reports it
		}
	}
	if r.otherReads(f) {
		return nil, true
	}
	for i, c := range f.Name {
		if dir := r.file(f.Name[:i]); c == '/' && dir != nil && !r.otherReads(dir) {
			return dir, false
		}
	}
	return f, false
}

// otherReads reports whether another user can read a file. If that could not be tried, the file's mode decides.
func (r *Run) otherReads(f *pack.File) bool {
	if r.Outcome.ReadTestError == "" {
		return f.ReadableByOther
	}
	if f.Mode.IsDir() {
		return f.Mode.Perm()&0o005 == 0o005
	}
	return f.Mode.Perm()&0o004 != 0
}

// key returns the member of seed.outputs.json that an output captures.
func outputKey(out seed.OutputJSON) string { return cmp.Or(out.Key, out.Name) }

// quoteNames quotes a few names, and counts the others.
func quoteNames(files []*pack.File) string {
	var quoted []string
	for _, f := range files {
		quoted = append(quoted, f.Name)
	}
	return diag.QuoteFew(quoted)
}
