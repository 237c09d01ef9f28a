package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// checkExports refuses what several jobs, or a job that exports nothing, cannot be asked for.
func (r *packRun) checkExports(jobs []*task) error {
	if r.iidFile != "" && len(jobs) > 1 {
		return exit.Usagef("--iidfile is for one job, not for %d: --metadata-file has the IDs of all", len(jobs))
	}
	if r.iidFile != "" && r.pushWhen == "false" && len(r.outputs) == 0 {
		return exit.Usagef("--iidfile needs --push, --output or --load: an image that goes nowhere has no ID")
	}
	for _, o := range r.outputs {
		// A layout has room for many images.
		if len(jobs) > 1 && o.Load == nil && (!o.Dir || o.Type == "local") {
			return exit.Usagef("--output %s would be overwritten by each of the %d jobs: pack one at a time, or write type=oci,dest=DIR,tar=false, "+
				"which has room for all", o.Dest, len(jobs))
		}
	}
	if err := pack.CheckOutputs(r.outputs, len(r.platforms), len(r.options.Attest) > 0); err != nil {
		return exit.Usage(err)
	}
	return nil
}

// addLoad adds the Docker Engine to the outputs, where --load asks for it.
func (r *packRun) addLoad() {
	if r.load {
		r.outputs = append(r.outputs, pack.Output{Type: "docker", Dest: "the Docker Engine", Load: r.program.docker().Load, LoadInto: r.program.docker().Address()})
	}
}

// checkLoad makes sure that the Docker Engine answers before anything is built for it.
func (r *packRun) checkLoad(ctx context.Context) error {
	if !r.load || r.dryRun {
		return nil
	}
	return r.program.docker().Check(ctx)
}

// aside is the program with standard output left to an image, where one goes there: all else is said on standard error.
func (f *packFlags) aside(p *program) (*program, error) {
	for i := range f.outputs {
		if f.outputs[i].Dest != "-" {
			continue
		}
		if f.format != "text" {
			return nil, exit.Usagef("--output …,dest=- leaves no room on standard output for --format %s: write --metadata-file FILE", f.format)
		}
		if _, ok := terminal(p.stdout); ok {
			return nil, exit.Usagef("--output …,dest=- would write an image to the terminal: send it to a file or a pipe")
		}
		f.outputs[i].Stdout = p.stdout
		quiet := *p
		quiet.stdout = p.stderr
		return &quiet, nil
	}
	return p, nil
}

// writeID writes --iidfile, as docker build has it. A job that went wrong has no ID.
func (f *packFlags) writeID(all []*packed) error {
	if f.iidFile == "" || len(all) != 1 || all[0].Digest+all[0].ImageID == "" || all[0].Stopped != "" && !all[0].Skipped {
		return nil
	}
	id := all[0].ImageID
	if id == "" {
		id = all[0].Digest
	}
	return writeWhole(f.iidFile, func(w *os.File) error {
		_, err := w.WriteString(id)
		return err
	})
}

// createBeside opens a temporary file that can become the one at a path. The error is about that path.
func createBeside(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".seedpack-*")
	var wrong *fs.PathError
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("write %s: %s: %w", path, filepath.Dir(path), wrong.Err)
	}
	return f, err
}

// isDevice tells of what is there and takes bytes without being a file, such as a pipe: no file can take its place.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// checkFiles makes sure, before anything is built or even published, that what is told of it can be written.
func (r *packRun) checkFiles() error {
	if r.dryRun {
		return nil
	}
	var paths []string
	for _, o := range r.outputs {
		if o.Load == nil && !o.Dir && o.Dest != "-" {
			paths = append(paths, o.Dest)
		}
	}
	for _, path := range append(paths, r.metadataFile, r.iidFile, r.sarifFile, r.junitFile) {
		if path == "" || isDevice(path) {
			continue
		}
		f, err := createBeside(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return err
		}
	}
	return r.checkKeepDir()
}

// checkKeepDir tries to write in the directory of --keep-outputs, or where it is to be made.
func (r *packRun) checkKeepDir() error {
	if r.keepDir == "" || r.smokeMode == smokeOff {
		return nil
	}
	dir := r.keepDir
	for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".seedpack-")
	if err != nil {
		return fmt.Errorf("--keep-outputs: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, write func(*os.File) error) (err error) {
	if isDevice(path) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write %w", err)
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
