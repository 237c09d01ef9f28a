package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack"
)

// maxBinds is how many files of an input are bound one by one. The engine needs some time for each.
const maxBinds = 200

// A mounter finds out what to bind for one run. It copies only what the job could not read otherwise.
type mounter struct {
	runner  *Runner
	scratch *scratch
	process *pack.Process
	binds   []bind
	staged  []string // directories of the host for Process.Archive, in its order
	made    int      // directories that were made for mounts
}

// all adds OUTPUT_DIR and the mounts of the process.
func (m *mounter) all(ctx context.Context) error {
	stage, err := os.MkdirTemp(m.runner.Stage, "run-")
	if err != nil {
		return err
	}
	m.staged = make([]string, len(m.process.Archive))
	if err := m.output(stage); err != nil {
		return err
	}
	for _, mount := range m.process.Mounts {
		if err := m.add(ctx, mount, stage); err != nil {
			return err
		}
	}
	for i, dir := range m.process.Archive {
		if m.staged[i] == "" {
			return fmt.Errorf("%s is no directory of the run", dir)
		}
	}
	return nil
}

// given are the directories of the container that the user gets at the end.
func (m *mounter) given() []string {
	return append([]string{m.process.OutputDir}, slices.DeleteFunc(slices.Clone(m.process.Archive), func(dir string) bool { return dir == m.process.OutputDir })...)
}

func (m *mounter) output(stage string) error {
	dir := filepath.Join(stage, "outputs")
	if err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
		return err
	}
	m.bind(dir, m.process.OutputDir, true)
	return nil
}

// bind adds a bind. The directory of an archived path is remembered.
func (m *mounter) bind(source, target string, writable bool) {
	m.binds = append(m.binds, bind{source, target, writable})
	if i := slices.Index(m.process.Archive, target); i >= 0 {
		m.staged[i] = source
	}
}

func (m *mounter) add(ctx context.Context, mount pack.RunMount, stage string) error {
	entry, known := m.runner.Inputs[mount.From]
	switch {
	case mount.Image != "":
		return fmt.Errorf("mount %s: %s cannot mount an image: run it with buildkit", mount.Path, m.runner.Engine.Name)
	case mount.From == "":
		name := m.newDir("empty")
		if !mount.Writable {
			m.bind(m.scratch.path(name), mount.Path, false)
			return m.scratch.dir.Mkdir(name, 0o755)
		}
		m.bind(m.scratch.path(name), mount.Path, true)
		return m.scratch.openDir(name)
	case !known || !entry.Dir:
		return fmt.Errorf("mount %s: there is no directory %s", mount.Path, mount.From)
	case entry.Host == "":
		return m.files(ctx, mount)
	case mount.Writable && slices.Contains(m.process.Archive, mount.Path):
		copied := filepath.Join(stage, m.newDir("mount"))
		m.runner.say("copying %s, since --mount-output names another directory for what the job writes", entry.Host)
		if err := copyTree(ctx, entry.Host, copied); err != nil {
			return fmt.Errorf("copy %s: %w", entry.Host, err)
		}
		m.bind(copied, mount.Path, true)
		return nil
	}
	return m.hostDir(entry.Host, mount)
}

// hostDir binds a directory of the user itself. Its modes stay.
func (m *mounter) hostDir(host string, mount pack.RunMount) error {
	info, err := os.Stat(host)
	if err != nil {
		return err
	}
	if !m.may(info, mount.Writable) {
		m.runner.say("%s", m.shut(host, info, mount.Writable))
	}
	source, err := m.plain(host)
	m.bind(source, mount.Path, mount.Writable)
	return err
}

// shut says that the job cannot use a directory, and what the user can do.
func (m *mounter) shut(host string, info fs.FileInfo, write bool) string {
	can, open := "read", "o+rx"
	if write {
		can, open = "write to", "o+rwx"
	}
	text := fmt.Sprintf("%s has mode %04o, and the job runs as user %s, who cannot %s it: chmod %s, --with buildkit", host, info.Mode().Perm(), m.user(), can, open)
	if ownerOf(info) == os.Getuid() {
		text += ", or --run-as " + m.runner.Engine.facts.Owner
	}
	return text
}

func (m *mounter) newDir(kind string) string {
	m.made++
	return kind + "-" + strconv.Itoa(m.made)
}

// plain returns a path that is written in --mount without quotes: the path itself, or a link to it.
func (m *mounter) plain(host string) (string, error) {
	if !strings.ContainsAny(host, special) {
		return host, nil
	}
	name := m.newDir("link")
	return m.scratch.path(name), os.Symlink(host, m.scratch.path(name))
}

// user is the user as whom the job runs.
func (m *mounter) user() string {
	switch {
	case m.process.User != "":
		return m.process.User
	case m.runner.Config.User != "":
		return m.runner.Config.User
	}
	return "root"
}

// may reports whether the job can read a file or a directory of this user, or write to it. A container's root can.
func (m *mounter) may(info fs.FileInfo, write bool) bool {
	name, _, _ := strings.Cut(m.user(), ":")
	if m.runner.Engine.apptainer() || name == "root" || name == "0" || name == "" {
		return true
	}
	need := fs.FileMode(0o4)
	switch {
	case info.IsDir() && write:
		need = 0o7
	case info.IsDir():
		need = 0o5
	case write:
		need = 0o6
	}
	if info.Mode().Perm()&need == need {
		return true
	}
	id, err := strconv.Atoi(name)
	return err == nil && id == ownerOf(info) && m.runner.Engine.facts.Owner != "0:0" && info.Mode().Perm()>>6&need == need
}

// files binds the files of an input. The directory around them is made for the run, unless it is one of the user with just these
// files.
func (m *mounter) files(ctx context.Context, mount pack.RunMount) error {
	entries := map[string]pack.Entry{}
	for name, e := range m.runner.Inputs {
		if path.Dir(name) == mount.From {
			entries[path.Base(name)] = e
		}
	}
	if dir := m.whole(entries); dir != "" {
		m.bind(dir, mount.Path, false)
		return nil
	}
	name := m.newDir("input")
	if err := errors.Join(m.scratch.dir.Mkdir(name, 0o755), m.scratch.dir.Chmod(name, 0o755)); err != nil {
		return err
	}
	m.bind(m.scratch.path(name), mount.Path, false)
	for _, file := range sortedNames(entries) {
		if err := m.file(ctx, name+"/"+file, mount.Path+"/"+file, entries[file], len(entries)); err != nil {
			return err
		}
	}
	return nil
}

func sortedNames(entries map[string]pack.Entry) (names []string) {
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// file adds one file of an input, at a name of the scratch directory and a path of the container.
func (m *mounter) file(ctx context.Context, name, target string, e pack.Entry, of int) error {
	if e.Host == "" {
		return errors.Join(m.scratch.write(name, e.Content), m.scratch.dir.Chmod(name, 0o644))
	}
	info, err := os.Stat(e.Host)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: an input must be one", e.Host)
	}
	why := ""
	switch {
	case !m.may(info, false):
		why = fmt.Sprintf("its mode is %04o, and the job runs as user %s", info.Mode().Perm(), m.user())
	case of > maxBinds:
		why = fmt.Sprintf("there are more than %d files", maxBinds)
	case strings.ContainsAny(target, special):
		why = "its name cannot be given to " + m.runner.Engine.Name
	}
	if why != "" {
		m.runner.say("copying %s: %s", e.Host, why)
		return m.copyIn(ctx, name, e.Host)
	}
	source, err := m.plain(e.Host)
	if err != nil {
		return err
	}
	m.bind(source, target, false)
	return m.scratch.write(name, nil) // the engine mounts the file over this one
}

// copyIn copies a file of the user into the scratch directory, for every user to read.
func (m *mounter) copyIn(ctx context.Context, name, host string) error {
	to, err := m.scratch.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(copyContent(ctx, to, host), to.Chmod(0o644), to.Close())
}

// whole returns the directory of the user that has these files and nothing else, and that the job can read. It is empty if there
// is none, or if there is only one file.
func (m *mounter) whole(entries map[string]pack.Entry) string {
	dir := ""
	for name, e := range entries {
		if e.Host == "" || filepath.Base(e.Host) != name || dir != "" && filepath.Dir(e.Host) != dir {
			return ""
		}
		dir = filepath.Dir(e.Host)
	}
	if len(entries) < 2 || strings.ContainsAny(dir, special) {
		return ""
	}
	info, err := os.Stat(dir)
	if err != nil || !m.may(info, false) {
		return ""
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != len(entries) {
		return ""
	}
	for _, f := range found {
		info, err := f.Info()
		if _, given := entries[f.Name()]; err != nil || !given || !info.Mode().IsRegular() || !m.may(info, false) {
			return ""
		}
	}
	return dir
}

// copyTree copies a directory. Every user may write in the copy. FIFOs and devices are left out.
func copyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := entry.Info()
		switch {
		case err != nil:
			return err
		case entry.IsDir() || name == from:
			return errors.Join(os.Mkdir(target, 0o777), os.Chmod(target, 0o777))
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case !info.Mode().IsRegular():
			return nil
		}
		w, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		return errors.Join(copyContent(ctx, w, name), w.Chmod(info.Mode().Perm()|0o666), w.Close())
	})
}

func copyContent(ctx context.Context, to io.Writer, host string) error {
	from, err := disk.Open(host)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, contextReader{ctx, from})
	return err
}

// A contextReader returns an error when its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
