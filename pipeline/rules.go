package pipeline

import "github.com/seedpack/seedpack/diag"

// tagTaken is what a registry may say of the name: an error, or a notice if --if-exists says skip.
var tagTaken = &diag.Rule{ID: "tag-taken", Severity: diag.Error, Spec: "T-38",
	Summary: "a published tag must not be moved to another image",
	Doc: "Who runs a job by its name trusts that it stays the same: results are compared, and errors are reported, by name. Raise " +
		"packageVersion where the packaging changed, and jobVersion where the job did. --if-exists skip leaves what is there, " +
		"--if-exists overwrite moves the tag all the same."}

// attestationsDropped is about what another tool attached to an image that publish changes.
var attestationsDropped = &diag.Rule{ID: "attestations-dropped", Severity: diag.Warning,
	Summary: "an image that is attested should have its label from the beginning",
	Doc: "Provenance and bills of materials speak of an image by its digest. Setting the label makes another image of it, which they\n" +
		"do not speak of, so they are left out. Let the tool that builds the image set the label: seedpack label prints it for\n" +
		"Dockerfiles and for the labels of other build actions."}

// imageRevision is what git may say of a job's files.
var imageRevision = &diag.Rule{ID: "image-revision", Severity: diag.Notice,
	Summary: "an image should say which commit it was built from",
	Doc: "The labels org.opencontainers.image.revision and created name the last commit that touched the job's own manifest,\n" +
		"Dockerfile or build contexts. Where that cannot be told they are left out, rather than say something untrue. The image\n" +
		"then has another digest than one of the same files that has them."}

// Rules returns the rules of a job's way, which no other stage can judge.
func Rules() []*diag.Rule { return []*diag.Rule{tagTaken, attestationsDropped, imageRevision} }
