package pack

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/client/ociindex"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Written is an output that has been written but is not yet in its place.
type Written struct{ pending *pending }

// Path returns the place: a file, a directory, or "-".
func (w Written) Path() string { return w.pending.Dest }

// Keep moves the output to its place and replaces an older one. A directory keeps its other files, a layout its other
// images.
func (w Written) Keep(ctx context.Context) error {
	p := w.pending
	if err := p.keep(ctx, p.temp); err != nil {
		if p.Load != nil {
			return err
		}
		return fmt.Errorf("write %s: %w", p.Dest, err)
	}
	return p.discard()
}

// Discard removes the output. It may be called after Keep.
func (w Written) Discard() error { return w.pending.discard() }

// pending is an output in a temporary place. It is moved to its own after the verification.
type pending struct {
	Output
	temp     string                                       // the file or directory that the engine writes
	leftover string                                       // what to remove if it is not kept; default: temp
	keep     func(ctx context.Context, temp string) error // moves it to its place
	drop     func() error                                 // removes it from an engine; default: it is in none
}

func (p *pending) discard() error {
	if p.drop != nil {
		return p.drop()
	}
	if p.leftover != "" {
		return os.RemoveAll(p.leftover)
	}
	return os.RemoveAll(p.temp)
}

// newPending makes the temporary file or directory at once. So a place without write permission is found before the
// build.
func newPending(o Output) (p *pending, err error) {
	p = &pending{Output: o}
	if o.Load == nil && o.Dest != "-" {
		if p.Dest, err = destination(o); err != nil {
			return nil, err
		}
	}
	switch info, statErr := os.Stat(p.Dest); {
	case o.Load != nil:
		err = p.tempFile(os.TempDir())
		p.keep = p.load
	case o.Dest == "-":
		err = p.tempFile(os.TempDir())
		p.keep = p.copyTo
	case o.Dir && statErr == nil:
		p.temp, err = os.MkdirTemp(p.Dest, ".seedpack-")
		p.keep = p.merge
	case o.Dir:
		p.temp, err = os.MkdirTemp(filepath.Dir(p.Dest), ".seedpack-")
		p.keep = p.rename
	case statErr == nil && !info.Mode().IsRegular():
		err = p.tempFile(os.TempDir())
		p.keep = p.copyTo
	default:
		err = p.tempFile(filepath.Dir(p.Dest))
		p.keep = p.rename
	}
	if err == nil && o.Dir {
		err = os.Chmod(p.temp, 0o755)
	}
	if err == nil && o.Dir && o.image() {
		err = p.unpacked()
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", o.Dest, err)
	}
	return p, nil
}

// destination returns the place of an output with links resolved. Otherwise a rename would replace the link.
func destination(o Output) (string, error) {
	dest, err := filepath.EvalSymlinks(o.Dest)
	if errors.Is(err, fs.ErrNotExist) {
		if o.Dir {
			return o.Dest, os.MkdirAll(filepath.Dir(o.Dest), 0o755)
		}
		return o.Dest, nil
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", o.Dest, err)
	}
	info, err := os.Stat(dest)
	switch {
	case err != nil:
		return "", err
	case info.IsDir() && !o.Dir:
		return "", fmt.Errorf("write %s: it is a directory: name a file in it, or add tar=false", o.Dest)
	case !info.IsDir() && o.Dir:
		return "", fmt.Errorf("write %s: it is no directory", o.Dest)
	}
	return dest, nil
}

func (p *pending) tempFile(dir string) error {
	f, err := os.CreateTemp(dir, ".seedpack-*")
	if err != nil {
		return err
	}
	p.temp = f.Name()
	return errors.Join(f.Chmod(0o644), f.Close())
}

// unpacked makes the engine write an archive and makes keep unpack it. BuildKit's client allows only one layout in a
// session.
func (p *pending) unpacked() error {
	dir, next := p.temp, p.keep
	f, err := os.Create(filepath.Join(dir, "image.tar"))
	if err != nil {
		return err
	}
	p.temp, p.leftover = f.Name(), dir
	p.keep = func(ctx context.Context, archive string) error {
		if err := errors.Join(unpack(archive, dir), os.Remove(archive)); err != nil {
			return err
		}
		return next(ctx, dir)
	}
	return f.Close()
}

func (p *pending) rename(_ context.Context, temp string) error { return os.Rename(temp, p.Dest) }

func (p *pending) load(ctx context.Context, temp string) error {
	f, err := os.Open(temp)
	if err != nil {
		return err
	}
	defer f.Close()
	return p.Load(ctx, f)
}

// copyTo copies to standard output, or to a file that a rename cannot replace.
func (p *pending) copyTo(_ context.Context, temp string) error {
	from, err := os.Open(temp)
	if err != nil {
		return err
	}
	defer from.Close()
	if p.Dest == "-" {
		_, err = io.Copy(p.Stdout, from)
		return err
	}
	to, err := os.OpenFile(p.Dest, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// unpack unpacks an archive of plain files, as exporters of layouts write it.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.Clean(h.Name), 0o755)
		case tar.TypeReg:
			err = unpackFile(root, h.Name, r)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	to, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// merge moves the new files into the existing directory. It does not follow links out of the directory.
func (p *pending) merge(_ context.Context, temp string) error {
	added, err := p.takeIndex(temp)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(p.Dest)
	if err != nil {
		return err
	}
	defer root.Close()
	from := filepath.Base(temp)
	err = fs.WalkDir(root.FS(), from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		to, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if !e.IsDir() {
			return root.Rename(path, to)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if err := root.Mkdir(to, info.Mode().Perm()); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return addIndex(added, p.Dest)
}

// takeIndex reads and removes the index of a layout whose images are moved to another one.
func (p *pending) takeIndex(from string) (index ocispecs.Index, err error) {
	if !p.image() {
		return index, nil
	}
	path := filepath.Join(from, ocispecs.ImageIndexFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return index, err
	}
	return index, errors.Join(json.Unmarshal(text, &index), os.Remove(path))
}

// addIndex adds images to the index of a layout. It comes last, when their blobs are there.
func addIndex(index ocispecs.Index, layout string) error {
	merged := ociindex.NewStoreIndex(layout)
	for _, m := range index.Manifests {
		var names []ociindex.NameOrTag
		if name := m.Annotations["io.containerd.image.name"]; name != "" {
			names = append(names, ociindex.Name(name))
		}
		if err := merged.Put(m, names...); err != nil {
			return err
		}
	}
	return nil
}
