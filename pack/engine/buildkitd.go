package engine

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// buildkitdModule is the module that buildkitd is built from. BuildKit's own go.mod has exclude lines, which go install
// refuses. So its versions are pinned here.
//
//go:embed buildkitd
var buildkitdModule embed.FS

// findBuildkitd returns the path of a buildkitd: on PATH, in the directory of this program, or in the cache. If there
// is none, it builds one with go into the cache.
func findBuildkitd(ctx context.Context, opt Options) (string, error) {
	if path, err := exec.LookPath("buildkitd"); err == nil {
		return filepath.Abs(path)
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "buildkitd")
		if isProgram(beside) {
			return beside, nil
		}
	}
	cached, err := cachedBuildkitd(opt.CacheDir)
	if err != nil || isProgram(cached) {
		return cached, err
	}
	return cached, buildBuildkitd(ctx, opt, cached)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var buildkitVersion = regexp.MustCompile(`github.com/moby/buildkit (v\S+)`)

// cachedBuildkitd returns the path at which the cache keeps a buildkitd of the pinned version. There need not be one.
func cachedBuildkitd(cache string) (string, error) {
	if cache == "" {
		return "", errors.New("there is no cache directory to keep buildkitd in: set HOME or XDG_CACHE_HOME")
	}
	mod, err := buildkitdModule.ReadFile("buildkitd/go.mod.txt")
	if err != nil {
		return "", err
	}
	version := buildkitVersion.FindSubmatch(mod)
	if version == nil {
		return "", errors.New("the embedded go.mod names no version of BuildKit")
	}
	return filepath.Join(cache, "bin", "buildkitd-"+string(version[1])), nil
}

// buildBuildkitd builds the pinned buildkitd and renames it to dest, so that no incomplete program is ever found there.
func buildBuildkitd(ctx context.Context, opt Options, dest string) (err error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("there is no buildkitd: not on PATH, not beside seedpack, not in " + filepath.Dir(dest) +
			", and no go to build it with\ninstall BuildKit (https://github.com/moby/buildkit/releases) or Go, or point --builder or BUILDKIT_HOST at a BuildKit")
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(dest), ".build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := writeModule(dir); err != nil {
		return err
	}
	fmt.Fprintf(opt.Log, "building %s with go, once: this takes a few minutes\n", filepath.Base(dest))
	start := time.Now()
	if err := goBuild(ctx, goTool, dir, dest); err != nil {
		return fmt.Errorf("build buildkitd: %w", err)
	}
	fmt.Fprintf(opt.Log, "built %s in %s\n", dest, time.Since(start).Round(time.Second))
	return os.Rename(filepath.Join(dir, "out"), dest)
}

// writeModule writes the files of the module into a directory. They are embedded with the suffix .txt, so that they are
// no module within this one.
func writeModule(dir string) error {
	return fs.WalkDir(buildkitdModule, "buildkitd", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := buildkitdModule.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, strings.TrimSuffix(e.Name(), ".txt")), text, 0o644)
	})
}

func goBuild(ctx context.Context, goTool, dir, dest string) error {
	version := strings.TrimPrefix(filepath.Base(dest), "buildkitd-")
	cmd := exec.CommandContext(ctx, goTool, "build", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -X github.com/moby/buildkit/version.Version="+version,
		"-o", "out", "github.com/moby/buildkit/cmd/buildkitd")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOOS=linux", "GO111MODULE=on")
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, firstLines(output.String(), 20))
	}
	return nil
}

// firstLines returns the first n lines without those about downloads, which do not explain a failure.
func firstLines(s string, n int) string {
	var kept []string
	for sc := bufio.NewScanner(strings.NewReader(s)); sc.Scan() && len(kept) < n; {
		if !strings.HasPrefix(sc.Text(), "go: downloading ") {
			kept = append(kept, sc.Text())
		}
	}
	return strings.Join(kept, "\n")
}
