package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A walk compares the members of two manifests.
type walk struct {
	*Comparison
	old, new any                  // the documents
	lists    map[string][]pairing // of each list, by its pointer
}

// member is all rows of one member, the first that fits counts.
type member struct {
	at   string
	rows []Row
}

// members returns the members of the table, in its order.
func members() (all []member) {
	for _, row := range manifestRows {
		for _, at := range row.At {
			i := slices.IndexFunc(all, func(m member) bool { return m.at == at })
			if i < 0 {
				i, all = len(all), append(all, member{at: at})
			}
			all[i].rows = append(all[i].rows, row)
		}
	}
	return all
}

var tableMembers = members()

func (w *walk) all() {
	for _, m := range tableMembers {
		list, inner, isList := strings.Cut(m.at, "/*")
		switch {
		case !isList:
			w.member(m, seed.Pointer(m.at), seed.Pointer(m.at), "")
		case inner == "":
			w.entries(m, seed.Pointer(list))
		default:
			for _, p := range w.pairs(list) {
				if p.both() && !(p.renamed && m.at == outputJSON+"/key") {
					at := seed.Pointer(list)
					w.member(m, at.Index(p.old)+seed.Pointer(inner), at.Index(p.new)+seed.Pointer(inner), p.label())
				}
			}
		}
	}
	w.unknown("", "", w.old, w.new, "", "")
}

// member compares one member. Label names the entry that it is in, if it is in one.
func (w *walk) member(m member, oldAt, newAt seed.Pointer, label string) {
	was, is := value(w.old, oldAt), value(w.new, newAt)
	c := change{was: orDefault(m.at, was, w.old, oldAt), is: orDefault(m.at, is, w.new, newAt)}
	if same(m.at, c) {
		return
	}
	before, after := briefs(c.was, c.is)
	message := fmt.Sprintf("%s was %s, is %s", called(m.at), before, after)
	if label != "" {
		message = label + ": " + message
	}
	w.add(m.rows, c, Change{Pointer: w.near(w.New, newAt), OldPointer: w.near(w.Old, oldAt), Was: was, Is: is, Message: message,
		Media: strings.HasPrefix(newAt.Base(), "mediaType")})
}

// called returns what messages call a member.
func called(at string) string {
	pointer := seed.Pointer(at)
	if above := pointer.Parent().Base(); above == "maintainer" {
		return above + "." + pointer.Base()
	}
	return pointer.Base()
}

// orDefault returns the value that counts if a member is absent.
func orDefault(at string, v, document any, pointer seed.Pointer) any {
	switch {
	case at == outputJSON+"/key" && (v == nil || v == ""): // executors take an empty key for none
		return value(document, pointer.Parent().Member("name"))
	case v != nil:
		return v
	}
	return absent[at]
}

// shellSpace is what a shell leaves out before and after a command.
const shellSpace = " \t\n"

func same(at string, c change) bool {
	switch {
	case at == job+"/interface/command":
		was, ok1 := c.was.(string)
		is, ok2 := c.is.(string)
		if ok1 && ok2 {
			return strings.Trim(was, shellSpace) == strings.Trim(is, shellSpace)
		}
	case at == job+"/tags":
		return equalSets(orEmpty(c.was), orEmpty(c.is))
	case sets[at]:
		return equalSets(c.was, c.is)
	}
	return Equal(c.was, c.is)
}

func orEmpty(v any) any {
	if v == nil {
		return []any{}
	}
	return v
}

// entries compares the elements of a list: which are gone, have come, or have another name.
func (w *walk) entries(m member, list seed.Pointer) {
	for _, p := range w.pairs(string(list)) {
		if p.both() && !p.renamed {
			continue
		}
		change, found := change{name: p.name()}, Change{Pointer: w.near(w.New, list), OldPointer: w.near(w.Old, list)}
		if p.old >= 0 {
			change.was, found.OldPointer = p.was, list.Index(p.old)
		}
		if p.new >= 0 {
			change.is, found.Pointer = p.is, list.Index(p.new)
		}
		found.Was, found.Is, found.Message = change.was, change.is, p.message(change)
		if p.renamed {
			found.Was, found.Is = nameOf(p.was), nameOf(p.is)
			found.Pointer, found.OldPointer = found.Pointer.Member("name"), found.OldPointer.Member("name")
		}
		w.add(m.rows, change, found)
	}
}

// add adds a change with the class of the first row that fits. A value of a wrong type may fit none: then the first row
// counts, which is the worst.
func (w *walk) add(rows []Row, c change, found Change) {
	row := rows[0]
	if i := slices.IndexFunc(rows, func(r Row) bool { return r.when(c) }); i >= 0 {
		row = rows[i]
	}
	found.Class, found.Rise = row.Class, row.Rise
	w.Changes = append(w.Changes, found)
}

// pairs returns the pairs of a list.
func (w *walk) pairs(list string) []pairing {
	if _, done := w.lists[list]; !done {
		at := seed.Pointer(list)
		w.lists[list] = pair(list+"/*", elements(value(w.old, at)), elements(value(w.new, at)))
	}
	return w.lists[list]
}

// near returns the pointer, or that of the nearest value above that the manifest has.
func (w *walk) near(m *seed.Manifest, at seed.Pointer) seed.Pointer {
	for at != "" && !m.Source.Has(at) {
		at = at.Parent()
	}
	return at
}

// value returns the value at a pointer; nil if there is none.
func value(document any, at seed.Pointer) any {
	if at == "" {
		return document
	}
	switch above := value(document, at.Parent()).(type) {
	case map[string]any:
		return above[at.Base()]
	case []any:
		if i, err := strconv.Atoi(at.Base()); err == nil && i >= 0 && i < len(above) {
			return above[i]
		}
	}
	return nil
}

func elements(v any) []any {
	list, _ := v.([]any)
	return list
}

// unknown compares members that the table does not name. The pattern is the pointer with * for indexes.
func (w *walk) unknown(pattern string, at seed.Pointer, old, new any, oldAt seed.Pointer, label string) {
	was, wasObject := old.(map[string]any)
	is, isObject := new.(map[string]any)
	if !wasObject && !isObject {
		return
	}
	for _, name := range memberNames(was, is) {
		inner := pattern + "/" + name
		switch list := inner + "/*"; {
		case slices.Contains(identity, inner), named(inner):
		case nouns[list] != "":
			for _, p := range w.pairs(inner) {
				if p.both() {
					w.unknown(list, at.Member(name).Index(p.new), p.was, p.is, oldAt.Member(name).Index(p.old), p.label())
				}
			}
		case strings.HasSuffix(inner, "/*/name"): // pairs have compared it
		case above(inner):
			w.unknown(inner, at.Member(name), was[name], is[name], oldAt.Member(name), label)
		case !Equal(was[name], is[name]):
			before, after := briefs(was[name], is[name])
			message := fmt.Sprintf("member %q, which the standard does not know, was %s, is %s", name, before, after)
			if label != "" {
				message = label + ": " + message
			}
			w.Changes = append(w.Changes, Change{Class: unknownMember.Class, Rise: unknownMember.Rise, Was: was[name], Is: is[name],
				Pointer: w.near(w.New, at.Member(name)), OldPointer: w.near(w.Old, oldAt.Member(name)), Message: message})
		}
	}
}

// named reports whether the table names a member.
func named(pattern string) bool {
	return slices.ContainsFunc(tableMembers, func(m member) bool { return m.at == pattern })
}

// above reports whether the table names a member below.
func above(pattern string) bool {
	return slices.ContainsFunc(tableMembers, func(m member) bool { return strings.HasPrefix(m.at, pattern+"/") })
}

func memberNames(x, y map[string]any) (all []string) {
	for name := range x {
		all = append(all, name)
	}
	for name := range y {
		if _, twice := x[name]; !twice {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
