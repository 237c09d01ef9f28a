//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	forwarded  = 256 << 10 // bytes that are passed on to the progress; the engine truncates much longer logs
	chunkSize  = 256 << 10
	pipeSize   = 1 << 20
	setPipeLen = 1031 // F_SETPIPE_SZ, fcntl(2)
)

var mask = []byte("***")

// A capture reads an output stream of the job to its end. It keeps the head and the tail.
type capture struct {
	excerpt wire.Excerpt
	leaked  map[string]bool
	done    chan struct{}
	read    *os.File
	tail    []byte
	shown   int
}

// newCapture returns the file to which the job writes. Call run to read it.
func newCapture(who *account) (*capture, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	// A job may open /dev/stdout again, which needs this permission.
	_ = w.Chown(who.uid, who.gid)
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), setPipeLen, pipeSize)
	return &capture{read: r, leaked: map[string]bool{}, done: make(chan struct{})}, w, nil
}

func (c *capture) run(show io.Writer, secrets map[string][]byte) {
	defer close(c.done)
	keep := longest(secrets) - 1
	buf, pending := make([]byte, chunkSize), []byte(nil)
	for {
		n, err := c.read.Read(buf)
		c.excerpt.Total += int64(n)
		chunk := buf[:n]
		if keep > 0 {
			// The end of a chunk may be the beginning of a secret.
			pending = c.hide(append(pending, chunk...), secrets)
			cut := max(len(pending)-keep, 0)
			if err != nil {
				cut = len(pending)
			}
			chunk, pending = pending[:cut], bytes.Clone(pending[cut:])
		}
		c.take(chunk, show)
		if err != nil {
			return
		}
	}
}

// hide redacts the secrets and remembers which ones there were.
func (c *capture) hide(text []byte, secrets map[string][]byte) []byte {
	for name, value := range secrets {
		if len(value) >= wire.SecretMin && bytes.Contains(text, value) {
			c.leaked[name] = true
			text = bytes.ReplaceAll(text, value, mask)
		}
	}
	return text
}

func longest(secrets map[string][]byte) (n int) {
	for _, value := range secrets {
		if len(value) >= wire.SecretMin {
			n = max(n, len(value))
		}
	}
	return n
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

// leaks returns the secrets that are in a file. It reads overlapping parts, at most limit bytes. The buffer is longer
// than any secret.
func leaks(f *os.File, buf []byte, secrets map[string][]byte, limit int64) (found []string) {
	keep := longest(secrets) - 1
	if keep <= 0 {
		return nil
	}
	seen := &capture{leaked: map[string]bool{}}
	r := io.LimitReader(f, limit)
	for held := 0; ; {
		n, err := io.ReadFull(r, buf[held:])
		seen.hide(buf[:held+n], secrets)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || n == 0 {
			break
		}
		end := held + n
		held = min(keep, end)
		copy(buf, buf[end-held:end])
	}
	for name := range seen.leaked {
		found = append(found, name)
	}
	return found
}
