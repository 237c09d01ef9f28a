package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// ask adds a question, unless its answer is given.
func (c *converter) ask(id string, to seed.Pointer, suggestion, format string, args ...any) {
	if value, ok := c.given.of(to); ok {
		c.put(to, value)
		return
	}
	answer := suggestion
	if answer == "" {
		answer = "…"
	}
	how := "--set " + command.Quote(string(to)+"="+answer)
	if id == "maintainer-email" {
		how = "--maintainer-email ADDRESS"
	}
	c.openAt[to] = true
	c.open = append(c.open, Question{ID: id, Pointer: to, Suggestion: suggestion, Message: fmt.Sprintf(format, args...) + ": " + how})
}

// keepOpen adds this job's questions to those of the document. One that an answer above has answered goes.
func (c *converter) keepOpen() {
	for _, q := range c.open {
		key := Question{ID: q.ID, Pointer: q.Pointer}
		if _, ok := c.get(q.Pointer); ok || c.asked[key] {
			continue
		}
		c.asked[key] = true
		c.result.Questions = append(c.result.Questions, q)
	}
}

func (c *converter) lose(id string, from seed.Pointer, format string, args ...any) {
	c.result.Losses = append(c.result.Losses, Loss{id, from, fmt.Sprintf(format, args...)})
}

// unknown is for a member that has no place in 1.0.0. An empty one is no loss.
func (c *converter) unknown(from seed.Pointer) {
	switch kind := c.src.Kind(from); {
	case kind == "null":
		c.change(from, "", "%q is null, which says nothing: it is left out", from.Base())
	case (kind == "array" || kind == "object") && c.src.Len(from) == 0:
		c.emptied(from)
	default:
		c.lose("member", from, "1.0.0 has nothing for %s: it is left out", quote(from.Base()))
	}
}

func (c *converter) change(from, to seed.Pointer, format string, args ...any) {
	c.result.Changes = append(c.result.Changes, Change{from, to, fmt.Sprintf(format, args...)})
}

// missing asks for the required members that an object and those below it lack.
func (c *converter) missing(at seed.Pointer) {
	s, _ := shapeOf(at)
	value, _ := c.get(at)
	if s.kind == "array" {
		all, _ := value.([]any)
		for i := range all {
			c.missing(at.Index(i))
		}
		return
	}
	o, _ := value.(*object)
	for _, name := range s.required {
		member := at.Member(name)
		if inner, _ := shapeOf(member); inner.kind == "object" || c.isOpen(member) {
			continue
		}
		if o == nil || o.at(name) < 0 {
			c.askMissing(member)
		}
	}
	for _, name := range s.members {
		member := at.Member(name)
		inner, _ := shapeOf(member)
		_, there := c.get(member)
		if there && inner.kind == "array" || inner.kind == "object" && (there || slices.Contains(s.required, name)) {
			c.missing(member)
		}
	}
}

func (c *converter) askMissing(at seed.Pointer) {
	if at == seed.AtMaintainer.Member("email") {
		c.ask("maintainer-email", at, "", "the maintainer has no e-mail address, which a manifest must have now")
		return
	}
	c.ask("missing", at, "", "%s%s is missing, a manifest must have it", dotted(at), c.of(at))
}

// of says which element a member belongs to.
func (c *converter) of(at seed.Pointer) string {
	if v, ok := c.get(at.Parent().Member("name")); ok && isIndex(at.Parent().Base()) {
		if s, ok := v.(string); ok {
			return " of " + quote(s)
		}
	}
	return ""
}

// note says what no search finds, where it applies.
func (c *converter) note() {
	if !c.form.Old() {
		return
	}
	if _, ok := c.get(seed.AtOutputJSON); ok && c.form.Before(seed.Seed004) {
		c.noteOnce(seed.AtOutputJSON, "JSON results on standard output count no longer: the job writes them to %s", seed.OutputsFile)
	}
	if _, ok := c.get(seed.AtOutputFiles); ok {
		c.noteOnce(seed.AtOutputFiles, "side-car files are GeoJSON features now: {seedVersion, geometry, time} is no longer read")
	}
	if c.form.Before(seed.Seed001) {
		c.noteOnce("/job/name", "image names end in -seed now, no longer in -jobpack")
	}
}

func (c *converter) noteOnce(to seed.Pointer, format string, args ...any) {
	if !c.noted[format] {
		c.noted[format] = true
		c.change("", to, format, args...)
	}
}

// oldImage returns the name that the older version gave the image.
func (c *converter) oldImage() string {
	old := func(names ...string) string {
		for _, name := range names {
			if s := text(c.src, c.at.Member(name)); s != "" {
				return s
			}
		}
		return ""
	}
	name, version, tag := old("name"), old("jobVersion", "algorithmVersion", "version"), old("packageVersion")
	switch {
	case !c.form.Old() || name == "":
		return ""
	case c.form.Before(seed.Seed001):
		return name + "-jobpack"
	case version == "" || tag == "":
		return ""
	}
	return name + "-" + version + "-seed:" + tag
}

// dotted names a member without indices of elements: job.interface.inputs.files.name is "inputs.files.name".
func dotted(at seed.Pointer) string {
	return strings.TrimPrefix(words(at), "job.")
}

func (c *converter) dottedOld(at seed.Pointer) string {
	return words(seed.Pointer(strings.TrimPrefix(string(at), string(c.at))))
}

func words(at seed.Pointer) string {
	all := slices.DeleteFunc(tokens(at), isIndex)
	return strings.Join(all, ".")
}

// shown returns the value at a place for a message.
func shown(src *seed.Source, at seed.Pointer) string {
	switch kind := src.Kind(at); kind {
	case "string":
		return quote(text(src, at))
	case "object", "array":
		return article(kind)
	}
	return clip(string(src.Raw(at)))
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// quote quotes a text so that it stays readable. Printers escape control characters.
func quote(s string) string {
	if s = clip(s); strings.Contains(s, `"`) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return `"` + s + `"`
}
