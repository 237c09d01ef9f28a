package verify

import (
	"embed"

	"github.com/seedpack/seedpack/verify/cases"
)

//go:embed testdata/*.txtar
var archives embed.FS

// Explain returns the archive of a rule, like lint.Explain: the reason for it, a job that breaks it and one that does
// not.
func Explain(id string) (archive string, ok bool) {
	if archive, ok = cases.Explain(id); ok {
		return archive, true
	}
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
