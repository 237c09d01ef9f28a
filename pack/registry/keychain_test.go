//go:build unix

package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seedpack/seedpack/secret"
)

// writeHelper writes a credential helper and returns what follows docker-credential- in its name. A name with slashes is not
// searched on PATH.
func writeHelper(t *testing.T, script string) (name string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "docker-credential-")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	syscall.ForkLock.RLock() // a child that begins meanwhile would have the file open, which then cannot be run
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(filepath.Join(dir, "test"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "test")
}

// run is ask for a program of any path.
func (k *Keychain) run(ctx context.Context, program string) (types.AuthConfig, error) {
	return k.askProgram(ctx, program, "registry.test")
}

// A helper that answers gives its credentials. One that does not is named, and is not waited for twice.
func TestHelpers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   types.AuthConfig
		err    string // what the error says; empty: there is none
		said   string
	}{
		"password":            {script: `echo '{"Username":"u","Secret":"p"}'`, want: types.AuthConfig{Username: "u", Password: "p"}},
		"token":               {script: `echo '{"Username":"<token>","Secret":"p"}'`, want: types.AuthConfig{IdentityToken: "p"}},
		"asks":                {script: `read server; echo "{\"Username\":\"$server\",\"Secret\":\"$1\"}"`, want: types.AuthConfig{Username: "registry.test", Password: "get"}},
		"none":                {script: `echo credentials not found in native keychain; exit 1`},
		"warns":               {script: `echo beware >&2; echo '{"Username":"u","Secret":"p"}'`, want: types.AuthConfig{Username: "u", Password: "p"}, said: "beware"},
		"hangs":               {script: `exec sleep 900`, err: "did not answer within 300ms"},
		"waits for its child": {script: `sleep 900; echo`, err: "did not answer within 300ms"},
		"ignores signals":     {script: `trap '' TERM INT HUP; while :; do sleep 1; done`, err: "did not answer within 300ms"},
		"hangs and talks":     {script: `echo please wait >&2; exec sleep 900`, err: "did not answer within 300ms", said: "please wait"},
		"floods":              {script: `exec yes`, err: "wrote more than 1048576 bytes"},
		"floods errors":       {script: `exec yes >&2`, err: "did not answer within 300ms"},
		"silent":              {script: `exit 3`, err: "ended with exit status 3 and said nothing"},
		"complains":           {script: `echo the vault is sealed; exit 1`, err: "ended with exit status 1: the vault is sealed"},
		"complains aside":     {script: `echo the vault is sealed >&2; exit 1`, err: "ended with exit status 1: the vault is sealed"},
		"killed":              {script: `kill -9 $$`, err: "ended with signal: killed and said nothing"},
		"nonsense":            {script: `echo hunter2`, err: "gave an answer that is no JSON object with Username and Secret (its length in bytes: 7)"},
		"nothing":             {script: `true`, err: "gave an answer that is no JSON object with Username and Secret (its length in bytes: 0)"},
		"no such program":     {err: "is not installed"},
		"leaves a child":      {script: `sleep 3 & echo '{"Username":"u","Secret":"p"}'`, want: types.AuthConfig{Username: "u", Password: "p"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said []string
			k := &Keychain{limit: 300 * time.Millisecond, Warn: func(text string) { said = append(said, text) }}
			if c.err != "did not answer within 300ms" {
				k.limit = time.Minute
			}
			program := "docker-credential-nowhere-installed"
			if c.script != "" {
				program = writeHelper(t, c.script)
			}
			for range 2 {
				got, err := k.run(t.Context(), program)
				var failed *HelperError
				if got != c.want || (err == nil) != (c.err == "") || err != nil && (!errors.As(err, &failed) || failed.Helper != program || !strings.Contains(err.Error(), c.err)) {
					t.Errorf("it gives %+v, %v", got, err)
				}
			}
			if name == "floods errors" {
				said = nil // it is said, and cut
			}
			if all := strings.Join(said, "; "); (all != "") != (c.said != "") || !strings.HasSuffix(all, c.said) || len(said) > 1 {
				t.Errorf("it is said: %q", all)
			}
		})
	}
}

// A program that does not answer is waited for once.
func TestHelperOnce(t *testing.T) {
	t.Parallel()
	calls := filepath.Join(t.TempDir(), "calls")
	program := writeHelper(t, "echo >>"+calls+"; exec sleep 900")
	k := &Keychain{limit: 300 * time.Millisecond}
	for range 3 {
		if _, err := k.run(t.Context(), program); err == nil {
			t.Error("it gives credentials")
		}
	}
	if text, err := os.ReadFile(calls); err != nil || string(text) != "\n" {
		t.Errorf("it was run %q times: %v", text, err)
	}
}

// An end of the run ends the wait, and that is not the helper's fault.
func TestHelperInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	time.AfterFunc(100*time.Millisecond, func() { cancel(interrupted) })
	k := &Keychain{}
	if _, err := k.run(ctx, writeHelper(t, "exec sleep 900")); !errors.Is(err, interrupted) || len(k.silent) > 0 {
		t.Errorf("it gives %v, and %v is not asked again", err, k.silent)
	}
}

// A tokenServer is a registry with a token service, in a bubble of time.
func tokenServer(t *testing.T, service http.HandlerFunc) Registry {
	t.Helper()
	return Registry{Insecure: true, Keychain: &Keychain{}, Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			service(w, r)
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://registry.test/token",service="s"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/v2/":
			_, _ = io.WriteString(w, `{"name":"a","tags":["1"]}`)
		}
	})}
}

// A token service gets 30 seconds in all, whether it is silent or slow. It is named, and not asked again.
func TestTokenServiceLimit(t *testing.T) {
	t.Parallel()
	slow := func(pause time.Duration, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, c := range []byte(text) {
				time.Sleep(pause)
				_, _ = w.Write([]byte{c})
				w.(http.Flusher).Flush()
			}
		}
	}
	busy := 0
	for name, c := range map[string]struct {
		service http.HandlerFunc
		took    time.Duration // 0: it answers
	}{
		"hangs":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, answerLimit},
		"trickles": {slow(10*time.Second, `{"token":"t"}`), answerLimit},
		"slow":     {slow(2*time.Second, `{"token":"t"}`), 0},
		// Pauses that it asks for do not count.
		"busy": {func(w http.ResponseWriter, _ *http.Request) {
			if busy++; busy < 3 {
				w.Header().Set("Retry-After", "25")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = io.WriteString(w, `{"token":"t"}`)
		}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := tokenServer(t, c.service)
			begun := time.Now()
			tags, err := r.Tags(t.Context(), "registry.test/a")
			took := time.Since(begun)
			if c.took == 0 {
				if err != nil || len(tags) != 1 {
					t.Errorf("%s: %v, %v", name, tags, err)
				}
				return
			}
			const want = "the token service http://registry.test/token of registry.test did not answer within 30s"
			if err == nil || !strings.HasSuffix(err.Error(), want) || took < c.took || took > c.took+time.Second {
				t.Errorf("%s: after %s: %v", name, took, err)
			}
			begun = time.Now()
			if _, err := r.Tags(t.Context(), "registry.test/b"); err == nil || !strings.HasSuffix(err.Error(), want) || time.Since(begun) > time.Second {
				t.Errorf("%s: again, after %s: %v", name, time.Since(begun), err)
			}
		})
	}
}

// What a registry echoes of the credentials is redacted: those that are found, those that are sent, and tokens.
func TestEchoedCredentials(t *testing.T) {
	t.Parallel()
	echo := map[string]func(string) string{
		"raw":    func(s string) string { return s },
		"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"json":   func(s string) string { return fmt.Sprintf("%q", s) },
		"spaced": func(s string) string { return "x " + s + " y" },
	}
	for n := range 40 {
		password, token := fmt.Sprintf("Pa\"ss%dwort\\%x", n, n*n*7919), fmt.Sprintf("tok.%x-%d_x", n*104729, n)
		set := new(secret.Set)
		server := func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
				return
			}
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", []string{`Bearer realm="http://registry.test/token",service="s"`, `Basic realm="x"`}[n%2])
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if r.URL.Path != "/v2/" {
				w.WriteHeader(http.StatusBadRequest)
				var all []string
				for _, name := range slices.Sorted(mapKeys(echo)) {
					all = append(all, echo[name](r.Header.Get("Authorization")), echo[name](password))
				}
				_, _ = io.WriteString(w, strings.Join(all, "\n"))
			}
		}
		r := Registry{Insecure: true, Transport: serve(t, server), Keychain: &Keychain{Secrets: set}}
		login := &Login{Username: "user", Password: password}
		c, err := r.Dial(t.Context(), "registry.test", login)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Do(t.Context(), Request{Repository: "a", Path: "/v2/a/tags/list", Limit: 1 << 20})
		if err != nil || got.Status != http.StatusBadRequest {
			t.Fatalf("%v, %v", got, err)
		}
		shown := set.Hide(string(got.Body))
		basic := base64.StdEncoding.EncodeToString([]byte("user:" + password))
		for _, value := range []string{password, token, basic, basic[:len(basic)-4]} {
			if n%2 == 1 && value == token {
				continue
			}
			if strings.Contains(shown, value) {
				t.Errorf("%q is shown in %q", value, shown)
			}
		}
		if !strings.Contains(shown, secret.Mask) {
			t.Fatalf("nothing is redacted in %q: the test proves nothing", shown)
		}
	}
}

func mapKeys(m map[string]func(string) string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// The places of credentials, in their order.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	helper := filepath.Join(dir, "docker-credential-test")
	if err := os.WriteFile(helper, []byte("#!/bin/sh\nread s; [ $s = helped.test ] && echo '{\"Username\":\"helper\",\"Secret\":\"x\"}' || { echo credentials not found in native keychain; exit 1; }\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	auth := func(user string) string { return base64.StdEncoding.EncodeToString([]byte(user + ":x")) }
	for _, name := range []string{"DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Setenv("DOCKER_CONFIG", filepath.Join(dir, "docker"))
	var said []string
	k := &Keychain{Warn: func(text string) { said = append(said, text) }}
	want := func(host, user string) {
		t.Helper()
		ref := reference(t, host+"/a:1")
		got, err := k.ResolveContext(t.Context(), ref.Context())
		if err != nil {
			t.Fatal(err)
		}
		config, err := authn.Authorization(t.Context(), got)
		if err != nil || config.Username != user {
			t.Errorf("%s: %q, %v, not %q", host, config.Username, err, user)
		}
		if host == "docker.io" {
			host = dockerHubAPI
		}
		if found, err := k.Find(t.Context(), host); err != nil || found.Username != user {
			t.Errorf("%s for the engine: %q, %v, not %q", host, found.Username, err, user)
		}
	}
	want("a.test", "")
	write("home/.config/containers/auth.json", `{"auths":{"a.test":{"auth":"`+auth("podman")+`"}}}`)
	want("a.test", "podman")
	write("docker/config.json", `{"auths":{"a.test":{"auth":"`+auth("docker")+`"},"https://index.docker.io/v1/":{"auth":"`+auth("hub")+`"}},
  "credHelpers":{"helped.test":"test","other.test":"test"}}`)
	want("a.test", "docker")
	want("docker.io", "hub")
	want("helped.test", "helper")
	want("other.test", "")
	t.Setenv("DOCKER_AUTH_CONFIG", `{"auths":{"helped.test":{"auth":"`+auth("environment")+`"}}, "credsStore": "nowhere"}`)
	want("helped.test", "environment")
	want("a.test", "docker")
	t.Setenv("DOCKER_AUTH_CONFIG", `{`)
	want("a.test", "docker")
	// What is wrong with the configuration is no question of the registry's address.
	for text, want := range map[string]string{
		`{"auths":{`: "docker/config.json:1:10 is not JSON: it ends too early",
		`{"auths":{"registry.test":{"auth":"notbase64!"}}}`: "docker/config.json: the auth of registry.test is not NAME:PASSWORD in base64",
		`{"credsStore":"nowhere-installed"}`:                "the credential helper docker-credential-nowhere-installed, which Docker's configuration names for registry.test, is not installed",
	} {
		write("docker/config.json", text)
		err := Registry{Insecure: true, Keychain: k}.Preflight(t.Context(), "registry.test/a:1")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "address right") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if len(said) != 1 || !strings.HasPrefix(said[0], "DOCKER_AUTH_CONFIG is not used") {
		t.Errorf("it is said: %q", said)
	}
}
