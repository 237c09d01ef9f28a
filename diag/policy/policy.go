// Package policy reads .seedpack.yaml, which sets the severities of findings on the manifests next to it and below it, and says
// how their jobs are built. It applies nothing: package diag applies severities, and pipeline builds.
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

// repository is in the directory in which the search for policy files ends.
const repository = ".git"

// A File is the content of a policy file. Only one goroutine may use it.
type File struct {
	Path string // the path it was opened with
	// FailOn is Unset if the file does not set it.
	FailOn diag.Severity
	Rules  map[string]diag.Severity
	Ignore []Ignore
	// Build says how the jobs below are built; nil if the file does not say it.
	Build *Build
	// BuildPaths are patterns of further files that the jobs below are built from, as those of Ignore. Nil: there are none.
	BuildPaths *patternmatcher.PatternMatcher

	has map[string]bool // the sections of the file, and build.paths
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

// sections are looked up one by one, so that a file beside a job that says how to build it hides no severities above.
const (
	failOnSection = "fail-on"
	rulesSection  = "rules"
	ignoreSection = "ignore"
	buildSection  = "build"
	pathsSection  = "build.paths"
)

// off returns the rules that are off for one manifest. The path is relative to the directory of the file, with slashes.
func (f *File) off(path string) (map[string]diag.Severity, error) {
	off := map[string]diag.Severity{}
	for _, i := range f.Ignore {
		matches, err := i.matcher.MatchesOrParentMatches(path)
		if err != nil {
			return nil, fmt.Errorf("match %q by %s: %w", path, f.Path, err)
		}
		for _, id := range i.Rules {
			if matches {
				off[id] = diag.Off
			}
		}
	}
	return off, nil
}

// A Layer is a policy file as one manifest sees it.
type Layer struct {
	File *File
	Name string // of the manifest, relative to the directory of the file, with slashes
}

// Of returns the policy of a manifest from the files beside it and above, the nearest first. Each section comes from the
// nearest file that has it.
func Of(layers []Layer) (diag.Policy, error) {
	var p diag.Policy
	if l := nearest(layers, failOnSection); l != nil {
		p.FailOn = l.File.FailOn
	}
	if l := nearest(layers, rulesSection); l != nil {
		p.Rules = l.File.Rules
	}
	l := nearest(layers, ignoreSection)
	if l == nil {
		return p, nil
	}
	off, err := l.File.off(l.Name)
	if err != nil || len(off) == 0 {
		return p, err
	}
	return p.With(off), nil
}

// nearest returns the first file that has a section, or nil.
func nearest(layers []Layer, section string) *Layer {
	for i := range layers {
		if layers[i].File.has[section] {
			return &layers[i]
		}
	}
	return nil
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

	found map[string][]*File // by directory
}

// Find returns the files in an absolute directory and above it, the nearest first. The search ends at the root of a
// repository, which holds .git, or at the root of the file system.
func (f *Finder) Find(dir string) ([]*File, error) {
	if files, ok := f.found[dir]; ok {
		return files, nil
	}
	files, err := f.look(dir)
	if err != nil {
		return nil, err
	}
	if f.found == nil {
		f.found = map[string][]*File{}
	}
	f.found[dir] = files
	return files, nil
}

func (f *Finder) look(dir string) ([]*File, error) {
	var files []*File
	path := f.show(filepath.Join(dir, FileName))
	switch _, err := os.Lstat(path); {
	case err == nil:
		if err := disk.CheckLink(path, disk.Checkout(dir)); err != nil {
			return nil, &Error{[]string{path + ": " + err.Error()}}
		}
		file, err := f.Open(path)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case exists(filepath.Join(dir, misspelledName)):
		return nil, &Error{[]string{fmt.Sprintf("%s is not read: call it %s", f.show(filepath.Join(dir, misspelledName)), FileName)}}
	}
	if exists(filepath.Join(dir, repository)) || dir == filepath.Dir(dir) {
		return files, nil
	}
	above, err := f.Find(filepath.Dir(dir))
	return append(files, above...), err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
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
