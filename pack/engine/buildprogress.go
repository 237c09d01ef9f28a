package engine

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A buildProgress reads what go prints while it builds a program, and says from time to time how far that is.
type buildProgress struct {
	name  string
	to    io.Writer
	every time.Duration

	mu         sync.Mutex
	begun      time.Time
	rest       string          // of a line without its end
	other      strings.Builder // what is neither a download nor the name of a package
	downloads  int
	compiled   int
	packages   int    // 0: not known yet
	lastModule string // that is downloaded
}

func newBuildProgress(name string, to io.Writer) *buildProgress {
	return &buildProgress{name: name, to: to, every: 10 * time.Second, begun: time.Now()}
}

// Write takes what go prints.
func (p *buildProgress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest += string(text)
	for {
		line, rest, ok := strings.Cut(p.rest, "\n")
		if !ok {
			return len(text), nil
		}
		p.rest = rest
		p.line(line)
	}
}

func (p *buildProgress) line(line string) {
	const most = 64 << 10
	module, isDownload := strings.CutPrefix(line, "go: downloading ")
	switch {
	case isDownload:
		p.downloads++
		p.lastModule = module
	case line != "" && !strings.ContainsAny(line, " \t:#"):
		p.compiled++
	case p.other.Len() < most:
		p.other.WriteString(line + "\n")
	}
}

// compile says that all is downloaded, and how many packages there are.
func (p *buildProgress) compile(packages int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packages = packages
}

// said returns what go has printed besides progress.
func (p *buildProgress) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.other.String() + p.rest
}

func (p *buildProgress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.begun).Round(time.Second)
	switch {
	case p.packages > 0:
		return fmt.Sprintf("building %s: packages compiled: %d of at most %d, %s so far", p.name, p.compiled, p.packages, took)
	case p.downloads > 0:
		return fmt.Sprintf("building %s: modules downloaded: %d, now %s, %s so far", p.name, p.downloads-1, p.lastModule, took)
	}
	return fmt.Sprintf("building %s: looking for its modules, %s so far", p.name, took)
}

// show prints a line from time to time, until the function that it returns is called.
func (p *buildProgress) show() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				fmt.Fprintln(p.to, p)
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
