package export_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/slurm"
	"github.com/seedpack/seedpack/seed"
)

// long reports whether loops run in full.
func long() bool { return os.Getenv("SEEDPACK_LONG") != "" }

// needBash returns the path of Bash.
func needBash(t *testing.T) string {
	t.Helper()
	path := needs.Program(t, "bash")
	return path
}

// standIn records its arguments, one in a line, with the variables that Apptainer takes from the environment. It does what the
// job would do if RUN says so, and answers what a launcher asks.
const standIn = `#!/usr/bin/env bash
case $1 in
info) exit "${INFO-0}" ;;
image) exit "${HAVE-0}" ;;
pull) echo "pull ${*: -1}" >>"$RECORD.calls"; [ "${0##*/}" != apptainer ] || echo sif >"$2"; exit "${PULL-0}" ;;
rm | stop | kill) echo "$*" >>"$RECORD.calls"; [ ! -f "$RECORD.pid" ] || kill -TERM "$(<"$RECORD.pid")"; exit 0 ;;
inspect) echo "${STARTED-2026-01-01T00:00:00Z}"; exit 0 ;;
esac
{ echo "${0##*/}"; for a; do printf '%q\n' "$a"; done; env | grep -a '^APPTAINERENV_'; [ -z "$SHOW" ] || printf 'secret %s\n' "${!SHOW}"; } >"$RECORD"
while [ $# -gt 0 ]; do
  case $1 in
  --cidfile) echo 0123 >"$2" ;;
  -v | --bind) case $2 in *:/seed/outputs:rw) OUT=${2%:/seed/outputs:rw} ;; esac ;;
  esac
  shift
done
echo $$ >"$RECORD.pid"
eval "$RUN"
`

// A launched is one run of a launcher with stand-ins.
type launched struct {
	status   int
	log      string
	recorded []string // arguments of the runtime, as Bash quotes them; empty: it was not run
	calls    string   // what else the runtime was asked
}

// programs are all that a launcher needs of a host.
var programs = []string{"bash", "find", "awk", "sed", "stat", "readlink", "od", "tr", "mktemp", "mkdir", "mkfifo", "chmod", "rm", "rmdir", "sleep", "printenv", "ls", "tail", "env",
	"stdbuf", "ln", "grep"}

// A launching says how a launcher is run.
type launching struct {
	manifest string
	image    export.Image
	options  export.Options
	frame    *export.Frame
	runtimes []string // that are there; empty: podman
	env      []string
	run      string // what the job does, as Bash; OUT is the output directory
	args     []string
}

// job returns a manifest with an interface and more members.
func job(face, more string) string {
	return `{"seedVersion": "1.0.0", "job": {"name": "trial", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "t", "description": "d",
		"maintainer": {"name": "n", "email": "n@example.com"}, "timeout": 60, "interface": ` + face + more + `}}`
}

func (l launching) start(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	dir := t.TempDir()
	if l.image.Reference == "" {
		l.image.Reference = "example.com/trial:1"
	}
	j := export.New(seed.Parse([]byte(l.manifest)), l.image, l.options)
	frame := slurm.Frame()
	if l.frame != nil {
		frame = *l.frame
	}
	script := filepath.Join(dir, "launcher")
	if err := os.WriteFile(script, []byte("#!/bin/bash\n"+j.Launcher(frame)+export.Main), 0o755); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if len(l.runtimes) == 0 {
		l.runtimes = []string{"podman"}
	}
	for _, name := range l.runtimes {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(standIn), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			_ = os.Symlink(path, filepath.Join(bin, name))
		}
	}
	cmd := exec.Command(needBash(t), append([]string{script, "OUTPUT_DIR=" + filepath.Join(dir, "out")}, l.args...)...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + bin, "RECORD=" + filepath.Join(dir, "record"), "RUN=" + l.run, "SHOW=", "TMPDIR=" + t.TempDir()}, l.env...)
	return cmd, dir
}

func (l launching) launch(t *testing.T) *launched {
	t.Helper()
	cmd, dir := l.start(t)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return collect(cmd, dir, string(out))
}

func collect(cmd *exec.Cmd, dir, out string) *launched {
	result := &launched{status: cmd.ProcessState.ExitCode(), log: out}
	if text, err := os.ReadFile(filepath.Join(dir, "record")); err == nil {
		result.recorded = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	calls, _ := os.ReadFile(filepath.Join(dir, "record.calls"))
	result.calls = string(calls)
	return result
}

// after returns the arguments behind one.
func (l *launched) after(arg string) []string {
	i := slices.Index(l.recorded, arg)
	if i < 0 {
		return nil
	}
	return l.recorded[i+1:]
}

// values of an option.
func (l *launched) option(name string) (all []string) {
	for i, a := range l.recorded {
		if a == name && i+1 < len(l.recorded) {
			all = append(all, l.recorded[i+1])
		}
	}
	return all
}

const manyInputs = `{"command": "run ${IN/#/-i } $N \"${S}\" ${OUTPUT_DIR}", "inputs": {"files": [{"name": "IN", "required": false}], "json": [
	{"name": "N", "type": "integer", "required": false}, {"name": "S", "type": "string", "required": false}]}, "settings": [{"name": "key", "secret": true}],
	"mounts": [{"name": "DATA", "path": "/data x"}, {"name": "W", "path": "/w", "mode": "rw"}]}`
