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
			err = writeExecutable(filepath.Join(s.dir, f.Filename), []byte(data))
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
