package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/scaffold"
	"github.com/seedpack/seedpack/seed"
)

// ownFiles are what a directory has before it is made a job.
type ownFiles struct {
	path       string            // of the Dockerfile; empty: there is none
	text       []byte            // of the Dockerfile
	dockerfile *dockerfile.Image // nil if it cannot be read
	uses       []ownUse          // variables that scripts read
}

// An ownUse is a variable that a script reads.
type ownUse struct {
	name string
	at   string // PATH:LINE
}

// Limits for what is searched for variables.
const (
	maxScripts    = 200
	maxScriptSize = 1 << 20
)

// readOwn reads the Dockerfile of a directory, and its scripts.
func readOwn(p *Process, dir string) (*ownFiles, error) {
	own := &ownFiles{}
	if path, ok := job.Dockerfile(dir); ok {
		own.path = path
		if err := p.roots.Check(path); err != nil {
			return nil, err
		}
		text, err := disk.ReadFile(path, disk.MaxText)
		if err != nil {
			return nil, err
		}
		own.text = text
		if image, err := dockerfile.Read(text); err == nil {
			own.dockerfile = image
		}
		if err := own.readScripts(dir); err != nil {
			return nil, err
		}
	}
	return own, nil
}

// readScripts looks for variables in the scripts of a directory and of those below it.
func (o *ownFiles) readScripts(dir string) error {
	seen, n := map[string]bool{}, 0
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return err
		case e.IsDir() && path != dir && (strings.HasPrefix(e.Name(), ".") || slices.Contains([]string{"node_modules", "venv", "test", "tests"}, e.Name())):
			return filepath.SkipDir
		case !e.Type().IsRegular():
			return nil
		case n == maxScripts:
			return filepath.SkipAll
		}
		info, err := e.Info()
		if err != nil || info.Size() > maxScriptSize {
			return nil
		}
		n++
		text, err := disk.ReadFile(path, maxScriptSize)
		if err != nil {
			return nil // what cannot be read proposes nothing
		}
		for _, use := range scaffold.Variables(e.Name(), text) {
			if !seen[use.Name] && (o.dockerfile == nil || !slices.Contains(o.dockerfile.Env, use.Name)) {
				seen[use.Name] = true
				o.uses = append(o.uses, ownUse{use.Name, fmt.Sprintf("%s:%d", path, use.Line)})
			}
		}
		return nil
	})
}

// ignore returns the .dockerignore of a job with its own Dockerfile; none if there is one.
func (o *ownFiles) ignore(dir string) []scaffold.File {
	if exists(o.path + ".dockerignore") {
		return nil // it is read instead of .dockerignore
	}
	return scaffold.Ignore(o.text, func(name string) bool { return exists(filepath.Join(dir, name)) })
}

// program returns the words that start the job, which the command of a manifest must repeat if there is no ENTRYPOINT.
func (o *ownFiles) program() []string {
	if o.dockerfile == nil || len(o.dockerfile.Entrypoint) > 0 {
		return nil
	}
	if o.dockerfile.CmdShell && len(o.dockerfile.Cmd) > 0 {
		return strings.Fields(o.dockerfile.Cmd[0])
	}
	return o.dockerfile.Cmd
}

// undeclared returns the variables that a manifest does not declare.
func (o *ownFiles) undeclared(m *seed.Manifest) (all []ownUse) {
	declared := map[string]bool{}
	face := &m.Job.Interface
	for _, x := range face.Inputs.Files {
		declared[seed.Variable(x.Name)] = true
	}
	for _, x := range face.Inputs.JSON {
		declared[seed.Variable(x.Name)] = true
	}
	for _, x := range face.Settings {
		declared[seed.Variable(x.Name)] = true
	}
	for _, use := range o.uses {
		if !declared[use.name] {
			all = append(all, use)
		}
	}
	return all
}

// propose says what the files of the job ask of a manifest that it does not have.
func (o *ownFiles) propose(p *Process, m *seed.Manifest) {
	if o.path == "" {
		return
	}
	if image := o.dockerfile; image != nil {
		starts := "ENTRYPOINT " + jsonWords(image.Entrypoint)
		switch {
		case len(image.Entrypoint) == 0 && len(image.Cmd) == 0:
			starts = "neither ENTRYPOINT nor CMD, so that its base image says what is started"
		case len(image.Entrypoint) == 0:
			starts = "CMD " + jsonWords(image.Cmd) + ", which the command of the manifest replaces"
		}
		user := "no USER: it runs as root here, and executors may run it as another user"
		if image.User != "" {
			user = "USER " + image.User
		}
		sayf(p.Stdout, "%s has %s, and %s", o.path, starts, user)
	}
	for _, use := range o.undeclared(m) {
		sayf(p.Stdout, "%s uses %s, which the manifest does not declare: --input %[2]s, --json-input %[2]s or --setting %[2]s adds it", use.at, use.name)
	}
}

// jsonWords returns words as the exec form of a Dockerfile has them.
func jsonWords(all []string) string {
	quoted := make([]string, len(all))
	for i, word := range all {
		quoted[i] = strconv.Quote(word)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
