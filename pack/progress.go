package pack

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"github.com/opencontainers/go-digest"

	"github.com/seedpack/seedpack/secret"
)

// A Progress says how to show a build. The zero value shows nothing.
type Progress struct {
	// Mode is auto, tty, plain or quiet; empty is quiet.
	Mode   string
	Writer io.Writer
	// Escape makes one line of foreign text safe to print: build logs, names of steps, warnings. It is required with
	// Writer.
	Escape func(string) string
	// Reached is called when the build has come from building to the runs of the gate ("smoke"), and to the export ("push"): behind
	// the last line of what was before, and before the first line of what follows. It is called by one goroutine at a time, and
	// not after the build has returned. Nil: nobody wants to know.
	Reached func(stage string)
	// Secrets are redacted in all that is shown or returned of a build. It may be nil.
	Secrets *secret.Set
}

// CheckProgress returns an error if a mode is unknown.
func CheckProgress(mode string) error {
	switch mode {
	case "", "auto", "tty", "plain", "quiet":
		return nil
	}
	return fmt.Errorf("progress %q must be auto, tty, plain or quiet", mode)
}

// A screen shows the builds of all nodes as one.
type screen struct {
	progress Progress
	feed     chan *client.SolveStatus
	done     chan struct{}
}

// open starts the display. The caller closes the screen.
func (p Progress) open() (*screen, error) {
	mode := progressui.DisplayMode(p.Mode)
	if p.Writer == nil || mode == "" {
		mode = progressui.QuietMode
	}
	if _, err := progressui.NewDisplay(p.Writer, mode); err != nil {
		return nil, fmt.Errorf("show progress: %w", err)
	}
	show := func(feed chan *client.SolveStatus) {
		display, err := progressui.NewDisplay(p.Writer, mode)
		if err != nil {
			for range feed { // it worked before
			}
			return
		}
		// This context is not the build's, because an interrupted build still has something to show.
		_, _ = display.UpdateFrom(context.Background(), feed)
	}
	s := &screen{progress: p, feed: make(chan *client.SolveStatus), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		if p.Reached == nil {
			show(s.feed)
			return
		}
		(&stager{progress: p, show: show}).run(s.feed)
	}()
	return s, nil
}

// close returns when the last status has been shown. No relay may be at work any more.
func (s *screen) close() {
	close(s.feed)
	<-s.done
}

// A statusRelay passes the statuses of one node's build on to the screen. It makes foreign text safe to print.
type statusRelay struct {
	statuses chan *client.SolveStatus
	log      *buildLog
	done     chan struct{}
}

// relay starts a relay. The node is the name of one of several, or empty.
func (s *screen) relay(node string, clocks *clocks) *statusRelay {
	r := &statusRelay{statuses: make(chan *client.SolveStatus), log: &buildLog{}, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		hidden := hiddenLogs{redactor: s.progress.Secrets.Redactor(), streams: map[logKey]*secret.Stream{}}
		for status := range r.statuses {
			clocks.hear(status)
			hidden.hide(status)
			r.log.add(status)
			if node != "" {
				mark(status, node)
			}
			s.progress.clean(status)
			s.feed <- status
		}
	}()
	return r
}

// wait returns when the last status has been passed on.
func (s *statusRelay) wait() { <-s.done }

// mark makes the steps of a node its own: all nodes may have the same ones. Their names begin with that of the node.
func mark(status *client.SolveStatus, node string) {
	own := func(d digest.Digest) digest.Digest { return digest.FromString(node + " " + d.String()) }
	for _, v := range status.Vertexes {
		v.Digest, v.Name = own(v.Digest), "["+node+"] "+v.Name
		for i := range v.Inputs {
			v.Inputs[i] = own(v.Inputs[i])
		}
	}
	for _, v := range status.Statuses {
		v.Vertex = own(v.Vertex)
	}
	for _, l := range status.Logs {
		l.Vertex = own(l.Vertex)
	}
	for _, w := range status.Warnings {
		w.Vertex = own(w.Vertex)
	}
}

func (p Progress) clean(status *client.SolveStatus) {
	if p.Escape == nil {
		return
	}
	for _, v := range status.Vertexes {
		v.Name, v.Error = p.lines(p.Secrets.HideAgain(v.Name)), p.lines(p.Secrets.Hide(v.Error))
	}
	for _, v := range status.Statuses {
		v.ID, v.Name = p.lines(p.Secrets.HideAgain(v.ID)), p.lines(p.Secrets.HideAgain(v.Name))
	}
	for _, l := range status.Logs {
		l.Data = []byte(p.lines(string(l.Data)))
	}
	for _, w := range status.Warnings {
		w.Short = []byte(p.lines(string(w.Short)))
		for i := range w.Detail {
			w.Detail[i] = []byte(p.lines(string(w.Detail[i])))
		}
	}
}

// lines escapes each line on its own and keeps the line ends.
func (p Progress) lines(s string) string {
	if s == "" {
		return s
	}
	parts := strings.Split(s, "\n")
	for i := range parts {
		parts[i] = p.Escape(parts[i])
	}
	return strings.Join(parts, "\n")
}

// A buildLog keeps the last output of each step. It is quoted if the step fails.
type buildLog struct {
	last map[string]string
	// failed is the digest of the step that failed.
	failed   string
	names    map[string]string
	warnings []Warning
}

// A Warning is one that the frontend has about a Dockerfile. It builds the Dockerfile all the same.
type Warning struct {
	Name        string // of BuildKit's check, such as JSONArgsRecommended; empty if it has none
	Text        string
	First, Last int // lines, from 1; 0 if they are unknown
}

// maxWarnings is more than a reader needs.
const maxWarnings = 1000

// shortWarning matches the name of a check, its message and the line, as the frontend writes them.
var shortWarning = lazy.Regexp(`(?s)^([A-Z][A-Za-z0-9]*): (.*?)(?: \(line \d+\))?$`)

func newWarning(w *client.VertexWarning) Warning {
	found := Warning{Text: string(w.Short)}
	if m := shortWarning().FindStringSubmatch(found.Text); m != nil {
		found.Name, found.Text = m[1], m[2]
	}
	for i, r := range w.Range {
		first, last := int(r.GetStart().GetLine()), int(r.GetEnd().GetLine())
		if i == 0 {
			found.First, found.Last = first, last
		}
		found.First, found.Last = min(found.First, first), max(found.Last, last)
	}
	return found
}

// found returns the warnings. There are none without a build.
func (l *buildLog) found() []Warning {
	if l == nil {
		return nil
	}
	return l.warnings
}

const logKept = 4 << 10 // bytes of each step

func (l *buildLog) add(status *client.SolveStatus) {
	if l.last == nil {
		l.last, l.names = map[string]string{}, map[string]string{}
	}
	for _, v := range status.Vertexes {
		l.names[v.Digest.String()] = v.Name
		if v.Error != "" && l.failed == "" {
			l.failed = v.Digest.String()
		}
	}
	for _, w := range status.Warnings {
		if len(l.warnings) < maxWarnings {
			l.warnings = append(l.warnings, newWarning(w))
		}
	}
	for _, e := range status.Logs {
		text := l.last[e.Vertex.String()] + string(e.Data)
		l.last[e.Vertex.String()] = text[max(0, len(text)-logKept):]
	}
}

// tail returns the last n lines of the failed step's output.
func (l *buildLog) tail(n int) []string {
	text := strings.TrimSpace(l.last[l.failed])
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}
