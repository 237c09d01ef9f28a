package lint

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

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
	for _, ask := range []func(string, *seed.Source, Options) *diag.Diagnostic{inArray, inString, jobInJob, flattened} {
		if d := ask(path, src, opt); d != nil {
			return d
		}
	}
	if src.Has(seed.AtJob) || src.Has("/seedVersion") && src.Has("/jobs") {
		return nil
	}
	if d := wrapped(path, src, opt); d != nil {
		return d
	}
	return otherDocument(src)
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
	d.Fixes = keepOnly(path, src, first, "Remove the brackets", opt)
	return d
}

// keepOnly returns a fix that removes all but the value at a pointer, if nothing is wrong with that as a manifest.
func keepOnly(path string, src *seed.Source, at seed.Pointer, title string, opt Options) []diag.Fix {
	all, inner := src.Span(""), src.Span(at)
	edits := []diag.Edit{{Span: seed.Span{Start: all.Start, End: inner.Start}}, {Span: seed.Span{Start: inner.End, End: all.End}}}
	text, _ := diag.ApplyFixes(src.Text, []diag.Fix{{Edits: edits}})
	if Manifest(path, seed.Parse(text), opt).Count(diag.Error) > 0 {
		return nil
	}
	return []diag.Fix{{Title: title, Edits: edits, Unsafe: true}}
}

// inString recognises a manifest that is the text of a string, as a label may be copied.
func inString(_ string, src *seed.Source, _ Options) *diag.Diagnostic {
	if src.Kind("") != "string" {
		return nil
	}
	text, ok := seed.Unescape(string(src.Raw("")))
	if !ok {
		return nil
	}
	return &diag.Diagnostic{Rule: &memberType, Pointer: "", Message: "the manifest is the text of a string, as in a label, but it should be the JSON itself",
		Fixes: []diag.Fix{{Title: "Write the JSON without the escapes", Edits: []diag.Edit{{Span: src.Span(""), New: text}}}}}
}

// wrapped recognises a manifest that lies deeper in another document, as a value or as the text of a string.
func wrapped(path string, src *seed.Source, opt Options) *diag.Diagnostic {
	at := manifestIn(src, "", 0)
	if at == "" {
		return nil
	}
	name := strings.ReplaceAll(string(at[1:]), "/", ".")
	d := &diag.Diagnostic{Rule: &memberUnknown, Pointer: at, Key: true,
		Message: diag.Sprintf("the manifest is the value of the member %q, but it should be the whole document", name),
		Hint:    diag.Sprintf("write the value of %q to a file of its own", name)}
	if src.Kind(at) == "string" {
		d.Message = diag.Sprintf("the manifest is the text of the member %q, but it should be the whole document", name)
		d.Hint = diag.Sprintf("write the text of %q to a file of its own, without the escapes", name)
		return d
	}
	d.Fixes = keepOnly(path, src, at, "Remove what is around the manifest", opt)
	return d
}

// manifestIn returns the pointer to the first manifest below a value, or "".
func manifestIn(src *seed.Source, at seed.Pointer, depth int) seed.Pointer {
	const deepest, widest = 4, 50
	var below []seed.Pointer
	switch src.Kind(at) {
	case "object":
		if src.Kind(at.Member("job")) == "object" && src.Has(at.Member("seedVersion")) {
			return at
		}
		for _, name := range src.Members(at) {
			below = append(below, at.Member(name))
		}
	case "array":
		for i := range src.Len(at) {
			below = append(below, at.Index(i))
		}
	case "string":
		if isEscaped(src, at) {
			return at
		}
	}
	if depth == deepest {
		return ""
	}
	for _, p := range below[:min(len(below), widest)] {
		if found := manifestIn(src, p, depth+1); found != "" {
			return found
		}
	}
	return ""
}

// isEscaped reports whether the string at a pointer has the text of a manifest.
func isEscaped(src *seed.Source, at seed.Pointer) bool {
	raw := src.Raw(at)
	if !bytes.Contains(raw, []byte("seedVersion")) {
		return false
	}
	text, ok := seed.Unescape(string(raw))
	if !ok {
		return false
	}
	inner := seed.ParseJSON([]byte(text))
	return inner.Kind("/job") == "object" && inner.Has("/seedVersion")
}

// jobInJob recognises a job that is the value of a member "job" of another one.
func jobInJob(_ string, src *seed.Source, _ Options) *diag.Diagnostic {
	at := seed.AtJob.Member("job")
	if src.Kind(at) != "object" || src.Len(seed.AtJob) != 1 {
		return nil
	}
	return &diag.Diagnostic{Rule: &memberUnknown, Pointer: at, Key: true, Message: `"job" is within another "job", but the members of the job belong into the outer one`,
		Hint: "remove one of the two"}
}

// ofJob are members that a job has and the root of a manifest has not.
var ofJob = []string{"name", "jobVersion", "packageVersion", "title", "description", "maintainer", "timeout", "interface", "resources", "errors", "tags"}

// flattened recognises a manifest that has the members of its job at the root.
func flattened(_ string, src *seed.Source, _ Options) *diag.Diagnostic {
	found := 0
	for _, name := range src.Members("") {
		if slices.Contains(ofJob, name) {
			found++
		}
	}
	const least = 3
	if src.Kind(seed.AtJob) != "object" && src.Has(seed.AtJob) || src.Len(seed.AtJob) > 0 || src.Has("/jobs") || src.Has("/manifestVersion") || found < least || src.Has("/dependencies") {
		return nil
	}
	return &diag.Diagnostic{Rule: &memberMissing, Pointer: "",
		Message: `the members of the job stand at the root, but they belong into a member "job"`,
		Hint:    `write {"seedVersion": "1.0.0", "job": { … }} around them`}
}

// others are kinds of JSON documents by members of their root.
var others = []struct {
	members []string
	what    string
}{
	{[]string{"stac_version"}, "a STAC document"},
	{[]string{"type", "geometry"}, "GeoJSON"},
	{[]string{"type", "features"}, "GeoJSON"},
	{[]string{"type", "coordinates"}, "GeoJSON"},
	{[]string{"schemaVersion", "manifests"}, "an OCI image index"},
	{[]string{"schemaVersion", "layers"}, "an OCI image manifest"},
	{[]string{"$schema", "properties"}, "a JSON schema"},
	{[]string{"name", "version", "dependencies"}, "a package.json"},
	{[]string{"name", "version", "scripts"}, "a package.json"},
	{[]string{"cwlVersion"}, "a CWL document"},
	{[]string{"schema-version", "tool-version"}, "a Boutiques descriptor"},
	{[]string{"message", "documentation_url"}, "an error message of GitHub"},
	{[]string{"apiVersion", "kind"}, "a Kubernetes object"},
	{[]string{"specificationVersion", "steps"}, "an Open Job Description template"},
}

// otherDocument recognises a document that has nothing of a manifest: neither its members nor what they may have been meant to be.
func otherDocument(src *seed.Source) *diag.Diagnostic {
	names := src.Members("")
	if src.Kind("") != "object" || src.Incomplete() {
		return nil
	}
	for _, name := range names {
		if meant := diag.Meant(name, []string{"job", "seedVersion", "jobs", "manifestVersion"}); meant != "" {
			return nil
		}
	}
	d := &diag.Diagnostic{Rule: &memberMissing, Pointer: "", Message: `this is no manifest: it has neither "seedVersion" nor "job"`,
		Hint: `write {"seedVersion": "1.0.0", "job": { … }}; seedpack init writes a first one`}
	for _, o := range others {
		if !slices.ContainsFunc(o.members, func(name string) bool { return !src.Has(seed.Pointer("").Member(name)) }) {
			d.Message = diag.Sprintf(`this looks like %s, and not like a manifest: it has neither "seedVersion" nor "job"`, o.what)
			break
		}
	}
	return d
}
