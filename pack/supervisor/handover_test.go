//go:build linux

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// What a job leaves in a directory of the host is given to the user at the end, and so is the report. The findings are about how
// the job left it.
func TestHandOver(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR" && mkdir -m 000 d && echo x >f && chmod 000 f && ln -s /etc/passwd l`)
	spec.Owner, spec.Give = "60001:60002", []string{"OUTPUT_DIR"}
	dir, o := runGiving(t, spec)
	for _, f := range o.Files {
		if f.UID != 65533 || f.Mode.Perm() != 0 && f.Name != "l" {
			t.Errorf("%s is of user %d and has mode %v", f.Name, f.UID, f.Mode)
		}
	}
	for name, mode := range map[string]os.FileMode{"out": 0o777, "out/d": 0o700, "out/f": 0o600, "out/l": 0o777, "report": 0o700, "report/report.json": 0o600} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		stat, _ := info.Sys().(*syscall.Stat_t)
		if stat.Uid != 60001 || stat.Gid != 60002 || info.Mode().Perm() != mode {
			t.Errorf("%s: %d:%d, %v", name, stat.Uid, stat.Gid, info.Mode())
		}
	}
	if info, err := os.Stat("/etc/passwd"); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("a link was followed: %v, %v", info, err)
	}
}

// The probe of an engine reads one file and makes two. What a run has left is removed.
func TestProbe(t *testing.T) {
	needsRoot(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, wire.ProbeSeen), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := probe(dir, "60001:60002"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{wire.ProbeOwn: 0, wire.ProbeGiven: 60001} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "a/b"), 0o000); err == nil || os.Getuid() == 0 {
		if err := clean(dir); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	for _, owner := range []string{"", "x:1", "1"} {
		if err := probe(dir, owner); err == nil {
			t.Errorf("owner %q is taken", owner)
		}
	}
}
