package lint

import (
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// eachMediaType calls check for every media type that is a string. Others are the types of the same list.
func (p *Pass) eachMediaType(check func(at seed.Pointer, value string, others []string)) {
	for i, in := range p.Job.Interface.Inputs.Files {
		for j, value := range in.MediaTypes {
			if at := seed.AtInputFiles.Index(i).Member("mediaTypes").Index(j); p.valid(at) {
				check(at, value, in.MediaTypes)
			}
		}
	}
	for i, out := range p.Job.Interface.Outputs.Files {
		if at := seed.AtOutputFiles.Index(i).Member("mediaType"); p.valid(at) {
			check(at, out.MediaType, nil)
		}
	}
}

// replaceType adds a fix that writes another media type, unless the list has it already.
func (p *Pass) replaceType(d *diag.Diagnostic, right string, others []string) {
	for _, o := range others {
		if strings.EqualFold(o, right) {
			d.Hint = "take it out: " + right + " is there already"
			return
		}
	}
	p.replace(d, "Write "+right, right)
}

var mediaType = &Rule{
	Rule: diag.Rule{
		ID:       "media-type",
		Severity: diag.Error,
		Summary:  "a media type must have the form type/subtype",
		Spec:     "1.2 S-1.2-02 S-2.1.1.3.1-08 S-2.1.1.3.2-11 T-18",
	},
	Check: func(p *Pass) {
		n := 0
		p.eachMediaType(func(at seed.Pointer, value string, others []string) {
			if isMediaType(value) {
				return
			}
			d := p.Reportf(at, "media type %q is not of the form type/subtype, as in \"image/png\"", value)
			right := formed(value)
			if plain := strings.NewReplacer(" / ", "/", "\\", "/").Replace(strings.TrimSpace(value)); right == value && !strings.HasSuffix(value, "/*") && isMediaType(plain) {
				right = plain
			}
			switch {
			case right != value:
				if n++; n <= diag.MaxFindings { // or else it is counted only, and to compare it with all others takes long
					p.replaceType(d, right, others)
				}
			case strings.Count(value, "/") > 1 && others != nil:
				d.Hint = "write each type as an element of its own"
			case strings.Count(value, "/") > 1:
				d.Hint = "an output has one type"
			case strings.HasSuffix(value, "/*") && others != nil:
				d.Hint = "name each type, or leave mediaTypes out to accept all"
			case strings.HasSuffix(value, "/*"):
				d.Hint = "name the one type that the output has"
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

var mediaTypeUnregistered = &Rule{
	Rule: diag.Rule{
		ID:       "media-type-unregistered",
		Severity: diag.Notice,
		Summary:  "a media type may be one that is registered, or known to be in use",
		Spec:     "1.2 S-1.2-02 T-18",
	},
	Check: func(p *Pass) {
		n := 0
		p.eachMediaType(func(at seed.Pointer, value string, others []string) {
			if !isMediaType(value) || passes(baseType(value)) {
				return
			}
			d := p.Reportf(at, "media type %q is neither registered nor known to be in use: check it, since files are matched by it", value)
			if n++; n > diag.MaxFindings { // it is counted only, and to find the right type takes long
				return
			}
			if right := meantMediaType(baseType(value)); right != "" {
				d.Message = diag.Sprintf("media type %q is not registered, while %q is: files are matched by the type", value, right)
				if inList(inUseList, right) {
					d.Message = diag.Sprintf("media type %q is not known to be in use, while %q is: files are matched by the type", value, right)
				}
				p.replaceType(d, right, others)
			}
		})
	},
}

// passes reports whether there is nothing to say of a type, in lower case and without parameters.
func passes(base string) bool {
	return oftenMistaken[base] == "" && (knownMediaType(base) || privateTree(base))
}

// privateTree reports whether a type is in the vendor or personal tree, whose types need no registration in practice.
func privateTree(base string) bool {
	_, subtype, _ := strings.Cut(base, "/")
	return strings.HasPrefix(subtype, "vnd.") || strings.HasPrefix(subtype, "prs.")
}
