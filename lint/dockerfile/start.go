package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// A Start is how the image of a Dockerfile starts.
type Start struct {
	Entrypoint, Cmd []string
}

// ReadStart returns how the image starts that is built from a stage of a Dockerfile: its name or number, or "" for the last one. It
// is false if the text is no Dockerfile or has no such stage, or if the base image or a SHELL decides.
func ReadStart(text []byte, target string) (*Start, bool) {
	f, err := read(text)
	if err != nil || len(f.stages) == 0 {
		return nil, false
	}
	at := stageOf(f.stages, target)
	if at < 0 {
		return nil, false
	}
	f.stages = f.stages[:at+1]
	stages, fromScratch := f.lineage()
	var entrypoint, cmd *instructions.ShellDependantCmdLine
	for _, s := range stages { // the nearest first
		if _, ok := last[*instructions.ShellCommand](s); ok {
			return nil, false
		}
		c, hasCmd := last[*instructions.CmdCommand](s)
		e, hasEntrypoint := last[*instructions.EntrypointCommand](s)
		if hasCmd && cmd == nil && entrypoint == nil {
			cmd = &c.ShellDependantCmdLine
		}
		if hasEntrypoint && entrypoint == nil {
			entrypoint = &e.ShellDependantCmdLine
		}
	}
	if entrypoint == nil && !fromScratch {
		return nil, false
	}
	return &Start{wordsOf(entrypoint), wordsOf(cmd)}, true
}

// wordsOf returns the program of an instruction and its arguments. The shell form has a shell for a program.
func wordsOf(line *instructions.ShellDependantCmdLine) []string {
	switch {
	case line == nil:
		return nil
	case line.PrependShell:
		return []string{"/bin/sh", "-c", strings.Join(line.CmdLine, " ")}
	}
	return line.CmdLine
}
