package compare

import (
	"fmt"
	"maps"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// nouns are what messages call the entries of lists.
var nouns = map[string]string{
	scalar: "resource", inputFiles: "input", inputJSON: "json input", outputFiles: "output", outputJSON: "json output",
	mounts: "mount", settings: "setting", jobErrors: "error",
}

// A pairing is an entry of a list in two states. One of the indexes is -1 if it is gone or has come.
type pairing struct {
	list     string // its pointer in the table
	old, new int
	was, is  any
	renamed  bool
}

func (p *pairing) both() bool { return p.old >= 0 && p.new >= 0 }

// name returns the name in the new state, or of what is gone the old one.
func (p *pairing) name() string {
	if p.new >= 0 {
		return nameOf(p.is)
	}
	return nameOf(p.was)
}

func (p *pairing) label() string { return fmt.Sprintf("%s %q", nouns[p.list], p.name()) }

// message says what has become of an entry.
func (p *pairing) message(c change) string {
	switch {
	case p.renamed:
		return p.renaming()
	case p.new < 0:
		return p.label() + " is gone"
	case p.list == inputFiles || p.list == inputJSON:
		if required(c) {
			return p.label() + " is new and required"
		}
		return p.label() + " is new and optional"
	case p.list == scalar:
		return fmt.Sprintf("%s is new: %s", p.label(), brief(memberOf(p.is, "value")))
	}
	return p.label() + " is new"
}

func (p *pairing) renaming() string {
	was, is := nameOf(p.was), nameOf(p.is)
	message := fmt.Sprintf("%s is renamed from %q to %q", nouns[p.list], was, is)
	if p.variable() != "" && seed.Variable(was) == seed.Variable(is) {
		message += fmt.Sprintf(": its variable is still %s, so the job keeps working, but what is connected by name does not", p.variable())
	}
	return message
}

// variable returns the variable that executors set for an entry; empty if there is none.
func (p *pairing) variable() string {
	switch p.list {
	case inputFiles, inputJSON, settings:
		return seed.Variable(p.name())
	case scalar:
		return seed.AllocatedPrefix + seed.Variable(p.name())
	}
	return ""
}

func nameOf(entry any) string {
	name, _ := memberOf(entry, "name").(string)
	return name
}

func memberOf(entry any, name string) any {
	object, _ := entry.(map[string]any)
	return object[name]
}

// pair finds for each entry of a list its other state: the entry of the same name, or else the one that was renamed. The
// pairs are in the order of the new list; those that are gone come last.
func pair(list string, old, new []any) []pairing {
	m := &matching{list: list, old: old, new: new, to: make([]int, len(new)), taken: make([]bool, len(old)), renamed: map[int]bool{}}
	m.byName()
	if list == jobErrors {
		m.byKey(func(entry any) string { return canonical(memberOf(entry, "code")) }, false)
	}
	variable := func(entry any) string { return seed.Variable(nameOf(entry)) + "\x00" }
	for _, key := range []func(any) string{m.allButName, m.allWithKey} {
		m.byKey(func(entry any) string { return variable(entry) + key(entry) }, true)
		m.byKey(key, true)
	}
	var all []pairing
	for n, o := range m.to {
		p := pairing{list: list, old: o, new: n, is: new[n], renamed: m.renamed[n]}
		if o >= 0 {
			p.was = old[o]
		}
		all = append(all, p)
	}
	for o, taken := range m.taken {
		if !taken {
			all = append(all, pairing{list: list, old: o, new: -1, was: old[o]})
		}
	}
	return all
}

// A matching is the state of pair.
type matching struct {
	list     string
	old, new []any
	to       []int // of each new entry the index of the old one, or -1
	taken    []bool
	renamed  map[int]bool
}

// byName pairs entries of the same name. Of several with one name, the first goes with the first.
func (m *matching) byName() {
	waiting := map[string][]int{}
	for o, entry := range m.old {
		waiting[nameOf(entry)] = append(waiting[nameOf(entry)], o)
	}
	for n, entry := range m.new {
		m.to[n] = -1
		if left := waiting[nameOf(entry)]; len(left) > 0 {
			m.to[n], waiting[nameOf(entry)] = left[0], left[1:]
			m.taken[left[0]] = true
		}
	}
}

// byKey pairs entries that are gone with those that have come and have the same key. If alone is set, it leaves out keys of
// several entries: which of them was renamed to which is not known.
func (m *matching) byKey(key func(any) string, alone bool) {
	gone, come := map[string][]int{}, map[string]int{}
	for o, entry := range m.old {
		if !m.taken[o] && m.mayRename(entry) {
			gone[key(entry)] = append(gone[key(entry)], o)
		}
	}
	for n, entry := range m.new {
		if m.to[n] < 0 && m.mayRename(entry) {
			come[key(entry)]++
		}
	}
	for n, entry := range m.new {
		if m.to[n] >= 0 || !m.mayRename(entry) {
			continue
		}
		k := key(entry)
		if len(gone[k]) == 0 || alone && (len(gone[k]) > 1 || come[k] > 1) {
			continue
		}
		m.to[n], m.renamed[n], m.taken[gone[k][0]] = gone[k][0], true, true
		gone[k] = gone[k][1:]
	}
}

// mayRename reports whether an entry can have another name than before. Every executor has the standard's resources, so mem
// is never disk with a new name.
func (m *matching) mayRename(entry any) bool {
	return nameOf(entry) != "" && !(m.list == scalar && isStandardResource(nameOf(entry)))
}

// allButName returns an entry without its name, with its defaults.
func (m *matching) allButName(entry any) string {
	object, _ := entry.(map[string]any)
	object = maps.Clone(object)
	delete(object, "name")
	for pointer, value := range absent {
		if name, ok := strings.CutPrefix(pointer, m.list+"/"); ok && object[name] == nil {
			object[name] = value
		}
	}
	return canonical(object)
}

// allWithKey is allButName for JSON outputs of which one writes the key that another leaves to its name.
func (m *matching) allWithKey(entry any) string {
	object, _ := entry.(map[string]any)
	if m.list == outputJSON && (object["key"] == nil || object["key"] == "") {
		object = maps.Clone(object)
		object["key"] = object["name"]
	}
	return m.allButName(object)
}
