// Package runtime runs images with a container engine of this machine: Docker, Podman or Apptainer. Files of the host are bound into
// the container and are not copied. The supervisor is bound in as well. So a run is limited, watched and reported as one in a build
// session of package pack.
//
// It builds nothing, and judges no run. It knows engines by their commands alone.
package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// What --with takes. BuildKit is no engine of this package: there is none then.
const (
	Auto      = "auto"
	Docker    = "docker"
	Podman    = "podman"
	Apptainer = "apptainer"
	BuildKit  = "buildkit"
)

// Names returns what --with takes, in the order in which auto tries them.
func Names() []string { return []string{Auto, Docker, Podman, Apptainer, BuildKit} }

// Options say which engine is wanted.
type Options struct {
	With string // one of Names
	// Images are IDs of images that will be asked for. Asking for them together with the first question saves time.
	Images []string
	// CacheDir holds what probes have found, for a day. Empty: each call probes.
	CacheDir string
	Getenv   func(string) string
}

// An Engine runs containers on this machine. The caller closes it.
type Engine struct {
	Name string // Docker, Podman or Apptainer

	program    string
	supervisor []byte          // the program, unpacked
	known      map[string]bool // IDs of images that it is known to have
	facts      facts
	record     string // file that remembers the facts; empty: none
	mu         sync.Mutex
	dir        string // for images of Apptainer; empty until there is one
	removeDir  func() error
}

// A Way is one engine that was tried, and what came of it.
type Way struct{ Name, Answer string }

// Find returns the engine that is wanted. With auto, it is the first that passes a probe, or nil if BuildKit must do. The ways are
// those that were tried before. If the engine is named, one that fails is an error.
func Find(ctx context.Context, opt Options) (e *Engine, before []Way, err error) {
	if !slices.Contains(Names(), opt.With) {
		return nil, nil, fmt.Errorf("--with %q must be one of %s", opt.With, strings.Join(Names(), ", "))
	}
	if opt.With == BuildKit {
		return nil, nil, nil
	}
	if opt.With != Auto {
		e, err := open(ctx, opt, opt.With)
		if err != nil {
			return nil, nil, fmt.Errorf("run with %s: %w\n--with auto takes what works here, and --with buildkit needs no container engine", opt.With, err)
		}
		return e, nil, nil
	}
	for _, name := range []string{Docker, Podman, Apptainer} {
		e, err := open(ctx, opt, name)
		if err == nil {
			return e, before, nil
		}
		if ctx.Err() != nil {
			return nil, before, context.Cause(ctx)
		}
		before = append(before, Way{name, firstLine(err.Error())})
	}
	return nil, before, nil
}

// Unlimited says why memory, processors and processes are not limited by the engine; empty if they are.
func (e *Engine) Unlimited() string { return e.facts.Unlimited }

// Close removes the files of the engine's images that are of this process alone.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dir == "" {
		return nil
	}
	e.dir = ""
	return e.removeDir()
}

// Native reports whether programs for a platform, os/arch[/variant], run on this machine without emulation. An image that names no
// platform is taken for one of this machine.
func Native(platform string) bool {
	own := "linux/" + architecture
	return platform == "unknown" || platform == own || strings.HasPrefix(platform, own+"/")
}

// podman reports whether the program is Podman, which may be called docker.
func (e *Engine) podman() bool { return e.Name == Podman || e.facts.Podman }

func (e *Engine) apptainer() bool { return e.Name == Apptainer }

// output runs a short command and returns what it prints, also if it fails. The error has the last lines of what it complains about.
func (e *Engine) output(ctx context.Context, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.program, args...)
	ownGroup(cmd)
	cmd.Stdin, cmd.WaitDelay = in, 5*time.Second
	var complaint tail
	cmd.Stderr = &complaint
	text, err := cmd.Output()
	if err != nil {
		err = e.explain(ctx, err, complaint.lines())
	}
	return strings.TrimSpace(string(text)), err
}

// explain returns an error with what the engine said.
func (e *Engine) explain(ctx context.Context, err error, said string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if said == "" {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	return errors.New(e.Name + " says: " + said)
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 2 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(b), nil
}

// lines returns the last lines, in one. Hints at the help of a command are left out.
func (t *tail) lines() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []string
	for line := range strings.Lines(string(t.text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "See '") || strings.HasPrefix(line, "Run '") || strings.Contains(line, "level=warning") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept[max(0, len(kept)-3):], "; ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
