//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

func TestInventory(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR"
echo '{"n": 1}' >seed.outputs.json
printf hello >open; printf x >closed; chmod 600 closed
mkdir dir private; echo 1 >dir/in; echo 1 >private/in; chmod 700 private
mkfifo pipe; ln -s /etc/passwd away; ln -s nowhere dead
printf a >"$(printf 'new\nline')"; printf b >"$(printf 'caf\351')"`)
	spec.Collect = []string{"seed.outputs.json", "dir/*"}
	o, _ := run(t, spec)
	if o.Exit != 0 || o.ReadTestError != "" || o.FilesCut != 0 {
		t.Fatalf("%+v", o)
	}
	var got strings.Builder
	for _, f := range o.Files {
		fmt.Fprintf(&got, "%q %v %d %v %q %v %q\n", f.Name, f.Mode, f.UID, f.ReadableByOther, f.Link, f.Collected, f.Content)
	}
	want := `"away" Lrwxrwxrwx 65533 false "/etc/passwd" false ""
"caf\xe9" -rw-r--r-- 65533 true "" false "b"
"closed" -rw------- 65533 false "" false "x"
"dead" Lrwxrwxrwx 65533 false "nowhere" false ""
"dir" drwxr-xr-x 65533 true "" false ""
"dir/in" -rw-r--r-- 65533 true "" true "1\n"
"new\nline" -rw-r--r-- 65533 true "" false "a"
"open" -rw-r--r-- 65533 true "" false "hello"
"pipe" prw-r--r-- 65533 false "" false ""
"private" drwx------ 65533 false "" false ""
"private/in" -rw-r--r-- 65533 false "" false "1\n"
"seed.outputs.json" -rw-r--r-- 65533 true "" true "{\"n\": 1}\n"
`
	if got.String() != want {
		t.Errorf("got\n%s", &got)
	}
	if o.Usage.Output != int64(len("hello"+"x"+"1\n1\n"+"ab"+"{\"n\": 1}\n")) {
		t.Errorf("output has %d bytes", o.Usage.Output)
	}
}

// The directory may be closed, and its files are not.
func TestClosedDirectory(t *testing.T) {
	for _, mode := range []os.FileMode{0o700, 0o711, 0o000} {
		spec := shell(fmt.Sprintf(`cd "$OUTPUT_DIR" && echo 1 >open && echo 1 >closed && chmod 600 closed && chmod %04o .`, mode))
		spec.User = ""
		o, _ := run(t, spec)
		if len(o.Files) != 2 || o.Files[0].ReadableByOther || !o.Files[1].ReadableByOther || o.ReadTestError != "" {
			t.Errorf("%v: %+v", mode, o)
		}
		if d := o.Directory; d.ReadableByOther || d.Mode.Perm() != mode || d.UID != 0 {
			t.Errorf("%v: %+v", mode, d)
		}
	}
}

// The smallest files are returned first, since the large ones would leave no room for them.
func TestSums(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR" && head -c 3000000 /dev/zero >a && echo 1 >b && : >c && echo x >d`)
	spec.Sum, spec.Collect, spec.CollectMax = []string{"[abc]"}, []string{"*"}, 10
	o, _ := run(t, spec)
	var got []string
	for _, f := range o.Files {
		got = append(got, fmt.Sprintf("%s %.4x %d %v", f.Name, f.Sum, len(f.Blocks)/wire.BlockSum, f.Collected))
	}
	if want := []string{"a 35bce4ea 3 false", "b 4355a46b 1 true", "c e3b0c442 0 true", "d  0 true"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A job of the user nobody may read files of nobody.
func TestReadByAnother(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR" && echo 1 >mine && chmod 600 mine && echo 1 >ours && chmod 640 ours`)
	spec.User = "65534:65534"
	o, _ := run(t, spec)
	if len(o.Files) != 2 || o.Files[0].ReadableByOther || o.Files[1].ReadableByOther {
		t.Errorf("%+v", o.Files)
	}
}

func TestManyFiles(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR" && seq 10000 | xargs touch && d=. && for i in $(seq 200); do d=$d/d; done && mkdir -p $d`)
	spec.Timeout = time.Minute
	o, _ := run(t, spec)
	if len(o.Files) < 10000 || len(o.Files) > 10200 || o.FilesCut == 0 {
		t.Errorf("%d files and %d cut", len(o.Files), o.FilesCut)
	}
}

func TestElsewhere(t *testing.T) {
	o, _ := run(t, shell(`mkdir "$ROOT/d" && printf 12345 >"$ROOT/d/cache" && ln -s x "$ROOT/link"`))
	if e := o.Elsewhere; e.Count != 2 || e.Bytes != 5 || e.Cut || len(e.Files) != 2 || filepath.Base(e.Files[0].Name) != "cache" {
		t.Errorf("%+v", e)
	}
}

// A job may make more than fits into memory: very many names, and directories that are nested very deep. What lies elsewhere counts
// all the same.
func TestElsewhereMuch(t *testing.T) {
	spec := shell(`cd "$ROOT" && mkdir many z && seq 5000 | (cd many && xargs touch) && printf 12345 >z/cache &&
mkdir deep && cd deep && i=0 && while [ $i -lt 200 ]; do mkdir d && cd d && i=$((i+1)); done && touch hidden`)
	spec.Timeout = time.Minute
	o, _ := run(t, spec)
	if e := o.Elsewhere; e.Count != 5001 || e.Bytes != 5 || !e.Cut {
		t.Errorf("exit %d: %d files with %d bytes, cut: %v", o.Exit, e.Count, e.Bytes, e.Cut)
	}
}

// Files that are dated before or after a run are not the run's. Those dated after it are of an image that was unpacked before the
// clock of the machine was put back.
func TestElsewherePeriod(t *testing.T) {
	t.Parallel()
	at := place{root: t.TempDir(), report: "/none"}
	during := at.begin()
	if err := os.WriteFile(filepath.Join(at.root, "x"), []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	during = during.end(at)
	info, err := os.Stat(filepath.Join(at.root, "x"))
	if err != nil {
		t.Fatal(err)
	}
	made := info.ModTime()
	for want, periods := range map[int][]period{
		1: {during, {made, made}, {made.Add(-time.Hour), made.Add(time.Hour)}},
		0: {{made.Add(1), made.Add(time.Hour)}, {made.Add(-time.Hour), made.Add(-1)}, {made.Add(time.Hour), made.Add(-time.Hour)}},
	} {
		for _, p := range periods {
			if found := at.elsewhere(p); found.Count != want || found.Cut {
				t.Errorf("made at %v, from %v to %v: %+v, want %d", made, p.from, p.to, found, want)
			}
		}
	}
	if left, err := os.ReadDir(at.root); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
	if p := (place{root: "/proc"}).begin().end(place{root: "/proc"}); time.Since(p.from) > time.Minute || p.to.Before(p.from) {
		t.Errorf("where nothing can be written: %v", p)
	}
}

// A job that is root may write to the path of the report, or put something else there.
func TestForgedReport(t *testing.T) {
	for _, script := range []string{
		"mkdir -p report/report.json/x", "ln -s /etc/passwd report/report.json", "rm -r report", "rm -r report && ln -s root report",
		"rm -r report && echo x >report", "mv report other && mkdir -m 0 report",
	} {
		spec := shell(`cd "$ROOT/.." && ` + script)
		spec.User = ""
		if o, _ := run(t, spec); o.Exit != 0 || o.UID != 0 {
			t.Errorf("%s: %+v", script, o)
		}
	}
}

// Large files are emptied once they are reported. Small ones, and what is no file, stay.
func TestDiscard(t *testing.T) {
	spec := shell(`cd "$OUTPUT_DIR" && head -c 9000000 /dev/zero >a && head -c 8000000 /dev/zero >b && echo 1 >c && ln -s b d && mkfifo e && ln a f && chmod 400 a`)
	spec.Discard, spec.Sum = true, []string{"a"}
	dir, o := runGiving(t, spec)
	for name, size := range map[string]int64{"a": 0, "b": 8000000, "c": 2, "f": 0} {
		info, err := os.Stat(filepath.Join(dir, "out", name))
		if err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if len(o.Files) != 6 || o.Files[0].Size != 9000000 || o.Files[0].Sum == nil || o.Usage.Output != 26000002 {
		t.Errorf("%+v", o)
	}
}

// The report of a run with directories of the host is in the one that the supervisor was given, wherever a job that is root has put it.
func TestMovedReport(t *testing.T) {
	spec := shell(`cd "$ROOT/.." && mv report moved && ln -s moved report`)
	spec.User, spec.Owner = "", "60001:60002"
	dir, _ := runGiving(t, spec)
	info, err := os.Lstat(filepath.Join(dir, "report"))
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v, %v", info, err)
	}
	info, err = os.Lstat(filepath.Join(dir, "moved", wire.ReportFile))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 60001 {
		t.Errorf("%v, %v", info, err)
	}
}
