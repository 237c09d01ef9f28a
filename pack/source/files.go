package source

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A FileDifference is the paths that differ between the merged roots of two images, each list sorted. A list names the first
// maxListed paths, of which the last is the last of all.
type FileDifference struct {
	Added, Removed, Changed []string
	Unlisted                Unlisted
}

// Unlisted is how many paths differ that a list does not name.
type Unlisted struct{ Added, Removed, Changed int }

// Empty reports whether no path differs.
func (d *FileDifference) Empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// An Exactness says which layers may be read to compare two images.
type Exactness int

const (
	// Differing reads the layers that one image alone has. What the others hold is not known: a file counts as different if only
	// one image writes it over them, or if both write it differently and one of the others replaces it. No difference is missed.
	Differing Exactness = iota
	// Exact reads further layers, too, if otherwise no difference were certain. So images without one are told from others.
	Exact
)

// DifferentFiles compares the merged roots of two images: path, content, mode, owner and link. The order and the times of
// files mean nothing. It reads layers that both images have only if a file lies below such a layer in one image and above it in the
// other, and as Exactness says.
func DifferentFiles(old, new Platform, how Exactness) (*FileDifference, error) {
	pair, err := newLayerPair(old, new)
	if err != nil {
		return nil, err
	}
	pass, err := pair.compare(0)
	if err != nil {
		return nil, err
	}
	unsure := func() bool { return how == Exact && !pass.Empty() && !pass.sure }
	if begin := pair.prefix(); begin < len(pair.shared) && (pass.moved || unsure()) {
		if pass, err = pair.compare(len(pair.shared) - begin); err != nil {
			return nil, err
		}
	}
	if pair.prefix() > 0 && unsure() {
		if pass, err = pair.compare(len(pair.shared)); err != nil {
			return nil, err
		}
	}
	return &pass.FileDifference, nil
}

// A layerPair is the layers of two images, the lowest first.
type layerPair struct {
	layers [2][]v1.Layer
	// shared are the layers that both have, in the same order: the index of each in both images.
	shared [][2]int
}

func newLayerPair(old, new Platform) (*layerPair, error) {
	p := &layerPair{}
	known := true
	for side, platform := range []Platform{old, new} {
		layers, err := platform.Image.Layers()
		if err != nil {
			return nil, err
		}
		p.layers[side] = layers
		known = known && len(layers) == len(platform.Config.RootFS.DiffIDs)
	}
	if known {
		p.shared = sharedLayers(old.Config.RootFS.DiffIDs, new.Config.RootFS.DiffIDs)
	}
	return p, nil
}

// prefix returns how many layers both images begin with.
func (p *layerPair) prefix() int {
	n := 0
	for n < len(p.shared) && p.shared[n] == [2]int{n, n} {
		n++
	}
	return n
}

// maxAligned is the greatest product of numbers of layers that are aligned. Images have at most some hundred.
const maxAligned = 1 << 22

// sharedLayers returns the layers that two images have in the same order, as many as there are.
func sharedLayers(a, b []v1.Hash) (shared [][2]int) {
	begin := 0
	for begin < len(a) && begin < len(b) && a[begin] == b[begin] {
		shared = append(shared, [2]int{begin, begin})
		begin++
	}
	end := 0
	for end < min(len(a), len(b))-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	x, y := a[begin:len(a)-end], b[begin:len(b)-end]
	for _, at := range longestCommon(x, y) {
		shared = append(shared, [2]int{begin + at[0], begin + at[1]})
	}
	for n := end; n > 0; n-- {
		shared = append(shared, [2]int{len(a) - n, len(b) - n})
	}
	return shared
}

// longestCommon returns the longest common subsequence of two lists, as pairs of indexes.
func longestCommon(x, y []v1.Hash) (common [][2]int) {
	if len(x)*len(y) > maxAligned {
		return nil
	}
	width := len(y) + 1
	length := make([]int32, (len(x)+1)*width) // of the common subsequence from i and j on
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			common = append(common, [2]int{i, j})
			i, j = i+1, j+1
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return common
}

// compare compares the two roots. Of the shared layers it reads the last ones: so many.
func (p *layerPair) compare(read int) (*treePass, error) {
	tree := newFileTree()
	var at [2]int
	upTo := func(to [2]int) error {
		for side := range p.layers {
			for _, layer := range p.layers[side][at[side]:to[side]] {
				if err := tree.readLayer(layer, side); err != nil {
					return err
				}
			}
			at[side] = to[side]
		}
		return nil
	}
	for n, shared := range p.shared {
		if err := upTo(shared); err != nil {
			return nil, err
		}
		if n < len(p.shared)-read {
			tree.skipped++
		} else if err := tree.readLayer(p.layers[0][shared[0]], 0, 1); err != nil {
			return nil, err
		}
		at[0], at[1] = at[0]+1, at[1]+1
	}
	if err := upTo([2]int{len(p.layers[0]), len(p.layers[1])}); err != nil {
		return nil, err
	}
	return tree.compare(), nil
}

// readLayer adds a layer to the root of one image, or of both.
func (t *fileTree) readLayer(layer v1.Layer, sides ...int) error {
	id, err := layer.DiffID()
	if err != nil {
		return err
	}
	content, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	err = t.apply(content, sides)
	if err := errors.Join(err, content.Close()); err != nil {
		return fmt.Errorf("read layer %s: %w", id, err)
	}
	return nil
}

// maxListed is how many paths a list of a FileDifference has at most.
const maxListed = 1000

// A treePass is what differs between the two roots of a tree.
type treePass struct {
	FileDifference
	// sure is set if a path differs whatever the layers hold that were not read. Moved is set if a path is equal, and such a layer
	// lies over it in one image and below it in the other.
	sure, moved bool
}

// list adds a path to a list.
func (p *treePass) list(to *[]string, path []byte) {
	if len(*to) < maxListed {
		*to = append(*to, string(path))
		return
	}
	(*to)[maxListed-1] = string(path)
	switch to {
	case &p.Added:
		p.Unlisted.Added++
	case &p.Removed:
		p.Unlisted.Removed++
	default:
		p.Unlisted.Changed++
	}
}

// compare compares the two roots.
func (t *fileTree) compare() *treePass {
	t.index = nil // no path is looked up any more
	c := &comparison{tree: t, pass: &treePass{}, last: t.skipped}
	c.children()
	root := t.node(0)
	c.directory(0, nil, [2]uint16{root.sides[0].opaque, root.sides[1].opaque})
	return c.pass
}

// A comparison walks through a tree.
type comparison struct {
	tree        *fileTree
	pass        *treePass
	last        int      // the segment over all layers that were not read
	first, next []uint32 // the children of each node: its first one, and the next of the same parent; 0: none
}

// children finds the children of each node.
func (c *comparison) children() {
	c.first, c.next = make([]uint32, c.tree.count), make([]uint32, c.tree.count)
	for id := 1; id < c.tree.count; id++ {
		above := c.tree.node(uint32(id)).parent
		c.next[id], c.first[above] = c.first[above], uint32(id)
	}
}

// directory compares what lies in a directory. Cleared is the last layer of each side that removed what was in it before.
func (c *comparison) directory(id uint32, path []byte, cleared [2]uint16) {
	var inside []uint32
	for child := c.first[id]; child != 0; child = c.next[child] {
		inside = append(inside, child)
	}
	slices.SortFunc(inside, func(a, b uint32) int {
		return bytes.Compare(c.tree.name(c.tree.node(a).name), c.tree.name(c.tree.node(b).name))
	})
	for _, child := range inside {
		n := c.tree.node(child)
		at := append(append(path, '/'), c.tree.name(n.name)...)
		was, is := c.tree.found(n, 0, cleared[0]), c.tree.found(n, 1, cleared[1])
		c.path(at, was, is, c.first[child] != 0)
		c.directory(child, at, [2]uint16{was.below, is.below})
	}
}

// path compares what both images have at a path.
func (c *comparison) path(at []byte, was, is found, hasChildren bool) {
	unread := c.tree.skipped > 0
	// Layers repeat the directories above their files. So one that is in another layer, too, may be no difference.
	listed := func(f, other found) bool { return other.kind == gone || !(unread && f.state.dir && hasChildren) }
	top := was.segment == c.last && is.segment == c.last
	dirs := was.mayBeDirectory() && is.mayBeDirectory()
	switch {
	case was.kind == present && is.kind == present && was.state.facts != is.state.facts:
		c.differs(&c.pass.Changed, at, top)
	case unread && dirs && was.hides != is.hides: // one of them hides what the layers have in it that are not read
		c.differs(&c.pass.Changed, at, false)
	case was.kind == present && is.kind == present || unread && dirs && was.hides:
		c.pass.moved = c.pass.moved || was.segment != is.segment || was.hides && was.belowSegment != is.belowSegment
	case was.kind == implied && is.kind == present && !is.state.dir, is.kind == implied && was.kind == present && !was.state.dir:
		c.differs(&c.pass.Changed, at, top)
	case was.kind == implied || is.kind == implied: // what lies in it is compared
	case was.kind == present:
		if listed(was, is) {
			c.differs(&c.pass.Removed, at, top && is.kind == gone)
		}
	case is.kind == present:
		if listed(is, was) {
			c.differs(&c.pass.Added, at, top && was.kind == gone)
		}
	case !unread:
	case was.explicit && is.explicit:
		c.pass.moved = c.pass.moved || was.segment != is.segment
	case is.explicit && was.kind == untouched:
		c.differs(&c.pass.Removed, at, false)
	case was.explicit && is.kind == untouched:
		c.differs(&c.pass.Added, at, false)
	}
}

// mayBeDirectory reports whether a path may be a directory: one that is there, or what is not read.
func (f found) mayBeDirectory() bool {
	return f.kind == untouched || f.kind == implied || f.kind == present && f.state.dir
}

// differs lists a path.
func (c *comparison) differs(to *[]string, at []byte, sure bool) {
	c.pass.list(to, at)
	c.pass.sure = c.pass.sure || sure || c.tree.skipped == 0
}
