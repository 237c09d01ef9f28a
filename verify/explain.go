package verify

import (
	"embed"

	"github.com/seedpack/seedpack/verify/cases"
)

//go:embed testdata/*.txtar
var archives embed.FS

// Explain is the archive of a rule, as lint.Explain: why it is there, and jobs of which one breaks it and one does not.
func Explain(id string) (archive string, ok bool) {
	if archive, ok = cases.Explain(id); ok {
		return archive, true
	}
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
