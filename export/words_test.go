package export_test

import (
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

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/slurm"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// This file compares the words of commands, and checks the text of launchers.

var words = []string{"a", " ", "  ", "-d ", "$IN", "${IN}", "$S", "\"$S\"", "$E", "$U", "${IN/#/-d }", "${U/#/-d }", "\"${S/#/x }\"", "${S:-x y}", "${U:-$IN}", "${E:+x}", "${IN##*/}", "${IN%.*}", "'q {{'",
	"\"w }}\"", "\\$", "\\ ", "{{", "}}", "{%", "{#", "[a]=b", "=", "*", "?", "[", "]", "!", "-", "--", "~x", "a=b", ",", "${S//a/b}", "${OUTPUT_DIR}", "$ALLOCATED_CPUS", "%}", "#}", "ä", "\u00a0", "&x",
	"${IN#*/}", "${IN%%/*}", "${S/a/$E}", "${S//?/x}", "${S/%b/y}", "${S/#*/y}", "${E/*/z}", "${S//*/z}", "${S/\" \"/_}", "\"${IN/#/-d }\"", "\"${S:-x y}\"", "${S-x}", "${U-}", "${U+x}", "${S:+\"a b\"}", "${S:-'q r'}",
	"\"${S:-'q r'}\"", "${S%\"$E\"}", "${S#?}", "\"${S##* }\"", "${S/\\'/x}", "${S//\\\\/x}", "${S/ä/ö}", "$'", "\"\"", "''", "time", "A+=b", "[1]=x", "((", "))"}

var values = []string{"", "x", "a b", "  x  ", "a\tb", "it's", `"q"`, "$(touch canary)", "`touch canary`", "${HOME}", "*", "a;b", "a|b", "a&b", "{{x}}", "{% raw %}", "{#", "\\", "a\\", "-x", "--", "#x", "~", "!1", "ä€", "x y", "[a]", "aab", "abab", "b", "\\\\", "é", "\u00a0", "\U0001d11e𝄞", "a  b ", "/a/b/"}

// The launcher makes the words of a command that Expand makes, which smoke runs and seedpack run use, and that Bash makes of the
// command itself.
func TestLauncherWords(t *testing.T) {
	t.Parallel()
	n := 200
	if long() {
		n = 2_000
	}
	r := rand.New(rand.NewPCG(1, 14))
	var script strings.Builder
	var want [][]string
	var from []string
	for len(want) < n {
		var text string
		for range 1 + r.IntN(7) {
			text += words[r.IntN(len(words))]
		}
		env := map[string]string{"IN": "/seed/inputs/IN/a b.tif", "OUTPUT_DIR": "/seed/outputs", "ALLOCATED_CPUS": "0.5", "E": "", "S": values[r.IntN(len(values))]}
		if r.IntN(3) == 0 {
			delete(env, "IN")
		}
		expanded, err := command.Expand(text, env)
		if err != nil {
			continue
		}
		j := export.New(seed.Parse([]byte(job(`{"command": `+quoteJSON(text)+`}`, ""))), export.Image{}, export.Options{})
		_, body, _ := strings.Cut(j.Launcher(slurm.Frame()), "job_words() {")
		body, _, _ = strings.Cut(body, "error_meaning() {")
		script.WriteString("unset \"${!v_@}\"\n")
		for name, value := range env {
			fmt.Fprintf(&script, "put %s %s\n", name, export.Quote(value))
		}
		fmt.Fprintf(&script, "job_words() {%s\njob_words; show \"${words[@]}\"\n", body)
		// Bash itself, with the same variables.
		script.WriteString("(\n")
		for name, value := range env {
			fmt.Fprintf(&script, "%s=%s\n", name, export.Quote(value))
		}
		fmt.Fprintf(&script, "show %s\n)\n", text)
		want, from = append(want, expanded), append(from, fmt.Sprintf("%q with S=%q", text, env["S"]))
	}
	j := export.New(seed.Parse([]byte(job(`{}`, ""))), export.Image{}, export.Options{})
	text := j.Launcher(slurm.Frame()) + "show() { [ $# -eq 0 ] || printf '%s\\037' \"$@\"; printf '\\036'; }\n" + script.String()
	dir := t.TempDir()
	file := filepath.Join(dir, "script")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(needBash(t), file)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, []string{"PATH=/usr/bin:/bin", "v_U=wrong"}, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	results := strings.Split(string(out), "\x1e")
	if len(results) != 2*n+1 {
		t.Fatalf("%d results of %d", len(results), 2*n)
	}
	for i := range want {
		for k, who := range []string{"the launcher", "bash"} {
			got := strings.Split(results[2*i+k], "\x1f")
			if got = got[:len(got)-1]; !slices.Equal(got, want[i]) {
				t.Errorf("%s: %s has %q, want %q", from[i], who, got, want[i])
			}
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("something was executed: %v", entries)
	}
}

func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String() + `"`
}

// Shellcheck finds nothing in launchers.
func TestLauncherIsClean(t *testing.T) {
	if testing.Short() {
		t.Skip("shellcheck takes seconds, and finds the same without -short")
	}
	t.Parallel()
	shellcheck := needs.Program(t, "shellcheck")
	face := `{"command": "a '{{' \"}}\" ${S} {x} [a]=b \\$x", "inputs": {"json": [{"name": "S", "type": "string"}]}, "outputs": {"files": [{"name": "o{{}}'", "pattern": "-[!a]*'$(x) {{.txt", "mediaType": "text/plain"}]},
		"mounts": [{"name": "M", "path": "/m'$x {{"}]}`
	for i, manifest := range []string{job(face, `, "errors": [{"code": 1, "name": "e'", "title": "$x {{"}]`), job("{}", "")} {
		j := export.New(seed.Parse([]byte(manifest)), export.Image{Reference: "x"}, export.Options{})
		for _, text := range []string{"#!/bin/bash\n" + j.Launcher(slurm.Frame()) + export.Main, slurm.Target.Export(j).Files[0].Text} {
			if pairs := regexp.MustCompile(`\{\{|\}\}`).FindAllString(text, -1); len(pairs) > 0 {
				t.Errorf("launcher %d has braces next to each other: %q", i, pairs)
			}
			cmd := exec.Command(shellcheck, "-")
			cmd.Stdin = strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("launcher %d: %v\n%s", i, err, out)
			}
		}
	}
}
