package report

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// The commands that a hosted runner knows.
var runnerCommands = map[string]bool{
	"stop-commands": true, "set-env": true, "set-output": true, "save-state": true, "add-mask": true, "add-path": true,
	"add-matcher": true, "remove-matcher": true, "debug": true, "warning": true, "error": true, "notice": true,
	"group": true, "endgroup": true, "echo": true, "internal-set-repo-path": true,
}

// ignoredByCulture reports whether a comparison by a culture's rules may ignore r: all that Unicode calls ignorable.
func ignoredByCulture(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.IsControl(r) && !unicode.IsSpace(r)
}

// runnerCommand returns the name of the command that a runner finds in a line, or "". It follows the runner's rules,
// and is more generous than they are.
func runnerCommand(line string) string {
	line = strings.Map(func(r rune) rune {
		if ignoredByCulture(r) {
			return -1
		}
		return r
	}, line)
	blank := func(r rune) bool { return unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' }
	if s, ok := strings.CutPrefix(strings.TrimLeftFunc(line, blank), "::"); ok {
		if head, _, ok := strings.Cut(s, "::"); ok {
			return knownCommand(head)
		}
	}
	for rest := line; ; {
		_, after, ok := strings.Cut(rest, "##[")
		if !ok {
			return ""
		}
		if head, _, ok := strings.Cut(after, "]"); ok && knownCommand(head) != "" {
			return knownCommand(head)
		}
		rest = after
	}
}

func knownCommand(head string) string {
	name, _, _ := strings.Cut(head, " ")
	if runnerCommands[strings.ToLower(name)] {
		return name
	}
	return ""
}

// lines splits a text as generously as any reader could.
func lines(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("\r\n\v\f\u0085\u2028\u2029", r) })
}

var hostile = []string{
	"::set-output name=image::evil/repo:1", "  ::add-mask::e", "\u00a0::stop-commands::x", "\r::error::x", "a\r\n::add-mask::e",
	"prefix ##[add-mask]e", "name ##[set-output name=image;]evil", "x\x1b]0;t\x07", "\u202e::error::x", "##[##[add-mask]e",
	"%0A::add-mask::e", "::error file=a%2Cb::x", "::ADD-MASK::e", "#\u200b#[add-mask]e", "##\ufe0f[add-mask]e", ":\u034f:error::x",
	"\xff::error::x", "\u2028::error::x", "\t::error::x", "::::error::x", "\u3000 ::error::x", "\U000e0001::error::x", "##\\[add-mask]e",
}

func checkInert(t *testing.T, s, out string) {
	t.Helper()
	for _, line := range lines(out) {
		if c := runnerCommand(line); c != "" {
			t.Fatalf("Escape(%q) = %q, which a runner takes as the command %s", s, out, c)
		}
	}
	for _, r := range out {
		if ignoredByCulture(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			t.Fatalf("Escape(%q) = %q keeps %q", s, out, r)
		}
	}
	if strings.ToValidUTF8(out, "") != out {
		t.Fatalf("Escape(%q) = %q is not UTF-8", s, out)
	}
}

func TestTheOracleFindsCommands(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range hostile {
		for _, line := range lines(s) {
			if runnerCommand(line) != "" {
				found++
				break
			}
		}
	}
	if want := 18; found != want {
		t.Errorf("%d of the hostile lines are commands, want %d", found, want)
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"plain é 日本":      "plain é 日本",
		"a\tb\nc\r":       `a b\nc\r`,
		"::error::x":      `:\:error::x`,
		" \u00a0::x":      " \u00a0:\\:x",
		"a ::error::x":    "a ::error::x",
		"a ##[group]b":    `a ##\[group]b`,
		"\x1b[31mred":     `\u001b[31mred`,
		"\u202egnp.exe":   `\u202egnp.exe`,
		"\U000e0001":      `\U000e0001`,
		"\xff\ufffd":      `\xff` + "\ufffd",
		"https://a.b::80": "https://a.b::80",
	} {
		if got := Escape(s); got != want {
			t.Errorf("Escape(%q) = %q, want %q", s, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Escape(s)
		checkInert(t, s, out)
		if again := Escape(out); again != out {
			t.Fatalf("Escape(%q) = %q, escaped again %q", s, out, again)
		}
		text, err := json.Marshal([]string{s})
		if err != nil {
			t.Fatal(err)
		}
		safe := EscapeJSON(text)
		checkInert(t, s, string(safe))
		var back []string
		if err := json.Unmarshal(safe, &back); err != nil || back[0] != string([]rune(s)) {
			t.Fatalf("JSON of %q became %s, which reads %q (%v)", s, safe, back, err)
		}
	})
}
