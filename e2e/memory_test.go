package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounds of a run on a hostile input: bytes of memory, as a cgroup would limit it, and bytes that are printed.
const (
	mostMemory  = 256 << 20
	mostPrinted = 1 << 20
)

// A hostileInput is a command on an input that would take much memory, or fill a log.
type hostileInput struct {
	name string
	// args writes the input into a directory, and returns the command.
	args func(t *testing.T, dir string) []string
	// says is part of what is printed. Status is the exit status, or 0 for those of findings and of failures.
	says   string
	status int
	env    []string
	// any is set if the input may be right.
	any bool
}

// TestMemoryIsBounded proves that no hostile input takes more than 256 MiB, fills a log, or ends the program without an error. It
// measures processes, and runs them in a cgroup of that size where one can be made.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the unit of the largest memory of a process is that of Linux")
	}
	for _, rows := range [][]hostileInput{hostileManifests(), hostileLabels(), hostileLayouts(), hostileArchives(), hostileRegistries(), hostileTextFiles(), hostileCatalogues(), hostileComparisons()} {
		for _, row := range rows {
			t.Run(strings.ReplaceAll(row.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				row.check(t)
			})
		}
	}
}

func (h hostileInput) check(t *testing.T) {
	t.Helper()
	dir, group := t.TempDir(), newGroup(t)
	peak := filepath.Join(t.TempDir(), "peak")
	args := append([]string{"measured", peak, "seedpack"}, h.args(t, dir)...)
	if group != "" { // the shell becomes the program
		args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(group, "cgroup.procs")}, args...)
	}
	var out bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(append(os.Environ(), "GOGC=400", "GOMEMLIMIT=128MiB"), h.env...) // as main sets them
	_ = cmd.Run()
	code := cmd.ProcessState.ExitCode()
	switch {
	case code < 0, h.status == 0 && code > 3, h.status == 0 && code == 0 && !h.any, h.status != 0 && code != h.status:
		t.Errorf("%s, exit status %d: %.1000s", cmd.ProcessState, code, out.String())
	case !strings.Contains(out.String(), h.says):
		t.Errorf("it does not say %q: %.1000s", h.says, out.String())
	}
	text, err := os.ReadFile(peak)
	memory, notNumber := strconv.ParseInt(string(text), 10, 64)
	if err != nil || notNumber != nil || memory > mostMemory {
		t.Errorf("it took %d MiB of memory (%v, %v)", memory>>20, err, notNumber)
	}
	if out.Len() > mostPrinted {
		t.Errorf("it printed %d bytes", out.Len())
	}
	t.Logf("%d MiB, %d bytes printed, %s of processor: %.200s", memory>>20, out.Len(), cmd.ProcessState.UserTime(), out.String())
}

// measured is a program that runs another one and writes its largest memory, in bytes, to a file. The memory of a process counts as
// that of those that it starts, until they are programs of their own. So this process must be small, and the test's is not.
func measured() {
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		_ = os.WriteFile(os.Args[1], []byte(strconv.FormatInt(usage.Maxrss<<10, 10)), 0o644)
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		_ = syscall.Kill(os.Getpid(), status.Signal())
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// newGroup makes a cgroup whose process can take at most as much memory as one may. It returns "" if it cannot.
func newGroup(t *testing.T) string {
	t.Helper()
	for _, kind := range []struct{ top, limit string }{{"/sys/fs/cgroup", "memory.max"}, {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}} {
		if _, err := os.Stat(filepath.Join(kind.top, "cgroup.procs")); err != nil {
			continue
		}
		removeOldGroups(kind.top)
		dir, err := os.MkdirTemp(kind.top, groupPrefix)
		if err != nil {
			continue
		}
		t.Cleanup(func() {
			if err := removeGroup(dir); err != nil {
				t.Error(err)
			}
		})
		if err := os.WriteFile(filepath.Join(dir, kind.limit), []byte(strconv.Itoa(mostMemory)), 0o644); err == nil {
			return dir
		}
	}
	return "" // it is measured alone
}

const groupPrefix = "seedpack-test-"

// removeGroup removes a cgroup, and ends what is left in it. The kernel needs a moment until an ended process is gone.
func removeGroup(dir string) (err error) {
	for range 200 {
		if err = os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		left, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")) // then there is nothing to end
		for _, pid := range strings.Fields(string(left)) {
			if n, err := strconv.Atoi(pid); err == nil && n > 1 {
				_ = syscall.Kill(n, syscall.SIGKILL)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// removeOldGroups removes the empty cgroups of tests that were killed themselves.
func removeOldGroups(top string) {
	old, _ := filepath.Glob(filepath.Join(top, groupPrefix+"*")) // the pattern is right
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(dir) // which fails if a process is in it
		}
	}
}

// fill repeats an item, with commas between, up to a size.
func fill(size int, head, item, tail string) string {
	return head + strings.TrimSuffix(strings.Repeat(item+",", size/(len(item)+1)), ",") + tail
}

// number repeats an item that has a number, with commas between.
func number(count int, head, format, tail string) string {
	var b strings.Builder
	b.WriteString(head)
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String() + tail
}

// put writes a file below a directory. The content is a text, or the size of a file that holds nothing but zeros.
func put[C string | []byte | int64](t *testing.T, dir, name string, content C) string {
	t.Helper()
	path := filepath.Join(dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	switch content := any(content).(type) {
	case string:
		err = errors.Join(err, os.WriteFile(path, []byte(content), 0o644))
	case []byte:
		err = errors.Join(err, os.WriteFile(path, content, 0o644))
	case int64:
		var f *os.File
		if f, err = os.Create(path); err == nil {
			err = errors.Join(f.Truncate(content), f.Close())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const mega = 1_000_000

// goodJob is a manifest without mistakes, and with room for more members of its job.
func goodJob(more string) string {
	return `{"seedVersion":"1.0.0","job":{"name":"my-job","jobVersion":"1.0.0","packageVersion":"1.0.0","title":"T","description":"D","maintainer":{"name":"J","email":"j@example.com"},"timeout":60` + more + `}}`
}

// manifestTexts are manifests of 1 MB.
func manifestTexts() map[string]string {
	return map[string]string{
		"wrong types":         fill(mega, `{"job":{"tags":[`, `1`, `]}}`),
		"patterns":            fill(mega, `{"job":{"interface":{"outputs":{"files":[`, `{"name":"a","pattern":"*"}`, `]}}}}`),
		"unknown members":     number(60_000, `{"job":{`, `"k%d":null`, `}}`),
		"misspelled members":  fill(mega/2, `{"job":{"interface":{"settings":[`, `{"nmae":"a","scret":1}`, `]}}}`),
		"bad names":           fill(mega, `{"job":{"interface":{"settings":[`, `{"name":"-"}`, `]}}}`),
		"bad media types":     goodJob(fill(mega, `,"interface":{"command":"run","inputs":{"files":[{"name":"I","mediaTypes":[`, `"x"`, `]}]}}`)),
		"null elements":       fill(mega, `{"job":{"interface":{"mounts":[`, `null`, `]}}}`),
		"nested arrays":       strings.Repeat("[", mega),
		"nested objects":      strings.Repeat(`{"a":`, mega/5),
		"nested and closed":   strings.Repeat("[", mega/2) + strings.Repeat("]", mega/2),
		"only commas":         "[" + strings.Repeat(",", mega),
		"only colons":         "{" + strings.Repeat(":", mega),
		"only quotes":         strings.Repeat(`"`, mega),
		"only escapes":        `{"a":"` + strings.Repeat(`\`, mega),
		"half pairs":          `{"a":"` + strings.Repeat(`\ud800`, mega/6) + `"}`,
		"control characters":  `{"a":"` + strings.Repeat("\x01", mega) + `"}`,
		"odd blanks":          "{" + strings.Repeat("\u00a0\u200b", mega/5) + "}",
		"single quotes":       "{" + strings.Repeat(`'a':'b',`, mega/8) + "}",
		"few single quotes":   number(mega/100, "{", `'a%d':'b'`, "}"),
		"quotes in quotes":    `{'a':'` + strings.Repeat(`"`, mega) + `'}`,
		"no quotes":           "{" + strings.Repeat("a:b,", mega/4) + "}",
		"comments":            strings.Repeat("//\n", mega/3),
		"no commas":           "[" + strings.Repeat("1 ", mega/2) + "]",
		"short elements":      fill(mega, "[", "1", "]"),
		"short members":       number(70_000, "{", `"%d":{}`, "}"),
		"a number":            `{"job":{"timeout":` + strings.Repeat("1", mega-30) + `}}`,
		"an exponent":         `{"job":{"timeout":1e` + strings.Repeat("9", mega-30) + `}}`,
		"invalid UTF-8":       `{"a":"` + strings.Repeat("\xff", mega) + `"}`,
		"one byte too many":   `{"a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"documents":           strings.Repeat("{}", mega/2),
		"quotes in a command": goodJob(`,"interface":{"command":"` + strings.Repeat(`'a' \\"b\\" `, mega/12) + `"}`),
	}
}

func hostileManifests() (rows []hostileInput) {
	texts := manifestTexts()
	for name, text := range texts {
		rows = append(rows, hostileInput{name: "manifest of " + name, args: func(t *testing.T, dir string) []string {
			return []string{"lint", put(t, dir, "seed.manifest.json", text)}
		}})
	}
	for _, name := range []string{"odd blanks", "misspelled members", "control characters", "few single quotes"} {
		rows = append(rows, hostileInput{name: "fix of " + name, args: func(t *testing.T, dir string) []string {
			return []string{"lint", "--fix", "--unsafe-fixes", put(t, dir, "seed.manifest.json", texts[name])}
		}})
	}
	for _, name := range []string{"unknown members", "short members", "only colons"} {
		rows = append(rows,
			hostileInput{name: "migration of " + name, args: func(t *testing.T, dir string) []string {
				return []string{"migrate", put(t, dir, "seed.manifest.json", texts[name])}
			}},
			hostileInput{name: "difference of " + name, args: func(t *testing.T, dir string) []string {
				return []string{"diff", put(t, dir, "old/seed.manifest.json", goodJob("")), put(t, dir, "new/seed.manifest.json", texts[name])}
			}},
			hostileInput{name: "export of " + name, args: func(t *testing.T, dir string) []string {
				return []string{"export", "--to", "slurm", filepath.Dir(put(t, dir, "seed.manifest.json", texts[name])), "-o", filepath.Join(dir, "out")}
			}})
	}
	slices.SortFunc(rows, func(a, b hostileInput) int { return strings.Compare(a.name, b.name) })
	return rows
}
