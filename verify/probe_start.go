package verify

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

var cannotStart = &Probe{
	Rule: diag.Rule{ID: "cannot-start", Severity: diag.Error, Spec: "2.1.1.3 S-2.1.1.3-02",
		Summary: "the image must hold the program that it is to start"},
	Check: func(r *Run) {
		switch {
		case !r.Outcome.Started:
			r.hintf(r.startedBy(), r.startHint(), "the job cannot start: %s", r.Outcome.StartError)
		case r.cannotStart():
			what := map[int]string{126: "a program that may not be executed", 127: "a program that is not found"}[r.Outcome.Exit]
			r.hintf(r.startedBy(), join(r.shellForm(), r.words()), "the job cannot start: exit status %d is a shell's word for %s", r.Outcome.Exit, what)
		}
	},
}

// startedBy returns the place of the command, or of the job if there is no command.
func (r *Run) startedBy() seed.Pointer {
	if r.Manifest.Source.Has(seed.AtCommand) {
		return seed.AtCommand
	}
	return "/job"
}

// startHint returns how to start the job, as far as that is known.
func (r *Run) startHint() string {
	if !strings.HasPrefix(r.Outcome.StartError, `"`) { // it is not about the program
		return r.Outcome.StartFix
	}
	chosen := r.chosenBy()
	if chosen != "" && len(r.args) > 0 && strings.HasPrefix(r.args[0], "/seed/") {
		return chosen // data is no program, whatever its mode is
	}
	if !strings.Contains(r.Outcome.StartError, ": not found") {
		chosen = "" // it is there, so it may be the one that is meant
	}
	return join(r.oneWord(), chosen, r.Outcome.StartFix)
}

// chosenBy says what made a word the program of an image without ENTRYPOINT; "" for an image with one.
func (r *Run) chosenBy() string {
	if len(r.config.Entrypoint) > 0 || len(r.args) == 0 {
		return ""
	}
	cmd := "[" + quoteAll(r.config.Cmd) + "]"
	switch hasCommand := strings.TrimSpace(r.Manifest.Job.Interface.Command) != ""; {
	case hasCommand && len(r.config.Cmd) > 0:
		return fmt.Sprintf("the image has no ENTRYPOINT, and the command of the manifest replaces its CMD %s, so the first word of the command is taken for the program: write ENTRYPOINT %s in the Dockerfile in place of CMD", cmd, cmd)
	case hasCommand:
		return "the image has no ENTRYPOINT, so the first word of the command is taken for the program: name the program in ENTRYPOINT of the Dockerfile, or at the beginning of the command"
	}
	return fmt.Sprintf("the image has no ENTRYPOINT, so the first word of its CMD %s is taken for the program: name the program in ENTRYPOINT of the Dockerfile", cmd)
}

func quoteAll(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, strconv.Quote(w))
	}
	return strings.Join(all, ", ")
}

// oneWord says that a whole command line stands in one word of ENTRYPOINT or CMD.
func (r *Run) oneWord() string {
	for _, list := range []struct {
		name  string
		words []string
	}{{"ENTRYPOINT", r.config.Entrypoint}, {"CMD", r.config.Cmd}} {
		if len(list.words) > 0 && len(r.args) > 0 && list.words[0] == r.args[0] && strings.Contains(r.args[0], " ") {
			return fmt.Sprintf("%s has a whole command line in one word: write [%s]", list.name, quoteAll(strings.Fields(r.args[0])))
		}
	}
	return ""
}

// shellForm says that ENTRYPOINT or CMD was meant as a list, and is none: Docker gave it to a shell.
func (r *Run) shellForm() string {
	for _, list := range []struct {
		name  string
		words []string
	}{{"ENTRYPOINT", r.config.Entrypoint}, {"CMD", r.config.Cmd}} {
		if w := list.words; len(w) == 3 && w[1] == "-c" && strings.HasPrefix(strings.TrimSpace(w[2]), "[") && strings.ContainsAny(w[2], `'"`) {
			return fmt.Sprintf("%s %s is not JSON, so a shell gets it as a command: write words in double quotes, with a comma between them", list.name, diag.Brief([]byte(w[2])))
		}
	}
	return ""
}

// causes are what loaders and shells print of programs that cannot run, and what their author can do. Of the text, $1 is kept.
var causes = []struct {
	text func() *regexp.Regexp
	fix  string
}{
	{lazy.Regexp(`error while loading shared libraries: ([^\s:]+): cannot open shared object`), "the image lacks the library $1: install the package that holds it"},
	{lazy.Regexp(`Error loading shared library ([^\s:]+): No such file`), "the image lacks the library $1: install the package that holds it"},
	{lazy.Regexp(`version .((?:GLIBC|GLIBCXX|CXXABI)_[0-9.]+). not found`), "the program was linked with newer libraries ($1) than the image has: build it on the base image of the job"},
	{lazy.Regexp(`Error relocating [^\s:]+: (\S+): symbol not found`), "the program was linked with other libraries than the image has, where $1 is missing: build it on the base image of the job"},
	{lazy.Regexp(`(?i)exec(?:utable)? format error`), "a program that the job starts is for another architecture, or a script without #! in its first line"},
	{lazy.Regexp(`(?:\r|\^M|\\r)['’"]?:? ?(?:No such file|not found|command not found|bad interpreter)|\$'.*\\r': command not found|/usr/bin/env: .*\\r`), "a script of the job has CR LF at the ends of its lines: save it with LF"},
}

// words returns the cause in what the job printed, if it is a known one, and its last line.
func (r *Run) words() string { return join(r.cause(), r.lastLine()) }

func (r *Run) cause() string {
	for _, e := range []pack.Excerpt{r.Outcome.Stderr, r.Outcome.Stdout} {
		text := slices.Concat(e.Head, e.Tail)
		for _, c := range causes {
			if m := c.text().FindSubmatchIndex(text); m != nil {
				return string(c.text().Expand(nil, []byte(c.fix), text, m))
			}
		}
	}
	return ""
}

// join joins hints; empty ones count as nothing.
func join(hints ...string) string {
	return strings.Join(slices.DeleteFunc(hints, func(h string) bool { return h == "" }), "; ")
}

// lastLine returns the last line that the job printed.
func (r *Run) lastLine() string {
	for _, e := range []pack.Excerpt{r.Outcome.Stderr, r.Outcome.Stdout} {
		text := strings.TrimSpace(r.secrets.Hide(string(e.Head) + string(e.Tail)))
		if text == "" {
			continue
		}
		return fmt.Sprintf("its last words were %q", cutLine(text[strings.LastIndexByte(text, '\n')+1:]))
	}
	return ""
}

// cutLine returns the beginning of a line that a job printed: at most 200 bytes, and no part of a character at the end.
func cutLine(line string) string {
	const most = 200
	if len(line) <= most {
		return line
	}
	for n := most; n > most-utf8.UTFMax; n-- {
		if utf8.RuneStart(line[n]) {
			return line[:n]
		}
	}
	return line[:most] // it is no UTF-8
}
