package pack

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	contentlocal "github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"
)

// addContexts adds the named build contexts to the session. They mean the same as in buildx.
func (d *dockerfile) addContexts(opt *client.SolveOpt, attrs map[string]string) error {
	n := 0
	for name, source := range d.request.BuildContexts {
		key, err := contextKey(name)
		if err != nil {
			return err
		}
		n++
		if dir, ok := strings.CutPrefix(source, "oci-layout://"); ok {
			err = addLayout(opt, attrs, key, fmt.Sprintf("seedpack-layout-%d", n), dir)
		} else if !IsDirectory(source) {
			attrs[key] = source
		} else {
			err = addDirectory(opt, attrs, key, fmt.Sprintf("seedpack-context-%d", n), source)
		}
		if err != nil {
			return fmt.Errorf("build context %s=%s: %w", name, source, err)
		}
	}
	return nil
}

// IsDirectory reports whether the source of a build context is a directory of this machine.
func IsDirectory(source string) bool {
	return !strings.Contains(source, "://") && !strings.HasPrefix(source, "git@")
}

// contextKey returns the name under which the frontend looks a context up. For an image it is the short name without
// :latest.
func contextKey(name string) (string, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return "", fmt.Errorf("build context %q: the name must be that of a stage or an image: %w", name, err)
	}
	return "context:" + strings.TrimSuffix(reference.FamiliarString(named), ":latest"), nil
}

func addDirectory(opt *client.SolveOpt, attrs map[string]string, key, id, dir string) error {
	f, err := fsutil.NewFS(dir)
	if err != nil {
		return err
	}
	opt.LocalMounts[id] = f
	attrs[key] = "local:" + id
	return nil
}

func addLayout(opt *client.SolveOpt, attrs map[string]string, key, id, source string) error {
	dir, digest, err := resolveLayout(source)
	if err == nil {
		err = checkLayout(dir)
	}
	if err != nil {
		return err
	}
	store, err := contentlocal.NewStore(dir)
	if err != nil {
		return err
	}
	if opt.OCIStores == nil {
		opt.OCIStores = map[string]content.Store{}
	}
	opt.OCIStores[id] = store
	attrs[key] = "oci-layout:" + id + "@" + digest
	return nil
}

// resolveLayout splits DIR[:TAG|@DIGEST] and returns the digest: the given one, that of the tag, or the only one there.
func resolveLayout(source string) (dir, digest string, err error) {
	if dir, digest, ok := strings.Cut(source, "@"); ok {
		return dir, digest, nil
	}
	dir, tag := source, ""
	if i := strings.LastIndex(source, ":"); i > strings.LastIndex(source, "/") {
		dir, tag = source[:i], source[i+1:]
	}
	if err := checkLayout(dir); err != nil {
		return "", "", err
	}
	index, err := layout.ImageIndexFromPath(filepath.FromSlash(dir))
	if err != nil {
		return "", "", err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return "", "", err
	}
	var found []string
	for _, m := range manifest.Manifests {
		if tag == "" || m.Annotations[refNameKey] == tag {
			found = append(found, m.Digest.String())
		}
	}
	if len(found) != 1 {
		return "", "", fmt.Errorf("%d images there fit, exactly one must: add :TAG or @DIGEST", len(found))
	}
	return dir, found[0], nil
}
