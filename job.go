package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// A job is a manifest and where it stands.
type job struct {
	path     string // of the manifest, as its user would write it; "-" for standard input
	dir      string // the job's directory, which is its build context by default; empty where the manifest is a label's
	manifest *seed.Manifest
	policy   diag.Policy // what its findings are worth
	// image was built elsewhere; nil for a job that is to be built.
	image *source.Image
	// judged is set where the image has been held to its manifest already.
	judged bool
	// unlabelled says why such an image gives no manifest, where it does not.
	unlabelled *diag.Report
}

// maxManifest is more than any label could carry: what is larger is no manifest.
const maxManifest = 16 << 20

// findManifests lists the manifests that the paths name: files as they are, directories searched, "-" for standard
// input; each once. None means the working directory. A path without manifests is a mistake in the command line.
func findManifests(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var all []string
	seen := map[string]bool{}
	for _, path := range paths {
		found, err := findUnder(path)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !seen[f] {
				seen[f] = true
				all = append(all, f)
			}
		}
	}
	return all, nil
}

func findUnder(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, exit.Usagef("%s: there is no such file or directory", path)
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return []string{path}, nil
	case !info.IsDir():
		return nil, exit.Usagef("%s is neither a file nor a directory", path)
	}
	var found []string
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && p != path && strings.HasPrefix(e.Name(), "."):
			return filepath.SkipDir
		case e.Type().IsRegular() && e.Name() == seed.ManifestFile:
			found = append(found, p)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = exit.Usagef("%s: there is no %s in it or below\nseedpack init %s writes one", path, seed.ManifestFile, path)
	}
	return found, err
}

// readJob reads and parses a manifest. What is wrong with its text is for the linter to say.
func (p *program) readJob(path string) (*job, error) {
	var r io.Reader = p.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("%s is larger than %d MiB: that is no manifest", path, maxManifest>>20)
	}
	return &job{path: path, dir: filepath.Dir(path), manifest: seed.Parse(text)}, nil
}

// readJobs reads the jobs that the paths name, each of them a directory or a manifest.
func (p *program) readJobs(paths []string) ([]*job, error) {
	found, err := findManifests(paths)
	if err != nil {
		return nil, err
	}
	var jobs []*job
	for _, path := range found {
		j, err := p.readJob(path)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// oneJob is for commands that are about a single job.
func (p *program) oneJob(args []string) (*job, error) {
	jobs, err := p.readJobs(args)
	if err != nil {
		return nil, err
	}
	if len(jobs) != 1 {
		return nil, exit.Usagef("%d jobs are found there, one must be named: give its directory or manifest", len(jobs))
	}
	return jobs[0], nil
}
