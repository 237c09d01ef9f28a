package cli

import (
	"os"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/github"
)

// flagsWithoutInput are flags that no input stands for, with the reason.
var flagsWithoutInput = map[string]string{
	"against":     "the input path says it",
	"color":       "annotations and the log of a step have their own form",
	"diff":        "it shows fixes and reports nothing; the input fix applies them",
	"dockerfile":  "it prints lines for people",
	"format":      "the step reads json, and shows it in GitHub's forms",
	"gitlab-file": "it is for GitLab",
	"help":        "docs/action.md is the help",
	"iidfile":     "the output imageid has it",
	"progress":    "the log of a step is no terminal",
	"push":        "the input push is read with the event",
	"quiet":       "the step shows no line of lint's text",
	"root":        "a step is confined to its workspace",
	"secret":      "the inputs secrets, secret-envs and secret-files keep values off the command line",
	"update":      "it changes a file of the author",
	"verbose":     "the log and the summary of a step have notices, too",
	"yes":         "it is for update",
}

// inputsWithoutFlag are inputs that stand for no flag: for operands, for several flags, or for the step itself.
var inputsWithoutFlag = []string{"command", "path", "old", "push", "secrets", "secret-envs", "secret-files", "github-token", "call",
	"summary", "check-run-id", "working-directory", "binary", "download-url"}

// Each input of the action that stands for a flag stands for one that a command of the action has. Each flag of those commands has
// an input, or a reason to have none.
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
	flags["help"], flags["root"], flags["color"] = true, true, true // those of all commands
	has := map[string]bool{}
	for input, flag := range github.InputFlags() {
		has[flag] = true
		if !flags[flag] {
			t.Errorf("input %s: no command has a flag --%s", input, flag)
		}
	}
	for flag := range flags {
		if _, excepted := flagsWithoutInput[flag]; excepted == has[flag] {
			t.Errorf("--%s: add an input to inputFlags and action.yml, or a reason to flagsWithoutInput", flag)
		}
	}
	for flag := range flagsWithoutInput {
		if !flags[flag] {
			t.Errorf("flagsWithoutInput names --%s, which no command of a step has", flag)
		}
	}
}

// The action declares the inputs that the program reads, and no others. A default is the flag's.
func TestActionDeclaresInputs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]struct{ Default string }
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	read := github.InputFlags()
	for input := range read {
		if _, ok := action.Inputs[input]; !ok {
			t.Errorf("action.yml does not declare %s", input)
		}
	}
	for input, declared := range action.Inputs {
		flag, ok := read[input]
		if ok == slices.Contains(inputsWithoutFlag, input) {
			t.Errorf("does the program read the input %s? inputFlags and inputsWithoutFlag must say it once", input)
		}
		if f := newRootFlag(flag); ok && declared.Default != "" && (f == nil || f.DefValue != declared.Default) {
			t.Errorf("%s: the default %q is not that of --%s", input, declared.Default, flag)
		}
	}
}

// newRootFlag returns a flag of pack.
func newRootFlag(name string) *pflag.Flag {
	return flagsOf(&Process{Getenv: os.Getenv})("pack").Lookup(name)
}
