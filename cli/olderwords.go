package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
)

// olderWords are commands of the older command line of Seed, and words that users of neighbouring tools write, with what does it
// here.
var olderWords = map[string]string{
	"build":     "pack builds, tries and publishes a job; smoke only builds and tries it",
	"batch":     "run runs a job once: call it for each set of inputs; smoke tries all cases of seed.smoke.yaml",
	"catalog":   "discover makes a catalogue of the images of a registry",
	"clean":     "cache prune removes what the private builder keeps",
	"check":     "lint says what is wrong with a job, verify with an image",
	"compare":   "diff says what changed between two states of a job",
	"convert":   "migrate makes a manifest of 1.0.0 from an older one, export writes a job for another system",
	"create":    "init writes the first files of a job",
	"exec":      "run runs a job once with your own data",
	"fix":       "lint --fix fixes what can be fixed",
	"format":    "lint --fix fixes what can be fixed, and keeps every other byte",
	"images":    "discover finds the Seed images of a registry, list the jobs of a directory",
	"info":      "verify --verbose says what is in an image, explain what a rule or a member means",
	"inspect":   "verify --verbose says what is in an image",
	"new":       "init writes the first files of a job",
	"pull":      "docker pull does it: the reference is printed by name, and by discover",
	"push":      "pack --push builds and publishes, publish takes an image that is built already",
	"scan":      "discover finds the Seed images of a registry",
	"search":    "discover --query finds images by words",
	"spec":      "schema prints the JSON Schema of the manifest, explain says what a member means",
	"tag":       "pack --push names the image once it is verified, with --tag also otherwise",
	"test":      "smoke builds jobs and runs them as an executor would",
	"unpublish": "nothing here takes a published name back: the registry's own interface does",
	"upgrade":   "migrate makes a manifest of 1.0.0 from an older one",
	"validate":  "lint says what is wrong with a manifest, verify with an image",
}

// knownCommand refuses arguments of a command that has others below it. The first argument was meant to be one of them.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := strings.ToLower(args[0])
	if older, ok := olderWords[word]; ok && !cmd.HasParent() {
		return exit.Usagef("unknown command %q: %s", args[0], older)
	}
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	if near := nearest(word, known); near != "" {
		return exit.Usagef("unknown command %q: did you mean %s?", args[0], near)
	}
	return exit.Usagef("unknown command %q: %s --help lists them", args[0], cmd.CommandPath())
}
