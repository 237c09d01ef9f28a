package verify

import "embed"

//go:embed testdata/*.txtar
var archives embed.FS

// Explain is the archive of a rule, as lint.Explain: why it is there, and jobs of which one breaks it and one does not.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
