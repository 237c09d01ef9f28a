package scaffold

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"text/template"

	"github.com/seedpack/seedpack/seed"
)

// manifestText has the layout that a person would choose. It leaves out optional members with their default.
var manifestText = template.Must(template.New("manifest").Funcs(template.FuncMap{"json": encode}).Parse(`{
  "seedVersion": "1.0.0",
  "job": {
    "name": {{json .Name}},
    "jobVersion": {{json .JobVersion}},
    "packageVersion": {{json .PackageVersion}},
    "title": {{json .Title}},
    "description": {{json .Description}},
    "maintainer": {
      "name": {{json .Maintainer.Name}},
      "email": {{json .Maintainer.Email}}
    },
    "timeout": {{.Timeout}},
{{- if .HasInterface}}
    "interface": {
{{- $sep := ""}}
{{- with .Command}}
      "command": {{json .}}{{$sep = ","}}
{{- end}}
{{- range .Groups}}{{$sep}}
      {{.}}{{$sep = ","}}
{{- end}}
    },
{{- end}}
    "resources": {
      "scalar": [
        { "name": "cpus", "value": 1 },
        { "name": "mem", "value": 256 },
        { "name": "disk", "value": 64{{if .Inputs}}, "inputMultiplier": 2{{end}} }
      ]
    }
  }
}
`))

// encode returns JSON. It escapes no more characters than it must.
func encode(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func (o *Options) manifest() []byte {
	var b bytes.Buffer
	if err := manifestText.Execute(&b, o); err != nil {
		panic(err) // strings can always be encoded, and writing to memory does not fail
	}
	return b.Bytes()
}

// HasInterface reports whether anything goes in or comes out.
func (o *Options) HasInterface() bool { return len(o.Groups()) > 0 }

// A part is an array of the interface, with the text of its elements.
type part struct {
	path     []string // from the root
	elements []string
}

// parts returns the arrays in the order of the standard.
func (o *Options) parts() []part {
	var inputs, inputJSON, outputs, outputJSON, mounts, settings []string
	for _, in := range o.Inputs {
		types := ""
		if len(in.MediaTypes) > 0 {
			types = `, "mediaTypes": [` + strings.Join(each(in.MediaTypes, quoteJSON), ", ") + "]"
		}
		inputs = append(inputs, `{ "name": `+quoteJSON(in.Name)+types+" }")
	}
	for _, in := range o.JSONInputs {
		inputJSON = append(inputJSON, `{ "name": `+quoteJSON(in.Name)+`, "type": `+quoteJSON(in.Type)+" }")
	}
	for _, out := range o.Outputs {
		mediaType := ""
		if out.MediaType != "" {
			mediaType = `, "mediaType": ` + quoteJSON(out.MediaType)
		}
		outputs = append(outputs, `{ "name": `+quoteJSON(out.Name)+mediaType+`, "pattern": `+quoteJSON(out.Pattern)+" }")
	}
	for _, out := range o.JSONOutputs {
		outputJSON = append(outputJSON, `{ "name": `+quoteJSON(out.Name)+`, "type": `+quoteJSON(out.Type)+" }")
	}
	for _, m := range o.Mounts {
		mode := ""
		if m.Mode == "rw" {
			mode = `, "mode": "rw"`
		}
		mounts = append(mounts, `{ "name": `+quoteJSON(m.Name)+`, "path": `+quoteJSON(m.Path)+mode+" }")
	}
	for _, s := range o.Settings {
		secret := ""
		if s.Secret {
			secret = `, "secret": true`
		}
		settings = append(settings, `{ "name": `+quoteJSON(s.Name)+secret+" }")
	}
	at := func(names ...string) []string { return append([]string{"job", "interface"}, names...) }
	return []part{{at("inputs", "files"), inputs}, {at("inputs", "json"), inputJSON}, {at("outputs", "files"), outputs},
		{at("outputs", "json"), outputJSON}, {at("mounts"), mounts}, {at("settings"), settings}}
}

// Groups returns the members of the interface behind the command, each as text with the indentation of the layout.
func (o *Options) Groups() (all []string) {
	parts := o.parts()
	for _, g := range []struct {
		name  string
		parts []part
	}{{"inputs", parts[0:2]}, {"outputs", parts[2:4]}} {
		var lists []string
		for _, p := range g.parts {
			if len(p.elements) > 0 {
				lists = append(lists, "        "+p.list("        "))
			}
		}
		if len(lists) > 0 {
			all = append(all, quoteJSON(g.name)+": {\n"+strings.Join(lists, ",\n")+"\n      }")
		}
	}
	for _, p := range parts[4:] {
		if len(p.elements) > 0 {
			all = append(all, p.list("      "))
		}
	}
	return all
}

// list returns the array as a member.
func (p part) list(indent string) string {
	return quoteJSON(p.path[len(p.path)-1]) + ": [\n" + indent + "  " + strings.Join(p.elements, ",\n"+indent+"  ") + "\n" + indent + "]"
}

func quoteJSON(s string) string {
	text, err := encode(s)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return text
}

func each(all []string, do func(string) string) []string {
	done := make([]string, len(all))
	for i, s := range all {
		done[i] = do(s)
	}
	return done
}

// Command returns the command: the program if the image has no entry point, the paths of the inputs, and the output directory.
func (o *Options) Command() string {
	words := slices.Clone(o.Program)
	for _, in := range o.Inputs {
		words = append(words, "${"+seed.Variable(in.Name)+"}")
	}
	if len(o.Outputs)+len(o.JSONOutputs) > 0 {
		words = append(words, "${"+seed.OutputDir+"}")
	}
	if len(words) == len(o.Program) {
		return "" // the image runs as it is
	}
	return strings.Join(words, " ")
}
