package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/moby/buildkit/client/llb"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/supervisor/bin"
)

// A treeFS offers a Tree to BuildKit, which asks only for what it does not have. All files belong to root and all users
// may read them, whatever the modes on the host are.
type treeFS struct {
	entries map[string]treeEntry // by path with slashes; includes parents
	order   []string             // BuildKit's order: the content of a directory before its next sibling
}

type treeEntry struct {
	stat    *types.Stat
	host    string
	content []byte
	program *bin.Program
}

// newTreeFS adds the content of directories of the host. It leaves out FIFOs and devices, because they cannot be sent.
func newTreeFS(t Tree) (*treeFS, error) {
	f := &treeFS{entries: map[string]treeEntry{}}
	for name, e := range t {
		if !fs.ValidPath(name) || name == "." {
			return nil, fmt.Errorf("input %q: not a relative, slash-separated path", name)
		}
		if err := f.add(name, e); err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
	}
	f.order = slices.SortedFunc(maps.Keys(f.entries), func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return f, nil
}

func (f *treeFS) add(name string, e Entry) error {
	switch {
	case e.Dir && e.Host != "":
		if err := f.addHostDir(name, e.Host); err != nil || !e.Writable {
			return err
		}
		f.open(name)
		return nil
	case e.Dir:
		f.mkdir(name)
		return nil
	case e.Host != "":
		info, err := os.Stat(e.Host)
		if err != nil {
			return err
		}
		if err := disk.Check(e.Host); err != nil {
			return err
		}
		f.put(name, treeEntry{host: e.Host}, fileMode(info), info.Size(), info.ModTime())
		return nil
	case e.program != nil:
		f.put(name, treeEntry{program: e.program}, 0o755, e.program.Size(), contentTime(e.program.Sum()))
		return nil
	}
	f.put(name, treeEntry{content: e.Content}, 0o644, int64(len(e.Content)), contentTime(e.Content))
	return nil
}

// A handedOver says which files an engine gets for its runs.
type handedOver struct {
	key   string // the same for the same places, whatever their content is
	files int
	bytes int64
}

func (f *treeFS) handedOver() (h handedOver) {
	key := sha256.New()
	for _, name := range f.order {
		e := f.entries[name]
		fmt.Fprintf(key, "%q %q\n", name, e.host)
		if fs.FileMode(e.stat.Mode).IsRegular() {
			h.files++
			h.bytes += e.stat.Size
		}
	}
	h.key = hex.EncodeToString(key.Sum(nil)[:8])
	return h
}

// options let the engine keep the files of each job by themselves: it compares what it gets with what it has under the same key, and
// would throw away those of one job for those of another. The name is for the progress.
func (h handedOver) options() []llb.LocalOption {
	return []llb.LocalOption{llb.SharedKeyHint(localInputs + "-" + h.key),
		llb.WithCustomNamef(smokeMark+"inputs: %s, %s", diag.Count(h.files, "file"), units.HumanSize(float64(h.bytes)))}
}

// open lets all users write to a directory and below it.
func (f *treeFS) open(dir string) {
	for name, e := range f.entries {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			e.stat.Mode |= 0o222
		}
	}
}

func (f *treeFS) addHostDir(name, host string) error {
	f.mkdir(name)
	return filepath.WalkDir(host, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == host {
			return err
		}
		rel, err := filepath.Rel(host, p)
		if err != nil {
			return err
		}
		at := path.Join(name, filepath.ToSlash(rel))
		info, err := e.Info()
		switch {
		case err != nil:
			return err
		case e.IsDir():
			f.mkdir(at)
		case info.Mode().IsRegular():
			f.put(at, treeEntry{host: p}, fileMode(info), info.Size(), info.ModTime())
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(p)
			if err != nil {
				return err
			}
			f.put(at, treeEntry{}, fs.ModeSymlink|0o777, 0, info.ModTime())
			f.entries[at].stat.Linkname = link
		}
		return nil
	})
}

// fileMode lets all users read a file, and execute it if the owner may.
func fileMode(info fs.FileInfo) fs.FileMode {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

// contentTime derives a time from the content. BuildKit takes files of the same name, size and time for equal.
func contentTime(content []byte) time.Time {
	sum := sha256.Sum256(content)
	const year2000 = 946684800
	return time.Unix(year2000+int64(binary.BigEndian.Uint16(sum[:])), int64(binary.BigEndian.Uint32(sum[2:])>>3))
}

func (f *treeFS) put(name string, e treeEntry, mode fs.FileMode, size int64, at time.Time) {
	f.mkdir(path.Dir(name))
	e.stat = &types.Stat{Path: name, Mode: uint32(mode), Size: size, ModTime: at.UnixNano()}
	f.entries[name] = e
}

func (f *treeFS) mkdir(name string) {
	for ; name != "." && f.entries[name].stat == nil; name = path.Dir(name) {
		f.entries[name] = treeEntry{stat: &types.Stat{Path: name, Mode: uint32(fs.ModeDir | 0o755), ModTime: contentTime(nil).UnixNano()}}
	}
}

// Walk calls fn for target and everything below it, or for all entries (fsutil.FS).
func (f *treeFS) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	target = path.Clean(strings.TrimPrefix(filepath.ToSlash(target), "/"))
	for _, name := range f.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		if target != "." && target != "" && name != target && !strings.HasPrefix(name, target+"/") {
			continue
		}
		stat := f.entries[name].stat.Clone()
		stat.Path = filepath.FromSlash(name)
		if err := fn(stat.Path, &fsutil.DirEntryInfo{Stat: stat}, nil); err != nil && err != filepath.SkipDir {
			return err
		}
	}
	return nil
}

// Open returns the content of a file (fsutil.FS).
func (f *treeFS) Open(name string) (io.ReadCloser, error) {
	e, ok := f.entries[filepath.ToSlash(name)]
	switch {
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case e.host != "":
		return disk.Open(e.host)
	case e.program != nil:
		return e.program.Open()
	}
	return io.NopCloser(bytes.NewReader(e.content)), nil
}
