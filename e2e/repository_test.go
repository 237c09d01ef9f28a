//go:build linux

package e2e_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// A workflowRun is one run of a workflow with one step that uses the action, named seedpack.
type workflowRun struct {
	succeeded   bool
	annotations []string // level file:line:col: message
	outputs     map[string]string
	summary     string
	log         string
}

// A repository uses the action.
type repository struct {
	t            *testing.T
	dir, program string
	event, ref   string
	payload      string
	inputs       []string // of the step, "name: value"
	text         string   // of the workflow; if empty, it is one step with the inputs
	home         string
	standIns     string // the inputs of actions from elsewhere, a line each
}

func newRepository(t *testing.T, program string, jobs ...string) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir(), program: program, event: "push", ref: "refs/heads/main", payload: "{}", home: t.TempDir()}
	if err := os.CopyFS(filepath.Join(r.dir, "base"), os.DirFS(needs.Variable(t, "SEEDPACK_TEST_BASE"))); err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		if err := os.CopyFS(filepath.Join(r.dir, filepath.Base(job)), os.DirFS(job)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *repository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// workflow returns what a user would write, with a base image that is in the repository.
func (r *repository) workflow() string {
	if r.text != "" {
		return r.text
	}
	inputs := append(slices.Clone(r.inputs), "build-contexts: busybox:1.36=oci-layout://${{ github.workspace }}/base")
	return "on: [push, pull_request, release]\njobs:\n  seed:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"      - uses: actions/checkout@v5\n      - id: seedpack\n        uses: seedpack/seedpack@v1\n        with:\n          " + strings.Join(inputs, "\n          ") + "\n"
}

// actionTree makes the tree that a runner would download as the action of a release. The release is in the tool cache.
func (r *repository) actionTree(toolCache string) string {
	r.t.Helper()
	dir := r.t.TempDir()
	program, err := os.ReadFile(r.program)
	if err != nil {
		r.t.Fatal(err)
	}
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	cached := filepath.Join(toolCache, "seedpack", launcherVersion, cmp.Or(arch, runtime.GOARCH), "seedpack")
	if err := os.MkdirAll(filepath.Dir(cached), 0o755); err != nil {
		r.t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(dir, "action.yml"): readText(r.t, "action.yml"), filepath.Join(dir, "launch.cjs"): readText(r.t, "launch.cjs"),
		filepath.Join(dir, "release.sums"): fmt.Sprintf("# %s\n%x  %s\n", launcherVersion, sha256.Sum256(program), releaseName()),
		cached:                             string(program),
	} {
		writeProgram(r.t, name, text)
	}
	return dir
}

// standIn makes an action that replaces one from elsewhere. It only logs its inputs.
func (r *repository) standIn(name string) (dir string) {
	r.t.Helper()
	dir = r.t.TempDir()
	owner, path, _ := strings.Cut(name, "/")
	repository, sub, _ := strings.Cut(path, "/")
	at := filepath.Join(dir, sub)
	if err := os.MkdirAll(filepath.Join(at, "bin"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	script := `const fs = require('node:fs');
const inputs = Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_')).sort().map(([name, value]) => name.slice(6) + '=' + value);
fs.appendFileSync(process.env.STAND_IN_LOG, ['` + owner + "/" + repository + `', ...inputs].join(' ') + '\n');
fs.appendFileSync(process.env.GITHUB_PATH, __dirname + '/bin\n');
const [, dest] = /dest=(.*)/.exec(process.env.INPUT_OUTPUTS || '') || [];
const [, scanned] = /oci-dir:(.*)/.exec(process.env.INPUT_IMAGE || '') || [];
if (scanned) fs.appendFileSync(process.env.STAND_IN_LOG, 'scanned ' + JSON.parse(fs.readFileSync(scanned + '/index.json')).manifests[0].digest + '\n');
if (fs.existsSync('` + owner + "-" + repository + `-fails')) process.exitCode = 1;
if (dest) fs.copyFileSync(process.env.STAND_IN_IMAGE, dest);
`
	for file, text := range map[string]string{
		"action.yml": "name: stand-in\nruns:\n  using: node24\n  main: main.cjs\n",
		"main.cjs":   script,
		"bin/cosign": "#!/bin/sh\necho \"cosign $*\" >>\"$STAND_IN_LOG\"\n",
	} {
		writeProgram(r.t, filepath.Join(at, file), text)
	}
	return dir
}

// usedAction matches an action that a workflow uses, with its version.
var usedAction = regexp.MustCompile(`uses: ([a-z-]+/[a-z-]+)(/[a-z-]+)?@(v[0-9]+)`)

// git commits all files, and tags the commit.
func (r *repository) git() {
	r.t.Helper()
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "A job"}, {"tag", "-f", "v1.0.0"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = r.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
}

// run runs the workflow in act.
func (r *repository) run() *workflowRun {
	t := r.t
	t.Helper()
	act, home := needs.Variable(t, "SEEDPACK_TEST_ACT"), r.home
	r.write(".github/workflows/seed.yml", r.workflow())
	event, log := filepath.Join(home, "event.json"), filepath.Join(home, "stand-ins")
	for _, file := range [][2]string{{event, r.payload}, {log, ""}} {
		if err := os.WriteFile(file[0], []byte(file[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.git()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	actions := filepath.Join(home, "actions")
	args := []string{r.event, "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json", "-e", event, "--action-cache-path", actions,
		"--local-repository", "seedpack/seedpack@v1=" + r.actionTree(filepath.Join(actions, "tool_cache")),
		"--env", "GITHUB_REF=" + r.ref, "--env", "HOME=" + home, "--env", "XDG_CACHE_HOME=" + cache, "--env", "STAND_IN_LOG=" + log,
		"--env", "STAND_IN_IMAGE=" + filepath.Join(home, "image.tar")}
	for _, m := range usedAction.FindAllStringSubmatch(r.workflow(), -1) {
		if m[1] != "actions/checkout" && m[1] != "seedpack/seedpack" {
			args = append(args, "--local-repository", m[1]+"@"+m[3]+"="+r.standIn(m[1]+m[2]))
		}
	}
	cmd := exec.Command(act, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"))
	out, _ := cmd.Output() // some cases are about a failing workflow: jobResult says it
	r.standIns = readText(t, log)
	return parseAct(t, out)
}

// parseAct reads the JSON lines of act.
func parseAct(t *testing.T, out []byte) *workflowRun {
	t.Helper()
	w, failed := &workflowRun{outputs: map[string]string{}}, false
	for line := range bytes.Lines(out) {
		var e struct {
			Msg, Command, Arg, Name, Content, JobResult, Raw string
			RawOutput                                        bool `json:"raw_output"`
			StepID                                           []string
		}
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch {
		case e.JobResult != "":
			failed = failed || e.JobResult != "success"
			w.succeeded = !failed
		case e.Command == "set-output":
			w.outputs[e.Name] = e.Arg
		case e.Command == "summary":
			w.summary += e.Content
		case e.Raw != "":
			for _, c := range workflowCommands([]byte(e.Raw)) {
				p := c.properties
				w.annotations = append(w.annotations, fmt.Sprintf("%s %s:%s:%s: %s", c.name, p["file"], p["line"], p["col"], c.message))
			}
		}
		w.log += e.Msg
	}
	return w
}

const forkEvent = `{"pull_request": {"number": 1, "head": {"ref": "x", "repo": {"full_name": "stranger/fork", "fork": true}},
  "base": {"ref": "main", "repo": {"full_name": "owner/repository"}}}}`

const releaseEvent = `{"action": "published", "release": {"tag_name": "v1.0.0", "draft": false, "prerelease": false}}`

// uploads counts the requests that sent something to a repository of the registry.
func uploads(t *testing.T, repository string) int {
	t.Helper()
	text, err := os.ReadFile(needs.Variable(t, "SEEDPACK_TEST_REGISTRY_LOG"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, " /v2/"+repository) && (strings.Contains(line, `"PUT `) || strings.Contains(line, `"PATCH `)) {
			n++
		}
	}
	return n
}

// published reports whether the registry has a tag or digest.
func published(t *testing.T, repository, tag string) bool {
	t.Helper()
	url := "http://" + needs.Variable(t, "SEEDPACK_TEST_REGISTRY") + "/v2/" + repository + "/manifests/" + tag
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// wantAnnotation wants an annotation at a place, with a text in its message.
func (w *workflowRun) wantAnnotation(t *testing.T, place, message string) {
	t.Helper()
	if !slices.ContainsFunc(w.annotations, func(a string) bool { return strings.HasPrefix(a, place+": ") && strings.Contains(a, message) }) {
		t.Errorf("no annotation %q with %q, there are\n%s", place, message, strings.Join(w.annotations, "\n"))
	}
}

func (w *workflowRun) wantOutputs(t *testing.T, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if w.outputs[name] != value {
			t.Errorf("output %s is %q, want %q", name, w.outputs[name], value)
		}
	}
	if t.Failed() {
		t.Logf("log:\n%s", w.log)
	}
}
