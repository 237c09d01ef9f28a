package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/secret"
)

// The command lines of all engines. Apptainer is not run by the tests, so this is all that they say of it.
func TestCommand(t *testing.T) {
	t.Parallel()
	c := &container{name: "n", image: "i", nonce: "secret nonce", lifeline: true, shm: 8 << 20, memory: 300 << 20, cpus: 0.5, limited: true,
		binds: []bind{{"/a b", "/seed/inputs/IN/x", false}, {"/o", "/seed/outputs", true}}}
	free := &container{name: "n", image: "i", nonce: "secret nonce", network: true, cpus: 4, memory: 1}
	const all = "run --rm --name n --pull=never --user 0:0 --workdir / --entrypoint /.seedpack/bin/supervisor --init=false --no-healthcheck" +
		" --log-driver none --security-opt label=disable --env SEEDPACK_NONCE --env SEEDPACK_SPEC= --env SEEDPACK_SUPERVISED= --env GODEBUG=" +
		" --env GOMAXPROCS= --env GOMEMLIMIT= --env GOGC= --env GOTRACEBACK="
	const limited = all + " --interactive --network none --shm-size 8388608 --memory 314572800 --memory-swap 314572800 --cpus 0.5 --pids-limit 32768" +
		" --mount type=bind,source=/a b,target=/seed/inputs/IN/x,readonly --mount type=bind,source=/o,target=/seed/outputs i"
	const apptainer = "exec --containall --no-init --no-umask --writable-tmpfs --cleanenv --no-home --pwd /"
	for _, tt := range []struct {
		engine string
		c      *container
		want   string
	}{
		{Docker, c, limited},
		{Podman, c, limited},
		{Docker, free, all + " i"},
		{Apptainer, c, apptainer + " --net --network none --memory 314572800 --memory-swap 314572800 --cpus 0.5 --pids-limit 32768" +
			" --mount type=bind,source=/a b,destination=/seed/inputs/IN/x,ro --mount type=bind,source=/o,destination=/seed/outputs i /.seedpack/bin/supervisor"},
		{Apptainer, free, apptainer + " i /.seedpack/bin/supervisor"},
	} {
		args, env := (&Engine{Name: tt.engine}).command(tt.c)
		if got := strings.Join(args, " "); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.engine, got, tt.want)
		}
		if !slices.ContainsFunc(env, func(v string) bool { return strings.HasSuffix(v, "SEEDPACK_NONCE=secret nonce") }) {
			t.Errorf("%s: environment %q", tt.engine, env)
		}
	}
}

func TestMountIsQuoted(t *testing.T) {
	t.Parallel()
	got := bind{`/a,"b`, "/t", false}.mount("target", "readonly")
	if want := `type=bind,"source=/a,""b",target=/t,readonly`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// fakeEngine is a program called docker that does what a script says.
func fakeEngine(t *testing.T, script string) Options {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("TMPDIR", t.TempDir())
	return Options{With: Auto, CacheDir: t.TempDir(), Getenv: os.Getenv}
}

// has answers like an engine that has the image of the probe.
const has = `case "$1" in --version) echo Docker version 1; exit;; image) echo sha256:1; exit;; rm) exit;; esac
for a; do case $a in type=bind,source=*,target=/.seedpack/probe) d=${a#*source=}; d=${d%%,*};; esac; done
`

func TestFindSaysWhyNot(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"missing daemon", `echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; [ "$1" = --version ]`,
			"docker says: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"},
		{"other files", has + `echo "docker: Error response from daemon: bind source path does not exist: $d" >&2; echo "See 'docker run --help'." >&2; exit 125`,
			"docker says: docker: Error response from daemon: bind source path does not exist"},
		{"other machine", has + `echo other`, "it does not see the files of this machine"},
		{"writes elsewhere", has + `read n <$d/seen || :; echo $n`, "what it writes is not seen on this machine"},
		{"says nothing", has + `exit 3`, "docker: exit status 3"},
	} {
		opt := fakeEngine(t, tt.script)
		e, before, err := Find(t.Context(), opt)
		if e != nil || err != nil || len(before) != 3 || !strings.HasPrefix(before[0].Answer, tt.want) {
			t.Errorf("%s: %v %q %v", tt.name, e, before, err)
			continue
		}
		if before[1].Answer != "there is no such program on PATH" {
			t.Errorf("podman: %s", before[1].Answer)
		}
		opt.With = Docker
		if _, _, err := Find(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "--with auto takes what works here") {
			t.Errorf("%s, named: %v", tt.name, err)
		}
		checkEmpty(t, os.TempDir())
	}
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%s has %v, %v", dir, left, err)
	}
}

// An engine that works is remembered. It is probed again if it does not answer any more, or after a run that failed.
func TestFindRemembers(t *testing.T) {
	const works = has + `echo run >>"$TMPDIR/../probes"; case "$*" in *--memory*) echo "no cgroups here" >&2; exit 1;; esac
read n <$d/seen || :; : >$d/own; : >$d/given; echo $n`
	opt := fakeEngine(t, works)
	probes := filepath.Join(os.TempDir(), "..", "probes")
	count := func() int {
		text, err := os.ReadFile(probes)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "run")
	}
	for i := range 3 {
		e, before, err := Find(t.Context(), opt)
		if err != nil || e == nil || len(before) > 0 {
			t.Fatalf("%v %v %v", e, before, err)
		}
		if e.facts.Owner != "0:0" || e.Unlimited() != "docker says: no cgroups here" {
			t.Errorf("facts %+v", e.facts)
		}
		if n := count(); n != 3 { // with limits, without, and with them again
			t.Errorf("call %d: %d probes", i, n)
		}
		if i == 2 {
			e.forget()
		}
	}
	if _, _, err := Find(t.Context(), opt); err != nil || count() != 6 {
		t.Errorf("after a failure: %v, %d probes", err, count())
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("PATH"), "docker"), []byte("#!/bin/sh\necho down >&2; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if e, before, err := Find(t.Context(), opt); e != nil || err != nil || before[0].Answer != "docker says: down" {
		t.Errorf("a daemon that is down: %v %v %v", e, before, err)
	}
}

// An engine that fails once with limits, as a busy one may, has them.
func TestFindTriesLimitsAgain(t *testing.T) {
	opt := fakeEngine(t, has+`case "$*" in *--memory*) [ -e "$TMPDIR/../tried" ] || { : >"$TMPDIR/../tried"; echo "timed out" >&2; exit 1; };; esac
read n <$d/seen || :; : >$d/own; : >$d/given; echo $n`)
	e, _, err := Find(t.Context(), opt)
	if err != nil || e == nil || e.Unlimited() != "" {
		t.Errorf("%+v %v", e, err)
	}
}

// An engine that runs a container without the limits that it was given cannot limit.
func TestFindHearsOfIgnoredLimits(t *testing.T) {
	opt := fakeEngine(t, has+`case "$*" in *--memory*) echo "Resource limits are not supported and ignored on cgroups V1 rootless systems" >&2;; esac
read n <$d/seen || :; : >$d/own; : >$d/given; echo $n`)
	e, _, err := Find(t.Context(), opt)
	if err != nil || e == nil || !strings.Contains(e.Unlimited(), "ignored on cgroups V1") {
		t.Errorf("%+v %v", e, err)
	}
}

// The clock of a run goes from the moment when the job begins until it has ended. Nothing else in the output counts.
func TestWatcher(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		output []string // a blank string waits for the limit
		lost   bool
		shown  string
	}{
		{"in time", []string{wire.Begun("n"), "a\nb", "c\n" + wire.Settled("n"), ""}, false, "a|bc"},
		{"in parts", []string{"\x1en be", "gun\n", "x\x1en set", "tled\ny\n", ""}, false, "x|y"},
		{"never begun", []string{"a\n", ""}, false, "a"},
		{"too late", []string{wire.Begun("n"), "a\n", ""}, true, "a"},
		{"another nonce", []string{wire.Begun("n"), wire.Settled("m"), ""}, true, "\x1em settled"},
		{"a long line", []string{wire.Begun("n"), strings.Repeat("z", maxLine+1) + "\x1en sett", "led\n", ""}, false, strings.Repeat("z", maxLine+1) + "|"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var lost error
				var shown []string
				w := &watcher{nonce: "n", clock: pack.Clock{Limit: time.Second, Overdue: func(err error) { lost = err }}, show: func(line string) { shown = append(shown, line) }}
				stream := &lines{watcher: w}
				for _, part := range tt.output {
					if part == "" {
						time.Sleep(2 * time.Second)
						synctest.Wait()
						continue
					}
					if _, err := stream.Write([]byte(part)); err != nil {
						t.Fatal(err)
					}
				}
				stream.end()
				if got := strings.Join(shown, "|"); got != strings.TrimSuffix(tt.shown, "|") {
					t.Errorf("shown %.60q", got)
				}
				if found := new(pack.LostError); errors.As(lost, &found) != tt.lost {
					t.Errorf("lost: %v", lost)
				}
			})
		})
	}
}

// What a job prints is safe to print, and shows no secret.
func TestShownIsEscaped(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	secrets := new(secret.Set)
	secrets.Add("swordfish")
	r := &Runner{Progress: pack.Progress{Mode: "plain", Writer: &b, Secrets: secrets, Escape: func(s string) string { return strings.ReplaceAll(s, "\x1b", "?") }}}
	r.shower()("a\x1b[31m swordfish")
	if got := b.String(); got != "[run] a?[31m ***\n" {
		t.Errorf("%q", got)
	}
}

// mounted finds out what to bind for a job of a user.
func mounted(t *testing.T, r *Runner, p *pack.Process) *mounter {
	t.Helper()
	s, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(s.dir.Close(), os.RemoveAll(s.top)) })
	p.OutputDir, p.Archive = "/out", append([]string{"/out"}, p.Archive...)
	r.Stage = t.TempDir()
	m := &mounter{runner: r, scratch: s, process: p}
	if err := m.all(context.Background()); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *mounter) source(target string) string {
	for _, b := range m.binds {
		if b.target == target {
			return b.source
		}
	}
	return ""
}

func TestMounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open, shut := file("open", 0o644), file("shut", 0o600)
	all := []string{file("all/a", 0o644), file("all/b", 0o644)}
	odd := file("odd,dir/x", 0o644)
	tree := pack.Tree{"one": {Dir: true}, "one/open": {Host: open}, "two": {Dir: true}, "two/open": {Host: open}, "two/shut": {Host: shut},
		"all": {Dir: true}, "all/a": {Host: all[0]}, "all/b": {Host: all[1]}, "some": {Dir: true}, "some/a": {Host: all[0]}, "some/b": {Content: []byte("made")},
		"odd": {Dir: true}, "odd/x": {Host: odd}, "rw": {Host: dir, Dir: true}, "comma": {Dir: true}, "comma/a,b": {Host: open}}
	p := &pack.Process{User: "12345"}
	for _, from := range []string{"one", "two", "all", "some", "odd", "comma"} {
		p.Mounts = append(p.Mounts, pack.RunMount{Path: "/" + from, From: from})
	}
	p.Mounts = append(p.Mounts, pack.RunMount{Path: "/rw", From: "rw", Writable: true}, pack.RunMount{Path: "/kept", From: "rw", Writable: true}, pack.RunMount{Path: "/empty", Writable: true})
	p.Archive = []string{"/kept"}
	m := mounted(t, &Runner{Engine: &Engine{Name: Docker, facts: facts{Owner: "7:7"}}, Inputs: tree}, p)
	for target, want := range map[string]string{"/one/open": open, "/two/open": open, "/two/shut": "", "/all": filepath.Join(dir, "all"), "/all/a": "",
		"/some/a": all[0], "/some/b": "", "/rw": dir, "/comma/a,b": ""} {
		if got := m.source(target); got != want {
			t.Errorf("%s is bound to %q, not %q", target, got, want)
		}
	}
	for path, want := range map[string]string{m.source("/two") + "/shut": "shut", m.source("/some") + "/b": "made", m.source("/odd/x"): "odd,dir/x",
		m.source("/comma") + "/a,b": "open", m.staged[1] + "/all/a": "all/a"} {
		if text, err := os.ReadFile(path); string(text) != want {
			t.Errorf("%s has %q, %v", path, text, err)
		}
	}
	if m.staged[0] != m.source("/out") || m.staged[1] != m.source("/kept") || m.source("/kept") == dir {
		t.Errorf("staged %q", m.staged)
	}
	if got := strings.Join(m.given(), " "); got != "/out /kept" {
		t.Errorf("given: %s", got)
	}
	for _, b := range m.binds {
		if writable := slices.Contains([]string{"/rw", "/kept", "/empty", "/out"}, b.target); b.writable != writable {
			t.Errorf("%s: writable %v", b.target, b.writable)
		}
		if strings.ContainsAny(b.source, special) {
			t.Errorf("%s has a source that needs quotes: %s", b.target, b.source)
		}
	}
}

// A container's root reads everything, and so does the owner of a file.
func TestUnreadableInputs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shut")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		user string
		e    *Engine
		want bool
	}{{"", &Engine{}, true}, {"root", &Engine{}, true}, {"0:5", &Engine{}, true}, {"1", &Engine{}, false}, {"job", &Engine{}, false}, {"1", &Engine{Name: Apptainer}, true}} {
		m := &mounter{runner: &Runner{Engine: tt.e}, process: &pack.Process{User: tt.user}}
		if got := m.may(info, false); got != tt.want {
			t.Errorf("user %q of %s: %v", tt.user, tt.e.Name, got)
		}
	}
}
