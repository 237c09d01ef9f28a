package catalogue

import (
	"context"
	"errors"
	"sync"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// A search reads many documents at once. A hostile registry could make all of them as large as one may be. So large ones have
// turns: one at a time is read, and one at a time is worked on.
const (
	smallDocument = 256 << 10 // bytes of a manifest or a configuration
	smallText     = 32 << 10  // bytes that take little memory to work on
)

// turns are those of large documents. Reading may take a turn and then work; work takes no turn to read.
type turns struct {
	reading chan struct{} // holds a value while one is read
	working sync.Mutex
}

func newTurns() *turns { return &turns{reading: make(chan struct{}, 1)} }

// read calls get with how many bytes it may read. Size is how many are expected; 0 if that is not known. If there are more than
// in a small document, get is called once more, in its turn. It keeps the turn until it returns.
func (t *turns) read(ctx context.Context, size, small, limit int64, get func(limit int64) error) error {
	if size <= small || limit <= small {
		err := get(min(small, limit))
		var large *registry.TooLarge
		if limit <= small || !errors.As(err, &large) {
			return err
		}
	}
	select {
	case t.reading <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-t.reading }()
	return get(limit)
}

// work does what takes much memory if there is much text.
func (t *turns) work(bytes int, do func()) {
	if bytes > smallText {
		t.working.Lock()
		defer t.working.Unlock()
	}
	do()
}

// Bounds of all manifests of a catalogue: what each image may take, and all of them besides.
const (
	roomOfImage = 32 << 10 // bytes
	roomOfAll   = 32 << 20
)

// weight is about how many bytes of memory a manifest takes, as text and as values.
func weight(manifest []byte) int {
	const value, most = 64, 1 << 20 // a manifest has fewer values than bytes
	return len(manifest) + value*source.CountValues(manifest, most)
}

// fits reports whether the manifests of so many images may have that weight.
func fits(images, weight int) bool { return weight <= roomOfAll+images*roomOfImage }
