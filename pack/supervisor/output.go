//go:build linux

package main

import (
	"io"
	"os"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/secret"
)

const (
	forwarded  = 256 << 10 // bytes that are passed on to the progress; the engine truncates much longer logs
	chunkSize  = 256 << 10
	pipeSize   = 1 << 20
	setPipeLen = 1031 // F_SETPIPE_SZ, fcntl(2)
)

// A capture reads an output stream of the job to its end. It keeps the head and the tail.
type capture struct {
	excerpt wire.Excerpt
	hiding  *secret.Stream
	done    chan struct{}
	read    *os.File
	tail    []byte
	shown   int
}

// newCapture returns the file to which the job writes. Call run to read it.
func newCapture(who *account, hidden *secret.Redactor) (*capture, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	// A job may open /dev/stdout again, which needs this permission.
	_ = w.Chown(who.uid, who.gid)
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), setPipeLen, pipeSize)
	return &capture{read: r, hiding: hidden.NewStream(), done: make(chan struct{})}, w, nil
}

// run takes what the job prints, and redacts the secrets in it.
func (c *capture) run(show io.Writer) {
	defer close(c.done)
	buf := make([]byte, chunkSize)
	for {
		n, err := c.read.Read(buf)
		c.excerpt.Total += int64(n)
		c.take(c.hiding.Next(buf[:n]), show)
		if err != nil {
			c.take(c.hiding.End(), show)
			return
		}
	}
}

func (c *capture) take(chunk []byte, show io.Writer) {
	if n := min(len(chunk), forwarded-c.shown); n > 0 {
		_, _ = show.Write(chunk[:n])
		c.shown += n
	}
	n := min(len(chunk), wire.ExcerptSize-len(c.excerpt.Head))
	c.excerpt.Head = append(c.excerpt.Head, chunk[:n]...)
	if chunk = chunk[n:]; len(chunk) > wire.ExcerptSize {
		chunk = chunk[len(chunk)-wire.ExcerptSize:]
	}
	if c.tail = append(c.tail, chunk...); len(c.tail) > 8*wire.ExcerptSize {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-wire.ExcerptSize:]...)
	}
}

// finish waits for the end of the stream, which comes when the last process has ended. A process that cannot be killed
// must not delay the report.
func (c *capture) finish(limit time.Duration) wire.Excerpt {
	select {
	case <-c.done:
	case <-time.After(limit):
		_ = c.read.SetReadDeadline(time.Now())
		select {
		case <-c.done:
		case <-time.After(limit):
			return wire.Excerpt{} // the reader is blocked when it passes output on
		}
	}
	c.excerpt.Tail = c.tail[max(len(c.tail)-wire.ExcerptSize, 0):]
	return c.excerpt
}

// leaks returns the indexes of the secrets that are in a file. It reads at most limit bytes.
func leaks(f *os.File, buf []byte, hidden *secret.Redactor, limit int64) []int {
	hiding, r := hidden.NewStream(), io.LimitReader(f, limit)
	for {
		n, err := r.Read(buf)
		hiding.Next(buf[:n])
		if err != nil {
			hiding.End()
			return hiding.Found()
		}
	}
}
