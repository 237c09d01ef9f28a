package lint

import (
	"path/filepath"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A document may be wrong as a whole: its manifest lies deeper, or it is of an older version. It then gets the one finding
// that says so, and nothing else.

// shapeOf returns what is wrong with the document as a whole, or nil.
func shapeOf(path string, m *seed.Manifest, opt Options) *diag.Diagnostic {
	src := m.Source
	if len(src.Problems) > 0 && src.Incomplete() {
		return nil // members may be elsewhere than it seems
	}
	if d := olderVersion(path, src, opt); d != nil {
		return d
	}
	if d := inArray(path, src, opt); d != nil {
		return d
	}
	if src.Kind("") != "object" || src.Has(seed.AtJob) || src.Has("/seedVersion") && src.Has("/jobs") {
		return nil
	}
	if d := wrapped(src); d != nil {
		return d
	}
	return flattened(src)
}

// olderVersion recognises a manifest of JobPack or of an older version of the standard.
func olderVersion(path string, src *seed.Source, opt Options) *diag.Diagnostic {
	form := src.Form(filepath.Base(path))
	if !form.Old() {
		return nil
	}
	at := src.FormAt()
	if src.Has("/jobs") && !src.Has(seed.AtJob) {
		at = "/jobs"
	}
	d := &diag.Diagnostic{Rule: &seedVersion, Pointer: at, Key: at == "/jobs",
		Message: diag.Sprintf("this is a manifest of %s, must be one of Seed 1.0.0", form),
		Hint:    "seedpack migrate brings it over"}
	if at == "/jobs" {
		d.Message += ", which holds one job"
	}
	if at != "/seedVersion" || src.Kind(at) != "string" {
		return d
	}
	edits := []diag.Edit{{Span: src.Span(at), New: encode("1.0.0")}}
	text, _ := diag.ApplyFixes(src.Text, []diag.Fix{{Edits: edits}})
	if Manifest(path, seed.Parse(text), opt).Count(diag.Error) == 0 {
		d.Message += ": nothing but the version has to change"
		d.Hint, d.Fixes = "", []diag.Fix{{Title: "Write 1.0.0", Edits: edits}}
	}
	return d
}

// inArray recognises an array of manifests. If there is one, and nothing else is wrong, a fix removes the brackets.
func inArray(path string, src *seed.Source, opt Options) *diag.Diagnostic {
	first := seed.Pointer("").Index(0)
	if src.Kind("") != "array" || src.Kind(first) != "object" || !src.Has(first.Member("job")) && !src.Has(first.Member("seedVersion")) {
		return nil
	}
	d := &diag.Diagnostic{Rule: &memberType, Pointer: "", Message: "the manifest is the only element of an array, but it should be the whole document", Hint: "remove [ ]"}
	if n := src.Len(""); n > 1 {
		d.Message = diag.Sprintf("an array of %d elements, but a file holds one manifest", n)
		d.Hint = "write each manifest to a file of its own"
		return d
	}
	all, inner := src.Span(""), src.Span(first)
	edits := []diag.Edit{{Span: seed.Span{Start: all.Start, End: inner.Start}}, {Span: seed.Span{Start: inner.End, End: all.End}}}
	text, _ := diag.ApplyFixes(src.Text, []diag.Fix{{Edits: edits}})
	if Manifest(path, seed.Parse(text), opt).Count(diag.Error) == 0 {
		d.Fixes = []diag.Fix{{Title: "Remove the brackets", Edits: edits, Unsafe: true}}
	}
	return d
}

// wrapped recognises a manifest that is the value of a member of another document.
func wrapped(src *seed.Source) *diag.Diagnostic {
	for _, name := range src.Members("") {
		at := seed.Pointer("").Member(name)
		if src.Kind(at.Member("job")) == "object" && src.Has(at.Member("seedVersion")) {
			return &diag.Diagnostic{Rule: &memberUnknown, Pointer: at, Key: true,
				Message: diag.Sprintf("the manifest is the value of the member %q, but it should be the whole document", name),
				Hint:    diag.Sprintf("write the value of %q to a file of its own", name)}
		}
	}
	return nil
}

// ofJob are members that a job has and the root of a manifest has not.
var ofJob = []string{"name", "jobVersion", "packageVersion", "title", "description", "maintainer", "timeout", "interface", "resources", "errors", "tags"}

// flattened recognises a manifest that has the members of its job at the root.
func flattened(src *seed.Source) *diag.Diagnostic {
	found := 0
	for _, name := range src.Members("") {
		if slices.Contains(ofJob, name) {
			found++
		}
	}
	const least = 3
	if src.Has(seed.AtJob) || src.Has("/jobs") || src.Has("/manifestVersion") || found < least {
		return nil
	}
	return &diag.Diagnostic{Rule: &memberMissing, Pointer: "",
		Message: `the members of the job stand at the root, but they belong into a member "job"`,
		Hint:    `write {"seedVersion": "1.0.0", "job": { … }} around them`}
}
