package pack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil"

	"github.com/seedpack/seedpack/disk"
)

// A dockerfile is a Dockerfile with its contexts, and the outputs of its image.
type dockerfile struct {
	request *Request
	store   store
	outputs outputs
}

func (d *dockerfile) offer(_ context.Context, opt *client.SolveOpt, attrs map[string]string) error {
	if err := d.checkFiles(); err != nil {
		return err
	}
	attrs["filename"] = filepath.Base(d.request.Dockerfile)
	for name, dir := range map[string]string{
		localContext:    d.request.Context,
		localDockerfile: filepath.Dir(d.request.Dockerfile),
	} {
		f, err := fsutil.NewFS(dir)
		if err != nil {
			return fmt.Errorf("build %s %s: %w", name, dir, err)
		}
		opt.LocalMounts[name] = f
	}
	if text := d.request.DockerfileText; text != nil {
		f, err := newTreeFS(Tree{attrs["filename"]: Entry{Content: text}})
		if err != nil {
			return err
		}
		opt.LocalMounts[localDockerfile] = f
	}
	if err := d.addContexts(opt, attrs); err != nil {
		return err
	}
	return d.addExports(opt)
}

// checkFiles refuses pipes and the like in the place of files that the engine asks for. It would wait for them. It also refuses
// links that the engine cannot follow. It would ignore a .dockerignore that is one, and put into the image what that leaves out.
func (d *dockerfile) checkFiles() error {
	const ignore = ".dockerignore"
	file := d.request.Dockerfile
	contexts := []string{d.request.Context}
	for _, source := range d.request.BuildContexts {
		if IsDirectory(source) {
			contexts = append(contexts, source)
		}
	}
	paths := []string{file, file + ignore}
	if d.request.DockerfileText == nil {
		for _, path := range paths {
			if err := checkLink(filepath.Dir(file), path, file); err != nil {
				return err
			}
		}
	}
	for _, dir := range contexts {
		path := filepath.Join(dir, ignore)
		if err := checkLink(dir, path, file); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	return disk.Check(paths...)
}

// checkLink returns a *SyntaxError if a path is a link that leads out of a directory or to nothing.
func checkLink(dir, path, dockerfile string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return nil // no link
	}
	refused := func(why string) error {
		return &SyntaxError{File: dockerfile, Line: 1, Message: fmt.Sprintf("%s is a link to %q, %s: put a copy of the file there", filepath.Base(path), target, why)}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err = root.Stat(filepath.Base(path)); err == nil {
		return nil
	}
	var stray *disk.StrayLink
	switch err := disk.CheckLink(path, dir); {
	case errors.As(err, &stray) && strings.HasPrefix(stray.Why, "which is outside"):
		return refused("which is outside of the directory that is given to the build")
	case errors.As(err, &stray):
		return refused(stray.Why)
	case disk.Check(path) != nil:
		return nil // it leads to no file, which is said of all paths
	}
	return refused("which the builder looks for elsewhere: it knows only relative links that stay in the directory it is given")
}

func (d *dockerfile) addExports(opt *client.SolveOpt) error {
	r := d.request
	if err := CheckOutputs(r.Outputs, len(r.Platforms), len(r.Options.Attest) > 0); err != nil {
		return err
	}
	for _, o := range r.Outputs {
		if d.store.loads(o) {
			continue
		}
		if err := d.outputs.add(opt, o, r); err != nil {
			return err
		}
	}
	// The image comes last, because the engine reports the digest of the last exporter.
	d.store.export(opt, r)
	return nil
}

func (d *dockerfile) solve(ctx context.Context, g gateway.Client, attrs map[string]string) (*gateway.Result, error) {
	options := g.BuildOpts()
	result, err := g.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: withCaches(attrs, options.Opts), Evaluate: true})
	if err != nil {
		return result, err
	}
	// A step that fails would else fail only in the first run.
	return result, result.EachRef(func(ref gateway.Reference) error { return evaluated(ctx, g, ref) })
}

// withCaches returns the attributes with what the client knows about caches, such as digests of local ones.
func withCaches(attrs, known map[string]string) map[string]string {
	const key = "cache-imports"
	attrs = maps.Clone(attrs)
	if v := known[key]; v != "" {
		attrs[key] = v
	}
	return attrs
}

func (d *dockerfile) result(ctx context.Context, response *client.SolveResponse, built []string) (*Result, error) {
	result, held, err := d.store.result(ctx, d.request, response)
	d.outputs = append(d.outputs, held...)
	if err != nil {
		return nil, err
	}
	result.Platforms, result.Outputs = built, d.outputs.written()
	d.outputs = nil // the caller discards them now
	return result, nil
}

func (d *dockerfile) discard() error { return d.outputs.discard() }
