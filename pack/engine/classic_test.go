package engine

import (
	"testing"

	"github.com/moby/buildkit/client"
	mobyclient "github.com/moby/moby/client"
)

// An engine has a classic store if it is a Docker Engine whose worker does not name a snapshotter.
func TestClassic(t *testing.T) {
	t.Parallel()
	worker := func(labels map[string]string) []*client.WorkerInfo { return []*client.WorkerInfo{{Labels: labels}} }
	containerd := worker(map[string]string{"org.mobyproject.buildkit.worker.snapshotter": "overlayfs"})
	for name, test := range map[string]struct {
		engine *Engine
		want   bool
	}{
		"classic":    {&Engine{docker: &mobyclient.Client{}, workers: worker(nil)}, true},
		"no Docker":  {&Engine{workers: worker(nil)}, false},
		"not asked":  {&Engine{}, false},
		"containerd": {&Engine{docker: &mobyclient.Client{}, workers: containerd}, false},
	} {
		if classic, err := test.engine.Classic(t.Context()); classic != test.want || err != nil {
			t.Errorf("%s: classic is %v, %v", name, classic, err)
		}
	}
}
