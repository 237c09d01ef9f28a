package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

var rules = []*rule{
	labelManifest, labelWritten, labelVariable, labelJSON, labelKey, labelRepeated, labelStage,
	entrypointShell, entrypointRepeated, nothingToRun, cmdReplaced, bashExpansion, noUser, fileName, buildCheck,
}

// anyImage are the rules for a Dockerfile without a manifest.
var anyImage = []*rule{labelVariable, labelJSON, labelKey, labelRepeated, labelStage, buildCheck}

// Syntax is reported if a Dockerfile cannot be read. A build may find the same later.
var Syntax = &diag.Rule{
	ID:       "dockerfile-syntax",
	Severity: diag.Error,
	Summary:  "a Dockerfile must be one that BuildKit can read",
	Spec:     "1.1 S-1.1-04 J-03",
}

// Refused returns the report on a Dockerfile that is not read, with the reason: it is a link to nothing, for example.
func Refused(path string, why error) *diag.Report {
	report := &diag.Report{Path: path, Source: &seed.Source{}}
	span := report.Source.Line(1)
	report.Add(diag.Diagnostic{Rule: Syntax, Span: &span, Message: why.Error()})
	return report
}

// A start is an ENTRYPOINT or a CMD of the image.
type start struct {
	instructions.ShellDependantCmdLine
	at  []parser.Range
	set bool
}

// entrypointAndCmd returns the effective ENTRYPOINT and CMD, as far as the Dockerfile itself says. An ENTRYPOINT resets
// the CMD of earlier stages.
func (f *file) entrypointAndCmd() (entrypoint, cmd start) {
	stages, _ := f.lineage()
	for _, s := range slices.Backward(stages) {
		if e, ok := last[*instructions.EntrypointCommand](s); ok {
			entrypoint = start{e.ShellDependantCmdLine, e.Location(), len(e.CmdLine) > 0}
			cmd = start{}
		}
		if c, ok := last[*instructions.CmdCommand](s); ok {
			cmd = start{c.ShellDependantCmdLine, c.Location(), len(c.CmdLine) > 0}
		}
	}
	return entrypoint, cmd
}

// words returns the words of the manifest's command.
func (f *file) words() []command.Word {
	c, err := command.Parse(f.manifest.Job.Interface.Command)
	if err != nil {
		return nil
	}
	return c.Words
}

var entrypointShell = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-entrypoint-shell",
		Severity: diag.Error,
		Summary:  "an ENTRYPOINT must take the arguments of command",
		Spec:     "2.1.1.3 S-2.1.1.3-05 T-07",
	},
	check: func(f *file) {
		entrypoint, _ := f.entrypointAndCmd()
		if !entrypoint.set {
			return
		}
		if !entrypoint.PrependShell {
			f.checkScript(entrypoint)
			return
		}
		if words := f.words(); len(words) > 0 {
			d := f.reportf(entrypoint.at, "shell-form ENTRYPOINT drops all arguments, and command has %d: write the exec form", len(words))
			d.Hint = `as in ENTRYPOINT ["/app/run.sh"]`
			if line := entrypoint.CmdLine; len(line) > 0 && strings.HasPrefix(line[0], "[") {
				d.Hint = `it begins with [, but is no JSON, which has double quotes: ` + d.Hint
			}
			return
		}
		d := f.reportf(entrypoint.at, "shell-form ENTRYPOINT takes no arguments and hands no signals on: write the exec form")
		d.Severity = diag.Warning
	},
}

// checkScript reports a script of an exec form that does not get the arguments of command as its author expects.
func (f *file) checkScript(entrypoint start) {
	s, ok := scriptOf(entrypoint.CmdLine)
	words := len(f.words())
	if !ok || words == 0 {
		return
	}
	if s.uses("0") || s.named && s.uses("@*123456789") {
		return
	}
	var d *diag.Diagnostic
	switch {
	case s.uses("@*123456789"):
		d = f.reportf(entrypoint.at, "ENTRYPOINT starts a script of %s that loses the first argument of command: it becomes $0, and $@ begins with $1", entrypoint.CmdLine[0])
	case s.usesVariables():
		return // the executor sets the variables of inputs, too
	default:
		d = f.reportf(entrypoint.at, "ENTRYPOINT starts a script of %s that drops all arguments, and command has %d", entrypoint.CmdLine[0], words)
	}
	d.Hint = `write $@ in quotes, and a word for $0 after the script, as in ["sh", "-c", "exec /app/run.sh \"$@\"", "sh"]`
}

var entrypointRepeated = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-entrypoint-repeated",
		Severity: diag.Warning,
		Summary:  "command should not begin with the program that ENTRYPOINT starts",
		Spec:     "2.1.1.3 S-2.1.1.3-04 T-07",
	},
	check: func(f *file) {
		entrypoint, _ := f.entrypointAndCmd()
		words := f.words()
		if !entrypoint.set || entrypoint.PrependShell || len(words) == 0 || !words[0].Literal {
			return
		}
		first, program := words[0].Text, entrypoint.CmdLine[0]
		script := strings.Contains(first, "/") && slices.Contains(entrypoint.CmdLine, first)
		if script || first == program || first == path.Base(program) {
			f.reportf(entrypoint.at, "ENTRYPOINT starts %q, which is also the first word of command: the program gets its own name as an argument", first)
		}
	},
}

var nothingToRun = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-nothing-to-run",
		Severity: diag.Error,
		Summary:  "ENTRYPOINT, CMD or command must start something",
		Spec:     "2.1.1.3 S-2.1.1.3-04 T-07",
	},
	check: func(f *file) {
		entrypoint, cmd := f.entrypointAndCmd()
		_, known := f.lineage()
		if known && !entrypoint.set && !cmd.set && len(f.words()) == 0 {
			f.reportf(f.final().Location, "neither ENTRYPOINT nor CMD nor the manifest's command starts anything, and scratch brings nothing")
		}
	},
}

var cmdReplaced = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-cmd-replaced",
		Severity: diag.Notice,
		Summary:  "command replaces the image's CMD",
		Spec:     "2.1.1.3 S-2.1.1.3-05",
	},
	check: func(f *file) {
		if _, cmd := f.entrypointAndCmd(); cmd.set && len(f.words()) > 0 {
			f.reportf(cmd.at, "CMD is not used by executors: the manifest's command replaces it")
		}
	},
}

var bashExpansion = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-bash-expansion",
		Severity: diag.Warning,
		Summary:  "expansions that only Bash knows should stand where Bash is",
		Spec:     "3.1.1.2 S-3.1.1.2-25",
	},
	check: func(f *file) {
		for _, s := range f.bothStarts() {
			if !s.set || !s.PrependShell && !plainShell(s.CmdLine) || s.PrependShell && f.bashShell() {
				continue
			}
			for _, u := range command.Variables(s.CmdLine[len(s.CmdLine)-1]) {
				if text := s.CmdLine[len(s.CmdLine)-1][u.Start:u.End]; strings.Contains(text, "/") && u.Form != command.Plain {
					f.reportf(s.at, "%q is for Bash, but sh runs this, which stops with \"Bad substitution\" where it is another shell", text)
				}
			}
		}
	},
}

func (f *file) bothStarts() []start {
	entrypoint, cmd := f.entrypointAndCmd()
	return []start{entrypoint, cmd}
}

// plainShell reports whether an exec form runs a script with sh.
func plainShell(line []string) bool {
	return len(line) == 3 && path.Base(line[0]) == "sh" && line[1] == "-c"
}

// bashShell reports whether a SHELL instruction makes Bash run shell forms.
func (f *file) bashShell() bool {
	stages, _ := f.lineage()
	for _, s := range stages {
		if shell, ok := last[*instructions.ShellCommand](s); ok {
			return len(shell.Shell) > 0 && path.Base(shell.Shell[0]) == "bash"
		}
	}
	return false
}

var noUser = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-user",
		Severity: diag.Notice,
		Summary:  "a job may do without root",
		Spec:     "3.1.2 T-30",
	},
	check: func(f *file) {
		stages, _ := f.lineage()
		for _, s := range stages {
			if _, ok := last[*instructions.UserCommand](s); ok {
				return
			}
		}
		f.reportf(f.final().Location, "no USER: the job runs as root here, but executors may run it as nobody, so that it should not depend on either")
	},
}

// names are the file names that builders look for.
var names = []string{"Dockerfile", "dockerfile", "Containerfile"}

var fileName = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-name",
		Severity: diag.Notice,
		Summary:  "builders look for a file called Dockerfile",
		Spec:     "1.1 S-1-02",
	},
	check: func(f *file) {
		base := path.Base(strings.ReplaceAll(f.path, `\`, "/"))
		if f.path != "-" && !slices.Contains(names, base) {
			f.reportf(f.final().Location[:1], "the file is called %q, which builders find only when they are told: call it Dockerfile", base)
		}
	},
}

var buildCheck = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-check",
		Severity: diag.Notice,
		Summary:  "BuildKit's own checks of a Dockerfile pass",
		Spec:     "1.1",
	},
	check: func(f *file) {
		for _, w := range f.warnings {
			at := w.at
			if len(at) == 0 {
				at = f.final().Location
			}
			f.reportf(at, "%s", checkMessage(w.name, w.text))
		}
	},
}
