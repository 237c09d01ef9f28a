package main

import (
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/source"
)

// A task is a job to pack or to try.
type task struct {
	*job.Job
	// image was built elsewhere; nil for a job that is to be built.
	image *source.Image
	// judged is set where the image has been held to its manifest already.
	judged bool
	// unlabelled says why such an image gives no manifest, where it does not.
	unlabelled *diag.Report
}
