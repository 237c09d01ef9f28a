//go:build linux

package main

import (
	"io"
	"sync"
)

// A forwarder passes the beginning of a stream on to the progress, beside everything else.
type forwarder struct {
	done chan struct{} // closed when all is passed on

	mu      sync.Mutex
	more    sync.Cond
	waiting []byte
	left    int // bytes that may still be added
	ended   bool
}

func forward(to io.Writer) *forwarder {
	f := &forwarder{done: make(chan struct{}), left: forwarded}
	f.more.L = &f.mu
	go func() {
		defer close(f.done)
		for chunk := f.next(); len(chunk) > 0; chunk = f.next() {
			_, _ = to.Write(chunk) // nobody need read it
		}
	}()
	return f
}

// add adds a part of the stream. What is beyond the beginning is dropped.
func (f *forwarder) add(chunk []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := min(len(chunk), f.left); n > 0 {
		f.left -= n
		f.waiting = append(f.waiting, chunk[:n]...)
		f.more.Signal()
	}
}

func (f *forwarder) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.more.Signal()
}

// next waits for what is to be passed on. It returns nil at the end.
func (f *forwarder) next() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.waiting) == 0 && !f.ended {
		f.more.Wait()
	}
	chunk := f.waiting
	f.waiting = nil
	return chunk
}
