package verify

import (
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// Rules on an image and the image that was published before it under the same name.
var (
	jobIdentity = &diag.Rule{ID: "job-identity", Severity: diag.Warning, Spec: "2.1.1 S-2.1.1-18",
		Summary: "name and jobVersion should stand for one job"}
	jobChanged = &diag.Rule{ID: "job-changed", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-19",
		Summary: "a new packageVersion should not stand for a change of the job itself"}
	errorCodeMoved = &diag.Rule{ID: "error-code-moved", Severity: diag.Notice, Spec: "2.1.1.4 S-2.1.1.4-05",
		Summary: "an error should keep its code"}
	notCompared = &diag.Rule{ID: "predecessor-unknown", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-18",
		Summary: "what was published before should be known"}
)

var successionRules = []*diag.Rule{jobIdentity, jobChanged, errorCodeMoved, notCompared}

// Succession compares an image, before it is named, with the image that was published before it under the same jobVersion, and
// the manifests of both. Path is the manifest's, which the report is about.
func Succession(path string, m *seed.Manifest, img, last *source.Image, was *seed.Manifest) *diag.Report {
	s := &succession{m: m, image: img, report: &diag.Report{Path: path, Source: m.Source}}
	_, tag := imageName(last)
	s.identity(tag, was)
	s.layers(tag, last)
	s.codes(tag, was)
	s.report.Sort()
	return s.report
}

// NotCompared reports that an image is not compared with those that were published before.
func NotCompared(path string, m *seed.Manifest, err error) *diag.Report {
	s := &succession{m: m, report: &diag.Report{Path: path, Source: m.Source}}
	s.add(notCompared, "/job/packageVersion", "the image is not compared with those that were published before: %v", err)
	return s.report
}

type succession struct {
	m      *seed.Manifest
	image  *source.Image
	report *diag.Report
}

func (s *succession) add(rule *diag.Rule, at seed.Pointer, format string, args ...any) {
	s.report.Add(diag.Diagnostic{Rule: rule, Pointer: at, Message: fmt.Sprintf(format, args...)})
}

// identity reports another job under the same name: one with another title and another maintainer.
func (s *succession) identity(tag string, was *seed.Manifest) {
	now, then := &s.m.Job, &was.Job
	if now.Title != then.Title && now.Maintainer.Name != then.Maintainer.Name && now.Maintainer.Email != then.Maintainer.Email {
		s.add(jobIdentity, "/job/name", "tag %q is another job, %q by %q: a job of its own should have a name of its own", tag, then.Title, then.Maintainer.Name)
	}
}

func (s *succession) layers(tag string, last *source.Image) {
	then := map[string][]v1.Hash{}
	for _, p := range last.Platforms {
		then[p.Name] = p.Config.RootFS.DiffIDs
	}
	for _, p := range s.image.Platforms {
		if ids, ok := then[p.Name]; ok && !slices.Equal(ids, p.Config.RootFS.DiffIDs) {
			s.report.Add(diag.Diagnostic{Rule: jobChanged, Pointer: "/job/packageVersion",
				Message: fmt.Sprintf("the files of the image for %s are not those of tag %q: where the job itself changed, jobVersion should be raised", p.Name, tag)})
			return
		}
	}
}

func (s *succession) codes(tag string, was *seed.Manifest) {
	for i, e := range s.m.Job.Errors {
		for _, old := range was.Job.Errors {
			if old.Name == e.Name && old.Code != e.Code {
				s.add(errorCodeMoved, seed.AtErrors.Index(i).Member("code"), "error %q has code %d, it had %d in tag %q: who compares runs should find one code", e.Name, e.Code, old.Code, tag)
			}
		}
	}
}
