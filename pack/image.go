package pack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	contentlocal "github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/tonistiigi/fsutil"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// localImage is the store in the session for an image that the engine cannot pull.
const localImage = "seedpack-image"

// localImageFiles is the directory in the session for the files of that image, see foreignImage.unpacked.
const localImageFiles = "seedpack-image-files"

// A foreignImage is an image that was built elsewhere.
type foreignImage struct {
	request *Request
	layout  *source.LayoutDir // of the image; nil if the engine pulls it
}

// offer adds the image to the session, unless the engine can pull it.
func (f *foreignImage) offer(ctx context.Context, opt *client.SolveOpt, _ map[string]string) error {
	if f.pulls() {
		return nil
	}
	dir, err := f.request.Image.LayoutDir(ctx, "", f.request.Repository != "")
	if err != nil {
		return err
	}
	f.layout = dir
	if err := checkLayout(dir.Path); err != nil {
		return err
	}
	store, err := contentlocal.NewStore(dir.Path)
	if err != nil {
		return err
	}
	if opt.OCIStores == nil {
		opt.OCIStores = map[string]content.Store{}
	}
	opt.OCIStores[localImage] = store
	if err := os.Mkdir(f.imageFiles(), 0o700); err != nil {
		return err
	}
	opt.LocalMounts[localImageFiles], err = fsutil.NewFS(f.imageFiles())
	return err
}

// imageFiles returns the directory for the files of an image. The session offers it to engines that do not support
// layouts.
func (f *foreignImage) imageFiles() string { return filepath.Join(f.layout.Path, "files") }

// pulls reports whether the engine can pull the image from a registry. Engines use plain http only with their own
// machine.
func (f *foreignImage) pulls() bool {
	ref := f.request.Image.Reference
	return ref != nil && (ref.Context().Scheme() == "https" || registry.IsLoopback(ref.Context().RegistryStr()))
}

// solve returns the image in the form of a build's result, so that candidates are made in the same way.
func (f *foreignImage) solve(ctx context.Context, g gateway.Client, _ map[string]string) (*gateway.Result, error) {
	result := gateway.NewResult()
	var found exptypes.Platforms
	for n, p := range f.request.Image.Platforms {
		if !IsAsked(f.request.Platforms, p.Name) {
			continue
		}
		platform := imagePlatform(p.Config, enginePlatform(g))
		id := fmt.Sprintf("%s-%d", platforms.Format(platform), n)
		ref, err := f.solvePlatform(ctx, g, n, platform)
		if err != nil {
			return nil, fmt.Errorf("take %s of %s: %s", p.Name, f.request.Image.Source, lastCause(err))
		}
		config, err := p.Image.RawConfigFile()
		if err != nil {
			return nil, err
		}
		result.AddRef(id, ref)
		result.AddMeta(exptypes.ExporterImageConfigKey+"/"+id, config)
		found.Platforms = append(found.Platforms, exptypes.Platform{ID: id, Platform: platform})
	}
	switch {
	case len(f.request.Image.Platforms) == 0:
		return nil, fmt.Errorf("%s holds no images", f.request.Image.Source)
	case len(found.Platforms) == 0:
		return nil, fmt.Errorf("%s is there for %s, not for %s", f.request.Image.Source,
			strings.Join(imagePlatforms(f.request.Image), ", "), strings.Join(f.request.Platforms, ", "))
	}
	list, err := json.Marshal(found)
	result.AddMeta(exptypes.ExporterPlatformsKey, list)
	return result, err
}

// IsAsked reports whether a platform, os/arch[/variant], is among those that are asked for, in any spelling. If none is asked for,
// all are.
func IsAsked(asked []string, name string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(s string) bool {
		p, err := platforms.Parse(s)
		return s == name || err == nil && platforms.Format(platforms.Normalize(p)) == name
	})
}

func imagePlatforms(img *source.Image) []string {
	var all []string
	for _, p := range img.Platforms {
		all = append(all, p.Name)
	}
	return all
}

// CheckPlatform returns an error if a text is no platform, os/arch[/variant].
func CheckPlatform(name string) error {
	if strings.Count(name, "/") == 0 {
		return errPlatform(name)
	}
	return CheckShortPlatform(name)
}

// CheckShortPlatform is CheckPlatform for a flag, which may also have the system or the architecture alone, as docker buildx takes it.
func CheckShortPlatform(name string) error {
	if _, err := platforms.Parse(name); err != nil {
		return errPlatform(name)
	}
	return nil
}

func errPlatform(name string) error {
	return fmt.Errorf("platform %q should be os/arch[/variant], as in linux/arm64", name)
}

// imagePlatform returns the platform of a configuration. Missing parts are those of the engine.
func imagePlatform(config *v1.ConfigFile, engine ocispecs.Platform) ocispecs.Platform {
	p := ocispecs.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	if p.OS == "" {
		p.OS = engine.OS
	}
	if p.Architecture == "" {
		p.Architecture = engine.Architecture
	}
	return platforms.Normalize(p)
}

// solvePlatform returns nil for an image without files.
func (f *foreignImage) solvePlatform(ctx context.Context, g gateway.Client, n int, platform ocispecs.Platform) (gateway.Reference, error) {
	img := f.request.Image
	layers, err := img.Platforms[n].Image.Layers()
	if err != nil || len(layers) == 0 {
		return nil, err
	}
	name := llb.WithCustomName("[image] " + platforms.Format(platform))
	if f.pulls() {
		return solveState(ctx, g, llb.Image(img.Reference.Context().Name()+"@"+img.Platforms[n].Digest, llb.Platform(platform), name))
	}
	caps := g.BuildOpts().LLBCaps
	if caps.Supports(pb.CapSourceOCILayout) == nil {
		// A reference by digest needs a repository; this one is not used.
		ref, err := solveState(ctx, g, llb.OCILayout("image.local/seedpack@"+f.layout.Digests[n],
			llb.OCIStore(g.BuildOpts().SessionID, localImage), llb.Platform(platform), name))
		if err == nil || ctx.Err() != nil {
			return ref, err
		}
	}
	state, err := f.unpacked(n, name)
	if err != nil {
		return nil, err
	}
	return solveState(ctx, g, state)
}

// unpacked writes the image's files to one archive, which every engine can unpack. It is for engines that refuse the
// layout or do not support layouts, such as Docker Engines with the classic store.
func (f *foreignImage) unpacked(n int, name llb.ConstraintsOpt) (_ llb.State, err error) {
	archive := fmt.Sprintf("%d.tar", n)
	file, err := os.Create(filepath.Join(f.imageFiles(), archive))
	if err != nil {
		return llb.State{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	files := mutate.Extract(f.layout.Image.Platforms[n].Image)
	if _, err := io.Copy(file, files); err != nil {
		return llb.State{}, errors.Join(err, files.Close())
	}
	local := llb.Local(localImageFiles, llb.IncludePatterns([]string{archive}), llb.SharedKeyHint(localImageFiles), llb.LocalUniqueID(rand.Text()))
	return llb.Scratch().File(llb.Copy(local, "/"+archive, "/", &llb.CopyInfo{AttemptUnpack: true}), name), files.Close()
}

func solveState(ctx context.Context, g gateway.Client, state llb.State) (gateway.Reference, error) {
	def, err := state.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	result, err := g.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	if err != nil {
		return nil, err
	}
	return result.SingleRef()
}

// result pushes the image if that was requested. It adds the label if it is missing.
func (f *foreignImage) result(ctx context.Context, _ *client.SolveResponse, _ []string) (_ *Result, err error) {
	img := f.request.Image
	r := &Result{Digest: img.Digest, Platforms: imagePlatforms(img)}
	if f.request.Repository == "" {
		return r, nil
	}
	if f.layout != nil {
		img = f.layout.Image
	}
	if f.request.Label != "" {
		if img, err = f.relabel(img); err != nil {
			return nil, err
		}
	}
	if len(img.Platforms) == 1 {
		r.ImageID = img.Platforms[0].ImageID
	}
	r.Digest, err = f.request.Remote.Push(ctx, f.request.Repository, img)
	return r, err
}

// relabel sets the label in those images whose label is missing or holds another manifest.
func (f *foreignImage) relabel(img *source.Image) (*source.Image, error) {
	return img.WithConfigs(func(p source.Platform, config []byte) ([]byte, error) {
		if Labelled(p.Config.Config.Labels, f.request.Label) {
			return config, nil
		}
		labelled, _, err := f.request.label(config, nil)
		return labelled, err
	})
}

// Labelled reports whether the label in labels holds the same manifest as label does, in any form.
func Labelled(labels map[string]string, label string) bool {
	text, _, err := DecodeLabel(labels[seed.Label])
	if err != nil {
		return false
	}
	var have, want any
	return unmarshalNumbers(text, &have) == nil && unmarshalNumbers([]byte(label), &want) == nil && reflect.DeepEqual(have, want)
}

func unmarshalNumbers(text []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	return d.Decode(v)
}

// discard removes the layout that the session offered.
func (f *foreignImage) discard() error {
	if f.layout == nil {
		return nil
	}
	return f.layout.Remove()
}
