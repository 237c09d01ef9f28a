package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// maxDifferences is how many differences are reported. With more, the label holds another job.
const maxDifferences = 50

// Against reports how the manifest in an image's label differs from a manifest file. Findings are on lines of the file.
// It compares member by member. In a list of named things, it compares those with the same name.
func Against(label, file *seed.Manifest, path string) *diag.Report {
	c := &comparison{report: &diag.Report{Path: path, Source: file.Source}}
	c.values("", file.Source.Value(), label.Source.Value())
	if more := c.found - maxDifferences; more > 0 {
		c.report.Add(diag.Diagnostic{Rule: labelDiffers, Message: fmt.Sprintf("the label has %d more differences", more)})
	}
	c.report.Sort()
	return c.report
}

// A comparison collects differences. Pointers are into the file.
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
	if !equalJSON(file, label) {
		c.add(at, "the label has %s here, the file has %s", excerpt(label), excerpt(file))
	}
}

func (c *comparison) objects(at seed.Pointer, file, label map[string]any) {
	for _, k := range memberNames(file, label) {
		x, inFile := file[k]
		y, inLabel := label[k]
		switch {
		case !inLabel:
			c.add(at.Member(k), "the label lacks this member %q", k)
		case !inFile:
			c.add(at, "the label has a further member here: %q: %s", k, excerpt(y))
		default:
			c.values(at.Member(k), x, y)
		}
	}
}

func (c *comparison) lists(at seed.Pointer, file, label []any) {
	fileNames, labelNames := namesOf(file), namesOf(label)
	if fileNames == nil || labelNames == nil {
		c.byIndex(at, file, label)
		return
	}
	inFile, inLabel := places(fileNames), places(labelNames)
	var shared []string // names in both, in the order of the label
	for i, name := range labelNames {
		n, ok := inFile[name]
		if !ok {
			c.add(at, "the label has a further %q here", name)
			continue
		}
		shared = append(shared, name)
		c.values(at.Index(n), file[n], label[i])
	}
	var kept []string // names in both, in the order of the file
	for n, name := range fileNames {
		if _, ok := inLabel[name]; ok {
			kept = append(kept, name)
			continue
		}
		c.add(at.Index(n), "the label lacks %q", name)
	}
	if !slices.Equal(shared, kept) {
		c.add(at, "the label has these in another order: %s", excerpt(shared))
	}
}

// places returns where each name is in a list.
func places(names []string) map[string]int {
	all := make(map[string]int, len(names))
	for i, name := range names {
		all[name] = i
	}
	return all
}

// byIndex compares two lists by index, because some elements have no name of their own.
func (c *comparison) byIndex(at seed.Pointer, file, label []any) {
	for i := range max(len(file), len(label)) {
		switch {
		case i >= len(label):
			c.add(at.Index(i), "the label lacks %s", excerpt(file[i]))
		case i >= len(file):
			c.add(at, "the label has a further %s here", excerpt(label[i]))
		default:
			c.values(at.Index(i), file[i], label[i])
		}
	}
}

// namesOf returns the names of a list of things. It returns nil unless each has a name of its own.
func namesOf(list []any) []string {
	names, seen := []string{}, map[string]bool{}
	for _, v := range list {
		object, _ := v.(map[string]any)
		name, ok := object["name"].(string)
		if !ok || seen[name] {
			return nil
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// excerpt returns a value as JSON, shortened if it is long.
func excerpt(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "something that is no JSON"
	}
	return diag.Brief(b.Bytes())
}
