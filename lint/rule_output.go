package lint

import (
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
)

// eachPattern calls check for every output file with a pattern that the schema accepts.
func (p *Pass) eachPattern(check func(at seed.Pointer, o seed.OutputFile)) {
	for i, o := range p.Job.Interface.Outputs.Files {
		if at := seed.AtOutputFiles.Index(i).Member("pattern"); p.valid(at) {
			check(at, o)
		}
	}
}

// impossible returns why a pattern matches nothing below OUTPUT_DIR, or "".
func impossible(pattern string) string {
	switch {
	case pattern == "":
		return "is empty and matches nothing"
	case strings.HasPrefix(pattern, "/"):
		return "is absolute, but is taken relative to OUTPUT_DIR"
	case slices.Contains(strings.Split(pattern, "/"), ".."):
		return `has "..", but nothing outside of OUTPUT_DIR is captured`
	}
	return ""
}

var outputPattern = &Rule{
	Rule: diag.Rule{
		ID:       "output-pattern",
		Severity: diag.Error,
		Summary:  "a pattern must match files below OUTPUT_DIR",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-13 T-03",
	},
	Check: func(p *Pass) {
		p.eachPattern(func(at seed.Pointer, o seed.OutputFile) {
			why := impossible(o.Pattern)
			if why == "" {
				return
			}
			d := p.Reportf(at, "pattern %q %s: give a glob relative to OUTPUT_DIR", o.Pattern, why)
			for _, variable := range []string{"/${OUTPUT_DIR}/", "/$OUTPUT_DIR/"} {
				if rest, ok := strings.CutPrefix(o.Pattern, variable); ok {
					p.replace(d, "Write it relative to OUTPUT_DIR", rest)
				}
			}
		})
	},
}

var (
	doubledStar = lazy.Regexp(`\*\*+`)
	brace       = lazy.Regexp(`\{[^{}]*,[^{}]*\}`)
)

var outputPatternDialect = &Rule{
	Rule: diag.Rule{
		ID:       "output-pattern-dialect",
		Severity: diag.Warning,
		Summary:  "a pattern should mean the same to every reader",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-02 S-2.1.1.3.2-13 T-24",
	},
	Check: func(p *Pass) {
		p.eachPattern(func(at seed.Pointer, o seed.OutputFile) {
			what := dialect(o.Pattern)
			if what == "" || impossible(o.Pattern) != "" {
				return
			}
			d := p.Reportf(at, "pattern %q %s", o.Pattern, what)
			if strings.Contains(o.Pattern, "**") {
				p.replace(d, "Write *", doubledStar().ReplaceAllString(o.Pattern, "*"))
			}
			for _, variable := range []string{"${OUTPUT_DIR}/", "$OUTPUT_DIR/"} {
				if rest, ok := strings.CutPrefix(o.Pattern, variable); ok && rest != "" {
					p.replace(d, "Write it relative to OUTPUT_DIR", strings.TrimLeft(rest, "/"))
				}
			}
		})
	},
}

// dialect returns how Go, Python, glob(7) or people read a pattern differently, as the end of a message, or "".
func dialect(pattern string) string {
	if err := glob.Valid(pattern); err != nil {
		return "is not a glob: " + err.Error()
	}
	switch {
	case regular(pattern):
		return "looks like a regular expression, but is a glob, in which * stands for any text: write it as in *.tif"
	case several(pattern):
		return "looks like several patterns, but is one: declare one output for each"
	case strings.Contains(pattern, "**"):
		return "has **, which acts as *: directories are not searched"
	case strings.Contains(pattern, "{") && brace().MatchString(pattern):
		return "has braces, which a glob takes as they are: declare one output for each"
	case strings.Contains(pattern, "[!"), strings.Contains(pattern, "[^"):
		return "has a bracket that excludes, written [!…] for Python and [^…] for Go: readers differ"
	case strings.Contains(pattern, "[:"):
		return "has a character class such as [:alpha:], which few readers know: write the range"
	case strings.Contains(pattern, `\`):
		return "has a backslash, which readers take differently: put the character in brackets"
	case strings.TrimSpace(pattern) != pattern:
		return "has a blank at its beginning or end, which is a part of the name: remove it"
	case strings.HasPrefix(pattern, "~"):
		return "begins with ~, which is no home directory in a pattern: give a glob relative to OUTPUT_DIR"
	case strings.HasSuffix(pattern, "/"):
		return "ends in a slash, but only files are captured"
	case strings.Contains(pattern, "$"):
		return "has a $, but variables are not expanded in patterns"
	}
	return ""
}

// regular reports whether a pattern has signs of a regular expression that no glob has a use for.
func regular(pattern string) bool {
	return strings.HasPrefix(pattern, "^") || strings.HasSuffix(pattern, ".*$") || strings.Contains(pattern, ".+") ||
		strings.Contains(pattern, `\.`) || strings.Contains(pattern, `\d`)
}

// several reports whether a text has several patterns, with a sign between them.
func several(pattern string) bool {
	return strings.Contains(pattern, "|") || strings.Contains(pattern, ",*") || strings.Contains(pattern, ", ") || strings.Contains(pattern, ";*")
}

var outputPatternReserved = &Rule{
	Rule: diag.Rule{
		ID:       "output-pattern-reserved",
		Severity: diag.Notice,
		Summary:  "a pattern should not match seed.outputs.json or side-cars",
		Spec:     "2.1.1.3.2 T-25",
	},
	Check: func(p *Pass) {
		p.eachPattern(func(at seed.Pointer, o seed.OutputFile) {
			if impossible(o.Pattern) != "" || several(o.Pattern) || regular(o.Pattern) {
				return
			}
			switch name := reservedMatch(o.Pattern); {
			case name == "":
			case onlyReserved(o.Pattern):
				d := p.Reportf(at, "pattern %q matches only %q and the like, which describe outputs and are never captured: name the files of the output", o.Pattern, name)
				d.Severity = diag.Warning
			default:
				p.Reportf(at, "pattern %q also matches %q, which describes outputs and is never captured: give it the extension of the output", o.Pattern, name)
			}
		})
	},
}

// onlyReserved reports whether a pattern can match nothing but reserved names.
func onlyReserved(pattern string) bool {
	return path.Clean(pattern) == seed.OutputsFile || strings.HasSuffix(pattern, seed.SideCarSuffix)
}

// reservedMatch returns a reserved name that a pattern matches, or "". The pattern is not empty.
func reservedMatch(pattern string) string {
	if last := pattern[len(pattern)-1]; !strings.ContainsRune("n*?]", rune(last)) {
		return "" // all reserved names end in "n"
	}
	if glob.Match(pattern, seed.OutputsFile) {
		return seed.OutputsFile
	}
	witness, _ := glob.Overlap(pattern, path.Join(path.Dir(pattern), "*"+seed.SideCarSuffix))
	return witness
}

var outputPatternOverlap = &Rule{
	Rule: diag.Rule{
		ID:       "output-pattern-overlap",
		Severity: diag.Warning,
		Summary:  "one file should belong to one output",
		Spec:     "2.1.1.3.2 T-27",
	},
	Check: func(p *Pass) {
		var places []seed.Pointer
		var patterns []string
		p.eachPattern(func(at seed.Pointer, o seed.OutputFile) {
			if !several(o.Pattern) && !regular(o.Pattern) { // or else it does not say what its author meant
				places, patterns = append(places, at), append(patterns, o.Pattern)
			}
		})
		glob.Overlaps(patterns, func(i, first int, witness string) {
			p.Reportf(places[i], "pattern %q and %q on line %d both match %q: executors give such a file to one of them only, so make one narrower",
				patterns[i], patterns[first], p.line(places[first]), witness)
		})
	},
}

var outputMultiple = &Rule{
	Rule: diag.Rule{
		ID:       "output-multiple",
		Severity: diag.Notice,
		Summary:  "an output with multiple needs a wildcard",
		Spec:     "2.1.1.3.2 S-3.1.2-06",
	},
	Check: func(p *Pass) {
		for i, o := range p.Job.Interface.Outputs.Files {
			at := seed.AtOutputFiles.Index(i).Member("multiple")
			if o.Multiple && o.Pattern != "" && p.valid(at) && !strings.ContainsAny(o.Pattern, "*?[") {
				p.Reportf(at, "multiple is true, but the pattern %q matches one file at most: leave multiple out, or write a wildcard", o.Pattern)
			}
		}
	},
}

var outputExtension = &Rule{
	Rule: diag.Rule{
		ID:       "output-extension",
		Severity: diag.Warning,
		Summary:  "a pattern's extension should fit the media type",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-11",
	},
	Check: func(p *Pass) {
		p.eachPattern(func(at seed.Pointer, o seed.OutputFile) {
			declared, _, err := mime.ParseMediaType(o.MediaType)
			types := typesOf(path.Ext(o.Pattern))
			if err != nil || types == nil || several(o.Pattern) || slices.Contains(types, declared) || !isCommon(declared) || declared == "application/octet-stream" ||
				sameSyntax(o.Pattern, declared) || onlyReserved(o.Pattern) {
				return
			}
			p.Reportf(at, "pattern %q has an extension of %s, but mediaType is %q: the older CLI drops such files", o.Pattern, strings.Join(types, " or "), o.MediaType)
		})
	},
}

// sameSyntax reports whether a type names the syntax of the extension by its suffix: *.xml of image/svg+xml.
func sameSyntax(pattern, declared string) bool {
	_, suffix, ok := strings.Cut(declared, "+")
	return ok && strings.EqualFold(path.Ext(pattern), "."+suffix)
}
