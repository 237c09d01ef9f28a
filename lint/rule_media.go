package lint

import (
	_ "embed"
	"path"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// The list has common registered types and not the whole registry, so it is only good for a hint (T-18).
//
//go:embed media-types.txt
var mediaTypeList string

// registered are the types of the list. extensions are the types by file name extension.
var registered, extensions = readMediaTypes(mediaTypeList)

func readMediaTypes(list string) (types map[string]bool, byExtension map[string][]string) {
	types, byExtension = map[string]bool{}, map[string][]string{}
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		types[fields[0]] = true
		for _, ext := range fields[1:] {
			byExtension[ext] = append(byExtension[ext], fields[0])
		}
	}
	return types, byExtension
}

// MediaType returns the likeliest media type for the extension of a file name, or "".
func MediaType(name string) string {
	if types := extensions[strings.ToLower(path.Ext(name))]; len(types) > 0 {
		return types[0]
	}
	return ""
}

// The grammar is RFC 6838, section 4.2. Parameters are RFC 9110, section 5.6.6.
var mediaTypeForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})/([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})` +
	"([ \t]*;[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+=([A-Za-z0-9!#$%&'*+.^_`|~-]+|\"([^\"\\\\]|\\\\.)*\"))*$")

// eachMediaType calls check for every media type that is a string.
func (p *Pass) eachMediaType(check func(at seed.Pointer, value string)) {
	for i, in := range p.Job.Interface.Inputs.Files {
		for j, value := range in.MediaTypes {
			if at := seed.AtInputFiles.Index(i).Member("mediaTypes").Index(j); p.valid(at) {
				check(at, value)
			}
		}
	}
	for i, out := range p.Job.Interface.Outputs.Files {
		if at := seed.AtOutputFiles.Index(i).Member("mediaType"); p.valid(at) {
			check(at, out.MediaType)
		}
	}
}

var mediaType = &Rule{
	Rule: diag.Rule{
		ID:       "media-type",
		Severity: diag.Error,
		Summary:  "a media type must have the form type/subtype",
		Spec:     "1.2 S-1.2-02 S-2.1.1.3.1-08 S-2.1.1.3.2-11 T-18",
	},
	Check: func(p *Pass) {
		p.eachMediaType(func(at seed.Pointer, value string) {
			if mediaTypeForm.MatchString(value) {
				return
			}
			d := p.Reportf(at, "media type %q is not of the form type/subtype, as in \"image/png\"", value)
			if better := formed(value); better != value {
				p.replace(d, "Write "+better, better)
			}
		})
	},
}

var mediaTypesEmpty = &Rule{
	Rule: diag.Rule{
		ID:       "media-types-empty",
		Severity: diag.Warning,
		Summary:  "an input should accept some media type",
		Spec:     "2.1.1.3.1 S-2.1.1.3.1-08",
	},
	Check: func(p *Pass) {
		for i, in := range p.Job.Interface.Inputs.Files {
			if at := seed.AtInputFiles.Index(i).Member("mediaTypes"); p.valid(at) && len(in.MediaTypes) == 0 {
				p.Reportf(at, "mediaTypes is empty, so that input %q accepts nothing: leave it out to accept all", in.Name)
			}
		}
	},
}

// SpellMediaType returns a media type as the fixes of the rules spell it: image/jpg is image/jpeg. It returns any other as it
// is.
func SpellMediaType(value string) string {
	if !mediaTypeForm.MatchString(value) {
		return formed(value)
	}
	if better := oftenMistaken[base(value)]; better != "" && !registered[base(value)] {
		return better
	}
	return value
}

// formed returns the only type for an extension that stands in place of a type, else the value.
func formed(value string) string {
	if types := extensions["."+strings.ToLower(strings.TrimPrefix(value, "."))]; len(types) == 1 {
		return types[0]
	}
	return value
}

// base returns a type without its parameters, in lower case.
func base(value string) string {
	value, _, _ = strings.Cut(strings.ToLower(value), ";")
	return strings.TrimSpace(value)
}

// oftenMistaken are types that authors often write for another type.
var oftenMistaken = map[string]string{
	"image/jpg": "image/jpeg", "image/tif": "image/tiff", "text/json": "application/json", "application/png": "image/png",
	"txt/csv": "text/csv", "application/csv": "text/csv", "image/geotiff": "image/tiff", "text/yaml": "application/yaml",
	"application/jpeg": "image/jpeg", "application/geojson": "application/geo+json", "application/x-zip-compressed": "application/zip",
}

var mediaTypeUnregistered = &Rule{
	Rule: diag.Rule{
		ID:       "media-type-unregistered",
		Severity: diag.Notice,
		Summary:  "a media type may be one that is registered",
		Spec:     "1.2 S-1.2-02 T-18",
	},
	Check: func(p *Pass) {
		p.eachMediaType(func(at seed.Pointer, value string) {
			base := base(value)
			if !mediaTypeForm.MatchString(value) || registered[base] || privateTree(base) {
				return
			}
			d := p.Reportf(at, "media type %q is not among the registered ones known here: check it, since files are matched by it", value)
			if better := oftenMistaken[base]; better != "" {
				d.Hint = "the registered one is " + better
				p.replace(d, "Write "+better, better)
			}
		})
	},
}

// privateTree reports whether a type is in the vendor or personal tree. The list does not cover these.
func privateTree(base string) bool {
	_, subtype, _ := strings.Cut(base, "/")
	return strings.HasPrefix(subtype, "vnd.") || strings.HasPrefix(subtype, "prs.")
}
