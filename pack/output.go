package pack

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client"
)

// An Output is a file that the image is written to.
type Output struct {
	Type string // oci or docker
	Dest string
	// Name is the reference written into the file.
	Name string
}

// ParseOutput reads buildx's syntax, type=oci,dest=FILE.
func ParseOutput(s string) (Output, error) {
	fields, err := csv.NewReader(strings.NewReader(s)).Read()
	if err != nil {
		return Output{}, fmt.Errorf("output %q: %w", s, err)
	}
	var o Output
	for _, field := range fields {
		key, value, _ := strings.Cut(field, "=")
		switch strings.TrimSpace(strings.ToLower(key)) {
		case "type":
			o.Type = value
		case "dest":
			o.Dest = value
		default:
			return Output{}, fmt.Errorf("output %q: %q is unknown: write type=oci,dest=FILE", s, key)
		}
	}
	switch {
	case o.Type != "oci" && o.Type != "docker":
		return Output{}, fmt.Errorf("output %q: type %q must be oci or docker", s, o.Type)
	case o.Dest == "":
		return Output{}, fmt.Errorf("output %q: has no dest: write type=%s,dest=FILE", s, o.Type)
	}
	return o, nil
}

// A pendingFile is written beside its destination, and takes its place only when all is verified.
type pendingFile struct {
	dest, temp string
}

// Written is a file that waits for its name.
type Written struct{ file *pendingFile }

// Path is where Keep will put the file.
func (w Written) Path() string { return w.file.dest }

// Keep gives the file its name, over an older one.
func (w Written) Keep() error {
	if err := os.Rename(w.file.temp, w.file.dest); err != nil {
		return fmt.Errorf("write %s: %w", w.file.dest, err)
	}
	return nil
}

// Discard throws the file away. It may be called after Keep.
func (w Written) Discard() error { return w.file.discard() }

func (p *pendingFile) discard() error {
	if err := os.Remove(p.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (b *build) discard() error {
	var errs []error
	for _, o := range b.outputs {
		errs = append(errs, o.discard())
	}
	return errors.Join(errs...)
}

func (b *build) addExports(opt *client.SolveOpt) error {
	if b.request.Repository != "" {
		attrs := map[string]string{"name": b.request.Repository, "push": "true", "push-by-digest": "true", "oci-mediatypes": "true"}
		if b.request.Insecure {
			attrs["registry.insecure"] = "true"
		}
		b.date(attrs)
		opt.Exports = append(opt.Exports, client.ExportEntry{Type: client.ExporterImage, Attrs: attrs})
	}
	for _, o := range b.request.Outputs {
		if o.Type == "docker" && len(b.request.Platforms) > 1 {
			return fmt.Errorf("output %s: a docker archive holds one platform, not %d: write type=oci", o.Dest, len(b.request.Platforms))
		}
		p, err := newPendingFile(o.Dest)
		if err != nil {
			return err
		}
		b.outputs = append(b.outputs, p)
		attrs := map[string]string{"name": o.Name}
		b.date(attrs)
		opt.Exports = append(opt.Exports, client.ExportEntry{Type: o.Type, Attrs: attrs,
			Output: func(map[string]string) (io.WriteCloser, error) {
				return os.OpenFile(p.temp, os.O_WRONLY|os.O_TRUNC, 0)
			}})
	}
	return nil
}

// newPendingFile makes the temporary file at once, so that a directory that cannot be written is found before the build.
func newPendingFile(dest string) (*pendingFile, error) {
	f, err := os.CreateTemp(filepath.Dir(dest), "."+filepath.Base(dest)+".")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", dest, err)
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return nil, fmt.Errorf("write %s: %w", dest, err)
	}
	return &pendingFile{dest: dest, temp: f.Name()}, nil
}

// date sets the times of files in layers to the request's, without which two builds never give the same bytes.
func (b *build) date(attrs map[string]string) {
	if b.request.Epoch != "" {
		attrs["rewrite-timestamp"] = "true"
	}
}
