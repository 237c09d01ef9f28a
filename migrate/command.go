package migrate

import (
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// commandParts are the members that make the command.
type commandParts struct {
	command   seed.Pointer // the whole command
	program   seed.Pointer
	arguments seed.Pointer
	cpu       bool // the resource cpu is cpus now
}

// command notes the member command. The first JobPack had the program in it.
func (c *converter) command(from, _ seed.Pointer) {
	if c.form == seed.JobPackA || c.src.Has(from.Parent().Member("command_arguments")) {
		c.parts.program = from
		c.old = true
		return
	}
	c.parts.command = from
}

func (c *converter) program(from, _ seed.Pointer) {
	if c.parts.command != "" || c.parts.program != "" {
		c.lose("member", from, "%q is left out, since %q is there, too", from.Base(), "command")
		return
	}
	c.parts.program = from
}

func (c *converter) arguments(from, _ seed.Pointer) {
	if c.parts.command != "" {
		c.lose("member", from, "%q is left out, since %q is there, too", from.Base(), "command")
		return
	}
	c.parts.arguments = from
}

// finishCommand makes the command, once the names of inputs and settings are known.
func (c *converter) finishCommand() {
	c.noteVariables()
	p := c.parts
	for _, from := range []*seed.Pointer{&p.command, &p.program, &p.arguments} {
		if *from != "" && c.not("string", *from) {
			*from = ""
		}
	}
	at := first(p.command, p.program, p.arguments)
	if at == "" || c.answered(at, seed.AtCommand) {
		return
	}
	command, asked := text(c.src, p.command), false
	switch {
	case p.command != "":
	case p.arguments == "" && !c.form.Before(seed.Seed005):
		command = text(c.src, p.program)
		c.change(at, seed.AtCommand, "%s is interface.command now", c.dottedOld(at))
	default:
		command, asked = c.join(text(c.src, p.program), text(c.src, p.arguments), at)
	}
	if asked || c.holes(command, at) {
		return
	}
	if command == "" {
		c.change(at, "", "%q is empty: it is left out", at.Base())
		return
	}
	c.put(seed.AtCommand, c.rewrite(command))
	c.explainRewrite(at, command)
}

func first(all ...seed.Pointer) seed.Pointer {
	for _, at := range all {
		if at != "" {
			return at
		}
	}
	return ""
}

// join puts program and arguments together, as far as the image does not start the program itself. Up to 0.0.4 images had no
// ENTRYPOINT.
func (c *converter) join(program, arguments string, at seed.Pointer) (command string, asked bool) {
	whole := program
	switch {
	case program == "":
		whole = arguments
	case arguments != "":
		whole += " " + arguments
	}
	start := c.doc.Start
	switch {
	case start == nil:
		c.change(at, seed.AtCommand, "the command is the program with its arguments: it is assumed that the image has no ENTRYPOINT")
	case len(start.Entrypoint) == 0:
		c.change(at, seed.AtCommand, "the command is the program with its arguments, since %s has no ENTRYPOINT", start.From)
	case slices.Equal(strings.Fields(strings.Join(start.Entrypoint, " ")), strings.Fields(program)):
		c.change(at, seed.AtCommand, "the command has the arguments only, since the ENTRYPOINT of %s is %s already", start.From, quote(program))
		if start.Shell {
			c.change("", seed.AtCommand, "the ENTRYPOINT of %s is in shell form, which drops all arguments: write ENTRYPOINT [%s]", start.From, encode(program))
		}
		return arguments, false
	default:
		c.ask("command", seed.AtCommand, c.rewrite(arguments), "the ENTRYPOINT of %s is %s, and the program was %s: say what comes after the ENTRYPOINT",
			start.From, quote(strings.Join(start.Entrypoint, " ")), quote(whole))
		return "", true
	}
	return whole, false
}

// holes asks for the command if a builder has taken its variables: it replaces those that a label does not escape.
func (c *converter) holes(command string, at seed.Pointer) bool {
	if !c.doc.Label {
		return false
	}
	var lost []string
	newSearch(c.doc.Emptied).each(command, func(_, _ int, name string) {
		if !slices.Contains(lost, "$"+name) {
			lost = append(lost, "$"+name)
		}
	})
	switch {
	case len(lost) > 0:
		c.ask("command", seed.AtCommand, c.rewrite(command), "the label does not escape %s, so the image has a command with holes; as it is written it is %s",
			strings.Join(lost, ", "), quote(c.rewrite(command)))
	case c.doc.Emptied == nil && c.punched(command):
		c.ask("command", seed.AtCommand, "", "the command in the label is %s, with holes where Docker took variables that were not escaped: write it anew", quote(command))
	default:
		return false
	}
	return true
}

// punched reports whether a command of a label has no variables, but blanks or quotes where they may have been.
func (c *converter) punched(command string) bool {
	_, files := c.get(seed.AtInputFiles)
	_, jsons := c.get(seed.AtInputJSON)
	_, outputs := c.get(seed.AtOutputFiles)
	if strings.Contains(command, "$") || !files && !jsons && !outputs {
		return false
	}
	if strings.TrimSpace(command) != command || strings.Contains(command, "  ") || strings.Contains(command, `""`) || strings.Contains(command, "''") {
		return true
	}
	for _, word := range strings.Fields(command) {
		if strings.HasSuffix(word, "=") {
			return true
		}
	}
	args := text(c.src, c.parts.arguments)
	return command == "" || c.parts.arguments != "" && (args == "" || strings.TrimSpace(args) != args)
}

// A variable is one that the job was given, under its old and its new name.
type variable struct {
	old, now string // now is empty as long as its question is open
}

// noteVariables keeps the variables whose names differ now, for the command and for the search in code.
func (c *converter) noteVariables() {
	for _, e := range c.vars {
		v := variable{old: e.old}
		if name, ok := c.get(e.to); ok {
			if s, ok := name.(string); ok {
				v.now = seed.Variable(s)
			}
		}
		if !c.form.Before(seed.Seed006) {
			v.old = seed.Variable(v.old)
		}
		if key := v.old + "\x00" + v.now; v.old != "" && !c.noted[key] {
			c.noted[key] = true
			c.result.names = append(c.result.names, v)
		}
	}
}

// renamedVariables are variables of executors under their old and new names.
var renamedVariables = []variable{
	{"JOB_OUTPUT_DIR", seed.OutputDir}, {"job_output_dir", seed.OutputDir},
	{"ALLOCATED_STORAGE", seed.AllocatedPrefix + "DISK"}, {"ALLOCATED_SHARED_MEM", seed.AllocatedPrefix + "SHAREDMEM"},
}

// rewrite gives the variables of a command their new names. It touches nothing else.
func (c *converter) rewrite(command string) string {
	now := map[string]string{}
	for _, v := range renamedVariables {
		now[v.old] = v.now
	}
	if c.parts.cpu {
		now["ALLOCATED_CPU"] = "ALLOCATED_CPUS"
	}
	for _, e := range c.vars { // of this job only
		name, ok := c.get(e.to)
		s, isText := name.(string)
		old := e.old
		if !c.form.Before(seed.Seed006) {
			old = seed.Variable(old)
		}
		if ok && isText && old != "" {
			now[old] = seed.Variable(s)
		}
	}
	var b strings.Builder
	end := 0
	newSearch(slices.Collect(maps.Keys(now))).each(command, func(start, stop int, name string) {
		b.WriteString(command[end:start] + now[name])
		end = stop
	})
	return b.String() + command[end:]
}

func (c *converter) explainRewrite(from seed.Pointer, command string) {
	if now := c.rewrite(command); now != command {
		c.change(from, seed.AtCommand, "the command is %s now, with the new names of its variables", quote(now))
	}
}

// A search finds variables by their names.
type search struct {
	words map[string]bool
	odd   map[string]bool // names that are no words, such as rows-file
	sizes []int           // of the odd ones, the longest first
}

func newSearch(names []string) *search {
	s := &search{words: map[string]bool{}, odd: map[string]bool{}}
	const longest = 256 // a longer one is no name
	for _, name := range names {
		switch {
		case wordLength(name) == len(name):
			s.words[name] = true
		case len(name) <= longest:
			s.odd[name] = true
			s.sizes = append(s.sizes, len(name))
		}
	}
	slices.Sort(s.sizes)
	s.sizes = slices.Compact(s.sizes)
	slices.Reverse(s.sizes)
	return s
}

// each calls do for each variable in a text, in its order, as in $NAME, ${NAME} and ${NAME/…}. Start and stop are the place of
// the name. Of names that begin alike the longest counts. A dollar after a backslash is text.
func (s *search) each(text string, do func(start, stop int, name string)) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
			continue
		case text[i] != '$':
			continue
		}
		start := i + 1
		if strings.HasPrefix(text[start:], "{") {
			start++
			if start < len(text) && (text[start] == '#' || text[start] == '!') {
				start++
			}
		}
		if name := s.at(text[start:]); name != "" {
			do(start, start+len(name), name)
			i = start + len(name) - 1
		}
	}
}

// at returns the name that a text begins with, or "".
func (s *search) at(text string) string {
	for _, size := range s.sizes {
		if size <= len(text) && s.odd[text[:size]] && wordLength(text[size:]) == 0 && !strings.HasPrefix(text[size:], "-") {
			return text[:size]
		}
	}
	if word := text[:wordLength(text)]; s.words[word] {
		return word
	}
	return ""
}

// wordLength returns the length of the leading run of letters, digits and underscores.
func wordLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return i
		}
	}
	return len(s)
}
