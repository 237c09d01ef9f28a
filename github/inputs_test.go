package github

import (
	"io"
	"slices"
	"testing"

	"github.com/sethvargo/go-githubactions"
)

// Values in quotes may have commas, quotes and line ends, as in docker/build-push-action. Commas alone part nothing.
func TestQuotedInputs(t *testing.T) {
	t.Parallel()
	for _, input := range []string{"BUILD-ARGS", "LABELS", "ANNOTATIONS"} {
		for text, want := range map[string][]string{
			"":                                      nil,
			"A=1\n\n  B=2, 3  \r\nC=4":              {"A=1", "B=2, 3", "C=4"},
			"\"A=first\nsecond \"\"line\"\"\"\nB=2": {"A=first\nsecond \"line\"", "B=2"},
			"\"a.b=c, \"\"d\"\"\"":                  {"a.b=c, \"d\""},
			"A=say \"hello\"":                       {"A=say \"hello\""},
		} {
			env := map[string]string{"INPUT_" + input: text}
			gha := githubactions.New(githubactions.WithGetenv(func(name string) string { return env[name] }), githubactions.WithWriter(io.Discard))
			in := inputs{gha: gha}
			for _, f := range inputFlags {
				if "INPUT_"+input != "INPUT_"+map[string]string{"build-args": "BUILD-ARGS", "labels": "LABELS", "annotations": "ANNOTATIONS"}[f.input] {
					continue
				}
				if got := in.values(f.input, f.form); !slices.Equal(got, want) {
					t.Errorf("%s %q: %q, not %q", input, text, got, want)
				}
			}
		}
	}
}
