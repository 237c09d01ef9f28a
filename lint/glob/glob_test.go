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

	"github.com/seedpack/seedpack/internal/needs"
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
	bash := needs.Program(t, "bash")
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

// pairwise is Overlaps by the comparison of every pair.
func pairwise(patterns []string) []string {
	var out []string
	for i, p := range patterns {
		for j, q := range patterns[:i] {
			if witness, ok := Overlap(q, p); ok {
				out = append(out, fmt.Sprint(i, j, witness))
				break
			}
		}
	}
	return out
}

func listed(patterns []string) []string {
	var out []string
	Overlaps(patterns, func(i, first int, witness string) { out = append(out, fmt.Sprint(i, first, witness)) })
	return out
}

// Overlaps finds in a list what the comparison of every pair finds.
func TestOverlapsLikePairs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 1500 {
		patterns := make([]string, 2+r.IntN(14))
		for i := range patterns {
			patterns[i] = randomPattern(r)
			if r.IntN(2) == 0 { // most patterns of jobs have much text, and few overlap
				patterns[i] = fmt.Sprintf("d%d/%s%d.%c", r.IntN(3), patterns[i], r.IntN(4), 'a'+r.IntN(2))
			}
			if r.IntN(9) == 0 {
				patterns[i] = strings.Repeat("é", 20+r.IntN(4)) + patterns[i]
			}
		}
		want := pairwise(patterns)
		found += len(want)
		if got := listed(patterns); !slices.Equal(got, want) {
			t.Fatalf("%q:\ngot  %q\nwant %q", patterns, got, want)
		}
	}
	if found < 1000 {
		t.Errorf("only %d patterns overlap, which tries little", found)
	}
}

// Thousands of patterns that overlap nowhere are told apart with few steps for each.
func TestOverlapsIsFast(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"dir%d/*.txt", "*.e%d", "a%d.txt", "*/x%d", "[ab]%d.txt"} {
		var patterns []string
		for i := range 3_000 {
			patterns = append(patterns, fmt.Sprintf(form, i))
		}
		l, effort := newList(patterns), 100*len(patterns)
		for i := range patterns {
			if f := l.first(i, &effort); f.ok {
				t.Fatalf("%s: %d overlaps %d with %q", form, i, f.first, f.witness)
			}
		}
		if effort < 0 {
			t.Errorf("%s takes more than a hundred steps for each", form)
		}
	}
}

// Hostile patterns take a bounded effort, and are no error.
func TestOverlapsIsBounded(t *testing.T) {
	t.Parallel()
	sets := "[" + strings.Repeat("ab", 200_000) + "]"
	for _, patterns := range [][]string{
		{strings.Repeat("*a", 50_000) + "b", strings.Repeat("*a", 50_000) + "c"},
		{strings.Repeat("[", 500_000), strings.Repeat("[[:alpha:]", 50_000)},
		{sets + sets, sets + "[" + strings.Repeat("cd", 200_000) + "]"},
		{strings.Repeat("*/", 100_000), strings.Repeat("*a/", 100_000)},
	} {
		for _, p := range patterns {
			_ = Valid(p)
		}
		listed(patterns)
	}
}

func BenchmarkOverlaps(b *testing.B) {
	var patterns []string
	for i := range 3_000 {
		patterns = append(patterns, fmt.Sprintf("dir%d/*.txt", i))
	}
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			listed(patterns)
		}
	})
	b.Run("pairs", func(b *testing.B) {
		for b.Loop() {
			pairwise(patterns)
		}
	})
}
