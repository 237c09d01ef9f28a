package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// Directories in the container. They contain no blanks, since executors without a shell split at blanks.
const (
	inputRoot = "/seed/inputs"
	outputDir = "/seed/outputs"
)

const (
	mib = 1 << 20
)

// An environment is what a run provides to its job (section 3.1.1.2).
type environment struct {
	set     map[string]string
	unset   []string
	secrets map[string]string
	mounts  []pack.RunMount
	// mountNames are the names of the manifest's mounts, which are the last elements of mounts.
	mountNames []string
	provides   []string           // resources of the runner, besides those in the standard
	allocated  map[string]float64 // by the name of the scalar; storage in MiB
}

// prepare computes the environment of a case. The variable of an absent optional input is unset, even if the image sets
// it.
func prepare(m *seed.Manifest, c *cases.Case) *environment {
	e := &environment{set: map[string]string{seed.OutputDir: outputDir}, secrets: map[string]string{}, allocated: map[string]float64{}}
	face := &m.Job.Interface
	size := e.inputs(face, c)
	for _, in := range face.Inputs.JSON {
		if text, given := c.JSON[in.Name]; given {
			e.set[seed.Variable(in.Name)] = encode(text)
		} else {
			e.unset = append(e.unset, seed.Variable(in.Name))
		}
	}
	for _, s := range face.Settings {
		if s.Secret {
			e.secrets[seed.Variable(s.Name)] = c.Settings[s.Name]
		} else {
			e.set[seed.Variable(s.Name)] = c.Settings[s.Name]
		}
	}
	for _, s := range m.Job.Resources.Scalar {
		amount := s.InputMultiplier*float64(size)/mib + s.Value
		e.allocated[s.Name] = amount
		e.set[seed.AllocatedPrefix+seed.Variable(s.Name)] = formatAmount(amount)
	}
	for _, mount := range face.Mounts {
		given, from := c.Mounts[mount.Name], ""
		if given.Host != "" {
			from = given.Tree()
		}
		e.mounts = append(e.mounts, pack.RunMount{Path: mount.Path, From: from, Image: given.Image, Writable: mount.Mode == "rw"})
		e.mountNames = append(e.mountNames, mount.Name)
	}
	return e
}

// inputs adds the mounts of the files. It returns the sum of their sizes in bytes (trap T-32).
func (e *environment) inputs(face *seed.Interface, c *cases.Case) (size int64) {
	for _, in := range face.Inputs.Files {
		variable := seed.Variable(in.Name)
		files, given := c.Inputs[in.Name]
		if !given || len(files) == 0 {
			e.unset = append(e.unset, variable)
			continue
		}
		dir := inputRoot + "/" + variable
		e.mounts = append(e.mounts, pack.RunMount{Path: dir, From: cases.InputTree(files)})
		if e.set[variable] = dir; !in.Multiple {
			e.set[variable] = dir + "/" + files[0].Name
		}
		for _, f := range files {
			size += f.Size
		}
	}
	return size
}

// encode returns a JSON value as the text of a variable: a string without quotes, other values as JSON (trap T-10).
func encode(text json.RawMessage) string {
	var s string
	if seed.TypeOf(text) == "string" && json.Unmarshal(text, &s) == nil {
		return s
	}
	return string(text)
}

// formatAmount returns the shortest exact decimal with a fraction: 5.0, 0.25, 1024.0 (trap T-06).
func formatAmount(v float64) string { return seed.Allocated(v) }

// bytes returns an amount of storage, rounded up, or 0 if it is not declared.
func (e *environment) bytes(scalar string) int64 {
	return int64(e.allocated[scalar]*mib + 0.999)
}

// arguments returns the command line: ENTRYPOINT, then the words of the command. Without a command, CMD takes its place
// (trap T-34). The supervisor inserts the value of a secret, so that the engine never stores it in a command line.
func (e *environment) arguments(cfg pack.Config, text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return append(slices.Clone(cfg.Entrypoint), cfg.Cmd...), nil
	}
	variables := map[string]string{}
	for name, value := range e.set {
		variables[name] = value
	}
	for name := range e.secrets {
		variables[name] = wire.SecretRef(name)
	}
	words, err := command.Expand(text, variables)
	return append(slices.Clone(cfg.Entrypoint), words...), err
}

var (
	commandRefused = &diag.Rule{ID: "command-refused", Severity: diag.Error, Spec: "3.1.1 S-3.1.1-05, T-09",
		Summary: "the command must be one that an executor can expand without a shell"}
	nothingToRun = &diag.Rule{ID: "nothing-to-run", Severity: diag.Error, Spec: "2.1.1.3 S-2.1.1.3-04",
		Summary: "the image's ENTRYPOINT and CMD and the manifest's command must name a program"}
)

var imageSetsInput = &diag.Rule{ID: "image-sets-input", Severity: diag.Warning, Spec: "3.1.1.2 S-3.1.1.2-16",
	Summary: "the image should not set the variable of an optional input"}

// shadowed reports variables that the image itself sets and that should be unset because the input is absent.
func (e *environment) shadowed(cfg pack.Config, m *seed.Manifest) (found []diag.Diagnostic) {
	for _, assigned := range cfg.Env {
		name, _, _ := strings.Cut(assigned, "=")
		if !slices.Contains(e.unset, name) {
			continue
		}
		at := seed.AtInputFiles.Parent()
		for i, in := range m.Job.Interface.Inputs.Files {
			if seed.Variable(in.Name) == name {
				at = seed.AtInputFiles.Index(i)
			}
		}
		for i, in := range m.Job.Interface.Inputs.JSON {
			if seed.Variable(in.Name) == name {
				at = seed.AtInputJSON.Index(i)
			}
		}
		found = append(found, diag.Diagnostic{Rule: imageSetsInput, Pointer: at,
			Message: fmt.Sprintf("the image sets %s itself, which should be unset while the input is absent", name)})
	}
	return found
}
