package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/seedpack/seedpack/catalogue"
	"github.com/seedpack/seedpack/diag"
)

// A searchProgress shows on standard error how far a search is. On a terminal it is one line that changes, elsewhere a line
// now and then.
type searchProgress struct {
	w        io.Writer
	terminal bool
	columns  int // of the terminal; 0 if it does not say
	interval time.Duration
	last     time.Time
	shown    string
	now      catalogue.Progress
}

func newSearchProgress(p *Process) *searchProgress {
	columns, terminal := terminal(p.Stderr)
	s := &searchProgress{w: p.Stderr, terminal: terminal, columns: columns, interval: 30 * time.Second, last: time.Now()}
	if terminal {
		s.interval = 100 * time.Millisecond
	}
	return s
}

func (s *searchProgress) show(now catalogue.Progress) {
	s.now = now
	if time.Since(s.last) >= s.interval {
		s.last = time.Now()
		s.write()
	}
}

func (s *searchProgress) write() {
	text := fmt.Sprintf("%s, %d ending in -seed; %d of %s read, %d with a manifest",
		diag.Count(s.now.Repositories, "repository"), s.now.Candidates, s.now.Read, diag.Count(s.now.Tags, "image"), s.now.Images)
	if s.terminal {
		if s.columns > 0 && len(text) > s.columns {
			text = text[:s.columns] // a line that wraps cannot be written over
		}
		fmt.Fprintf(s.w, "\r%-*s", len(s.shown), text)
		s.shown = text
		return
	}
	fmt.Fprintln(s.w, text)
}

// end shows the last state, so that the numbers are in the log.
func (s *searchProgress) end() {
	s.write()
	if s.terminal {
		fmt.Fprintln(s.w)
	}
}
