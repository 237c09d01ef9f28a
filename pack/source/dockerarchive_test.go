package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// An archive holds the same image, whatever source it is from: the same configuration, and the same layers.
func TestWriteDockerArchive(t *testing.T) {
	t.Parallel()
	img := madeImage(t, "amd64")
	layers, err := img.Layers()
	check(t, err)
	twice, err := mutate.AppendLayers(img, layers[0]) // a layer may occur twice
	check(t, err)
	for _, tt := range []struct {
		from string
		img  v1.Image
	}{
		{"oci:" + layoutOf(t, img), img},
		{"oci:" + layoutOf(t, twice), twice},
		{"docker-archive:" + dockerOf(t, img), img},
		{"docker-archive:" + gzipOf(t, dockerOf(t, img)), img},
		{"oci-archive:" + tarOf(t, layoutOf(t, twice), filepath.Join(t.TempDir(), "a.tar")), twice},
	} {
		from, err := open(t, tt.from, Options{})
		check(t, err)
		to := filepath.Join(t.TempDir(), "out.tar")
		file, err := os.Create(to)
		check(t, err)
		check(t, errors.Join(from.WriteDockerArchive(t.Context(), file, 0, "localhost/x:1"), file.Close()))
		again, err := open(t, "docker-archive:"+to, Options{})
		check(t, err)
		if again.Name != "localhost/x:1" || again.Platforms[0].ImageID != from.Platforms[0].ImageID {
			t.Errorf("%s: %s", tt.from, describe(again))
		}
		if got, want := contents(t, again.Platforms[0].Image), contents(t, tt.img); !slices.Equal(got, want) {
			t.Errorf("%s: the layers differ", tt.from)
		}
	}
}

func contents(t *testing.T, img v1.Image) (all []string) {
	t.Helper()
	layers, err := img.Layers()
	check(t, err)
	for _, l := range layers {
		r, err := l.Uncompressed()
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, errors.Join(err, r.Close()))
		all = append(all, string(text))
	}
	return all
}

func TestWriteDockerArchiveEnds(t *testing.T) {
	t.Parallel()
	from, err := open(t, "oci:"+layoutOf(t, madeImage(t, "amd64")), Options{})
	check(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := from.WriteDockerArchive(ctx, &bytes.Buffer{}, 0, "x:1"); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v", err)
	}
}
