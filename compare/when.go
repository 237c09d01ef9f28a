package compare

import (
	"mime"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/lint"
)

// A change is what the conditions of rows see: a member of an entry, or the entry itself.
type change struct {
	// was and is are the values, with the member's default if it is not written; nil if there is none.
	was, is any
	// name is that of the new entry, or of one that is gone; empty outside of lists.
	name string
}

func always(change) bool { return true }

func added(c change) bool { return c.was == nil }

func removed(c change) bool { return c.is == nil }

// renamed is about entries: those that are in both have different names.
func renamed(c change) bool { return c.was != nil && c.is != nil }

func appears(c change) bool { return c.was == nil }

func becomes(value any) func(change) bool {
	return func(c change) bool { return c.is == value }
}

func not(when func(change) bool) func(change) bool {
	return func(c change) bool { return !when(c) }
}

func both(a, b func(change) bool) func(change) bool {
	return func(c change) bool { return a(c) && b(c) }
}

// required is about a new entry.
func required(c change) bool {
	object, _ := c.is.(map[string]any)
	value, written := object["required"]
	return !written || value != false
}

func standardResource(c change) bool { return isStandardResource(c.name) }

// isStandardResource reports whether every executor has a resource (section 2.1.1.2).
func isStandardResource(name string) bool {
	return slices.Contains([]string{"cpus", "mem", "disk", "sharedMem"}, name)
}

// typesGone reports whether files that were accepted are not any more. A list that is absent accepts all.
func typesGone(c change) bool {
	was, wasAny := types(c.was)
	is, isAny := types(c.is)
	return wasAny && !isAny || !isAny && slices.ContainsFunc(was, func(t string) bool { return !slices.Contains(is, t) })
}

func typesCame(c change) bool { return typesGone(change{was: c.is, is: c.was}) }

// typesSpelled is about lists in which no type is gone or came.
func typesSpelled(c change) bool { return !typesGone(c) && !typesCame(c) }

// types returns the media types of a list as lint would spell them. Absent means any.
func types(v any) (all []string, any bool) {
	list, ok := v.([]interface{})
	if !ok {
		return nil, v == nil
	}
	for _, e := range list {
		all = append(all, spelled(e))
	}
	return all, false
}

func typeSpelled(c change) bool {
	return c.was != nil && c.is != nil && spelled(c.was) == spelled(c.is)
}

// spelled returns a media type as lint would spell it. Letters in upper case and white space make no other type (RFC 2045, section
// 5.1). What is no text stays different from any type.
func spelled(v any) string {
	text, ok := v.(string)
	if !ok {
		return "\x00" + Text(v)
	}
	text = lint.SpellMediaType(strings.TrimSpace(text))
	if base, parameters, err := mime.ParseMediaType(text); err == nil {
		if formatted := mime.FormatMediaType(base, parameters); formatted != "" {
			return formatted
		}
	}
	return strings.ToLower(text)
}
