package policy

import (
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/diag"
)

// A Chooser knows the policy of each manifest: that of the nearest policy file, and of the command line, which wins. It is
// not to be used by several goroutines.
type Chooser struct {
	Flags  diag.Policy // of the command line; FailOn is Unset if it does not say
	Finder Finder
	File   *File // for all manifests; nil: the nearest of each
	None   bool  // no file counts
}

// For returns the policy of a manifest. An image, or standard input, is judged as a file in the working directory. The policy
// holds for all that is found on the way of its job. An Error says that something in a policy file is wrong.
func (c *Chooser) For(path string) (diag.Policy, error) {
	if c.None {
		return c.Flags, nil
	}
	abs, isFile, err := absolute(path)
	if err != nil {
		return diag.Policy{}, err
	}
	file := c.File
	if file == nil {
		if file, err = c.Finder.Find(filepath.Dir(abs)); err != nil {
			return diag.Policy{}, err
		}
	}
	if file == nil {
		return c.Flags, nil
	}
	name := path
	if isFile {
		if name, err = relativeTo(file.Path, abs); err != nil {
			return diag.Policy{}, err
		}
	}
	found, err := file.For(name)
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
func absolute(path string) (abs string, isFile bool, err error) {
	if _, err := os.Stat(path); err != nil {
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
