package engine

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
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
		if path, err := besideProgram(self); path != "" || err != nil {
			return path, err
		}
	}
	cached, err := cachedBuildkitd(opt.CacheDir)
	if err != nil || isProgram(cached) {
		return cached, err
	}
	return cached, buildBuildkitd(ctx, opt, cached)
}

// besideProgram returns a buildkitd in the directory of a program, or of the file that a link to it leads to. It may have the
// name that it has in a release. It is empty if there is none.
func besideProgram(self string) (string, error) {
	dirs := []string{filepath.Dir(self)}
	if real, err := filepath.EvalSymlinks(self); err == nil && filepath.Dir(real) != dirs[0] {
		dirs = append(dirs, filepath.Dir(real))
	}
	for _, dir := range dirs {
		for _, name := range []string{"buildkitd", "buildkitd_linux_" + runtime.GOARCH} {
			path := filepath.Join(dir, name)
			if isProgram(path) {
				return path, nil
			}
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return "", fmt.Errorf("%s is there and may not be run: chmod +x %[1]s", path)
			}
		}
	}
	return "", nil
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
	if err := goBuild(ctx, goTool, dir, dest, newBuildProgress(filepath.Base(dest), opt.Log)); err != nil {
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

const buildkitdPackage = "github.com/moby/buildkit/cmd/buildkitd"

// goBuild downloads and compiles the program. It shows how far it is.
func goBuild(ctx context.Context, goTool, dir, dest string, progress *buildProgress) error {
	version := strings.TrimPrefix(filepath.Base(dest), "buildkitd-")
	defer progress.show()()
	run := func(stdout io.Writer, args ...string) error {
		cmd := exec.CommandContext(ctx, goTool, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOOS=linux", "GO111MODULE=on")
		cmd.WaitDelay = 5 * time.Second
		cmd.Stdout, cmd.Stderr = stdout, progress
		err := cmd.Run()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", err, firstLines(progress.said(), 20))
		}
		return nil
	}
	var list bytes.Buffer
	if err := run(&list, "list", "-mod=readonly", "-deps", buildkitdPackage); err != nil {
		return err
	}
	progress.compile(bytes.Count(list.Bytes(), []byte("\n")))
	return run(progress, "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -X github.com/moby/buildkit/version.Version="+version, "-o", "out", buildkitdPackage)
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
