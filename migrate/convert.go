package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A converter makes the manifests of one document. What belongs to the current job is reset for each.
type converter struct {
	doc    *Document
	src    *seed.Source
	form   seed.Form
	result *Result
	given  *answers
	asked  map[Question]bool // by ID and pointer, of all jobs
	noted  map[string]bool   // notes and variables that are in the result
	old    bool              // a member has a name of an older form

	at      seed.Pointer // the job in the old document
	root    *object      // its new manifest
	open    []Question   // of this job
	openAt  map[seed.Pointer]bool
	counts  map[seed.Pointer]int
	vars    []element
	amounts map[string]seed.Pointer // resources that were members of the job
	factor  seed.Pointer            // the multiplier of disk
	parts   commandParts
	env     envPlan
	errors  map[string]bool // names that are taken
	twins   map[string]int  // how many errors would have a name
}

func newConverter(doc *Document, form seed.Form, r *Result, given *answers) *converter {
	return &converter{doc: doc, src: doc.Source, form: form, result: r, given: given, asked: map[Question]bool{}, noted: map[string]bool{}}
}

// An element is an input or setting: it becomes a variable.
type element struct {
	old  string       // its old name
	from seed.Pointer // its place in the old document
	to   seed.Pointer // its place in the new one
}

// document converts all jobs.
func (c *converter) document() {
	if c.src.Kind("") == "array" {
		c.jobs("", "")
		return
	}
	c.object("", "", rootTable)
}

func (c *converter) onlyJob(from, _ seed.Pointer) { c.job(from) }

func (c *converter) jobs(from, _ seed.Pointer) {
	if c.not("array", from) {
		return
	}
	for i := range c.src.Len(from) {
		if at := from.Index(i); c.src.Kind(at) == "object" {
			c.job(at)
		} else {
			c.lose("member", at, "%s is no job: it is left out", shown(c.src, at))
		}
	}
}

// job converts one job.
func (c *converter) job(from seed.Pointer) {
	c.at, c.root, c.open, c.openAt, c.counts, c.vars = from, newObject(), nil, map[seed.Pointer]bool{}, map[seed.Pointer]int{}, nil
	c.amounts, c.factor, c.parts, c.env, c.errors = map[string]seed.Pointer{}, "", commandParts{}, envPlan{}, map[string]bool{}
	c.twins = map[string]int{}
	put(c.root, "/seedVersion", "1.0.0")
	put(c.root, seed.AtJob, newObject())
	if version := c.src.FormAt(); version != "" && c.form != seed.Seed100 {
		c.change(version, "/seedVersion", `the version is seedVersion "1.0.0" now`)
	}
	c.object(from, seed.AtJob, jobTable)
	c.addAmounts()
	c.finishCommand()
	if _, ok := c.get("/job/packageVersion"); !ok && !c.isOpen("/job/packageVersion") {
		c.put("/job/packageVersion", "1.0.0")
		c.change("", "/job/packageVersion", `packageVersion is new, and begins with "1.0.0"`)
	}
	c.given.apply(c.root, c.isOpen)
	c.missing("")
	c.keepOpen()
	c.note()
	c.result.Manifests = append(c.result.Manifests, &Manifest{root: c.root, from: c.whole(), OldImage: c.oldImage()})
}

// whole returns the place of the job, or of the whole document if that holds one job.
func (c *converter) whole() seed.Pointer {
	if c.at == seed.AtJob {
		return ""
	}
	return c.at
}

// object converts the members of an object by the rows of a table.
func (c *converter) object(from, to seed.Pointer, t *table) {
	known := map[string]bool{}
	for _, r := range t.rows {
		var first string
		for i, name := range strings.Fields(r.names) {
			at := from.Member(name)
			known[name] = true
			switch {
			case !c.src.Has(at):
			case first != "" && !r.each:
				c.lose("member", at, "%q is left out, since %q is there, too", name, first)
			default:
				first = name
				c.old = c.old || i > 0 || !r.current
				r.do(c, at, to)
			}
		}
	}
	for _, name := range c.src.Members(from) {
		if !known[name] {
			c.lose("member", from.Member(name), "1.0.0 has nothing for %s: it is left out", quote(name))
		}
	}
}

// objectAt is object for a member that should be an object.
func (c *converter) objectAt(from, to seed.Pointer, t *table) {
	if !c.not("object", from) {
		c.object(from, to, t)
	}
}

// list converts an array of objects, behind those that the new array has already.
func (c *converter) list(from, to seed.Pointer, t *table) {
	if c.not("array", from) {
		return
	}
	for i := range c.src.Len(from) {
		c.element(from.Index(i), to, t)
	}
	c.emptied(from)
}

// element adds one element to a new array, and returns its place there.
func (c *converter) element(from, array seed.Pointer, t *table) (seed.Pointer, bool) {
	if c.src.Kind(from) != "object" {
		c.lose("member", from, "%s is no object: it is left out", shown(c.src, from))
		return "", false
	}
	to := array.Index(c.counts[array])
	c.counts[array]++
	put(c.root, to, newObject())
	c.object(from, to, t)
	return to, true
}

// emptied notes that an empty list or object is left out.
func (c *converter) emptied(from seed.Pointer) {
	if c.src.Len(from) == 0 {
		c.change(from, "", "%q is empty: it is left out", from.Base())
	}
}

// leaf takes a value as it is, if 1.0.0 has such values there.
func (c *converter) leaf(from, to seed.Pointer) {
	if c.taken(from, to) || c.answered(from, to) {
		return
	}
	s, _ := shapeOf(to)
	value, ok := c.value(from, to, s.kind)
	switch {
	case !ok:
		c.wrong(from, to, s.kind)
	case s.kind == "array" && len(value.([]any)) == 0:
		c.change(from, "", "%q is empty: it is left out", from.Base())
	default:
		c.set(from, to, value)
	}
}

// value returns the value at a place of the old document as one of the type that 1.0.0 has there. Text that is a number or
// a boolean, and single elements in the place of a list, are converted.
func (c *converter) value(from, to seed.Pointer, kind string) (any, bool) {
	is := c.src.Kind(from)
	switch {
	case kind == "array":
		return c.texts(from)
	case kind == "string" && is == "string":
		v := text(c.src, from)
		allowed := choices[place(to)]
		return v, allowed == nil || slices.Contains(allowed, v)
	case kind == "string" && is == "array" && c.src.Len(from) == 1 && c.src.Kind(from.Index(0)) == "string":
		c.change(from, to, "%s is one text now, not a list", to.Base())
		return text(c.src, from.Index(0)), true
	case fits(c.src, from, kind):
		return read(c.src, from), true
	case is == "string" && kind != "string":
		inner := seed.ParseJSON([]byte(text(c.src, from)))
		if len(inner.Problems) > 0 || !fits(inner, "", kind) {
			return nil, false
		}
		c.change(from, to, "%s is %s now, not text", to.Base(), article(kind))
		return read(inner, ""), true
	}
	return nil, false
}

// texts returns an array of strings. A single string counts as one; other elements are losses.
func (c *converter) texts(from seed.Pointer) (any, bool) {
	switch c.src.Kind(from) {
	case "string":
		c.change(from, "", "%q is a list now", from.Base())
		return []any{text(c.src, from)}, true
	case "array":
	default:
		return nil, false
	}
	all := []any{}
	for i := range c.src.Len(from) {
		if at := from.Index(i); c.src.Kind(at) == "string" {
			all = append(all, text(c.src, at))
		} else {
			c.lose("member", at, "%s is no text: it is left out", shown(c.src, at))
		}
	}
	return all, true
}

// wrong is for a value that 1.0.0 does not take. One that is required is asked for.
func (c *converter) wrong(from, to seed.Pointer, kind string) {
	must := article(kind)
	if allowed := choices[place(to)]; allowed != nil {
		must = "one of " + strings.Join(allowed, ", ")
	}
	switch s, _ := shapeOf(to.Parent()); {
	case slices.Contains(s.required, to.Base()):
		c.ask("missing", to, "", "%s is %s, must be %s", dotted(to), shown(c.src, from), must)
		c.loseBelow(from)
	case c.src.Kind(from) == "null":
		c.change(from, "", "%q is null, which says nothing: it is left out", from.Base())
	default:
		c.lose("member", from, "%q is %s, must be %s: it is left out", from.Base(), shown(c.src, from), must)
	}
}

// not reports whether a value has not the type that its member needs: it is left out then.
func (c *converter) not(kind string, from seed.Pointer) bool {
	is := c.src.Kind(from)
	switch {
	case is == kind:
		return false
	case is == "null" || is == "array" && c.src.Len(from) == 0 || is == "object" && c.src.Len(from) == 0:
		c.unknown(from)
	default:
		c.lose("member", from, "%q is %s, must be %s: it is left out", from.Base(), shown(c.src, from), article(kind))
	}
	return true
}

// loseBelow reports a loss if a value that is asked for anew holds others, which the question does not show.
func (c *converter) loseBelow(from seed.Pointer) {
	if kind := c.src.Kind(from); kind == "object" || kind == "array" {
		c.unknown(from)
	}
}

// taken reports a loss if the new member is there already.
func (c *converter) taken(from, to seed.Pointer) bool {
	if _, ok := c.get(to); !ok {
		return false
	}
	c.lose("member", from, "%q is left out, since %s is there, too", from.Base(), dotted(to))
	return true
}

// answered sets the answer for a place, if there is one.
func (c *converter) answered(from, to seed.Pointer) bool {
	value, ok := c.given.of(to)
	if ok {
		c.put(to, value)
		c.change(from, to, "%s is as it was given", dotted(to))
	}
	return ok
}

// set puts a value, and notes that its member has another name or place now.
func (c *converter) set(from, to seed.Pointer, value any) {
	c.put(to, value)
	old, now := c.dottedOld(from), dotted(to)
	switch {
	case old == now:
	case from.Base() == to.Base() && to.Parent() != seed.AtMaintainer && old != to.Base():
		// A member that keeps its name has moved with all that stood beside it.
		c.change(from, to, "%s is %s now", strings.TrimSuffix(old, "."+from.Base()), strings.TrimSuffix(now, "."+to.Base()))
	default:
		c.change(from, to, "%s is %s now", old, c.titled(to, now))
	}
}

// titled names a new member. The value of a resource goes by the name of the resource.
func (c *converter) titled(to seed.Pointer, now string) string {
	if name, ok := c.get(to.Parent().Member("name")); ok && to.Parent().Parent() == seed.AtScalar && to.Base() != "name" {
		return fmt.Sprintf("%s of the resource %s", to.Base(), name)
	}
	return now
}

func (c *converter) put(to seed.Pointer, value any)  { put(c.root, to, value) }
func (c *converter) get(to seed.Pointer) (any, bool) { return find(c.root, to) }
func (c *converter) isOpen(at seed.Pointer) bool     { return c.openAt[at] }
