package scaffold

import (
	"bytes"
	"encoding/json"
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
{{- if or .Inputs .Outputs}}
    "interface": {
      "command": {{json .Command}}
{{- with .Inputs}},
      "inputs": {
        "files": [
{{- range $i, $_ := .}}{{if $i}},{{end}}
          { "name": {{json .Name}}{{with .MediaTypes}}, "mediaTypes": [{{range $i, $_ := .}}{{if $i}}, {{end}}{{json .}}{{end}}]{{end}} }
{{- end}}
        ]
      }
{{- end}}
{{- with .Outputs}},
      "outputs": {
        "files": [
{{- range $i, $_ := .}}{{if $i}},{{end}}
          { "name": {{json .Name}}{{with .MediaType}}, "mediaType": {{json .}}{{end}}, "pattern": {{json .Pattern}} }
{{- end}}
        ]
      }
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

// Command returns the command: it passes the paths of the inputs, then the output directory.
func (o *Options) Command() string {
	var words []string
	for _, in := range o.Inputs {
		words = append(words, "${"+seed.Variable(in.Name)+"}")
	}
	if len(o.Outputs) > 0 {
		words = append(words, "${"+seed.OutputDir+"}")
	}
	return strings.Join(words, " ")
}
