package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/containerd/containerd/v2/core/content"
	contentlocal "github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil"
)

// privateEngine starts a private engine. It uses the user's own cache, so that buildkitd is built only once.
func privateEngine(t *testing.T) *Engine {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Connect(t.Context(), Options{Builder: "private", CacheDir: filepath.Join(cache, "seedpack"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return only(b)
}

// only returns the engine of a builder with one node.
func only(b *Builder) *Engine { return b.nodes[0].engine }

func dir(t *testing.T, files map[string]string) string {
	t.Helper()
	d := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(d, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// builds builds a Dockerfile on an engine. It returns the content of the file /x of the image.
func builds(ctx context.Context, e *Engine, opt client.SolveOpt) (x string, err error) {
	_, err = e.Client().Build(ctx, opt, "seedpack", func(ctx context.Context, g gateway.Client) (*gateway.Result, error) {
		result, err := g.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: opt.FrontendAttrs, Evaluate: true})
		if err != nil {
			return nil, err
		}
		ref, err := result.SingleRef()
		if err != nil {
			return nil, err
		}
		text, err := ref.ReadFile(ctx, gateway.ReadRequest{Filename: "/x"})
		x = string(text)
		return result, err
	}, nil)
	return x, e.ExplainError(ctx, err)
}

// request returns a Dockerfile to build. In it, busybox:1.36 is the base image that make test makes.
func request(t *testing.T, dockerfile string) client.SolveOpt {
	t.Helper()
	base := needs.Variable(t, "SEEDPACK_TEST_BASE")
	index, err := layout.ImageIndexFromPath(base)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	store, errStore := contentlocal.NewStore(base)
	files, errFiles := fsutil.NewFS(dir(t, map[string]string{"Dockerfile": dockerfile}))
	if err := errors.Join(errStore, errFiles); err != nil {
		t.Fatal(err)
	}
	return client.SolveOpt{
		LocalMounts:   map[string]fsutil.FS{"context": files, "dockerfile": files},
		OCIStores:     map[string]content.Store{"base": store},
		FrontendAttrs: map[string]string{"context:busybox:1.36": "oci-layout:base@" + manifest.Manifests[0].Digest.String()},
	}
}
