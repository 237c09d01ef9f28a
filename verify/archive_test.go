package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

var update = flag.Bool("update", false, "write what the archives want")

// untestedArchives are rules whose archives are not run. Another test covers each of them.
var untestedArchives = map[string]string{
	"program-platform":   "TestChain",
	"platform-unknown":   "TestChain",
	"outputs-differ":     "TestRepeat",            // its values are random
	"supervisor-stopped": "TestSupervisorStopped", // in e2e: a shell cannot do it
}

// Every rule has an archive. TestArchives runs the archives of runs; other tests check the rest.
func TestExplanations(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(archives, "testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		file := "testdata/" + r.ID + ".txtar"
		files = slices.DeleteFunc(files, func(f string) bool { return f == file })
		text, _ := Explain(r.ID)
		if strings.TrimSpace(string(txtar.Parse([]byte(text)).Comment)) == "" || !strings.Contains(text, "["+r.ID+"]") {
			t.Errorf("%s does not explain the rule and show what it says", file)
		}
	}
	if len(files) > 0 {
		t.Errorf("these archives have no rule: %s", files)
	}
}

// A sample is one of the two jobs of an archive, bad or good, in its own directory.
type sample struct {
	rule, kind, dir string
	manifest        *seed.Manifest
}

// lay writes a sample: first the files that both samples share, then its own files over them.
func writeSample(t *testing.T, root, rule, kind string) *sample {
	t.Helper()
	text, _ := Explain(rule)
	s := &sample{rule, kind, filepath.Join(root, rule, kind), nil}
	for _, own := range []bool{false, true} {
		for _, f := range txtar.Parse([]byte(text)).Files {
			to, ours := strings.CutPrefix(f.Name, kind+"/")
			if f.Name == "want" || ours != own || !ours && (strings.HasPrefix(f.Name, "bad/") || strings.HasPrefix(f.Name, "good/")) {
				continue
			}
			write(t, filepath.Join(s.dir, to), f.Data)
		}
	}
	s.manifest = seed.Parse(s.file("seed.manifest.json"))
	return s
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// file returns the content of a file, or nil if there is none.
func (s *sample) file(name string) []byte {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return nil
	}
	return text
}

// measured matches figures that differ from run to run.
var measured = regexp.MustCompile(`[0-9.]+( MiB|ms|s)\b`)

// check compares findings with those of the archive. A good sample has none.
func (s *sample) check(t *testing.T, reports ...*diag.Report) {
	t.Helper()
	var got strings.Builder
	for _, r := range reports {
		for i := 0; r != nil && i < len(r.Diagnostics); i++ {
			d := &r.Diagnostics[i]
			fmt.Fprintf(&got, "%s: %s: %s [%s]\n", at(r, d), d.Level(), d.Message, d.Rule.ID)
			if d.Hint != "" {
				fmt.Fprintf(&got, "  hint: %s\n", d.Hint)
			}
		}
	}
	text, _ := Explain(s.rule)
	ar := txtar.Parse([]byte(text))
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	switch {
	case s.kind == "good" && got.Len() > 0:
		t.Errorf("%s: the good one has findings:\n%s", s.rule, &got)
	case s.kind == "good":
	case *update && got.Len() > 0:
		ar.Files[i].Data = []byte(got.String())
		write(t, "testdata/"+s.rule+".txtar", txtar.Format(ar))
	case !bytes.Equal(measured.ReplaceAll(ar.Files[i].Data, nil), measured.ReplaceAll([]byte(got.String()), nil)):
		t.Errorf("%s: got:\n%swant:\n%s", s.rule, &got, ar.Files[i].Data)
	case !strings.Contains(got.String(), "["+s.rule+"]"):
		t.Errorf("%s: the bad one does not break it:\n%s", s.rule, &got)
	}
}

func at(r *diag.Report, d *diag.Diagnostic) string {
	span := d.Span
	if span == nil && r.Source != nil {
		found := r.Source.Span(d.Pointer)
		span = &found
	}
	if span == nil {
		return r.Path
	}
	place := r.Source.Position(span.Start)
	return fmt.Sprintf("%s:%d:%d", r.Path, place.Line, place.Column)
}

func TestPublishedArchives(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	for _, r := range publishedRules {
		for _, kind := range []string{"bad", "good"} {
			s := writeSample(t, t.TempDir(), r.ID, kind)
			reference := strings.TrimSpace(string(s.file("reference")))
			ref, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/" + reference)
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.Push(ref, s.image(t)); err != nil {
				t.Fatal(err)
			}
			want := &Expect{Manifest: s.manifest, Platforms: strings.Fields(string(s.file("platforms")))}
			found, _, err := Published(t.Context(), ref, want)
			if err != nil {
				t.Fatal(err)
			}
			found.Path = reference
			s.check(t, found)
		}
	}
}

// image returns image.json as an image, or an index of the files that have the name of a platform.
func (s *sample) image(t *testing.T) remote.Taggable {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, platform := range []string{"linux-amd64", "linux-arm64"} {
		if text := s.file(platform + ".json"); text != nil {
			_, arch, _ := strings.Cut(platform, "-")
			img, declared := configured(t, text, arch)
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: declared}})
		}
	}
	if index == empty.Index {
		img, _ := configured(t, s.file("image.json"), "amd64")
		return img
	}
	return index
}

// configured returns an image with the sample's configuration, and its platform in the index.
func configured(t *testing.T, text []byte, arch string) (v1.Image, *v1.Platform) {
	t.Helper()
	said := struct {
		v1.Config
		Created     v1.Time           `json:"created"`
		Annotations map[string]string `json:"annotations"`
		Declared    string            `json:"declared"` // the architecture in the index
	}{Declared: arch}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	img, err := mutate.CreatedAt(jobImage(t, arch, said.Labels, said.Entrypoint...), said.Created)
	if err != nil {
		t.Fatal(err)
	}
	if len(said.Annotations) > 0 {
		img = mutate.Annotations(img, said.Annotations).(v1.Image)
	}
	return img, &v1.Platform{OS: "linux", Architecture: said.Declared}
}

const archiveImage = `FROM busybox:1.36
COPY --chmod=755 . /archives
RUN mkdir -m 777 /work
USER 1000
`

// TestArchives runs the jobs of all archives in one build of a real engine.
func TestArchives(t *testing.T) { testArchives(t, privateEngine(t)) }

// TestArchivesDocker runs them on a real Docker Engine.
func TestArchivesDocker(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector saw TestArchives")
	}
	testArchives(t, dockerEngine(t))
}

func testArchives(t *testing.T, on testEngine) {
	var samples []*sample
	var all []cases.Case
	dir := t.TempDir()
	tried := map[*sample][]cases.Case{}
	for _, r := range Rules() {
		if slices.Contains(publishedRules, r) || slices.Contains(cases.Rules(), r) || untestedArchives[r.ID] != "" || slices.Contains(on.lacks, r.ID) {
			continue
		}
		for _, kind := range []string{"bad", "good"} {
			s := writeSample(t, dir, r.ID, kind)
			tried[s] = cases.Made(s.manifest)
			if text := s.file(cases.File); text != nil {
				var found *diag.Report
				if tried[s], found = cases.Read(filepath.Join(s.dir, cases.File), text, s.manifest, os.Getenv); len(found.Diagnostics) > 0 {
					t.Errorf("%s: %s", r.ID, findings(found.Diagnostics))
				}
			}
			samples, all = append(samples, s), append(all, tried[s]...)
		}
	}
	buildScripted(t, on, dir, archiveImage, all, func(ctx context.Context, c *pack.Candidate) error {
		for _, s := range samples {
			opt := Options{Path: seed.ManifestFile, Grace: 500 * time.Millisecond, Platform: c.Platform, Required: s.rule == smokeRequired.ID}
			result, err := Smoke(ctx, c, s.config(t, c.Config), s.manifest, tried[s], opt)
			if err != nil {
				return err
			}
			if result.Unmet != nil {
				result.Unmet.Path = filepath.Base(result.Unmet.Path)
			}
			s.check(t, result.Report, result.Unmet)
		}
		return nil
	})
}

// config returns the image's configuration with the sample's job.sh as its program. image.json may change it.
func (s *sample) config(t *testing.T, config pack.Config) pack.Config {
	t.Helper()
	config.Entrypoint = []string{path.Join("/archives", s.rule, s.kind, "job.sh")}
	own := struct {
		Entrypoint, Cmd *[]string
		User            *string
		Env             []string
	}{}
	if text := s.file("image.json"); text != nil {
		if err := json.Unmarshal(text, &own); err != nil {
			t.Fatal(err)
		}
	}
	config.Entrypoint = *cmp.Or(own.Entrypoint, &config.Entrypoint)
	config.Cmd = *cmp.Or(own.Cmd, &config.Cmd)
	config.User = *cmp.Or(own.User, &config.User)
	config.Env = append(slices.Clone(config.Env), own.Env...)
	return config
}
