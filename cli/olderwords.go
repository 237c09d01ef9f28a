package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
)

// olderWords are commands of the older command line of Seed, and words that users of neighbouring tools write, with what does it
// here.
var olderWords = map[string]string{
	"build":     "pack builds, tries and publishes a job; smoke only builds and tries it",
	"batch":     "run runs a job once: call it for each set of inputs; smoke tries all cases of seed.smoke.yaml",
	"catalog":   "discover makes a catalogue of the images of a registry",
	"check":     "lint says what is wrong with a job, verify with an image",
	"convert":   "migrate makes a manifest of 1.0.0 from an older one, export writes a job for another system",
	"inspect":   "verify --verbose says what is in an image",
	"pull":      "docker pull does it: the reference is printed by name, and by discover",
	"push":      "pack --push builds and publishes, publish takes an image that is built already",
	"scan":      "discover finds the Seed images of a registry",
	"search":    "discover --query finds images by words",
	"spec":      "schema prints the JSON Schema of the manifest, explain says what a member means",
	"test":      "smoke builds jobs and runs them as an executor would",
	"unpublish": "nothing here takes a published name back: the registry's own interface does",
	"upgrade":   "migrate makes a manifest of 1.0.0 from an older one",
	"validate":  "lint says what is wrong with a manifest, verify with an image",
}

// knownCommand refuses arguments of the root command. The first argument was meant to be a command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := strings.ToLower(args[0])
	if older, ok := olderWords[word]; ok {
		return exit.Usagef("unknown command %q: %s", args[0], older)
	}
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	if near := diag.Nearest(word, known); near != "" {
		return exit.Usagef("unknown command %q: did you mean %s?", args[0], near)
	}
	return exit.Usagef("unknown command %q: seedpack --help lists them", args[0])
}
