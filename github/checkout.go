package github

import (
	"os"
	"path/filepath"
)

// A checkout is a file in the repository that holds it.
type checkout struct {
	dir  string // of the repository
	path string // of the file, relative to it, with slashes; empty when the file is in none
}

// checkoutOf finds the repository of a file. It need not be the workspace: actions/checkout has an input path.
func checkoutOf(getenv func(string) string, path string) checkout {
	abs, err := filepath.Abs(path)
	if err != nil {
		return checkout{}
	}
	if _, err := os.Lstat(abs); err != nil {
		return checkout{}
	}
	workspace := getenv("GITHUB_WORKSPACE")
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		if rel, relErr := filepath.Rel(dir, abs); relErr == nil && (err == nil || dir == workspace) {
			return checkout{dir, filepath.ToSlash(rel)}
		}
		if dir == filepath.Dir(dir) {
			return checkout{}
		}
	}
}

// Locate returns the path of a file in the repository that holds it, relative to the repository's root with slashes. It is
// empty for a file that is in no repository.
func Locate(getenv func(string) string, path string) string { return checkoutOf(getenv, path).path }
