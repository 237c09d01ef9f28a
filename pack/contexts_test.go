package pack

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"
)

// gitServer serves the repositories below a directory at git://.
func gitServer(t *testing.T, dir string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				cmd := exec.Command("git", "daemon", "--inetd", "--export-all", "--base-path="+dir, dir)
				cmd.Stdin, cmd.Stdout, cmd.WaitDelay = conn, conn, time.Second
				_ = cmd.Run() // Build contexts are a directory, a layout under the name of an image, and a directory of a git repository.
			}()
		}
	}()
	return listener.Addr().String()
}

// Build contexts are a directory, a layout by the name of an image, and a directory of a git repository.
func TestBuildContexts(t *testing.T) {
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	e := privateEngine(t)
	repository, branch := committed(t)
	address := "git://" + gitServer(t, filepath.Dir(repository)) + "/" + filepath.Base(repository)
	r := request(t, "FROM busybox:1.36\nCOPY --from=extra here /\nCOPY --from=source committed /\nRUN grep -q 'a file' /here && grep -q 'by git' /committed\nCMD [\"true\"]\n", nil)
	r.BuildContexts["extra"] = dir(t, map[string]string{"here": "a file\n"})
	r.BuildContexts["source"] = address + "#" + branch + ":sub"
	if _, err := Build(t.Context(), e, r, func(context.Context, []*Candidate) error { return nil }); err != nil {
		t.Error(err)
	}
}

// committed returns a repository that has the file sub/committed, and the name of its branch.
func committed(t *testing.T) (path, branch string) {
	t.Helper()
	path = t.TempDir()
	if err := os.CopyFS(filepath.Join(path, "sub"), os.DirFS(dir(t, map[string]string{"committed": "by git\n"}))); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", path, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	git("add", "--all")
	git("commit", "--quiet", "-m", "change")
	return path, git("branch", "--show-current")
}
