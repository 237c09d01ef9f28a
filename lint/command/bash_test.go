package command

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// written is a script that reads words, as the function Bash writes them, and prints what they expand to.
const written = `set -f
shopt -u patsub_replacement 2>/dev/null
show() { [ $# -eq 0 ] || printf '%s\037' "$@"; }
while IFS= read -r -d '' c; do
eval "show $c"
printf '\036'
done`

// expandWritten returns what Bash makes of the words that the function Bash writes.
func expandWritten(t *testing.T, texts []string) [][]string {
	t.Helper()
	path := needs.Program(t, "bash")
	cmd := exec.Command(path, "-c", written)
	cmd.Env = []string{"LC_ALL=C.UTF-8"}
	for k, v := range environment {
		cmd.Env = append(cmd.Env, "v_"+k+"="+v, k+"=wrong")
	}
	cmd.Stdin, cmd.Dir, cmd.Stderr = strings.NewReader(strings.Join(texts, "\x00")+"\x00"), t.TempDir(), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := strings.Split(string(out), "\x1e")
	if len(results) != len(texts)+1 {
		t.Fatalf("%d results of bash for %d commands", len(results), len(texts))
	}
	all := make([][]string, len(texts))
	for i := range all {
		words := strings.Split(results[i], "\x1f")
		all[i] = words[:len(words)-1]
	}
	return all
}

var hostileBraces = []string{"{", "{", "}", "}", "{{", "}}", "{%", "{#", "'{{'", `"}}"`, `\{`, "{{x}}", "${INPUT:-{{}", "%}", "#}"}

// Bash expands the words that are written as Expand does, and no pair of characters is in them that other systems read.
func TestBash(t *testing.T) {
	t.Parallel()
	commands := append(slices.Clone(table), `${INPUT:-${UNSET:-{{x}}}`, `"${INPUT:-${UNSET:-{{x}}}"`, `'a{{b}}' "c{{d}}" e{{f}}`, `a{{{{b`, `\{{`, `{%x%}{#y#}`)
	n := 5_000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 100_000
	}
	r := rand.New(rand.NewPCG(7, 8))
	for range n {
		c := randomCommand(r)
		if at := r.IntN(len(c) + 1); r.IntN(2) == 0 {
			c = c[:at] + hostileBraces[r.IntN(len(hostileBraces))] + c[at:]
		}
		commands = append(commands, c)
	}
	var texts, from []string
	var want [][]string
	for _, c := range commands {
		words, err := Expand(c, environment)
		if err != nil {
			continue // some are refused for a value, which Bash alone cannot know
		}
		text, err := Bash(c, "v_", "$nothing")
		if err != nil {
			t.Errorf("%q: %v", c, err)
			continue
		}
		for _, pair := range []string{"{{", "}}", "{%", "{#"} {
			if strings.Contains(text, pair) {
				t.Errorf("%q is written %q, which has %s", c, text, pair)
			}
		}
		texts, from, want = append(texts, text), append(from, c), append(want, words)
	}
	if len(texts) < n/6 {
		t.Errorf("only %d of %d are accepted, which tries little", len(texts), n)
	}
	for i, got := range expandWritten(t, texts) {
		if !slices.Equal(got, want[i]) {
			t.Errorf("%q, written %q: bash has %q, Expand %q", from[i], texts[i], got, want[i])
		}
	}
}
