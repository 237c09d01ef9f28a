package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Given are a user's own values for one run, by the names of the manifest. Paths may be anywhere on the host.
type Given struct {
	Inputs   map[string][]string // a file; for a multiple input also directories, patterns and several of them
	JSON     map[string]string   // the value as JSON; for an input of type string also its characters
	Settings map[string]string
	Mounts   map[string]string // directories
}

// Case returns a run of the job with these values. It makes nothing up. The error names each value that is missing, of
// the wrong type, or not in the manifest.
func (g *Given) Case(m *seed.Manifest) (Case, error) {
	c := Case{}
	c.init()
	face := &m.Job.Interface
	errs := g.unknown(face)
	for _, in := range face.Inputs.Files {
		paths, given := g.Inputs[in.Name]
		if !given {
			errs = append(errs, missing(in.Required, "input", in.Name, "-i "+in.Name+"=FILE"))
			continue
		}
		files, err := givenFiles(&in, paths)
		errs = append(errs, err)
		c.Inputs[in.Name] = files
	}
	for _, in := range face.Inputs.JSON {
		text, given := g.JSON[in.Name]
		if !given {
			errs = append(errs, missing(in.Required, "JSON input", in.Name, "-j "+in.Name+"="+madeJSON(in.Type)))
			continue
		}
		value, err := givenJSON(&in, text)
		errs = append(errs, err)
		c.JSON[in.Name] = value
	}
	for _, s := range face.Settings {
		value, given := g.Settings[s.Name]
		if !given {
			errs = append(errs, missing(true, "setting", s.Name, "-e "+s.Name+"=VALUE"))
		}
		c.Settings[s.Name] = value
	}
	for _, mount := range face.Mounts {
		dir, given := g.Mounts[mount.Name]
		if !given {
			errs = append(errs, missing(true, "mount", mount.Name, "-m "+mount.Name+"=DIR"))
			continue
		}
		host, err := givenDir(mount.Name, dir)
		errs = append(errs, err)
		c.Mounts[mount.Name] = Mount{Host: host, Writable: mount.Mode == "rw"}
	}
	return c, errors.Join(errs...)
}

func missing(required bool, kind, name, flag string) error {
	if !required {
		return nil
	}
	return fmt.Errorf("%s %q is missing: give it with %s", kind, name, flag)
}

// unknown returns an error for each name that the manifest does not have.
func (g *Given) unknown(face *seed.Interface) (errs []error) {
	check := func(kind string, given, known []string) {
		for _, name := range given {
			if !slices.Contains(known, name) {
				has := "it has none"
				if len(known) > 0 {
					has = "it has " + diag.QuoteFew(diag.ByDistance(name, known))
				}
				errs = append(errs, fmt.Errorf("the manifest has no %s %q, %s", kind, name, has))
			}
		}
	}
	check("input", slices.Sorted(maps.Keys(g.Inputs)), memberNames(face.Inputs.Files, func(v seed.InputFile) string { return v.Name }))
	check("JSON input", slices.Sorted(maps.Keys(g.JSON)), memberNames(face.Inputs.JSON, func(v seed.InputJSON) string { return v.Name }))
	check("setting", slices.Sorted(maps.Keys(g.Settings)), memberNames(face.Settings, func(v seed.Setting) string { return v.Name }))
	check("mount", slices.Sorted(maps.Keys(g.Mounts)), memberNames(face.Mounts, func(v seed.Mount) string { return v.Name }))
	return errs
}

func memberNames[T any](all []T, name func(T) string) (names []string) {
	for _, v := range all {
		names = append(names, name(v))
	}
	return names
}

func givenFiles(in *seed.InputFile, paths []string) (files []InputFile, err error) {
	for _, p := range paths {
		found, err := givenPath(in, p)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", in.Name, err)
		}
		files = append(files, found...)
	}
	if len(files) > 1 && !in.Multiple {
		return nil, fmt.Errorf("input %q takes one file, %d are given: it is not multiple", in.Name, len(files))
	}
	seen := map[string]string{}
	for _, f := range files {
		if other, twice := seen[f.Name]; twice {
			return nil, fmt.Errorf("input %q: %s and %s have one name, and would lie in one directory", in.Name, other, f.Host)
		}
		seen[f.Name] = f.Host
	}
	return files, nil
}

// givenPath returns a file, the files of a directory, or the files that a pattern matches.
func givenPath(in *seed.InputFile, p string) (files []InputFile, err error) {
	names := []string{p}
	info, err := os.Stat(p)
	switch {
	case err == nil && info.IsDir() && !in.Multiple:
		return nil, fmt.Errorf("%s is a directory, it takes one file", p)
	case err == nil && info.IsDir():
		entries, err := os.ReadDir(p)
		if err != nil {
			return nil, err
		}
		names = nil
		for _, e := range entries {
			names = append(names, filepath.Join(p, e.Name()))
		}
	case errors.Is(err, fs.ErrNotExist) && in.Multiple && strings.ContainsAny(p, "*?["):
		if names, err = filepath.Glob(p); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: an input must be one", p)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		host, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		files = append(files, InputFile{Name: containerName(filepath.Base(name)), Host: host, Size: info.Size()})
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s gives no files", p)
	}
	return files, nil
}

// givenJSON accepts JSON. For an input of type string, it also accepts plain characters.
func givenJSON(in *seed.InputJSON, text string) (json.RawMessage, error) {
	value := json.RawMessage(text)
	if in.Type == "string" && (!json.Valid(value) || seed.TypeOf(value) != "string") {
		value = compact(text)
	}
	if !json.Valid(value) {
		return nil, fmt.Errorf("JSON input %q is not JSON: %s", in.Name, strconv.Quote(diag.Brief(value)))
	}
	if !seed.HasType(value, in.Type) {
		return nil, fmt.Errorf("JSON input %q is %s, it should be of type %s", in.Name, diag.Brief(value), in.Type)
	}
	return value, nil
}

func givenDir(name, dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("mount %q: %w", name, err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("mount %q: %s is no directory", name, dir)
	}
	return filepath.Abs(dir)
}
