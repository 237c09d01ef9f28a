package command

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

var environment = map[string]string{
	"INPUT": "/in/a.png", "INPUT_FILE": "/in/b.tar.gz", "OUTPUT_DIR": "/out", "EMPTY": "", "SPACED": " x  y ",
	"STAR": "*", "JSON": `{"a": [1, 2]}`, "QUOTE": `it's "so"`, "BACK": `a\b\`, "AMP": "a&b", "TILDE": "~/x", "UTF": "äöü-ß",
	"LINES": "a\nb\tc", "PCT": "%a#b", "DOLLAR": "$INPUT",
}

var table = []string{
	"", " ", "a b  c", "${INPUT} $OUTPUT_DIR", "$INPUT_FILE", "${INPUT}_FILE", "$INPUT$INPUT", "$UNSET", `"$UNSET"`, "a$UNSET", "''",
	"${INPUT/#/-d }", "${UNSET/#/-d }", "${EMPTY/#/-d }", `"${INPUT/#/-d }"`, "${SPACED/#/-d }", "${INPUT/%/.bak}",
	"${INPUT##*/}", "${INPUT%.*}", "${INPUT_FILE%.*}", "${INPUT_FILE%%.*}", "${INPUT#*/}", `"${INPUT##*/}"`, "${UNSET##*/}", "${UTF%?}", "${UTF#??}",
	"${UNSET:-x y}", `"${UNSET:-x y}"`, `${UNSET:-"x y"}`, "${EMPTY:-x}", "${EMPTY-x}", "${INPUT:+-i $INPUT}", "${EMPTY:+x}", "${EMPTY+x}", `"${EMPTY:+x}"`,
	"${UNSET:-}", `"${UNSET:-}"`, "a${UNSET:-}b", `x"${UNSET:+y}"`, "${UNSET:-$INPUT}", "${UNSET:-${EMPTY:-deep $SPACED}}",
	"$SPACED", `"$SPACED"`, "a${SPACED}b", `a"$SPACED"b`, `$SPACED""`, `""$SPACED`, `""$EMPTY`, `$EMPTY""`, "$LINES", `"$LINES"`,
	`'a b' "c d" e\ f`, `"a\b" "a\$b" "a\\b" "a\"b"`, `a\\b`, `'$INPUT'`, `\$INPUT`, `"\$INPUT"`, `$QUOTE`, `"$QUOTE"`, "$BACK", `"$BACK"`,
	"$STAR", "*", "a[b]c", "{}", "{a}", "a{b", "a}b", "--x={y}", "$JSON", `"$JSON"`, "$DOLLAR", "A=b", "if then", "a# b", "a=#b", "-", "--",
	"${INPUT/in/out}", "${INPUT//a/b}", "${INPUT/a}", "${INPUT/x/y}", "${INPUT/*/z}", "${EMPTY/*/z}", "${INPUT//*/z}", "${UTF/?/x}", "${UTF//?/x}", "${EMPTY//?/x}",
	"${INPUT/$UNSET/x}", "${INPUT/$EMPTY/x}", "${INPUT_FILE#$OUTPUT_DIR}", "${INPUT/a/$SPACED}", "${INPUT/%g/x}", "${INPUT/#\"/in\"/x}",
	"${INPUT/#/$UNSET}", "${INPUT/\\//x}", "$INPUT:$INPUT", "a:b", "$", "a$", "$ a", "\"$\"", "${PCT#%}", "${PCT%b}", "!x", "a!b", "%x", "@x", "^a",
	"${INPUT/#}", "${INPUT/%}", "${INPUT//}", "${INPUT/}", "${INPUT/#/}", "${INPUT/#a/b}", "${INPUT/#\\/in/b}", "${INPUT//\\//_}", "${INPUT//\\/}", "${INPUT/\\//_}", "${INPUT//'/'/_}",
}

// A reading is how Bash reads a command.
type reading struct {
	understood bool
	words      []string // only of commands that are run
}

// reference is a script that makes Bash read commands. A command that begins with "?" is not run, but defined as a
// function.
const reference = `set -f
show() { [ $# -eq 0 ] || printf '%s\037' "$@"; }
while IFS= read -r -d '' c; do
case $c in
\?*) eval "probe() { show ${c#?}
}" 2>/dev/null && printf 'ok\037';;
!*) printf 'ok\037'; eval "show ${c#?}" 2>/dev/null;;
esac
printf '\036'
done`

func bash(t *testing.T, commands []string) []reading {
	t.Helper()
	path := needs.Program(t, "bash")
	cmd := exec.Command(path, "-c", reference)
	cmd.Env = []string{"LC_ALL=C.UTF-8"}
	for k, v := range environment {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stdin, cmd.Dir = strings.NewReader(strings.Join(commands, "\x00")+"\x00"), t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := strings.Split(string(out), "\x1e")
	if len(results) != len(commands)+1 {
		t.Fatalf("%d results of bash for %d commands", len(results), len(commands))
	}
	all := make([]reading, len(commands))
	for i := range all {
		if words := strings.Split(results[i], "\x1f"); words[0] == "ok" {
			all[i] = reading{true, words[1 : len(words)-1]}
		}
	}
	return all
}

// compare checks each command against Bash, unless it is refused. It returns the number of accepted commands.
func compare(t *testing.T, commands []string) int {
	t.Helper()
	var asked []string
	var got [][]string
	accepted := 0
	for _, c := range commands {
		words, err := Expand(c, environment)
		var refused *Error
		switch {
		case !errors.As(err, &refused):
			asked, got = append(asked, "!"+c), append(got, words)
			accepted++
		case refused.Start < 0 || refused.End < refused.Start || refused.End > len(c):
			t.Errorf("%q: %v has no place in it", c, refused)
		case refused.Syntax && strings.Contains(refused.What, " not closed") && !strings.Contains(c, "${ ") && !strings.Contains(c, "$["):
			// Bash finds other syntax errors only when it expands, and before version 5.3 also "${ ". It reads $[ as arithmetic.
			asked, got = append(asked, "?"+c), append(got, nil)
		}
	}
	for i, want := range bash(t, asked) {
		if want.understood != (got[i] != nil) || !slices.Equal(got[i], want.words) {
			t.Errorf("%q: got %q, bash has %q (understood %v)", asked[i], got[i], want.words, want.understood)
		}
	}
	return accepted
}

func TestExpandLikeBash(t *testing.T) {
	t.Parallel()
	accepted := compare(t, table)
	if accepted < len(table)-8 {
		t.Errorf("only %d of %d are accepted", accepted, len(table))
	}
}

var pieces = []string{
	"a", " ", "  ", "-d ", "$INPUT", "${INPUT}", "$SPACED", "$EMPTY", "$UNSET", "$STAR", "$QUOTE", "$BACK", "$AMP", "$UTF", "$LINES", "$PCT", "$TILDE",
	"${", "}", "\"", "\"", "'", "'", "\\", "/", "#", "%", ":-", ":+", "-", "+", "*", "?", "/#/", "//", "INPUT", "EMPTY", "UNSET", "SPACED", "UTF",
	"{", ",", "=", "~", "&", "!", "[", "]", "$", ".", "${INPUT/#/", "${INPUT%", "${SPACED##", "${UNSET:-", "${UTF//", "${EMPTY:+", "\"${INPUT/",
}

func randomCommand(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(9) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	s := b.String()
	if r.IntN(2) == 0 {
		s += strings.Repeat("}", max(strings.Count(s, "${")-strings.Count(s, "}"), 0))
	}
	return s
}

// Bash expands each accepted command to the same words, and agrees on each syntax error.
func TestExpandRandom(t *testing.T) {
	t.Parallel()
	n := 20_000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 400_000
	}
	r := rand.New(rand.NewPCG(5, 6))
	commands := make([]string, n)
	for i := range commands {
		commands[i] = randomCommand(r)
	}
	if accepted := compare(t, commands); accepted < n/5 {
		t.Errorf("only %d of %d are accepted, which tries little", accepted, n)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ command, want string }{
		{"a $(id)", "7 a command substitution"},
		{"a `id`", "6 a command substitution"},
		{"a $((1+1))", "10 an arithmetic expansion"},
		{"a | b", "0 the operator |"},
		{"a && b", "0 the operator &&"},
		{"a; b", "3 a second command"},
		{"a > b", "2 a redirection"},
		{"a &", "0 a command in the background"},
		{"a # b", "2 a comment"},
		{"~/a", "0 a tilde"},
		{"a{b,c}", "0 a brace expansion"},
		{"$1", "0 the shell's own parameter $1"},
		{"$@", "0 the shell's own parameter $@"},
		{"${#A}", "0 an expansion of this kind"},
		{"${A:1:2}", "0 an expansion of this kind"},
		{"${A:=b}", "0 the operator :="},
		{"${A:?b}", "0 the operator :?"},
		{"${A^^}", "0 the operator ^^"},
		{"${A/x/&}", "0 an & in a replacement, which Bash 5.2 takes for the match,"},
		{"x${A///}", "1 a pattern that begins with a slash, unless it is written \\/,"},
		{"\"${A////b}\"", "1 a pattern that begins with a slash, unless it is written \\/,"},
		{"a\nb", "1 a line break or control character"},
		{"a 'b", "syntax 2 the quote ' is not closed"},
		{"a ${B", `syntax 2 "${" is not closed by "}"`},
		{"a )", "syntax 2 a command can only contain words and redirects; encountered `)`"},
	}
	for _, tt := range tests {
		_, err := Expand(tt.command, map[string]string{"A": "x"})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", tt.command, err)
			continue
		}
		got := fmt.Sprint(e.Start, " ", e.What)
		if e.Syntax {
			got = "syntax " + got
		} else if tt.want[0] >= '0' && strings.HasPrefix(tt.command[e.Start:], "$(") {
			got = fmt.Sprint(e.End, " ", e.What)
		} else if strings.HasPrefix(tt.command[e.Start:], "`") {
			got = fmt.Sprint(e.End, " ", e.What)
		}
		if got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.command, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := Parse(`run '-x y' ${IN/#/-d } "${A:-$B}" ${C%.*}`)
	if err != nil {
		t.Fatal(err)
	}
	wantUses := []Use{
		{Name: "IN", Start: 11, End: 22, Form: Prefix, Vanishes: true},
		{Name: "A", Start: 24, End: 32, Form: BashOnly, Quoted: true, Vanishes: true},
		{Name: "B", Start: 29, End: 31, Form: Plain, Quoted: true},
		{Name: "C", Start: 34, End: 41, Form: BashOnly},
	}
	if !reflect.DeepEqual(c.Uses, wantUses) {
		t.Errorf("uses: %+v", c.Uses)
	}
	if want := []Range{{4, 10}, {23, 33}}; !reflect.DeepEqual(c.Quotes, want) {
		t.Errorf("quotes: %v", c.Quotes)
	}
	if w := c.Words[1]; w.Text != "-x y" || !w.Literal || c.Words[2].Literal || len(c.Words) != 5 {
		t.Errorf("words: %+v", c.Words)
	}
	if got := Variables("$A ${B}"); len(got) != 2 || got[1].Name != "B" {
		t.Errorf("variables: %+v", got)
	}
}

// A refused part hides no expansion. What the shell sets itself is none of the job's.
func TestUsesOfRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"$A && echo $B": "A B", "$A | tee ${B}/log": "A B", "$A > ${B:-$C}": "A B C", "a; $B": "B", "$A &": "A", "a $(cat $B)": "B", "a \"$(cat ${B})\" $C": "B C",
		"for f in $A; do echo $f; done": "A", "a && for f in $A; do echo $f; done": "A", "a && x=$A && echo $x": "A", "cat $A | while read l m; do echo $l $m $B; done": "A B",
		"a && echo ${X:=1} $X": "", "a && echo '$X'": "", "$A\n$B": "A B", "$A && $1 $? $@": "A", "a && echo $((X + $Y))": "Y", "a <<< $B": "B",
	} {
		c, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(text, "for ") { // the first word is an argument
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		var names []string
		for _, u := range c.Uses {
			names = append(names, u.Name)
		}
		if got := strings.Join(names, " "); got != want || len(c.Refused) == 0 {
			t.Errorf("%q: uses %q, want %q, refused %v", text, got, want, c.Refused)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range table {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		for _, u := range c.Uses {
			if u.Start < 0 || u.End > len(text) || !strings.HasPrefix(text[u.Start:u.End], "$") {
				t.Errorf("%q: use %+v", text, u)
			}
		}
		if _, err := c.Expand(environment); err == nil && len(c.Refused) > 0 {
			t.Errorf("%q: expanded in spite of %v", text, c.Refused[0])
		}
	})
}
