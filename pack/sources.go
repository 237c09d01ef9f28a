package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/seedpack/seedpack/disk"
)

// Sources are what an image is built from, as far as this machine knows it. Base images are not among them.
//
// Clones of any depth, committed and dirty work trees, and copies without a repository have the same sources if they have
// the same files. So of a file's mode only the executable bit counts, which is all that git keeps. Empty directories and .git
// do not count, and neither does the manifest, which is compared by itself.
type Sources struct {
	Manifest   string // its path; it is left out
	Dockerfile string
	Context    string
	Contexts   map[string]string // as in Request.BuildContexts
	Target     string
	Platforms  []string // default: linux and the architecture of this machine
	Args       map[string]string
	Labels     map[string]string
}

// Sources returns the sources of a request. It leaves out arguments and labels that differ from run to run and change nothing
// in the image.
func (r *Request) Sources(manifest string, getenv func(string) string) *Sources {
	s := &Sources{Manifest: manifest, Dockerfile: r.Dockerfile, Context: r.Context, Contexts: r.BuildContexts, Target: r.Target,
		Platforms: r.Platforms, Args: maps.Clone(r.BuildArgs), Labels: maps.Clone(r.Options.Labels)}
	for name := range ProxyArgs(getenv) {
		delete(s.Args, name)
	}
	delete(s.Args, "SOURCE_DATE_EPOCH")
	for _, name := range []string{"revision", "created", "source", "base.name", "base.digest"} {
		delete(s.Labels, AttributePrefix+name)
	}
	return s
}

// Digest returns one SHA-256 over all sources, as sha256:HEX.
func (s *Sources) Digest(ctx context.Context) (string, error) {
	sum := sha256.New()
	line := func(words ...string) {
		for _, word := range words {
			fmt.Fprintf(sum, "%q ", word)
		}
		fmt.Fprintln(sum)
	}
	line("seedpack source", "1")
	if err := sumFile(sum, s.Dockerfile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	line("target", s.Target)
	for _, platform := range s.platforms() {
		line("platform", platform)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Args)) {
		line("argument", name, s.Args[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		line("label", name, s.Labels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Contexts)) {
		if err := s.addContext(line, name); err != nil {
			return "", err
		}
	}
	files, err := s.Files(ctx)
	if err != nil {
		return "", err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		line("file", path, files[path])
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// FilesDigest returns one SHA-256 over the Dockerfile and the files of the contexts, as sha256:HEX.
func (s *Sources) FilesDigest(ctx context.Context) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, "seedpack files 1")
	if err := sumFile(sum, s.Dockerfile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	files, err := s.Files(ctx)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%q %q\n", path, files[path])
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), err
}

// JobSources returns the sources of a job that is built from its own Dockerfile and directory.
func JobSources(manifest, dir string) *Sources {
	return &Sources{Manifest: manifest, Dockerfile: ownDockerfile(dir), Context: dir}
}

// ownDockerfile returns the Dockerfile of a directory, as BuildKit finds it.
func ownDockerfile(dir string) string {
	path := filepath.Join(dir, "Dockerfile")
	if lower := filepath.Join(dir, "dockerfile"); !isFile(path) && isFile(lower) {
		return lower
	}
	return path
}

// HasDockerfile reports whether a directory has a Dockerfile, as BuildKit finds it.
func HasDockerfile(dir string) bool { return isFile(ownDockerfile(dir)) }

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// platforms returns the platforms in one spelling, sorted.
func (s *Sources) platforms() []string {
	all := []string{"linux/" + runtime.GOARCH}
	if len(s.Platforms) > 0 {
		all = nil
	}
	for _, name := range s.Platforms {
		if p, err := platforms.Parse(name); err == nil {
			name = platforms.Format(platforms.Normalize(p))
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// addContext adds a named build context: the digest of a layout, or the name of a place elsewhere. The files of a directory
// are added by Files.
func (s *Sources) addContext(line func(...string), name string) error {
	source := s.Contexts[name]
	if dir, ok := strings.CutPrefix(source, "oci-layout://"); ok {
		_, digest, err := resolveLayout(dir)
		if err != nil {
			return fmt.Errorf("build context %s=%s: %w", name, source, err)
		}
		source = digest
	} else if IsDirectory(source) {
		source = ""
	}
	line("context", name, source)
	return nil
}

// Files returns what counts of each file of the contexts: whether it is executable, and its digest, or where a link leads.
// Paths have slashes. Those of a named context begin with its name and a colon.
func (s *Sources) Files(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	if err := s.walk(ctx, all, "", s.Context, s.ignoreFiles()); err != nil {
		return nil, err
	}
	for name, dir := range s.Contexts {
		if !IsDirectory(dir) {
			continue
		}
		if err := s.walk(ctx, all, name+":", dir, []string{filepath.Join(dir, ".dockerignore")}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ignoreFiles are the files that say what of the context is left out. The first that exists counts.
func (s *Sources) ignoreFiles() []string {
	return []string{s.Dockerfile + ".dockerignore", filepath.Join(s.Context, ".dockerignore")}
}

// Ignored returns a function that reports whether a path of the context, relative to it and with slashes, is left out.
func (s *Sources) Ignored() (func(path string) bool, error) {
	matcher, err := readIgnore(s.ignoreFiles())
	return ignores(matcher), err
}

// IgnoredBy is Ignored for the text of a .dockerignore.
func IgnoredBy(text []byte) (func(path string) bool, error) {
	matcher, err := newMatcher(text)
	return ignores(matcher), err
}

// maxPatterns is more than a .dockerignore has. Each becomes an expression, which takes some kilobytes.
const maxPatterns = 10_000

func newMatcher(text []byte) (*patternmatcher.PatternMatcher, error) {
	patterns, err := ignorefile.ReadAll(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if len(patterns) > maxPatterns {
		return nil, fmt.Errorf("it has %d patterns, more than %d", len(patterns), maxPatterns)
	}
	return patternmatcher.New(patterns)
}

func ignores(matcher *patternmatcher.PatternMatcher) func(path string) bool {
	return func(path string) bool {
		if matcher == nil {
			return false
		}
		out, err := matcher.MatchesOrParentMatches(path)
		return err == nil && out // a pattern that cannot be read ignores nothing; a build refuses it
	}
}

func readIgnore(files []string) (*patternmatcher.PatternMatcher, error) {
	for _, path := range files {
		text, err := disk.ReadFile(path, disk.MaxJobText)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		matcher, err := newMatcher(text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		return matcher, nil
	}
	return nil, nil
}

// walk adds the files of a directory, except those that are ignored.
func (s *Sources) walk(ctx context.Context, to map[string]string, prefix, dir string, ignore []string) error {
	matcher, err := readIgnore(ignore)
	if err != nil {
		return err
	}
	root, err := filepath.Abs(dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return err
	}
	manifest := resolved(s.Manifest)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == root:
			return nil
		case entry.Name() == ".git" && entry.IsDir():
			return filepath.SkipDir
		case entry.Name() == ".git" || manifest != "" && path == manifest:
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if matcher != nil {
			out, err := matcher.MatchesOrParentMatches(filepath.ToSlash(name))
			switch {
			case err != nil:
				return fmt.Errorf("match %q: %w", name, err)
			case out && entry.IsDir() && !matcher.Exclusions():
				return filepath.SkipDir
			case out:
				return nil
			}
		}
		if entry.IsDir() {
			return nil
		}
		to[prefix+filepath.ToSlash(name)], err = sourceFacts(path, entry)
		return err
	})
}

// resolved returns the absolute path of a file without links above it; empty if it cannot be resolved.
func resolved(path string) string {
	absolute, err := filepath.Abs(path)
	if path == "" || err != nil {
		return ""
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	if err != nil {
		return ""
	}
	return filepath.Join(dir, filepath.Base(absolute))
}

// sourceFacts returns what counts of a file.
func sourceFacts(path string, entry fs.DirEntry) (string, error) {
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return "link " + filepath.ToSlash(target), err
	case !entry.Type().IsRegular():
		return entry.Type().String(), nil // a build reads no pipe, socket or device
	}
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	kind := "file "
	if info.Mode()&0o111 != 0 && runtime.GOOS != "windows" {
		kind = "program "
	}
	sum := sha256.New()
	if err := sumFile(sum, path); err != nil {
		return "", err
	}
	return kind + hex.EncodeToString(sum.Sum(nil)), nil
}

// sumFile adds the content of a file, and its length, to a digest.
func sumFile(sum hash.Hash, path string) error {
	file, err := disk.Open(path)
	if err != nil {
		return err
	}
	n, err := io.Copy(sum, file)
	fmt.Fprintf(sum, " %d\n", n)
	return errors.Join(err, file.Close())
}
