package verify

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

func TestDoubts(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "text", []byte("no picture"))
	write(t, "picture", []byte("\x89PNG\r\n\x1a\n"))
	m := seed.Parse([]byte(`{"job": {"interface": {"inputs": {"files": [{"name": "A", "mediaTypes": ["image/png", "text/csv"]}, {"name": "B", "mediaTypes": ["image/png"]}, {"name": "C"}]}}}}`))
	for _, tt := range []struct{ input, file, want string }{
		{"A", "text", ""}, {"A", "picture", ""}, {"B", "picture", ""}, {"C", "text", ""}, {"B", "none", ""},
		{"B", "text", `input "B": text looks like text/plain; charset=utf-8, the job takes image/png`},
	} {
		c := cases.Case{Inputs: map[string][]cases.InputFile{tt.input: {{Name: "x", Host: tt.file}}}}
		if got := strings.Join(Doubts(&c, m), "\n"); got != tt.want {
			t.Errorf("%s=%s: %s", tt.input, tt.file, got)
		}
	}
}
