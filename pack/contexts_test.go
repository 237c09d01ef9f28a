package pack

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
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
	variable(t, "SEEDPACK_TEST_BASE")
	e := privateEngine(t)
	repository := newRepository(t)
	repository.write("sub/committed", "by git\n")
	repository.commit(time.Unix(1700000000, 0))
	address := "git://" + gitServer(t, filepath.Dir(repository.dir)) + "/" + filepath.Base(repository.dir)
	r := request(t, "FROM busybox:1.36\nCOPY --from=extra here /\nCOPY --from=source committed /\nRUN grep -q 'a file' /here && grep -q 'by git' /committed\nCMD [\"true\"]\n", nil)
	r.BuildContexts["extra"] = dir(t, map[string]string{"here": "a file\n"})
	r.BuildContexts["source"] = address + "#" + repository.git("branch", "--show-current") + ":sub"
	if _, err := Build(t.Context(), e, r, func(context.Context, []*Candidate) error { return nil }); err != nil {
		t.Error(err)
	}
}
