package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// scripted is a job that runs the script in its setting. Its manifest declares much that a script can break.
const scripted = `{"job": {"name": "s", "timeout": 4, "interface": {
"inputs": {"files": [{"name": "IN", "partial": true}], "json": [{"name": "absent", "type": "string", "required": false}]},
"outputs": {
	"files": [{"name": "table", "pattern": "table*.csv", "mediaType": "text/csv"},
		{"name": "plots", "pattern": "plots/*", "multiple": true, "required": false, "mediaType": "image/png"},
		{"name": "first", "pattern": "plots/1*", "required": false}],
	"json": [{"name": "count", "type": "integer"}]},
"mounts": [{"name": "RO", "path": "/ro"}, {"name": "RW", "path": "/rw", "mode": "rw"}],
"settings": [{"name": "SCRIPT"}, {"name": "PASS", "secret": true}]},
"resources": {"scalar": [{"name": "mem", "value": 64}, {"name": "disk", "value": 10}, {"name": "sharedMem", "value": 8}]},
"errors": [{"code": 3, "name": "bad"}]}}`

// well is a script that does all that the manifest declares. Other scripts begin with it, and then break something.
const well = `cd "$OUTPUT_DIR" && echo 1,2 >table.csv && echo '{"count": 3}' >seed.outputs.json; `

// scripts break one declaration each, or none. The findings are complete.
var scripts = []struct{ name, script, want string }{
	{"well", well, ""},
	{"environment", well + `[ "$IN" = /seed/inputs/IN/x.txt ] && [ "$(cat $IN)" = hello ] && [ "$ALLOCATED_MEM" = 64.0 ] && [ -z "${ABSENT+x}" ] && [ "$PASS" = swordfish ] &&
[ -d /ro ] && ! touch /ro/x 2>/dev/null && touch /rw/x && [ "$(ls /seed/inputs)" = IN ] && [ "$(id -u)" = 1000 ] || exit 3`, ""},
	{"cannot start", "nosuchprogram", "/job [cannot-start]"},
	{"error", well + "exit 3", "/job/errors/0 [exit-mapped]"},
	{"undeclared", well + "exit 9", "/job/errors [exit-undeclared]"},
	{"signal", "kill -SEGV $$", "/job [exit-signal]"},
	{"sleeps", well + "sleep 60", "/job/timeout [job-timeout]"},
	{"ignores TERM", well + "trap '' TERM; while :; do sleep 1; done", "/job/timeout [job-timeout]"},
	{"forks", well + `trap '' TERM; i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; wait`, "/job/timeout [job-timeout]"},
	{"forks into its memory's end", well + `i=0; while [ $i -lt 3000 ]; do sleep 60 & i=$((i+1)); done; wait`, "/job/resources/scalar/0 [memory-killed]"},
	{"fills memory", well + "head -c 300000000 /dev/zero | tail -c 290000000 >/dev/null", "/job/resources/scalar/0 [memory-killed]"},
	{"fills shared memory", well + "head -c 30000000 /dev/zero >/dev/shm/x; exit 0", "/job/resources/scalar/2 [shared-memory-exhausted]"},
	{"fills the disk", well + "head -c 30000000 /dev/zero >>table.csv", "/job/resources/scalar/1 [disk-exceeded]"},
	{"prints much", well + "exec dd if=/dev/zero bs=1M count=500", ""},
	{"no output", well + "rm table.csv", "/job/interface/outputs/files/0 [output-missing]"},
	{"two outputs", well + "cp table.csv table2.csv", "/job/interface/outputs/files/0 [output-plurality]"},
	{"not readable", well + "chmod 600 table.csv", "/job/interface/outputs/files/0 [output-unreadable]"},
	{"directory not readable", well + "mkdir -m 700 plots && printf '\\211PNG\\r\\n\\032\\n' >plots/x", "/job/interface/outputs/files/1 [output-unreadable]"},
	{"link out", well + "mkdir plots && ln -s /etc/passwd plots/x", "/job/interface/outputs/files/1 [output-link-outside]"},
	{"link within", well + "mv table.csv data && ln -s data table.csv", ""},
	{"FIFO", well + "mkdir plots && mkfifo plots/x", "/job/interface/outputs/files/1 [output-no-file]"},
	{"dead link", well + "mkdir plots && ln -s none plots/x", "/job/interface/outputs/files/1 [output-no-file]"},
	{"shared", well + "mkdir plots && printf '\\211PNG\\r\\n\\032\\n' >plots/1", "/job/interface/outputs/files/2 [output-shared]"},
	{"odd names", well + `mkdir plots && printf '\211PNG\r\n\032\n' >"plots/$(printf 'a\nb\351')"`, ""},
	{"other content", well + "mkdir plots && echo text >plots/x", "/job/interface/outputs/files/1 [output-media-type]"},
	{"not captured", well + "echo x >log", "/job/interface/outputs/files [output-uncaptured]"},
	{"no outputs file", well + "rm seed.outputs.json", "/job/interface/outputs/json [outputs-json-missing]"},
	{"no JSON", well + "echo { >seed.outputs.json", "/job/interface/outputs/json [outputs-json-syntax]"},
	{"no key", well + "echo '{}' >seed.outputs.json", "/job/interface/outputs/json/0 [outputs-json-key]"},
	{"wrong type", well + `echo '{"count": "3"}' >seed.outputs.json`, "/job/interface/outputs/json/0 [outputs-json-type]"},
	{"side-car", well + `echo '{"type": "Point"}' >table.csv.metadata.json`, "/job/interface/outputs/files/0 [side-car-invalid]"},
	{"secret printed", well + `echo "it is $PASS"`, "/job/interface/settings/1 [secret-shown]"},
	{"secret written", well + `echo "$PASS" >>table.csv`, "/job/interface/settings/1 [secret-shown]"},
	{"left running", well + "setsid sleep 60 & sleep 0.2", "/job [processes-left]"},
	{"writes elsewhere", well + "echo x >/work/x", "/job [writes-elsewhere]"},
	{"readable again", well + "chmod 600 table.csv seed.outputs.json && chmod +r table.csv seed.outputs.json", ""},
	{"many files", well + "mkdir plots && cd plots && i=0 && while [ $i -lt 10000 ]; do : >x$i; i=$((i+1)); done", ""},
	{"root: signals its supervisor", well + "for s in TERM INT HUP QUIT USR1 ABRT PIPE STOP KILL; do kill -$s 1; done; sleep 0.3", ""},
	{"root: overwrites the report", well + "cd /.seedpack/report && echo '{}' >report.json && mkdir -p files.json/x && mkdir archive", ""},
	{"writes to an input", well + `echo x >$IN || exit 3`, "/job/errors/0 [exit-mapped]\n/job/interface/inputs/files/0 [input-written]"},
}

// TestScripts runs all scripts in one build of a real engine, and then in container engines. All must say the same of each.
func TestScripts(t *testing.T) {
	contained := containerEngines(t)
	var all []cases.Case
	for _, s := range scripts {
		c := cases.Case{Name: s.name, Inputs: map[string][]cases.InputFile{"IN": {{Name: "x.txt", Content: []byte("hello"), Size: 5}}},
			Settings: map[string]string{"SCRIPT": s.script, "PASS": "swordfish"}}
		if strings.HasPrefix(s.name, "root: ") {
			c.RunAs = "0"
		}
		all = append(all, c)
	}
	text := "FROM busybox:1.36\nRUN mkdir -m 777 /work\nUSER 1000\nENTRYPOINT [\"/bin/sh\", \"-c\", \"eval \\\"$SCRIPT\\\"\"]\n"
	buildScripted(t, privateEngine(t), t.TempDir(), text, all, func(ctx context.Context, c *pack.Candidate) error {
		begin := time.Now()
		// On a busy machine, a script could reach its timeout before its memory's end. Only scripts about the timeout have it.
		for manifest, timedOut := range map[string]bool{scripted: true, strings.Replace(scripted, `"timeout": 4`, `"timeout": 60`, 1): false} {
			var some []cases.Case
			var wants []string
			for i, s := range scripts {
				if strings.Contains(s.want, jobTimeout.ID) == timedOut {
					some, wants = append(some, all[i]), append(wants, s.want)
				}
			}
			result, err := Smoke(ctx, c, c.Config, seed.Parse([]byte(manifest)), some, Options{Grace: 500 * time.Millisecond, Platform: c.Platform})
			if err != nil {
				return err
			}
			for i, r := range result.Cases {
				checkScript(t, wants[i], r)
			}
			share := len(contained)
			if testing.Short() {
				share *= 6 // the race detector sees the same code in each run
			}
			var engines sync.WaitGroup
			for n, e := range contained {
				engines.Go(func() {
					e.compare(t, manifest, some, result, func(i int) bool { return os.Getenv("SEEDPACK_LONG") != "" || i%share == n })
				})
			}
			engines.Wait()
		}
		t.Logf("%d runs took %v", len(all), time.Since(begin))
		return nil
	})
}

// A testEngine is an engine on which tests run jobs.
type testEngine struct {
	options engine.Options
	// base is a layout of the base image. It is empty if the engine itself has the image.
	base string
	// lacks are rules that need an ability which the engine lacks.
	lacks []string
}

func privateEngine(t testing.TB) testEngine {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return testEngine{engine.Options{Builder: "private", CacheDir: filepath.Join(cache, "seedpack"), Log: os.Stderr},
		needs.Variable(t, "SEEDPACK_TEST_BASE"), []string{memoryExceeded.ID}}
}

// dockerEngine returns a real Docker Engine. If its BuildKit is too old for layouts as base images, the engine itself
// has the image.
func dockerEngine(t testing.TB) testEngine {
	t.Helper()
	host := needs.Variable(t, "SEEDPACK_TEST_DOCKER")
	getenv := func(name string) string { return map[string]string{"DOCKER_HOST": host}[name] }
	e := testEngine{options: engine.Options{Builder: "docker", Getenv: getenv, Log: os.Stderr}}
	if os.Getenv("SEEDPACK_TEST_DOCKER_STORE") != "classic" {
		e.base = needs.Variable(t, "SEEDPACK_TEST_BASE")
	}
	d, err := engine.Diagnose(t.Context(), e.options)
	if err != nil {
		t.Fatal(err)
	}
	can := map[string]bool{}
	for _, a := range d.Engine.Abilities {
		can[a.Name] = a.Can
	}
	e.lacks = []string{memoryExceeded.ID}
	if !can["memory limit of smoke runs"] {
		e.lacks = []string{memoryKilled.ID}
	}
	if !can["size of /dev/shm in smoke runs"] {
		e.lacks = append(e.lacks, sharedMemoryExhausted.ID)
	}
	return e
}

// buildScripted builds a Dockerfile on a real engine and calls do with the candidate, before an export would follow.
func buildScripted(t testing.TB, on testEngine, dir, text string, all []cases.Case, do func(context.Context, *pack.Candidate) error) {
	t.Helper()
	engine, err := engine.Connect(t.Context(), on.options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	dockerfile := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(dockerfile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	request := pack.Request{Context: dir, Dockerfile: dockerfile, Inputs: cases.Inputs(all)}
	if on.base != "" {
		request.BuildContexts = map[string]string{"busybox:1.36": "oci-layout://" + on.base}
	}
	_, err = pack.Build(t.Context(), engine, request, func(ctx context.Context, built []*pack.Candidate) error { return do(ctx, built[0]) })
	if err != nil {
		t.Fatal(err)
	}
}

func checkScript(t *testing.T, want string, r CaseResult) {
	t.Helper()
	var got []string
	for _, d := range r.Diagnostics {
		got = append(got, fmt.Sprintf("%s [%s]", d.Pointer, d.Rule.ID))
	}
	slices.Sort(got)
	if strings.Join(got, "\n") != want {
		t.Errorf("%s: exit %d %s, stderr %q\n%s", r.Name, r.Outcome.Exit, r.Outcome.StartError, r.Outcome.Stderr.Head, findings(r.Diagnostics))
	}
	if r.Outcome.Usage.Wall > 20*time.Second {
		t.Errorf("%s took %v", r.Name, r.Outcome.Usage.Wall)
	}
}

// BenchmarkRuns measures what a smoke run adds to a build, for a job that does nothing and for a job with very many
// outputs.
func BenchmarkRuns(b *testing.B) {
	patient := strings.Replace(scripted, `"timeout": 4`, `"timeout": 60`, 1) // on a slow disk, the files alone take that long
	for name, script := range map[string]string{"empty": well, "files=10000": well + "mkdir plots; cd plots; i=0; while [ $i -lt 10000 ]; do : >x$i; i=$((i+1)); done"} {
		c := cases.Case{Name: name, Inputs: map[string][]cases.InputFile{"IN": {{Name: "x.txt", Content: []byte("hello"), Size: 5}}}, Settings: map[string]string{"SCRIPT": script, "PASS": "swordfish"}}
		text := "FROM busybox:1.36\nUSER 1000\nENTRYPOINT [\"/bin/sh\", \"-c\", \"eval \\\"$SCRIPT\\\"\"]\n"
		b.Run(name, func(b *testing.B) {
			buildScripted(b, privateEngine(b), b.TempDir(), text, []cases.Case{c}, func(ctx context.Context, candidate *pack.Candidate) error {
				var job time.Duration
				for b.Loop() {
					result, err := Smoke(ctx, candidate, candidate.Config, seed.Parse([]byte(patient)), []cases.Case{c}, Options{})
					if err != nil {
						return err
					}
					if result.Verdict != Passed {
						b.Fatal(findings(result.Report.Diagnostics))
					}
					job += result.Cases[0].Outcome.Usage.Wall
				}
				b.ReportMetric(float64(job.Milliseconds())/float64(b.N), "job-ms/op") // the rest is our time and the engine's
				return nil
			})
		})
	}
}
