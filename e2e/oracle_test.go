package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// This file reads what a step prints and writes as GitHub's runner does. It restates ActionCommandManager, ActionCommand and
// FileCommandManager of actions/runner. If a rule depends on the runner's version or culture, it takes the one that finds more
// commands.

// A workflowCommand is a line that a runner executes.
type workflowCommand struct {
	name       string
	properties map[string]string
	message    string
}

func (c workflowCommand) String() string {
	return fmt.Sprintf("%s %v %q", c.name, c.properties, c.message)
}

// registeredCommands are the commands that a hosted runner knows. Others are plain text.
var registeredCommands = strings.Fields("stop-commands set-env set-output save-state add-mask add-path add-matcher " +
	"remove-matcher debug warning error notice group endgroup echo section command")

// workflowCommands returns the commands in the output of a step, on stdout or stderr.
func workflowCommands(stream []byte) []workflowCommand {
	var commands []workflowCommand
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(stream)), "\n") {
		if c, ok := commandOf(line); ok {
			commands = append(commands, c)
		}
	}
	return commands
}

// commandOf reads a line as a command, in its new or its old form.
func commandOf(line string) (workflowCommand, bool) {
	// .NET's culture-sensitive searches do not see these characters.
	line = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == 0 || r == '\u034f' {
			return -1
		}
		return r
	}, line)
	if head, message, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "::"), "::"); ok &&
		strings.HasPrefix(strings.TrimSpace(line), "::") {
		return command(head, message, ",")
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if head, message, ok := strings.Cut(rest, "]"); ok {
			return command(head, message, ";")
		}
	}
	return workflowCommand{}, false
}

// command reads the head of a command, and reports whether the runner knows it.
func command(head, message, separator string) (workflowCommand, bool) {
	name, properties, _ := strings.Cut(head, " ")
	c := workflowCommand{name: strings.ToLower(strings.TrimSpace(name)), properties: map[string]string{}, message: unescape(message)}
	for p := range strings.SplitSeq(properties, separator) {
		if key, value, ok := strings.Cut(strings.TrimSpace(p), "="); ok {
			c.properties[key] = unescape(value)
		}
	}
	for _, known := range registeredCommands {
		if c.name == known {
			return c, true
		}
	}
	return workflowCommand{}, false
}

// unescape reads the runner's escapes.
func unescape(s string) string {
	return strings.NewReplacer("%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n", "%3A", ":", "%3a", ":", "%2C", ",", "%2c", ",",
		"%5D", "]", "%3B", ";", "%25", "%").Replace(s)
}

// fileCommands returns the values that a runner reads from GITHUB_OUTPUT and similar files.
func fileCommands(text []byte) (map[string]string, error) {
	values := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		equals, here := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case equals >= 0 && (here < 0 || equals < here):
			values[line[:equals]] = line[equals+1:]
		case here >= 0:
			var value []string
			for closed := false; !closed; {
				if !lines.Scan() {
					return nil, fmt.Errorf("%q is not closed", line)
				}
				if closed = lines.Text() == line[here+2:]; !closed {
					value = append(value, lines.Text())
				}
			}
			values[line[:here]] = strings.Join(value, "\n")
		default:
			return nil, fmt.Errorf("line %q is neither name=value nor name<<delimiter", line)
		}
	}
	return values, lines.Err()
}

// TestOracle proves that this reading finds commands and values as the runner does. It does not start the program.
func TestOracle(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"plain":                                 "",
		"::error::x":                            `error map[] "x"`,
		" \t\u00a0::ERROR file=a%2Cb,line=3::x": `error map[file:a,b line:3] "x"`,
		"| ::error::x":                          "",
		"::unknown::x":                          "",
		"text ##[add-mask]e":                    `add-mask map[] "e"`,
		"text #\u200b#[set-output name=a;]e":    `set-output map[name:a] "e"`,
		"\u202e::add-mask::e":                   `add-mask map[] "e"`,
		"a\r::debug::x%0Ay":                     `debug map[] "x\ny"`,
		`##\[add-mask]e`:                        "",
	} {
		got := ""
		for _, c := range workflowCommands([]byte(line)) {
			got += c.String()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	values, err := fileCommands([]byte("a=1\nb<<X\n2\nc=3\nX\n"))
	if want := map[string]string{"a": "1", "b": "2\nc=3"}; err != nil || fmt.Sprint(values) != fmt.Sprint(want) {
		t.Errorf("%v, %v, want %v", values, err, want)
	}
	for _, bad := range []string{"a<<X\n1\n", "a\n"} {
		if values, err := fileCommands([]byte(bad)); err == nil {
			t.Errorf("%q: %v, want an error", bad, values)
		}
	}
}
