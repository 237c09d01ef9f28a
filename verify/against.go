package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// maxDifferences is more than anybody reads; what differs more is another job.
const maxDifferences = 50

// Against says what the manifest in an image's label has otherwise than a file, on the file's lines. Members are compared
// one by one, and lists of things with names by these.
func Against(label, file *seed.Manifest, path string) *diag.Report {
	c := &comparison{report: &diag.Report{Path: path, Source: file.Source}}
	c.values("", file.Source.Value(), label.Source.Value())
	if more := c.found - maxDifferences; more > 0 {
		c.report.Add(diag.Diagnostic{Rule: labelDiffers, Message: fmt.Sprintf("the label has %d more differences", more)})
	}
	c.report.Sort()
	return c.report
}

// A comparison collects differences; pointers are into the file.
type comparison struct {
	report *diag.Report
	found  int
}

func (c *comparison) add(at seed.Pointer, format string, args ...any) {
	if c.found++; c.found <= maxDifferences {
		c.report.Add(diag.Diagnostic{Rule: labelDiffers, Pointer: at, Message: fmt.Sprintf(format, args...)})
	}
}

func (c *comparison) values(at seed.Pointer, file, label any) {
	if x, ok := file.(map[string]any); ok {
		if y, ok := label.(map[string]any); ok {
			c.objects(at, x, y)
			return
		}
	}
	if x, ok := file.([]any); ok {
		if y, ok := label.([]any); ok {
			c.lists(at, x, y)
			return
		}
	}
	if !same(file, label) {
		c.add(at, "the label has %s here, the file has %s", shown(label), shown(file))
	}
}

func (c *comparison) objects(at seed.Pointer, file, label map[string]any) {
	for _, k := range members(file, label) {
		x, inFile := file[k]
		y, inLabel := label[k]
		switch {
		case !inLabel:
			c.add(at.Member(k), "the label lacks this member %q", k)
		case !inFile:
			c.add(at, "the label has a further member here: %q: %s", k, shown(y))
		default:
			c.values(at.Member(k), x, y)
		}
	}
}

func (c *comparison) lists(at seed.Pointer, file, label []any) {
	fileNames, labelNames := namesOf(file), namesOf(label)
	if fileNames == nil || labelNames == nil {
		c.places(at, file, label)
		return
	}
	var shared []string // in the label's order
	for i, name := range labelNames {
		n := slices.Index(fileNames, name)
		if n < 0 {
			c.add(at, "the label has a further %q here", name)
			continue
		}
		shared = append(shared, name)
		c.values(at.Index(n), file[n], label[i])
	}
	var kept []string // in the file's
	for n, name := range fileNames {
		if slices.Contains(shared, name) {
			kept = append(kept, name)
			continue
		}
		c.add(at.Index(n), "the label lacks %q", name)
	}
	if !slices.Equal(shared, kept) {
		c.add(at, "the label has these in another order: %s", shown(shared))
	}
}

// places compares lists of things without names one by one.
func (c *comparison) places(at seed.Pointer, file, label []any) {
	for i := range max(len(file), len(label)) {
		switch {
		case i >= len(label):
			c.add(at.Index(i), "the label lacks %s", shown(file[i]))
		case i >= len(file):
			c.add(at, "the label has a further %s here", shown(label[i]))
		default:
			c.values(at.Index(i), file[i], label[i])
		}
	}
}

// namesOf gives the names of things that all have one of their own; nil where they have not.
func namesOf(list []any) []string {
	names := []string{}
	for _, v := range list {
		object, _ := v.(map[string]any)
		name, ok := object["name"].(string)
		if !ok || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// shown is a value as JSON, cut where it is long.
func shown(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "something that is no JSON"
	}
	return diag.Brief(b.Bytes())
}
