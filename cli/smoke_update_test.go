package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/secret"
)

// A person is asked for each job, and an empty line agrees. Without one nothing is written unless --yes says so.
func TestSmokeUpdateAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		update smokeUpdate
		said   string
		want   []bool
		shown  string
	}{
		{"yes", smokeUpdate{person: true}, "y\n\nYes\nn\nwhat\n", []bool{true, true, true, false, false}, "\nwrite a, b? [Y/n] \nwrite a, b? [Y/n] \nwrite a, b? [Y/n] \nwrite a, b? [Y/n] nothing is written\n\nwrite a, b? [Y/n] nothing is written\n"},
		{"the end of what is said", smokeUpdate{person: true}, "", []bool{false}, "\nwrite a, b? [Y/n] nothing is written\n"},
		{"--yes", smokeUpdate{yes: true}, "", []bool{true}, ""},
		{"nobody", smokeUpdate{}, "y\n", []bool{false}, "nothing is written, since there is no terminal to ask on: --yes writes it\n"},
	} {
		var shown bytes.Buffer
		u := tt.update
		u.process = &Process{Stdin: strings.NewReader(tt.said), Stderr: &shown, Getenv: os.Getenv, secrets: new(secret.Set)}
		for _, want := range tt.want {
			if got, err := u.agreed([]string{"a", "b"}); err != nil || got != want {
				t.Errorf("%s: %v, %v", tt.name, got, err)
			}
		}
		if shown.String() != tt.shown {
			t.Errorf("%s: shown %q", tt.name, &shown)
		}
	}
	u := smokeUpdate{process: &Process{secrets: new(secret.Set)}}
	if got := u.difference(pipeline.FileUpdate{Path: "x", Old: []byte("a\n"), New: []byte("\x1b[1m\n")}); !strings.Contains(got, "\n-a\n+") || strings.Contains(got, "\x1b") {
		t.Errorf("shown %q", got)
	}
	if got := u.difference(pipeline.FileUpdate{Path: "x", Old: []byte("\xff"), New: []byte("a")}); got != "x is not text: its size was 1 byte, and becomes 1\n" {
		t.Errorf("shown %q", got)
	}
}
