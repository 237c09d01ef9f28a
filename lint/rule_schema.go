package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

var schemaRules = []*diag.Rule{&seedVersion, &memberUnknown, &memberMissing, &memberType, &memberValue}

var seedVersion = diag.Rule{
	ID:       "seed-version",
	Severity: diag.Error,
	Summary:  "seedVersion must be a version of the standard that is known here",
	Spec:     "2.1 S-2.1-05 T-01",
}

var memberUnknown = diag.Rule{
	ID:       "member-unknown",
	Severity: diag.Error,
	Summary:  "objects must have no members but those of the standard",
	Spec:     "2.1.1 S-2.1.1-21",
}

var memberMissing = diag.Rule{
	ID:       "member-missing",
	Severity: diag.Error,
	Summary:  "required members must be there",
	Spec:     "2.1 S-2.1-02",
}

var memberType = diag.Rule{
	ID:       "member-type",
	Severity: diag.Error,
	Summary:  "members must have the JSON type that the standard gives them",
	Spec:     "1.2 S-1.2-03",
}

var memberValue = diag.Rule{
	ID:       "member-value",
	Severity: diag.Error,
	Summary:  "values must have the form that the standard gives them",
	Spec:     "2.1.1 S-2.1.1-01 T-14 T-22",
}

// schemaRule returns the rule of a violation.
func schemaRule(v *schema.Violation) *diag.Rule {
	switch {
	case v.Keyword == "additionalProperties":
		return &memberUnknown
	case v.Keyword == "required":
		return &memberMissing
	case v.Pointer == "/seedVersion":
		return &seedVersion
	case v.Keyword == "type":
		return &memberType
	}
	return &memberValue
}

// reportSchema adds the violations of the schema. One value gets one finding: a value of a wrong type gets none on its form,
// and a missing member none if it is there under another name. What could not be read is not judged.
func reportSchema(report *diag.Report, m *seed.Manifest, violations []schema.Violation) {
	s := schemaReporter{m: m, torn: m.Source.Incomplete(), wrongType: map[seed.Pointer]bool{}, meant: map[seed.Pointer]bool{}, rivals: rivals(m.Source, violations)}
	for _, v := range violations {
		s.wrongType[v.Pointer] = s.wrongType[v.Pointer] || v.Keyword == "type"
		for _, name := range []string{v.Meant, v.Replaces} {
			if name != "" {
				s.meant[v.Pointer.Parent().Member(name)] = true
			}
		}
	}
	strays := strayMembers(violations)
	for i := range violations {
		v := &violations[i]
		if s.silent(v) {
			continue
		}
		d := diag.Diagnostic{Rule: schemaRule(v), Pointer: v.Pointer, Key: v.Key, Message: v.Message, Hint: v.Hint}
		if rest, ok := strings.CutPrefix(v.Message, "is "); ok {
			d.Message = subject(m.Source, v.Pointer) + " is " + rest
		}
		if names := strays[strayKey(v)]; len(names) > 1 {
			if names[0] != v.Member {
				continue
			}
			d.Message = fmt.Sprintf("members %s do not exist here", joinWords(quoted(names)))
			d.Hint = fmt.Sprintf("they belong into %s", v.Belongs)
		}
		if hint := s.taken(v); hint != "" {
			d.Hint = hint
		}
		d.Fixes = s.fixes(v)
		report.Add(written(m, d))
	}
}

// A strayKind is an object, and the other object that members in it belong into.
type strayKind struct {
	in      seed.Pointer
	belongs string
}

func strayKey(v *schema.Violation) strayKind { return strayKind{v.Pointer.Parent(), v.Belongs} }

// strayMembers returns the members that are in an object but belong into another one. Those of a kind have one cause: the other object
// was left out.
func strayMembers(violations []schema.Violation) map[strayKind][]string {
	all := map[strayKind][]string{}
	for i := range violations {
		if v := &violations[i]; v.Belongs != "" && !slices.Contains(all[strayKey(v)], v.Member) {
			all[strayKey(v)] = append(all[strayKey(v)], v.Member)
		}
	}
	return all
}

type schemaReporter struct {
	m         *seed.Manifest
	torn      bool                      // a part of the text could not be read
	wrongType map[seed.Pointer]bool     // values
	meant     map[seed.Pointer]bool     // members that are there under another name
	rivals    map[seed.Pointer][]string // as rivals returns them
}

// silent reports whether a violation has a cause that is reported elsewhere.
func (s *schemaReporter) silent(v *schema.Violation) bool {
	switch v.Keyword {
	case "type":
		return v.Pointer == "" && s.torn || v.Pointer != "" && !s.m.Source.Readable(v.Pointer)
	case "enum", "pattern":
		return s.wrongType[v.Pointer] || !s.m.Source.Readable(v.Pointer)
	case "required":
		return s.torn || s.meant[v.Pointer.Member(v.Member)]
	case "additionalProperties":
		return s.torn && schema.Known(v.Member) // it may belong to another object
	}
	return false
}

// rivals returns the members for which several others stand: none of these can take the name without loss. A name that is there
// twice counts twice.
func rivals(src *seed.Source, violations []schema.Violation) map[seed.Pointer][]string {
	twice := map[seed.Span]bool{}
	for _, p := range src.Problems {
		twice[p.Span] = twice[p.Span] || p.Code == seed.CodeDuplicate
	}
	all := map[seed.Pointer][]string{}
	for _, v := range violations {
		if v.Meant == "" {
			continue
		}
		to := v.Pointer.Parent().Member(v.Meant)
		all[to] = append(all[to], v.Member)
		if twice[src.KeySpan(v.Pointer)] {
			all[to] = append(all[to], v.Member)
		}
	}
	maps.DeleteFunc(all, func(_ seed.Pointer, names []string) bool { return len(names) < 2 })
	return all
}

// taken says what to do about a member whose right name another one has, or may have just as well. It returns "" for others.
func (s *schemaReporter) taken(v *schema.Violation) string {
	if v.Meant == "" {
		return ""
	}
	to := v.Pointer.Parent().Member(v.Meant)
	names := s.rivals[to]
	there := fmt.Sprintf("%q is there already: ", v.Meant)
	switch kind := s.m.Source.Kind(v.Pointer); {
	case !s.m.Source.Has(to):
	case v.Meant == "command" && strings.HasPrefix(v.Member, "arg"):
		return there + "write the arguments at its end"
	case kind == "object" || kind == "array":
		return there + fmt.Sprintf("write what %s holds in it", diag.Quote(v.Member))
	default:
		return there + fmt.Sprintf("take %s out", diag.Quote(v.Member))
	}
	switch {
	case len(names) == 2 && names[0] == names[1]:
		return fmt.Sprintf("keep one, and call it %q", v.Meant)
	case len(names) == 2 && v.Meant == "command" && slices.Contains(names, "cmd") && slices.Contains(names, "args"):
		return `"command" is one string now: write cmd, a blank, and args; or args alone, if the ENTRYPOINT of the image starts cmd`
	case len(names) > 1:
		return fmt.Sprintf("%s stand for %q: keep one, and call it so", joinWords(quoted(names)), v.Meant)
	}
	return ""
}

func quoted(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, diag.Quote(name))
	}
	return all
}

// written places a diagnostic in the text, whose members may have other names than those that rules see.
func written(m *seed.Manifest, d diag.Diagnostic) diag.Diagnostic {
	at := m.Written(d.Pointer)
	if at == d.Pointer {
		return d
	}
	if d.Span == nil {
		span := m.Source.Span(d.Pointer)
		if d.Key {
			span = m.Source.KeySpan(d.Pointer)
		}
		d.Span = &span
	}
	d.Pointer = at
	return d
}

// subject returns a phrase for the value at a pointer.
func subject(src *seed.Source, at seed.Pointer) string {
	switch {
	case at == "":
		return "the manifest"
	case src.Kind(at.Parent()) == "array":
		return "an element of " + at.Parent().Base()
	}
	return at.Base()
}

// suggestion matches the value in a hint that says what to write.
var suggestion = lazy.Regexp(`^write ("(?:[^"\\]|\\.)*")$`)

// fixes returns what the schema knows about how to fix a violation.
func (s *schemaReporter) fixes(v *schema.Violation) []diag.Fix {
	switch {
	case v.Key:
		return s.rename(v)
	case v.Keyword == "type" && schema.Kind(v.Pointer) == "array":
		return intoArray(s.m.Source, v.Pointer)
	case v.Keyword == "type":
		if fixes := unquote(s.m.Source, v); fixes != nil {
			return fixes
		}
	}
	if text, ok := strings.CutPrefix(v.Hint, "write "); ok && v.Keyword == "type" && (text == "true" || text == "false") {
		return []diag.Fix{{Title: "Write " + text, Edits: []diag.Edit{{Span: s.m.Source.Span(v.Pointer), New: text}}, Unsafe: true}}
	}
	if v.Keyword == "type" && s.m.Source.Kind(v.Pointer) == "string" {
		if number, _, exact := schema.Amount(s.m.Source, v.Pointer, string(s.m.Source.Raw(v.Pointer))); number != "" && exact {
			return []diag.Fix{{Title: "Write " + number, Edits: []diag.Edit{{Span: s.m.Source.Span(v.Pointer), New: number}}, Unsafe: true}}
		}
	}
	if m := suggestion().FindStringSubmatch(v.Hint); m != nil {
		if value, err := strconv.Unquote(m[1]); err == nil {
			return []diag.Fix{{Title: "Write " + value, Edits: []diag.Edit{{Span: s.m.Source.Span(v.Pointer), New: encode(value)}}, Unsafe: true}}
		}
	}
	return nil
}

// rename gives a member the name that it was meant to have, unless another member has it, or may be meant to have it too. The fix is safe for the name of
// an older version whose value fits, and for a name that differs by case alone.
func (s *schemaReporter) rename(v *schema.Violation) []diag.Fix {
	to := v.Pointer.Parent().Member(v.Meant)
	if v.Meant == "" || s.m.Source.Has(to) || s.rivals[to] != nil {
		return nil
	}
	fix := diag.Fix{Title: "Write " + v.Meant, Edits: []diag.Edit{{Span: s.m.Source.KeySpan(v.Pointer), New: encode(v.Meant)}}}
	is, must := s.m.Source.Kind(v.Pointer), schema.Kind(to)
	span := s.m.Source.Span(v.Pointer)
	switch {
	case is == must || must == "integer" && is == "number":
		fix.Unsafe = !v.Older && !strings.EqualFold(v.Meant, v.Member)
	case must == "array" && is == "string" && v.Meant == "mediaTypes":
		fix.Title, fix.Unsafe = "Write mediaTypes, with an array", true
		fix.Edits = append(fix.Edits, diag.Edit{Span: seed.Span{Start: span.Start, End: span.Start}, New: "["}, diag.Edit{Span: seed.Span{Start: span.End, End: span.End}, New: "]"})
	case must == "string" && is == "array" && v.Meant == "mediaType" && s.m.Source.Len(v.Pointer) == 1 && s.m.Source.Kind(v.Pointer.Index(0)) == "string":
		fix.Title, fix.Unsafe = "Write mediaType, with one type", true
		fix.Edits = append(fix.Edits, diag.Edit{Span: span, New: string(s.m.Source.Raw(v.Pointer.Index(0)))})
	default:
		return nil
	}
	return []diag.Fix{fix}
}

// intoArray makes a string the one element of an array of strings. It is unsafe: the string may stand for nothing, or for a list
// whose separator it has. Such strings get no fix.
func intoArray(src *seed.Source, at seed.Pointer) []diag.Fix {
	var text string
	if schema.Kind(at.Index(0)) != "string" || json.Unmarshal(src.Raw(at), &text) != nil || text == "" || strings.ContainsAny(text, " \t\r\n,;|[]") {
		return nil
	}
	span := src.Span(at)
	return []diag.Fix{{Title: "Write it as an array with one element", Unsafe: true,
		Edits: []diag.Edit{{Span: seed.Span{Start: span.Start, End: span.Start}, New: "["}, {Span: seed.Span{Start: span.End, End: span.End}, New: "]"}}}}
}

// unquote removes the quotes of a number or boolean that is written as a string.
func unquote(src *seed.Source, v *schema.Violation) []diag.Fix {
	var text string
	if json.Unmarshal(src.Raw(v.Pointer), &text) != nil || !json.Valid([]byte(text)) {
		return nil
	}
	_, notInteger := strconv.ParseInt(text, 10, 64)
	_, notNumber := strconv.ParseFloat(text, 64)
	fits := false
	switch {
	case strings.HasSuffix(v.Message, "must be an integer"):
		fits = notInteger == nil
	case strings.HasSuffix(v.Message, "must be a number"):
		fits = notNumber == nil
	case strings.HasSuffix(v.Message, "must be a boolean"):
		fits = text == "true" || text == "false"
	}
	if fits {
		return []diag.Fix{{Title: "Write it without quotes", Edits: []diag.Edit{{Span: src.Span(v.Pointer), New: text}}}}
	}
	return nil
}

// renamable returns new names for members that have only a wrong name: their values are judged as those of the right
// name.
func renamable(src *seed.Source, violations []schema.Violation) map[seed.Pointer]string {
	names, several := map[seed.Pointer]string{}, rivals(src, violations)
	for _, v := range violations {
		to := v.Pointer.Parent().Member(v.Meant)
		if v.Meant == "" || src.Has(to) || several[to] != nil {
			continue
		}
		if is, must := src.Kind(v.Pointer), schema.Kind(to); is == must || must == "integer" && is == "number" {
			names[v.Pointer] = v.Meant
		}
	}
	return names
}
