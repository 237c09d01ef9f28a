//go:build linux

package e2e_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/cli"
)

// This file installs the packages of a release in empty directories, and runs its image.

// packaged are files of every package, besides the pages of the manual.
var packaged = []string{"usr/bin/seedpack", "usr/lib/seedpack/buildkitd", "usr/share/bash-completion/completions/seedpack",
	"usr/share/fish/vendor_completions.d/seedpack.fish", "usr/share/doc/seedpack/copyright"}

// testPackages installs deb and rpm, and runs the program where nothing else is.
func testPackages(t *testing.T, release string) {
	t.Helper()
	for _, program := range []string{"dpkg", "rpm"} {
		needs.Program(t, program)
	}
	name := filepath.Join(release, "seedpack_linux_"+runtime.GOARCH)
	for format, install := range map[string]func(root string) *exec.Cmd{
		"deb": func(root string) *exec.Cmd { return exec.Command("dpkg", "--root="+root, "-i", name+".deb") },
		"rpm": func(root string) *exec.Cmd {
			return exec.Command("rpm", "--root", root, "-i", "--nodeps", "--nosignature", name+".rpm")
		},
	} {
		root := t.TempDir()
		err := errors.Join(os.MkdirAll(filepath.Join(root, "var/lib/dpkg/info"), 0o755), os.MkdirAll(filepath.Join(root, "var/lib/dpkg/updates"), 0o755),
			os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := install(root).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", format, err, out)
			continue
		}
		zsh := map[string]string{"deb": "usr/share/zsh/vendor-completions/_seedpack", "rpm": "usr/share/zsh/site-functions/_seedpack"}[format]
		for _, file := range append(pagesOf(), append(packaged, zsh)...) {
			if info, err := os.Stat(filepath.Join(root, file)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %s: %v, or it is empty", format, file, err)
			}
		}
		for args, want := range map[string]string{"/usr/bin/seedpack version": "seedpack v0.0.0-test linux/", "/usr/lib/seedpack/buildkitd --version": "moby/buildkit"} {
			words := strings.Fields(args)
			cmd := exec.Command(words[0], words[1:]...)
			cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", []string{"HOME=/"}, &syscall.SysProcAttr{Chroot: root}
			if out, err := cmd.CombinedOutput(); !strings.Contains(string(out), want) {
				t.Errorf("%s: %s: %v, without %q:\n%s", format, args, err, want, out)
			}
		}
	}
	testManual(t, filepath.Join(release, "seedpack_manual.tar.gz"))
}

// pagesOf returns the pages of the manual, one a command.
func pagesOf() []string {
	all := []string{"usr/share/man/man1/seedpack.1.gz"}
	for _, cmd := range cli.Commands() {
		if !cmd.Hidden {
			all = append(all, "usr/share/man/man1/seedpack-"+cmd.Name()+".1.gz")
		}
	}
	return all
}

// testManual proves that the archive has all pages and completions.
func testManual(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for files := tar.NewReader(packed); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
	for _, want := range append(pagesOf(), "completions/seedpack.bash", "completions/_seedpack", "completions/seedpack.fish") {
		if want = strings.TrimPrefix(want, "usr/share/"); !slices.Contains(names, want) {
			t.Errorf("%s has no %s: %q", filepath.Base(path), want, names)
		}
	}
}

// testImage builds the image of a release on a stand-in for BuildKit's own image, which has the same programs under the same names,
// and packs a job in it.
func testImage(t *testing.T, release string) {
	t.Helper()
	host, base := needs.Variable(t, "SEEDPACK_TEST_DOCKER"), needs.Variable(t, "SEEDPACK_TEST_BASE")
	docker := func(stdin io.Reader, args ...string) ([]byte, error) {
		cmd := exec.Command("docker", args...)
		cmd.Env, cmd.Stdin = append(os.Environ(), "DOCKER_HOST="+host, "DOCKER_BUILDKIT=0"), stdin
		return cmd.CombinedOutput()
	}
	must := func(out []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	root := standInRoot(t, filepath.Join(release, "buildkitd_linux_"+runtime.GOARCH))
	archive, err := exec.Command("tar", "-C", root, "-cf", "-", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const standIn, image = "moby/buildkit:stand-in", "seedpack:test"
	must(docker(bytes.NewReader(archive), "import", "--change", "VOLUME /var/lib/buildkit", "-", standIn))
	t.Cleanup(func() { _, _ = docker(nil, "rmi", "-f", image, standIn) })
	must(docker(nil, "build", "-q", "-f", "setup/package/Dockerfile", "-t", image, "--build-arg", "BUILDKIT=stand-in", "--build-arg", "TARGETOS=linux",
		"--build-arg", "TARGETARCH="+runtime.GOARCH, release))
	if out := must(docker(nil, "run", "--rm", image, "version")); !strings.Contains(out, "seedpack v0.0.0-test linux/") {
		t.Errorf("the image's version is %s", out)
	}
	job := t.TempDir()
	if err := os.CopyFS(job, os.DirFS("testdata/jobs/random-number")); err != nil {
		t.Fatal(err)
	}
	pack := []string{"--network=none", "-v", job + ":/job", "-v", base + ":/base:ro", image, "pack", "/job", "--build-context", "busybox:1.36=oci-layout:///base"}
	out, err := docker(nil, append([]string{"run", "--rm", "--privileged"}, pack...)...)
	if strings.Contains(string(out), "unable to apply caps") { // this machine lacks one, which the image does not need
		out, err = docker(nil, append([]string{"run", "--rm", "--cap-add=ALL", "--cap-drop=SYS_RESOURCE", "--security-opt", "seccomp=unconfined",
			"--security-opt", "apparmor=unconfined", "-v", "/sys/fs/cgroup:/sys/fs/cgroup"}, pack...)...)
	}
	if err != nil || !strings.Contains(string(out), "built, smoke passed") {
		t.Errorf("%v\n%s", err, out)
	}
}

// standInRoot makes the files of BuildKit's image from those of this machine.
func standInRoot(t *testing.T, buildkitd string) string {
	t.Helper()
	root := t.TempDir()
	runc, err := exec.LookPath("runc")
	if err != nil {
		runc = "/usr/sbin/runc"
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"usr/bin/buildkitd": buildkitd, "usr/bin/buildkit-runc": runc, "bin/busybox": busybox}
	libraries, err := exec.Command("ldd", runc).Output()
	if err == nil { // it is linked to some
		for _, word := range strings.Fields(string(libraries)) {
			if strings.HasPrefix(word, "/") {
				files[word] = word
			}
		}
	}
	for to, from := range files {
		to = filepath.Join(root, to)
		text, err := os.ReadFile(from)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755)); err != nil {
			t.Fatal(err)
		}
		writeProgram(t, to, string(text))
	}
	for _, dir := range []string{"tmp", "root", "etc"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("busybox", filepath.Join(root, "bin/sh")); err != nil {
		t.Fatal(err)
	}
	return root
}
