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

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/secret"
)

// A Keeping says which files of the runs stay on the host, and where.
type Keeping struct {
	// Top is the directory that the user named, and Dir a path below it, which may be empty. Dir gets a directory for each
	// case, with its outputs and with what the job printed. It replaces an earlier directory of the same name. Both are
	// made if they are missing.
	Top, Dir string
	// Roots are the directories below which Top and the directories of Mounts must lie. No link below Top is followed.
	Roots disk.Roots
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

	secrets  *secret.Redactor
	redacted map[string]int // how many files have a name, of those in which a secret was redacted
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
func (k *Keeping) save(c *CaseResult, mounts []string, secrets *secret.Redactor) (err error) {
	if k == nil || c.Outcome == nil || c.Outcome.Archive == nil && c.Outcome.Staged == nil || k.OnlyFailed && (c.Verdict == Passed || c.Verdict == Skipped) {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the outputs of case %q: %w", c.Name, err)
		}
	}()
	c.Kept = &Kept{Dir: filepath.Join(k.Top, k.Dir), secrets: secrets, redacted: map[string]int{}}
	var trees []*tree
	defer func() {
		for _, t := range trees {
			err = errors.Join(err, t.close())
		}
	}()
	outputs, err := k.openCaseDir(c)
	if err != nil {
		return err
	}
	trees = append(trees, &tree{top: outputs})
	for _, path := range mounts[1:] {
		dir, err := k.Roots.OpenDir(path)
		if err != nil {
			return err
		}
		trees = append(trees, &tree{top: dir})
	}
	if c.Outcome.Staged != nil {
		return c.Kept.takeStaged(c.Outcome.Staged, trees)
	}
	return c.Kept.unpack(c.Outcome.Archive, trees)
}

// openCaseDir makes the directory of the case. It returns the directory for its outputs.
func (k *Keeping) openCaseDir(c *CaseResult) (_ *os.Root, err error) {
	top, err := k.Roots.OpenDir(k.Top)
	if err != nil {
		return nil, err
	}
	dir, err := disk.Sub(top, filepath.Join(".", k.Dir))
	if err := errors.Join(err, top.Close()); err != nil || k.Bare {
		return dir, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	name := HostName(c.Name)
	if err := dir.RemoveAll(name); err != nil {
		return nil, err
	}
	own, err := disk.Sub(dir, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	c.Kept.Dir = filepath.Join(c.Kept.Dir, name, outputsName)
	if err := errors.Join(c.Kept.printed(own, "stdout.txt", c.Outcome.Stdout), c.Kept.printed(own, "stderr.txt", c.Outcome.Stderr)); err != nil {
		return nil, err
	}
	return disk.Sub(own, outputsName)
}

// outputsName is the name of the directory of a case's outputs.
const outputsName = "outputs"

// printed writes what a job printed to a file that is not there yet.
func (k *Kept) printed(dir *os.Root, name string, e pack.Excerpt) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(k.secrets.Hide(string(ExcerptText(e))))
	return errors.Join(err, f.Close())
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
		text = fmt.Appendf(text[:len(text):len(text)], "\n[left out here: %s]\n", diag.Count(int(left), "byte"))
	}
	return append(text[:len(text):len(text)], e.Tail...)
}

func (k *Kept) unpack(a *wire.Archive, trees []*tree) error {
	for {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if e.Dir >= len(trees) {
			return fmt.Errorf("what was kept names directory %d of %d", e.Dir, len(trees))
		}
		put := func(to *os.Root, name string) error { return k.file(to, name, e.File.Mode, a) }
		if err := k.skipExisting(&e.File, k.write(trees[e.Dir], e, put)); err != nil {
			return err
		}
	}
	if a.Cut > 0 {
		k.leaveOut("too large or too many: %s", diag.Count(a.Cut, "file"))
	}
	return nil
}

// maxLeftOut is how many reasons LeftOut holds.
const maxLeftOut = 20

func (k *Kept) leaveOut(format string, args ...any) {
	if len(k.LeftOut) < maxLeftOut {
		k.LeftOut = append(k.LeftOut, hidef(k.secrets, format, args...))
	}
}

// write writes one entry. The function puts the content of a regular file into a directory.
func (k *Kept) write(t *tree, e *wire.ArchiveEntry, put func(to *os.Root, name string) error) error {
	f := &e.File
	full := k.hostPath(f.Name)
	if f.Mode.IsDir() {
		return t.enter(full)
	}
	if full != hostPath(f.Name) {
		full = k.number(full)
	}
	if err := t.enter(path.Dir(full)); err != nil {
		return err
	}
	root, name := t.dir, path.Base(full)
	switch {
	case f.Mode.IsRegular():
		if e.Dir > 0 { // the content of a mount replaces its files, and its links
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return put(root, name)
	case f.Mode&fs.ModeSymlink == 0:
		k.leaveOut("%q is neither a file nor a directory nor a link", f.Name)
		return nil
	}
	link := k.hostPath(f.Link)
	if !staysBelow(f.Name, f.Link) || !staysBelow(full, link) {
		k.leaveOut("%q is a link that leads out, to %q", f.Name, f.Link)
		return nil
	}
	if there, err := root.Readlink(name); err == nil && there == link {
		return nil
	}
	return root.Symlink(link, name)
}

// staysBelow reports whether a link leads to a name below the directory that its own name is relative to.
func staysBelow(name, link string) bool {
	return link != "" && !path.IsAbs(link) && filepath.IsLocal(path.Join(path.Dir(name), link))
}

// hostPath is the function hostPath with secrets redacted. Programs that upload files refuse names with an asterisk, so a
// word stands for a secret.
func (k *Kept) hostPath(name string) string {
	hidden := k.secrets.Hide(name)
	if hidden == name {
		return hostPath(name)
	}
	return path.Clean(hostPath(strings.ReplaceAll(hidden, secret.Mask, "redacted")))
}

// number makes names different that are the same once secrets are redacted.
func (k *Kept) number(name string) string {
	k.redacted[name]++
	if n := k.redacted[name]; n > 1 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

// A tree is a directory that gets an archive. It holds the directory of the last entry open, because the next one is often
// in the same. It follows no link, also none that the archive has made.
type tree struct {
	top  *os.Root
	dir  *os.Root // nil at first
	path string   // of dir, below top
}

// enter makes a directory and opens it.
func (t *tree) enter(path string) error {
	if t.dir != nil && t.path == path {
		return nil
	}
	dir, err := disk.Sub(t.top, path)
	if err != nil {
		return err
	}
	if t.dir != nil {
		err = t.dir.Close()
	}
	t.dir, t.path = dir, path
	return err
}

func (t *tree) close() error {
	err := t.top.Close()
	if t.dir != nil {
		err = errors.Join(err, t.dir.Close())
	}
	return err
}

// skipExisting records that the host has a file of that name, or cannot have one. It returns any other error.
func (k *Kept) skipExisting(f *pack.File, err error) error {
	var link *disk.LinkError
	switch {
	case errors.Is(err, fs.ErrExist):
		k.leaveOut("%q is there already", f.Name)
	case errors.As(err, &link):
		k.leaveOut("%q would be written through a link", f.Name)
	case errors.Is(err, syscall.ENAMETOOLONG):
		k.leaveOut("%q is too long a name", f.Name)
	default:
		return err
	}
	return nil
}

func (k *Kept) file(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600|mode.Perm())
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
