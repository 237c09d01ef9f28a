// Package e2e tests the program from outside: it starts the program, or runs a whole command in this process. The tests
// run in the top directory. Those that need a real BuildKit, registry or Docker Engine are skipped without it.
package e2e

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seedpack/seedpack/cli"
	"github.com/seedpack/seedpack/pack/supervisor/bin"
)

// This file runs the scripts of testdata/script, and has the commands and conditions that they use.

// TestMain makes the test binary the program, under the name seedpack.
func TestMain(m *testing.M) {
	testscript.Main(fromTop{m}, map[string]func(){
		"seedpack": func() {
			os.Exit(cli.Main(os.Args[1:], cli.Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
		},
		"measured": measured,
	})
}

// fromTop runs the tests in the top directory, where their jobs, documents and programs are.
type fromTop struct{ *testing.M }

func (m fromTop) Run() int {
	if err := os.Chdir(".."); err != nil {
		panic(err)
	}
	return removePodman(m.M.Run())
}

// TestScripts proves that commands do in testdata/script what the scripts say. Parts run under [buildkit] and [registry].
func TestScripts(t *testing.T) {
	t.Parallel()
	params := scriptParams("testdata/script")
	params.UpdateScripts = os.Getenv("UPDATE_SCRIPTS") != ""
	testscript.Run(t, params)
}

func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup:               setupScript,
		Condition:           scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": scriptStatus, "uploads": scriptUploads, "foreign": scriptForeign, "engine": scriptEngine,
			"private-registry": scriptPrivateRegistry, "login-registry": scriptLoginRegistry, "frontend": scriptFrontend, "program": scriptProgram, "builder": scriptBuilder},
	}
}

// engineScripts are the scripts that every engine passes.
var engineScripts = []string{"broken", "build", "classic", "doctor", "image", "label", "publish"}

// TestScriptsDocker proves that engineScripts pass on a real Docker Engine, too. If its BuildKit is too old for layouts as base
// images, the engine has the base image itself.
func TestScriptsDocker(t *testing.T) {
	t.Parallel()
	host := needs.Variable(t, "SEEDPACK_TEST_DOCKER")
	classic := os.Getenv("SEEDPACK_TEST_DOCKER_STORE") == "classic"
	dir := t.TempDir()
	for _, name := range engineScripts {
		text, err := os.ReadFile("testdata/script/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		if classic {
			text = bytes.ReplaceAll(text, []byte(" --build-context $BASE"), nil)
		}
		if err := os.WriteFile(dir+"/"+name+".txtar", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	params := scriptParams(dir)
	params.Setup = func(env *testscript.Env) error {
		err := setupScript(env)
		env.Setenv("SEEDPACK_BUILDER", "docker")
		env.Setenv("DOCKER_HOST", host)
		if classic {
			env.Setenv("FILE", "tar")
		}
		return err
	}
	params.Condition = func(cond string) (bool, error) {
		switch cond {
		case "docker":
			return true, nil
		case "classic": // the store of the engine
			return classic, nil
		}
		return scriptCondition(cond)
	}
	testscript.RunT(inTurn{t}, params)
}

// inTurn runs scripts one after the other. They share an engine, and two that build the same job at once may leave two
// layers for one step in its cache. A classic store keeps the times of files, so the next build may then be another image.
type inTurn struct{ *testing.T }

func (inTurn) Parallel() {}

func (t inTurn) Run(name string, script func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { script(inTurn{t}) })
}

func (inTurn) Verbose() bool { return testing.Verbose() }

func setupScript(env *testscript.Env) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	// The cache is the user's own, so that a BuildKit is built once. Everything else is the script's.
	env.Setenv("XDG_CACHE_HOME", cache)
	env.Setenv("PATH", env.Getenv("PATH")+":/usr/sbin")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		env.Setenv(name, strings.TrimSpace(string(value)))
	}
	// Scripts do not use the Docker Engine of this machine.
	env.Setenv("SEEDPACK_BUILDER", "private")
	env.Setenv("FILE", "oci") // a type of file that the engine can write
	env.Setenv("REPOSITORY", cwd)
	env.Setenv("JOBS", cwd+"/testdata/jobs")
	env.Setenv("BROKEN", cwd+"/testdata/broken")
	env.Setenv("BASE_LAYOUT", os.Getenv("SEEDPACK_TEST_BASE"))
	env.Setenv("BASE", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))
	env.Setenv("REGISTRY", os.Getenv("SEEDPACK_TEST_REGISTRY"))
	// Runs share a registry, and a tag never moves.
	env.Setenv("NAMESPACE", "t"+strings.ToLower(rand.Text()[:8]))
	return nil
}

// scriptCondition reports whether the set-up made what a script needs. Under make test it always does: a script then fails
// instead of being skipped.
func scriptCondition(cond string) (bool, error) {
	if cond == "docker" || cond == "classic" { // only TestScriptsDocker has them
		return false, nil
	}
	variable, ok := map[string]string{"buildkit": "SEEDPACK_TEST_BASE", "registry": "SEEDPACK_TEST_REGISTRY"}[cond]
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	return os.Getenv(variable) != "" || os.Getenv("SEEDPACK_STRICT") != "", nil
}

// scriptStatus runs a command and compares its exit status: status 2 exec seedpack ….
func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status is %d, not %s", got, args[0])
	}
}

// scriptProgram writes a program for linux and an architecture: amd64, arm64 or 386. The first two are Seedpack's own supervisor,
// which ends at once without its spec. That for 386 runs the program that its arguments name.
func scriptProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: program ARCHITECTURE FILE")
	}
	if args[0] == "386" {
		ts.Check(writeExecutable(ts.MkAbs(args[1]), launcher386()))
		return
	}
	found, err := bin.Find(args[0])
	ts.Check(err)
	r, err := found.Open()
	ts.Check(err)
	text, err := io.ReadAll(r)
	ts.Check(errors.Join(err, r.Close()))
	ts.Check(writeExecutable(ts.MkAbs(args[1]), text))
}

// scriptUploads checks whether the registry saw an upload, PUT or PATCH, for a repository's name.
func scriptUploads(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] uploads NAME")
	}
	log, err := os.ReadFile(os.Getenv("SEEDPACK_TEST_REGISTRY_LOG"))
	ts.Check(err)
	seen := ""
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, args[0]) && (strings.Contains(line, `"PUT `) || strings.Contains(line, `"PATCH `)) {
			seen = line
		}
	}
	if neg && seen != "" {
		ts.Fatalf("the registry saw %s", seen)
	}
	if !neg && seen == "" {
		ts.Fatalf("the registry saw no upload for %s", args[0])
	}
}
