package schema

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Patterns of the schemas that have a message in words.
const (
	jobNamePattern = "^[a-zA-Z0-9-]+$"
	namePattern    = "^[a-zA-Z0-9_-]+$"
)

var (
	notJobName = regexp.MustCompile(`[^a-zA-Z0-9-]+`)
	notName    = regexp.MustCompile(`[^a-zA-Z0-9_-]+`)
	almost     = regexp.MustCompile(`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$`)
)

func patternMessage(pattern, value string) (message, hint string) {
	switch pattern {
	case jobNamePattern:
		return fmt.Sprintf("name %q must be letters, digits and dashes", clip(value)), writeInstead(notJobName.ReplaceAllString(value, "-"))
	case namePattern:
		return fmt.Sprintf("name %q must be letters, digits, dashes and underscores", clip(value)), writeInstead(notName.ReplaceAllString(value, "_"))
	}
	message = fmt.Sprintf("version %q must be a semantic version, MAJOR.MINOR.PATCH", clip(value))
	if m := almost.FindStringSubmatch(value); m != nil {
		var parts []string
		for _, p := range m[1:] {
			p = strings.TrimLeft(p, "0")
			if p == "" {
				p = "0"
			}
			parts = append(parts, p)
		}
		hint = writeInstead(strings.Join(parts, "."))
	}
	return message, hint
}

func writeInstead(value string) string {
	if strings.Trim(value, "-_") == "" || len(value) > 100 {
		return ""
	}
	return fmt.Sprintf("write %q", value)
}

func versionMessage(is string, known []string) (message, hint string) {
	message = fmt.Sprintf("seedVersion %q is not supported, must be %s", clip(is), quoteAll(known))
	if strings.HasPrefix(is, "0.") {
		return message, "rename the members of the older version as the findings below say, then write \"1.0.0\""
	}
	return message, "write \"1.0.0\" and see what else has to change"
}

// clip shortens a quoted value. The place of the finding shows all of it.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// successors are members of older versions of the standard and of JobPack, with their replacements.
var successors = map[string]string{
	"manifestVersion":  `is "seedVersion" now`,
	"algorithmVersion": `is "jobVersion" now`,
	"version":          `is "jobVersion" now`,
	"inputData":        `is "inputs" now, within "interface"`,
	"outputData":       `is "outputs" now, within "interface"`,
	"inputs":           `belongs into "interface"`,
	"outputs":          `belongs into "interface"`,
	"mounts":           `belongs into "interface"`,
	"settings":         `belongs into "interface"`,
	"command":          `belongs into "interface"`,
	"cmd":              `is "command" now, within "interface"`,
	"args":             `is "command" now, within "interface"`,
	"envVars":          `is "settings" now, within "interface"`,
	"errorMapping":     `is "errors" now, within "job"`,
	"tag":              `is "tags" now`,
	"authorName":       `is "maintainer.name" now`,
	"authorEmail":      `is "maintainer.email" now`,
	"authorUrl":        `is "maintainer.url" now`,
	"cpus":             `is an element of "resources.scalar" now: {"name": "cpus", "value": 1}`,
	"mem":              `is an element of "resources.scalar" now: {"name": "mem", "value": 64}`,
	"storage":          `is an element of "resources.scalar" now: {"name": "disk", "value": 64}`,
	"sharedMem":        `is an element of "resources.scalar" now: {"name": "sharedMem", "value": 64}`,
	"count":            `is "multiple" now, true or false`,
	"path":             `is "pattern" now`,
	"jobs":             `is "job" now, a single one: write a manifest for each`,
	"resources":        `belongs into "job"`,
	"errors":           `belongs into "job"`,
	"interface":        `belongs into "job"`,
	"maintainer":       `belongs into "job"`,
}

// renamed matches a successor in the same object.
var renamed = regexp.MustCompile(`^is "(\w+)" now$`)

func unknownMember(at seed.Pointer, name string, known []string) Violation {
	v := Violation{Pointer: seed.Pointer("").Member(name), Key: true, Keyword: "additionalProperties", Member: name}
	where := "here"
	if at == "" {
		where = "at the root of a manifest"
	}
	v.Message = fmt.Sprintf("member %q does not exist %s", clip(name), where)
	near := diag.Nearest(name, known)
	successor, old := successors[name]
	switch {
	case near != "" && (!old || diag.Distance(strings.ToLower(name), strings.ToLower(near)) <= 1):
		v.Hint, v.Meant = fmt.Sprintf("did you mean %q?", near), near
	case old:
		v.Hint = fmt.Sprintf("%q %s", name, successor)
		if m := renamed.FindStringSubmatch(successor); m != nil {
			v.Meant = m[1]
		}
	default:
		v.Hint = "take it out; there are " + quoteAll(known)
	}
	return v
}
