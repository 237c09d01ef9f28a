package verify

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// eachOutput calls do for every file output of a run that succeeded.
func (r *Run) eachOutput(do func(at seed.Pointer, out seed.OutputFile, c Captured)) {
	for i, c := range r.Files {
		do(seed.AtOutputFiles.Index(i), r.Manifest.Job.Interface.Outputs.Files[i], c)
	}
}

var outputMissing = &Probe{
	Rule: diag.Rule{ID: "output-missing", Severity: diag.Error, Spec: "2.1.1.3.2 S-2.1.1.3.2-18",
		Summary: "a required output must match a file"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			if len(c.Files) > 0 || !out.Required || r.Outcome.FilesCut > 0 {
				return // of files that are not listed nothing is known: judge says so
			}
			if len(c.Others) > 0 {
				r.Reportf(at, "output %q has no file: nothing but %s matches %q", out.Name, quoteNames(c.Others), out.Pattern)
				return
			}
			r.hintf(at, r.elsewhereHint(out.Pattern), "output %q has no file: nothing matches %q; %s", out.Name, out.Pattern, r.listFiles(out.Pattern))
		})
	},
}

// listFiles lists the files of the output directory, with the likeliest first.
func (r *Run) listFiles(want string) string {
	var all []string
	for _, f := range r.Outcome.Files {
		if !f.Mode.IsDir() {
			all = append(all, f.Name)
		}
	}
	if len(all) == 0 {
		return "OUTPUT_DIR is empty"
	}
	return "there is " + diag.QuoteFew(nearestPattern(want, all))
}

// elsewhereHint names a file with the name of an output that is not below OUTPUT_DIR (S-3.1.1.2-03).
func (r *Run) elsewhereHint(pattern string) string {
	base := pattern[strings.LastIndexByte(pattern, '/')+1:]
	for _, f := range r.Outcome.Elsewhere.Files {
		if matchBase(base, f.Name) {
			return fmt.Sprintf("%q was written, outputs belong below OUTPUT_DIR", f.Name)
		}
	}
	return ""
}

var outputPlurality = &Probe{
	Rule: diag.Rule{ID: "output-plurality", Severity: diag.Error, Spec: "3.1.2 S-3.1.2-07",
		Summary: "an output that is not multiple must match one file"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			if len(c.Files) > 1 && !out.Multiple {
				r.hintf(at, "declare it multiple, or make the pattern narrower", "output %q matches %d files, it should match one: %s", out.Name, len(c.Files), quoteNames(c.Files))
			}
		})
	},
}

var outputUnreadable = &Probe{
	Rule: diag.Rule{ID: "output-unreadable", Severity: diag.Error, Spec: "3.1.2 S-3.1.2-03",
		Summary: "outputs must be readable for the executor, which is another user"},
	Check: func(r *Run) {
		if d := r.Outcome.Directory; r.succeeded() && len(r.Outcome.Files) > 0 && !r.directoryReadable() {
			r.hintf(r.interfaceMember(seed.AtOutputFiles.Parent()), "tar, cp -a and rsync -a give it the mode of the directory that they copy: end the job with chmod 755 \"$OUTPUT_DIR\"",
				"the job left OUTPUT_DIR with mode %04o, owned by user %d: an executor, which is another user, can read none of its outputs", d.Mode.Perm(), d.UID)
		}
		told := map[string]bool{}
		tell := func(at seed.Pointer, what string, f *pack.File) {
			blame, ok := r.readable(f)
			if ok || told[string(at)+blame.Name] {
				return
			}
			told[string(at)+blame.Name] = true
			kind, hint := "is", "chmod +r it in the job"
			if blame.Mode.IsDir() {
				kind, hint = "lies in a directory that is", "chmod +rx the directory in the job"
			}
			r.hintf(at, hint, "%s: file %q %s not readable for others: %q has mode %04o", what, f.Name, kind, blame.Name, blame.Mode.Perm())
		}
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			for _, f := range c.Files {
				tell(at, fmt.Sprintf("output %q", out.Name), f)
				if car := r.file(f.Name + seed.SideCarSuffix); car != nil {
					tell(at, fmt.Sprintf("output %q", out.Name), car)
				}
			}
		})
		if f := r.file(seed.OutputsFile); f != nil && f.Mode.IsRegular() && r.succeeded() && len(r.Manifest.Job.Interface.Outputs.JSON) > 0 {
			tell(seed.AtOutputJSON, "JSON outputs", f)
		}
	},
}

// directoryReadable reports whether another user can list and enter OUTPUT_DIR itself.
func (r *Run) directoryReadable() bool {
	d := r.Outcome.Directory
	return !d.Mode.IsDir() || d.ReadableByOther || r.Outcome.ReadTestError != "" && d.Mode.Perm()&0o005 == 0o005
}

var outputLinkOutside = &Probe{
	Rule: diag.Rule{ID: "output-link-outside", Severity: diag.Error, Spec: "2.1.1.3.2 T-27",
		Summary: "an output must not be a link out of OUTPUT_DIR"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			for _, f := range c.Others {
				if _, outside := r.resolve(f); outside {
					r.Reportf(at, "output %q matches the link %q to %q, which leaves OUTPUT_DIR: an executor finds another file there, or none", out.Name, f.Name, f.Link)
				}
			}
		})
	},
}

var outputNoFile = &Probe{
	Rule: diag.Rule{ID: "output-no-file", Severity: diag.Warning, Spec: "2.1.1.3.2 T-27",
		Summary: "the pattern of an output should match nothing but files"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			for _, f := range c.Others {
				if _, outside := r.resolve(f); !outside {
					r.Reportf(at, "output %q matches %q, %s, which executors cannot capture", out.Name, f.Name, r.kind(f))
				}
			}
		})
	},
}

func (r *Run) kind(f *pack.File) string {
	target, outside := r.resolve(f)
	switch {
	case outside:
		return fmt.Sprintf("a link to %q, which is outside of OUTPUT_DIR", f.Link)
	case target == nil && r.file(path.Join(path.Dir(f.Name), f.Link)) != nil:
		return fmt.Sprintf("a link to %q, which leads nowhere", f.Link)
	case target == nil:
		return fmt.Sprintf("a link to %q, which is not there", f.Link)
	case target.Mode.IsRegular():
		return fmt.Sprintf("a link to %q", f.Link)
	case target.Mode.IsDir():
		return "a directory"
	case target.Mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case target.Mode&fs.ModeSocket != 0:
		return "a socket"
	case target.Mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "no file"
}

var outputShared = &Probe{
	Rule: diag.Rule{ID: "output-shared", Severity: diag.Warning, Spec: "2.1.1.3.2 T-27",
		Summary: "a file should belong to one output"},
	Check: func(r *Run) {
		first := map[string]string{}
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			for _, f := range c.Files {
				if other, taken := first[f.Name]; taken {
					r.Reportf(at, "output %q matches %q, which output %q matches too", out.Name, f.Name, other)
				} else {
					first[f.Name] = out.Name
				}
			}
		})
	},
}

var outputUncaptured = &Probe{
	Rule: diag.Rule{ID: "output-uncaptured", Severity: diag.Notice, Spec: "2.1.1.3.2 S-2.1.1.3.2-01",
		Summary: "files in OUTPUT_DIR should belong to an output"},
	Check: func(r *Run) {
		if !r.succeeded() || r.lacksOutputs() {
			return // the finding on the missing output lists the files
		}
		captured := map[string]bool{}
		r.eachOutput(func(_ seed.Pointer, _ seed.OutputFile, c Captured) {
			for _, f := range slices.Concat(c.Files, c.Others) {
				captured[f.Name] = true
				if target, _ := r.resolve(f); target != nil {
					captured[target.Name] = true
				}
			}
		})
		var left []*pack.File
		for i := range r.Outcome.Files {
			f := &r.Outcome.Files[i]
			if !f.Mode.IsDir() && !captured[f.Name] && !describesOutputs(f.Name) && !r.misplaced(f.Name) {
				left = append(left, f)
			}
		}
		if len(left) > 0 {
			r.hintf(r.interfaceMember(seed.AtOutputFiles), r.addTo(seed.AtOutputFiles, r.fileMembers(left)), "no output captures %s: executors throw away what no pattern matches", quoteNames(left))
		}
	},
}

// interfaceMember returns a place in the manifest, or the nearest existing member above it.
func (r *Run) interfaceMember(p seed.Pointer) seed.Pointer {
	for p != "/job" && !r.Manifest.Source.Has(p) {
		p = p.Parent()
	}
	return p
}
