package e2e

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/cli"
)

// This file checks the hooks that the repository offers to pre-commit.

// A preCommitHook is one entry of .pre-commit-hooks.yaml.
type preCommitHook struct {
	ID            string
	Name          string
	Description   string
	Entry         string
	Language      string
	Files         string
	RequireSerial bool `yaml:"require_serial"`
}

// TestPreCommitHooks proves that pre-commit can read the hooks, which start an existing command and take only manifests.
func TestPreCommitHooks(t *testing.T) {
	t.Parallel()
	f, err := os.Open(".pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var hooks []preCommitHook
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 2 {
		t.Errorf("%d hooks, want lint and fix", len(hooks))
	}
	for _, h := range hooks {
		t.Run(h.ID, func(t *testing.T) { testHook(t, h) })
	}
}

// testHook checks the entry of one hook, and its file pattern.
func testHook(t *testing.T, h preCommitHook) {
	if h.ID == "" || h.Name == "" || h.Description == "" || h.Language != "golang" {
		t.Errorf("%+v", h)
	}
	words := strings.Fields(h.Entry)
	commands := cli.Commands()
	i := slices.IndexFunc(commands, func(cmd *cobra.Command) bool { return cmd.Name() == words[1] })
	if words[0] != "seedpack" || i < 0 || words[1] != "lint" {
		t.Fatalf("%q starts no command", h.Entry)
	}
	if err := commands[i].ParseFlags(words[2:]); err != nil {
		t.Errorf("%q: %v", h.Entry, err)
	}
	files, err := regexp.Compile(h.Files)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"seed.manifest.json": true, "jobs/a/seed.manifest.json": true, "my-seed.manifest.json": false, "seed.manifest.json5": false, "seed-manifest.json": false,
	} {
		if files.MatchString(name) != want {
			t.Errorf("%s: %v, want %v", name, !want, want)
		}
	}
}
