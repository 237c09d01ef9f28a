package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

const environed = `{"job": {"timeout": 10,
"resources": {"scalar": [{"name": "cpus", "value": 0.25}, {"name": "mem", "value": 64}, {"name": "sharedMem", "value": 5.0},
	{"name": "disk", "value": 0.1, "inputMultiplier": 4.0}, {"name": "my-demo-resourceNew", "value": 1024}]},
"interface": {"command": "${INFILE} ${OPT/#/-d } '${NOT}' ${OUTPUT_DIR} --pass=$DB_PASS",
	"inputs": {"files": [{"name": "inFile"}, {"name": "many", "multiple": true}, {"name": "opt", "required": false}],
		"json": [{"name": "in-json", "type": "object"}, {"name": "text", "type": "string"}, {"name": "left", "type": "string", "required": false}]},
	"mounts": [{"name": "A", "path": "/a"}, {"name": "B", "path": "/b", "mode": "rw"}],
	"settings": [{"name": "DB_HOST"}, {"name": "db-pass", "secret": true}]}}}`

func environedCase() *cases.Case {
	return &cases.Case{
		Name: "one\n",
		Inputs: map[string][]cases.InputFile{"inFile": {{Name: "x.png", Host: "/h/x.png", Size: 2 * mib}},
			"many": {{Name: "a", Host: "/h/a"}, {Name: "b", Content: []byte("b")}}},
		JSON:     map[string]json.RawMessage{"in-json": json.RawMessage(`{"a":[1,"b c"]}`), "text": json.RawMessage(`"it \"is\" é"`)},
		Settings: map[string]string{"DB_HOST": "h", "db-pass": "sword fish"},
		Mounts:   map[string]cases.Mount{"A": {Host: "/h/ref"}, "B": {}},
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	m, c := seed.Parse([]byte(environed)), environedCase()
	p, refused := prepare(m, c).process(pack.Config{Entrypoint: []string{"/job", "-v"}, Cmd: []string{"none"}}, m, c, Options{Grace: time.Second})
	if refused != nil {
		t.Fatal(refused.Message)
	}
	wantEnv := []string{"ALLOCATED_CPUS=0.25", "ALLOCATED_DISK=8.1", "ALLOCATED_MEM=64.0", "ALLOCATED_MY_DEMO_RESOURCENEW=1024.0", "ALLOCATED_SHAREDMEM=5.0",
		"DB_HOST=h", "INFILE=/seed/inputs/INFILE/x.png", `IN_JSON={"a":[1,"b c"]}`, "MANY=/seed/inputs/MANY", "OUTPUT_DIR=/seed/outputs", `TEXT=it "is" é`}
	if !slices.Equal(p.Env, wantEnv) {
		t.Errorf("environment\n got %q\nwant %q", p.Env, wantEnv)
	}
	if want := []string{"/job", "-v", "/seed/inputs/INFILE/x.png", "${NOT}", "/seed/outputs", "--pass=" + wire.SecretRef("DB_PASS")}; !slices.Equal(p.Args, want) {
		t.Errorf("arguments\n got %q\nwant %q", p.Args, want)
	}
	if !slices.Equal(p.Unset, []string{"OPT", "LEFT"}) || p.Secrets["DB_PASS"] != "sword fish" || strings.Contains(fmt.Sprint(p.Args, p.Env), "sword fish") {
		t.Errorf("unset %q, secrets %q", p.Unset, p.Secrets)
	}
	wantMounts := []pack.RunMount{{Path: "/seed/inputs/INFILE", From: cases.InputTree(c.Inputs["inFile"])}, {Path: "/seed/inputs/MANY", From: cases.InputTree(c.Inputs["many"])},
		{Path: "/a", From: c.Mounts["A"].Tree()}, {Path: "/b", Writable: true}}
	if !slices.Equal(p.Mounts, wantMounts) {
		t.Errorf("mounts\n got %+v\nwant %+v", p.Mounts, wantMounts)
	}
	if p.Memory != 64*mib+wire.MemoryReserve || p.SharedMem != 5*mib || p.Timeout != 10*time.Second || p.Grace != time.Second || p.Name != `one\n` {
		t.Errorf("%+v", p)
	}
	tree := cases.Inputs([]cases.Case{*c})
	for _, mount := range p.Mounts {
		if _, ok := tree[mount.From]; mount.From != "" && !ok {
			t.Errorf("%s is mounted and not among the inputs", mount.From)
		}
	}
}

func TestFormatAmount(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{5: "5.0", 0.25: "0.25", 1024: "1024.0", 8.1: "8.1", 0: "0.0", 1e21: "1000000000000000000000.0", 1e-7: "0.0000001"} {
		if got := formatAmount(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		entrypoint, cmd []string
		command, want   string
	}{
		{[]string{"/e"}, []string{"c"}, "a b", `["/e" "a" "b"]`},
		{[]string{"/e"}, []string{"c"}, "", `["/e" "c"]`},
		{[]string{"/e"}, []string{"c"}, " ", `["/e" "c"]`},
		{[]string{"/e"}, []string{"c"}, "${NOT}", `["/e"]`},
		{nil, []string{"c"}, "", `["c"]`},
		{nil, nil, "", `/job: error: the image has neither ENTRYPOINT nor CMD and the manifest no command, there should be a program to run [nothing-to-run]`},
		{nil, nil, "a $(b)", `/job/interface/command: error: a command substitution in the command needs a shell, which no executor has [command-refused]`},
	}
	for _, tt := range tests {
		m := seed.Parse(fmt.Appendf(nil, `{"job": {"timeout": 1, "interface": {"command": %q}}}`, tt.command))
		p, refused := prepare(m, &cases.Case{}).process(pack.Config{Entrypoint: tt.entrypoint, Cmd: tt.cmd}, m, &cases.Case{}, Options{})
		got := fmt.Sprintf("%q", p.Args)
		if refused != nil {
			got = fmt.Sprintf("%s: %s: %s [%s]", refused.Pointer, refused.Level(), refused.Message, refused.Rule.ID)
		}
		if got != tt.want {
			t.Errorf("%q %q %q:\n got %s\nwant %s", tt.entrypoint, tt.cmd, tt.command, got, tt.want)
		}
	}
}

func TestImageSetsInput(t *testing.T) {
	t.Parallel()
	m, c := seed.Parse([]byte(environed)), environedCase()
	cfg := pack.Config{Env: []string{"PATH=/bin", "OPT=x", "LEFT=", "INFILE=x"}}
	want := `/job/interface/inputs/files/2: warning: the image sets OPT itself, which should be unset while the input is absent [image-sets-input]
/job/interface/inputs/json/2: warning: the image sets LEFT itself, which should be unset while the input is absent [image-sets-input]`
	if got := findings(prepare(m, c).shadowed(cfg, m)); got != want {
		t.Errorf("got %s", got)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"job": {"timeout": 10}}`))
	tests := []struct{ ofCase, given, want time.Duration }{
		{0, 0, 10 * time.Second}, {time.Second, 0, time.Second}, {time.Minute, 2 * time.Second, 2 * time.Second}, {time.Minute, time.Minute, 10 * time.Second},
	}
	for _, tt := range tests {
		if got := timeout(m, &cases.Case{Timeout: tt.ofCase}, Options{Timeout: tt.given}); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// A fakeRunner has an outcome for each case, by name. It takes as long as delay says, or no time.
type fakeRunner struct {
	mu       sync.Mutex
	outcomes map[string]*pack.Outcome
	delay    func(pack.Process) time.Duration
	ran      []string
}

func (f *fakeRunner) Run(_ context.Context, p pack.Process) (*pack.Outcome, error) {
	if f.delay != nil {
		time.Sleep(f.delay(p))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ran = append(f.ran, p.Name)
	if o, ok := f.outcomes[p.Name]; ok {
		return o, nil
	}
	return nil, errors.New("the engine is gone")
}

const judged = `{"job": {"name": "j", "timeout": 10, "interface": {"command": "run",
"inputs": {"json": [{"name": "N", "type": "integer"}]}, "outputs": {"files": [{"name": "o", "pattern": "o"}]}}, "errors": [{"code": 7, "name": "bad"}]}}`

func TestSmoke(t *testing.T) {
	t.Parallel()
	ok := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{file("o")}}
	fails := &pack.Outcome{Started: true, UID: 1, Exit: 1}
	bad := &pack.Outcome{Started: true, UID: 1, Exit: 7, Stderr: pack.Excerpt{Head: []byte("so\nno\n"), Total: 6}}
	empty := &pack.Outcome{Started: true, UID: 1}
	unreadable := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{with(file("o"), 0o600)}}
	absent := &pack.Outcome{Exit: -1, StartError: `"run": exec format error`}
	slow := &pack.Outcome{Started: true, UID: 1, TimedOut: true, Exit: 143}
	made := []seed.Pointer{seed.AtInputJSON.Index(0)}
	stanza := `/job/interface/inputs/json/0: warning: inconclusive: it was given made-up values for "N" and %s [smoke-inconclusive] (give real values in seed.smoke.yaml: cases: [{name: first, json: {N: 1}}])`
	tests := []struct {
		name    string
		cases   []cases.Case
		outcome *pack.Outcome
		options Options
		verdict Verdict
		want    string
	}{
		{"all is well", []cases.Case{{}}, ok, Options{}, Passed, ""},
		{"and with made-up values", []cases.Case{{MadeUp: made}}, ok, Options{}, Passed, ""},
		{"exit", []cases.Case{{}}, fails, Options{}, Failed, "/job/errors: error: the job ended with exit status 1, which none of its errors declares [exit-undeclared]"},
		{"made-up exit", []cases.Case{{MadeUp: made}}, fails, Options{}, Inconclusive, fmt.Sprintf(stanza, "ended with exit status 1")},
		{"made-up and no output", []cases.Case{{MadeUp: made}}, empty, Options{}, Inconclusive, fmt.Sprintf(stanza, `lacks outputs: "o"`)},
		{"made-up and not the error that is expected", []cases.Case{{MadeUp: made, Expect: cases.Expectation{Error: "bad"}}}, ok, Options{}, Inconclusive, fmt.Sprintf(stanza, "ended with exit status 0, where the case expects 7")},
		{"made-up and a declared error", []cases.Case{{MadeUp: made}}, bad, Options{}, Inconclusive, strings.Replace(fmt.Sprintf(stanza, `ended with exit status 7, its error "bad"`), "(give", `(its last words were "no"; give`, 1)},
		{"made-up and too slow", []cases.Case{{MadeUp: made}}, slow, Options{}, Inconclusive, fmt.Sprintf(stanza, "reached its timeout")},
		{"made-up and not readable", []cases.Case{{MadeUp: made}}, unreadable, Options{}, Failed, `/job/interface/outputs/files/0: error: output "o": file "o" is not readable for others: "o" has mode 0600 [output-unreadable] (chmod +r it in the job)`},
		{"made-up and cannot start", []cases.Case{{MadeUp: made}}, absent, Options{}, Failed, `/job/interface/command: error: the job cannot start: "run": exec format error [cannot-start]`},
		{"made-up and required", []cases.Case{{MadeUp: made}}, fails, Options{Required: true}, Failed, "/job: error: the smoke run is inconclusive, it should pass: no case came to a conclusion [smoke-required]\n" + fmt.Sprintf(stanza, "ended with exit status 1")},
		{"ended early", []cases.Case{{}}, slow, Options{Timeout: time.Second}, Inconclusive, "/job/timeout: warning: inconclusive: it was ended after 1s, before the manifest's own timeout [smoke-inconclusive]"},
		{"foreign", []cases.Case{{}}, absent, Options{Foreign: true, Platform: "linux/arm64"}, Skipped, "/job: warning: not tried: the engine cannot run programs for linux/arm64 [smoke-skipped]"},
		{"foreign and required", []cases.Case{{}}, absent, Options{Foreign: true, Required: true, Platform: "linux/arm64"}, Failed, "/job: error: the smoke run is skipped, it should pass: no case came to a conclusion [smoke-required]\n/job: warning: not tried: the engine cannot run programs for linux/arm64 [smoke-skipped]"},
		{"skipped", []cases.Case{{Skip: "no secret"}}, nil, Options{}, Skipped, "/job: warning: not tried: no secret [smoke-skipped]"},
		{"for another platform", []cases.Case{{Platforms: []string{"linux/arm64"}}}, nil, Options{Platform: "linux/amd64"}, Skipped, ""},
		{"no cases", nil, nil, Options{}, Skipped, ""},
		{"one of two", []cases.Case{{MadeUp: made}, {Skip: "no secret"}}, ok, Options{}, Passed, `/job: warning: not tried: no secret (case "1") [smoke-skipped]`},
	}
	for _, tt := range tests {
		for i := range tt.cases {
			tt.cases[i].Name = fmt.Sprint(i)
		}
		runner := &fakeRunner{outcomes: map[string]*pack.Outcome{}}
		if tt.outcome != nil {
			runner.outcomes["0"] = tt.outcome
		}
		result, err := Smoke(t.Context(), runner, pack.Config{}, seed.Parse([]byte(judged)), tt.cases, tt.options)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := findings(result.Report.Diagnostics); result.Verdict != tt.verdict || got != tt.want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.name, result.Verdict, got, tt.want)
		}
	}
}

// Results are in the order of the cases, though later cases end first.
func TestSmokeOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runner := &fakeRunner{outcomes: map[string]*pack.Outcome{}}
		delays := map[string]time.Duration{}
		var all []cases.Case
		for i := range 20 {
			name := fmt.Sprint("case ", i)
			all = append(all, cases.Case{Name: name})
			runner.outcomes[name] = &pack.Outcome{Started: true, UID: 1, Exit: i, Files: []pack.File{file("o")}}
			delays[name] = time.Duration(100-i) * time.Second
		}
		runner.delay = func(p pack.Process) time.Duration { return delays[p.Name] }
		begin := time.Now()
		result, err := Smoke(t.Context(), runner, pack.Config{}, seed.Parse([]byte(judged)), all, Options{Parallel: len(all)})
		if err != nil || len(runner.ran) != len(all) {
			t.Fatal(err, runner.ran)
		}
		if took := time.Since(begin); runner.ran[0] != "case 19" || took != 100*time.Second {
			t.Errorf("%s ended first, and all took %v", runner.ran[0], took)
		}
		for i, c := range result.Cases {
			if c.Name != all[i].Name || c.Outcome.Exit != i || (c.Verdict == Passed) != (i == 0) {
				t.Errorf("%d: %+v", i, c)
			}
		}
	})
}

func TestSmokeError(t *testing.T) {
	t.Parallel()
	_, err := Smoke(t.Context(), &fakeRunner{}, pack.Config{}, seed.Parse([]byte(judged)), []cases.Case{{Name: "a"}}, Options{})
	if err == nil || err.Error() != `smoke case "a": the engine is gone` {
		t.Error(err)
	}
}

// The first case gets all of the budget, the second one the rest, and the third one is skipped.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ok := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{file("o")}}
		var timeouts []time.Duration
		runner := &fakeRunner{outcomes: map[string]*pack.Outcome{"a": ok, "b": ok, "c": ok}, delay: func(p pack.Process) time.Duration {
			timeouts = append(timeouts, p.Timeout)
			return 2 * time.Second
		}}
		all := []cases.Case{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		opt := Options{Budget: 3 * time.Second, Parallel: 1}
		result, err := Smoke(t.Context(), runner, pack.Config{}, seed.Parse([]byte(judged)), all, opt)
		if err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{3 * time.Second, time.Second}; !slices.Equal(timeouts, want) || !slices.Equal(runner.ran, []string{"a", "b"}) {
			t.Errorf("%q ran, with the timeouts %v", runner.ran, timeouts)
		}
		want := []Verdict{Passed, Passed, Skipped}
		for i, c := range result.Cases {
			if c.Verdict != want[i] {
				t.Errorf("case %q is %s, want %s", c.Name, c.Verdict, want[i])
			}
		}
		if got := result.Cases[2].Reason; got != "the time for all cases, 3s, is over" {
			t.Errorf("skipped, since %s", got)
		}
	})
}
