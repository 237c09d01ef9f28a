// Package scaffold writes the first files of a job: a manifest, a Dockerfile with a program that stands in for the job's
// own, and a smoke file with samples.
//
// It makes text and writes none of it; whether what its user asked for is a good job is for package lint to say.
package scaffold

import (
	"path"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// Options are what is known of the new job. Name, Maintainer and Base are required.
type Options struct {
	Name           string
	JobVersion     string // default: 0.1.0
	PackageVersion string // default: 0.1.0
	Title          string // default: the name in words
	Description    string // default: what goes in and comes out
	Maintainer     seed.Maintainer
	Inputs         []seed.InputFile
	Outputs        []seed.OutputFile
	Timeout        int64  // seconds; default: 3600
	Base           string // the image that the Dockerfile starts from
}

// A File is one to write, by its slash-separated name in the job's directory.
type File struct {
	Name    string
	Content []byte
	// Program is set for what is to be executed.
	Program bool
}

// defaultTimeout is an hour, in seconds: long enough to try, and no run stays for ever.
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

// Job is a whole job that builds, runs and keeps its manifest's word, the manifest first.
func Job(o Options) []File {
	o.fill()
	return []File{
		{Name: seed.ManifestFile, Content: o.manifest()},
		{Name: "Dockerfile", Content: []byte(o.dockerfile())},
		{Name: ".dockerignore", Content: []byte(ignored)},
		{Name: script, Content: []byte(o.script()), Program: true},
	}
}

// Smoke is the smoke file of a job, and with samples the files that it names.
func Smoke(m *seed.Manifest, samples bool) []File {
	files := []File{{Name: cases.File, Content: cases.Example(m)}}
	if !samples {
		return files
	}
	for _, in := range m.Job.Interface.Inputs.Files {
		if in.Required {
			files = append(files, File{Name: cases.ExampleInput(in), Content: cases.Sample(in.MediaTypes...)})
		}
	}
	return files
}

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// Name makes a job's name of a folder's. It is empty when nothing of it can be kept.
func Name(folder string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(folder), "-"), "-")
}

// titleOf is a name in words. A title must not be the name again, which one without letters would be.
func titleOf(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }), " ")
	if words == "" || strings.ToUpper(words[:1]) == words[:1] {
		return "Job " + words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

func (o *Options) describe() string {
	var in, out []string
	for _, i := range o.Inputs {
		in = append(in, i.Name)
	}
	for _, p := range o.Outputs {
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
`

func (o *Options) dockerfile() string {
	return "FROM " + o.Base + "\nCOPY --chmod=755 " + script + " /app/\nUSER nobody\nENTRYPOINT [\"" + path.Join("/app", script) + "\"]\n"
}
