package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/schema"
)

// memberIndex matches an index in the name of a member, in any of the usual forms.
var memberIndex = regexp.MustCompile(`\[[0-9*]*\]|\.([0-9]+|\*)(\.|$)`)

// explainMember prints what a member of the manifest means.
func explainMember(p *Process, name string) error {
	found := membersNamed(name)
	switch len(found) {
	case 0:
		if strings.Contains(name, "-") { // no member has a dash in its name
			return exit.Usagef("there is no rule %q: %s", name, nearestRule(name))
		}
		return exit.Usagef("there is no rule or member %q: %s", name, nearestExplained(name))
	case 1:
		_, err := fmt.Fprint(p.Stdout, memberText(found[0]))
		return err
	}
	var paths []string
	for _, m := range found {
		paths = append(paths, m.Path())
	}
	return exit.Usagef("%q is the name of several members, give one of: %s", name, strings.Join(paths, ", "))
}

// membersNamed returns the members whose path ends with a name. A member with the whole path comes alone.
func membersNamed(name string) (found []*schema.Member) {
	name = strings.ReplaceAll(strings.Trim(name, "/."), "/", ".")
	for memberIndex.MatchString(name) {
		name = memberIndex.ReplaceAllString(name, "$2")
	}
	name = strings.Trim(name, ".")
	for _, m := range schema.Members() {
		switch path := m.Path(); {
		case strings.EqualFold(path, name), strings.EqualFold(path, "job."+name):
			return []*schema.Member{m}
		case strings.HasSuffix(strings.ToLower(path), "."+strings.ToLower(name)):
			found = append(found, m)
		}
	}
	return found
}

// nearestExplained names the members that a name may have been meant to be, by their paths, or the nearest rule.
func nearestExplained(name string) string {
	last := func(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
	var names, paths []string
	for _, m := range schema.Members() {
		if !slices.Contains(names, last(m.Path())) {
			names = append(names, last(m.Path()))
		}
	}
	near := diag.Meant(name[strings.LastIndexAny(name, "./")+1:], names)
	if near == "" {
		return nearestRule(name)
	}
	above, _, _ := strings.Cut(name, ".")
	for _, m := range schema.Members() {
		if path := m.Path(); last(path) == near {
			paths = append(paths, path)
		}
	}
	if inside := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !strings.Contains(path, above+".") }); len(inside) > 0 {
		paths = inside
	}
	return fmt.Sprintf("did you mean %s?", strings.Join(paths, " or "))
}

// memberText says what the standard says of a member, with an example and the rules about it.
func memberText(m *schema.Member) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n", m.Path(), m.Type, m.Description)
	fmt.Fprintf(&b, "Seed standard: %s\n\n", m.Section)
	if m.Required {
		b.WriteString("It is required.\n")
	} else if m.Default != "" {
		fmt.Fprintf(&b, "It is optional. The default is %s.\n", m.Default)
	} else {
		b.WriteString("It is optional.\n")
	}
	if len(m.Values) > 0 {
		fmt.Fprintf(&b, "Its values are %s.\n", strings.Join(m.Values, ", "))
	}
	if m.Pattern != "" {
		fmt.Fprintf(&b, "It matches %s\n", m.Pattern)
	}
	if len(m.Members) > 0 {
		fmt.Fprintf(&b, "Its members are %s.\n", strings.Join(m.Members, ", "))
	}
	if example := lint.Example(m.At); example != "" {
		name := m.Path()[strings.LastIndexByte(m.Path(), '.')+1:]
		fmt.Fprintf(&b, "\n-- example --\n%s\n", indented(fmt.Sprintf("{%q: %s}", name, example)))
	}
	if about := lint.About(m.At); len(about) > 0 {
		b.WriteString("\n-- rules --\n")
		for _, r := range about {
			fmt.Fprintf(&b, "%s (%s): %s\n", r.ID, r.Severity, r.Summary)
		}
	}
	return b.String()
}

func indented(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}
