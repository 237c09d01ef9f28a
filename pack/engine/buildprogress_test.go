//go:build linux

package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeGo prints what go prints while it downloads and compiles. It waits in between until a line about it was shown.
const fakeGo = `#!/bin/sh
wait_for() { while ! grep -q "$1" "$SHOWN"; do sleep 0.01; done; }
case $1 in
list)
	wait_for 'looking for its modules'
	echo 'go: downloading example.com/a v1.0.0' >&2
	echo 'go: downloading example.com/b v1.2.0' >&2
	wait_for 'modules downloaded: 1, now example.com/b v1.2.0'
	printf 'a\nb\nc\n' ;;
build)
	printf 'example.com/a\nexample.com/b\n' >&2
	wait_for 'packages compiled: 2 of at most 3'
	[ -z "$FAIL" ] || { printf '# example.com/c\nc.go:1:2: undefined: x\n' >&2; exit 1; }
	printf program >out ;;
esac
`

// shownLines writes lines to a file, too, which fakeGo waits for.
type shownLines struct {
	mu   sync.Mutex
	text bytes.Buffer
	path string
}

func (s *shownLines) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(line)
	return len(line), os.WriteFile(s.path, s.text.Bytes(), 0o644)
}

func TestBuildShowsProgress(t *testing.T) {
	for _, fail := range []string{"", "1"} {
		bin, cache := dir(t, map[string]string{"go": fakeGo, "shown": ""}), t.TempDir()
		shown := &shownLines{path: filepath.Join(bin, "shown")}
		t.Setenv("SHOWN", shown.path)
		t.Setenv("FAIL", fail)
		dest, err := cachedBuildkitd(cache)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
			t.Fatal(err)
		}
		progress := newBuildProgress("buildkitd", shown)
		progress.every = 10 * time.Millisecond
		work := t.TempDir()
		err = goBuild(t.Context(), filepath.Join(bin, "go"), work, dest, progress)
		if fail == "" && err != nil {
			t.Fatal(err)
		}
		if want := "exit status 1\n# example.com/c\nc.go:1:2: undefined: x"; fail != "" && (err == nil || err.Error() != want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// The program of a release is found beside this one, also through a link to this one.
func TestBesideProgram(t *testing.T) {
	t.Parallel()
	release, bin := dir(t, map[string]string{"seedpack": "", "buildkitd_linux_amd64": "", "buildkitd_linux_arm64": ""}), t.TempDir()
	link := filepath.Join(bin, "seedpack")
	if err := os.Symlink(filepath.Join(release, "seedpack"), link); err != nil {
		t.Fatal(err)
	}
	for _, self := range []string{filepath.Join(release, "seedpack"), link} {
		if path, err := besideProgram(self); err != nil || !strings.HasPrefix(path, filepath.Join(release, "buildkitd_linux_")) {
			t.Errorf("beside %s: %q, %v", self, path, err)
		}
	}
	if path, err := besideProgram(filepath.Join(bin, "other")); path != "" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	plain := filepath.Join(bin, "buildkitd")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := besideProgram(filepath.Join(bin, "other")); err == nil || err.Error() != plain+" is there and may not be run: chmod +x "+plain {
		t.Error(err)
	}
}
