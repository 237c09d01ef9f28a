package export_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/export"
)

// This file tests the launcher as a program of its own, with stand-ins for container runtimes.

func TestLaunch(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "a:b,c.txt"), []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	mounts := []string{"Mount_DATA=" + data, "Mount_W=" + data}
	secret := []string{"KEY=s3cret value", "SHOW=KEY"}
	scalars := `, "resources": {"scalar": [{"name": "cpus", "value": 0.5}, {"name": "mem", "value": 63.5}, {"name": "sharedMem", "value": 16}, {"name": "disk", "value": 10, "inputMultiplier": 4}, {"name": "x-y", "value": 3}]}`
	got := launching{manifest: job(manyInputs, scalars), args: append(mounts, "S=a  b"), env: secret}.launch(t)
	if got.status != 0 {
		t.Fatalf("status %d: %s", got.status, got.log)
	}
	want := []string{"run", `a\ \ b`, "/seed/outputs"}
	if words := got.after("example.com/trial:1"); !slices.Equal(words[:3], want) || words[3] != "secret s3cret value" {
		t.Errorf("words %q, want %q and the secret in the environment alone", words, want)
	}
	if env := got.option("-e"); !slices.Equal(env, []string{"OUTPUT_DIR=/seed/outputs", `S=a\ \ b`, "ALLOCATED_CPUS=0.5", "ALLOCATED_MEM=63.5", "ALLOCATED_SHAREDMEM=16.0", "ALLOCATED_DISK=10.0", "ALLOCATED_X_Y=3.0", "KEY"}) {
		t.Errorf("environment %q", env)
	}
	if v := got.option("-v"); len(v) != 3 || !strings.HasSuffix(v[1], `:/data\ x:ro`) || !strings.HasSuffix(v[2], ":/w:rw") || !strings.HasSuffix(v[0], ":/seed/outputs:rw") {
		t.Errorf("mounts %q", v)
	}
	if !slices.Equal(got.option("--memory"), []string{"80m"}) || !slices.Equal(got.option("--shm-size"), []string{"16m"}) || !slices.Equal(got.option("--network"), []string{"none"}) {
		t.Errorf("options %q", got.recorded)
	}
	if strings.Contains(got.log, "s3cret") {
		t.Errorf("the log has the secret: %s", got.log)
	}
	// A path with commas and colons, and the size of the input in an amount.
	got = launching{manifest: job(manyInputs, scalars), args: append(mounts, "IN="+filepath.Join(data, "a:b,c.txt"), "N=-5"), env: secret}.launch(t)
	if m := got.option("--mount"); got.status != 0 || len(m) != 1 || !strings.Contains(strings.ReplaceAll(m[0], `\`, ""), `,"destination=/seed/inputs/IN/a:b,c.txt",readonly`) {
		t.Errorf("status %d, mounts %q, %s", got.status, m, got.log)
	}
	if words := got.after("example.com/trial:1"); len(words) < 6 || !slices.Equal(words[:6], []string{"run", "-i", `/seed/inputs/IN/a:b\,c.txt`, "-5", "''", "/seed/outputs"}) {
		t.Errorf("words %q", words)
	}
	if !slices.Contains(got.option("-e"), "ALLOCATED_DISK=10.000019073486328") {
		t.Errorf("environment %q", got.option("-e"))
	}
}

// What is missing or wrong among the values ends the launcher before anything runs, and names it.
func TestLaunchRefuses(t *testing.T) {
	t.Parallel()
	face := `{"command": "x ${S} ${OPT}", "inputs": {"files": [{"name": "IN"}, {"name": "D", "multiple": true, "required": false}], "json": [{"name": "S", "type": "string"}, {"name": "N", "type": "integer", "required": false},
		{"name": "B", "type": "boolean", "required": false}, {"name": "R", "type": "number", "required": false}, {"name": "A", "type": "array", "required": false}, {"name": "O", "type": "object", "required": false}]}, "settings": [{"name": "api-key", "secret": true}]}`
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	good := []string{"IN=" + dir + "/f", "S="}
	tests := []struct {
		name   string
		args   []string
		env    []string
		status int
		says   string
	}{
		{"good", good, []string{"API_KEY=x"}, 0, ""},
		{"secret", good, nil, 1, "the setting API_KEY is a secret: put it into the environment as API_KEY"},
		{"missing", good[:1], nil, 2, `values are missing: S. The parameters are .* OUTPUT_DIR IN \[D\] S \[N\]`},
		{"required file is empty", []string{"IN=", "S="}, nil, 2, "values are missing: IN"},
		{"unknown", append(good, "X=1"), nil, 2, "there is no parameter X. The parameters are"},
		{"hostile name", append(good, "x[$(touch canary)]=1"), nil, 2, "there is no parameter"},
		{"no value", append(good, "S"), nil, 2, `"S" is not NAME=VALUE`},
		{"no file", []string{"IN=/nowhere\n/x", "S="}, nil, 1, `input IN is no file: /nowhere\?/x`},
		{"directory", []string{"IN=" + dir, "S="}, nil, 1, "input IN is no file"},
		{"no directory", append(good, "D="+dir+"/f"), nil, 1, "input D is no directory"},
		{"empty directory", append(good, "D="+dir+"/empty"), nil, 1, "input D has no file in it"},
		{"integer", append(good, "N=1.5"), nil, 2, "input N is no JSON value of the type integer: 1.5"},
		{"integer with code", append(good, "N=a[$(touch canary)]"), nil, 2, "input N is no JSON value of the type integer"},
		{"boolean", append(good, "B=yes"), nil, 2, "type boolean"},
		{"number", append(good, "R=.5"), nil, 2, "type number"},
		{"array", append(good, "A={}"), nil, 2, "type array"},
		{"object", append(good, "O=[]"), nil, 2, "type object"},
		{"runtime", append(good, "SeedRuntime=rkt"), nil, 2, "SeedRuntime is rkt, it must be"},
		{"runtime that is not there", append(good, "SeedRuntime=docker"), nil, 1, "there is no such program"},
		{"option for an image", append(good, "SeedImage=--privileged"), nil, 2, "SeedImage is no reference"},
		{"image with blanks", append(good, "SeedImage=a --privileged"), nil, 2, "SeedImage is no reference"},
		{"image file that is not there", append(good, "SeedImage=x.sif"), nil, 1, "SeedImage is no file"},
		{"output is not empty", append(good, "OUTPUT_DIR="+dir), []string{"API_KEY=x"}, 1, "OUTPUT_DIR is not empty"},
		{"tasks without an array", append(good, "--tasks", dir+"/f"), nil, 2, "--tasks is for an array of jobs"},
		{"too few tasks", append(good, "--tasks", dir+"/f"), []string{"SLURM_ARRAY_TASK_ID=2"}, 2, "has 0 lines, and this is task 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := launching{manifest: job(face, ""), args: tt.args, env: tt.env}
			cmd, top := l.start(t)
			out, _ := cmd.CombinedOutput()
			got := collect(cmd, top, string(out))
			if got.status != tt.status || !regexp.MustCompile(tt.says).MatchString(got.log) {
				t.Errorf("status %d: %s", got.status, got.log)
			}
			if tt.status != 0 && got.recorded != nil {
				t.Errorf("it ran %q", got.recorded)
			}
			if _, err := os.Stat(filepath.Join(top, "canary")); err == nil {
				t.Error("a value was executed")
			}
			if entries, _ := os.ReadDir(strings.TrimPrefix(cmd.Env[4], "TMPDIR=")); len(entries) > 0 {
				t.Errorf("%s is left", entries[0].Name())
			}
		})
	}
}

// How a job ends is named, its outputs are checked, and its container is removed.
func TestLaunchEnds(t *testing.T) {
	t.Parallel()
	face := `{"command": "x", "outputs": {"files": [{"name": "one", "pattern": "*.txt", "mediaType": "text/plain"}, {"name": "many", "pattern": "d/[a-c]?.csv", "multiple": true, "required": false, "mediaType": "text/csv"}],
		"json": [{"name": "n", "type": "integer"}]}}`
	errors := `, "errors": [{"code": 3, "name": "bad", "title": "Bad 'quote' {{x}}", "description": "two\nlines $(touch canary)"}, {"code": 3, "name": "twice"}, {"code": 127, "name": "missing"}, {"code": 300, "name": "beyond"}]`
	both := `: >"$OUT/a.txt"; echo "{}" >"$OUT/seed.outputs.json"; `
	tests := []struct {
		name, run string
		env       []string
		status    int
		says      string
	}{
		{"good", both, nil, 0, ""},
		{"outputs that do not count", both + `: >"$OUT/.b.txt"; mkdir "$OUT/c.txt"; ln -s /etc/passwd "$OUT/d.txt"; : >"$OUT/a.txt.metadata.json"`, nil, 0, ""},
		{"link inside", `: >"$OUT/x"; ln -s x "$OUT/a.txt"; : >"$OUT/seed.outputs.json"`, nil, 0, ""},
		{"no output", `: >"$OUT/seed.outputs.json"`, nil, 1, `seed: output one: no file matches \*\.txt`},
		{"two outputs", both + `: >"$OUT/b.txt"`, nil, 1, `seed: output one: 2 files match \*\.txt, one is allowed`},
		{"no JSON", `: >"$OUT/a.txt"`, nil, 1, "seed: seed.outputs.json is missing"},
		{"declared", "exit 3", nil, 3, `(?m)^seed: bad: Bad 'quote' \{\{x\}\} - two lines \$\(touch canary\)$`},
		{"undeclared", "exit 4", nil, 4, "seed: exit status 4, which the manifest does not declare"},
		{"killed", "exit 137", nil, 137, "the job was killed, perhaps for want of memory"},
		{"signal", "exit 139", nil, 139, "ended by signal 11"},
		{"engine", "exit 125", []string{"STARTED=0001-01-01T00:00:00Z"}, 125, "podman could not start the job"},
		{"127 of the job", "exit 127", nil, 127, "seed: missing"},
		{"127 of the engine", "exit 127", []string{"STARTED=0001-01-01T00:00:00Z"}, 127, "podman could not start the job"},
		{"pull", both, []string{"HAVE=1"}, 0, "podman pulls example.com/trial:1"},
		{"no pull", both, []string{"HAVE=1", "PULL=1"}, 125, "podman cannot pull example.com/trial:1: it does not say why, perhaps since /"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := launching{manifest: job(face, errors), run: tt.run, env: tt.env}.launch(t)
			if got.status != tt.status || !regexp.MustCompile(tt.says).MatchString(got.log) {
				t.Errorf("status %d, want %d %q: %s", got.status, tt.status, tt.says, got.log)
			}
			if got.recorded != nil && !strings.Contains(got.calls, "rm -f") {
				t.Errorf("the container is left: %q", got.calls)
			}
		})
	}
}

// A job is ended at its timeout, and when the launcher is.
func TestLaunchStops(t *testing.T) {
	t.Parallel()
	sleeps := "echo begun; exec sleep 600"
	short := strings.Replace(job(`{"command": "x"}`, ""), `"timeout": 60`, `"timeout": 1`, 1)
	got := launching{manifest: short, run: sleeps}.launch(t)
	if got.status != 124 || !strings.Contains(got.log, "seed: timeout after 1 s") || !strings.Contains(got.calls, "stop -t 10 seed-") {
		t.Errorf("status %d, asked %q: %s", got.status, got.calls, got.log)
	}
	for _, runtime := range []string{"podman", "apptainer"} {
		cmd, dir := launching{manifest: job(`{"command": "x"}`, ""), run: sleeps, runtimes: []string{runtime}}.start(t)
		r, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fscanln(r)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := collect(cmd, dir, ""); got.status != 143 || runtime == "podman" && !strings.Contains(got.calls, "stop -t 2 seed-") {
			t.Errorf("%s: status %d, asked %q", runtime, got.status, got.calls)
		}
		pid, _ := os.ReadFile(filepath.Join(dir, "record.pid"))
		if err := exec.Command("kill", "-0", strings.TrimSpace(string(pid))).Run(); err == nil {
			t.Errorf("%s: the job goes on", runtime)
		}
	}
}

// The first runtime that works is taken.
func TestLaunchChoosesRuntime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		runtimes []string
		env      []string
		args     []string
		want     string
	}{
		{[]string{"docker", "podman", "apptainer"}, nil, nil, "podman"},
		{[]string{"docker", "apptainer"}, nil, nil, "docker"},
		{[]string{"docker", "apptainer"}, []string{"INFO=1"}, nil, "apptainer"},
		{[]string{"docker"}, []string{"INFO=1"}, nil, "docker"},
		{[]string{"docker", "podman"}, nil, []string{"SeedRuntime=docker"}, "docker"},
		{[]string{"podman", "apptainer"}, nil, []string{"SeedImage=launcher.sif"}, "apptainer"},
	}
	for _, tt := range tests {
		l := launching{manifest: job(`{"command": "x"}`, ""), runtimes: tt.runtimes, env: tt.env, args: tt.args}
		cmd, dir := l.start(t)
		if err := os.WriteFile(filepath.Join(dir, "launcher.sif"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := cmd.CombinedOutput()
		if got := collect(cmd, dir, string(out)); got.status != 0 || got.recorded[0] != tt.want {
			t.Errorf("%v %v %v: %d %q %s", tt.runtimes, tt.env, tt.args, got.status, got.recorded, got.log)
		}
	}
}

// Apptainer runs as its caller: what it would take from the caller is kept out, and values that its flags would take apart, and
// secrets, travel in the environment.
func TestLaunchApptainer(t *testing.T) {
	t.Parallel()
	face := `{"command": "x", "inputs": {"json": [{"name": "A", "type": "string"}, {"name": "B", "type": "string"}]}, "settings": [{"name": "key", "secret": true}]}`
	l := launching{manifest: job(face, ""), runtimes: []string{"apptainer"}, args: []string{"A=a, b", `B=x=1,"y"`}, env: []string{"KEY=s3cret"},
		image: export.Image{Reference: "example.com/trial@sha256:00", Start: &export.Start{WorkingDir: "/app", Configured: true}}}
	got := l.launch(t)
	if got.status != 0 || !slices.Equal(got.recorded[:7], []string{"apptainer", "run", "--compat", "--cleanenv", "--no-home", "--pwd", "/app"}) {
		t.Fatalf("%d %q %s", got.status, got.recorded, got.log)
	}
	if env := got.option("--env"); !slices.Equal(env, []string{"OUTPUT_DIR=/seed/outputs", `A=a\,\ b`}) {
		t.Errorf("%q", env)
	}
	for _, want := range []string{"APPTAINERENV_KEY=s3cret", `APPTAINERENV_B=x=1,"y"`} {
		if !slices.Contains(got.recorded, want) {
			t.Errorf("%q lacks %s", got.recorded, want)
		}
	}
	if !strings.Contains(got.calls, "pull docker://example.com/trial@sha256:00") || !strings.HasSuffix(got.after(got.option("--bind")[0])[0], ".sif") {
		t.Errorf("%q %q", got.calls, got.recorded)
	}
	l.env = append(l.env, "PULL=1")
	l.runtimes = []string{"apptainer"}
	cmd, dir := l.start(t)
	text, _ := os.ReadFile(filepath.Join(dir, "bin", "apptainer"))
	if err := os.WriteFile(filepath.Join(dir, "bin", "apptainer"), []byte(strings.Replace(string(text), `echo sif >"$2"`, ":", 1)), 0o755); err != nil {
		t.Fatal(err)
	}
	out, _ := cmd.CombinedOutput()
	if got := collect(cmd, dir, string(out)); got.status != 0 || !slices.Contains(got.recorded, "docker://example.com/trial@sha256:00") {
		t.Errorf("%d %q", got.status, got.recorded)
	}
}
