package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// home writes a docker configuration with builders of buildx. It returns an environment that points there.
func home(t *testing.T, files map[string]string, env ...string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, ".docker", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{"HOME": dir}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		all[name] = value
	}
	return func(name string) string { return all[name] }
}

const remoteBuilder = `{"Name":"far","Driver":"remote","Nodes":[{"Name":"far0","Endpoint":"unix:///nowhere/far.sock","DriverOpts":{"cacert":"/ca.pem"}}]}`

// contextMeta returns the file of a docker context "lab" that has an engine, under the path that docker gives it.
func contextMeta() (path, text string) {
	sum := sha256.Sum256([]byte("lab"))
	return fmt.Sprintf("contexts/meta/%x/meta.json", sum), `{"Name":"lab","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///nowhere/lab.sock"}}}`
}

func TestBuildxCurrent(t *testing.T) {
	t.Parallel()
	path, meta := contextMeta()
	defaults := func(key string) string { return fmt.Sprintf("buildx/defaults/%x", sha256.Sum256([]byte(key)))[:36] }
	const usual = "unix:///var/run/docker.sock"
	for _, test := range []struct {
		name  string
		files map[string]string
		env   []string
		want  string
	}{
		{"nothing", nil, nil, ""},
		{"for this endpoint", map[string]string{"buildx/current": `{"Key":"` + usual + `","Name":"far"}`}, nil, "far"},
		{"for another", map[string]string{"buildx/current": `{"Key":"unix:///x","Name":"far"}`}, nil, ""},
		{"for all", map[string]string{"buildx/current": `{"Key":"unix:///x","Name":"far","Global":true}`}, nil, "far"},
		{"for DOCKER_HOST", map[string]string{"buildx/current": `{"Key":"unix:///x","Name":"far"}`}, []string{"DOCKER_HOST=unix:///x"}, "far"},
		{"for a context", map[string]string{"buildx/current": `{"Key":"lab","Name":"far"}`, "config.json": `{"currentContext":"lab"}`, path: meta}, nil, "far"},
		{"default of the endpoint", map[string]string{defaults(usual): "far"}, nil, "far"},
		{"gone", map[string]string{"buildx/current": `{"Key":"` + usual + `","Name":"gone"}`}, nil, ""},
		{"a path", map[string]string{"buildx/current": `{"Key":"` + usual + `","Name":"../instances/far"}`}, nil, ""},
	} {
		files := map[string]string{"buildx/instances/far": remoteBuilder}
		for name, text := range test.files {
			files[name] = text
		}
		opt := Options{Getenv: home(t, files, test.env...)}
		b, err := opt.buildx().current()
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := ""
		if b != nil {
			got = b.Name
		}
		if got != test.want {
			t.Errorf("%s: the current builder is %q, not %q", test.name, got, test.want)
		}
	}
}

// The errors show which builder would have been used.
func TestBuilderNames(t *testing.T) {
	t.Parallel()
	path, meta := contextMeta()
	files := map[string]string{
		"buildx/instances/far":   remoteBuilder,
		"buildx/instances/empty": `{"Name":"empty","Driver":"docker-container"}`,
		"buildx/instances/odd":   `{"Name":"odd","Driver":"steam","Nodes":[{"Name":"odd0"}]}`,
		"buildx/instances/text":  `far`,
		path:                     meta,
	}
	for builder, want := range map[string]string{
		"nosuch": `builder "nosuch" is unknown: there are default, docker, empty, far, lab, odd, private, text
name one of these, or write an address: unix:///run/buildkit/buildkitd.sock, tcp://HOST:PORT or docker-container://NAME`,
		"../far":        `builder "../far" is unknown: there are default,`,
		"far":           `buildx builder far: reach the builder: dial unix /nowhere/far.sock: `,
		"empty":         `the buildx builder empty has no nodes`,
		"odd":           `buildx builder odd: its driver "steam" is unknown`,
		"text":          `read the buildx builder `,
		"lab":           `reach the Docker Engine at unix:///nowhere/lab.sock: `,
		"docker:lab":    `reach the Docker Engine at unix:///nowhere/lab.sock: `,
		"docker:nosuch": `docker context "nosuch" is unknown: there are default, lab`,
		"docker":        `reach the Docker Engine at unix:///nowhere/docker.sock: `,
		"ftp://x":       `builder "ftp://x": scheme "ftp" is unknown`,
	} {
		_, err := Connect(t.Context(), Options{Builder: builder, Getenv: home(t, files, "DOCKER_HOST=unix:///nowhere/docker.sock")})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--builder %s: error is %v, not %s…", builder, err, want)
		}
	}
}

// The first builder that is named is used. If it does not answer, no other one is tried.
func TestConnectOrder(t *testing.T) {
	t.Parallel()
	files := map[string]string{"buildx/instances/far": remoteBuilder, "buildx/current": `{"Global":true,"Name":"far"}`}
	env := []string{"SEEDPACK_BUILDER=unix:///nowhere/a", "BUILDKIT_HOST=unix:///nowhere/b", "BUILDX_BUILDER=nosuch"}
	for n, want := range []string{
		"SEEDPACK_BUILDER=unix:///nowhere/a: reach the builder: dial unix /nowhere/a: ",
		"BUILDKIT_HOST=unix:///nowhere/b: reach the builder: dial unix /nowhere/b: ",
		`BUILDX_BUILDER=nosuch: builder "nosuch" is unknown: `,
		"buildx builder far: reach the builder: dial unix /nowhere/far.sock: ",
	} {
		_, seen, err := connectFound(context.Background(), Options{Getenv: home(t, files, env[min(n, len(env)):]...)})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, not %s…", err, want)
		}
		if len(seen) != n+1 || seen[n].Taken {
			t.Errorf("looked at %+v", seen)
		}
	}
}
