//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// The test binary is also the supervisor. It runs as a process, so that killing and waiting for children do not affect
// other tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && strings.HasSuffix(os.Args[1], ".json") || len(os.Args) == 3 && os.Args[1] == wire.ProbeArgument {
		main()
		return
	}
	os.Exit(m.Run())
}

// run supervises a shell command as root, with a time limit. The prefix comes before the supervisor's command.
func run(t *testing.T, spec wire.Spec, prefix ...string) (*wire.Outcome, string) {
	t.Helper()
	_, o, shown := runIn(t, spec, prefix...)
	return o, shown
}

// runGiving returns the directory of a run, too. OUTPUT_DIR in Give stands for the output directory.
func runGiving(t *testing.T, spec wire.Spec) (string, *wire.Outcome) {
	t.Helper()
	dir, o, _ := runIn(t, spec)
	return dir, o
}

func runIn(t *testing.T, spec wire.Spec, prefix ...string) (string, *wire.Outcome, string) {
	t.Helper()
	dir, cmd := command(t, spec, prefix...)
	var shown bytes.Buffer
	cmd.Stdout, cmd.Stderr = &shown, &shown
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &shown)
	}
	return dir, read(t, filepath.Join(dir, "report")), shown.String()
}

// command returns a supervisor that does not run yet. Its report will be in the directory, as will be the job's ROOT.
func command(t *testing.T, spec wire.Spec, prefix ...string) (string, *exec.Cmd) {
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
	if i := slices.Index(spec.Give, "OUTPUT_DIR"); i >= 0 {
		spec.Give[i] = spec.OutputDir
	}
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
	return dir, cmd
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		needs.Lacks(t, "starting processes as other users needs root")
	}
}

func read(t *testing.T, dir string) *wire.Outcome {
	t.Helper()
	report, err := os.ReadFile(filepath.Join(dir, wire.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	o, err := wire.ReadOutcome("n", report)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func shell(script string) wire.Spec {
	return wire.Spec{Args: []string{"sh", "-c", script}, User: "65533:65532", Timeout: time.Minute, Grace: 200 * time.Millisecond}
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

// What is wrong with a program is said so that its author can put it right.
func TestStartError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const executable = "make it executable in the Dockerfile: COPY --chmod=755, or RUN chmod +x"
	const begin = "begin it with a line such as #!/bin/sh, or name its interpreter in ENTRYPOINT"
	const copied = "check what the Dockerfile copies there"
	foreign := map[string]elf.Machine{"amd64": elf.EM_AARCH64, "arm64": elf.EM_X86_64}[runtime.GOARCH]
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	own := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	away := write("away", program(foreign, elf.ET_EXEC, ""), 0o755)
	glibc := write("glibc", program(own, elf.ET_EXEC, "/no/ld-linux-x86-64.so.2"), 0o755)
	closed := write("closed/program", "#!/bin/sh\n", 0o755)
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ path, user, want, fix string }{
		{write("plain", "x", 0o644), "", "permission denied, its mode 0644 lets nobody execute it", executable},
		{dir, "", "is a directory", ""},
		{away, "", "exec format error, it is a program for " + other + ", and this machine is " + runtime.GOARCH, "build it for " + runtime.GOARCH + ", or the image for linux/" + other},
		{write("by-away", "#!"+away+"\n", 0o755), "", fmt.Sprintf("its interpreter: %q: exec format error, it is a program for %s, and this machine is %s", away, other, runtime.GOARCH), "build it for " + runtime.GOARCH + ", or the image for linux/" + other},
		{glibc, "", `the image lacks its loader "/no/ld-linux-x86-64.so.2"`, "it is built for glibc: take a base image with glibc, such as debian, or link the program statically"},
		{write("musl", program(own, elf.ET_EXEC, "/no/ld-musl-x86_64.so.1"), 0o755), "", `the image lacks its loader "/no/ld-musl-x86_64.so.1"`, "it is built for musl: take a base image with musl, such as alpine, or link the program statically"},
		{write("by-glibc", "#!"+glibc+" -x\n", 0o755), "", fmt.Sprintf("its interpreter: %q: the image lacks its loader %q", glibc, "/no/ld-linux-x86-64.so.2"), "it is built for glibc: take a base image with glibc, such as debian, or link the program statically"},
		{write("object", program(own, elf.ET_REL, ""), 0o755), "", "is an object file, not a program", "link it"},
		{write("half", program(own, elf.ET_EXEC, "")[:20], 0o755), "", "is damaged or incomplete", "copy it into the image again"},
		{write("script", "#!/no/such/shell -e\n", 0o755), "", `its interpreter "/no/such/shell" is not found`, "install it in the image, or name another one in the first line of the script"},
		{write("relative", "#!python3\n", 0o755), "", `its interpreter "python3" is not found`, "write its whole path after #!, or #!/usr/bin/env python3"},
		{write("dos", "#!/bin/sh\r\necho\r\n", 0o755), "", `its lines end with CR LF, so that its interpreter "/bin/sh\r" is not found`, "save the script with LF line ends; with *.sh text eol=lf in .gitattributes, git keeps them"},
		{write("nothing", "#!\necho\n", 0o755), "", "nothing follows #! in its first line", "write the path of its interpreter there, such as #!/bin/sh"},
		{write("bare", "echo hello\n", 0o755), "", "is a script without #! in its first line, so that no interpreter is known", begin},
		{write("accents", "# "+strings.Repeat("é", 400), 0o755), "", "is a script without #! in its first line, so that no interpreter is known", begin},
		{write("late", "\n#!/bin/sh\n", 0o755), "", "#! is not at the very beginning of the file, where the kernel looks for it", "remove what is before it"},
		{write("bom", "\xef\xbb\xbf#!/bin/sh\n", 0o755), "", "begins with a byte order mark, so that its #! is not seen", "save it as UTF-8 without a byte order mark"},
		{write("wide", "\xff\xfe#\x00!\x00", 0o755), "", "is text in UTF-16", "save it as UTF-8"},
		{write("windows", "MZ\x90\x00\x03", 0o755), "", "is a program for Windows", "build it for Linux"},
		{write("macos", "\xcf\xfa\xed\xfe\x07", 0o755), "", "is a program for macOS", "build it for Linux"},
		{write("jar", "PK\x03\x04\x00", 0o755), "", "is a zip or jar file", "start a jar with java -jar, and unpack others in the Dockerfile"},
		{write("gz", "\x1f\x8b\x08\x00", 0o755), "", "is compressed", "unpack it in the Dockerfile"},
		{write("lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 0o755), "", "is a pointer of Git LFS, not the file itself", "fetch it before the build: git lfs pull, or lfs: true of actions/checkout"},
		{write("empty", "", 0o755), "", "is empty", copied},
		{write("noise", "\x00\x01\x02", 0o755), "", "is neither a program for Linux nor a script", copied},
		{write("mine", "#!/bin/sh\n", 0o744), "65533", "permission denied, user 65533 may not execute it: it has mode 0744", executable},
		{closed, "65533", fmt.Sprintf("permission denied, user 65533 may not enter the directory %q, which has mode 0700", filepath.Dir(closed)), "put it into a directory that all users may enter, or RUN chmod 755 the directory"},
		{write("by-mine", "#!"+filepath.Join(dir, "mine")+"\n", 0o755), "65533", fmt.Sprintf("its interpreter: %q: permission denied, user 65533 may not execute it: it has mode 0744", filepath.Join(dir, "mine")), executable},
	}
	for _, tt := range tests {
		o, _ := run(t, wire.Spec{Args: []string{tt.path}, User: tt.user})
		if want := fmt.Sprintf("%q: %s", tt.path, tt.want); o.Started || o.Exit != -1 || o.StartError != want || o.StartFix != tt.fix {
			t.Errorf("%s: started %v, exit %d\n got %s (%s)\nwant %s (%s)", tt.path, o.Started, o.Exit, o.StartError, o.StartFix, want, tt.fix)
		}
	}
}

// program returns an ELF file without code, with a loader if one is named.
func program(machine elf.Machine, kind elf.Type, loader string) string {
	const header, entry = 64, 56
	h := elf.Header64{Type: uint16(kind), Machine: uint16(machine), Version: 1, Entry: 0x1000, Phoff: header, Ehsize: header, Phentsize: entry, Phnum: 2, Shentsize: 64}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	load := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Filesz: header + 2*entry, Memsz: header + 2*entry, Align: 0x1000}
	interp := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: header + 2*entry, Filesz: uint64(len(loader) + 1), Align: 1}
	if loader == "" {
		interp = elf.Prog64{Type: uint32(elf.PT_NULL)}
	}
	var b bytes.Buffer
	for _, part := range []any{h, load, interp} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err) // memory is always there
		}
	}
	return b.String() + loader + "\x00"
}

func TestNothingToStart(t *testing.T) {
	const fixUser = "make the user in the Dockerfile with adduser or useradd, or give USER a number such as 1000"
	tests := []struct {
		spec      wire.Spec
		want, fix string
	}{
		{wire.Spec{}, "there is no command to run", ""},
		{wire.Spec{Args: []string{""}}, "the command begins with an empty word", ""},
		{wire.Spec{Args: []string{"nosuch"}, Env: []string{"PATH=/bin:/usr/bin"}}, `"nosuch": not found in PATH "/bin:/usr/bin"`, ""},
		{wire.Spec{Args: []string{"/no/such"}}, `"/no/such": not found`, ""},
		{wire.Spec{Args: []string{"true", strings.Repeat("x", 200_000)}}, `"/usr/bin/true": the command line and the variables are longer than the kernel allows`, "give long lists in a file"},
		{wire.Spec{Args: []string{"true"}, User: "no-such-user"}, `user "no-such-user" is not in /etc/passwd of the image`, fixUser},
		{wire.Spec{Args: []string{"true"}, User: "0:no-such-group"}, `group "no-such-group" is not in /etc/group of the image`, "make the group in the Dockerfile with addgroup or groupadd, or give USER a number such as 1000"},
		{wire.Spec{Args: []string{"true"}, User: "4294967296"}, `user "4294967296" is out of range: user IDs are numbers from 0 to 2147483647`, "give USER in the Dockerfile such a number, or the name of a user that is in /etc/passwd"},
		{wire.Spec{Args: []string{"true"}, User: "2147483648"}, `user "2147483648" is out of range: user IDs are numbers from 0 to 2147483647`, "give USER in the Dockerfile such a number, or the name of a user that is in /etc/passwd"},
		{wire.Spec{Args: []string{"true"}, User: "0:-1"}, `group "-1" is out of range: group IDs are numbers from 0 to 2147483647`, "give USER in the Dockerfile such a number, or the name of a group that is in /etc/group"},
	}
	for _, tt := range tests {
		o, _ := run(t, tt.spec)
		if o.Started || o.Exit != -1 || o.StartError != tt.want || o.StartFix != tt.fix {
			t.Errorf("%.60q: started %v, exit %d\n got %s (%s)\nwant %s (%s)", tt.spec.Args, o.Started, o.Exit, o.StartError, o.StartFix, tt.want, tt.fix)
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
			if !o.TimedOut || o.Usage.Wall < spec.Timeout || o.Usage.Wall > 30*time.Second {
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
	o, shown := run(t, shell("head -c 500000000 /dev/zero; echo end; echo problem >&2"))
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
