package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A Kind says what the value of a parameter is.
type Kind int

// Kinds.
const (
	ImageReference Kind = iota
	Runtime
	InputFile
	InputDirectory // a flat directory of files
	InputJSON
	Setting
	Secret // taken from the environment, and no parameter of the launcher
	Mount
	OutputDirectory
)

// Auto is the runtime that stands for the first one that works.
const Auto = "auto"

// Runtimes are the values of the parameter SeedRuntime.
func Runtimes() []string { return []string{Auto, "docker", "podman", "apptainer"} }

// Names of parameters that every job has.
const (
	ImageName   = "SeedImage"
	RuntimeName = "SeedRuntime"
	OutputName  = seed.OutputDir
	mountPrefix = "Mount_"
)

// A Parameter is a value that a job is given in another system.
type Parameter struct {
	Name       string // [A-Za-z_][A-Za-z0-9_]*, unique in the job
	Variable   string // the environment variable in the container; empty for those of the launcher, and for mounts
	Kind       Kind
	Type       string // of InputJSON: a JSON type
	Required   bool
	Default    string // of parameters with Required false
	Choices    []string
	Path       string // of a mount, in the container
	Writable   bool   // of a mount
	MediaTypes []string
	Pointer    seed.Pointer
}

// Doc describes the value in one line for those who enter it. It is never empty.
func (p *Parameter) Doc() string {
	doc := map[Kind]string{
		ImageReference: "Image of the job", Runtime: "Container runtime", InputFile: "Input file", InputDirectory: "Directory of input files",
		InputJSON: "Input, a JSON " + p.Type, Setting: "Setting", Secret: "Secret setting", OutputDirectory: "Empty or new directory for the outputs",
		Mount: "Directory that is mounted at " + OneLine(p.Path),
	}[p.Kind]
	if p.Kind == InputJSON && p.Type == "string" {
		doc = "Input, a string"
	}
	if len(p.MediaTypes) > 0 {
		doc += ". Media types: " + OneLine(strings.Join(p.MediaTypes, ", "))
	}
	if !p.Required && p.Variable != "" {
		doc += ". Optional"
	}
	return doc
}

// Example stands for a value in a command line.
func (p *Parameter) Example() string {
	switch p.Kind {
	case InputFile:
		return "FILE"
	case InputDirectory, Mount, OutputDirectory:
		return "DIR"
	case InputJSON:
		return strings.ToUpper(p.Type)
	}
	return "VALUE"
}

// addParameters lists all parameters: the launcher's own first, then the manifest's in its order.
func (j *Job) addParameters() {
	j.Parameters = []Parameter{
		{Name: ImageName, Kind: ImageReference, Default: j.Image.Reference, Pointer: seed.AtJob},
		{Name: RuntimeName, Kind: Runtime, Default: j.Options.Runtime, Choices: Runtimes(), Pointer: seed.AtJob},
		{Name: OutputName, Kind: OutputDirectory, Required: true, Variable: seed.OutputDir, Pointer: seed.AtJob},
	}
	face := &j.Job.Interface
	for i, in := range face.Inputs.Files {
		kind := InputFile
		if in.Multiple {
			kind = InputDirectory
		}
		at := seed.AtInputFiles.Index(i)
		j.add(in.Name, Parameter{Kind: kind, Required: in.Required, MediaTypes: in.MediaTypes, Pointer: at})
		if in.Partial {
			j.lose(at, fmt.Sprintf("input %q may be read in parts, which is only a hint to executors: it is not passed on", in.Name))
		}
	}
	for i, in := range face.Inputs.JSON {
		p := Parameter{Kind: InputJSON, Type: in.Type, Required: in.Required, Pointer: seed.AtInputJSON.Index(i)}
		if in.Type == "boolean" {
			p.Choices = []string{"true", "false"}
		}
		j.add(in.Name, p)
	}
	for i, s := range face.Settings {
		kind := Setting
		if s.Secret {
			kind = Secret
		}
		j.add(s.Name, Parameter{Kind: kind, Required: true, Pointer: seed.AtSettings.Index(i)})
	}
	for i, m := range face.Mounts {
		j.addNamed(mountPrefix+seed.Variable(m.Name), m.Name, Parameter{Kind: Mount, Required: true, Path: m.Path, Writable: m.Mode == "rw",
			Pointer: seed.AtMounts.Index(i)})
	}
}

// add adds a parameter for a member of the manifest, which is also a variable.
func (j *Job) add(member string, p Parameter) {
	p.Variable = seed.Variable(member)
	j.addNamed(Identifier(p.Variable), member, p)
}

func (j *Job) addNamed(name, member string, p Parameter) {
	p.Name = name
	switch {
	case seed.Variable(member) == "":
		j.refuse(p.Pointer, fmt.Sprintf("the name %s has no letter or digit that a variable can have", strconv.Quote(member)))
		return
	case slices.ContainsFunc(j.Parameters, func(other Parameter) bool { return other.Name == name }):
		j.refuse(p.Pointer, fmt.Sprintf("%q and another value would both be the parameter %s: rename one", member, name))
		return
	}
	j.Parameters = append(j.Parameters, p)
}

// Identifier returns a variable as the name of a parameter: one that begins with a digit gets an underscore in front.
func Identifier(variable string) string {
	if variable != "" && variable[0] >= '0' && variable[0] <= '9' {
		return "_" + variable
	}
	return variable
}

// checkPaths refuses paths of mounts that no container runtime takes.
func (j *Job) checkPaths() {
	for i, m := range j.Job.Interface.Mounts {
		if !strings.HasPrefix(m.Path, "/") || strings.ContainsRune(m.Path, 0) {
			j.refuse(seed.AtMounts.Index(i).Member("path"), fmt.Sprintf("the path %s of a mount must be absolute", strconv.Quote(m.Path)))
		}
	}
}

func (j *Job) lose(at seed.Pointer, message string) { j.losses = append(j.losses, Note{at, message}) }
func (j *Job) refuse(at seed.Pointer, message string) {
	j.refused = append(j.refused, Note{at, message})
}

// Given returns the parameters of the launcher: all but secrets.
func (j *Job) Given() []Parameter {
	return slices.DeleteFunc(slices.Clone(j.Parameters), func(p Parameter) bool { return p.Kind == Secret })
}
