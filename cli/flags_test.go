package cli

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/exit"
)

// eachFlag calls a function for each flag of each command.
func eachFlag(cmd *cobra.Command, do func(*cobra.Command, *pflag.Flag)) {
	visitFlags(cmd, func(f *pflag.Flag) { do(cmd, f) })
	for _, sub := range cmd.Commands() {
		eachFlag(sub, do)
	}
}

// otherFlags have the name of another command's flag for something else, or other values: what init writes into a manifest, what
// discover looks for, what a command can print. A bare --smoke of verify is older than its values. List compares with no image.
var otherFlags = []string{"init --smoke", "init --timeout", "init --output", "init --base", "discover --platform", "verify --smoke", "list --base"}

// A flag is written the same way in every command that has it: its type, its value if it stands alone, its short form, and the
// values that it takes.
func TestFlagsOfOneName(t *testing.T) {
	t.Parallel()
	type form struct{ command, kind, bare, short, values, words string }
	known := map[string]form{}
	eachFlag(newRootCommand(&Process{Getenv: os.Getenv}), func(cmd *cobra.Command, f *pflag.Flag) {
		if slices.Contains(otherFlags, cmd.Name()+" --"+f.Name) || f.Name == "help" {
			return
		}
		this := form{cmd.CommandPath(), f.Value.Type(), f.NoOptDefVal, f.Shorthand,
			strings.Join(f.Annotations[closedKey], " "), strings.Join(f.Annotations[openKey], " ")}
		if f.Name == "format" { // each takes what it can print
			this.values = ""
		}
		first, ok := known[f.Name]
		if !ok {
			known[f.Name] = this
			return
		}
		if this.command = first.command; this != first {
			t.Errorf("--%s of %s: %+v, not %+v", f.Name, cmd.CommandPath(), this, first)
		}
	})
	if known["push"].bare != "true" {
		t.Errorf("a bare --push is %q", known["push"].bare)
	}
}

// All commands print text and JSON alike, and other formats are of the known ones.
func TestFormats(t *testing.T) {
	t.Parallel()
	known := append([]string{formatMarkdown, formatSilo}, formats...)
	eachFlag(newRootCommand(&Process{Getenv: os.Getenv}), func(cmd *cobra.Command, f *pflag.Flag) {
		if f.Name != "format" {
			return
		}
		values := f.Annotations[closedKey]
		for _, value := range values {
			if !slices.Contains(known, value) {
				t.Errorf("%s --format %s is no known format", cmd.Name(), value)
			}
			if !strings.Contains(f.Usage, value) {
				t.Errorf("%s --help does not name the format %s", cmd.Name(), value)
			}
		}
		if !slices.Contains(values, formatText) || !slices.Contains(values, formatJSON) || f.DefValue != formatText {
			t.Errorf("%s --format takes %q", cmd.Name(), values)
		}
	})
}

// A flag that takes only some values refuses all others, and says which it takes. Its default and its bare value are of them.
func TestClosedValues(t *testing.T) {
	t.Parallel()
	n := 0
	eachFlag(newRootCommand(&Process{Getenv: os.Getenv}), func(cmd *cobra.Command, f *pflag.Flag) {
		values := f.Annotations[closedKey]
		if len(values) == 0 {
			return
		}
		n++
		for _, value := range []string{f.DefValue, f.NoOptDefVal} {
			if value != "" && !slices.Contains(values, value) {
				t.Errorf("%s --%s: %q is none of its values %q", cmd.Name(), f.Name, value, values)
			}
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		if cmd.Parent() == nil {
			path = []string{"rules"}
		}
		args := append(path, "--"+f.Name+"=nonsense")
		var out, errs bytes.Buffer
		for range 2 { // some need an operand
			out.Reset()
			errs.Reset()
			status := Run(t.Context(), args, Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: os.Getenv})
			if status != exit.StatusUsage {
				t.Errorf("%q: exit %d\n%s", args, status, errs.String())
			}
			args = append(args, "x")
			if strings.Contains(errs.String(), "--"+f.Name) {
				break
			}
		}
		if want := orList(values); !strings.Contains(errs.String(), want) {
			t.Errorf("%q: no %q in\n%s", args, want, errs.String())
		}
	})
	if n < 30 {
		t.Errorf("%d flags have known values", n)
	}
}

// Help texts fit the terminal, between 80 and 100 columns, and name each flag once.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	for columns, width := range map[string]int{"": 80, "90": 90, "200": 100} {
		getenv := func(name string) string { return map[string]string{"COLUMNS": columns}[name] }
		for _, cmd := range append(newRootCommand(&Process{Getenv: getenv}).Commands(), &cobra.Command{Use: "--help"}) {
			var out bytes.Buffer
			args := []string{cmd.Name(), "--help"}
			if status := Run(t.Context(), args, Process{Stdout: &out, Stderr: &out, Getenv: getenv}); status != 0 {
				t.Fatalf("%q: exit %d", args, status)
			}
			_, flags, _ := strings.Cut(out.String(), "\nFlags:\n")
			for line := range strings.Lines(out.String()) {
				limit := width
				if strings.HasPrefix(line, "  ") && !strings.Contains(flags, line) {
					limit = mostColumns // an example stays as it is
				}
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > limit {
					t.Errorf("%s: %d columns: %s", cmd.Name(), n, line)
				}
			}
			visitFlags(cmd, func(f *pflag.Flag) {
				if n := len(regexp.MustCompile(`(?m)^  (-\w,|   ) --`+f.Name+`\b`).FindAllString(strings.ReplaceAll(out.String(), "--"+f.Name+"-", ""), -1)); n != 1 && !f.Hidden {
					t.Errorf("%s --help has --%s %d times", cmd.Name(), f.Name, n)
				}
			})
		}
	}
}

// Words of the older command line lead to what does it now.
func TestOlderWords(t *testing.T) {
	t.Parallel()
	commands := map[string]bool{}
	for _, cmd := range Commands() {
		commands[cmd.Name()] = true
	}
	for word, text := range olderWords {
		if commands[word] {
			t.Errorf("%s is a command", word)
		}
		if !slices.ContainsFunc(strings.Fields(text), func(w string) bool { return commands[w] }) && word != "unpublish" {
			t.Errorf("%s names no command: %s", word, text)
		}
	}
	for args, want := range map[string]string{"build -d .": "pack", "VALIDATE": "lint", "lnt": "did you mean lint?", "lnit": "did you mean lint?", "disc": "did you mean discover?", "versoin": "did you mean version?", "pakc": "did you mean pack?", "qqqq": "seedpack --help lists them"} {
		var errs bytes.Buffer
		status := Run(t.Context(), strings.Fields(args), Process{Stdout: &errs, Stderr: &errs, Getenv: os.Getenv})
		if status != exit.StatusUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit %d, %s", args, status, errs.String())
		}
	}
}

// The flag decides on colours before the environment does, and the environment before the terminal.
func TestColours(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		color, env   string
		person, want bool
	}{
		{"auto", "", true, true},
		{"auto", "", false, false},
		{"auto", "TERM=dumb", true, false},
		{"auto", "NO_COLOR=1", true, false},
		{"auto", "FORCE_COLOR=1", false, true},
		{"auto", "FORCE_COLOR=1 TERM=dumb", false, true},
		{"auto", "FORCE_COLOR=0", true, false},
		{"auto", "FORCE_COLOR=False", true, false},
		{"auto", "NO_COLOR=1 FORCE_COLOR=1", true, false},
		{"always", "NO_COLOR=1 TERM=dumb", false, true},
		{"never", "FORCE_COLOR=1", true, false},
	} {
		p := &Process{color: tt.color, Getenv: func(name string) string {
			for _, one := range strings.Fields(tt.env) {
				if value, ok := strings.CutPrefix(one, name+"="); ok {
					return value
				}
			}
			return ""
		}}
		if got := p.colours(tt.person); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// The value of --push may stand behind it or be left out.
func TestJoinPush(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"publish x --push --registry r", "publish x --push --registry r"},
		{"publish --push auto x", "publish --push=auto x"},
		{"pack --push true a", "pack --push=true a"},
		{"pack --push jobs", "pack --push jobs"},
		{"pack --push ./auto", "pack --push ./auto"},
		{"pack -- --push auto", "pack -- --push auto"},
		{"pack --push", "pack --push"},
	} {
		if got := strings.Join(joinPush(strings.Fields(tt.args)), " "); got != tt.want {
			t.Errorf("%s: %s", tt.args, got)
		}
	}
}
