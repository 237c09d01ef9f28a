//go:build unix

package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// This file runs launch.cjs, which finds, downloads or builds the program, and starts it.

// TestLauncherTakesRelease proves that the launcher downloads a release, retries, and then takes it from the tool cache.
func TestLauncherTakesRelease(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	l.records(says)
	m.refuse.Store(2)
	paths := filepath.Join(l.temp, "path")
	l.want(started, m.input(), "GITHUB_PATH="+paths)
	if want := filepath.Join(l.tools, "seedpack", launcherVersion) + "/"; !strings.HasPrefix(readText(t, paths), want) {
		t.Errorf("later steps have %q on their PATH, want %s…", readText(t, paths), want)
	}
	if n := m.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3: two were refused", n)
	}
	l.want(started, m.input())
	if n := m.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3: the program was in the tool cache", n)
	}
}

// TestLauncherRefusesTamperedRelease proves that the launcher starts no program whose SHA-256 is not the recorded one.
func TestLauncherRefusesTamperedRelease(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, "#!/bin/sh\necho evil\n")
	l.records(says)
	refused := "::error title=Seedpack::" + releaseName() + " of " + launcherVersion +
		" does not have the SHA-256 that this action records\nexit 3"
	l.want(refused, m.input())

	// The same holds in the tool cache, where the right program then replaces it.
	m.body.Store(says)
	l.want(started, m.input())
	cached, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/*"))
	if err != nil || len(cached) != 1 {
		t.Fatalf("%q, %v in the tool cache, want one program", cached, err)
	}
	writeProgram(t, cached[0], "#!/bin/sh\necho evil\n")
	l.want(started, m.input())
}

// TestLauncherTakesBuildKit proves that a runner without BuildKit gets that of the release, next to the program.
func TestLauncherTakesBuildKit(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/var/run/docker.sock"); err == nil {
		t.Skip("this machine has Docker, whose BuildKit the action uses")
	}
	l, m := newLauncher(t), newMirror(t, says)
	l.write("release.sums", fmt.Sprintf("# %s\n%x  %s\n%x *%s\n", launcherVersion, sha256.Sum256([]byte(says)), releaseName(),
		sha256.Sum256([]byte(daemon)), strings.Replace(releaseName(), "seedpack", "buildkitd", 1)))
	path := "PATH=" + onlyNode(t) + ":/bin"
	for _, env := range [][]string{{"INPUT_COMMAND=lint"}, {"INPUT_COMMAND=verify"}, {"INPUT_BUILDER=tcp://x"}, {"BUILDKIT_HOST=tcp://x"}, {"INPUT_COMMAND=pack"}} {
		l.want(started, append(env, m.input(), path)...)
		found, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/buildkitd"))
		if err != nil || (len(found) == 1) != (env[0] == "INPUT_COMMAND=pack") {
			t.Errorf("%q: %q, %v", env, found, err)
		}
	}
	if err := os.RemoveAll(l.tools); err != nil {
		t.Fatal(err)
	}
	l.want(started, "INPUT_COMMAND=smoke", "INPUT_BUILDER=private", m.input(), path)
	if found, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/buildkitd")); len(found) != 1 {
		t.Errorf("for a private builder: %q, %v", found, err)
	}
	// A buildkitd whose sum is not the recorded one is refused.
	m.daemon.Store("evil")
	if err := os.RemoveAll(l.tools); err != nil {
		t.Fatal(err)
	}
	l.want("::error title=Seedpack::"+strings.Replace(releaseName(), "seedpack", "buildkitd", 1)+" of "+launcherVersion+
		" does not have the SHA-256 that this action records\nexit 3", m.input(), path)
}

// TestLauncherBuilds proves that the launcher builds the program from the action's tree if there is no release to take.
func TestLauncherBuilds(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	l.write("go.mod", "module example.com/action\n\ngo 1.21\n")
	l.write("main.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tfmt.Println(\"built:\", os.Args[1])\n}\n")
	// The tree records no release, then one for other machines, then one that is gone.
	l.want("built: action\nexit 0")
	l.write("release.sums", "# "+launcherVersion+"\n00  seedpack_plan9_mips\n")
	l.want("built: action\nexit 0", m.input())
	l.records(says)
	l.want("built: action\nexit 0", "INPUT_DOWNLOAD-URL="+m.URL+"/gone")
	l.want("::error title=Seedpack::no release for this runner, and no Go to build the program with: put actions/setup-go before\nexit 3",
		"INPUT_DOWNLOAD-URL="+m.URL+"/gone", "PATH="+onlyNode(t))
}

// onlyNode returns a PATH with node alone.
func onlyNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(node, filepath.Join(dir, "node")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLauncherWorkingDirectory proves that the launcher starts the program in working-directory.
func TestLauncherWorkingDirectory(t *testing.T) {
	t.Parallel()
	l, dir := newLauncher(t), t.TempDir()
	program := filepath.Join(dir, "seedpack")
	writeProgram(t, program, "#!/bin/sh\n[ $1 = version ] || pwd\n")
	l.want(dir+"\nexit 0", "INPUT_BINARY=./seedpack", "INPUT_WORKING-DIRECTORY="+dir)
	l.want("::error title=Seedpack::ENOENT: no such file or directory, chdir '"+workingDirectory(t)+"' -> '/none'\nexit 3",
		"INPUT_BINARY=./seedpack", "INPUT_WORKING-DIRECTORY=/none")
}

// workingDirectory returns the directory in which the tests of this package run.
func workingDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLauncherPreinstalled proves that the launcher starts an installed program only if it has the action's version.
func TestLauncherPreinstalled(t *testing.T) {
	t.Parallel()
	l := newLauncher(t)
	l.records(says)
	program := filepath.Join(t.TempDir(), "seedpack")
	binary := "INPUT_BINARY=" + program
	l.want("::error title=Seedpack::binary: spawnSync "+program+" ENOENT\nexit 3", binary)
	for text, want := range map[string]string{
		says: started,
		strings.Replace(says, "v1.2.3", "v1.2.30", 1): "::error title=Seedpack::binary: " + program +
			" is seedpack v1.2.30, this action is v1.2.3\nexit 3",
	} {
		writeProgram(t, program, text)
		l.want(want, binary)
	}
}

// TestLauncherUsesProxy proves that the launcher downloads through the proxy of the environment.
func TestLauncherUsesProxy(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	if out, err := exec.Command("node", "-p", "process.versions.node.split('.')[0]").Output(); err != nil || nodeMajor(out) < 24 {
		needs.Lacks(t, fmt.Sprintf("node %s, %v: want 24, as on GitHub's runners, whose fetch knows proxies", out, err))
	}
	l.records(says)
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Host)
		tunnel(w, r, m.Listener.Addr().String())
	}))
	defer proxy.Close()
	l.want(started, "INPUT_DOWNLOAD-URL=http://mirror.invalid/releases", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL)
	if host, _ := asked.Load().(string); !strings.HasPrefix(host, "mirror.invalid") {
		t.Errorf("the proxy was asked for %q, want mirror.invalid", host)
	}
}

// nodeMajor reads the major version that node printed.
func nodeMajor(out []byte) int {
	n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	return n
}

// tunnel answers a request to a proxy from one address, for any host.
func tunnel(w http.ResponseWriter, r *http.Request, address string) {
	if r.Method != http.MethodConnect {
		resp, err := http.Get("http://" + address + r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	there, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	go func() {
		io.Copy(there, here)
		there.Close()
	}()
	io.Copy(here, there)
	here.Close()
}
