package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A flag is written the same way in every command that has it.
func TestFlagsOfOneName(t *testing.T) {
	t.Parallel()
	type form struct{ command, kind, bare, short string }
	known := map[string]form{}
	// These have the same name for something else: what init writes into a manifest, what discover looks for. A bare
	// --smoke of verify is older than its values.
	other := map[string]bool{"init --smoke": true, "init --timeout": true, "init --output": true, "discover --platform": true, "verify --smoke": true}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if other[cmd.Name()+" --"+f.Name] {
				return
			}
			this := form{cmd.CommandPath(), f.Value.Type(), f.NoOptDefVal, f.Shorthand}
			first, ok := known[f.Name]
			if !ok {
				known[f.Name] = this
				return
			}
			if this.kind != first.kind || this.bare != first.bare || this.short != first.short {
				t.Errorf("--%s: %+v and %+v", f.Name, first, this)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRootCommand(&Process{Getenv: os.Getenv}))
	if known["push"].bare != "true" {
		t.Errorf("a bare --push is %q", known["push"].bare)
	}
}

// The value of --push may stand behind it or be left out.
func TestJoinPush(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"publish x --push --registry r", "publish x --push --registry r"},
		{"publish --push auto x", "publish --push=auto x"},
		{"pack --push true a", "pack --push=true a"},
		{"pack --push jobs", "pack --push jobs"},
		{"pack --push ./auto", "pack --push ./auto"},
		{"pack -- --push auto", "pack -- --push auto"},
		{"pack --push", "pack --push"},
	} {
		if got := strings.Join(joinPush(strings.Fields(tt.args)), " "); got != tt.want {
			t.Errorf("%s: %s", tt.args, got)
		}
	}
}
