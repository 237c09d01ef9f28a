package migrate

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/seedpack/seedpack/seed"
)

var (
	jobNameForm = regexp.MustCompile(`^[a-zA-Z0-9-]+$`)
	nameForm    = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	// https://semver.org, section 9 to 11, without build metadata
	versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?$`)
	almost      = regexp.MustCompile(`^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?$`)
	notName     = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)
	notSlug     = regexp.MustCompile(`[^a-z0-9_]+`)
)

// jobName writes the name so that it can be part of an image name.
func (c *converter) jobName(from, to seed.Pointer) {
	to = to.Member("name")
	if c.answered(from, to) {
		return
	}
	old := text(c.src, from)
	name := strings.ReplaceAll(strings.ToLower(old), "_", "-")
	switch {
	case c.src.Kind(from) != "string":
		c.ask("job-name", to, "", "job name is %s, must be text", shown(c.src, from))
		c.loseBelow(from)
	case !jobNameForm.MatchString(name):
		suggestion := slug(old)
		if strings.ContainsFunc(old, func(r rune) bool { return r > unicode.MaxASCII }) {
			suggestion = "" // too much of it is gone
		}
		c.ask("job-name", to, suggestion, "job name %s has letters that an image name cannot have", quote(old))
	case strings.HasPrefix(name, "-"):
		c.ask("job-name", to, strings.TrimLeft(name, "-"), "job name %s begins with a dash, which an image name cannot do", quote(old))
	default:
		c.put(to, name)
		if name != old {
			c.change(from, to, "job name %s is %s now", quote(old), quote(name))
		}
	}
}

// version takes a semantic version that repository and tag can hold.
func (c *converter) version(from, to seed.Pointer) {
	if c.answered(from, to) {
		return
	}
	id, what := "job-version", "a repository"
	if to.Base() == "packageVersion" {
		id, what = "package-version", "a tag"
	}
	v := text(c.src, from)
	bare, _, build := strings.Cut(v, "+")
	switch valid := versionForm.MatchString(bare); {
	case c.src.Kind(from) != "string" || !valid:
		c.ask(id, to, semantic(v), "%s %s is no semantic version, MAJOR.MINOR.PATCH", to.Base(), shown(c.src, from))
		c.loseBelow(from)
	case build:
		c.ask(id, to, bare, "%s %s has a +, which %s cannot hold", to.Base(), quote(v), what)
	case id == "job-version" && strings.ToLower(v) != v:
		c.ask(id, to, strings.ToLower(v), "%s %s has upper-case letters, which %s cannot hold", to.Base(), quote(v), what)
	default:
		c.set(from, to, v)
	}
}

// semantic returns the semantic version that a number such as v1.2 was meant to be, or "".
func semantic(s string) string {
	m := almost.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	for i, part := range m[1:] {
		if m[i+1] = strings.TrimLeft(part, "0"); m[i+1] == "" {
			m[i+1] = "0"
		}
	}
	return strings.Join(m[1:], ".")
}

// slug returns a text in lower case, with dashes for all that a name cannot have.
func slug(s string) string {
	return strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

// errorList converts errors, behind those that are there.
func (c *converter) errorList(from, job seed.Pointer) {
	if c.not("array", from) {
		return
	}
	current := from.Base() == "errors"
	for i := range c.src.Len(from) {
		// A name that is valid already is kept, so no other error may get it.
		if old := text(c.src, from.Index(i).Member("name")); current && nameForm.MatchString(old) {
			c.errors[old] = true
		}
	}
	for i := range c.src.Len(from) {
		at := from.Index(i)
		if to, ok := c.element(at, job.Member("errors"), errorTable); ok {
			c.errorName(at, to, current)
		}
	}
	c.emptied(from)
}

// errorName names an error. Only its name counts in 1.0.0; it had a title before, which need not be one.
func (c *converter) errorName(from, to seed.Pointer, current bool) {
	old, target := from.Member("name"), to.Member("name")
	if c.answered(old, target) {
		return
	}
	name, title := text(c.src, old), text(c.src, from.Member("title"))
	if current && nameForm.MatchString(name) {
		c.put(target, name)
		return
	}
	if c.src.Has(old) && c.src.Kind(old) != "string" {
		c.unknown(old)
	}
	source := name
	if source == "" {
		source = title
	}
	code := ""
	if v, ok := c.get(to.Member("code")); ok {
		code = string(encode(v))
	}
	unique := c.freeName(slug(source), code)
	c.put(target, unique)
	switch {
	case name == "":
		c.change("", target, "errors have names now: %s", quote(unique))
	case name != unique:
		c.change(old, target, "error %s is %s now", quote(name), quote(unique))
	}
}

// freeName returns the slug of an error that no other has, and takes it.
func (c *converter) freeName(name, code string) string {
	if name == "" {
		name = strings.TrimSuffix("error-"+code, "-")
	} else if c.errors[name] && code != "" {
		name += "-" + code
	}
	name = notName.ReplaceAllString(name, "-") // a code such as 1.5
	free := name
	for c.errors[free] {
		c.twins[name] = max(c.twins[name], 1) + 1
		free = name + "-" + strconv.Itoa(c.twins[name])
	}
	c.errors[free] = true
	return free
}

// category maps the categories of older versions to the two of 1.0.0.
func (c *converter) category(from, to seed.Pointer) {
	to = to.Member("category")
	if c.answered(from, to) {
		return
	}
	old := text(c.src, from)
	switch strings.ToLower(old) {
	case "job", "data":
		c.setCategory(from, to, strings.ToLower(old))
	case "algorithm":
		c.setCategory(from, to, "job")
	case "system":
		c.put(to, "job")
		c.lose("category-system", from, "category %s is job now: 1.0.0 has no category for faults of the system", quote(old))
	default:
		c.wrong(from, to, "string")
	}
}

func (c *converter) setCategory(from, to seed.Pointer, category string) {
	c.put(to, category)
	if old := text(c.src, from); old != category {
		c.change(from, to, "category %s is %s now", quote(old), quote(category))
	}
}

// resources converts the resources of the job.
func (c *converter) resources(from, _ seed.Pointer) { c.objectAt(from, "", scalarsTable) }

// outerResources converts the resources that were members of the interface.
func (c *converter) outerResources(from, _ seed.Pointer) {
	c.objectAt(from, "", scalarsTable)
	c.change(from, seed.AtResources, "interface.resources is job.resources now")
}

// scalarList converts a list of scalars. Of a name that is there already, the first counts.
func (c *converter) scalarList(from seed.Pointer) {
	if c.not("array", from) {
		return
	}
	before := c.scalarNames()
	own := map[string]bool{}
	for i := range c.src.Len(from) {
		own[text(c.src, from.Index(i).Member("name"))] = true
	}
	for i := range c.src.Len(from) {
		at := from.Index(i)
		switch name := text(c.src, at.Member("name")); {
		case name == "cpu" && (own["cpus"] || before["cpus"]), before[name]:
			c.lose("member", at, "resource %s is left out, since %s is there, too", quote(name), quote(strings.Replace(name, "cpu", "cpus", 1)))
		default:
			c.element(at, seed.AtScalar, scalarTable)
		}
	}
	c.emptied(from)
}

// scalarNames returns the names of the scalars that the new manifest has already.
func (c *converter) scalarNames() map[string]bool {
	names := map[string]bool{}
	all, _ := c.get(seed.AtScalar)
	list, _ := all.([]any)
	for i := range list {
		if name, ok := c.get(seed.AtScalar.Index(i).Member("name")); ok {
			if s, ok := name.(string); ok {
				names[s] = true
			}
		}
	}
	return names
}

func (c *converter) scalarName(from, to seed.Pointer) {
	if text(c.src, from) != "cpu" || c.answered(from, to.Member("name")) {
		c.name(from, to.Member("name"))
		return
	}
	c.put(to.Member("name"), "cpus")
	c.result.renamed, c.parts.cpu = true, true
	c.change(from, to.Member("name"), "resource cpu is cpus now, and its variable ALLOCATED_CPUS")
}

func (c *converter) multiplier(from, _ seed.Pointer) { c.factor = from }

// addAmounts adds the resources that were members of the job, in the order of the standard.
func (c *converter) addAmounts() {
	there := c.scalarNames()
	for _, name := range []string{"cpus", "mem", "disk", "sharedMem"} {
		from, factor := c.unlessNull(c.amounts[name]), seed.Pointer("")
		if name == "disk" {
			factor = c.unlessNull(c.factor)
		}
		switch {
		case from == "" && factor == "":
			continue
		case there[name]:
			for _, at := range []seed.Pointer{from, factor} {
				if at != "" {
					c.lose("member", at, "%q is left out, since the resource %s is there, too", at.Base(), name)
				}
			}
			continue
		}
		c.amount(name, from, factor)
	}
}

// unlessNull returns the place of a member that says something, and "" for null.
func (c *converter) unlessNull(from seed.Pointer) seed.Pointer {
	if from != "" && c.src.Kind(from) == "null" {
		c.unknown(from)
		return ""
	}
	return from
}

// amount adds one resource. Disk and shared memory of 0 ask for nothing.
func (c *converter) amount(name string, from, factor seed.Pointer) {
	if factor != "" && c.zero(factor) {
		c.change(factor, "", "%q is 0, which asks for nothing: it is left out", factor.Base())
		factor = ""
	}
	if factor == "" && (from == "" || (name == "disk" || name == "sharedMem") && c.zero(from)) {
		if from != "" {
			c.change(from, "", "%q is 0, which asks for nothing: it is left out", from.Base())
		}
		return
	}
	to := seed.AtScalar.Index(c.counts[seed.AtScalar])
	c.counts[seed.AtScalar]++
	c.put(to, newObject())
	c.put(to.Member("name"), name)
	if from == "" {
		c.put(to.Member("value"), json.Number("0"))
	} else {
		c.leaf(from, to.Member("value"))
	}
	if factor != "" {
		c.leaf(factor, to.Member("inputMultiplier"))
	}
}

// zero reports whether the value at a place is the number 0.
func (c *converter) zero(at seed.Pointer) bool {
	f, err := strconv.ParseFloat(string(c.src.Raw(at)), 64)
	return c.src.Kind(at) == "number" && err == nil && f == 0
}
