package github

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
)

// A listDocument is what list prints as JSON.
type listDocument struct {
	Count  int `json:"count"`
	Matrix struct {
		Include []listedJob `json:"include"`
	} `json:"matrix"`
}

// A listedJob is one job, or several whose paths stand on a line each.
type listedJob struct {
	Path           string `json:"path"`
	Name           string `json:"name"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
	Reference      string `json:"reference"`
}

// writeList writes the jobs that were listed.
func writeList(env func(string) string, l *listDocument, hide func(string) string) error {
	b := &summary{env: env}
	b.WriteString("## Seedpack\n\n")
	b.add(diag.Count(l.Count, "job") + "\n\n")
	if l.Count > 0 {
		b.table("job", "version", "package", "reference", "directory")
	}
	for _, j := range l.Matrix.Include {
		paths := strings.Split(j.Path, "\n")
		for i := range paths {
			paths[i] = cell(paths[i])
		}
		b.row("**"+cell(j.Name)+"**", cell(j.JobVersion), cell(j.PackageVersion), cell(j.Reference), strings.Join(paths, "<br>"))
	}
	if b.left > 0 {
		fmt.Fprintf(b, "\n%d more are in the output of the step\n", b.left)
	}
	return appendTo(env, "GITHUB_STEP_SUMMARY", hide(b.String()))
}
