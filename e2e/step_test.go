//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// This file tests inputs, annotations, outputs and summaries of the action without act.

// newStep returns a runner whose workspace has the files. The directory above has nothing else.
func newStep(t *testing.T, files map[string]string) *runner {
	t.Helper()
	r := newRunner(t, buildProgram(t))
	r.workspace = filepath.Join(r.workspace, "workspace")
	r.env = append(r.env, "GITHUB_WORKSPACE="+r.workspace)
	r.put(files)
	return r
}

// put writes files into the workspace.
func (r *runner) put(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.workspace, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// annotations returns the annotations in order: level file:line:col: message.
func (r *runner) annotations() (all []string) {
	for _, c := range workflowCommands(r.printed) {
		if c.name == "error" || c.name == "warning" || c.name == "notice" {
			p := c.properties
			all = append(all, fmt.Sprintf("%s %s:%s:%s: %s", c.name, p["file"], p["line"], p["col"], c.message))
		}
	}
	return all
}

// wantAnnotation wants an annotation that has all parts.
func (r *runner) wantAnnotation(parts ...string) {
	r.t.Helper()
	if !slices.ContainsFunc(r.annotations(), func(a string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(a, part) })
	}) {
		r.t.Errorf("no annotation with %q, there are\n%s\nprinted:\n%s", parts, strings.Join(r.annotations(), "\n"), r.printed)
	}
}

// example returns the files of an example job.
func example(t *testing.T, job string) map[string]string {
	t.Helper()
	return map[string]string{
		"seed.manifest.json": readText(t, filepath.Join("testdata/jobs", job, "seed.manifest.json")),
		"Dockerfile":         readText(t, filepath.Join("testdata/jobs", job, "Dockerfile")),
	}
}

// below returns the files with their names below a directory.
func below(dir string, files map[string]string) map[string]string {
	all := map[string]string{}
	for name, text := range files {
		all[dir+"/"+name] = text
	}
	return all
}

// TestAnnotationsInOrder proves that errors come before warnings, nine of each, and that the rest is counted.
func TestAnnotationsInOrder(t *testing.T) {
	t.Parallel()
	var outputs []string
	for i := range 30 {
		outputs = append(outputs, fmt.Sprintf(`{"name": "out %d", "pattern": "*.%d", "mediaType": "nonsense"}`, i, i))
	}
	manifest := strings.Replace(badManifest, `"timeout": "10"`, `"timeout": "10", "interface": {"command": "x", "outputs": {"files": [`+
		strings.Join(outputs, ",\n")+`]}}`, 1)
	r := newStep(t, map[string]string{"job/seed.manifest.json": manifest})
	if status := r.action("INPUT_COMMAND=lint", "INPUT_PATH=job"); status != 1 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	counts, last := map[string]int{}, "error"
	for _, a := range r.annotations() {
		level, _, _ := strings.Cut(a, " ")
		if counts[level]++; level == "error" && last == "warning" {
			t.Errorf("an error comes after a warning: %s", a)
		}
		last = level
	}
	if counts["error"] != 10 || counts["warning"] > 10 || counts["notice"] != 0 {
		t.Errorf("%v annotations", counts)
	}
	r.wantAnnotation("error ::: ", "more are in the summary")
	if n := strings.Count(string(r.written("STEP_SUMMARY")), "| error |"); n < 30 {
		t.Errorf("the summary has %d errors:\n%s", n, r.written("STEP_SUMMARY"))
	}
	if n := strings.Count(string(r.printed), "\njob/seed.manifest.json:"); n < 30 {
		t.Errorf("the log has %d findings:\n%s", n, r.printed)
	}
}

// TestAnnotationsInCheckout proves that a file has its path in the repository of its checkout, and a link to the commit.
func TestAnnotationsInCheckout(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("ab", 20)
	for _, tt := range []struct{ name, head, origin, want string }{
		{"commit", commit, "https://github.com/owner/repository", "https://github.com/owner/repository/blob/" + commit + "/jobs/a%20%26%20b/seed.manifest.json#L4"},
		{"branch", "ref: refs/heads/main", "https://github.com/owner/repository.git", "https://github.com/owner/repository/blob/" + commit + "/jobs/"},
		{"another repository", commit, "https://github.com/owner/other", ""},
		{"no commit", "nonsense](http://evil.example)", "https://github.com/owner/repository", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newStep(t, map[string]string{
				"sub/.git/HEAD": tt.head + "\n", "sub/.git/refs/heads/main": commit + "\n",
				"sub/.git/config":                   "[remote \"origin\"]\n\turl = " + tt.origin + "\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
				"sub/jobs/a & b/seed.manifest.json": badManifest,
			})
			r.action("INPUT_COMMAND=lint", "INPUT_PATH=sub/jobs")
			r.wantAnnotation("error jobs/a & b/seed.manifest.json:4:13: ", "upper-case")
			summary := string(r.written("STEP_SUMMARY"))
			if tt.want == "" && strings.Contains(summary, "](http") || !strings.Contains(summary, tt.want) {
				t.Errorf("the summary has no link %q:\n%s", tt.want, summary)
			}
			r.checkFiles()
		})
	}
}

// TestAnnotationsInDockerfileAndSmokeFile proves that a finding is shown in the file that must change.
func TestAnnotationsInDockerfileAndSmokeFile(t *testing.T) {
	t.Parallel()
	files := example(t, "random-number")
	files["seed.smoke.yaml"] = "cases:\n  - name: one\n    nonsense: 1\n"
	files["Dockerfile"] = "FROM busybox:1.36\nARG API_KEY\nENTRYPOINT [\"/job\"]\n"
	r := newStep(t, below("job", files))
	if status := r.action("INPUT_PATH=job", "INPUT_BUILD-ARGS=API_KEY=x"); status != 1 {
		t.Errorf("exit %d", status)
	}
	r.wantAnnotation("error job/seed.smoke.yaml:3:5: ", "nonsense")
	r.wantAnnotation("warning job/Dockerfile:2:", "API_KEY", "[build-arg-secret]")
	if summary := string(r.written("STEP_SUMMARY")); !strings.Contains(summary, "❌ **random-number-gen 0.1.0** (package 0.1.0): lint failed") {
		t.Errorf("summary:\n%s", summary)
	}
	if printed := string(r.printed); !strings.Contains(printed, "::group::lint job/seed.manifest.json\n::endgroup::\n::group::findings:") {
		t.Errorf("printed:\n%s", printed)
	}
}

// TestInputPatterns proves that the input path takes patterns and lists, and that a pattern without a job is refused.
func TestInputPatterns(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("jobs/a", example(t, "random-number")))
	r.put(below("jobs/b/c", example(t, "image-watermark")))
	r.put(below("jobs/d[1]", example(t, "random-number")))
	r.put(map[string]string{"jobs/README.md": "no job", "jobs/common/x": ""})
	for path, want := range map[string]int{
		"jobs/*": 3, "jobs/**/seed.manifest.json": 3, "jobs/{a,b}": 2, "jobs/a\n\n  jobs/b  \n": 2, "jobs/d[1]": 1, "jobs/?": 2,
	} {
		status := r.action("INPUT_COMMAND=lint", "INPUT_PATH="+path)
		if status > 1 {
			t.Errorf("%q: exit %d\n%s", path, status, r.printed)
		}
		if got := strings.Count(r.outputs()["result"], `seed.manifest.json","diagnostics":`); got != want {
			t.Errorf("%q: %d jobs, want %d", path, got, want)
		}
	}
	for path, want := range map[string]string{"jobs/x*": "matches no job", "jobs/[": "syntax error", "none": "no such file", "jobs/*.md": "matches no job"} {
		if status := r.action("INPUT_COMMAND=lint", "INPUT_PATH="+path); status != 2 {
			t.Errorf("%q: exit %d", path, status)
		}
		r.wantAnnotation("error ::: ", want)
	}
}

// outputs returns the outputs that later steps see.
func (r *runner) outputs() map[string]string {
	r.t.Helper()
	values, err := fileCommands(r.written("OUTPUT"))
	if err != nil {
		r.t.Fatal(err)
	}
	return values
}

// TestActionLists proves that list gives a matrix of jobs with their references.
func TestActionLists(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("jobs/a", example(t, "random-number")))
	r.put(below("jobs/b", example(t, "image-watermark")))
	if status := r.action("INPUT_COMMAND=list", "INPUT_PATH=jobs", "INPUT_REGISTRY=example.com/team"); status != 0 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	var result struct {
		Matrix struct {
			Include []struct{ Path, Reference string }
		}
	}
	if err := json.Unmarshal([]byte(r.outputs()["result"]), &result); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(result.Matrix.Include); got != "[{jobs/a example.com/team/random-number-gen-0.1.0-seed:0.1.0} {jobs/b example.com/team/image-watermark-0.1.0-seed:0.1.0}]" {
		t.Error(got)
	}
}

// TestActionWritesFindings proves that findings go to the SARIF and JUnit files of the inputs, and that summary: false writes no summary.
func TestActionWritesFindings(t *testing.T) {
	t.Parallel()
	r := newStep(t, map[string]string{"job/seed.manifest.json": badManifest})
	if status := r.action("INPUT_COMMAND=lint", "INPUT_SARIF-FILE=a b.sarif", "INPUT_JUNIT-FILE=job/x.xml"); status != 1 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	if !strings.Contains(readText(t, filepath.Join(r.workspace, "job/x.xml")), "<testsuite") || r.outputs()["sarif-file"] != "" {
		t.Errorf("outputs %q", r.outputs())
	}
	r.action("INPUT_COMMAND=lint", "INPUT_SARIF-FILE=job/x.sarif", "INPUT_SUMMARY=false")
	if r.outputs()["sarif-file"] != "job/x.sarif" || !strings.Contains(readText(t, filepath.Join(r.workspace, "job/x.sarif")), `"2.1.0"`) {
		t.Errorf("outputs %q", r.outputs())
	}
	if n := strings.Count(string(r.written("STEP_SUMMARY")), "## Seedpack"); n != 1 {
		t.Errorf("%d summaries, the second was to be none", n)
	}
}

// TestActionOutputsAreBounded proves that a summary or result that a runner would refuse for its size is cut, and says so.
func TestActionOutputsAreBounded(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for job := range 20 { // a file shows 200 findings of a kind at most
		var outputs []string
		for i := range 150 {
			outputs = append(outputs, fmt.Sprintf(`{"name": "out %d %s", "type": "string"}`, i, strings.Repeat("&", 300)))
		}
		files[fmt.Sprintf("job/%d/seed.manifest.json", job)] = strings.Replace(badManifest, `"timeout": "10"`,
			`"timeout": "10", "interface": {"command": "x", "outputs": {"json": [`+strings.Join(outputs, ",\n")+`]}}`, 1)
	}
	r := newStep(t, files)
	if status := r.action("INPUT_COMMAND=lint"); status != 1 {
		t.Errorf("exit %d", status)
	}
	summary := string(r.written("STEP_SUMMARY"))
	lines := strings.Split(strings.TrimSpace(summary), "\n")
	if n := len(lines); len(summary) > 1<<20 || len(summary) < 1<<19 || !strings.HasSuffix(lines[n-1], " more are in the log") ||
		strings.Count(summary, "<details>") != strings.Count(summary, "</details>") {
		t.Errorf("the summary has %d bytes and ends with %q", len(summary), lines[len(lines)-3:])
	}
	if result := r.outputs()["result"]; len(result) > 1<<19 || !strings.Contains(result, `"reports":[],"errors":3`) {
		t.Errorf("the result has %d bytes: %.200s", len(result), result)
	}
	if n := strings.Count(string(r.printed), "/seed.manifest.json:"); n < 3000 {
		t.Errorf("the log has %d findings", n)
	}
}

// TestWrongInputs proves that a wrong input ends with status 2 and an annotation, which shows no secret.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("job", example(t, "random-number")))
	for _, tt := range [][]string{
		{`command "action" must be one of pack, lint`, "INPUT_COMMAND=action"},
		{"verify needs the input image", "INPUT_COMMAND=verify"},
		{"publish needs the input image", "INPUT_COMMAND=publish", "INPUT_PUSH=true"},
		{"publish needs --registry", "INPUT_COMMAND=publish", "INPUT_PUSH=true", "INPUT_IMAGE=oci:job"},
		{"--push needs --registry", "INPUT_PUSH=true"},
		{`--push "yes" must be true, false or auto`, "INPUT_PUSH=yes"},
		{"a secret must be NAME=", "INPUT_SECRETS=hush-hush"},
		{"a secret must be NAME=", "INPUT_SECRET-ENVS=a,env=X"},
		{"--attest-smoke attaches what the smoke run came to: leave it out", "INPUT_ATTEST-SMOKE=true", "INPUT_SMOKE=off"},
		{"--attest-smoke attaches what a smoke run came to: give --smoke, too", "INPUT_COMMAND=verify", "INPUT_IMAGE=r.example/a-1.0.0-seed:1.0.0", "INPUT_ATTEST-SMOKE=true"},
		{`pull "perhaps" must be true or false`, "INPUT_PULL=perhaps"},
	} {
		if status := r.action(append(tt[1:], "INPUT_PATH=job")...); status != 2 {
			t.Errorf("%q: exit %d", tt[1], status)
		}
		r.wantAnnotation("error ::: ", tt[0])
	}
	if strings.Contains(string(r.printed), "hush-hush") {
		t.Errorf("the secret is shown:\n%s", r.printed)
	}
}

// TestHostilePaths proves that no input and no link leads to a file outside the workspace.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	const secret = "kept outside of it"
	r := newStep(t, below("job", example(t, "random-number")))
	r.put(map[string]string{"../outside/seed.manifest.json": `{"` + secret + `": 1}`, "../outside/Dockerfile": secret, "../outside/seed.smoke.yaml": secret})
	r.put(below("linked", example(t, "random-number")))
	r.put(below("smoke", example(t, "random-number")))
	if err := os.Remove(filepath.Join(r.workspace, "linked/Dockerfile")); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"out": "../outside", "linked/Dockerfile": "../../outside/Dockerfile", "smoke/seed.smoke.yaml": "../../outside/seed.smoke.yaml",
		"manifest.json": "../outside/seed.manifest.json", "new.json": "../outside/new.json",
	} {
		if err := os.Symlink(to, filepath.Join(r.workspace, link)); err != nil {
			t.Fatal(err)
		}
	}
	before := filesBelow(t, filepath.Dir(r.workspace))
	for _, inputs := range []string{
		"PATH=../outside", "PATH=out", "PATH=manifest.json", "PATH=job\nout", "PATH=job/../out", "PATH=/etc", "PATH=linked", "PATH=smoke",
		"MANIFEST=manifest.json", "MANIFEST=../outside/seed.manifest.json", "CONTEXT=out", "CONTEXT=..", "FILE=out/Dockerfile", "FILE=linked/Dockerfile",
		"BUILD-CONTEXTS=base=out", "BUILD-CONTEXTS=base=oci-layout://out", "BUILD-CONTEXTS=base=oci-layout://../outside:x",
		"SECRET-FILES=x=out/Dockerfile", "CACHE-TO=type=local,dest=out/cache", "CACHE-FROM=type=local,src=out", "WORKING-DIRECTORY=out",
	} {
		status := r.action("INPUT_" + inputs)
		if !strings.HasPrefix(inputs, "PATH") {
			status = r.action("INPUT_PATH=job", "INPUT_"+inputs)
		}
		if status == 0 || status == 1 {
			t.Errorf("%s: exit %d\n%s", inputs, status, r.printed)
		}
		r.wantAnnotation("error ", "give one")
		if strings.Contains(string(r.printed)+string(r.written("STEP_SUMMARY"))+string(r.written("OUTPUT")), secret) {
			t.Errorf("%s: shows what is outside\n%s", inputs, r.printed)
		}
		r.checkSafe(before)
	}
}

// TestHostilePullRequestTarget proves that a fork's code is not published, even if the workflow asks for it.
func TestHostilePullRequestTarget(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("job", example(t, "random-number")))
	status := r.action("GITHUB_EVENT_NAME=pull_request_target", "INPUT_PATH=job", "INPUT_PUSH=true", "INPUT_REGISTRY=localhost:1/x")
	if status != 2 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	r.wantAnnotation("error ::: ", "what a fork wrote is not published")
}

// TestSecretsAreMasked proves that secrets are masked line by line before anything else is printed, and on no command line.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("job", example(t, "random-number")))
	r.put(map[string]string{"key.pem": "-----BEGIN-----\nc2VjcmV0\n-----END-----\n", "job/Dockerfile": "nonsense"})
	r.env = append(r.env, "FROM_ENV=one line%25\nand another")
	r.action("INPUT_PATH=job", "INPUT_SECRETS=A=hush-hush\n\"B=first\n\"\"second\"\" 100%\r\nabc\"\nC=x\n", "INPUT_SECRET-ENVS=D=FROM_ENV", "INPUT_SECRET-FILES=E=key.pem")
	var masks []string
	rest, _, ok := strings.Cut(string(r.printed), "seedpack pack ")
	if !ok || !strings.Contains(string(r.printed), "[dockerfile-syntax]") {
		t.Errorf("it did not run:\n%s", r.printed)
	}
	for _, c := range workflowCommands([]byte(rest)) {
		if c.name == "add-mask" {
			masks = append(masks, c.message)
		}
	}
	want := []string{"hush-hush", "first", `"second" 100%`, "one line%25", "and another", "-----BEGIN-----", "c2VjcmV0", "-----END-----"}
	if !slices.Equal(masks, want) {
		t.Errorf("masks %q, want %q", masks, want)
	}
	if after := string(r.printed)[len(rest):]; strings.Contains(after, "hush") || strings.Contains(after, "second") {
		t.Errorf("a secret is shown:\n%s", after)
	}
}

// TestStepExport proves that a step writes a job for another system, and refuses directories outside of the workspace.
func TestStepExport(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("job", example(t, "image-watermark")))
	if status := r.action("INPUT_COMMAND=export", "INPUT_TO=slurm", "INPUT_PATH=job"); status != 0 {
		t.Fatalf("exit %d\n%s", status, r.printed)
	}
	script, err := os.ReadFile(filepath.Join(r.workspace, "export", "job.sbatch"))
	if err != nil || !strings.HasPrefix(string(script), "#!/bin/bash\n#SBATCH --job-name=image-watermark\n") {
		t.Errorf("%v: %.100s", err, script)
	}
	if result := r.outputs()["result"]; !strings.Contains(result, `"files":["export/job.sbatch"]`) || !strings.Contains(result, `"losses":[{"pointer":`) {
		t.Errorf("the result is %s", result)
	}
	for _, dir := range []string{"../out", "/tmp/seedpack-out"} {
		if status := r.action("INPUT_COMMAND=export", "INPUT_TO=slurm", "INPUT_PATH=job", "INPUT_EXPORT-DIR="+dir); status != 2 {
			t.Errorf("%s: exit %d\n%s", dir, status, r.printed)
		}
	}
	if status := r.action("INPUT_COMMAND=export", "INPUT_TO=slurm", "INPUT_PATH=job", "INPUT_IMAGE=x"); status != 2 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
}
