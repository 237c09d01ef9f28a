package cli

import (
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/scaffold"
	"github.com/seedpack/seedpack/seed"
)

// An initMember is a member of an interface, as init names it.
type initMember struct {
	kind string // with its article
	name string
	at   seed.Pointer // in the manifest
}

// membersOf lists the members that flags and answers give.
func membersOf(o *scaffold.Options) (all []initMember) {
	for _, x := range o.Inputs {
		all = append(all, initMember{"an input", x.Name, ""})
	}
	for _, x := range o.JSONInputs {
		all = append(all, initMember{"a JSON input", x.Name, ""})
	}
	for _, x := range o.Outputs {
		all = append(all, initMember{"an output", x.Name, ""})
	}
	for _, x := range o.JSONOutputs {
		all = append(all, initMember{"a JSON output", x.Name, ""})
	}
	for _, x := range o.Settings {
		all = append(all, initMember{"a setting", x.Name, ""})
	}
	for _, x := range o.Mounts {
		all = append(all, initMember{"a mount", x.Name, ""})
	}
	return all
}

// membersIn lists the members of a manifest.
func membersIn(m *seed.Manifest) []initMember {
	face := &m.Job.Interface
	all := membersOf(&scaffold.Options{Inputs: face.Inputs.Files, JSONInputs: face.Inputs.JSON, Outputs: face.Outputs.Files,
		JSONOutputs: face.Outputs.JSON, Settings: face.Settings, Mounts: face.Mounts})
	places := map[string]seed.Pointer{"an input": seed.AtInputFiles, "a JSON input": seed.AtInputJSON, "an output": seed.AtOutputFiles,
		"a JSON output": seed.AtOutputJSON, "a setting": seed.AtSettings, "a mount": seed.AtMounts}
	index := map[string]int{}
	for i := range all {
		all[i].at = places[all[i].kind].Index(index[all[i].kind])
		index[all[i].kind]++
	}
	return all
}

// duplicate returns an error if one of the members that were given is there twice: in the manifest, or among themselves. So its
// author is told of the member, and not of the variable that both would give.
func duplicate(m *seed.Manifest, o *scaffold.Options) error {
	there, given := membersIn(m), membersOf(o)
	for n, member := range given {
		same := func(other initMember) bool { return other.kind == member.kind && other.name == member.name }
		if i := slices.IndexFunc(there, same); i >= 0 {
			line := m.Source.Position(m.Source.Span(there[i].at).Start).Line
			return fmt.Errorf("there is %s %s already, on line %d", member.kind, member.name, line)
		}
		if slices.ContainsFunc(given[:n], same) {
			return fmt.Errorf("there is %s %s already", member.kind, member.name)
		}
	}
	return nil
}

// declares reports whether a member gives a variable.
func declares(o *scaffold.Options, variable string) bool {
	return slices.ContainsFunc(membersOf(o), func(m initMember) bool {
		return m.kind != "an output" && m.kind != "a JSON output" && m.kind != "a mount" && seed.Variable(m.name) == variable
	})
}
