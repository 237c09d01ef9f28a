// Package scaffold makes the first files of a job: a manifest, a Dockerfile, a placeholder for the job's program, and a
// smoke file with samples.
//
// It returns text and writes no files. It does not judge the job: package lint does.
package scaffold

import (
	"path"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// Options describe the new job. Name, Maintainer and Base are required.
type Options struct {
	Name           string
	JobVersion     string // default: 0.1.0
	PackageVersion string // default: 0.1.0
	Title          string // default: the name in words
	Description    string // default: a list of inputs and outputs
	Maintainer     seed.Maintainer
	Inputs         []seed.InputFile
	Outputs        []seed.OutputFile
	JSONInputs     []seed.InputJSON
	JSONOutputs    []seed.OutputJSON
	Settings       []seed.Setting
	Mounts         []seed.Mount
	// Program are the words that start the job in an image without an entry point; they begin the command.
	Program []string
	Timeout int64  // seconds; default: 3600
	Base    string // the image that the Dockerfile starts from
}

// A File is a file to write. Name is relative to the job's directory, with slashes.
type File struct {
	Name    string
	Content []byte
	// Program is true for an executable file.
	Program bool
	// Sample is true for an input that is made up. It never takes the place of a file that is there.
	Sample bool
}

// defaultTimeout is an hour, in seconds: long enough to try the job, and no run goes on for ever.
const defaultTimeout = 3600

func (o *Options) fill() {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&o.JobVersion, "0.1.0")
	set(&o.PackageVersion, "0.1.0")
	set(&o.Title, titleOf(o.Name))
	set(&o.Description, o.describe())
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
}

// Job returns all files of a job, with the manifest first. The job builds, runs, and does what its manifest says.
func Job(o Options) []File {
	o.fill()
	return []File{
		{Name: seed.ManifestFile, Content: o.manifest()},
		{Name: "Dockerfile", Content: []byte(o.dockerfile())},
		{Name: ".dockerignore", Content: []byte(ignored)},
		{Name: script, Content: []byte(o.script()), Program: true},
	}
}

// Smoke returns the smoke file of a job. With samples, it also returns the files that the smoke file names.
func Smoke(m *seed.Manifest, samples bool) []File {
	files := []File{{Name: cases.File, Content: cases.Example(m)}}
	if !samples {
		return files
	}
	for _, in := range m.Job.Interface.Inputs.Files {
		if in.Required {
			files = append(files, File{Name: cases.ExampleInput(in), Content: cases.Sample(in.MediaTypes...), Sample: true})
		}
	}
	return files
}

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// Name returns a job's name for a folder's name. It is empty if no character can be kept.
func Name(folder string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(folder), "-"), "-")
}

// titleOf returns a name in words. A title must differ from the name, so a name without letters gets more words.
func titleOf(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }), " ")
	if words == "" || strings.ToUpper(words[:1]) == words[:1] {
		return "Job " + words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// Describe returns the description that a job has by default.
func Describe(o Options) string { return o.describe() }

func (o *Options) describe() string {
	var in, out []string
	for _, i := range o.Inputs {
		in = append(in, i.Name)
	}
	for _, i := range o.JSONInputs {
		in = append(in, i.Name)
	}
	for _, p := range o.Outputs {
		out = append(out, p.Name)
	}
	for _, p := range o.JSONOutputs {
		out = append(out, p.Name)
	}
	switch {
	case len(in) > 0 && len(out) > 0:
		return "Reads " + list(in) + " and writes " + list(out) + "."
	case len(in) > 0:
		return "Reads " + list(in) + "."
	case len(out) > 0:
		return "Writes " + list(out) + "."
	}
	return "Reads and writes no files."
}

func list(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

const ignored = `# What no step of the Dockerfile needs is not sent to the builder.
.*
seed.*
Dockerfile
inputs/
out/
outputs/
output-*/
*.bak*
`

// ownIgnored are patterns for what Seedpack reads and writes beside a job, each with what a Dockerfile that needs it would name.
var ownIgnored = []struct{ pattern, name string }{
	{"seed.smoke.yaml", "seed"}, {"inputs/", "inputs"}, {"out/", "out"}, {"outputs/", "outputs"}, {"output-*/", "output"},
}

// Ignore returns the .dockerignore of a job that has its own Dockerfile. It leaves out what the Dockerfile names, and
// directories that are there already, since the build may need them.
func Ignore(dockerfile []byte, exists func(name string) bool) []File {
	content := "# What Seedpack reads and writes beside the job is not sent to the builder.\n"
	n := 0
	for _, p := range ownIgnored {
		named := regexp.MustCompile(`\b` + p.name + `\b`).Match(dockerfile)
		if named || strings.HasSuffix(p.pattern, "/") && exists(strings.TrimSuffix(p.pattern, "/")) {
			continue
		}
		content += p.pattern + "\n"
		n++
	}
	if n == 0 {
		return nil
	}
	return []File{{Name: ".dockerignore", Content: []byte(content)}}
}

func (o *Options) dockerfile() string {
	return "FROM " + o.Base + "\nCOPY --chmod=755 " + script + " /app/\nUSER nobody\nENTRYPOINT [\"" + path.Join("/app", script) + "\"]\n"
}
