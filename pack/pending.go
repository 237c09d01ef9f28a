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
	"path"
	"path/filepath"
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
)

// Written is an output that has been written but is not yet in its place.
type Written struct{ pending *pending }

// Path returns the place: a file, a directory, or "-".
func (w Written) Path() string { return w.pending.Dest }

// Keep moves the output to its place and replaces an older one. A directory keeps its other files, a layout its other
// images.
func (w Written) Keep(ctx context.Context) error {
	p := w.pending
	if err := p.keep(ctx); err != nil {
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
//
// The directory is held open. So the output goes into that one, whatever takes the place of its path meanwhile.
type pending struct {
	Output
	dir   *os.Root                        // has the temporary place, and the final one if there is one
	temp  string                          // in dir: the file that the engine writes; empty if it writes the stage
	stage *disk.Stage                     // in dir; nil for a file
	keep  func(ctx context.Context) error // moves it to its place
	drop  func() error                    // removes it from an engine; default: it is in none
	free  func() error                    // removes the directory; nil if it is the user's
}

func (p *pending) discard() error {
	if p.drop != nil {
		return p.drop()
	}
	if p.dir == nil {
		return nil
	}
	var errs []error
	if p.stage != nil {
		errs = append(errs, p.stage.Remove())
	} else {
		errs = append(errs, p.dir.RemoveAll(p.temp))
	}
	errs = append(errs, p.dir.Close())
	if p.dir = nil; p.free != nil {
		errs = append(errs, p.free())
	}
	return errors.Join(errs...)
}

// newPending makes the temporary file or directory at once. So a place without write permission is found before the
// build.
func newPending(o Output, roots disk.Roots) (_ *pending, err error) {
	p := &pending{Output: o}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", o.Dest, err), p.discard())
		}
	}()
	if o.Load != nil || o.Dest == "-" {
		p.keep = p.copyTo
		return p, p.tempFile(p.ownDir())
	}
	if p.Dest, err = destination(o, roots); err != nil {
		return nil, err
	}
	switch info, statErr := os.Stat(p.Dest); {
	case o.Dir && statErr == nil:
		p.keep = p.merge
		err = p.tempDir(roots.OpenDir(p.Dest))
	case o.Dir:
		p.keep = p.rename
		err = p.tempDir(roots.OpenDir(filepath.Dir(p.Dest)))
	case statErr == nil && !info.Mode().IsRegular():
		p.keep = func(ctx context.Context) error { return p.copyToDevice(ctx, roots) }
		err = p.tempFile(p.ownDir())
	default:
		p.keep = p.rename
		err = p.tempFile(roots.OpenDir(filepath.Dir(p.Dest)))
	}
	return p, err
}

// destination returns the place of an output. Without roots, its links are resolved: otherwise a rename would replace the link.
// With roots, a link is refused.
func destination(o Output, roots disk.Roots) (string, error) {
	dest := o.Dest
	if len(roots) == 0 {
		resolved, err := filepath.EvalSymlinks(o.Dest)
		if err == nil {
			dest = resolved
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	info, err := os.Lstat(dest)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.Dir:
		_, err := os.Stat(filepath.Dir(dest)) // the directory of a file must exist
		return dest, err
	case errors.Is(err, fs.ErrNotExist):
		return dest, nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink != 0:
		return "", &disk.LinkError{Path: dest}
	case info.IsDir() && !o.Dir:
		return "", errors.New("it is a directory: name a file in it, or add tar=false")
	case !info.IsDir() && o.Dir:
		return "", errors.New("it is no directory")
	}
	return dest, nil
}

// ownDir makes a temporary directory for an output whose place can have none.
func (p *pending) ownDir() (*os.Root, error) {
	path, remove, err := disk.Scratch("", "seedpack-output-")
	if err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	p.free = remove
	return dir, nil
}

// tempFile makes the temporary file in a directory.
func (p *pending) tempFile(dir *os.Root, err error) error {
	if err != nil {
		return err
	}
	p.dir = dir
	f, name, err := disk.CreateTemp(dir, 0o600)
	if err != nil {
		return err
	}
	p.temp = name
	return errors.Join(f.Chmod(0o644), f.Close())
}

// tempDir makes the stage in a directory. BuildKit's client allows only one layout in a session. So the engine writes an archive
// of an image, and keep unpacks it.
func (p *pending) tempDir(dir *os.Root, err error) error {
	if err != nil {
		return err
	}
	p.dir = dir
	if p.stage, err = disk.NewStage(dir); err != nil || !p.image() {
		return err
	}
	const archive = "image.tar"
	next := p.keep
	p.temp = path.Join(p.stage.Name, archive)
	p.keep = func(ctx context.Context) error {
		if err := errors.Join(unpack(p.stage.Dir, archive), p.stage.Dir.Remove(archive)); err != nil {
			return err
		}
		return next(ctx)
	}
	f, err := p.create()
	if err != nil {
		return err
	}
	return f.Close()
}

// create opens the file that the engine writes, and empties it.
func (p *pending) create() (*os.File, error) {
	return p.dir.OpenFile(p.temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

func (p *pending) rename(context.Context) error {
	name := filepath.Base(p.Dest)
	if p.stage != nil {
		return p.stage.Rename(name)
	}
	return p.dir.Rename(p.temp, name)
}

// copyTo copies to standard output, or hands the file to an engine.
func (p *pending) copyTo(ctx context.Context) error {
	from, err := p.dir.Open(p.temp)
	if err != nil {
		return err
	}
	defer from.Close()
	if p.Load != nil {
		return p.Load(ctx, from)
	}
	_, err = io.Copy(p.Stdout, from)
	return err
}

// copyToDevice copies to a file that a rename cannot replace.
func (p *pending) copyToDevice(ctx context.Context, roots disk.Roots) error {
	from, err := p.dir.Open(p.temp)
	if err != nil {
		return err
	}
	defer from.Close()
	return roots.CopyToDevice(ctx, p.Dest, from)
}

// unpack unpacks an archive of plain files, as exporters of layouts write it.
func unpack(root *os.Root, archive string) error {
	f, err := root.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
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

// merge moves the new files into the existing directory. It follows no link there.
func (p *pending) merge(context.Context) error {
	added, err := p.takeIndex()
	if err != nil {
		return err
	}
	if err := moveAll(p.dir, p.stage.Name); err != nil || !p.image() {
		return err
	}
	return addToIndex(p.dir, added.Manifests)
}

// moveAll moves everything below a directory one level up, next to it. Files replace others of the same name.
func moveAll(dir *os.Root, from string) error {
	return fs.WalkDir(dir.FS(), from, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == from {
			return err
		}
		to := strings.TrimPrefix(name, from+"/")
		if !e.IsDir() {
			return dir.Rename(name, to)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if err := dir.Mkdir(to, info.Mode().Perm()); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return disk.NoLink(dir, to)
	})
}

// takeIndex reads and removes the index of a layout whose images are moved to another one.
func (p *pending) takeIndex() (index ocispecs.Index, err error) {
	if !p.image() {
		return index, nil
	}
	text, err := disk.ReadIn(p.stage.Dir, ocispecs.ImageIndexFile, disk.MaxText)
	if err != nil {
		return index, err
	}
	err = errors.Join(json.Unmarshal(text, &index), p.stage.Dir.Remove(ocispecs.ImageIndexFile))
	return index, err
}
