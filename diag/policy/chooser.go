package policy

import (
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
)

// A Chooser knows the policy of each manifest: that of the nearest policy files, and of the command line, which wins. It also knows
// how its job is built. It is not to be used by several goroutines.
type Chooser struct {
	Flags  diag.Policy // of the command line; FailOn is Unset if it does not say
	Finder Finder
	File   *File // for all manifests; nil: the nearest of each
	None   bool  // no file counts
	// Listed has what is known to be in the directories of manifests. The disk is asked about others.
	Listed disk.Listing
	// Roots are the directories that paths are confined to, which stand in for a repository where there is none.
	Roots disk.Roots

	asked string // the path of the last question, which is often that of the next one
	known []Layer
}

// For returns the policy of a manifest. An image, or standard input, is judged as a file in the working directory. The policy
// holds for all that is found on the way of its job. An Error says that something in a policy file is wrong.
func (c *Chooser) For(path string) (diag.Policy, error) {
	layers, err := c.layers(path)
	if err != nil {
		return diag.Policy{}, err
	}
	found, err := Of(layers)
	if err != nil {
		return diag.Policy{}, err
	}
	if c.Flags.FailOn != diag.Unset {
		found.FailOn = c.Flags.FailOn
	}
	if len(c.Flags.Rules) > 0 {
		found = found.With(c.Flags.Rules)
	}
	return found, nil
}

// Build returns what the files say of the build of a job, or nil. The path is that of its manifest.
func (c *Chooser) Build(path string) (*Settings, error) {
	layers, err := c.layers(path)
	if err != nil {
		return nil, err
	}
	l := nearest(layers, buildSection)
	if l == nil {
		return nil, nil
	}
	root, err := c.rootOf(l.File.Path)
	return &Settings{Build: l.File.Build, dir: filepath.Dir(l.File.Path), root: root}, err
}

// rootOf returns the directory that the paths of a policy file stay in.
func (c *Chooser) rootOf(file string) (string, error) {
	own, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	for dir := own; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, repository)) {
			return dir, nil
		}
	}
	for _, root := range c.Roots {
		if dir, err := filepath.Abs(root); err == nil && disk.Below(dir, own) {
			return dir, nil
		}
	}
	return own, nil
}

// Paths returns the nearest file that says what the jobs below it are built from besides their own files, or nil.
func (c *Chooser) Paths(path string) (*File, error) {
	layers, err := c.layers(path)
	if l := nearest(layers, pathsSection); l != nil {
		return l.File, err
	}
	return nil, err
}

// layers returns the files that count for a manifest, the nearest first.
func (c *Chooser) layers(path string) ([]Layer, error) {
	if c.None {
		return nil, nil
	}
	if path == "" || path != c.asked {
		layers, err := c.look(path)
		if err != nil {
			return nil, err
		}
		c.asked, c.known = path, layers
	}
	return c.known, nil
}

func (c *Chooser) look(path string) ([]Layer, error) {
	abs, isFile, err := c.absolute(path)
	if err != nil {
		return nil, err
	}
	files := []*File{c.File}
	if c.File == nil {
		dir := filepath.Dir(abs)
		if isFile && c.Listed.Lacks(filepath.Dir(path), FileName, misspelledName, repository) {
			dir = filepath.Dir(dir) // there is nothing to find beside it
		}
		if files, err = c.Finder.Find(dir); err != nil {
			return nil, err
		}
	}
	layers := make([]Layer, len(files))
	for i, file := range files {
		layers[i] = Layer{file, path}
		if isFile {
			if layers[i].Name, err = relativeTo(file.Path, abs); err != nil {
				return nil, err
			}
		}
	}
	return layers, nil
}

// Each returns the policies of manifests, in their order.
func (c *Chooser) Each(paths []string) ([]diag.Policy, error) {
	all := make([]diag.Policy, len(paths))
	for i, path := range paths {
		var err error
		if all[i], err = c.For(path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// absolute returns the absolute path of a file. Anything else, such as an image or standard input, counts as a file in the
// working directory.
func (c *Chooser) absolute(path string) (abs string, isFile bool, err error) {
	if c.Listed.Has(path) {
		isFile = true
	} else if _, err := os.Stat(path); err != nil {
		abs, err = filepath.Abs("-")
		return abs, false, err
	}
	abs, err = filepath.Abs(path)
	return abs, true, err
}

// relativeTo returns a path as the patterns of a policy file see it.
func relativeTo(file, path string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(filepath.Dir(abs), path)
	return filepath.ToSlash(rel), err
}
