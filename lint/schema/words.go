package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// Patterns of the schemas that have a message in words.
const (
	jobNamePattern = "^[a-zA-Z0-9-]+$"
	namePattern    = "^[a-zA-Z0-9_-]+$"
	versionPattern = `^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`
)

var (
	notJobName = lazy.Regexp(`[^a-zA-Z0-9-]+`)
	notName    = lazy.Regexp(`[^a-zA-Z0-9_-]+`)
	almost     = lazy.Regexp(`^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?$`)
	filledIn   = lazy.Regexp(`\$\{[^}]*\}|\{\{.*?\}\}|^%\w+%$|^@\w+@$|^<[^<>]+>$|^\$\w+$`)
)

func patternMessage(pattern, value string) (message, hint string) {
	switch pattern {
	case jobNamePattern:
		message, hint = fmt.Sprintf("name %s must be letters, digits and dashes", diag.Quote(clip(value))), nameInstead(notJobName(), value, "-")
	case namePattern:
		message, hint = fmt.Sprintf("name %s must be letters, digits, dashes and underscores", diag.Quote(clip(value))), nameInstead(notName(), value, "_")
	default:
		message = fmt.Sprintf("version %s must be a semantic version, MAJOR.MINOR.PATCH", diag.Quote(clip(value)))
		hint = almostVersion(value)
	}
	if filledIn().MatchString(value) {
		hint = template
	}
	return message, hint
}

// nameInstead says how to write a name with the allowed characters alone, or returns "". Wrong is what is not allowed.
func nameInstead(wrong *regexp.Regexp, value, separator string) string {
	name, ok := ascii(value)
	if !ok {
		return ""
	}
	return writeInstead(wrong.ReplaceAllString(name, separator))
}

// almostVersion says how to write text that is a version but for its form, or returns "".
func almostVersion(value string) string {
	if m := almost().FindStringSubmatch(strings.TrimSpace(value)); m != nil {
		return writeInstead(strings.Join(withoutZeros(m[1:]), "."))
	}
	return ""
}

// withoutZeros returns numbers without leading zeros; an empty one is 0.
func withoutZeros(numbers []string) []string {
	var parts []string
	for _, n := range numbers {
		if n = strings.TrimLeft(n, "0"); n == "" {
			n = "0"
		}
		parts = append(parts, n)
	}
	return parts
}

func writeInstead(value string) string {
	value = strings.Trim(value, "-_")
	if value == "" || len(value) > 100 {
		return ""
	}
	return fmt.Sprintf("write %q", value)
}

func versionMessage(is string, known []string) (message, hint string) {
	message = fmt.Sprintf("seedVersion %s is not supported, must be %s", diag.Quote(clip(is)), quoteAll(known))
	for _, version := range known {
		if almostVersion(is) == writeInstead(version) || strings.EqualFold(strings.TrimSpace(is), version) {
			return message, writeInstead(version)
		}
	}
	return message, "write \"1.0.0\" and see what else has to change"
}

// clip shortens a quoted value. The place of the finding shows all of it.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// unknownMember returns the violation for a member that the standard does not have.
func unknownMember(at seed.Pointer, name string, known []string) Violation {
	v := Violation{Pointer: seed.Pointer("").Member(name), Key: true, Keyword: "additionalProperties", Member: name}
	where := "here"
	if at == "" {
		where = "at the root of a manifest"
	}
	v.Message = fmt.Sprintf("member %s does not exist %s", diag.Quote(clip(name)), where)
	object := generic(at)
	if s, ok := synonyms()[object][fold(name)]; ok {
		v.Hint, v.Replaces = s.hint, s.replaces
		if s.to != "" {
			v.Hint, v.Meant, v.Older = fmt.Sprintf("%s is %s now", diag.Quote(name), diag.Quote(s.to)), s.to, s.older
			if !s.older {
				v.Hint = fmt.Sprintf("did you mean %q?", s.to)
			}
		}
		return v
	}
	near := diag.Meant(name, known)
	elsewhere := belongs(object, name)
	switch {
	case strings.ContainsAny(name, "{%<@") && filledIn().MatchString(name):
		v.Hint = template
	case near != "" && (elsewhere == "" || strings.EqualFold(near, name)):
		v.Hint, v.Meant = fmt.Sprintf("did you mean %q?%s", near, lookAlikes(name)), near
	case elsewhere != "":
		v.Hint, v.Belongs = fmt.Sprintf("%q belongs into %s", name, elsewhere), elsewhere
	case comments[strings.ToLower(name)]:
		v.Hint = "take it out: JSON has no comments, and a manifest says in its description what people should know"
	case len(known) == 0:
		v.Hint = "take it out"
	case len(known) == 1:
		v.Hint = "take it out; there is only " + quoteAll(known)
	default:
		v.Hint = "take it out; there are " + quoteAll(known)
	}
	return v
}

const template = "this looks like a template: fill it in first, and lint the result"

// comments are names of members in which authors write comments.
var comments = map[string]bool{"//": true, "#": true, "_comment": true, "$comment": true, "comment": true, "comments": true, "__comment__": true, "_comments": true, "_note": true, "note": true, "notes": true}

// lookAlikes names the characters of a name that are not ASCII, since they may look as if they were, or like nothing. It returns ""
// if there are none.
func lookAlikes(name string) string {
	for _, r := range name {
		if r > unicode.MaxASCII {
			return fmt.Sprintf(" The name has the character U+%04X in it", r)
		}
	}
	return ""
}

func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// generic returns a pointer with * for each index.
func generic(at seed.Pointer) string {
	tokens := strings.Split(string(at), "/")
	for i, t := range tokens {
		if _, err := strconv.Atoi(t); err == nil {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, "/")
}

// belongs returns the object that has a member of this name, if only one of those near has: "job" for interface at the
// root. A member of an element in a list belongs nowhere else.
func belongs(object, name string) string {
	if strings.HasSuffix(object, "*") {
		return ""
	}
	var found []string
	for _, o := range []string{"/job", "/job/interface", "/job/maintainer", "/job/resources"} {
		members, _ := part(described(), seed.Pointer(o))["properties"].(map[string]any)
		if _, ok := members[name]; ok && o != object {
			found = append(found, strconv.Quote(strings.ReplaceAll(o[1:], "/", ".")))
		}
	}
	if len(found) == 0 || name == "name" && object != "" {
		return ""
	}
	return found[0]
}

// Known reports whether any object of a manifest has a member of this name.
func Known(name string) bool { return slices.Contains(allNames(), name) }
