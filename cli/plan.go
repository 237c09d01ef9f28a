package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/pipeline"
)

// planText returns a plan for people, a line for each thing that would be done.
func planText(p *pipeline.Plan, name string) string {
	lines := []string{name + ": nothing is done; this would be"}
	add := func(what, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("  %-6s", what)+fmt.Sprintf(format, args...))
	}
	if b := p.Build; b != nil {
		on := "the builder's own platform"
		if len(b.Platforms) > 0 {
			on = strings.Join(b.Platforms, ", ")
		}
		with := ""
		if len(b.Attestations) > 0 {
			with = ", with " + strings.Join(b.Attestations, " and ")
		}
		add("build", "%s in %s for %s%s", b.Dockerfile, b.Context, on, with)
		for _, name := range slices.Sorted(maps.Keys(b.From)) {
			value := map[string]string{"file": b.Dockerfile, "context": b.Context, "target": b.Target, "platform": strings.Join(b.Platforms, ", ")}[name]
			switch {
			case value != "":
				add("with", "%s %s, from %s", name, value, b.From[name])
			case strings.Contains(name, " "): // a build argument, whose value may be secret, or a build context
				add("with", "%s, from %s", name, b.From[name])
			}
		}
		for _, n := range b.Nodes {
			does := "its own platform"
			if len(n.Platforms) > 0 {
				does = strings.Join(n.Platforms, ", ")
			}
			add("node", "%s builds and tries %s", n.Node, does)
		}
	}
	for _, c := range p.Cases {
		add("run", "%s", c)
	}
	for _, w := range p.Write {
		add("write", "%s to %s", w.Type, w.Dest)
	}
	if p.Push != "" {
		with := ""
		if p.AttestSmoke {
			with = ", with what the smoke run comes to"
		}
		add("push", "%s, by digest%s", p.Push, with)
	}
	for i, t := range p.Tags {
		held := ""
		if i == 0 && p.Held != "" {
			held = fmt.Sprintf(", which names %s now: %s", p.Held, ifAnother(p.IfHeld))
		}
		add("tag", "%s:%s%s", p.Push, t, held)
	}
	return strings.Join(lines, "\n")
}

func ifAnother(ifHeld string) string {
	switch ifHeld {
	case pipeline.HeldSame:
		return "it is published already"
	case pipeline.HeldMoved:
		return "it moves, since --if-exists is overwrite"
	}
	return "the same image is fine, another one is refused"
}
