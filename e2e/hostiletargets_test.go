package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/export/cwl"
	"github.com/seedpack/seedpack/export/jobbergate"
	"github.com/seedpack/seedpack/export/openjd"
	"github.com/seedpack/seedpack/export/slurm"
)

var batchHead = regexp.MustCompile(`\A#!/bin/bash
#SBATCH --job-name=hostile
#SBATCH --output=%x-%j\.out
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --time=2
#SBATCH --signal=B:TERM@30
`)

// TestHostileSlurm proves it for batch scripts.
func TestHostileSlurm(t *testing.T) {
	t.Parallel()
	hostileExports(t, 1, func(t *testing.T, h *hostileExport) {
		p := slurm.Target.Export(h.job())
		if refused(t, h, p) {
			t.Fatalf("%v", p.Refused)
		}
		text := p.Files[0].Text
		if head := batchHead.FindString(text); head == "" || strings.Contains(text[len(head):], "\n#SBATCH") {
			t.Errorf("the directives are\n%s", text)
		}
		script := filepath.Join(h.dir, "script")
		if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		h.runs(t, exec.Command("bash", append([]string{script}, h.prepare(t)...)...))
	})
}

// TestHostileOpenJD proves it for templates.
func TestHostileOpenJD(t *testing.T) {
	t.Parallel()
	hostileExports(t, 2, func(t *testing.T, h *hostileExport) {
		p := openjd.Target.Export(h.job())
		if refused(t, h, p) {
			t.Fatalf("%v", p.Refused)
		}
		file := filepath.Join(h.dir, "template.json")
		if err := os.WriteFile(file, []byte(p.Files[0].Text), 0o644); err != nil {
			t.Fatal(err)
		}
		template := readTemplate(t, file)
		checkLimits(t, template)
		args := h.prepare(t)
		values := map[string]string{}
		for _, a := range args {
			name, value, _ := strings.Cut(a, "=")
			values[name] = value
		}
		s, err := newSession(t, template, values, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.dir = h.dir
		script := template.Steps[0].Script
		data, err := s.resolve(script.EmbeddedFiles[0].Data, nil)
		if err != nil || data != script.EmbeddedFiles[0].Data {
			t.Errorf("the launcher is changed: %v", err)
		}
		run := filepath.Join(h.dir, "run.sh")
		if err := os.WriteFile(run, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		var resolved []string
		for _, a := range script.Actions.OnRun.Args {
			a, err := s.resolve(a, map[string]string{"Task.File.Run": run})
			if err != nil {
				t.Fatal(err)
			}
			resolved = append(resolved, a)
		}
		bad := make(chan string, 1)
		if s.read(strings.NewReader(h.runs(t, exec.Command("bash", resolved...))), bad); len(bad) > 0 || s.done != 100 {
			t.Errorf("the output has %d messages of the job; progress %v", len(bad), s.done)
		}
	})
}

// checkLimits holds a template against the limits of specification 2023-09.
func checkLimits(t *testing.T, template *jobTemplate) {
	t.Helper()
	identifier := regexp.MustCompile(`\A[A-Za-z_][A-Za-z0-9_]{0,63}\z`)
	if n := len([]rune(template.Description)); n == 0 || n > 2048 || regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f]`).MatchString(template.Description) {
		t.Errorf("the description is %q", template.Description)
	}
	if len(template.ParameterDefinitions) > 50 {
		t.Errorf("%d parameters", len(template.ParameterDefinitions))
	}
	for _, d := range template.ParameterDefinitions {
		if !identifier.MatchString(d.Name) || d.Description == "" || len([]rune(d.Description)) > 2048 {
			t.Errorf("parameter %q: %q", d.Name, d.Description)
		}
	}
}

// TestHostileJobbergate proves it for rendered scripts.
func TestHostileJobbergate(t *testing.T) {
	t.Parallel()
	python := "/usr/bin/python3" // Debian's, which has the package
	if exec.Command(python, "-c", "import jinja2").Run() != nil {
		needs.Lacks(t, "python3-jinja2 is not installed: make test installs it")
	}
	const render = "import json, sys\nfrom jinja2.sandbox import SandboxedEnvironment\nsource, values = json.load(sys.stdin)\nsys.stdout.write(SandboxedEnvironment().from_string(source).render(data=values))"
	hostileExports(t, 3, func(t *testing.T, h *hostileExport) {
		p := jobbergate.Target.Export(h.job())
		if refused(t, h, p) {
			t.Fatalf("%v", p.Refused)
		}
		values := map[string]string{}
		for _, a := range h.prepare(t) {
			name, value, _ := strings.Cut(a, "=")
			values[name] = value
		}
		input, err := json.Marshal([]any{p.Files[2].Text, values})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(python, "-c", render)
		cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !batchHead.Match(out) || strings.Contains(string(out), "\r") { // sbatch refuses scripts with line ends of Windows
			t.Errorf("the directives are\n%s", out)
		}
		script := filepath.Join(h.dir, "script")
		if err := os.WriteFile(script, out, 0o644); err != nil {
			t.Fatal(err)
		}
		h.runs(t, exec.Command("bash", script))
	})
}

// evaluate evaluates what CWL would, and prints it. A text that has an expression in it must be one.
const evaluate = `
const doc = JSON.parse(require("fs").readFileSync(0, "utf8"));
const requirements = doc.tool.requirements;
const lib = requirements.InlineJavascriptRequirement.expressionLib.join("\n");
function text(s, self) {
  if (!/\$[({]/.test(s) && !s.includes("\\")) return s;
  if (!/^\$\(.*\)$/s.test(s)) throw new Error("not an expression: " + s);
  return new Function("inputs", "runtime", "self", lib + "\nreturn (" + s.slice(2, -1) + ");")(doc.inputs, {outdir: "/seed/outputs", exitCode: 0}, self);
}
const env = {};
for (const e of requirements.EnvVarRequirement.envDef) env[e.envName] = text(e.envValue);
console.log(JSON.stringify({words: doc.tool.arguments.flatMap(a => text(a)), env, mounts: requirements.InitialWorkDirRequirement.listing.map(l => text(l.entryname)),
  globs: Object.values(doc.tool.outputs).map(o => text(o.outputBinding.glob)), none: Object.values(doc.tool.outputs).map(o => text(o.outputBinding.outputEval, []))}));
`

// TestHostileCWL proves it for tools.
func TestHostileCWL(t *testing.T) {
	t.Parallel()
	needPrograms(t, "node")
	hostileExports(t, 4, func(t *testing.T, h *hostileExport) {
		p := cwl.Tool.Export(h.job())
		if refused(t, h, p) {
			t.Fatalf("%v", p.Refused)
		}
		inputs := map[string]any{}
		for name := range h.paths {
			inputs[name] = map[string]any{"class": "File", "path": h.env[name], "size": 0}
		}
		for name, value := range h.values {
			if inputs[name] = value; name == "N1" || name == "I_1" {
				inputs[name] = json.RawMessage(value)
			}
		}
		input, err := json.Marshal(map[string]any{"tool": json.RawMessage(p.Files[0].Text), "inputs": inputs})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("node", "-e", evaluate)
		cmd.Stdin, cmd.Dir = strings.NewReader(string(input)), h.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var got struct {
			Words, Mounts, Globs []string
			Env                  map[string]string
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if n, given := h.env["N1"]; given { // numbers are numbers in CWL, and lose their spelling
			h.env["N1"] = map[string]string{"1.50": "1.5", "-3e5": "-300000", "0": "0"}[n]
		}
		if want := h.words(t); !slices.Equal(got.Words, want) {
			t.Errorf("command %q: words %q, want %q", h.manifest.Job.Interface.Command, got.Words, want)
		}
		for _, name := range h.absent {
			h.env[name] = ""
		}
		for name, want := range h.env {
			if got.Env[name] != want {
				t.Errorf("%s is %q, want %q", name, got.Env[name], want)
			}
		}
		if want := h.manifest.Job.Interface.Mounts[0].Path; got.Mounts[0] != want || got.Globs[0] != "*.txt" {
			t.Errorf("%q %q, want %q", got.Mounts, got.Globs, want)
		}
		h.unharmed(t)
	})
}
