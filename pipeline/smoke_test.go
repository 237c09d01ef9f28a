package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seedpack/seedpack/diag"
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
