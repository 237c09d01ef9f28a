package lint

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A check is one line of testdata/requirements.txt.
type check struct {
	id, base, value, want string
	place, at             seed.Pointer
}

func readChecks(t *testing.T) []check {
	text, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []check
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		head, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
		fields := strings.SplitN(head, " ", 4)
		if !ok || len(fields) != 4 {
			t.Fatalf("no check: %s", line)
		}
		c := check{id: fields[0], base: fields[1], place: seed.Pointer(fields[2]), value: fields[3]}
		want, at, moved := strings.Cut(want, " @ ")
		c.want, c.at = want, seed.Pointer(at)
		if !moved && c.value == "-" {
			c.at = c.place.Parent()
		} else if !moved {
			c.at = c.place
		}
		all = append(all, c)
	}
	return all
}

// Each requirement is checked, by its rule and with its severity.
func TestRequirements(t *testing.T) {
	t.Parallel()
	bases := map[string][]byte{}
	for name, file := range map[string]string{"M": "minimal", "C": "complete"} {
		text, err := os.ReadFile("testdata/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		bases[name] = text
	}
	checks := readChecks(t)
	for _, c := range checks {
		t.Run(fmt.Sprint(c.id, c.place), func(t *testing.T) { c.run(t, bases[c.base]) })
	}
}

func (c check) run(t *testing.T, base []byte) {
	var document any
	if err := json.Unmarshal(base, &document); err != nil {
		t.Fatal(err)
	}
	document = put(t, document, strings.Split(string(c.place), "/")[1:], c.value)
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	report := Manifest("it", seed.Parse(text), Options{})
	if c.want == "none" {
		before := Manifest("it", seed.Parse(base), Options{})
		for _, severity := range []diag.Severity{diag.Error, diag.Warning} {
			if report.Count(severity) > before.Count(severity) {
				t.Errorf("%s is reported: %s", c.value, said(report))
			}
		}
		return
	}
	severity, rules, _ := strings.Cut(c.want, " ")
	for _, d := range report.Diagnostics {
		if slices.Contains(strings.Split(rules, "|"), d.Rule.ID) && d.Level().String() == severity && d.Pointer == c.at {
			return
		}
	}
	t.Errorf("%s gives no %s at %s, but %s", c.value, c.want, c.at, said(report))
}

func said(report *diag.Report) string {
	var b strings.Builder
	for _, d := range report.Diagnostics {
		fmt.Fprintf(&b, "\n  %s: %s: %s [%s]", d.Pointer, d.Level(), d.Message, d.Rule.ID)
	}
	return b.String()
}

// put returns the document with a value set or removed at a place.
func put(t *testing.T, document any, tokens []string, value string) any {
	if len(tokens) == 0 {
		return json.RawMessage(value)
	}
	switch d := document.(type) {
	case map[string]any:
		if len(tokens) == 1 && value == "-" {
			delete(d, tokens[0])
			return d
		}
		d[tokens[0]] = put(t, d[tokens[0]], tokens[1:], value)
		return d
	case []any:
		i, err := strconv.Atoi(tokens[0])
		if err != nil || i >= len(d) {
			return append(d, json.RawMessage(value))
		}
		d[i] = put(t, d[i], tokens[1:], value)
		return d
	}
	t.Fatalf("no place for %v", tokens)
	return nil
}
