package export_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/slurm"
	"github.com/seedpack/seedpack/seed"
)

// This file tests how a launcher starts a job in odd situations.

// If no word of the command is left, the image's CMD does not take its place.
func TestLaunchWithoutWords(t *testing.T) {
	t.Parallel()
	face := `{"command": "${A/#/-a }", "inputs": {"json": [{"name": "A", "type": "string", "required": false}]}}`
	start := export.Start{Entrypoint: []string{"/run me", "-x", "{{y}}"}, Cmd: []string{"help"}, Configured: true}
	tests := []struct {
		name, runtime string
		start         *export.Start
		args          []string
		status        int
		words         []string // from the image on
		entrypoint    []string
	}{
		{"podman", "podman", &start, nil, 0, []string{"example.com/trial:1", "-x", `\{\{y\}\}`}, []string{`/run\ me`}},
		{"docker", "docker", &start, nil, 0, []string{"example.com/trial:1", "-x", `\{\{y\}\}`}, []string{`/run\ me`}},
		{"apptainer", "apptainer", &start, []string{"SeedImage=launcher"}, 0, []string{`/run\ me`, "-x", `\{\{y\}\}`}, nil},
		{"words", "podman", &start, []string{"A=b"}, 0, []string{"example.com/trial:1", "-a", "b"}, nil},
		{"no CMD", "podman", &export.Start{Entrypoint: []string{"/x"}}, nil, 0, []string{"example.com/trial:1"}, nil},
		{"CMD alone", "podman", &export.Start{Cmd: []string{"/x"}}, nil, 1, nil, nil},
		{"unknown", "podman", nil, nil, 1, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := launching{manifest: job(face, ""), image: export.Image{Start: tt.start}, runtimes: []string{tt.runtime}, args: tt.args, env: []string{"HAVE=1"}}.launch(t)
			j := export.New(seed.Parse([]byte(job(face, ""))), export.Image{Reference: "x", Start: tt.start}, export.Options{})
			if lost := slices.ContainsFunc(slurm.Target.Export(j).Losses, func(n export.Note) bool { return n.Pointer == seed.AtCommand }); lost != (tt.status != 0) {
				t.Errorf("that it may not run is said: %v", lost)
			}
			if got.status != tt.status || tt.status != 0 && (got.recorded != nil || got.calls != "" || !strings.Contains(got.log, "CMD would take its place")) {
				t.Fatalf("status %d, ran %q, asked %q: %s", got.status, got.recorded, got.calls, got.log)
			}
			if n := len(got.recorded); tt.status == 0 && !slices.Equal(got.recorded[n-len(tt.words):], tt.words) || !slices.Equal(got.option("--entrypoint"), tt.entrypoint) {
				t.Errorf("%q, want %q with the entry point %q", got.recorded, tt.words, tt.entrypoint)
			}
			if tt.runtime == "apptainer" && got.recorded[1] != "exec" {
				t.Errorf("%q", got.recorded)
			}
		})
	}
}

// A match counts if it is in OUTPUT_DIR, and not elsewhere by a link, be it the file's or a directory's.
func TestLaunchFollowsNoLinkOut(t *testing.T) {
	t.Parallel()
	manifest := job(`{"command": "x", "outputs": {"files": [{"name": "o", "pattern": "d/*/f.txt", "mediaType": "text/plain"}]}}`, "")
	elsewhere := t.TempDir()
	if err := os.MkdirAll(filepath.Join(elsewhere, "e"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(elsewhere, "e", "f.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, run string
		status    int
	}{
		{"file", `mkdir -p "$OUT/d/e"; : >"$OUT/d/e/f.txt"`, 0},
		{"linked file", `mkdir -p "$OUT/d/e"; ln -s "$ELSEWHERE/e/f.txt" "$OUT/d/e/f.txt"`, 1},
		{"linked directory", `mkdir -p "$OUT/d"; ln -s "$ELSEWHERE/e" "$OUT/d/e"`, 1},
		{"linked directory above", `ln -s "$ELSEWHERE" "$OUT/d"`, 1},
		{"links inside", `mkdir -p "$OUT/real/e"; : >"$OUT/real/e/g"; ln -s g "$OUT/real/e/f.txt"; ln -s real "$OUT/d"`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := launching{manifest: manifest, run: tt.run, env: []string{"ELSEWHERE=" + elsewhere}}.launch(t)
			if got.status != tt.status || tt.status != 0 && !strings.Contains(got.log, "output o: no file matches d/*/f.txt") {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.log)
			}
		})
	}
}

// A signal that comes when the container has begun, and before the launcher knows its process, ends the job as any other does.
func TestLaunchEndsEarly(t *testing.T) {
	t.Parallel()
	cmd, dir := launching{manifest: job(`{"command": "x"}`, ""), run: "trap : TERM; for i in {1..600}; do sleep 0.1; [ ! -e stopped ] || exit 0; done"}.start(t)
	script := cmd.Args[1]
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	late := strings.Replace(string(text), "  child=$!\n  printf", "  kill -TERM $$\n  child=$!\n  printf", 1)
	if late == string(text) {
		t.Fatal("the launcher does not start its container as this test knows it")
	}
	if err := os.WriteFile(script, []byte(late), 0o755); err != nil {
		t.Fatal(err)
	}
	podman := filepath.Join(dir, "bin", "podman")
	if err := os.WriteFile(podman, []byte(strings.Replace(standIn, "rm | stop | kill) ", "rm | stop | kill) : >stopped; ", 1)), 0o755); err != nil {
		t.Fatal(err)
	}
	out, _ := cmd.CombinedOutput()
	if got := collect(cmd, dir, string(out)); got.status != 143 || !strings.Contains(got.calls, "stop -t 2 seed-") {
		t.Errorf("status %d, asked %q: %s", got.status, got.calls, got.log)
	}
}

// Options of the shell that submits a job, and --tasks in either form, do what a person expects.
func TestLaunchTakes(t *testing.T) {
	t.Parallel()
	manifest := job(`{"command": "x ${A/#/-a } ${B}", "inputs": {"json": [{"name": "A", "type": "string", "required": false}, {"name": "B", "type": "integer", "required": false}]}}`, "")
	tasks := filepath.Join(t.TempDir(), "tasks")
	if err := os.WriteFile(tasks, []byte("\ufeffA=one B=1\nA='two 2'\t\"B=2\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		env  []string
		want []string
		out  string
	}{
		{"SHELLOPTS", []string{"B=0"}, []string{"SHELLOPTS=braceexpand:errexit:nounset:noclobber:posix"}, []string{"x", "0"}, `/out:/seed`},
		{"--tasks FILE", []string{"--tasks", tasks}, []string{"SLURM_ARRAY_TASK_ID=2"}, []string{"x", "-a", "two", "2", "2"}, `/out/2:/seed`},
		{"--tasks=FILE", []string{"--tasks=" + tasks}, []string{"SLURM_ARRAY_TASK_ID=1"}, []string{"x", "-a", "one", "1"}, `/out/1:/seed`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := launching{manifest: manifest, args: tt.args, env: tt.env}.launch(t)
			if words := got.after("example.com/trial:1"); got.status != 0 || !slices.Equal(words, tt.want) {
				t.Errorf("status %d, words %q, want %q: %s", got.status, words, tt.want, got.log)
			}
			if v := got.option("-v"); len(v) != 1 || !regexp.MustCompile(tt.out).MatchString(v[0]) {
				t.Errorf("mounts %q", v)
			}
		})
	}
}

// A path is mounted as it is, or refused: the flag for odd paths is read as CSV, which changes some line ends.
func TestLaunchMountsOddPaths(t *testing.T) {
	t.Parallel()
	manifest := job(`{"command": "x", "inputs": {"files": [{"name": "IN"}]}}`, "")
	tests := []struct {
		name, runtime string
		mount         string // the end of the flag's value, as Bash quotes it; empty: the path is refused
	}{
		{"a b", "podman", `/seed/inputs/IN/a\ b:ro`},
		{"a\nb", "podman", `/seed/inputs/IN/a\nb:ro'`},
		{"a\r\nb", "podman", `/seed/inputs/IN/a\r\nb:ro'`},
		{"a:\nb", "podman", `\"destination=/seed/inputs/IN/a:\nb\",readonly`},
		{"a,\r\nb", "podman", ""},
		{"a\nb", "apptainer", `\"destination=/seed/inputs/IN/a\nb\",ro`},
		{"a\r\nb", "apptainer", ""},
		{"a\r\"b", "docker", `\"destination=/seed/inputs/IN/a\r\"\"b\",readonly`},
	}
	for _, tt := range tests {
		t.Run(tt.runtime+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), tt.name)
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			got := launching{manifest: manifest, runtimes: []string{tt.runtime}, args: []string{"IN=" + file}}.launch(t)
			if tt.mount == "" {
				if got.status != 1 || got.recorded != nil || !strings.Contains(got.log, "cannot mount a path that has a carriage return before a line end") {
					t.Errorf("status %d, ran %q: %s", got.status, got.recorded, got.log)
				}
				return
			}
			flags := slices.Concat(got.option("-v"), got.option("--bind"), got.option("--mount"))
			plain := strings.NewReplacer(`\"`, `"`, `\,`, ",", `$'`, "", `\ `, " ").Replace
			if got.status != 0 || len(flags) != 2 || !strings.HasSuffix(strings.TrimSuffix(plain(flags[1]), "'"), strings.TrimSuffix(plain(tt.mount), "'")) {
				t.Errorf("status %d, flags %q, want %q: %s", got.status, flags, tt.mount, got.log)
			}
		})
	}
}

// A value with line ends of Windows reaches the job as it is. Podman's flag would change them.
func TestLaunchKeepsLineEnds(t *testing.T) {
	t.Parallel()
	manifest := job(`{"command": "x", "settings": [{"name": "S"}, {"name": "T"}]}`, "")
	for _, runtime := range []string{"podman", "docker"} {
		got := launching{manifest: manifest, runtimes: []string{runtime}, args: []string{"S=a=b\r\nc", "T=a\rb\nc"}, env: []string{"SHOW=S"}}.launch(t)
		if env := got.option("-e"); got.status != 0 || !slices.Equal(env, []string{"OUTPUT_DIR=/seed/outputs", "S", `$'T=a\rb\nc'`}) {
			t.Errorf("%s: status %d, %q: %s", runtime, got.status, env, got.log)
		}
		if text := strings.Join(got.recorded, "\n"); !strings.HasSuffix(text, "\nsecret a=b\r\nc") {
			t.Errorf("%s: the job is given %q", runtime, text)
		}
	}
}
