package source

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxFiles is more than an image has. A hostile layer could list any number.
const maxFiles = 3_000_000

// A FileDifference is the paths that differ between the merged roots of two images, each list sorted.
type FileDifference struct{ Added, Removed, Changed []string }

// DifferentFiles compares the merged roots of two images: path, content, mode, owner and link. The order and the times of
// files mean nothing. It reads no layer of those that both images begin with. Of what lies in them, a file that only one image
// writes again counts as different.
func DifferentFiles(old, new Platform) (*FileDifference, error) {
	was, err := old.Image.Layers()
	if err != nil {
		return nil, err
	}
	is, err := new.Image.Layers()
	if err != nil {
		return nil, err
	}
	shared := sharedLayers(old.Config.RootFS.DiffIDs, new.Config.RootFS.DiffIDs)
	a, err := mergeLayers(was[min(shared, len(was)):], shared > 0)
	if err != nil {
		return nil, err
	}
	b, err := mergeLayers(is[min(shared, len(is)):], shared > 0)
	if err != nil {
		return nil, err
	}
	d := &FileDifference{}
	d.compare("", a.root, b.root, shared > 0)
	return d, nil
}

// sharedLayers returns how many layers both images begin with.
func sharedLayers(a, b []v1.Hash) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// A fileTree is what some layers make of a root.
type fileTree struct {
	root  *fileNode
	count int
	// below is true if the layers lie on others, which are not read.
	below bool
}

// A fileNode is a file or a directory.
type fileNode struct {
	facts    string // what counts of it; empty for a directory that no layer lists
	children map[string]*fileNode
	// gone are the files of the layers below that are removed. Opaque is true if all of a directory are.
	gone   map[string]bool
	opaque bool
}

// mergeLayers reads layers, the lowest first.
func mergeLayers(layers []v1.Layer, below bool) (*fileTree, error) {
	t := &fileTree{root: &fileNode{}, below: below}
	for _, layer := range layers {
		id, err := layer.DiffID()
		if err != nil {
			return nil, err
		}
		content, err := layer.Uncompressed()
		if err != nil {
			return nil, err
		}
		err = t.apply(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return nil, fmt.Errorf("read layer %s: %w", id, err)
		}
	}
	return t, nil
}

// whiteout begins the names of files that a layer removes; opaque stands for all files of a directory.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// apply adds a layer. What it removes is of the layers below it, wherever that stands among its entries.
func (t *fileTree) apply(content io.Reader) error {
	var removed []string
	added, links := map[string]string{}, map[string]string{}
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if t.count++; t.count > maxFiles {
			return fmt.Errorf("the image has more than %d files", maxFiles)
		}
		name := path.Clean("/" + h.Name)
		switch {
		case name == "/":
		case strings.HasPrefix(path.Base(name), whiteout):
			removed = append(removed, name)
		case h.Typeflag == tar.TypeLink:
			links[name] = path.Clean("/" + h.Linkname)
		default:
			if added[name], err = factsOf(h, r); err != nil {
				return err
			}
		}
	}
	for _, name := range removed {
		t.remove(path.Split(name))
	}
	t.add(added, links)
	return nil
}

// remove applies a whiteout.
func (t *fileTree) remove(dir, base string) {
	above := t.root.at(dir)
	if base == opaque {
		above.children, above.gone, above.opaque = nil, nil, true
		return
	}
	name := strings.TrimPrefix(base, whiteout)
	delete(above.children, name)
	if above.gone == nil {
		above.gone = map[string]bool{}
	}
	above.gone[name] = true
}

// add puts the files of a layer over those below. A hard link is the file that it leads to.
func (t *fileTree) add(added, links map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(links)) {
		target := links[name]
		for range maxLinks {
			if next, ok := links[target]; ok {
				target = next
			}
		}
		found, ok := added[target]
		if !ok {
			if found = t.root.at(target).facts; found == "" {
				found = "link to " + target // a file of a layer that is not read
			}
		}
		added[name] = found
	}
	for _, name := range slices.Sorted(maps.Keys(added)) {
		dir, base := path.Split(name)
		above := t.root.at(dir)
		n := above.at(base)
		if n.facts = added[name]; !isDirectory(n.facts) {
			n.children, n.gone = nil, nil
		}
		if above.gone[base] { // what lay in a directory of this name stays removed
			delete(above.gone, base)
			n.opaque = isDirectory(n.facts)
		}
	}
}

// at returns the node of a path below, and makes it if there is none.
func (n *fileNode) at(name string) *fileNode {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		next := n.children[part]
		if next == nil {
			next = &fileNode{}
			if n.children == nil {
				n.children = map[string]*fileNode{}
			}
			n.children[part] = next
		}
		n = next
	}
	return n
}

const directoryFacts = "directory"

func isDirectory(facts string) bool { return strings.HasPrefix(facts, directoryFacts) }

// factsOf returns what counts of an entry, as text to compare.
func factsOf(h *tar.Header, content io.Reader) (string, error) {
	owner := fmt.Sprintf("%o %d:%d %s", h.Mode&0o7777, h.Uid, h.Gid, attributes(h))
	switch h.Typeflag {
	case tar.TypeDir:
		return directoryFacts + " " + owner, nil
	case tar.TypeSymlink:
		return fmt.Sprintf("link %d:%d %s", h.Uid, h.Gid, h.Linkname), nil
	case tar.TypeReg, tar.TypeGNUSparse:
		sum := sha256.New()
		n, err := io.Copy(sum, content)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("file %d %x %s", n, sum.Sum(nil), owner), nil
	}
	return fmt.Sprintf("%c %d,%d %s", h.Typeflag, h.Devmajor, h.Devminor, owner), nil
}

// attributes returns the extended attributes of a file, such as capabilities.
func attributes(h *tar.Header) string {
	var all []string
	for name, value := range h.PAXRecords {
		if strings.HasPrefix(name, "SCHILY.xattr.") {
			all = append(all, fmt.Sprintf("%s=%q", name, value))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// compare adds what differs between two directories.
func (d *FileDifference) compare(dir string, old, new *fileNode, below bool) {
	names := slices.Collect(maps.Keys(old.children))
	names = slices.AppendSeq(names, maps.Keys(new.children))
	names = slices.AppendSeq(names, maps.Keys(old.gone))
	names = slices.AppendSeq(names, maps.Keys(new.gone))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, is := old.children[name], new.children[name]
		at := dir + "/" + name
		switch {
		case was != nil && is != nil:
			if was.facts != is.facts && was.facts != "" && is.facts != "" || was.opaque != is.opaque && below {
				d.Changed = append(d.Changed, at)
			}
			d.compare(at, was, is, below)
		case was != nil:
			if was.alone(below) {
				d.Removed = append(d.Removed, at)
			}
			d.compare(at, was, &fileNode{}, below)
		case is != nil:
			if is.alone(below) {
				d.Added = append(d.Added, at)
			}
			d.compare(at, &fileNode{}, is, below)
		case below && new.gone[name] && !old.gone[name]:
			d.Removed = append(d.Removed, at)
		case below && old.gone[name] && !new.gone[name]:
			d.Added = append(d.Added, at)
		}
	}
}

// alone reports whether a file that one image alone has is listed itself. On layers that are not read, a directory with files
// is not: layers repeat the directories above their files.
func (n *fileNode) alone(below bool) bool {
	return n.facts != "" && !(below && len(n.children)+len(n.gone) > 0)
}
