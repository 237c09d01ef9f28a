package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/seedpack/seedpack/lint/diag"
	"github.com/seedpack/seedpack/pack"
)

// imageRevision is what git may say of a job's files.
var imageRevision = &diag.Rule{ID: "image-revision", Severity: diag.Notice,
	Summary: "an image should say which commit it was built from",
	Doc: "The labels org.opencontainers.image.revision and created name the last commit that touched the job's own manifest,\n" +
		"Dockerfile or build contexts. Where that cannot be told they are left out, rather than say something untrue. The image\n" +
		"then has another digest than one of the same files that has them."}

// describe puts into the request what manifest and git say of the image. An image that was built elsewhere
// is left as it is. The report is nil where there is nothing to say.
func (r *packRun) describe(ctx context.Context, j *job, request *pack.Request) *diag.Report {
	if j.image != nil {
		return nil
	}
	var commit pack.Commit
	unknown := ""
	if j.path != "-" {
		commit, unknown = pack.LastCommit(ctx, ownPaths(j, request))
	}
	created := commit.Time
	if at, err := strconv.ParseInt(r.epochGiven(), 10, 64); err == nil {
		created = time.Unix(at, 0)
	}
	request.Attributes = pack.Attributes(j.manifest, commit, created)
	if unknown == "" {
		return nil
	}
	d := diag.Diagnostic{Rule: imageRevision, Pointer: "/job", Message: fmt.Sprintf("the image names no commit: %s", unknown)}
	if unknown == pack.TooShallow {
		d.Hint = "fetch the whole history: fetch-depth: 0 for actions/checkout, git fetch --unshallow elsewhere"
	}
	report := &diag.Report{Path: j.path, Source: j.manifest.Source}
	report.Add(d)
	return report
}

// ownPaths are the files and directories that the image is made from. Base images are not among them.
func ownPaths(j *job, request *pack.Request) []string {
	paths := []string{j.path, request.Dockerfile, request.Context}
	if ignore := request.Dockerfile + ".dockerignore"; isFile(ignore) {
		paths = append(paths, ignore)
	}
	for _, name := range slices.Sorted(maps.Keys(request.BuildContexts)) {
		if source := request.BuildContexts[name]; pack.IsDirectory(source) {
			paths = append(paths, source)
		}
	}
	return paths
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
