//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// This file runs the action on repositories whose texts are hostile, and has the runner that other tests use, too.

// A runner has what GitHub gives a step: a workspace and files to write to. It also has what the program printed.
type runner struct {
	t         *testing.T
	program   string
	workspace string
	files     string // where GITHUB_OUTPUT and the like are
	env       []string
	printed   []byte
}

// token must never be shown: a manifest can name the variable but not read it.
const token = "tok-5f2c9e-en"

func newRunner(t *testing.T, program string) *runner {
	t.Helper()
	r := &runner{t: t, program: program, workspace: t.TempDir(), files: t.TempDir()}
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=owner/repository",
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_SHA=0123456789012345678901234567890123456789", "GITHUB_REF=refs/pull/1/merge",
		"GITHUB_EVENT_NAME=pull_request", "GITHUB_WORKSPACE=" + r.workspace, "RUNNER_TEMP=" + t.TempDir(), "ACTIONS_RUNTIME_TOKEN=" + token,
	}
	r.file("EVENT_PATH", `{"pull_request": {"head": {"repo": {"full_name": "stranger/fork", "fork": true}}, "base": {"repo": {"full_name": "owner/repository"}}}}`)
	for _, name := range []string{"OUTPUT", "STEP_SUMMARY", "STATE", "ENV", "PATH"} {
		r.file(name, "")
	}
	return r
}

// file makes a file of the runner and sets the variable with its path.
func (r *runner) file(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.files, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.env = append(r.env, "GITHUB_"+name+"="+path)
}

// written returns what the program wrote to a file of the runner.
func (r *runner) written(name string) []byte {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.files, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// action runs the program as the launcher does and returns its exit status.
func (r *runner) action(inputs ...string) int {
	r.t.Helper()
	cmd := exec.Command(r.program, "action")
	cmd.Dir = r.workspace
	cmd.Env = slices.Concat(r.env, inputs)
	var err error
	r.printed, err = cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// buildProgram returns the program. It is the binary of this test, which is the program if its name is seedpack.
func buildProgram(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "seedpack")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	return program
}

// hostileTexts are texts of a manifest that could become more than text where they are shown.
var hostileTexts = []string{
	"::set-output name=image::evil/repo:1", "  ::add-mask::e", "\u00a0::stop-commands::x", "\r::error::x", "a\r\n::add-mask::e\n",
	"prefix ##[add-mask]e", "##[set-output name=reference;]evil", "#\u200b#[add-path]/evil", "\u202e::add-mask::x", "%0A::add-path::/evil",
	"::error file=/etc/passwd,line=1::x", "\n::group::x\n", "\x1b]0;title\x07\x1b[2J", "\x00", "\u2028::add-mask::x", "\u0085::add-mask::x",
	"EOF\nimage=evil\n", "ghadelimiter_0\nreference<<A\nevil\nA\n", "image=evil", "\nimage<<X\nevil\nX\n",
	"<img src=x onerror=alert(1)>", "[click](http://evil.example)", "![pixel](http://evil.example/p.png)", "| a | b |", "</details>", "@everyone",
	"<!--", "```\n# heading", "$(touch ../canary)", "`touch ../canary`", "; touch ../canary", "${ACTIONS_RUNTIME_TOKEN}", "${{ github.token }}",
	"../../../../etc/passwd", "/etc/passwd", "C:\\x", "\u202etxt.exe", "\xff\xfe", "\ud7ff\U0010ffff", "a\tb", strings.Repeat("long ", 3000), "a,b:c]d;e=f%25",
}

// hostileText joins some hostile texts.
func hostileText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(3) {
		b.WriteString(hostileTexts[r.IntN(len(hostileTexts))])
		b.WriteString([]string{"", " ", "\n", "\r"}[r.IntN(4)])
	}
	return b.String()
}

// hostileFiles returns the files of a repository with a job. Some of their texts are hostile.
func hostileFiles(t *testing.T, r *rand.Rand) map[string]string {
	t.Helper()
	template, err := os.ReadFile("testdata/jobs/complete/seed.manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest any
	if err := json.Unmarshal(template, &manifest); err != nil {
		t.Fatal(err)
	}
	poison(r, manifest)
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if r.IntN(4) == 0 { // unescaped, so it may not be JSON any more
		at := r.IntN(len(text))
		text = slices.Concat(text[:at], []byte(hostileText(r)), text[at:])
	}
	dir := "job"
	if r.IntN(3) == 0 {
		dir = strings.Trim(strings.NewReplacer("/", "_", "\x00", "_").Replace(hostileText(r)), " ")
		dir = "d" + dir[:min(len(dir), 100)]
	}
	return map[string]string{
		dir + "/seed.manifest.json": string(text),
		dir + "/Dockerfile":         "FROM scratch\nLABEL a=\"" + hostileText(r) + "\"\n" + hostileText(r) + "\n",
		dir + "/seed.smoke.yaml":    "cases:\n  - name: \"" + hostileText(r) + "\"\n    inputs: {X: " + hostileText(r) + "}\n",
	}
}

// poison replaces one text in four, and adds members with hostile names.
func poison(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(mapKeys(v)) {
			v[key] = poison(r, v[key])
		}
		if r.IntN(12) == 0 {
			v[hostileText(r)] = hostileText(r)
		}
	case []any:
		for i := range v {
			v[i] = poison(r, v[i])
		}
	case string:
		if r.IntN(4) == 0 {
			return hostileText(r)
		}
	}
	return v
}

// mapKeys yields the keys of a map.
func mapKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// outputForms are the outputs of action.yml, each with the form of all its values.
var outputForms = map[string]string{
	"name":            `([a-z0-9]([a-z0-9._-]*[a-z0-9])?)?`,
	"job-version":     `([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)?`,
	"package-version": `([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)?`,
	"imageid":         `(sha256:[0-9a-f]{64})?`,
	"tags":            `([A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*)?`,
	"sarif-file":      `([A-Za-z0-9._/\\:-]+)?`,
	"metadata":        `(\{[^{}]*\})?`,
	"reference":       `([a-z0-9.:/-]+/[a-z0-9._/-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64})?`,
	"image":           `([a-z0-9.:/-]+/[a-z0-9._/-]+:[A-Za-z0-9._-]+)?`,
	"digest":          `(sha256:[0-9a-f]{64})?`,
	"published":       `true|false`,
	"smoke":           `(passed|failed|inconclusive|skipped)?`,
	"errors":          `[0-9]+`,
	"warnings":        `[0-9]+`,
	"html":            `([A-Za-z0-9._/\\:-]+)?`,
	"images":          `[0-9]*`,
	"skipped":         `[0-9]*`,
	"complete":        `(true|false)?`,
	"result":          `[\[{].*[\]}]`,
}

// TestActionDeclaresInputsAndOutputs proves that the program and its launcher read the inputs and write the outputs of action.yml.
func TestActionDeclaresInputsAndOutputs(t *testing.T) {
	t.Parallel()
	action, inputs, outputs := readText(t, "action.yml"), map[string]bool{}, map[string]bool{}
	head, tail, _ := strings.Cut(action, "\noutputs:\n")
	tail, _, _ = strings.Cut(tail, "\nruns:\n")
	name := regexp.MustCompile(`(?m)^  ([a-z-]+):$`)
	for _, m := range name.FindAllStringSubmatch(head, -1) {
		inputs[m[1]] = true
	}
	for _, m := range name.FindAllStringSubmatch(tail, -1) {
		outputs[m[1]] = true
	}
	if len(inputs) == 0 || len(outputs) != len(outputForms) {
		t.Errorf("%d inputs and %d outputs are declared, want some and %d", len(inputs), len(outputs), len(outputForms))
	}
	for output := range outputs {
		if outputForms[output] == "" {
			t.Errorf("output %s has no form here", output)
		}
	}
	readers := strings.ReplaceAll(readText(t, "launch.cjs"), "'", `"`)
	files, err := filepath.Glob("github/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		readers += readText(t, name)
	}
	for input := range inputs {
		if !strings.Contains(readers, `"`+input+`"`) {
			t.Errorf("nothing reads the input %s", input)
		}
	}
}

// readText returns the text of a file.
func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkSafe checks that a step did only what it may do.
func (r *runner) checkSafe(before map[string]bool) {
	t := r.t
	t.Helper()
	if bytes.Contains(r.printed, []byte("panic:")) || bytes.Contains(r.printed, []byte("\ngoroutine ")) {
		t.Error("it panicked")
	}
	counts := map[string]int{}
	for _, c := range workflowCommands(r.printed) {
		counts[c.name]++
		r.checkCommand(c)
	}
	for _, level := range []string{"error", "warning", "notice"} {
		if counts[level] > 10 {
			t.Errorf("%d annotations of level %s, a runner shows 10", counts[level], level)
		}
	}
	r.checkFiles()
	for name := range filesBelow(t, filepath.Dir(r.workspace)) {
		if !before[name] {
			t.Errorf("it made %q", name)
		}
	}
}

// checkCommand checks that a command is one that the program may print.
func (r *runner) checkCommand(c workflowCommand) {
	switch c.name {
	case "group", "endgroup", "error", "warning", "notice":
	default:
		r.t.Errorf("command %v", c)
	}
	for key, value := range c.properties {
		if !slices.Contains([]string{"file", "line", "col", "endLine", "endColumn", "title"}, key) {
			r.t.Errorf("property %q of %v", key, c)
		}
		if key == "file" && (!filepath.IsLocal(value) || strings.ContainsFunc(value, unicode.IsControl)) {
			r.t.Errorf("%q of %v is no file of the workspace", value, c)
		}
	}
}

// liveMarkup matches hostile texts that a summary would show as more than text.
var liveMarkup = regexp.MustCompile(`<img|<!--|</details>\s*</details>|\]\(http://evil|!\[pixel|(^|[^\\;\w])@everyone|(?m)^# heading|\x1b|\x00`)

// checkFiles checks what the program wrote to the files of the runner.
func (r *runner) checkFiles() {
	t := r.t
	outputs, err := fileCommands(r.written("OUTPUT"))
	if err != nil {
		t.Errorf("outputs: %v", err)
	}
	for name, value := range outputs {
		form, ok := outputForms[name]
		if !ok || !regexp.MustCompile(`^(?s:`+form+`)$`).MatchString(value) || strings.Contains(value, "evil") && name != "result" {
			t.Errorf("output %q is %q", name, value)
		}
		if strings.ContainsAny(value, "\r\n") {
			t.Errorf("output %s has several lines: %q", name, value)
		}
		if len(workflowCommands([]byte(value))) > 0 {
			t.Errorf("output %s, echoed, is a command: %q", name, value)
		}
	}
	summary := r.written("STEP_SUMMARY")
	if m := liveMarkup.Find(summary); m != nil {
		t.Errorf("the summary has %q:\n%s", m, summary)
	}
	if len(summary) > 1<<20 {
		t.Errorf("the summary has %d bytes, a runner takes 1 MiB", len(summary))
	}
	for _, name := range []string{"ENV", "PATH", "STATE"} {
		if text := r.written(name); len(text) > 0 {
			t.Errorf("GITHUB_%s has %q", name, text)
		}
	}
	if bytes.Contains(slices.Concat(r.printed, summary, r.written("OUTPUT")), []byte(token)) {
		t.Error("the token leaked")
	}
}

// filesBelow returns all paths below a directory.
func filesBelow(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		names[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestHostileRepository proves that a hostile repository makes the runner see only annotations and outputs of the known forms.
func TestHostileRepository(t *testing.T) {
	t.Parallel()
	cases := 300
	if os.Getenv("SEEDPACK_LONG") != "" {
		cases = 3000
	}
	program := buildProgram(t)
	for seed := range cases {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			r := newRunner(t, program)
			r.workspace = filepath.Join(r.workspace, "workspace")
			r.env = append(r.env, "GITHUB_WORKSPACE="+r.workspace)
			for name, text := range hostileFiles(t, random) {
				path := filepath.Join(r.workspace, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := filesBelow(t, filepath.Dir(r.workspace))
			for _, inputs := range [][]string{{"INPUT_COMMAND=lint"}, {"INPUT_COMMAND=list"}, {"INPUT_DRY-RUN=true", "INPUT_BUILD-ARGS=API_TOKEN=x"}} {
				if status := r.action(append(inputs, "INPUT_PATH=.")...); status > 3 {
					t.Errorf("%q: exit %d", inputs, status)
				}
				r.checkSafe(before)
			}
			if t.Failed() {
				t.Logf("printed:\n%s", r.printed)
			}
		})
	}
}
