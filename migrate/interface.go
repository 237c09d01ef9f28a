package migrate

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// iface converts the interface. What environment variables do to settings is settled first.
func (c *converter) iface(from, to seed.Pointer) {
	to = to.Member("interface")
	if c.not("object", from) {
		return
	}
	c.planEnv(from)
	c.object(from, to, interfaceTable)
	c.emptied(from)
}

func (c *converter) inputs(from, to seed.Pointer) {
	c.data(from, to.Member("inputs"), inputsTable, inputFileTable, inputJSONTable)
}

func (c *converter) outputs(from, to seed.Pointer) {
	c.data(from, to.Member("outputs"), outputsTable, outputFileTable, outputJSONTable)
}

// data converts inputs or outputs: an object with files and json, or in JobPack an array of both.
func (c *converter) data(from, to seed.Pointer, both, files, jsons *table) {
	if c.src.Kind(from) != "array" {
		c.objectAt(from, to, both)
		return
	}
	c.old = true
	for i := range c.src.Len(from) {
		if at := from.Index(i); c.isJSON(at) {
			c.element(at, to.Member("json"), jsons)
		} else {
			c.element(at, to.Member("files"), files)
		}
	}
	c.emptied(from)
}

// isJSON reports whether an element of an array is a JSON value, and not a file.
func (c *converter) isJSON(at seed.Pointer) bool {
	kind := text(c.src, at.Member("type"))
	return kind == "json" || slices.Contains(jsonTypes, kind) ||
		kind == "" && slices.Contains(jsonTypes, text(c.src, at.Member("content").Member("type")))
}

// fileType is the type of a file, which says where the element goes.
func (c *converter) fileType(from, _ seed.Pointer) {
	if kind := text(c.src, from); kind != "file" {
		c.lose("member", from, "type %s is left out: the element is taken for a file", shown(c.src, from))
	}
}

// jsonType is the type of a JSON value. In an array it says where the element goes; the type is in its content.
func (c *converter) jsonType(from, to seed.Pointer) {
	if text(c.src, from) != "json" {
		c.leaf(from, to.Member("type"))
	}
}

// name takes the name of an element, and notes that an input or a setting becomes a variable.
func (c *converter) name(from, to seed.Pointer) {
	old := text(c.src, from)
	if array := to.Parent().Parent(); array == seed.AtInputFiles || array == seed.AtInputJSON || array == seed.AtSettings {
		c.vars = append(c.vars, element{old, from, to})
	}
	c.nameAs(from, to, old)
}

func (c *converter) nameAs(from, to seed.Pointer, name string) {
	if c.answered(from, to) {
		return
	}
	if c.src.Kind(from) != "string" || !nameForm.MatchString(name) {
		suggestion := strings.Trim(notName.ReplaceAllString(name, "_"), "_")
		c.ask("name", to, suggestion, "%s %s must be letters, digits, dashes and underscores", dotted(to), shown(c.src, from))
		c.loseBelow(from)
		return
	}
	c.set(from, to, name)
}

// count becomes multiple, which says no number.
func (c *converter) count(from, to seed.Pointer) {
	to = to.Member("multiple")
	if c.taken(from, to) || c.answered(from, to) {
		return
	}
	count := text(c.src, from)
	if c.src.Kind(from) == "number" {
		count = string(c.src.Raw(from))
	}
	n, err := strconv.ParseFloat(count, 64)
	switch {
	case err == nil && n == 1:
		c.change(from, "", "count 1 is what an output has without %q: it is left out", "multiple")
	case count == "*":
		c.put(to, true)
		c.change(from, to, `count "*" is "multiple": true now`)
	case c.src.Kind(from) != "string" && c.src.Kind(from) != "number":
		c.unknown(from)
	default:
		c.put(to, true)
		c.lose("count", from, `count %s is now "several", "multiple": true: an executor no longer checks the number`, quote(count))
	}
}

// An envPlan says what becomes of environment variables.
type envPlan struct {
	names map[seed.Pointer]string // names that settings take, by the place of their old name
	lost  map[seed.Pointer]string // variables that are lost, and why
}

// onlyVariable matches a value that is exactly one variable.
var onlyVariable = regexp.MustCompile(`^\$(?:\{([^{}$]+)\}|([A-Za-z0-9_]+))$`)

// planEnv finds the environment variables that only hand a setting on: the setting takes the variable's name.
func (c *converter) planEnv(at seed.Pointer) {
	c.env = envPlan{map[seed.Pointer]string{}, map[seed.Pointer]string{}}
	settings, taken := c.settingNames(at)
	vars := c.envVarPlaces(at)
	inCommand, inValues := c.settingUses(at, settings, vars)
	for _, env := range vars {
		name, setting := text(c.src, env.Member("name")), ""
		if only := onlyVariable.FindStringSubmatch(text(c.src, env.Member("value"))); only != nil {
			setting = only[1] + only[2]
		}
		place, known := settings[setting]
		switch {
		case !known:
			c.env.lost[env] = "write it into the Dockerfile, as ENV"
		case inCommand[setting] > 0 || inValues[setting] > 1:
			c.env.lost[env] = "the setting " + quote(setting) + " is used elsewhere, too, so it keeps its name: the job reads $" + seed.Variable(setting)
		case name == "" || taken[name] && name != setting:
			c.env.lost[env] = "the job reads the setting itself, as $" + seed.Variable(setting)
		default:
			c.env.names[place] = name
			taken[name] = true
		}
	}
}

// settingUses counts how often settings are used in the command, and in the values of how many variables.
func (c *converter) settingUses(at seed.Pointer, settings map[string]seed.Pointer, vars []seed.Pointer) (inCommand, inValues map[string]int) {
	inCommand, inValues = map[string]int{}, map[string]int{}
	s := newSearch(slices.Collect(maps.Keys(settings)))
	for _, name := range []string{"command", "cmd", "args", "command_arguments"} {
		s.each(text(c.src, at.Member(name)), func(_, _ int, name string) { inCommand[name]++ })
	}
	for _, env := range vars {
		once := map[string]bool{}
		s.each(text(c.src, env.Member("value")), func(_, _ int, name string) { once[name] = true })
		for name := range once {
			inValues[name]++
		}
	}
	return inCommand, inValues
}

// settingNames returns the places of settings by name, and all names that inputs and settings have.
func (c *converter) settingNames(at seed.Pointer) (places map[string]seed.Pointer, taken map[string]bool) {
	places, taken = map[string]seed.Pointer{}, map[string]bool{}
	array := at.Member("settings")
	for i := range c.src.Len(array) {
		name := array.Index(i).Member("name")
		places[text(c.src, name)] = name
		taken[text(c.src, name)] = true
	}
	for _, inputs := range []string{"inputs", "inputData", "input_data"} {
		for _, list := range []seed.Pointer{at.Member(inputs), at.Member(inputs).Member("files"), at.Member(inputs).Member("json")} {
			for i := range c.src.Len(list) {
				taken[text(c.src, list.Index(i).Member("name"))] = true
			}
		}
	}
	delete(places, "")
	return places, taken
}

// envVarPlaces returns the places of the environment variables of an interface.
func (c *converter) envVarPlaces(at seed.Pointer) []seed.Pointer {
	var all []seed.Pointer
	for _, name := range []string{"envVars", "env_vars"} {
		array := at.Member(name)
		for i := range c.src.Len(array) {
			if c.src.Kind(array.Index(i)) == "object" {
				all = append(all, array.Index(i))
			}
		}
	}
	return all
}

// envVars reports the environment variables that are lost. The settings have taken the names of the others.
func (c *converter) envVars(from, _ seed.Pointer) {
	if c.not("array", from) {
		return
	}
	for i := range c.src.Len(from) {
		at := from.Index(i)
		if c.src.Kind(at) != "object" {
			c.lose("member", at, "%s is no object: it is left out", shown(c.src, at))
			continue
		}
		c.object(at, "", envVarTable)
		if why, lost := c.env.lost[at]; lost {
			c.lose("env-var", at, "variable %s has no place in a manifest any more: %s", shown(c.src, at.Member("name")), why)
		}
	}
	c.emptied(from)
}

// settingName names a setting, perhaps as the environment variable that handed it on.
func (c *converter) settingName(from, to seed.Pointer) {
	to = to.Member("name")
	old := text(c.src, from)
	name, renamed := c.env.names[from]
	if !renamed {
		c.name(from, to)
		return
	}
	c.vars = append(c.vars, element{old, from, to}, element{name, from, to})
	c.nameAs(from, to, name)
	if name != old {
		c.change(from, to, "setting %s takes the name of the variable %s, which handed it on", quote(old), quote(name))
	}
}

// settingValue loses the value of a setting. No message repeats it, since it may be a secret.
func (c *converter) settingValue(from, _ seed.Pointer) {
	setting := shown(c.src, from.Parent().Member("name"))
	if c.src.Kind(from) == "null" {
		c.unknown(from)
		return
	}
	c.lose("setting-value", from, "the value of setting %s is left out: whoever runs the job gives it", setting)
}

// settingValues returns the places of the values of settings in a document.
func settingValues(src *seed.Source) []seed.Pointer {
	var jobs, all []seed.Pointer
	for _, array := range []seed.Pointer{"", "/jobs"} {
		if src.Kind(array) == "array" {
			for i := range src.Len(array) {
				jobs = append(jobs, array.Index(i))
			}
		}
	}
	for _, job := range append(jobs, seed.AtJob) {
		settings := job.Member("interface").Member("settings")
		for i := range src.Len(settings) {
			if at := settings.Index(i).Member("value"); src.Has(at) {
				all = append(all, at)
			}
		}
	}
	return all
}

// hideSecrets replaces the values of settings in a text.
func hideSecrets(src *seed.Source) *strings.Replacer {
	var all []string
	for _, at := range settingValues(src) {
		value := string(src.Raw(at))
		if src.Kind(at) == "string" {
			value = text(src, at)
		}
		const shortest = 3 // a shorter one stands in every other line
		if len(value) >= shortest && value != "true" && value != "false" && value != "null" {
			all = append(all, value)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, value := range all {
		pairs = append(pairs, value, "***")
	}
	return strings.NewReplacer(pairs...)
}
