package cwl

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/lint/command"
)

var words = []string{"a", " ", "  ", "-d ", "$IN", "${IN}", "$S", "\"$S\"", "$E", "$U", "${IN/#/-d }", "${U/#/-d }", "\"${S/#/x }\"", "${S:-x y}", "${U:-$IN}", "${E:+x}", "${IN##*/}", "${IN%.*}", "${IN#*/}",
	"${IN%%/*}", "${S/a/$E}", "${S//?/x}", "${S/%b/y}", "${S/#*/y}", "${E/*/z}", "${S//*/z}", "${S/\" \"/_}", "'q {{'", "\"w }}\"", "\\$", "\\ ", "[a]=b", "*", "?", "~x", "${S//a/b}", "${OUTPUT_DIR}", "ä", "\u00a0", "𝄞"}

var values = []string{"", "x", "a b", "  x  ", "a\tb\nc", "it's", `"q"`, "$(id)", "${HOME}", "*", "a&b", "\\", "aab", "abab", "ä€𝄞b", "[a]", "__proto__"}

// needNode runs a script of JavaScript and returns what it prints.
func needNode(t *testing.T, script string) string {
	t.Helper()
	node := needs.Program(t, "node")
	cmd := exec.Command(node, "-")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// JavaScript makes the words of a command that Expand makes.
func TestExpand(t *testing.T) {
	t.Parallel()
	n := 1_000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 20_000
	}
	r := rand.New(rand.NewPCG(3, 14))
	var script strings.Builder
	script.WriteString(expandJS)
	var want, from []string
	for len(want) < n {
		var text string
		for range 1 + r.IntN(6) {
			text += words[r.IntN(len(words))]
		}
		env := map[string]string{"IN": "/var/lib/cwl/a b.tif", "OUTPUT_DIR": "/x", "E": "", "S": values[r.IntN(len(values))]}
		if r.IntN(3) == 0 {
			delete(env, "IN")
		}
		c, err := command.Parse(text)
		if err != nil || len(c.Refused) > 0 {
			continue
		}
		expanded, err := c.Expand(env)
		result := "refused"
		if err == nil {
			result = fmt.Sprintf("%q", expanded)
		}
		fmt.Fprintf(&script, "try { console.log(JSON.stringify(seedWords(%s, %s))); } catch (e) { console.log('refused'); }\n", literal(c.Tree()), literal(env))
		want, from = append(want, result), append(from, fmt.Sprintf("%q %q", text, env["S"]))
	}
	lines := strings.Split(strings.TrimSuffix(needNode(t, script.String()), "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d results of %d", len(lines), n)
	}
	for i, line := range lines {
		got := line
		var all []string
		if json.Unmarshal([]byte(line), &all) == nil {
			got = fmt.Sprintf("%q", all)
		}
		if got != want[i] {
			t.Errorf("%s: %s, want %s", from[i], got, want[i])
		}
	}
}

// A value is the same in JavaScript, and its text can neither begin an expression nor end one.
func TestLiteral(t *testing.T) {
	t.Parallel()
	all := append(slices.Clone(values), "$(", "${", ")", "}", "\\u0024", "\u2028", "\x00", "\\\"", "</script>", "'", "`")
	script := ""
	for _, v := range all {
		text := literal(v)
		if strings.ContainsAny(text, "$(){}'\\`") && strings.ContainsAny(strings.ReplaceAll(text, `\u`, ""), "$(){}'`") {
			t.Errorf("%q is written %s", v, text)
		}
		script += "console.log(JSON.stringify(" + text + "));\n"
	}
	for i, line := range strings.Split(strings.TrimSuffix(needNode(t, script), "\n"), "\n") {
		var got string
		if err := json.Unmarshal([]byte(line), &got); err != nil || got != all[i] {
			t.Errorf("%q became %q (%v)", all[i], got, err)
		}
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	script := expandJS + jobJS + `
var seedVariables = [{"name": "IN", "input": "IN", "path": true}, {"name": "D", "input": "D", "path": true}];
var inputs = {IN: {size: 5}, D: {listing: [{size: 3}, {size: 4}, {"class": "Directory"}]}};
console.log([seedAmount({value: 10, multiplier: 4}, inputs), seedAmount({value: 5, multiplier: 0}, {}), seedDecimal(1e21), seedDecimal(1.5e-7), seedDecimal(1.25e22), seedDecimal(0.1)].join(" "));`
	if got := needNode(t, script); got != "10.000045776367188 5.0 1000000000000000000000 0.00000015 12500000000000000000000 0.1\n" {
		t.Error(got)
	}
}
