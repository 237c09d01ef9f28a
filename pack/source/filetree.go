package source

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"path"
	"slices"
	"strings"
)

// Bounds of a comparison of two images. They are more than images have, and keep it below 256 MiB of memory: a path takes about 90
// bytes. A hostile layer could list any number.
const (
	maxCompared  = 6_000_000 // of all layers that are read
	maxNodes     = 2_200_000 // files and directories of both images, each path once
	maxNameBytes = 48 << 20  // of all names in directories
	maxPath      = 4096      // bytes, as on Linux
	maxNumber    = 1<<16 - 1 // layers
)

// A fileTree is what some layers make of the roots of two images. Each path is there once, with what it is in both. It holds no
// pointers, so that a million files are no work for the garbage collector.
type fileTree struct {
	nodes     [][]treeNode
	count     int
	arena     [][]byte // names
	nameBytes int
	index     []uint32 // a hash table of nodes; 0: free. The root is in none
	seed      maphash.Seed

	entries int
	skipped int         // layers so far that were not read, and that both images have
	layers  [2][]uint16 // of each side: for the number of each layer that was read, how many were skipped before
	buffer  []byte
	content hash.Hash
}

// A treeNode is a path.
type treeNode struct {
	parent, name uint32
	sides        [2]nodeState
}

// A nodeState is what the layers of one image make of a path. Layers have numbers from 1; 0 is none.
type nodeState struct {
	facts   [16]byte // a digest of what counts of the file
	layer   uint16   // the last one that has the file
	cleared uint16   // the last one that removed the path, and what lay below it
	opaque  uint16   // the last one that removed what lay below the path
	above   uint16   // the last one that has a file below the path
	dir     bool
}

func newFileTree() *fileTree {
	t := &fileTree{seed: maphash.MakeSeed(), index: make([]uint32, 1<<10), buffer: make([]byte, 64<<10), content: sha256.New()}
	t.layers = [2][]uint16{{0}, {0}}
	t.nodes = append(t.nodes, make([]treeNode, nodeChunk)) // the root is 0
	t.count = 1
	return t
}

// Nodes and names lie in chunks, so that none is copied when there are more.
const (
	nodeChunk = 1 << 12
	nameChunk = 1 << 16
)

func (t *fileTree) node(id uint32) *treeNode { return &t.nodes[id/nodeChunk][id%nodeChunk] }

// name returns a name in the arena: its length in two bytes, and its bytes.
func (t *fileTree) name(at uint32) []byte {
	chunk := t.arena[at/nameChunk][at%nameChunk:]
	n := int(chunk[0])<<8 | int(chunk[1])
	return chunk[2 : 2+n]
}

// keep puts a name into the arena.
func (t *fileTree) keep(name string) uint32 {
	n := len(t.arena) - 1
	if n < 0 || len(t.arena[n])+2+len(name) > nameChunk {
		t.arena, n = append(t.arena, make([]byte, 0, nameChunk)), n+1
	}
	at := uint32(n*nameChunk + len(t.arena[n]))
	t.arena[n] = append(append(t.arena[n], byte(len(name)>>8), byte(len(name))), name...)
	t.nameBytes += len(name)
	return at
}

func (t *fileTree) hash(parent uint32, name string) uint64 {
	h := maphash.String(t.seed, name) + uint64(parent)*0x9E3779B97F4A7C15
	return h ^ h>>29
}

// child returns the node of a name in a directory, and makes it if there is none.
func (t *fileTree) child(parent uint32, name string) (uint32, error) {
	slot := t.slot(parent, name)
	if id := t.index[slot]; id != 0 {
		return id, nil
	}
	if t.count == maxNodes || t.nameBytes > maxNameBytes {
		return 0, fmt.Errorf("too many files to compare: the layers that differ have more than %d files and directories, or names of more than %d MiB", maxNodes, maxNameBytes>>20)
	}
	id := uint32(t.count)
	if t.count++; int(id/nodeChunk) == len(t.nodes) {
		t.nodes = append(t.nodes, make([]treeNode, nodeChunk))
	}
	*t.node(id) = treeNode{parent: parent, name: t.keep(name)}
	if t.index[slot] = id; t.count*4 > len(t.index)*3 {
		t.grow()
	}
	return id, nil
}

// slot returns the place of a name in the hash table: its own, or a free one.
func (t *fileTree) slot(parent uint32, name string) uint64 {
	mask := uint64(len(t.index) - 1)
	for at := t.hash(parent, name) & mask; ; at = (at + 1) & mask {
		id := t.index[at]
		if id == 0 || t.node(id).parent == parent && string(t.name(t.node(id).name)) == name {
			return at
		}
	}
}

func (t *fileTree) grow() {
	t.index = make([]uint32, 2*len(t.index))
	for id := uint32(1); id < uint32(t.count); id++ {
		n := t.node(id)
		t.index[t.slot(n.parent, string(t.name(n.name)))] = id
	}
}

// at returns the node of a path, and makes it if there is none. Some sides have directories above it then.
func (t *fileTree) at(name string, sides ...int) (id uint32, err error) {
	if len(name) > maxPath {
		return 0, fmt.Errorf("a path has more than %d bytes", maxPath)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		for _, side := range sides {
			t.node(id).sides[side].above = t.number(side)
		}
		if id, err = t.child(id, part); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// whiteout begins the names of files that a layer removes; opaque stands for all files of a directory.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// A hardLink is a name for a file that has another one.
type hardLink struct{ at, to uint32 }

// apply adds a layer to the roots of some sides. What it removes is of the layers below it, wherever that stands among its entries.
func (t *fileTree) apply(content io.Reader, sides []int) error {
	for _, side := range sides {
		if t.layers[side] = append(t.layers[side], uint16(min(t.skipped, maxNumber))); len(t.layers[side]) > maxNumber {
			return fmt.Errorf("the image has more than %d layers", maxNumber)
		}
	}
	var links []hardLink
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if t.entries++; t.entries > maxCompared {
			return fmt.Errorf("the layers have more than %d files", maxCompared)
		}
		if links, err = t.entry(h, r, sides, links); err != nil {
			return err
		}
	}
	t.link(links, sides)
	return nil
}

// link gives hard links what counts of their files. One may lead to another.
func (t *fileTree) link(links []hardLink, sides []int) {
	for range maxLinks {
		changed := false
		for _, link := range links {
			for _, side := range sides {
				s, facts := &t.node(link.at).sides[side], t.linked(link.to, side)
				changed = changed || s.facts != facts
				s.facts = facts
			}
		}
		if !changed {
			return
		}
	}
}

// entry adds one entry of a layer. It adds a hard link to those that are resolved later.
func (t *fileTree) entry(h *tar.Header, content io.Reader, sides []int, links []hardLink) ([]hardLink, error) {
	name := path.Clean("/" + h.Name)
	switch base := path.Base(name); {
	case name == "/":
		return links, nil
	case strings.HasPrefix(base, whiteout):
		return links, t.remove(path.Dir(name), base, sides)
	}
	id, err := t.at(name, sides...)
	if err != nil {
		return links, err
	}
	var facts [16]byte
	if h.Typeflag == tar.TypeLink {
		to, err := t.at(path.Clean("/" + h.Linkname))
		if err != nil {
			return links, err
		}
		links = append(links, hardLink{id, to})
	} else if facts, err = t.facts(h, content); err != nil {
		return links, err
	}
	for _, side := range sides {
		s := &t.node(id).sides[side]
		s.facts, s.layer, s.dir = facts, t.number(side), h.Typeflag == tar.TypeDir
		if !s.dir {
			s.opaque = s.layer
		}
	}
	return links, nil
}

// remove applies a whiteout.
func (t *fileTree) remove(dir, base string, sides []int) error {
	name := strings.TrimPrefix(base, whiteout)
	switch {
	case base == opaque:
	case name == "", name == ".", name == "..", strings.HasPrefix(name, whiteout):
		return nil // a mark of a file system, and no name of a file
	default:
		dir = path.Join(dir, name)
	}
	id, err := t.at(dir)
	if err != nil {
		return err
	}
	for _, side := range sides {
		if s := &t.node(id).sides[side]; base == opaque {
			s.opaque = t.number(side)
		} else {
			s.cleared = t.number(side)
		}
	}
	return nil
}

// number returns the number of the layer that is being read.
func (t *fileTree) number(side int) uint16 { return uint16(len(t.layers[side]) - 1) }

// linked returns the facts of the file that a hard link leads to.
func (t *fileTree) linked(to uint32, side int) [16]byte {
	if s := t.node(to).sides[side]; s.layer > 0 {
		return s.facts
	}
	return digest("link to " + t.path(to)) // a file of a layer that is not read
}

// path returns the path of a node.
func (t *fileTree) path(id uint32) string {
	var parts []string
	for ; id != 0; id = t.node(id).parent {
		parts = append(parts, string(t.name(t.node(id).name)))
	}
	slices.Reverse(parts)
	return "/" + strings.Join(parts, "/")
}

// What an image has at a path.
const (
	untouched = iota // what the layers have that are not read
	gone
	implied // a directory that no layer lists, but files in it
	present
)

// found is what an image has at a path.
type found struct {
	kind    int
	state   nodeState
	segment int // of the layer that decided it: how many layers below it are not read
	// explicit is set if a layer removed this very path, and hides if one removed what lay below this very path.
	explicit, hides bool
	// below is the last layer that removed what lay below the path, and belowSegment its segment.
	below        uint16
	belowSegment int
}

// found returns what a side has at a path. Cleared is the last layer that removed what was in the directory above.
func (t *fileTree) found(n *treeNode, side int, cleared uint16) found {
	s := n.sides[side]
	f := found{state: s, explicit: s.cleared > cleared, hides: max(s.cleared, s.opaque) > cleared}
	cleared = max(cleared, s.cleared)
	f.below = max(cleared, s.opaque)
	f.belowSegment = int(t.layers[side][f.below])
	switch {
	case s.layer > 0 && s.layer >= cleared:
		f.kind, f.segment = present, int(t.layers[side][s.layer])
	case s.above > 0 && s.above >= cleared:
		f.kind, f.segment = implied, int(t.layers[side][s.above])
	case cleared > 0:
		f.kind, f.segment = gone, int(t.layers[side][cleared])
	}
	return f
}

// facts returns a digest of what counts of an entry.
func (t *fileTree) facts(h *tar.Header, content io.Reader) ([16]byte, error) {
	owner := fmt.Sprintf("%o %d:%d %s", h.Mode&0o7777, h.Uid, h.Gid, attributes(h))
	switch h.Typeflag {
	case tar.TypeDir:
		return digest("directory " + owner), nil
	case tar.TypeSymlink:
		return digest(fmt.Sprintf("link %d:%d %s", h.Uid, h.Gid, h.Linkname)), nil
	case tar.TypeReg, tar.TypeGNUSparse:
		t.content.Reset()
		n, err := io.CopyBuffer(t.content, content, t.buffer)
		if err != nil {
			return [16]byte{}, err
		}
		return digest(fmt.Sprintf("file %d %x %s", n, t.content.Sum(nil), owner)), nil
	}
	return digest(fmt.Sprintf("%c %d,%d %s", h.Typeflag, h.Devmajor, h.Devminor, owner)), nil
}

func digest(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
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
