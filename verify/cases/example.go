package cases

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// Example returns a smoke file to start from: one case with a place for every required value.
func Example(m *seed.Manifest) []byte {
	var b strings.Builder
	b.WriteString("# What smoke runs are given. Paths are relative to this file.\n" + explainMark(m) + "cases:\n  - name: first\n")
	for _, s := range sections(m) {
		fmt.Fprintf(&b, "    %s:\n", s.key)
		for _, line := range s.members {
			fmt.Fprintf(&b, "      %s%s\n", line.text, line.mark)
		}
	}
	return []byte(b.String())
}

// ExampleInput returns the path of an input's file in Example.
func ExampleInput(in seed.InputFile) string {
	return "inputs/" + strings.ToLower(in.Name) + path.Ext(madeFile(in.MediaTypes).Name)
}

// Sample returns a small valid file of the first known media type, or a line of text.
func Sample(mediaTypes ...string) []byte { return madeFile(mediaTypes).Content }

// SampleJSON returns a value of a JSON type.
func SampleJSON(kind string) string { return madeJSON(kind) }

// ExampleLine returns Example in one line.
func ExampleLine(m *seed.Manifest) string {
	parts := append([]string{"name: first"}, exampleParts(m, func(string) bool { return true })...)
	return "cases: [{" + strings.Join(parts, ", ") + "}]"
}

// ExampleOf returns what a case may have for some members of the manifest, in one line. Members that are not required are left out.
func ExampleOf(m *seed.Manifest, names []string) string {
	return strings.Join(exampleParts(m, func(name string) bool { return slices.Contains(names, name) }), ", ")
}

// exampleParts returns KEY: {NAME: VALUE, …} for each key of a case that has members which are wanted.
func exampleParts(m *seed.Manifest, wanted func(name string) bool) (parts []string) {
	for _, s := range sections(m) {
		var members []string
		for _, line := range s.members {
			if name, _, _ := strings.Cut(line.text, ": "); wanted(name) {
				members = append(members, line.text)
			}
		}
		if len(members) > 0 {
			parts = append(parts, fmt.Sprintf("%s: {%s}", s.key, strings.Join(members, ", ")))
		}
	}
	return parts
}

type section struct {
	key     string
	members []sectionLine
}

// A sectionLine is a value with its name, and the comment that says it is made up.
type sectionLine struct{ text, mark string }

// explainMark says what the comments mean, if there are any.
func explainMark(m *seed.Manifest) string {
	for _, s := range sections(m) {
		for _, line := range s.members {
			if line.mark != "" {
				return "# A case that fails on a value that is " + madeUpMark + " is inconclusive. Put your own values there, and take out the comments.\n"
			}
		}
	}
	return ""
}

// sections returns what is required. Names need no quotes, since they consist of letters, digits, dashes and
// underscores. The linter refuses other names before a run.
func sections(m *seed.Manifest) []section {
	all := []section{{key: "inputs"}, {key: "json"}, {key: "settings"}, {key: "mounts"}}
	const mark = " # " + madeUpMark
	add := func(i int, mark, format string, args ...any) {
		all[i].members = append(all[i].members, sectionLine{fmt.Sprintf(format, args...), mark})
	}
	face := &m.Job.Interface
	for _, in := range face.Inputs.Files {
		if in.Required {
			add(0, mark, "%s: %s", in.Name, ExampleInput(in))
		}
	}
	for _, in := range face.Inputs.JSON {
		if in.Required {
			add(1, mark, "%s: %s", in.Name, madeJSON(in.Type))
		}
	}
	for _, s := range face.Settings {
		if s.Secret {
			add(2, "", "%s: {env: %s}", s.Name, seed.Variable(s.Name))
		} else {
			add(2, mark, "%s: %s", s.Name, exampleSetting)
		}
	}
	for _, mount := range face.Mounts {
		add(3, mark, "%s: %s", mount.Name, emptyMount)
	}
	var kept []section
	for _, s := range all {
		if len(s.members) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}
