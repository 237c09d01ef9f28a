// Package policy reads .seedpack.yaml, which says what the findings on the manifests beside and below it are worth. What a
// policy does to a report is the business of package diag.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher"

	"github.com/seedpack/seedpack/diag"
)

// FileName is what a policy is found by.
const FileName = ".seedpack.yaml"

// misspelt is a name that would be overlooked in silence.
const misspelt = ".seedpack.yml"

// A File is what a policy file says. It is not to be used by several goroutines.
type File struct {
	Path string // as it was opened
	// FailOn is Unset where the file does not say.
	FailOn diag.Severity
	Rules  map[string]diag.Severity
	Ignore []Ignore
}

// An Ignore turns rules off for the manifests that its patterns match, and for all that goes with them.
type Ignore struct {
	// Patterns are as those of .dockerignore, relative to the directory of the file: one that matches a directory matches
	// all below it.
	Patterns []string
	Rules    []string
	Reason   string

	matcher *patternmatcher.PatternMatcher
}

// For is the policy for one manifest, whose path is relative to the directory of the file, with slashes.
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

// A Finder finds policy files upwards of directories, and reads each once.
type Finder struct {
	// Rules are the IDs that there are.
	Rules []string
	// May tells whether a file may be opened. Default: each may.
	May func(path string) error
	// Dir is the working directory, which paths in messages are relative to where they are below it. Default: paths are absolute.
	Dir string

	found map[string]*File // by directory; nil where there is none
}

// Find is the file that is nearest to an absolute directory, in it or above. The root of a repository, which holds .git, ends
// the search, and so does the root of the file system. It is nil where there is none.
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
	if _, err := os.Lstat(filepath.Join(dir, misspelt)); err == nil {
		return nil, &Error{[]string{fmt.Sprintf("%s is not read: call it %s", f.show(filepath.Join(dir, misspelt)), FileName)}}
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

// maxFile is far more than anyone writes.
const maxFile = 1 << 20

// Open reads a file. An Error says that something in it is wrong.
func (f *Finder) Open(path string) (*File, error) {
	if f.May != nil {
		if err := f.May(path); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{[]string{path + ": there is no such file"}}
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &Error{[]string{path + ": not a file"}}
	case info.Size() > maxFile:
		return nil, &Error{[]string{fmt.Sprintf("%s: %d bytes, at most %d are read", path, info.Size(), maxFile)}}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Read(path, text, f.Rules)
}
