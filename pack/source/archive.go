package source

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/seedpack/seedpack/disk"
)

const (
	maxEntries = 200_000 // in an archive
	maxName    = 4096    // bytes of a name in an archive, as a path may have on Linux
	maxNames   = 32 << 20
	maxLinks   = 8 // in a chain from one link to the next
	// How large a compressed archive may become: more than an honest one does.
	expandBase, expandRatio = 1 << 30, 50
)

// tempPattern is the name of temporary archives.
const tempPattern = "seedpack-archive-*"

// An archive is a tar file that is read in place. Nothing is unpacked.
type archive struct {
	file    *os.File
	entries map[string]entry
	temp    bool // the file is a temporary one of ours, and has a name: Close removes it
}

type entry struct {
	offset, size int64
	link         string // name of another entry
}

// openArchive reads the list of entries. It first expands a compressed archive to a temporary file. The archive closes
// the file, and removes it if it is temporary.
func openArchive(ctx context.Context, file *os.File, temporary bool, tempDir string) (_ *archive, err error) {
	a := &archive{file: file, temp: temporary}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.expand(ctx, tempDir); err != nil {
		return nil, err
	}
	return a, a.list()
}

// Close closes the file, and removes it if it is temporary.
func (a *archive) Close() error {
	err := a.file.Close()
	if a.temp {
		err = errors.Join(err, os.Remove(a.file.Name()))
	}
	return err
}

// compressions are recognised by their first bytes. Only the first one is supported.
var compressions = []struct{ name, magic string }{
	{"gzip", "\x1f\x8b"}, {"zstd", "\x28\xb5\x2f\xfd"}, {"xz", "\xfd7zXZ\x00"}, {"bzip2", "BZh"},
}

func (a *archive) expand(ctx context.Context, tempDir string) error {
	head := make([]byte, 6)
	n, err := a.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	for _, c := range compressions {
		if !strings.HasPrefix(string(head[:n]), c.magic) {
			continue
		}
		if c.name != "gzip" {
			return fmt.Errorf("the archive is compressed with %s: decompress it first", c.name)
		}
		return a.gunzip(ctx, tempDir)
	}
	return nil
}

func (a *archive) gunzip(ctx context.Context, tempDir string) error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(a.file)
	if err != nil {
		return err
	}
	temp, remains, err := disk.TempFile(tempDir, tempPattern)
	if err != nil {
		return err
	}
	compressed := *a
	a.file, a.temp = temp, remains
	limit := int64(expandBase) + expandRatio*info.Size()
	err = copyBounded(temp, contextReader{ctx, z}, limit)
	_, seekErr := temp.Seek(0, io.SeekStart)
	return errors.Join(err, seekErr, compressed.Close())
}

func copyBounded(w io.Writer, r io.Reader, limit int64) error {
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("the archive expands to more than %d bytes: no honest one of its size does", limit)
	}
	return err
}

func (a *archive) list() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	a.entries = map[string]entry{}
	names := 0
	for r := tar.NewReader(a.file); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		names += len(h.Name) + len(h.Linkname)
		switch {
		case len(a.entries) == maxEntries:
			return fmt.Errorf("the archive has more than %d entries", maxEntries)
		case len(h.Name) > maxName || len(h.Linkname) > maxName:
			return fmt.Errorf("the archive has a name of %d bytes, more than %d", max(len(h.Name), len(h.Linkname)), maxName)
		case names > maxNames:
			return fmt.Errorf("the names in the archive have more than %d bytes", maxNames)
		}
		// The tar reader reads whole blocks and never ahead. So the content begins at the current offset.
		at, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if err := a.add(h, at, info.Size()); err != nil {
			return err
		}
	}
	if len(a.entries) == 0 {
		return errors.New("it is no tar archive, or an empty one")
	}
	return nil
}

func (a *archive) add(h *tar.Header, at, size int64) error {
	name := path.Clean("/" + h.Name)
	e := entry{offset: at, size: h.Size}
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink:
		e.link = path.Join(path.Dir(name), h.Linkname)
	case tar.TypeLink:
		e.link = path.Clean("/" + h.Linkname)
	case tar.TypeGNUSparse:
		return fmt.Errorf("entry %q of the archive is sparse: no tool writes images so", h.Name)
	default:
		return nil
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return fmt.Errorf("entry %q of the archive is sparse: no tool writes images so", h.Name)
		}
	}
	if e.link == "" && at+h.Size > size {
		return fmt.Errorf("entry %q: the archive ends in the midst of it", h.Name)
	}
	a.entries[name] = e
	return nil
}

// otherKind returns the kind of an archive that is not of the expected kind, judged by the names in it. Archives of
// newer Docker Engines are of both kinds.
func (a *archive) otherKind(kind Kind) Kind {
	_, oci := a.entries["/index.json"]
	_, docker := a.entries["/manifest.json"]
	switch {
	case kind == LayoutArchive && !oci && docker:
		return DockerArchive
	case kind == DockerArchive && !docker && oci:
		return LayoutArchive
	}
	return ""
}

// open returns the content of an entry. It can be read until the archive is closed.
func (a *archive) open(name string) (*io.SectionReader, error) {
	at := path.Clean("/" + name)
	for range maxLinks {
		e, ok := a.entries[at]
		if !ok {
			return nil, fmt.Errorf("%q in the archive: %w", name, fs.ErrNotExist)
		}
		if e.link == "" {
			return io.NewSectionReader(a.file, e.offset, e.size), nil
		}
		at = e.link
	}
	return nil, fmt.Errorf("%q in the archive is a link to a link, and so on", name)
}

// read returns the whole content of a small entry, which is JSON.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	if r.Size() > limit {
		return nil, fmt.Errorf("%q has %d bytes, more than %d", name, r.Size(), limit)
	}
	text, err := io.ReadAll(r)
	if err == nil {
		err = CheckValues(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	return text, nil
}
