package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A Member is a member of the manifest, as the standard describes it.
type Member struct {
	// At is its pointer, with * for an index: /job/errors/*/code.
	At seed.Pointer
	// Title and Description are in our own words.
	Title, Description string
	Section            string // of the standard
	Type               string // of JSON, with the type of elements: "array of objects"
	Required           bool   // in the object that holds it
	Default            string // as JSON; empty if there is none
	Values             []string
	Pattern            string
	// Members are the names of its own members, or of those of its elements. The required ones come first.
	Members []string
}

// Path returns the names from the root, without indices: job.errors.code.
func (m *Member) Path() string {
	return strings.ReplaceAll(strings.Trim(strings.ReplaceAll(string(m.At), "/*", ""), "/"), "/", ".")
}

// sections are those of the standard, by the beginning of a path. The longest that fits counts.
var sections = map[string]string{
	"": "2.1", "job": "2.1.1", "job.maintainer": "2.1.1.1", "job.resources": "2.1.1.2", "job.interface": "2.1.1.3", "job.interface.inputs": "2.1.1.3.1",
	"job.interface.outputs": "2.1.1.3.2", "job.interface.mounts": "2.1.1.3.3", "job.interface.settings": "2.1.1.3.4", "job.errors": "2.1.1.4",
}

// Members returns all members of a manifest, each after the one that holds it.
func Members() []*Member {
	var all []*Member
	addMembers(&all, "", described())
	return all
}

func addMembers(all *[]*Member, at seed.Pointer, schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range ordered(schema) {
		s, _ := properties[name].(map[string]any)
		m := describeMember(at.Member(name), s)
		m.Required = slices.Contains(names(schema["required"]), name)
		*all = append(*all, m)
		addMembers(all, m.At, s)
		if items, ok := s["items"].(map[string]any); ok {
			addMembers(all, m.At+"/*", items)
		}
	}
}

func describeMember(at seed.Pointer, s map[string]any) *Member {
	m := &Member{At: at, Values: names(s["enum"])}
	m.Title, _ = s["title"].(string)
	m.Description, _ = s["description"].(string)
	m.Pattern, _ = s["pattern"].(string)
	m.Type, _ = s["type"].(string)
	if m.Type == "" {
		m.Type = "string"
	}
	if d, ok := s["default"]; ok {
		m.Default = fmt.Sprintf("%v", d)
		if text, isText := d.(string); isText {
			m.Default = fmt.Sprintf("%q", text)
		}
	}
	m.Members = ordered(s)
	if items, ok := s["items"].(map[string]any); ok {
		kind, _ := items["type"].(string)
		m.Type = "array of " + kind + "s"
		m.Members = ordered(items)
	}
	longest := -1
	for path, section := range sections {
		if in := m.Path(); (path == "" || in == path || strings.HasPrefix(in, path+".")) && len(path) > longest {
			longest, m.Section = len(path), section
		}
	}
	return m
}

// ordered returns the names of the members of a schema, the required ones first, and each part by the alphabet.
func ordered(schema map[string]any) []string {
	properties, _ := schema["properties"].(map[string]any)
	required := names(schema["required"])
	var first, then []string
	for name := range properties {
		if slices.Contains(required, name) {
			first = append(first, name)
		} else {
			then = append(then, name)
		}
	}
	slices.Sort(first)
	slices.Sort(then)
	return append(first, then...)
}

func names(list any) (all []string) {
	values, _ := list.([]any)
	for _, v := range values {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}
