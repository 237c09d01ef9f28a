package cli

import (
	"os"
	"testing"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/github"
)

// Each input of the action that stands for a flag stands for one that a command of the action has.
func TestActionInputsAreFlags(t *testing.T) {
	t.Parallel()
	flags := map[string]bool{}
	find := flagsOf(&Process{Getenv: os.Getenv})
	for _, command := range github.StepCommands() {
		set := find(command)
		if set == nil {
			t.Fatalf("there is no command %s", command)
		}
		set.VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
	}
	for input, flag := range github.InputFlags() {
		if !flags[flag] {
			t.Errorf("input %s: no command has a flag --%s", input, flag)
		}
	}
}
