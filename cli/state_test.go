package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// If the files cannot be compared with what an image was built from, each form of the output says so, and why.
func TestFilesNotCompared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, seed.ManifestFile)
	text := []byte(`{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0"}}`)
	for name, content := range map[string][]byte{seed.ManifestFile: text, "Dockerfile": []byte("FROM scratch\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := pack.JobSources(path, dir).FilesDigest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := seed.Parse(text)
	for _, test := range []struct {
		name   string
		labels map[string]string
		says   string // empty: they are compared
	}{
		{"other contexts", map[string]string{seed.SourceLabel: "sha256:a"}, "files were not compared, since the image was built with --file, --context or --build-context"},
		{"another tool", nil, "files were not compared, since the image does not say from which files it was built"},
		{"the same files", map[string]string{seed.SourceLabel: "sha256:a", seed.FilesLabel: digest}, ""},
	} {
		var platform source.Platform
		platform.Config = &v1.ConfigFile{Config: v1.Config{Labels: test.labels}}
		image := &state{from: "image", path: "image", manifest: m, image: &source.Image{Platforms: []source.Platform{platform}}}
		disk := &state{from: dir, path: path, manifest: m, dir: dir}
		for _, of := range [][2]*state{{image, disk}, {disk, image}} {
			c, err := compareStates(t.Context(), of[0], of[1])
			if err != nil {
				t.Fatal(err)
			}
			var shown bytes.Buffer
			d := &difference{c, of[0], of[1]}
			if err := d.text(&shown); err != nil {
				t.Fatal(err)
			}
			if err := d.markdown(&shown); err != nil {
				t.Fatal(err)
			}
			b, err := newBumped(&job.Job{Dir: dir, Path: path, Manifest: m}, &compared{Comparison: c, from: "image"})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.write(&Process{Stdout: &shown}); err != nil {
				t.Fatal(err)
			}
			if got := github.NewComparison(c, "", "").Uncompared; got != test.says {
				t.Errorf("%s: JSON says %q, want %q", test.name, got, test.says)
			}
			want := 3 // text, Markdown and bump
			if test.says == "" {
				want = 0
			}
			if got := strings.Count(shown.String(), "files were not compared"); got != want || !strings.Contains(shown.String(), test.says) {
				t.Errorf("%s: said %d times, want %d:\n%s", test.name, got, want, shown.String())
			}
		}
	}
}
