package verify

import (
	"encoding/json"
	"mime"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

var outputMediaType = &Probe{
	Rule: diag.Rule{ID: "output-media-type", Severity: diag.Warning, Spec: "2.1.1.3.2 S-2.1.1.3.2-11",
		Summary: "the content of an output should be of its mediaType"},
	Check: func(r *Run) {
		r.eachOutput(func(at seed.Pointer, out seed.OutputFile, c Captured) {
			for _, f := range c.Files {
				target, _ := r.resolve(f)
				if len(target.Content) == 0 {
					continue
				}
				if found, ok := contradicts(out.MediaType, target.Content); ok {
					r.Reportf(at, "output %q: %q looks like %s, its mediaType is %s", out.Name, f.Name, found, out.MediaType)
					return
				}
			}
		})
	},
}

// contradicts reports whether content is certainly not of a media type, and returns what it looks like. Only binary
// formats that begin with a mark are certain. Text may be anything, and so may a type that is not known by its content.
func contradicts(declared string, content []byte) (found string, yes bool) {
	want, _, err := mime.ParseMediaType(declared)
	if err != nil || want == "application/octet-stream" {
		return "", false
	}
	got := mimetype.Detect(content)
	for t := got; t != nil; t = t.Parent() {
		if t.Is(want) || sameFamily(want, t.String()) {
			return "", false
		}
	}
	known := mimetype.Lookup(want)
	isText := strings.HasPrefix(got.String(), "text/") || got.Is("application/json")
	switch {
	case known == nil:
		// A type that the detection does not know. Only plain text instead of a picture is certainly wrong.
		return got.String(), isText && isPicture(want)
	case got.Is("application/octet-stream"):
		return "content of no known type", hasMark(want)
	case isText:
		return got.String(), hasMark(want)
	}
	return got.String(), true
}

// hasMark reports whether files of a type begin with a mark that the detection knows.
func hasMark(mediaType string) bool {
	return isPicture(mediaType) && mediaType != "image/svg+xml" || mediaType == "application/zip" || mediaType == "application/gzip" || mediaType == "application/pdf"
}

func isPicture(mediaType string) bool {
	return strings.HasPrefix(mediaType, "image/") && !strings.HasSuffix(mediaType, "+xml")
}

// sameFamily reports whether one type is a form of the other: application/vnd.x+json is JSON, and all of text/ is text.
func sameFamily(want, got string) bool {
	got, _, _ = strings.Cut(got, ";")
	if strings.HasPrefix(want, "text/") && strings.HasPrefix(got, "text/") {
		return true
	}
	_, form, structured := strings.Cut(want, "+")
	return structured && strings.HasSuffix(got, "/"+form) || strings.HasSuffix(want, "json") && strings.HasSuffix(got, "json")
}

// sideCars calls do for each side-car, with the file that it describes, or nil if there is none.
func (r *Run) sideCars(do func(car, described *pack.File)) {
	if !r.succeeded() {
		return
	}
	for i := range r.Outcome.Files {
		car := &r.Outcome.Files[i]
		if name, ok := strings.CutSuffix(car.Name, seed.SideCarSuffix); ok && car.Mode.IsRegular() {
			do(car, r.file(name))
		}
	}
}

// outputOf returns the place of the output that captures a file.
func (r *Run) outputOf(f *pack.File) seed.Pointer {
	for i, c := range r.Files {
		for _, captured := range c.Files {
			if f != nil && captured.Name == f.Name {
				return seed.AtOutputFiles.Index(i)
			}
		}
	}
	return r.interfaceMember(seed.AtOutputFiles)
}

const fewViolations = 3

var sideCarInvalid = &Probe{
	Rule: diag.Rule{ID: "side-car-invalid", Severity: diag.Error, Spec: "3.1.3 S-3.1.3-03",
		Summary: "a side-car must be GeoJSON as the metadata schema has it"},
	Check: func(r *Run) {
		r.sideCars(func(car, described *pack.File) {
			if !car.Collected {
				return
			}
			at, src := r.outputOf(described), seed.ParseJSON(car.Content)
			if len(src.Problems) > 0 {
				p := src.Problems[0]
				place := src.Position(p.Span.Start)
				r.hintf(at, p.Hint, "side-car %q is not JSON: line %d, column %d: %s", car.Name, place.Line, place.Column, p.Message)
				return
			}
			violations := schema.Metadata(src)
			for _, v := range violations[:min(len(violations), fewViolations)] {
				place := src.Position(src.Span(v.Pointer).Start)
				r.hintf(at, v.Hint, "side-car %q, line %d, column %d: %s", car.Name, place.Line, place.Column, v.Message)
			}
		})
	},
}

var sideCarDate = &Probe{
	Rule: diag.Rule{ID: "side-car-date", Severity: diag.Notice, Spec: "1.2 S-1.2-04",
		Summary: "dates in a side-car should be written as RFC 3339 has them"},
	Check: func(r *Run) {
		r.sideCars(func(car, described *pack.File) {
			src := seed.ParseJSON(car.Content)
			if !car.Collected || len(src.Problems) > 0 {
				return
			}
			for _, member := range []string{"start", "end"} {
				at := seed.Pointer("/properties/time").Member(member)
				var date string
				if !src.Has(at) || json.Unmarshal(src.Raw(at), &date) != nil {
					continue // the schema reports it
				}
				if _, err := time.Parse(time.RFC3339, date); err != nil {
					r.Reportf(r.outputOf(described), "side-car %q: time.%s is %q, it should be a date like 2016-08-06T00:00:00Z", car.Name, member, date)
				}
			}
		})
	},
}

var sideCarOrphan = &Probe{
	Rule: diag.Rule{ID: "side-car-orphan", Severity: diag.Warning, Spec: "3.1.3 S-3.1.3-02",
		Summary: "a side-car should lie beside the file that it describes"},
	Check: func(r *Run) {
		r.sideCars(func(car, described *pack.File) {
			if described != nil {
				return
			}
			base := strings.TrimSuffix(car.Name, seed.SideCarSuffix)
			hint := ""
			for _, f := range r.Outcome.Files {
				if f.Mode.IsRegular() && strings.HasPrefix(f.Name, base+".") && !describesOutputs(f.Name) {
					hint = "the side-car of " + oneLine(f.Name) + " is called " + oneLine(f.Name+seed.SideCarSuffix)
					break
				}
			}
			r.hintf(r.interfaceMember(seed.AtOutputFiles), hint, "side-car %q describes %q, which is not there", car.Name, base)
		})
	},
}
