package job

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/seed"
)

// maxManifest is more than any label could carry: a larger file is no manifest.
const maxManifest = 16 << 20

// Read reads and parses a manifest; "-" is read from stdin. What is wrong with its text is for the linter to say. A path that
// leads out of the roots is a mistake in the command line.
func Read(path string, roots disk.Roots, stdin io.Reader) (*Job, error) {
	r, dir := stdin, "."
	if !isStdin(path) {
		if !disk.IsGiven(path) {
			dir = filepath.Dir(path)
			if err := roots.Check(path); err != nil {
				return nil, err
			}
		}
		f, err := disk.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	text, err := disk.ReadAll(r, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("%s is larger than %d MiB: that is no manifest", path, maxManifest>>20)
	}
	return &Job{Path: path, Dir: dir, Manifest: seed.Parse(text)}, nil
}

// isStdin reports whether a path is standard input, under any of its names.
func isStdin(path string) bool {
	return path == "-" || disk.IsStdin(path)
}

// ReadAll reads the jobs that the paths name. Each path is a directory or a manifest, as Find takes them.
func ReadAll(paths []string, roots disk.Roots, stdin io.Reader) ([]*Job, error) {
	found, err := Find(paths, roots)
	if err != nil {
		return nil, err
	}
	var jobs []*Job
	for _, path := range found {
		j, err := Read(path, roots, stdin)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// ReadOne reads the only job that the paths name. A directory with a manifest of its own is that job, whatever lies below it.
// Several jobs are a mistake in the command line.
func ReadOne(paths []string, roots disk.Roots, stdin io.Reader) (*Job, error) {
	if own := ownManifest(paths); own != "" {
		paths = []string{own}
	}
	jobs, err := ReadAll(paths, roots, stdin)
	if err != nil {
		return nil, err
	}
	if len(jobs) != 1 {
		return nil, exit.Usagef("%d jobs are found there, one must be named: give its directory or manifest", len(jobs))
	}
	return jobs[0], nil
}

// ownManifest returns the manifest of the only directory that the paths name; empty if it has none.
func ownManifest(paths []string) string {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	if len(paths) != 1 || IsStream(paths[0]) || !IsDirectory(paths[0]) {
		return ""
	}
	if own := filepath.Join(paths[0], seed.ManifestFile); IsFile(own) {
		return own
	}
	return ""
}
