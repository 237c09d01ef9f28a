package cases

import (
	"embed"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Rules of the smoke file.
var (
	syntaxRule = &diag.Rule{ID: "smoke-file-syntax", Severity: diag.Error, Summary: "the smoke file must be YAML with a list of cases"}
	keyRule    = &diag.Rule{ID: "smoke-file-key", Severity: diag.Error, Summary: "the smoke file must have only keys that mean something, each once"}
	typeRule   = &diag.Rule{ID: "smoke-file-type", Severity: diag.Error, Summary: "values in the smoke file must be of the type that is asked for"}
	nameRule   = &diag.Rule{ID: "smoke-file-name", Severity: diag.Error, Summary: "the smoke file must name members that the manifest has"}
	pathRule   = &diag.Rule{ID: "smoke-file-path", Severity: diag.Error, Summary: "the smoke file must name files that are there, beside it or below"}
)

// Rules returns the rules of the smoke file.
func Rules() []*diag.Rule {
	return []*diag.Rule{syntaxRule, keyRule, typeRule, nameRule, pathRule}
}

// Refused returns the report on a smoke file that is not read, with the reason: it is a link to nothing, for example.
func Refused(path string, why error) *diag.Report {
	report := &diag.Report{Path: path, Source: &seed.Source{}}
	report.Add(diag.Diagnostic{Rule: pathRule, Message: why.Error()})
	return report
}

//go:embed testdata/smoke-file-*.txtar
var archives embed.FS

// Explain returns the archive of a rule: the reason for it, a smoke file that breaks it and one that does not.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
