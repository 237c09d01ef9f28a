package verify

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

func matchBase(pattern, name string) bool { return glob.Match(pattern, path.Base(name)) }

// needsOutputs reports whether a run that succeeded needs seed.outputs.json: if a JSON output is required (trap T-31).
func (r *Run) needsOutputs() bool {
	for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
		if out.Required {
			return r.succeeded()
		}
	}
	return false
}

var outputsFileMissing = &Probe{
	Rule: diag.Rule{ID: "outputs-json-missing", Severity: diag.Error, Spec: "2.1.1.3.2 S-2.1.1.3.2-04",
		Summary: "a job with required JSON outputs must write seed.outputs.json"},
	Check: func(r *Run) {
		if r.needsOutputs() && r.file(seed.OutputsFile) == nil && r.Outcome.FilesCut == 0 {
			r.Reportf(seed.AtOutputJSON, "the job wrote no %s, which its JSON outputs are read from; %s", seed.OutputsFile, r.listFiles(seed.OutputsFile))
		}
	},
}

var outputsFileMisplaced = &Probe{
	Rule: diag.Rule{ID: "outputs-json-misplaced", Severity: diag.Warning, Spec: "2.1.1.3.2 S-2.1.1.3.2-04",
		Summary: "seed.outputs.json should stand at the root of OUTPUT_DIR, in lower case"},
	Check: func(r *Run) {
		for _, f := range r.Outcome.Files {
			if r.misplaced(f.Name) {
				r.Reportf(r.interfaceMember(seed.AtOutputJSON), "the job wrote %q, executors read only %q at the root of OUTPUT_DIR", f.Name, seed.OutputsFile)
			}
		}
	},
}

// misplaced reports whether a file looks like seed.outputs.json but has another place or other case. In a job without JSON
// outputs it may also be what an output captures.
func (r *Run) misplaced(name string) bool {
	if !r.succeeded() || r.file(seed.OutputsFile) != nil || !strings.EqualFold(path.Base(name), seed.OutputsFile) {
		return false
	}
	return len(r.Manifest.Job.Interface.Outputs.JSON) > 0 || !slices.ContainsFunc(r.Files, func(c Captured) bool {
		return slices.ContainsFunc(c.Files, func(f *pack.File) bool { return f.Name == name })
	})
}

var outputsFileSyntax = &Probe{
	Rule: diag.Rule{ID: "outputs-json-syntax", Severity: diag.Error, Spec: "2.1.1.3.2 T-31",
		Summary: "seed.outputs.json must be a JSON object"},
	Check: func(r *Run) {
		// Executors read the file if it is there, whether the manifest declares JSON outputs or not.
		f, at := r.file(seed.OutputsFile), r.interfaceMember(seed.AtOutputJSON)
		switch {
		case f == nil || !r.succeeded():
		case !f.Mode.IsRegular():
			r.Reportf(at, "%s is %s, it should be a file", f.Name, r.kind(f))
		case r.Outputs == nil:
			r.Reportf(at, "%s has %d bytes, which is more than executors and Seedpack read", f.Name, f.Size)
		case r.brokenOutputs() != nil:
			p := r.brokenOutputs()
			place := r.Outputs.Position(p.Span.Start)
			r.hintf(at, p.Hint, "%s is not JSON: line %d, column %d: %s", f.Name, place.Line, place.Column, p.Message)
		case r.Outputs.Kind("") != "object":
			r.Reportf(at, "%s holds %s, it should hold an object", f.Name, r.Outputs.Kind(""))
		}
	},
}

// brokenOutputs returns why seed.outputs.json is not JSON, or nil. Another probe reports duplicate members.
func (r *Run) brokenOutputs() *seed.Problem {
	for i, p := range r.Outputs.Problems {
		if p.Code != seed.CodeDuplicate {
			return &r.Outputs.Problems[i]
		}
	}
	return nil
}

// hasOutputs reports whether seed.outputs.json is there and holds an object.
func (r *Run) hasOutputs() bool {
	return r.Outputs != nil && r.brokenOutputs() == nil && r.Outputs.Kind("") == "object"
}

// eachJSON calls do for every JSON output, if seed.outputs.json can be read.
func (r *Run) eachJSON(do func(at seed.Pointer, out seed.OutputJSON, value []byte)) {
	if !r.hasOutputs() {
		return
	}
	for i, out := range r.Manifest.Job.Interface.Outputs.JSON {
		do(seed.AtOutputJSON.Index(i), out, r.Outputs.Raw(seed.Pointer("").Member(outputKey(out))))
	}
}

var outputsKeyMissing = &Probe{
	Rule: diag.Rule{ID: "outputs-json-key", Severity: diag.Error, Spec: "2.1.1.3.2 S-2.1.1.3.2-29",
		Summary: "seed.outputs.json must have the key of each required JSON output"},
	Check: func(r *Run) {
		r.eachJSON(func(at seed.Pointer, out seed.OutputJSON, value []byte) {
			if value != nil || !out.Required {
				return
			}
			members := nearestPattern(outputKey(out), r.Outputs.Members(""))
			there, hint := "it is empty", ""
			if len(members) > 0 {
				there = "there is " + diag.QuoteFew(members)
				if strings.EqualFold(members[0], outputKey(out)) {
					hint = "keys are case-sensitive"
				}
			}
			r.hintf(at, hint, "JSON output %q has no value: %s has no key %q; %s", out.Name, seed.OutputsFile, outputKey(out), there)
		})
	},
}

var outputsKeyDuplicate = &Probe{
	Rule: diag.Rule{ID: "outputs-json-duplicate", Severity: diag.Warning, Spec: "2 T-33",
		Summary: "keys of seed.outputs.json should be there once"},
	Check: func(r *Run) {
		if r.Outputs == nil {
			return
		}
		for _, p := range r.Outputs.Problems {
			if p.Code == seed.CodeDuplicate {
				r.Reportf(r.interfaceMember(seed.AtOutputJSON), "%s, line %d: %s", seed.OutputsFile, r.Outputs.Position(p.Span.Start).Line, p.Message)
			}
		}
	},
}

var outputsKeyUnexpected = &Probe{
	Rule: diag.Rule{ID: "outputs-json-unexpected", Severity: diag.Warning, Spec: "2.1.1.3.2 S-2.1.1.3.2-27",
		Summary: "keys of seed.outputs.json should belong to a JSON output"},
	Check: func(r *Run) {
		if !r.hasOutputs() {
			return
		}
		known := map[string]bool{}
		for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
			known[outputKey(out)] = true
		}
		var left []string
		for _, member := range r.Outputs.Members("") {
			if !known[member] && !r.differsInCase(member) {
				left = append(left, member)
			}
		}
		if len(left) > 0 {
			r.hintf(r.interfaceMember(seed.AtOutputJSON), r.addTo(seed.AtOutputJSON, r.jsonMembers(left)), "no JSON output captures %s of %s", diag.QuoteFew(left), seed.OutputsFile)
		}
	},
}

// differsInCase reports whether a member differs from a missing key only in case. Another probe reports that.
func (r *Run) differsInCase(member string) bool {
	for _, out := range r.Manifest.Job.Interface.Outputs.JSON {
		if strings.EqualFold(outputKey(out), member) && out.Required && !r.Outputs.Has(seed.Pointer("").Member(outputKey(out))) {
			return true
		}
	}
	return false
}

var outputsType = &Probe{
	Rule: diag.Rule{ID: "outputs-json-type", Severity: diag.Error, Spec: "2.1.1.3.2 S-2.1.1.3.2-25",
		Summary: "values in seed.outputs.json must be of the declared type"},
	Check: func(r *Run) {
		r.eachJSON(func(at seed.Pointer, out seed.OutputJSON, value []byte) {
			if value != nil && !seed.HasType(value, out.Type) {
				is := seed.TypeOf(value)
				if is != "null" { // which is its value, too
					is += " " + r.brief(value)
				}
				r.Reportf(at, "JSON output %q is %s, it should be of type %s", out.Name, is, out.Type)
			}
		})
	},
}

var outputsInteger = &Probe{
	Rule: diag.Rule{ID: "outputs-json-integer", Severity: diag.Warning, Spec: "1.2 T-04",
		Summary: "integers should be written without a fraction"},
	Check: func(r *Run) {
		r.eachJSON(func(at seed.Pointer, out seed.OutputJSON, value []byte) {
			if out.Type == "integer" && seed.TypeOf(value) == "integer" && bytes.ContainsAny(value, ".eE") {
				r.Reportf(at, "JSON output %q is written %s, readers of an older JSON Schema take that for no integer", out.Name, r.brief(value))
			}
		})
	},
}
