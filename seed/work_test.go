package seed

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// mostAhead is how many bytes the parser may read ahead for each byte of a text. A valid manifest takes about one.
const mostAhead = 40

// checkWork fails if the parser reads ahead more than in proportion to the text, by any guess.
func checkWork(t *testing.T, text []byte) {
	t.Helper()
	for _, g := range []guess{asWritten, byIndentation, byKind, asExtra} {
		p := newParser(text, g)
		p.parse()
		if p.ahead > mostAhead*len(text)+64 {
			t.Errorf("guess %d reads %d bytes ahead in a text of %d bytes: %.60q…", g, p.ahead, len(text), text)
		}
	}
}

// repeated are texts that repeat what is open, torn or wrong, and that have no end.
var repeated = []string{
	"[", "{", "]", "}", "{:", ":", ",", `"`, "'", `"a`, `"a"`, `"a"b`, `"a" b`, `"a"b "`, `"a":`, `{"a":`, `["a":`, `"a",`, `"a","`, `"a": "b"c`, `"a": "b" c: `, "[1 a,", "a}}", "a],", "[a]],", "{a}},", "1}}", "1 %]",
	"//", "/*", "#", "/* */", "/**/ ", "// \n", "\n", "\r\n", " ", "\t", "\n ", "\n }", "\n ]", "{}", "{} ", "[{}", "\n{", " {\n", "{ \n}", `\`, `\"`, `"\`, `"\u`, `"\ud800`, "\x00", "\x01", "\xff", "\u00a0", "\u200b\u00a0", "\u201ca", "\u201ca\u201d ", "é",
	"${", "${a", "$(", "$(a", "$a", "$a ", "{{", "{{a", "{{ a }", "{%", "{%a},", "{% %", "<%", "<%,", "<a", "<a,", "%a", "%a,", "@a", "@a ", "__a", "__a ", "__", "_ ", "-", "+", ".", "1e", "01 ", "1,111", "1,111,1", "nan ", "true", "tru ", "None,",
	`"a" "b" `, `"" `, `""a`, `"a: `, `"a: 1, `, `'a": `, `'a':'b',`, `"a': 1 `, "\"a\nb\"", "\"a\n", "\"a,\n", "\"a]],\n", `"a]] `, `"a",b",`, `"a": "b", c", `, `"a"b":`, `"a"b"c"d":1,`, "\"\x00\"b\"cQ", "=", "a=", `"a"=`, "a:", "a: b,", "!", "~", "`", ";", "&", "<", ">", "(", "*",
}

// TestWork proves that broken texts take time in proportion to their size: what the parser reads ahead is counted.
func TestWork(t *testing.T) {
	t.Parallel()
	size := 4000
	if testing.Short() {
		size = 1000
	}
	blank := strings.Repeat(" ", size/2)
	fill := func(unit string) string { return strings.Repeat(unit, max(1, size/len(unit))) }
	for i, unit := range repeated {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			half := strings.Repeat(unit, max(1, size/2/len(unit)))
			for _, text := range []string{
				fill(unit), "{" + fill(unit), "[" + fill(unit), `{"a": [` + fill(unit) + `]}`, `{"a": {` + fill(unit) + "\n}}", "[{\n" + fill(unit), `["` + fill(unit), `{"` + fill(unit),
				"{" + blank + half, "{" + half + blank, "{" + half + "\n" + blank, blank + "[" + half, blank + "[" + half + "\n" + half, "{\n" + blank + "{" + half + "}", "[" + blank + "\n" + half,
				"{" + half + strings.Repeat("x", size/2), "[" + half + strings.Repeat("x", size/2), `["` + strings.Repeat("x", size/2) + half, "[" + half + strings.Repeat(" x", size/4), `{"a": ` + strings.Repeat("\\", size/2) + half,
			} {
				checkWork(t, []byte(text))
			}
		})
	}
}

// FuzzWork looks for a text that takes more than in proportion to its size, when a part of it is repeated.
func FuzzWork(f *testing.F) {
	for i, unit := range repeated {
		f.Add("{", unit, repeated[(i*7+3)%len(repeated)])
		f.Add("[ ", unit+",", "]")
	}
	f.Fuzz(func(t *testing.T, head, unit, tail string) {
		const size = 30_000
		if len(head)+len(unit)+len(tail) > 1000 || unit == "" {
			t.Skip("long texts leave no room to repeat a part")
		}
		checkWork(t, append(append([]byte(head), bytes.Repeat([]byte(unit), size/len(unit))...), tail...))
	})
}
