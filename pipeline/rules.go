package pipeline

import (
	"embed"

	"github.com/seedpack/seedpack/diag"
)

// tagTaken is reported if the name is held by another image: an error, or a notice with IfExistsSkip.
var tagTaken = &diag.Rule{ID: "tag-taken", Severity: diag.Error, Spec: "T-38",
	Summary: "a published tag must not be moved to another image"}

// attestationsDropped is reported if setting the label of an image loses what another tool attached to it.
var attestationsDropped = &diag.Rule{ID: "attestations-dropped", Severity: diag.Warning,
	Summary: "an image that is attested should have its label from the beginning"}

// imageRevision is reported if git does not know the commit of a job's files.
var imageRevision = &diag.Rule{ID: "image-revision", Severity: diag.Notice,
	Summary: "an image should say which commit it was built from"}

// baseMoved is reported of a published image whose base image has another digest now.
var baseMoved = &diag.Rule{ID: "base-moved", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-19",
	Summary: "an image may be built anew if its base image has moved"}

// stepFailed is reported of a step that fails because of what the Dockerfile says.
var stepFailed = &diag.Rule{ID: "dockerfile-step", Severity: diag.Error,
	Summary: "each step of the Dockerfile must succeed"}

// Rules returns the rules that no other stage can judge: they need git, a registry, a build, or an image from elsewhere.
func Rules() []*diag.Rule {
	return []*diag.Rule{tagTaken, attestationsDropped, imageRevision, baseMoved, stepFailed}
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain returns the archive of a rule, like lint.Explain.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
