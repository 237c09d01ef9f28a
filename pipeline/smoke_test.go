package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/verify"
)

// An output is missing where a job was migrated and its code was not. The finding names the line.
func TestHintOldVariable(t *testing.T) {
	t.Parallel()
	old, now := t.TempDir(), t.TempDir()
	for dir, text := range map[string]string{old: "#!/bin/sh\ncp x $JOB_OUTPUT_DIR\n", now: "#!/bin/sh\ncp x $OUTPUT_DIR $MY_JOB_OUTPUT_DIR\n"} {
		if err := os.MkdirAll(filepath.Join(dir, "app"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "app", "job.sh"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const hint = "line 2 of app/job.sh reads $JOB_OUTPUT_DIR, which is $OUTPUT_DIR now: seedpack migrate lists all such lines of an old job"
	for _, test := range []struct{ rule, dir, hint, want string }{
		{"output-missing", old, "", hint},
		{"output-missing", old, "x was written", "x was written; " + hint},
		{"output-missing", now, "", ""},
		{"output-missing", "", "", ""},
		{"output-plurality", old, "", ""},
	} {
		found := &diag.Report{Diagnostics: []diag.Diagnostic{{Rule: &diag.Rule{ID: test.rule}, Hint: test.hint}}}
		hintOldVariable(found, test.dir)
		if got := found.Diagnostics[0].Hint; got != test.want {
			t.Errorf("%s in %q: %q, want %q", test.rule, test.dir, got, test.want)
		}
	}
}

// A finding names its platform, unless all platforms have it.
func TestNamePlatforms(t *testing.T) {
	t.Parallel()
	rule, other := &diag.Rule{ID: "a"}, &diag.Rule{ID: "b"}
	smoked := func(platform string, found ...diag.Diagnostic) Smoked {
		return Smoked{platform, &verify.Result{Report: &diag.Report{Diagnostics: found}}}
	}
	all := []Smoked{
		smoked("linux/amd64", diag.Diagnostic{Rule: rule, Message: "shared"}, diag.Diagnostic{Rule: rule, Message: "own"}),
		smoked("linux/arm64", diag.Diagnostic{Rule: rule, Message: "shared"}, diag.Diagnostic{Rule: other, Message: "own"},
			diag.Diagnostic{Rule: rule, Message: "not tried: the engine cannot run programs for linux/arm64"}),
	}
	namePlatforms(all)
	var got []string
	for _, s := range all {
		for _, d := range s.Report.Diagnostics {
			got = append(got, d.Message)
		}
	}
	want := []string{"shared", "own (on linux/amd64)", "shared", "own (on linux/arm64)", "not tried: the engine cannot run programs for linux/arm64"}
	if !slices.Equal(got, want) {
		t.Errorf("messages are %q, not %q", got, want)
	}
	one := []Smoked{smoked("linux/amd64", diag.Diagnostic{Rule: rule, Message: "own"})}
	if namePlatforms(one); one[0].Report.Diagnostics[0].Message != "own" {
		t.Errorf("of one platform: %q", one[0].Report.Diagnostics[0].Message)
	}
}
