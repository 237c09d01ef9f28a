package runtime

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A watcher hears in the output of a container when the job begins and when it has ended. See clocks of package pack, which do so in
// a build session.
type watcher struct {
	nonce string
	clock pack.Clock

	mu   sync.Mutex
	show func(line string)
}

// hear takes what the supervisor says out of a line, and shows the rest.
func (w *watcher) hear(line []byte) {
	if line = w.clock.Hear(w.nonce, line); len(line) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.show(strings.TrimRight(string(line), "\r\n"))
}

// maxLine is how much of a line is shown at once. It is longer than any mark.
const maxLine = 16 << 10

// lines cuts a stream into lines for a watcher.
type lines struct {
	watcher *watcher
	tail    *tail // keeps the end of the stream; nil: nothing does
	rest    []byte
}

func (l *lines) Write(b []byte) (int, error) {
	if l.tail != nil {
		_, _ = l.tail.Write(b) // never fails
	}
	l.rest = append(l.rest, b...)
	for {
		end := bytes.IndexByte(l.rest, '\n') + 1
		if end == 0 && len(l.rest) > maxLine {
			// A mark may have begun in the end of a long line without an end.
			end = len(l.rest)
			if at := bytes.LastIndexByte(l.rest, wire.MarkStart[0]); at > 0 && end-at < maxLine/2 {
				end = at
			}
		}
		if end == 0 {
			return len(b), nil
		}
		l.watcher.hear(l.rest[:end])
		l.rest = append(l.rest[:0], l.rest[end:]...)
	}
}

// end shows what has no line end.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.watcher.hear(l.rest)
		l.rest = nil
	}
}

// shower returns a function that shows a line of the job, made safe to print.
func (r *Runner) shower() func(string) {
	p := r.Progress
	if p.Writer == nil || p.Mode == "" || p.Mode == "quiet" {
		return func(string) {}
	}
	hidden := p.Secrets.Redactor()
	return func(line string) { fmt.Fprintln(p.Writer, "[run] "+p.Escape(hidden.Hide(line))) }
}

// say tells the user about something that takes long, or that the job cannot use.
func (r *Runner) say(format string, args ...any) {
	if r.Progress.Writer != nil && r.Progress.Mode != "" && r.Progress.Mode != "quiet" {
		fmt.Fprintln(r.Progress.Writer, "seedpack: "+r.Progress.Escape(fmt.Sprintf(format, args...)))
	}
}
