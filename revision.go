package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

// imageRevision is what git may say of a job's files.
var imageRevision = &diag.Rule{ID: "image-revision", Severity: diag.Notice,
	Summary: "an image should say which commit it was built from",
	Doc: "The labels org.opencontainers.image.revision and created name the last commit that touched the job's own manifest,\n" +
		"Dockerfile or build contexts. Where that cannot be told they are left out, rather than say something untrue. The image\n" +
		"then has another digest than one of the same files that has them."}

// An askedCommit is what git says of a job's files, once it has said it.
type askedCommit struct {
	commit  pack.Commit
	unknown string // why it cannot tell
	said    chan struct{}
	stop    func()
}

// askCommit lets git look for the commit while other stages go on: in a long history it takes longer than a build that is
// cached. The caller stops it. Of an image that was built elsewhere nothing is asked.
func (r *packRun) askCommit(ctx context.Context, j *task, dockerfile string) *askedCommit {
	ctx, cancel := context.WithCancel(ctx)
	asked := &askedCommit{said: make(chan struct{})}
	asked.stop = func() {
		cancel()
		<-asked.said
	}
	if j.image != nil || j.Path == "-" {
		close(asked.said)
		return asked
	}
	paths := r.ownPaths(j, dockerfile)
	go func() {
		defer close(asked.said)
		asked.commit, asked.unknown = pack.LastCommit(ctx, paths)
	}()
	return asked
}

// describe puts into the request what manifest and git say of the image. An image that was built elsewhere
// is left as it is. The report is nil where there is nothing to say.
func (r *packRun) describe(asked *askedCommit, j *task, request *pack.Request) *diag.Report {
	if j.image != nil {
		return nil
	}
	<-asked.said
	commit, unknown := asked.commit, asked.unknown
	created := commit.Time
	if at, err := strconv.ParseInt(r.epochGiven(), 10, 64); err == nil {
		created = time.Unix(at, 0)
	}
	request.Attributes = pack.Attributes(j.Manifest, commit, created)
	if unknown == "" {
		return nil
	}
	d := diag.Diagnostic{Rule: imageRevision, Pointer: "/job", Message: fmt.Sprintf("the image names no commit: %s", unknown)}
	if unknown == pack.TooShallow {
		d.Hint = "fetch the whole history: fetch-depth: 0 for actions/checkout, git fetch --unshallow elsewhere"
	}
	report := &diag.Report{Path: j.Path, Source: j.Manifest.Source}
	report.Add(d)
	return report
}

// ownPaths are the files and directories that the image is made from. Base images are not among them.
func (r *packRun) ownPaths(j *task, dockerfile string) []string {
	paths := []string{j.Path, dockerfile, r.contextOf(j)}
	if ignore := dockerfile + ".dockerignore"; job.IsFile(ignore) {
		paths = append(paths, ignore)
	}
	for _, name := range slices.Sorted(maps.Keys(r.buildContexts)) {
		if source := r.buildContexts[name]; pack.IsDirectory(source) {
			paths = append(paths, source)
		}
	}
	return paths
}

// contextOf is the directory that a job is built from.
func (r *packRun) contextOf(j *task) string {
	if r.context != "" {
		return r.context
	}
	return j.Dir
}
