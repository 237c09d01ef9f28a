// Package policy reads .seedpack.yaml, which sets the severities of findings on the manifests next to it and below it.
// It does not apply them: package diag does.
package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
)

// FileName is the name of a policy file.
const FileName = ".seedpack.yaml"

// misspelledName is a wrong name that would be ignored silently.
const misspelledName = ".seedpack.yml"

// A File is the content of a policy file. Only one goroutine may use it.
type File struct {
	Path string // the path it was opened with
	// FailOn is Unset if the file does not set it.
	FailOn diag.Severity
	Rules  map[string]diag.Severity
	Ignore []Ignore
	// Build are patterns of further files that the jobs below are built from, as those of Ignore. Nil: there are none.
	Build *patternmatcher.PatternMatcher
}

// An Ignore turns off rules for the manifests that its patterns match, and for the other files of their jobs.
type Ignore struct {
	// Patterns have the syntax of .dockerignore and are relative to the directory of the file. A pattern that matches a
	// directory matches everything below it.
	Patterns []string
	Rules    []string
	Reason   string

	matcher *patternmatcher.PatternMatcher
}

// For returns the policy for one manifest. The path is relative to the directory of the file, with slashes.
func (f *File) For(path string) (diag.Policy, error) {
	p := diag.Policy{FailOn: f.FailOn, Rules: f.Rules}
	for _, i := range f.Ignore {
		matches, err := i.matcher.MatchesOrParentMatches(path)
		if err != nil {
			return p, fmt.Errorf("match %q by %s: %w", path, f.Path, err)
		}
		if !matches {
			continue
		}
		off := map[string]diag.Severity{}
		for _, id := range i.Rules {
			off[id] = diag.Off
		}
		p = p.With(off)
	}
	return p, nil
}

// A Finder searches for policy files from a directory upwards, and reads each file once.
type Finder struct {
	// Rules are the IDs of all rules.
	Rules []string
	// May returns an error if a file may not be opened. Default: all files may be opened.
	May func(path string) error
	// Dir is the working directory. Paths in messages are relative to it if they are below it. Default: paths are
	// absolute.
	Dir string

	found map[string]*File // by directory; nil if there is no file
}

// Find returns the nearest file in an absolute directory or above it, or nil. The search ends at the root of a
// repository, which holds .git, or at the root of the file system.
func (f *Finder) Find(dir string) (*File, error) {
	if file, ok := f.found[dir]; ok {
		return file, nil
	}
	file, err := f.look(dir)
	if err != nil {
		return nil, err
	}
	if f.found == nil {
		f.found = map[string]*File{}
	}
	f.found[dir] = file
	return file, nil
}

func (f *Finder) look(dir string) (*File, error) {
	path := f.show(filepath.Join(dir, FileName))
	switch _, err := os.Lstat(path); {
	case err == nil:
		return f.Open(path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(dir, misspelledName)); err == nil {
		return nil, &Error{[]string{fmt.Sprintf("%s is not read: call it %s", f.show(filepath.Join(dir, misspelledName)), FileName)}}
	}
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || dir == filepath.Dir(dir) {
		return nil, nil
	}
	return f.Find(filepath.Dir(dir))
}

func (f *Finder) show(path string) string {
	if rel, err := filepath.Rel(f.Dir, path); f.Dir != "" && err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// maxFile is far more than a policy file needs.
const maxFile = 1 << 20

// Open reads a file. It returns an *Error if the content is wrong.
func (f *Finder) Open(path string) (*File, error) {
	if f.May != nil {
		if err := f.May(path); err != nil {
			return nil, err
		}
	}
	file, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{[]string{path + ": there is no such file"}}
	}
	if err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, &Error{[]string{fmt.Sprintf("%s: more than %d bytes", path, maxFile)}}
	}
	return Read(path, text, f.Rules)
}
