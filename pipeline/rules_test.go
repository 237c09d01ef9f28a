package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what the archives want")

// trials find what each rule says of a sample, with a real git, registry or layout.
var trials = map[string]func(*testing.T, *sample) []*diag.Report{
	"tag-taken":            tryTag,
	"attestations-dropped": tryAttestations,
	"image-revision":       tryRevision,
	"base-moved":           tryBase,
	"dockerfile-step":      tryStep,
}

// A sample is one of the two jobs of an archive, in a directory of its own.
type sample struct {
	kind string // bad or good
	dir  string
	job  *job.Job
}

// Each rule says of its bad job what its archive wants, and nothing of its good one.
func TestRules(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(archives, "testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range Rules() {
		files = slices.DeleteFunc(files, func(f string) bool { return f == "testdata/"+rule.ID+".txtar" })
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			text, ok := Explain(rule.ID)
			archive := txtar.Parse([]byte(text))
			if !ok || len(bytes.TrimSpace(archive.Comment)) == 0 || trials[rule.ID] == nil {
				t.Fatal("it has no archive, no reason or no trial")
			}
			want := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			got := said(t, rule, archive, "bad")
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile("testdata/"+rule.ID+".txtar", txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(archive.Files[want].Data) {
				t.Errorf("of the bad job it says\n%s\nwant\n%s", got, archive.Files[want].Data)
			}
			if !strings.Contains(got, "["+rule.ID+"]") {
				t.Errorf("it says nothing of the bad job:\n%s", got)
			}
			if got := said(t, rule, archive, "good"); got != "" {
				t.Errorf("of the good job it says\n%s", got)
			}
		})
	}
	if len(files) > 0 {
		t.Errorf("these archives have no rule: %s", files)
	}
}

// varying is what differs from run to run.
var varying = regexp.MustCompile(`sha256:[0-9a-f]{64}|127\.0\.0\.1:[0-9]+|random_file_[0-9]+\.txt`)

// said returns what a rule says of a sample, as the command line prints it, without what differs from run to run.
func said(t *testing.T, rule *diag.Rule, archive *txtar.Archive, kind string) string {
	t.Helper()
	s := newSample(t, archive, kind)
	var own []*diag.Report
	for _, r := range trials[rule.ID](t, s) {
		if r != nil {
			r.Diagnostics = slices.DeleteFunc(r.Diagnostics, func(d diag.Diagnostic) bool { return d.Rule != rule })
			own = append(own, r)
		}
	}
	var b strings.Builder
	if err := report.Text(&b, own, report.TextOptions{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "["+rule.ID+"]") || strings.HasPrefix(line, "  hint: ") {
			lines = append(lines, line)
		}
	}
	return varying.ReplaceAllStringFunc(strings.Join(lines, ""), func(s string) string {
		switch {
		case strings.HasPrefix(s, "sha256:"):
			return "sha256:…"
		case strings.HasPrefix(s, "random"):
			return "tiles.py"
		}
		return "registry.example.com"
	})
}

// newSample writes the files of one kind, over those that both kinds share.
func newSample(t *testing.T, archive *txtar.Archive, kind string) *sample {
	t.Helper()
	s := &sample{kind: kind, dir: t.TempDir()}
	for _, own := range []bool{false, true} {
		for _, f := range archive.Files {
			name, ours := strings.CutPrefix(f.Name, kind+"/")
			if ours != own || !own && strings.Contains(f.Name, "/") || f.Name == "want" {
				continue
			}
			if own && filepath.Base(name) == "Dockerfile" {
				s.commit(t) // what both share is committed before
			}
			if err := os.WriteFile(filepath.Join(s.dir, name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.job = &job.Job{Path: seed.ManifestFile, Dir: s.dir, Manifest: seed.Parse(s.read(t, seed.ManifestFile))}
	return s
}

func (s *sample) read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// commit commits what the directory has.
func (s *sample) commit(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "first"}} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=J", "-c", "user.email=j@example.com"}, args...)...)
		cmd.Dir = s.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

// tryTag names an image in a registry in which the name is an image's already.
func tryTag(t *testing.T, s *sample) []*diag.Report {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	remoteRegistry := registry.Registry{}
	r := &Result{Task: Task{Job: s.job}, Name: strings.TrimPrefix(server.URL, "http://") + "/" + s.job.Manifest.ImageName()}
	held := pushRandom(t, remoteRegistry, r.Name, s.job.Manifest, nil)
	built := held
	if s.kind == "bad" {
		built = pushRandom(t, remoteRegistry, repositoryOf(r.Name)+":other", s.job.Manifest, nil)
	}
	r.Built = &pack.Result{Digest: built}
	pub := &publisher{Publish: &Publish{}, remote: remoteRegistry, begin: func(*Result, string) {}}
	_ = pub.tag(t.Context(), r) // the report says it
	return r.Reports
}

// tryBase publishes an image, and moves its base image.
func tryBase(t *testing.T, s *sample) []*diag.Report {
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	remoteRegistry := registry.Registry{}
	host := strings.TrimPrefix(server.URL, "http://")
	r := &Result{Task: Task{Job: s.job}, Name: host + "/" + s.job.Manifest.ImageName()}
	base := pushRandom(t, remoteRegistry, host+"/debian:12", s.job.Manifest, nil)
	pushRandom(t, remoteRegistry, r.Name, s.job.Manifest, map[string]string{seed.SourceLabel: "sha256:x",
		"org.opencontainers.image.base.name": host + "/debian:12", "org.opencontainers.image.base.digest": base})
	if s.kind == "bad" {
		pushRandom(t, remoteRegistry, host+"/debian:12", s.job.Manifest, nil)
	}
	label, err := pack.EncodeLabel(s.job.Manifest.Source.Text)
	if err != nil {
		t.Fatal(err)
	}
	pub := &publisher{Publish: &Publish{}, remote: remoteRegistry, begin: func(*Result, string) {}}
	done, err := pub.preflight(t.Context(), r, &pack.Request{Label: label, Marks: map[string]string{seed.SourceLabel: "sha256:x"}})
	if !done || err != nil || r.Published == nil || !r.Published.Already {
		t.Errorf("it is not published already: %v", err)
	}
	return r.Reports
}

// pushRandom pushes an image of random bytes with a manifest under a name, and returns its digest.
func pushRandom(t *testing.T, to registry.Registry, reference string, m *seed.Manifest, labels map[string]string) string {
	t.Helper()
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{seed.Label: string(m.Source.Text)}
	maps.Copy(all, labels)
	if img, err = mutate.Config(img, v1.Config{Labels: all}); err != nil {
		t.Fatal(err)
	}
	ref, err := to.Parse(reference)
	if err == nil {
		err = remote.Write(ref, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// tryAttestations opens an attested image with the labels of the sample.
func tryAttestations(t *testing.T, s *sample) []*diag.Report {
	var labels map[string]string
	if err := json.Unmarshal(s.read(t, "labels.json"), &labels); err != nil {
		t.Fatal(err)
	}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{Labels: labels}})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	attestation := mutate.IndexAddendum{Add: empty.Image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest.String()}}}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}, attestation)
	path, err := layout.Write(filepath.Join(s.dir, "image"), empty.Index)
	if err == nil {
		err = path.AppendIndex(index)
	}
	if err != nil {
		t.Fatal(err)
	}
	opened, err := source.Open(t.Context(), source.Source{Kind: source.Layout, Path: string(path)}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	m := &foreignImage{Task: Task{Job: s.job, Image: opened}, published: true}
	return m.check()
}

// tryStep explains the error of the sample's build, if it has one.
func tryStep(t *testing.T, s *sample) []*diag.Report {
	var err error
	if s.kind == "bad" {
		lines := strings.Split(string(s.read(t, "Dockerfile")), "\n")
		err = &pack.StepError{File: "Dockerfile", Line: 2, Source: lines[1], Err: errors.New(string(s.read(t, "error"))),
			Tail: []string{strings.TrimSpace(string(s.read(t, "output")))}}
	}
	d := &dockerfileText{job: s.job, path: "Dockerfile", text: s.read(t, "Dockerfile")}
	found, err := d.explain(nil, err)
	if failed := new(FailedStep); (s.kind == "bad") != (errors.As(err, &failed) && errors.Is(err, exit.Findings)) {
		t.Errorf("it ends with %v", err)
	}
	return []*diag.Report{found}
}

// tryRevision describes the image of a repository.
func tryRevision(t *testing.T, s *sample) []*diag.Report {
	s.job.Path = filepath.Join(s.dir, seed.ManifestFile)
	d := &dockerfileText{job: s.job, path: filepath.Join(s.dir, "Dockerfile")}
	d.commit = askCommit(t.Context(), d)
	defer d.close()
	found := d.describe(&pack.Request{})
	if found != nil {
		found.Path = seed.ManifestFile
	}
	return []*diag.Report{found}
}
