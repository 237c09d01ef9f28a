package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A Keeping says which files of the runs stay on the host, and where.
type Keeping struct {
	// Dir gets a directory for each case, with its outputs and with what the job printed. It replaces an earlier
	// directory of the same name. Dir is made if it is missing.
	Dir string
	// Bare writes the outputs, and nothing else, into Dir itself, which should be empty. It is for a single case.
	Bare       bool
	OnlyFailed bool              // only cases that failed or are inconclusive
	Mounts     map[string]string // directories that get the content of writable mounts, by the name of the mount
}

// A Kept says what was kept of a case.
type Kept struct {
	Dir     string // the directory of the outputs
	Files   int
	Bytes   int64
	LeftOut []string // reasons why files are missing, one per file: a link that leads out, a device
}

// paths returns the directories of the container to copy, OUTPUT_DIR first, and their targets on the host.
func (k *Keeping) paths(e *environment) (from, to []string) {
	if k == nil {
		return nil, nil
	}
	from, to = []string{outputDir}, []string{""}
	for i, name := range e.mountNames {
		if dir := k.Mounts[name]; dir != "" {
			from, to = append(from, e.mounts[len(e.mounts)-len(e.mountNames)+i].Path), append(to, dir)
		}
	}
	return from, to
}

// save writes what a run left behind. Names and links come from the job and may be hostile: save writes nothing outside
// of the directories and follows no link.
func (k *Keeping) save(c *CaseResult, mounts []string) (err error) {
	if k == nil || c.Outcome == nil || c.Outcome.Archive == nil || k.OnlyFailed && (c.Verdict == Passed || c.Verdict == Skipped) {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the outputs of case %q: %w", c.Name, err)
		}
	}()
	c.Kept = &Kept{Dir: k.Dir}
	dirs := append([]string{""}, mounts[1:]...)
	if dirs[0], err = k.makeCaseDir(c); err != nil {
		return err
	}
	roots := make([]*os.Root, len(dirs))
	for i, dir := range dirs {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		if roots[i], err = os.OpenRoot(dir); err != nil {
			return err
		}
		defer roots[i].Close()
	}
	return c.Kept.unpack(c.Outcome.Archive, roots)
}

// makeCaseDir makes the directory of the case. It returns the directory for its outputs.
func (k *Keeping) makeCaseDir(c *CaseResult) (string, error) {
	if err := os.MkdirAll(k.Dir, 0o777); err != nil || k.Bare {
		return k.Dir, err
	}
	root, err := os.OpenRoot(k.Dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	dir := HostName(c.Name)
	if err := errors.Join(root.RemoveAll(dir), root.MkdirAll(path.Join(dir, "outputs"), 0o777)); err != nil {
		return "", err
	}
	c.Kept.Dir = filepath.Join(k.Dir, dir, "outputs")
	return c.Kept.Dir, errors.Join(
		root.WriteFile(path.Join(dir, "stdout.txt"), ExcerptText(c.Outcome.Stdout), 0o666),
		root.WriteFile(path.Join(dir, "stderr.txt"), ExcerptText(c.Outcome.Stderr), 0o666))
}

// HostName returns a safe file name for any name, such as that of a case. The result is one path component. A safe name
// is not changed.
func HostName(name string) string {
	dir := strings.ReplaceAll(hostPath(name), "/", "%2F")
	switch {
	case dir == "" || dir == "." || dir == "..":
		return "%" + dir
	case len(dir) > maxHostName:
		sum := sha256.Sum256([]byte(name))
		return strings.ToValidUTF8(dir[:maxHostName], "") + "-" + hex.EncodeToString(sum[:4])
	}
	return dir
}

const maxHostName = 100 // bytes

// ExcerptText returns what a job printed, with one line in place of a gap. Without a tail there is no gap: the masks
// are only shorter than the secrets that they replace.
func ExcerptText(e pack.Excerpt) []byte {
	text := e.Head
	if left := e.Total - int64(len(e.Head)+len(e.Tail)); left > 0 && len(e.Tail) > 0 {
		text = fmt.Appendf(text[:len(text):len(text)], "\n[%d bytes are left out here]\n", left)
	}
	return append(text[:len(text):len(text)], e.Tail...)
}

func (k *Kept) unpack(a *wire.Archive, roots []*os.Root) error {
	for {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if e.Dir >= len(roots) {
			return fmt.Errorf("what was kept names directory %d of %d", e.Dir, len(roots))
		}
		if err := k.skipExisting(&e.File, k.write(roots[e.Dir], e, a)); err != nil {
			return err
		}
	}
	if a.Cut > 0 {
		k.leaveOut("%d files are too large or too many", a.Cut)
	}
	return nil
}

// maxLeftOut is how many reasons LeftOut holds.
const maxLeftOut = 20

func (k *Kept) leaveOut(format string, args ...any) {
	if len(k.LeftOut) < maxLeftOut {
		k.LeftOut = append(k.LeftOut, fmt.Sprintf(format, args...))
	}
}

func (k *Kept) write(root *os.Root, e *wire.ArchiveEntry, content io.Reader) error {
	f := &e.File
	name := hostPath(f.Name)
	switch {
	case f.Mode.IsDir():
		return root.MkdirAll(name, 0o777)
	case f.Mode.IsRegular():
		flag := os.O_EXCL
		if e.Dir > 0 {
			flag = os.O_TRUNC // the content of a mount replaces its files
		}
		return k.file(root, name, flag, f.Mode, content)
	case f.Mode&fs.ModeSymlink == 0:
		k.leaveOut("%q is neither a file nor a directory nor a link", f.Name)
		return nil
	}
	if to := path.Join(path.Dir(f.Name), f.Link); path.IsAbs(f.Link) || f.Link == "" || !filepath.IsLocal(to) {
		k.leaveOut("%q is a link that leads out, to %q", f.Name, f.Link)
		return nil
	}
	if there, err := root.Readlink(name); err == nil && there == hostPath(f.Link) {
		return nil
	}
	return root.Symlink(hostPath(f.Link), name)
}

// skipExisting records that the host has a file of that name, or cannot have one. It returns any other error.
func (k *Kept) skipExisting(f *pack.File, err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		k.leaveOut("%q is there already", f.Name)
	case errors.Is(err, syscall.ENAMETOOLONG):
		k.leaveOut("%q is too long a name", f.Name)
	default:
		return err
	}
	return nil
}

func (k *Kept) file(root *os.Root, name string, flag int, mode fs.FileMode, content io.Reader) error {
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|flag, 0o600|mode.Perm())
	if err != nil {
		return err
	}
	n, err := io.Copy(w, content)
	k.Files++
	k.Bytes += n
	return errors.Join(err, w.Close())
}

// hostPath returns a path with slashes in which harmful bytes are hexadecimal: invalid UTF-8 and control characters.
// The slashes stay.
func hostPath(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && size <= 1 || !unicode.IsPrint(r) || r == '\\' {
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}
