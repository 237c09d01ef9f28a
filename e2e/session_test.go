package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seedpack/seedpack/internal/material"
)

// This file keeps sessions of Open Job Description: it runs the actions of a template as a worker does. It holds what it runs to
// the strictest of both implementations: a line of output that is nearly a message cancels the action, and a byte that is not
// UTF-8 fails it.

// A jobTemplate is what a session reads of one. Unknown members are errors.
type jobTemplate struct {
	SpecificationVersion string
	Name, Description    string
	ParameterDefinitions []struct {
		Name, Type, Description, ObjectType, DataFlow string
		Default                                       *string
		AllowedValues                                 []string
		MinLength                                     int
		UserInterface                                 map[string]string
	}
	Steps []struct {
		Name             string
		HostRequirements struct {
			Amounts []struct {
				Name string
				Min  float64
			}
			Attributes []struct {
				Name  string
				AnyOf []string
			}
		}
		StepEnvironments []struct {
			Name   string
			Script jobScript
		}
		Script jobScript
	}
}

type jobScript struct {
	EmbeddedFiles []struct{ Name, Type, Filename, Data string }
	Actions       struct{ OnEnter, OnRun, OnExit *jobAction }
}

type jobAction struct {
	Command     string
	Args        []string
	Timeout     int
	Cancelation struct {
		Mode                  string
		NotifyPeriodInSeconds int
	}
}

func readTemplate(t *testing.T, file string) *jobTemplate {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var template jobTemplate
	if err := decoder.Decode(&template); err != nil {
		t.Fatal(err)
	}
	return &template
}

// An actionState is how an action ended.
type actionState string

const (
	succeeded actionState = "SUCCEEDED"
	failed    actionState = "FAILED"
	canceled  actionState = "CANCELED"
	timedOut  actionState = "TIMEOUT"
)

// A session runs actions in a working directory of its own.
type session struct {
	t       *testing.T
	dir     string
	params  map[string]string // values of Param and RawParam
	env     []string
	user    *syscall.Credential // nil: the host's
	kill    bool                // at a timeout, kill at once
	cancel  chan struct{}       // closed: cancel the task
	ran     map[string]actionState
	entered []int

	mutex  sync.Mutex
	log    bytes.Buffer
	status int      // of the last action
	fail   string   // of openjd_fail
	said   []string // of openjd_status
	done   float64  // of openjd_progress
}

// newSession checks values against the definitions. Mapping changes the beginnings of paths.
func newSession(t *testing.T, template *jobTemplate, values map[string]string, mapping map[string]string) (*session, error) {
	t.Helper()
	s := &session{t: t, dir: t.TempDir(), params: map[string]string{}, env: os.Environ(), cancel: make(chan struct{}), ran: map[string]actionState{}}
	known := map[string]bool{}
	for _, d := range template.ParameterDefinitions {
		known[d.Name] = true
		value, given := values[d.Name]
		switch {
		case !given && d.Default == nil:
			return nil, fmt.Errorf("parameter %s has no value", d.Name)
		case !given:
			value = *d.Default
		}
		if err := checkParameter(d.Type, value, d.AllowedValues, d.MinLength); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", d.Name, err)
		}
		s.params["RawParam."+d.Name] = value
		if d.Type == "PATH" {
			for from, to := range mapping {
				if rest, ok := strings.CutPrefix(value, from); ok {
					value = to + rest
				}
			}
		}
		s.params["Param."+d.Name] = value
	}
	for name := range values {
		if !known[name] {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	return s, nil
}

func checkParameter(kind, value string, allowed []string, least int) error {
	switch kind {
	case "INT":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return err
		}
	case "FLOAT":
		if _, err := strconv.ParseFloat(value, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
			return err
		}
	case "STRING", "PATH":
		if n := utf8.RuneCountInString(value); n < least || n > 1024 {
			return fmt.Errorf("it has %d characters", n)
		}
	default:
		return fmt.Errorf("unknown type %s", kind)
	}
	if len(allowed) > 0 && !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is not allowed", value)
	}
	return nil
}

var formatString = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_.]+)\s*\}\}`)

// resolve puts values into a format string. Braces that are no expression are errors.
func (s *session) resolve(text string, files map[string]string) (string, error) {
	var err error
	rest := formatString.ReplaceAllString(text, "")
	if strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		return "", errors.New("there are braces that are no expression")
	}
	out := formatString.ReplaceAllStringFunc(text, func(m string) string {
		name := formatString.FindStringSubmatch(m)[1]
		for _, known := range []map[string]string{s.params, files, {"Session.WorkingDirectory": s.dir}} {
			if v, ok := known[name]; ok {
				return v
			}
		}
		err = fmt.Errorf("there is no value %s", name)
		return ""
	})
	return out, err
}

// run runs the only task of the only step: it enters the environments, runs the task, and exits them in reverse order.
func (s *session) run(template *jobTemplate) actionState {
	step := template.Steps[0]
	state := succeeded
	for i, e := range step.StepEnvironments {
		s.entered = append(s.entered, i)
		if state = s.act("enter "+e.Name, "Env.File.", &e.Script, e.Script.Actions.OnEnter, nil); state != succeeded {
			break
		}
	}
	if state == succeeded {
		state = s.act("run", "Task.File.", &step.Script, step.Script.Actions.OnRun, s.cancel)
	}
	status, fail := s.status, s.fail
	for _, i := range slices.Backward(s.entered) {
		e := step.StepEnvironments[i]
		s.act("exit "+e.Name, "Env.File.", &e.Script, e.Script.Actions.OnExit, nil)
	}
	s.status, s.fail = status, fail
	return state
}

// act runs one action.
func (s *session) act(name, prefix string, script *jobScript, a *jobAction, cancel chan struct{}) actionState {
	if a == nil {
		return succeeded
	}
	files := map[string]string{}
	for _, f := range script.EmbeddedFiles {
		files[prefix+f.Name] = filepath.Join(s.dir, f.Filename)
	}
	for _, f := range script.EmbeddedFiles {
		data, err := s.resolve(f.Data, files)
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dir, f.Filename), []byte(data), 0o755)
		}
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
	}
	var args []string
	for _, arg := range a.Args {
		arg, err := s.resolve(arg, files)
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		args = append(args, arg)
	}
	cmd := exec.Command(a.Command, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.user}
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.fail = ""
	state := s.watch(cmd, a, cancel)
	s.ran[name] = state
	return state
}

// watch starts a process, reads its messages, and ends it when it is canceled or takes too long.
func (s *session) watch(cmd *exec.Cmd, a *jobAction, cancel chan struct{}) actionState {
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	bad := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.read(out, bad)
	}()
	var limit <-chan time.Time
	if a.Timeout > 0 {
		limit = time.After(time.Duration(a.Timeout) * time.Second)
	}
	state, wrong := succeeded, ""
	var kill <-chan time.Time
	end := func(to actionState, now bool) {
		state, limit, cancel = to, nil, nil
		if now || a.Cancelation.Mode != "NOTIFY_THEN_TERMINATE" {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			return
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill = time.After(time.Duration(a.Cancelation.NotifyPeriodInSeconds) * time.Second)
	}
	for running := true; running; {
		select {
		case <-read:
			running = false
		case <-limit:
			end(timedOut, s.kill)
		case <-cancel:
			end(canceled, false)
		case wrong = <-bad:
			end(canceled, false)
		case <-kill:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	_ = cmd.Wait()
	if s.status = cmd.ProcessState.ExitCode(); wrong != "" {
		s.t.Errorf("the output has %s", wrong)
	}
	if state == succeeded && (s.status != 0 || s.fail != "") {
		return failed
	}
	return state
}

var (
	message   = regexp.MustCompile(`^openjd_(progress|status|fail|env|unset_env|redacted_env): (.*)$`)
	nearlyOne = regexp.MustCompile(`(?i)^openjd_[a-z_]+\s*:`)
)

// read reads messages from the output of an action.
func (s *session) read(out io.Reader, bad chan<- string) {
	complain := func(format string, args ...any) {
		select {
		case bad <- fmt.Sprintf(format, args...):
		default:
		}
	}
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		s.mutex.Lock()
		s.log.WriteString(line)
		line = strings.TrimSuffix(line, "\n")
		if !utf8.ValidString(line) {
			complain("bytes that are not UTF-8: %q", line)
		}
		for _, part := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029", r) }) {
			m := message.FindStringSubmatch(part)
			switch {
			case m == nil && nearlyOne.MatchString(strings.TrimFunc(part, unicode.IsSpace)):
				complain("a line that is nearly a message: %q", part)
			case m == nil:
			case m[1] == "fail":
				s.fail = m[2]
			case m[1] == "status":
				s.said = append(s.said, m[2])
			case m[1] == "progress":
				if s.done, err = strconv.ParseFloat(m[2], 64); err != nil {
					complain("no progress: %q", part)
				}
			default:
				complain("a message of the job: %q", part)
			}
		}
		s.mutex.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *session) text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.log.String()
}

// TestSession proves that the sessions of these tests are strict: they refuse what Open Job Description refuses.
func TestSession(t *testing.T) {
	t.Parallel()
	template := &jobTemplate{}
	if err := json.Unmarshal([]byte(`{"parameterDefinitions": [{"name": "P", "type": "PATH", "minLength": 1}, {"name": "N", "type": "INT", "default": "1"}, {"name": "B", "type": "STRING", "allowedValues": ["true", ""], "default": ""}],
		"steps": [{"stepEnvironments": [{"name": "E", "script": {"actions": {"onEnter": {"command": "true"}, "onExit": {"command": "bash", "args": ["-c", "echo left"]}}}}],
			"script": {"embeddedFiles": [{"name": "F", "filename": "f", "data": "echo \"$1\"; {{Param.P}}"}], "actions": {"onRun": {"command": "bash", "args": ["{{Task.File.F}}", "{{Param.P}} {{RawParam.P}}"]}}}}]}`), template); err != nil {
		t.Fatal(err)
	}
	for name, values := range map[string]map[string]string{"missing": {}, "empty": {"P": ""}, "number": {"P": "x", "N": "1.5"}, "choice": {"P": "x", "B": "no"}, "unknown": {"P": "x", "Q": "y"}} {
		if _, err := newSession(t, template, values, nil); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
	s, err := newSession(t, template, map[string]string{"P": "/far/x"}, map[string]string{"/far": "true #"})
	if err != nil {
		t.Fatal(err)
	}
	if state := s.run(template); state != succeeded || !strings.Contains(s.text(), "true #/x /far/x") || !strings.Contains(s.text(), "left") {
		t.Errorf("%s: %s", state, s.text())
	}
	for _, text := range []string{"{{", "x }}", "{{Param.Q}}", "{{ 1 + 1 }}"} {
		if _, err := s.resolve(text, nil); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	for _, line := range []string{"openjd_env: A=b", " openjd_fail: x", "OPENJD_STATUS: x", "\u00a0openjd_env: A=b", "x\xff", "openjd_progress: x"} {
		bad := make(chan string, 1)
		if s.read(strings.NewReader(line+"\n"), bad); len(bad) == 0 {
			t.Errorf("%q is taken", line)
		}
	}
}

// TestOpenJD proves that exported jobs run in sessions as their manifests say.
func TestOpenJD(t *testing.T) {
	t.Parallel()
	pod := needPodman(t)
	jobs := exportedJobs(t)
	templates := map[string]*jobTemplate{}
	for name, dir := range jobs {
		templates[name] = readTemplate(t, filepath.Join(export(t, "openjd", dir, name), "template.json"))
	}
	t.Run("trials", func(t *testing.T) {
		for _, tr := range trials {
			t.Run(tr.name, func(t *testing.T) {
				t.Parallel()
				p := prepare(t, tr, jobs[tr.job])
				s := p.session(t, pod, templates[tr.job])
				state := s.run(templates[tr.job])
				want := map[bool]actionState{true: succeeded, false: failed}[tr.status == 0]
				if tr.status == 124 {
					// The session counts from the start of the launcher, and ends it first, perhaps before the job has begun.
					want, p.status, p.says = timedOut, 143, "ended from outside"
				}
				if state != want || tr.status == 0 && s.done != 100 || s.ran["exit Container"] != succeeded {
					t.Errorf("it is %s, want %s; progress %v; %v", state, want, s.done, s.ran)
				}
				if want == failed && !regexp.MustCompile(tr.says).MatchString(s.fail) {
					t.Errorf("openjd_fail is %q, want %q", s.fail, tr.says)
				}
				p.check(t, s.status, s.text())
			})
		}
		t.Run("canceled", func(t *testing.T) {
			t.Parallel()
			p := prepare(t, trial{}, ".")
			s := p.session(t, pod, templates["ignores-term"])
			longer := *templates["ignores-term"]
			longer.Steps = slices.Clone(longer.Steps)
			onRun := *longer.Steps[0].Script.Actions.OnRun
			onRun.Timeout = 100
			longer.Steps[0].Script.Actions.OnRun = &onRun
			go func() {
				for end := time.Now().Add(time.Minute); !strings.Contains(s.text(), "| begun") && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				}
				close(s.cancel)
			}()
			if state := s.run(&longer); state != canceled || s.status != 143 {
				t.Errorf("%s, status %d: %s", state, s.status, s.text())
			}
		})
		// One implementation kills at once. Only the environment's exit is left then.
		t.Run("killed at the timeout", func(t *testing.T) {
			t.Parallel()
			p := prepare(t, trial{}, ".")
			s := p.session(t, pod, templates["ignores-term"])
			s.kill = true
			if state := s.run(templates["ignores-term"]); state != timedOut || s.ran["exit Container"] != succeeded {
				t.Errorf("%s %v: %s", state, s.ran, s.text())
			}
		})
		// Paths are mapped, and the launcher gets the mapped ones.
		t.Run("path mapping", func(t *testing.T) {
			t.Parallel()
			p := prepare(t, trial{files: map[string]string{"x.txt": "content\n"}, want: map[string]string{"copy.txt": "^content\n0\n$"}}, ".")
			template := templates["digits-first"]
			s, err := newSession(t, template, map[string]string{"_2D_IMAGE": "/far away/x.txt", "OUTPUT_DIR": p.out}, map[string]string{"/far away": p.dir})
			if err != nil {
				t.Fatal(err)
			}
			s.env = append(s.env, pod.path())
			if state := s.run(template); state != succeeded {
				t.Errorf("%s: %s", state, s.text())
			}
			p.check(t, s.status, s.text())
		})
	})
}

// session begins a session for a trial.
func (p *prepared) session(t *testing.T, pod *podman, template *jobTemplate) *session {
	t.Helper()
	s, err := newSession(t, template, with(p.values, "OUTPUT_DIR", p.out), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(append(s.env, pod.path()), p.environment()...)
	return s
}

// TestOpenJDOtherUser proves that a launcher works for a user who is not the host's: the session's directory is all that it needs.
func TestOpenJDOtherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		needed(t, "only root can run as another user")
	}
	jobs := exportedJobs(t)
	template := readTemplate(t, filepath.Join(export(t, "openjd", jobs["json-types"], "json-types"), "template.json"))
	p := prepare(t, trial{values: map[string]string{"TEXT": "x", "WHOLE": "1", "REAL": "1.5", "FLAG": "true", "LIST": "[]", "MAP": "{}"}}, ".")
	bin := filepath.Join(p.dir, "bin")
	script := "#!/bin/sh\n[ \"$1\" = run ] || exit 0\nid -u\nfor a; do case $a in *:/seed/outputs:rw) out=${a%:/seed/outputs:rw};; esac; done\n: >\"$out/values.txt\"; echo '{}' >\"$out/seed.outputs.json\"\n"
	if err := errors.Join(os.Mkdir(bin, 0o755), os.WriteFile(filepath.Join(bin, "apptainer"), []byte(script), 0o755)); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(p.dir, "home")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Chown(home, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	p.out = filepath.Join(home, "out")
	s, err := newSession(t, template, with(p.values, "OUTPUT_DIR", p.out, "SeedRuntime", "apptainer"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for d := s.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755)
	}
	s.user, s.env = &syscall.Credential{Uid: 65534, Gid: 65534}, append(s.env, "PATH="+bin+":/usr/bin:/bin", "HOME="+home)
	if state := s.run(template); state != succeeded || !strings.Contains(s.text(), "| 65534\n") {
		t.Errorf("%s: %s", state, s.text())
	}
}

// TestOpenJDSchema proves that templates pass the schema of the reference model, where the schema is at hand.
func TestOpenJDSchema(t *testing.T) {
	t.Parallel()
	path := material.Find(t, "spec", "openjd", "jobtemplate-2023-09.schema.json")
	if path == "" {
		t.Log("the schema is not here, so templates are held against the limits alone")
	}
	var schema *jsonschema.Schema
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Its patterns are Python's.
		text = regexp.MustCompile(`\\\\u([0-9A-F]{4})`).ReplaceAll(text, []byte(`\\x{$1}`))
		text = bytes.ReplaceAll(text, []byte(`\\Z`), []byte(`\\z`))
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("template.json", document); err != nil {
			t.Fatal(err)
		}
		if schema, err = compiler.Compile("template.json"); err != nil {
			t.Fatal(err)
		}
	}
	for name, dir := range exportedJobs(t) {
		file := filepath.Join(export(t, "openjd", dir, name), "template.json")
		checkLimits(t, readTemplate(t, file))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if schema == nil {
			continue
		}
		template, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(template); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
