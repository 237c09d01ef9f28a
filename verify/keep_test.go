package verify

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/secret"
)

func TestHostNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, part string }{
		{"plain name.txt", "plain name.txt", "plain name.txt"},
		{"a/b%é", "a/b%é", "a%2Fb%é"},
		{"a\nb\xff\x1b[2J\\", "a%0Ab%FF%1B[2J%5C", "a%0Ab%FF%1B[2J%5C"},
		{"..", "..", "%.."},
		{"", "", "%"},
		{"\u202etxt", "%E2%80%AEtxt", "%E2%80%AEtxt"},
	}
	for _, tt := range tests {
		if got := hostPath(tt.name); got != tt.path {
			t.Errorf("path of %q: %q", tt.name, got)
		}
		if got := HostName(tt.name); got != tt.part {
			t.Errorf("name of %q: %q", tt.name, got)
		}
	}
	long := strings.Repeat("é", 200)
	if a, b := HostName(long), HostName(long+"x"); len(a) > 120 || a == b {
		t.Errorf("%q and %q", a, b)
	}
}

// A job that runs as root may write any archive.
func TestKeepHostile(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "kept")
	link := func(name, to string) wire.ArchiveEntry {
		return wire.ArchiveEntry{File: wire.File{Name: name, Mode: fs.ModeSymlink | 0o777, Link: to}}
	}
	file := func(name string) wire.ArchiveEntry {
		return wire.ArchiveEntry{File: wire.File{Name: name, Mode: fs.ModeSetuid | 0o755, Size: 1}}
	}
	var b bytes.Buffer
	for _, e := range []wire.ArchiveEntry{
		link("out", "../.."), link("abs", "/tmp"), link("here", "."), file("here/x"), file("a"), file("a"), link("a2", "a"), file("a2"),
		{File: wire.File{Name: "dev", Mode: fs.ModeDevice | 0o666}}, file("n\x1b"), file(strings.Repeat("\n", 200)), {End: true, Cut: 3},
	} {
		if _, err := e.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if e.File.Mode.IsRegular() && !e.End {
			b.WriteByte('!')
		}
	}
	c := &CaseResult{Name: "c", Outcome: &pack.Outcome{Archive: wire.NewArchive(&b), Stdout: pack.Excerpt{Head: []byte("head"), Tail: []byte("tail"), Total: 10}}}
	if err := (&Keeping{Top: dir}).save(c, []string{""}, nil); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(base, path); err == nil && !e.IsDir() {
			names = append(names, rel)
		}
		return err
	})
	if want := []string{"kept/c/outputs/a", "kept/c/outputs/a2", "kept/c/outputs/here", "kept/c/outputs/n%1B", "kept/c/stderr.txt", "kept/c/stdout.txt"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
	left := strings.Join(c.Kept.LeftOut, "\n")
	for _, want := range []string{`"out" is a link that leads out, to "../.."`, `"abs" is a link`, `"here/x" would be written through a link`, `"a" is there already`, `"a2" is there already`, `"dev" is neither`, "too long a name", "too large or too many: 3 files"} {
		if !strings.Contains(left, want) {
			t.Errorf("nothing says %s:\n%s", want, left)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "c/outputs/a"))
	if err != nil || info.Mode()&^fs.ModePerm != 0 || c.Kept.Files != 2 {
		t.Errorf("%v, %v, %d files", info, err, c.Kept.Files)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "c/stdout.txt")); string(text) != "head\n[left out here: 2 bytes]\ntail" {
		t.Errorf("%q, %v", text, err)
	}
	if text := ExcerptText(pack.Excerpt{Head: []byte("it is ***"), Total: 19}); string(text) != "it is ***" {
		t.Errorf("a mask that is shorter than its secret: %q", text)
	}
	for _, bad := range []wire.ArchiveEntry{{Dir: 1, File: file("x").File}, {Dir: 0, File: file("../x").File}} {
		var b bytes.Buffer
		if _, err := bad.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteString("!{\"end\":true}\n")
		c := &CaseResult{Name: "bad", Outcome: &pack.Outcome{Archive: wire.NewArchive(&b)}}
		if err := (&Keeping{Top: dir}).save(c, []string{""}, nil); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// What a job has left in a directory of the host is moved, and nothing of it leads out or is written through a link.
func TestKeepStaged(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir, left, mount := filepath.Join(base, "kept"), filepath.Join(base, "left"), filepath.Join(base, "mount")
	deep := left + strings.Repeat("/d", maxStagedDepth+10)
	for _, made := range []string{filepath.Join(left, "sub"), filepath.Join(left, "closed"), filepath.Join(left, "n\x1b"), deep, mount} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "sub/\xff\n", "sub/swordfish", "swordfish", "n\x1b/x", "closed/x", "n%1B"} {
		if err := os.WriteFile(filepath.Join(left, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"out": "../..", "abs": "/tmp", "inside": "sub/x", "again": "n%1B"} {
		if err := os.Symlink(to, filepath.Join(left, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]fs.FileMode{"a": fs.ModeSetuid | 0o711, "closed/x": 0} {
		if err := os.Chmod(filepath.Join(left, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(mount, "new"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(base, "target")
	c := &CaseResult{Name: "c", Outcome: &pack.Outcome{Staged: []string{left, mount}}}
	if err := (&Keeping{Top: dir, Bare: true}).save(c, []string{"", target}, secret.New("swordfish")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "a", "sub/%FF%0A": "sub/\xff\n", "sub/redacted": "sub/swordfish", "redacted": "swordfish", "closed/x": "closed/x", "n%1B/x": "n\x1b/x", "../target/new": "x"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode() != 0o711 {
		t.Errorf("%v, %v", info, err)
	}
	for name, want := range map[string]string{"inside": "sub/x", "again": "n%1B"} {
		if to, err := os.Readlink(filepath.Join(dir, name)); to != want {
			t.Errorf("%s leads to %q, %v", name, to, err)
		}
	}
	said := strings.Join(c.Kept.LeftOut, "\n")
	for _, want := range []string{`"out" is a link that leads out, to "../.."`, `"abs" is a link that leads out`, "is too deep", `"n%1B" is there already`} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %s:\n%s", want, said)
		}
	}
}
