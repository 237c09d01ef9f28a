//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// The test binary is also the supervisor. It runs as a process, so that killing and waiting for children do not affect
// other tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && strings.HasSuffix(os.Args[1], ".json") || len(os.Args) == 2 && os.Args[1] == readTestArg {
		main()
		return
	}
	os.Exit(m.Run())
}

// run supervises a shell command as root, with a time limit. The prefix comes before the supervisor's command.
func run(t *testing.T, spec wire.Spec, prefix ...string) (*wire.Outcome, string) {
	t.Helper()
	needsRoot(t)
	dir := t.TempDir()
	// The job is another user and must be able to enter its directories.
	for d := dir; len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	report := filepath.Join(dir, "report")
	root := filepath.Join(dir, "root")
	spec.Nonce, spec.OutputDir = "n", filepath.Join(dir, "out")
	spec.Env = append(spec.Env, "OUTPUT_DIR="+spec.OutputDir, "ROOT="+root)
	if spec.Dir == "" {
		spec.Dir = "/"
	}
	if spec.CollectMax == 0 {
		spec.CollectMax = 1 << 20
	}
	for _, d := range []string{report, root, spec.OutputDir} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d, 0o777); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "spec.json")
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append(prefix, os.Args[0], file, report, root)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), wire.NonceVariable+"="+spec.Nonce)
	var shown bytes.Buffer
	cmd.Stdout, cmd.Stderr = &shown, &shown
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &shown)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	return read(t, report), shown.String()
}

func needsRoot(t *testing.T) {
	t.Helper()
	const why = "starting processes as other users needs root"
	switch {
	case os.Getuid() != 0 && os.Getenv("SEEDPACK_STRICT") != "":
		t.Fatal(why)
	case os.Getuid() != 0:
		t.Skip(why)
	}
}

func read(t *testing.T, dir string) *wire.Outcome {
	t.Helper()
	report, err1 := os.ReadFile(filepath.Join(dir, wire.ReportFile))
	files, err2 := os.ReadFile(filepath.Join(dir, wire.FilesFile))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	o, err := wire.ReadOutcome("n", report, files)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func shell(script string) wire.Spec {
	return wire.Spec{Args: []string{"sh", "-c", script}, User: "65533:65532", Timeout: 10 * time.Second, Grace: 200 * time.Millisecond}
}

func TestExit(t *testing.T) {
	tests := []struct {
		script string
		exit   int
		signal string
	}{
		{"true", 0, ""},
		{"exit 9", 9, ""},
		{"exit 255", 255, ""},
		{"kill -SEGV $$", 139, "segmentation fault"},
		{"kill -KILL $$", 137, "killed"},
	}
	for _, tt := range tests {
		o, _ := run(t, shell(tt.script))
		if !o.Started || o.Exit != tt.exit || o.Signal != tt.signal || o.TimedOut || o.Leftover != 0 {
			t.Errorf("%s: %+v", tt.script, o)
		}
		if o.UID != 65533 || o.GID != 65532 {
			t.Errorf("%s: ran as %d:%d", tt.script, o.UID, o.GID)
		}
	}
}

func TestStartError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain, bad := write("plain", "x", 0o644), write("bad", "\x00\x01", 0o755)
	script, dos := write("script", "#!/no/such/shell -e\n", 0o755), write("dos", "#!/bin/sh\r\n", 0o755)
	mine := write("mine", "#!/bin/sh\n", 0o700)
	tests := []struct {
		spec wire.Spec
		want string
	}{
		{wire.Spec{}, "there is no command to run"},
		{wire.Spec{Args: []string{""}}, "the command begins with an empty word"},
		{wire.Spec{Args: []string{"nosuch"}, Env: []string{"PATH=/bin:/usr/bin"}}, `"nosuch": not found in PATH "/bin:/usr/bin"`},
		{wire.Spec{Args: []string{"/no/such"}}, `"/no/such": not found`},
		{wire.Spec{Args: []string{plain}}, fmt.Sprintf("%q: permission denied, its mode 0644 lets nobody execute it", plain)},
		{wire.Spec{Args: []string{dir}}, fmt.Sprintf("%q: is a directory", dir)},
		{wire.Spec{Args: []string{bad}}, fmt.Sprintf("%q: exec format error, it is for another architecture or a script that names no interpreter", bad)},
		{wire.Spec{Args: []string{script}}, fmt.Sprintf("%q: its interpreter %q is not found", script, "/no/such/shell")},
		{wire.Spec{Args: []string{dos}}, fmt.Sprintf("%q: its interpreter %q is not found", dos, "/bin/sh\r")},
		{wire.Spec{Args: []string{mine}, User: "65533"}, fmt.Sprintf("%q: permission denied for the image's user", mine)},
		{wire.Spec{Args: []string{"true"}, User: "no-such-user"}, `user "no-such-user" is not in /etc/passwd of the image`},
		{wire.Spec{Args: []string{"true"}, User: "0:no-such-group"}, `group "no-such-group" is not in /etc/group of the image`},
	}
	for _, tt := range tests {
		o, _ := run(t, tt.spec)
		if o.Started || o.Exit != -1 || o.StartError != tt.want {
			t.Errorf("%q: started %v, exit %d\n got %s\nwant %s", tt.spec.Args, o.Started, o.Exit, o.StartError, tt.want)
		}
	}
}

// There are two ways to kill: as a process among those of a machine, and as process 1.
func TestTimeout(t *testing.T) {
	tests := []struct{ name, script string }{
		{"sleeps", "sleep 60"},
		{"ignores TERM", "trap '' TERM; while :; do sleep 1; done"},
		{"leaves the session", "setsid sh -c 'trap \"\" TERM; sleep 60; sleep 60' & sleep 60"},
		{"stops itself", "kill -STOP $$"},
		{"forks on", "trap '' TERM; f() { sleep 60 & sh -c 'sleep 60' & }; i=0; while [ $i -lt 60 ]; do f; i=$((i+1)); done; wait"},
	}
	for _, prefix := range [][]string{nil, {"unshare", "--pid", "--fork", "--mount-proc"}} {
		for _, tt := range tests {
			spec := shell(tt.script)
			spec.Timeout = 400 * time.Millisecond
			o, _ := run(t, spec, prefix...)
			if !o.TimedOut || o.Usage.Wall < spec.Timeout || o.Usage.Wall > 3*time.Second {
				t.Errorf("%q %s: timed out %v after %v", prefix, tt.name, o.TimedOut, o.Usage.Wall)
			}
			if o.Exit != 137 && o.Exit != 143 {
				t.Errorf("%q %s: exit %d", prefix, tt.name, o.Exit)
			}
		}
	}
}

// The output of the job ends with its last process.
func TestLeftover(t *testing.T) {
	for _, prefix := range [][]string{nil, {"unshare", "--pid", "--fork", "--mount-proc"}} {
		o, _ := run(t, shell("setsid sleep 61 & echo done; sleep 0.1"), prefix...)
		if o.Exit != 0 || o.Leftover != 1 || !slices.Equal(o.LeftoverNames, []string{"sleep"}) {
			t.Errorf("%q: %+v", prefix, o)
		}
		if string(o.Stdout.Head) != "done\n" {
			t.Errorf("printed %q", o.Stdout.Head)
		}
	}
}

func TestLargeOutput(t *testing.T) {
	begin := time.Now()
	o, shown := run(t, shell("head -c 500000000 /dev/zero; echo end; echo problem >&2"))
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("500 MB took %v", took)
	}
	if o.Stdout.Total != 500000004 || len(o.Stdout.Head) != wire.ExcerptSize || len(o.Stdout.Tail) != wire.ExcerptSize {
		t.Errorf("total %d, head %d, tail %d", o.Stdout.Total, len(o.Stdout.Head), len(o.Stdout.Tail))
	}
	if !bytes.HasSuffix(o.Stdout.Tail, []byte("\x00end\n")) || string(o.Stderr.Head) != "problem\n" || len(o.Stderr.Tail) != 0 {
		t.Errorf("stdout ends %q, stderr is %+v", o.Stdout.Tail[wire.ExcerptSize-8:], o.Stderr)
	}
	shown = strings.NewReplacer(wire.Begun("n"), "", wire.Settled("n"), "").Replace(shown)
	if len(shown) != forwarded+len("problem\n") {
		t.Errorf("%d bytes passed on", len(shown))
	}
}

func TestExcerptKeepsAll(t *testing.T) {
	o, _ := run(t, shell("i=0; while [ $i -lt 6000 ]; do echo 123456789; i=$((i+1)); done"))
	if got := string(o.Stdout.Head) + string(o.Stdout.Tail); got != strings.Repeat("123456789\n", 6000) {
		t.Errorf("60,000 bytes became %d", len(got))
	}
}

func TestEnvironment(t *testing.T) {
	spec := shell(`echo "$HOME|$A|$B|$(pwd)|$(id -u):$(id -g):$(id -G)"; [ ! -t 0 ] && cat; echo to stderr >/dev/stderr`)
	spec.Env = []string{"A=1", "B=x=y", "A=2"}
	spec.Dir = filepath.Join(t.TempDir(), "made")
	o, _ := run(t, spec)
	if got, want := string(o.Stdout.Head), "/|2|x=y|"+spec.Dir+"|65533:65532:65532\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(o.Stderr.Head); got != "to stderr\n" {
		t.Errorf("stderr: %q", got)
	}
}

func TestSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("swordfish"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := shell(`echo "it is $PASS."; printf sword; sleep 0.1; echo fish; [ "$PASS" = swordfish ] && head -c 262140 /dev/zero >$OUTPUT_DIR/log && echo $PASS >>$OUTPUT_DIR/log`)
	spec.SecretFiles = map[string]string{"PASS": file}
	o, shown := run(t, spec)
	if got := string(o.Stdout.Head); got != "it is ***.\n***\n" || o.Exit != 0 {
		t.Errorf("exit %d, stdout %q", o.Exit, got)
	}
	spec.Args = []string{"sh", "-c", `[ "$1" = swordfish. ] && [ "$0" = x ]`, "x", wire.SecretRef("PASS") + "."}
	if o, _ := run(t, spec); o.Exit != 0 {
		t.Errorf("in the command: exit %d", o.Exit)
	}
	if strings.Contains(shown, "swordfish") {
		t.Errorf("passed on: %q", shown)
	}
	want := []wire.Leak{{Variable: "PASS", Where: []byte("stdout")}, {Variable: "PASS", Where: []byte("log"), File: true}}
	if fmt.Sprint(o.Leaks) != fmt.Sprint(want) {
		t.Errorf("leaks %+v", o.Leaks)
	}
}

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

// memoryGroup makes a cgroup that counts memory and returns its directory.
func memoryGroup(t *testing.T) string {
	t.Helper()
	needsRoot(t)
	parent := "/sys/fs/cgroup/memory" // version 1
	if _, err := os.Stat(parent); err != nil {
		parent = "/sys/fs/cgroup"
	}
	dir, err := os.MkdirTemp(parent, "seedpack-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestUsage(t *testing.T) {
	const script = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; x=$(head -c 30000000 /dev/zero | tr '\0' x); sleep 0.2; echo ${#x}`
	// The memory is that of a cgroup. Tests share one with others, which may free memory at the same time. A container
	// has its own.
	o, _ := run(t, shell(script), "sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, memoryGroup(t))
	if o.Usage.CPU < 20*time.Millisecond || o.Usage.CPU > 20*time.Second {
		t.Errorf("CPU %v", o.Usage.CPU)
	}
	if o.Usage.Memory < 20<<20 || o.Usage.Memory > 200<<20 {
		t.Errorf("memory %d, of a job that exits with %d and says %q %q", o.Usage.Memory, o.Exit, o.Stdout.Head, o.Stderr.Head)
	}
	peak, last := int64(0), wire.Sample{}
	for _, s := range o.Usage.Samples {
		peak, last = max(peak, s.Memory), s
	}
	if len(o.Usage.Samples) < 3 || peak != o.Usage.Memory || last.At < 200*time.Millisecond {
		t.Errorf("%d of memory, and the samples %+v", o.Usage.Memory, o.Usage.Samples)
	}
}

func TestElsewhere(t *testing.T) {
	o, _ := run(t, shell(`mkdir "$ROOT/d" && printf 12345 >"$ROOT/d/cache" && ln -s x "$ROOT/link"`))
	if e := o.Elsewhere; e.Count != 2 || e.Bytes != 5 || e.Cut || len(e.Files) != 2 || filepath.Base(e.Files[0].Name) != "cache" {
		t.Errorf("%+v", e)
	}
}

// A job that is root may write to the path of the report.
func TestForgedReport(t *testing.T) {
	spec := shell(`cd "$ROOT/../report" && mkdir -p report.json/x && ln -s /etc/passwd files.json`)
	spec.User = ""
	if o, _ := run(t, spec); o.Exit != 0 || o.UID != 0 {
		t.Errorf("%+v", o)
	}
}

func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	a := accounts{filepath.Join(dir, "passwd"), filepath.Join(dir, "group")}
	for file, text := range map[string]string{
		a.passwd: "# none\nroot:x:0:0::/root:/bin/sh\njob:x:1000:100:Job:/home/job:/bin/sh\nbroken:x:a:b:::\n",
		a.group:  "root:x:0:\nusers:x:100:\nvideo:x:44:other,job\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ user, want string }{
		{"", "{0 0 [0] /root}"},
		{"job", "{1000 100 [44 100] /home/job}"},
		{"1000", "{1000 100 [44 100] /home/job}"},
		{"job:video", "{1000 44 [44] /home/job}"},
		{"1000:7", "{1000 7 [7] /home/job}"},
		{"7", "{7 0 [0] /}"},
		{"7:users", "{7 100 [100] /}"},
		{"broken", `user "broken" has no numbers in ` + a.passwd},
		{"none", `user "none" is not in ` + a.passwd + " of the image"},
		{"-1", `user "-1" is not in ` + a.passwd + " of the image"},
	}
	for _, tt := range tests {
		got := ""
		if acc, err := a.find(tt.user); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(*acc)
		}
		if got != tt.want {
			t.Errorf("%q is %s, want %s", tt.user, got, tt.want)
		}
	}
}

// A curve keeps few of many samples, the peaks and the last one among them, in the order of time.
func TestCurve(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, wire.MaxSamples - 1, wire.MaxSamples, wire.MaxSamples + 1, 1000, 12345} {
		c := curve{}
		for i := range n {
			memory := int64(i % 7)
			if i == n*2/3 {
				memory = 1000
			}
			c.add(wire.Sample{At: time.Duration(i + 1), Memory: memory, CPU: time.Duration(2 * i)})
		}
		all := c.end()
		if len(all) > wire.MaxSamples || n <= wire.MaxSamples/2 && len(all) != n || n > wire.MaxSamples && len(all) < wire.MaxSamples/2 {
			t.Errorf("%d samples become %d", n, len(all))
		}
		if n == 0 {
			continue
		}
		peak, last := int64(0), wire.Sample{}
		for _, s := range all {
			if s.At <= last.At || s.CPU < last.CPU {
				t.Fatalf("of %d samples, %+v comes after %+v", n, s, last)
			}
			peak, last = max(peak, s.Memory), s
		}
		if want := (wire.Sample{At: time.Duration(n), Memory: last.Memory, CPU: time.Duration(2 * (n - 1))}); peak != 1000 || last != want {
			t.Errorf("of %d samples, the peak is %d and the last %+v", n, peak, last)
		}
	}
}
