//go:build linux

package main

import (
	"errors"
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
	shown   *forwarder
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

// run takes what the job prints, and redacts the secrets in it. A reader of the progress that is slow, or reads nothing, holds up
// neither the job nor the report.
func (c *capture) run(show io.Writer) {
	c.shown = forward(show)
	defer close(c.done)
	defer c.shown.end()
	buf := make([]byte, chunkSize)
	for {
		n, err := c.read.Read(buf)
		c.excerpt.Total += int64(n)
		c.take(c.hiding.Next(buf[:n]))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.drain(buf)
		}
		if err != nil {
			c.take(c.hiding.End())
			return
		}
	}
}

// drain takes what is in the pipe and has not been read in time. It does not wait for more.
func (c *capture) drain(buf []byte) {
	raw, err := c.read.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		for left := pipeSize; left > 0; {
			n, err := syscall.Read(int(fd), buf[:min(left, len(buf))])
			if n <= 0 || err != nil {
				return
			}
			left -= n
			c.excerpt.Total += int64(n)
			c.take(c.hiding.Next(buf[:n]))
		}
	})
}

func (c *capture) take(chunk []byte) {
	c.shown.add(chunk)
	n := min(len(chunk), wire.ExcerptSize-len(c.excerpt.Head))
	c.excerpt.Head = append(c.excerpt.Head, chunk[:n]...)
	if chunk = chunk[n:]; len(chunk) > wire.ExcerptSize {
		chunk = chunk[len(chunk)-wire.ExcerptSize:]
	}
	if c.tail = append(c.tail, chunk...); len(c.tail) > 8*wire.ExcerptSize {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-wire.ExcerptSize:]...)
	}
}

// finish waits for the end of the stream, which comes when the last process has ended. Neither a process that cannot be killed nor a
// reader of the progress must delay the report.
func (c *capture) finish(limit time.Duration) wire.Excerpt {
	select {
	case <-c.done:
	case <-time.After(limit):
		_ = c.read.SetReadDeadline(time.Now())
		<-c.done
	}
	select {
	case <-c.shown.done:
	case <-time.After(limit):
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
