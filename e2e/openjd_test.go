package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seedpack/seedpack/internal/material"
)

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
			if out, err := os.Stat(p.out); err == nil && out.Mode().Perm() == 0o777 {
				t.Error("OUTPUT_DIR is left open")
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
		needs.Lacks(t, "only root can run as another user")
	}
	jobs := exportedJobs(t)
	template := readTemplate(t, filepath.Join(export(t, "openjd", jobs["json-types"], "json-types"), "template.json"))
	p := prepare(t, trial{values: map[string]string{"TEXT": "x", "WHOLE": "1", "REAL": "1.5", "FLAG": "true", "LIST": "[]", "MAP": "{}"}}, ".")
	bin := filepath.Join(p.dir, "bin")
	script := "#!/bin/sh\n[ \"$1\" = run ] || exit 0\nid -u\nfor a; do case $a in *:/seed/outputs:rw) out=${a%:/seed/outputs:rw};; esac; done\n: >\"$out/values.txt\"; echo '{}' >\"$out/seed.outputs.json\"\n"
	if err := errors.Join(os.Mkdir(bin, 0o755), writeExecutable(filepath.Join(bin, "apptainer"), []byte(script))); err != nil {
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
