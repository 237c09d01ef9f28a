package git

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// linkMode is the mode of a symbolic link.
const linkMode = "120000"

// maxLinks is how many links a path may lead through, as in Linux.
const maxLinks = 40

// Resolve follows the links of a commit, as a checkout of it would. It returns the path that a path leads to, which may be that of
// nothing, or an empty text if a link leads out of the repository or round in circles. An error means that the commit could not be
// read.
func (t *Tree) Resolve(name string) (string, error) {
	at, rest := ".", strings.Split(name, "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch {
		case part == "" || part == ".":
			continue
		case part == ".." && at == ".":
			return "", nil
		case part == "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		if t.blobs[next].mode != linkMode {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", nil
		}
		target, err := t.contents(next)
		if err != nil || strings.HasPrefix(string(target[next]), "/") {
			return "", err
		}
		rest = append(strings.Split(string(target[next]), "/"), rest...)
	}
	return at, nil
}

// ReadThrough is Read that follows links. Contents are by the paths that were asked for.
func (t *Tree) ReadThrough(paths ...string) (map[string][]byte, error) {
	files := map[string]string{} // by the path asked for
	for _, name := range paths {
		files[name] = name
		if t.Has(name) {
			continue
		}
		file, err := t.Resolve(name)
		if err != nil {
			return nil, err
		}
		files[name] = file
	}
	texts, err := t.Read(slices.Compact(slices.Sorted(maps.Values(files)))...)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for name, file := range files {
		if text, ok := texts[file]; ok {
			all[name] = text
		}
	}
	return all, nil
}
