package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/runtime"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// A contained is an image that a container engine has.
type contained struct {
	ref      string // as the engine calls it
	platform string
	config   pack.Config
}

// contain runs a job in a container engine. A Dockerfile is built before, and its image is handed to the engine. An image that was
// built elsewhere needs no builder.
func (p *Pipeline) contain(ctx context.Context, r *Result, m material, request *pack.Request, trials []cases.Case, e *runtime.Engine) (err error) {
	var image *contained
	if r.Task.Image != nil {
		image, err = p.handImage(ctx, r, request, e)
	} else {
		image, err = p.handBuilt(ctx, r, m, *request, e)
	}
	if err != nil {
		return err
	}
	p.begin(r, StageSmoke)
	opt := p.opt.Smoke.options(r.Job, image.platform, true, p.host.Roots)
	opt.Secrets = p.host.Secrets
	stage, err := p.newStage(opt.Keep)
	if err != nil {
		return err
	}
	runner := &runtime.Runner{Engine: e, Image: image.ref, Config: image.config, Inputs: request.Inputs, Stage: stage.path, Progress: request.Progress}
	defer func() {
		closeErr := errors.Join(runner.Close(), stage.release())
		if len(r.Smoked) == 0 {
			stage.abandon()
		}
		if closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	opt.Keep = withoutBound(opt.Keep, trials)
	smoked, err := verify.Smoke(ctx, runner, image.config, r.Manifest, trials, opt)
	if err != nil {
		return err
	}
	r.Smoked = append(r.Smoked, Smoked{image.platform, smoked})
	hintOldVariable(smoked.Report, r.Dir)
	r.add(smoked.Report, smoked.Unmet)
	if r.fails() {
		return exit.Findings
	}
	return nil
}

// A stage is the temporary directory in the directory of the outputs, so that outputs are moved and not copied.
type stage struct {
	top, path string
	made      bool // the directory of the outputs was not there before
	release   func() error
}

const stagePrefix = ".seedpack-run-"

// IsStage reports whether a name in a directory of outputs is that of the temporary directory of a run.
func IsStage(name string) bool { return strings.HasPrefix(name, stagePrefix) }

func (p *Pipeline) newStage(keep *verify.Keeping) (*stage, error) {
	s := &stage{top: keep.Top}
	if _, err := os.Lstat(s.top); err != nil {
		s.made = true
	}
	dir, err := p.host.Roots.OpenDir(s.top)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	top, err := filepath.Abs(s.top)
	if err == nil {
		s.path, s.release, err = disk.TempDir(top, stagePrefix)
	}
	if err == nil {
		if err = isIn(dir, s.path); err != nil {
			err = errors.Join(err, os.Remove(s.path), s.release())
		}
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// isIn returns an error if a new directory is not in the directory that was opened. An engine takes paths alone, and another program
// may have put a link in the place of a directory since it was opened.
func isIn(dir *os.Root, path string) error {
	at, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if in, err := dir.Lstat(filepath.Base(path)); err != nil || !os.SameFile(at, in) {
		return fmt.Errorf("%s was replaced while the run began: let no other program change it", filepath.Dir(path))
	}
	return nil
}

// abandon removes a directory that was made for outputs of a run that came to no end.
func (s *stage) abandon() {
	if s.made {
		_ = os.Remove(s.top) // which fails if something is in it
	}
}

// withoutBound leaves out mounts that are to be kept in the directory that the job is given: the job writes there itself.
func withoutBound(keep *verify.Keeping, trials []cases.Case) *verify.Keeping {
	own := *keep
	own.Mounts = maps.Clone(keep.Mounts)
	maps.DeleteFunc(own.Mounts, func(name, dir string) bool {
		return slices.ContainsFunc(trials, func(c cases.Case) bool { return sameDir(c.Mounts[name].Host, dir) })
	})
	return &own
}

func sameDir(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// platforms returns those that a job can run on. Empty: that of the builder.
func (p *Pipeline) platforms(t *Task) (all []string) {
	asked := p.buildOf(t).Platforms
	if t.Image == nil {
		return asked
	}
	for _, of := range t.Image.Platforms {
		if pack.IsAsked(asked, of.Name) {
			all = append(all, of.Name)
		}
	}
	return all
}

// imageIDs are how engines may call an image that was built elsewhere.
func imageIDs(r *Result) (all []string) {
	if r.Task.Image == nil {
		return nil
	}
	for _, of := range r.Task.Image.Platforms {
		for _, id := range []string{of.ImageID, of.Digest} {
			if id != "" && runtime.Native(of.Name) {
				all = append(all, id)
			}
		}
	}
	return all
}

// containerName is how an image is called in a container engine, where it must not replace one of the user.
func containerName(name string) string { return runtime.ImagePrefix + "/" + name }

// handBuilt builds the Dockerfile and hands the image to the engine.
func (p *Pipeline) handBuilt(ctx context.Context, r *Result, m material, request pack.Request, e *runtime.Engine) (*contained, error) {
	var image *contained
	gate := func(ctx context.Context, candidates []*pack.Candidate) error {
		c := p.opt.Smoke.choose(candidates)[0]
		if !c.Native() {
			return fmt.Errorf("the image is for %s, which %s cannot run here: run it with buildkit", c.Platform, e.Name)
		}
		image = &contained{platform: c.Platform, config: c.Config}
		return checkPrograms(ctx, r, candidates)
	}
	name := containerName(r.Name)
	loaded := ""
	load := func(ctx context.Context, archive io.Reader) (err error) {
		loaded, err = e.Load(ctx, archive, name)
		return err
	}
	request.Inputs, request.Runs = nil, false
	request.Outputs = []pack.Output{{Type: "docker", Name: name, Dest: e.Name, Load: load, Attrs: map[string]string{"compression": "uncompressed", pack.RewriteTimestamp: "false"}}}
	if e.Name == runtime.Docker {
		request.Outputs[0].LoadInto = engine.DockerHost{Getenv: p.host.Getenv}.Address()
	}
	defer r.discard()
	err := p.build(ctx, r, m, &request, gate)
	if err != nil {
		return nil, err
	}
	// The engine may have the image since an earlier run. One without the name may be a builder's, who removes it with the output.
	if image.ref, err = e.Image(ctx, name); err != nil || isBuilt(r.Built, image.ref) {
		return image, err
	}
	for _, o := range r.Built.Outputs {
		if err := o.Keep(ctx); err != nil {
			return nil, err
		}
	}
	if image.ref = loaded; loaded == "" { // a builder that is the engine itself has only named the image
		image.ref, err = e.Image(ctx, name)
	}
	if err == nil && image.ref == "" {
		err = fmt.Errorf("%s has no image %s after it was handed over", e.Name, name)
	}
	return image, err
}

// isBuilt reports whether an engine calls a built image so.
func isBuilt(built *pack.Result, ref string) bool {
	bare := func(digest string) string { return strings.TrimPrefix(digest, "sha256:") }
	return ref != "" && (bare(ref) == bare(built.ImageID) || bare(ref) == bare(built.Digest))
}

// handImage hands an image that was built elsewhere to the engine, unless the engine has it.
func (p *Pipeline) handImage(ctx context.Context, r *Result, request *pack.Request, e *runtime.Engine) (*contained, error) {
	img := r.Task.Image
	n := slices.IndexFunc(img.Platforms, func(of source.Platform) bool {
		return runtime.Native(of.Name) && pack.IsAsked(request.Platforms, of.Name)
	})
	switch {
	case n < 0 && len(request.Platforms) > 0:
		return nil, fmt.Errorf("%s is asked for on %s, which %s cannot run here: run it with buildkit", img.Source, strings.Join(request.Platforms, ", "), e.Name)
	case n < 0:
		return nil, fmt.Errorf("%s has no image for linux/%s, which %s could run here: run it with buildkit", img.Source, goruntime.GOARCH, e.Name)
	}
	of := img.Platforms[n]
	config := of.Config.Config
	image := &contained{platform: of.Name, config: pack.Config{Env: config.Env, Entrypoint: config.Entrypoint, Cmd: config.Cmd,
		WorkingDir: config.WorkingDir, User: config.User, Labels: config.Labels}}
	name := runtime.ImagePrefix + ":" + strings.TrimPrefix(of.ImageID, "sha256:")
	var err error
	if image.ref, err = e.Image(ctx, of.ImageID, of.Digest, name); err != nil || image.ref != "" {
		return image, err
	}
	if request.Progress.Mode != "quiet" {
		p.warn("%s gets the image %s", e.Name, img.Source)
	}
	image.ref, err = loadImage(ctx, e, img, n, name)
	return image, err
}

// loadImage streams one platform of an image to the engine.
func loadImage(ctx context.Context, e *runtime.Engine, img *source.Image, n int, name string) (string, error) {
	read, write := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := img.WriteDockerArchive(ctx, write, n, name)
		write.CloseWithError(err) // never fails
		written <- err
	}()
	ref, err := e.Load(ctx, read, name, img.Platforms[n].ImageID)
	err = errors.Join(err, read.Close())
	// An image that could not be read to its end is why the engine could not load it.
	if broken := <-written; broken != nil && !errors.Is(broken, io.ErrClosedPipe) {
		return "", fmt.Errorf("read %s: %w", img.Source, broken)
	}
	return ref, err
}
