//go:build linux

package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	maxDepth    = 128
	maxCounted  = 1_000_000 // names to look at; most of them are only counted
	secretLimit = 1 << 30   // bytes that are searched for secrets
)

// inventory lists everything below the output directory. It tests what others can read, and reads the requested
// content.
func inventory(o *wire.Outcome, spec *wire.Spec, hidden *secrets) error {
	// Relative names work whatever the permissions of the parent directories are. Those are not the job's.
	if err := os.Chdir(spec.OutputDir); err != nil {
		return err
	}
	l := lister{outcome: o}
	l.list("", 0)
	slices.SortFunc(o.Files, func(a, b wire.File) int { return cmp.Compare(a.Name, b.Name) })
	readTests(o)
	contents(o, spec)
	sums(o, spec)
	searchFiles(o, hidden)
	return nil
}

// readTests finds out what another user can read: first whether the directory, which is the current one, and then the files. The
// job may have closed the directory. It is opened for the second test, so that what is said of the files is about them alone.
func readTests(o *wire.Outcome) {
	info, err := os.Lstat(".")
	if err != nil {
		o.ReadTestError = err.Error()
		return
	}
	top := []wire.File{describe(".", ".", info)}
	uid, gid := another(o.UID), another(o.GID)
	err = tryReading(top, uid, gid)
	o.Directory = wire.Directory{Mode: info.Mode(), UID: top[0].UID, GID: top[0].GID, ReadableByOther: top[0].ReadableByOther}
	if err == nil && !top[0].ReadableByOther && os.Chmod(".", info.Mode()|0o555) == nil {
		defer func() { _ = os.Chmod(".", info.Mode()) }()
	}
	if err == nil {
		err = tryReading(o.Files, uid, gid)
	}
	if err != nil {
		o.ReadTestError = err.Error()
	}
}

// A lister walks through a directory. It does not follow links.
type lister struct {
	outcome *wire.Outcome
	names   int // bytes
}

// list reads a directory in parts, because its names may not fit into memory.
func (l *lister) list(dir string, depth int) {
	f, err := os.OpenFile(cmp.Or(dir, "."), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer f.Close()
	for l.outcome.FilesCut < maxCounted {
		names, err := f.Readdirnames(1000)
		for _, name := range names {
			l.add(path.Join(dir, name), depth)
		}
		if err != nil {
			return
		}
	}
}

func (l *lister) add(name string, depth int) {
	info, err := os.Lstat(name)
	if err != nil || len(l.outcome.Files) >= wire.MaxFiles || l.names+len(name) > wire.MaxNames || depth > maxDepth {
		l.outcome.FilesCut++
		return
	}
	file := describe(name, name, info)
	l.names += len(name) + len(file.Link)
	l.outcome.Files = append(l.outcome.Files, file)
	if info.Mode().IsRegular() {
		l.outcome.Usage.Output += info.Size()
	}
	if info.IsDir() {
		l.list(name, depth+1)
	}
}

func describe(name, file string, info fs.FileInfo) wire.File {
	f := wire.File{Name: name, Mode: info.Mode(), Size: info.Size()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		f.UID, f.GID = int(stat.Uid), int(stat.Gid)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		f.Link, _ = os.Readlink(file)
	}
	return f
}

// contents reads the requested content and the beginning of other files. It begins with the smallest, so that a large file takes
// no room from the others.
func contents(o *wire.Outcome, spec *wire.Spec) {
	var order []*wire.File
	for i := range o.Files {
		if f := &o.Files[i]; f.Mode.IsRegular() {
			order = append(order, f)
		}
	}
	slices.SortStableFunc(order, func(a, b *wire.File) int { return cmp.Compare(a.Size, b.Size) })
	wanted, heads := int64(wire.MaxContent), int64(wire.MaxHeads)
	for _, f := range order {
		requested := matchesAny(spec.Collect, f.Name)
		if f.Size == 0 {
			f.Collected = requested
			continue
		}
		if requested && f.Size <= min(spec.CollectMax, wanted) {
			f.Content = readFile(f.Name, f.Size)
			wanted -= f.Size
			f.Collected = int64(len(f.Content)) == f.Size
			continue
		}
		f.Content = readFile(f.Name, min(wire.HeadSize, heads))
		heads -= int64(len(f.Content))
	}
}

// sums reads the files whose sums are requested.
func sums(o *wire.Outcome, spec *wire.Spec) {
	if len(spec.Sum) == 0 {
		return
	}
	left, buf := wire.MaxBlocks, make([]byte, wire.BlockSize)
	for i := range o.Files {
		f := &o.Files[i]
		if !f.Mode.IsRegular() || !matchesAny(spec.Sum, f.Name) {
			continue
		}
		file, err := openFile(f.Name)
		if err != nil {
			continue
		}
		f.Sum, f.Blocks = sumFile(file, buf)
		file.Close()
		if left -= len(f.Blocks); left < 0 {
			f.Blocks = nil
		}
	}
}

// sumFile returns nil if the file cannot be read to its end.
func sumFile(r io.Reader, buf []byte) (sum, blocks []byte) {
	all := sha256.New()
	for {
		n, err := io.ReadFull(r, buf)
		all.Write(buf[:n])
		if n > 0 && len(blocks) < wire.MaxBlocks {
			part := sha256.Sum256(buf[:n])
			blocks = append(blocks, part[:wire.BlockSum]...)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return all.Sum(nil), blocks
		case err != nil:
			return nil, nil
		}
	}
}

// discardOver is how many bytes of outputs may stay. To write them takes the engine less time than to empty many small files.
const discardOver = 8 << 20

// discard empties the largest files of the output directory, which is the current one and has been listed. What is emptied is not written to the disk.
func discard(o *wire.Outcome) {
	left, files := o.Usage.Output, []*wire.File{}
	for i := range o.Files {
		if o.Files[i].Mode.IsRegular() {
			files = append(files, &o.Files[i])
		}
	}
	slices.SortFunc(files, func(a, b *wire.File) int { return cmp.Compare(b.Size, a.Size) })
	for _, f := range files {
		if left <= discardOver {
			return
		}
		left -= f.Size
		if file, err := os.OpenFile(f.Name, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0); err == nil {
			_ = file.Truncate(0)
			_ = file.Close()
		}
	}
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}

func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
}

func readFile(name string, limit int64) []byte {
	if limit <= 0 {
		return nil
	}
	f, err := openFile(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	content, _ := io.ReadAll(io.LimitReader(f, limit))
	return content
}

// searchFiles looks for secrets in the files, and in their names.
func searchFiles(o *wire.Outcome, hidden *secrets) {
	if len(hidden.names) == 0 {
		return
	}
	left := int64(secretLimit)
	buf := make([]byte, chunkSize) // one buffer for all, because there may be very many files
	for _, file := range o.Files {
		found := hidden.in(file.Name + "\n" + file.Link)
		if file.Mode.IsRegular() && file.Size > 0 {
			if f, err := openFile(file.Name); err == nil {
				found = append(found, leaks(f, buf, hidden.redactor, left)...)
				f.Close()
				left = max(left-file.Size, 0)
			}
		}
		slices.Sort(found)
		for _, i := range slices.Compact(found) {
			addLeak(o, hidden.names[i], file.Name, true)
		}
	}
}
