package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
)

// An engineFlags says what to build with.
type engineFlags struct {
	builders []string
	config   string
	tls      engine.TLSFiles
}

func (f *engineFlags) add(s *pflag.FlagSet) {
	defer under(s, subjectBuilder)()
	s.StringArrayVar(&f.builders, "builder", nil, "address of a BuildKit, name of a buildx builder, docker[:CONTEXT] or private; with PLATFORM[,PLATFORM]= before it, it builds for these alone; default: the first that \"seedpack doctor\" finds")
	knownWords(s, "builder", "docker", "private")
	pathVar(s, &f.config, "buildkitd-config", "", wholePath, "buildkitd.toml for the private builder")
	pathVar(s, &f.tls.CA, "builder-tls-ca", "", wholePath, "certificates to trust in a builder at tcp://")
	pathVar(s, &f.tls.Cert, "builder-tls-cert", "", wholePath, "certificate to show a builder at tcp://")
	pathVar(s, &f.tls.Key, "builder-tls-key", "", wholePath, "key of that certificate")
	s.StringVar(&f.tls.ServerName, "builder-tls-server-name", "", "name in the certificate of a builder at tcp://, when it is not the address's")
}

func (f *engineFlags) options(p *Process) (engine.Options, error) {
	if err := f.tls.Check(); err != nil {
		return engine.Options{}, exit.Usagef("--builder-tls-cert, --builder-tls-key: %w", err)
	}
	if err := disk.Check(f.tls.CA, f.tls.Cert, f.tls.Key); err != nil {
		return engine.Options{}, exit.Usage(err)
	}
	if err := (engine.DockerHost{Getenv: p.Getenv}).CheckFiles(); err != nil {
		return engine.Options{}, err
	}
	return engine.Options{Builder: strings.Join(f.builders, "\n"), TLS: f.tls, Config: f.config, CacheDir: CacheDir(p.Getenv), Getenv: p.Getenv, Log: p.Stderr},
		checkBuildkitdConfig(f.config)
}

// checkBuildkitdConfig reads the file as buildkitd will. Buildkitd takes a missing file for an empty one, and names no place
// in one that it cannot read.
func checkBuildkitdConfig(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return exit.Usagef("--buildkitd-config %s: there is no such file", path)
	case err == nil && !info.Mode().IsRegular() && path != os.DevNull:
		return exit.Usagef("--buildkitd-config %s is no regular file", path)
	}
	text, err := disk.ReadFile(path, disk.MaxText)
	if err != nil {
		return exit.Usagef("--buildkitd-config: %w", err)
	}
	var config map[string]any
	err = toml.Unmarshal(text, &config)
	if at := new(toml.DecodeError); errors.As(err, &at) {
		row, column := at.Position()
		return exit.Usagef("--buildkitd-config %s:%d:%d: %w\nwrite it as https://docs.docker.com/build/buildkit/toml-configuration/ says", path, row, column, err)
	}
	if err != nil {
		return exit.Usagef("--buildkitd-config %s: %w", path, err)
	}
	return nil
}

// CacheDir returns the directory for files that Seedpack can make again. It is empty if the environment names none.
func CacheDir(getenv func(string) string) string {
	if dir := getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "seedpack")
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "seedpack")
}

// A lazyEngine connects to an engine at its first use, so that jobs that fail before need none.
type lazyEngine struct {
	options engine.Options
	mu      sync.Mutex
	engine  *engine.Builder
	process *Process
}

func (l *lazyEngine) connect(ctx context.Context) (*engine.Builder, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine != nil {
		return l.engine, nil
	}
	l.process.useEngine(1)
	var err error
	if l.engine, err = engine.Connect(ctx, l.options); err != nil {
		l.process.useEngine(-1)
	}
	return l.engine, err
}

// several reports whether there are several nodes. It connects to none.
func (l *lazyEngine) several() bool { return engine.Several(l.options) }

// close hangs up, if it was connected.
func (l *lazyEngine) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine == nil {
		return nil
	}
	defer l.process.useEngine(-1)
	return l.engine.Close()
}

// A workFlags says how many jobs are worked on at a time, and what is shown meanwhile.
type workFlags struct {
	parallel int
	progress string
}

func (f *workFlags) add(s *pflag.FlagSet) {
	defer under(s, subjectBuilder)()
	s.IntVar(&f.parallel, "parallel", 1, "jobs to work on side by side on one builder; runs that share the machine measure less exactly")
	s.StringVar(&f.progress, "progress", "auto", "how the build is shown: auto, tty, plain or quiet")
	oneOf(s, "progress", "auto", "tty", "plain", "quiet")
}

// options returns how a build is shown beside the output of a printer.
func (f *workFlags) options(out *printer) (progress string, err error) {
	if err := pack.CheckProgress(f.progress); err != nil {
		return "", exit.Usage(err)
	}
	if !out.text() && f.progress == "auto" {
		return "plain", nil
	}
	return f.progress, nil
}
