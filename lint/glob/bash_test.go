package glob

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// bashNames are files that patterns are tried on.
var bashNames = []string{"a", "ab", "abc", "a-b", "a.b", ".a", "a]b", "a[b", "a!b", "a^b", "a\\b", "a b", "a'b", "a\"b", "a$b", "a`b", "a*b", "a?b", "ä", "äb",
	"日本", "a\nb", "{a,b}", "a{{b", "9", "B", "d/a", "d/.a", "d/ab", "d/e/a", ".d/a", "-a", "~a", "=a", "#a", "a#b", "a%b", "a:b", "[a]"}

var bashPieces = []string{"a", "b", "*", "?", "[ab]", "[!a]", "[^a]", "[a-c]", "[]b]", "[!]]", "[[]", "[-a]", "[a-]", "[\\]]", "[[:alpha:]]", "[!-b]", "[ä-ü]", "[$']",
	"\\*", "\\?", "\\[", "\\a", ".", "/", "d", "d/", "./", "{", "}", ",", "$", "`", "'", "\"", " ", "!", "^", "~", "-", "=", "日", "**", "[", "]", "\n", "#", "%", "{{"}

// Bash finds with a pattern that is written for it the names that Match accepts.
func TestBashPattern(t *testing.T) {
	t.Parallel()
	bash := needs.Program(t, "bash")
	dir := t.TempDir()
	for _, name := range bashNames {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	patterns := []string{"*", "a*", "d/*", "./a", "d//a", "*/*", "[.]a", "\\.a", ".*", "..", "../x", "/etc/passwd", "a/", "", ".", "d/./a", "[[:alpha:]-]*", "a[]-]b"}
	n := 3_000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 60_000
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range n {
		p := ""
		for range 1 + r.IntN(5) {
			p += bashPieces[r.IntN(len(bashPieces))]
		}
		patterns = append(patterns, p)
	}
	script := "shopt -s nullglob\n"
	for _, p := range patterns {
		word, ok := Bash(p)
		if !ok {
			word = ""
		}
		script += "for f in " + word + "; do [ -f \"$f\" ] && printf '%s\\0' \"$f\"; done; printf '\\036'\n"
	}
	cmd := exec.Command(bash)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stderr = dir, []string{"LC_ALL=C.UTF-8"}, strings.NewReader(script), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := strings.Split(string(out), "\x1e")
	if len(results) != len(patterns)+1 {
		t.Fatalf("%d results for %d patterns", len(results), len(patterns))
	}
	for i, p := range patterns {
		var want []string
		for _, name := range bashNames {
			if Match(p, name) {
				want = append(want, name)
			}
		}
		got := strings.Split(results[i], "\x00")
		got = got[:len(got)-1]
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			word, _ := Bash(p)
			t.Errorf("%q, written %s: bash finds %q, Match %q", p, word, got, want)
		}
	}
}
