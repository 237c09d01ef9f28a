//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedpack/seedpack/secret"
)

// A progress that nobody reads holds up neither the job nor its report.
func TestUnreadProgress(t *testing.T) {
	t.Parallel()
	spec := shell(`i=0; while [ $i -lt 20000 ]; do echo 123456789; i=$((i+1)); done; echo end`)
	dir, cmd := command(t, spec)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = in
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if o := read(t, filepath.Join(dir, "report")); o.Exit != 0 || o.TimedOut || o.Stdout.Total != 200_004 || !strings.HasSuffix(string(o.Stdout.Tail), "123456789\nend\n") {
		t.Errorf("exit status %d, timed out: %v, %d bytes, with the end %.40q", o.Exit, o.TimedOut, o.Stdout.Total, o.Stdout.Tail)
	}
}

// What a job has printed is taken, even if it is not read in time and the stream does not end.
func TestFinishDrains(t *testing.T) {
	t.Parallel()
	c, w, err := newCapture(&account{uid: os.Getuid(), gid: os.Getgid()}, secret.New())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	text := strings.Repeat("0123456789", 5000)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := c.read.SetReadDeadline(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	c.run(&shown)
	if e := c.finish(time.Minute); string(e.Head)+string(e.Tail) != text || shown.String() != text {
		t.Errorf("%d bytes of %d, %d shown", len(e.Head)+len(e.Tail), len(text), shown.Len())
	}
}

// Only the beginning of a stream is passed on, in its order.
func TestForward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		f := forward(w)
		var want strings.Builder
		for i := range forwarded {
			part := strings.Repeat(string(rune('a'+i%26)), 100)
			want.WriteString(part)
			f.add([]byte(part))
		}
		f.end()
		go func() {
			<-f.done
			_ = w.Close()
		}()
		got, err := io.ReadAll(r)
		if err != nil || string(got) != want.String()[:forwarded] {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}
