package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

// An askedCommit is what git says of a job's files, once it has said it.
type askedCommit struct {
	commit  git.Commit
	unknown string // why it cannot say
	said    chan struct{}
	stop    func()
}

// askCommit starts git in the background: with a long history it can take longer than a cached build. The caller calls
// stop. Git is not asked about a manifest from standard input.
func askCommit(ctx context.Context, d *dockerfileText) *askedCommit {
	ctx, cancel := context.WithCancel(ctx)
	asked := &askedCommit{said: make(chan struct{})}
	asked.stop = func() {
		cancel()
		<-asked.said
	}
	if d.job.Path == "-" {
		close(asked.said)
		return asked
	}
	paths := d.ownPaths()
	go func() {
		defer close(asked.said)
		asked.commit, asked.unknown = git.LastCommit(ctx, paths)
	}()
	return asked
}

// describe puts into the request what manifest and git say of the image. The report is nil if git knows the commit.
func (d *dockerfileText) describe(request *pack.Request) *diag.Report {
	<-d.commit.said
	commit, unknown := d.commit.commit, d.commit.unknown
	created := commit.Time
	if at, err := strconv.ParseInt(d.epoch, 10, 64); err == nil {
		created = time.Unix(at, 0)
	}
	request.Attributes = pack.Attributes(d.job.Manifest, commit.Source, commit.Revision, created)
	if unknown == "" {
		return nil
	}
	found := diag.Diagnostic{Rule: imageRevision, Pointer: "/job", Message: fmt.Sprintf("the image names no commit: %s", unknown)}
	if unknown == git.TooShallow {
		found.Hint = "fetch the whole history: fetch-depth: 0 for actions/checkout, git fetch --unshallow elsewhere"
	}
	report := &diag.Report{Path: d.job.Path, Source: d.job.Manifest.Source}
	report.Add(found)
	return report
}

// ownPaths lists the files and directories that the image is made from. Base images are not among them.
func (d *dockerfileText) ownPaths() []string {
	paths := []string{d.job.Path, d.path, d.context()}
	if ignore := d.path + ".dockerignore"; job.IsFile(ignore) {
		paths = append(paths, ignore)
	}
	for _, name := range slices.Sorted(maps.Keys(d.build.Contexts)) {
		if source := d.build.Contexts[name]; pack.IsDirectory(source) {
			paths = append(paths, source)
		}
	}
	return paths
}
