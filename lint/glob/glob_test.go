package glob

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"outfile*.png", "outfile-a.png", true},
		{"outfile*.png", "x.png", false},
		{"*.csv", "sub/a.csv", false},
		{"base/sub-*/*.ext", "base/sub-1/a.ext", true},
		{"base/sub-*/*.ext", "base/sub-1/d/a.ext", false},
		{"**/a.csv", "x/a.csv", true},
		{"**/a.csv", "x/y/a.csv", false},
		{"*", ".hidden", false},
		{".*", ".hidden", true},
		{"?x", ".x", false},
		{"[.]x", ".x", false},
		{"a/.", "a/a", false},
		{"[!a]x", ".x", false},
		{"d/*", "d/.x", false},
		{"a?c", "a/c", false},
		{"a[!b]c", "a/c", false},
		{"[!a-c]x", "dx", true},
		{"[!a-c]x", "bx", false},
		{"[]a]", "]", true},
		{"[[:digit:]]*", "7up", true},
		{"[[:digit:]]*", "up", false},
		{"{a,b}", "a", false},
		{"{a,b}", "{a,b}", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"[a", "[a", true},
		{"./a//b", "a/b", true},
		{"a/", "a", false},
		{"?", "é", true},
		{"?", "\xff", true},
		{"\ufffd", "\xff", false},
		{"", "", false},
		{"*a*b", "xxaxxbxxb", true},
		{"*a*b", "xxaxxbxxc", false},
	}
	for _, tt := range tests {
		if got := Match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("Match(%q, %q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	tests := []struct{ pattern, want string }{
		{"*.png", ""},
		{"[!a-z]*", ""},
		{"[]]", ""},
		{"[a", `the bracket in "[a" is not closed`},
		{"[a/b]", `the bracket in "[a" is not closed`},
		{"[z-a]", "the range z-a ends before it begins"},
		{`a\`, "a backslash at the end escapes nothing"},
	}
	for _, tt := range tests {
		got := ""
		if err := Valid(tt.pattern); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Valid(%q) = %q, want %q", tt.pattern, got, tt.want)
		}
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	tests := []struct{ p, q, want string }{
		{"outfile*.png", "outfile*.csv", ""},
		{"*.png", "outfile*", "outfile.png"},
		{"*_a.tif", "x_*.tif", "x_a.tif"},
		{"*", "*", "a"},
		{"*", ".*", ""},
		{"a/*", "*", ""},
		{"a/*", "*/b", "a/b"},
		{"[a-c]x", "[c-e]x", "cx"},
		{"[!a]", "a", ""},
		{"*", "", ""},
		{"??", "?", ""},
		{".?", "[!x]*", ""},
	}
	for _, tt := range tests {
		got, ok := Overlap(tt.p, tt.q)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Overlap(%q, %q) = %q, %v, want %q", tt.p, tt.q, got, ok, tt.want)
		}
	}
}

// pieces make patterns that match many names over "ab.".
var pieces = []string{"a", "b", ".", "*", "?", "[ab]", "[!a]", "[a-b]", "[!.]", "/", `\a`, "[.]", "[a", "**"}

func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// allNames returns all names of up to n characters, and such names below the directories "a" and ".b".
func allNames(n int) []string {
	level, names := []string{""}, []string(nil)
	for range n {
		var next []string
		for _, s := range level {
			for _, c := range []string{"a", "b", "."} {
				next = append(next, s+c)
			}
		}
		level, names = next, append(names, next...)
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "." || s == ".." || s == "a" || s == ".b" })
	for _, s := range slices.Clone(names) {
		if len(s) < n {
			names = append(names, "a/"+s, ".b/"+s)
		}
	}
	return names
}

// Both patterns match the witness. Without a witness, no short name matches both.
func TestOverlapRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	names := allNames(5)
	overlapping := 0
	for range 2000 {
		p, q := randomPattern(r), randomPattern(r)
		witness, ok := Overlap(p, q)
		if ok {
			overlapping++
			if !Match(p, witness) || !Match(q, witness) {
				t.Fatalf("Overlap(%q, %q): %q is not matched by both", p, q, witness)
			}
			continue
		}
		for _, name := range names {
			if Match(p, name) && Match(q, name) {
				t.Fatalf("Overlap(%q, %q): there is %q", p, q, name)
			}
		}
	}
	if overlapping < 200 {
		t.Errorf("only %d pairs overlap, which tries little", overlapping)
	}
}

// collating matches a collating symbol, "[." in brackets, which Match reads as two characters.
var collating = regexp.MustCompile(`\[[^]]*\[\.`)

// bashGlob prints, for each pattern that it reads, the matches below the current directory.
const bashGlob = `shopt -s nullglob; IFS=; export LC_ALL=C.UTF-8
while read -r p; do for f in $p; do [[ -f $f ]] && printf '%s ' "$f"; done; echo; done`

// Match agrees with a real shell on real files.
func TestMatchLikeBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("SEEDPACK_STRICT") != "" {
			t.Fatal(err)
		}
		t.Skip("no bash")
	}
	dir, names := t.TempDir(), allNames(3)
	for _, name := range names {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	var patterns []string
	r := rand.New(rand.NewPCG(3, 4))
	for len(patterns) < 3000 {
		p := randomPattern(r)
		if strings.HasPrefix(p, "/") || strings.Contains(p, "//") || strings.Contains(p, "./") || collating.MatchString(p) || Valid(p) != nil || !strings.ContainsAny(p, "*?[") {
			continue // absolute, changed by the shell, a collating symbol, or not a pattern for the shell
		}
		patterns = append(patterns, p)
	}
	cmd := exec.Command(bash, "-c", bashGlob)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(strings.Join(patterns, "\n")+"\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(out, []byte("\n"))
	for i, p := range patterns {
		var got []string
		for _, name := range names {
			if Match(p, name) {
				got = append(got, name)
			}
		}
		want := strings.Fields(string(lines[i]))
		slices.Sort(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: got %q, bash has %q", p, got, want)
		}
	}
}
