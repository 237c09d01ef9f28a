package e2e

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
)

// This file publishes to registries that behave as real ones do on a bad day.

// TestRegistries proves that publishing to a registry that refuses, forgets or does not answer ends as its user needs.
func TestRegistries(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	builder := startBuilder(t)
	for name, test := range map[string]func(*testing.T, string){
		"vanished": testVanished, "vanished for good": testVanishedForGood, "immutable": testImmutable, "immutable alias": testImmutableAlias,
		"repository missing": testRepositoryMissing, "forbidden": testForbidden, "silent": testSilent, "certain conflict": testCertainConflict,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, builder)
		})
	}
}

// A spoiler may answer a request itself. It reports whether it did.
type spoiler func(w http.ResponseWriter, r *http.Request) bool

// spoiltRegistry starts a registry behind a spoiler.
func spoiltRegistry(t *testing.T, spoil spoiler) (host string) {
	t.Helper()
	next := toRegistry(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !spoil(w, r) {
			next.ServeHTTP(w, r)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// answerError answers with a registry's error.
func answerError(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"as the test wants it"}]}`, code)
	return true
}

// ofManifest reports whether a request is about a manifest, by its digest or by a tag.
func ofManifest(r *http.Request, byDigest bool) bool {
	return strings.Contains(r.URL.Path, "/manifests/") && strings.Contains(r.URL.Path, "/manifests/sha256:") == byDigest
}

// packTo packs a copy of an example, after a change to its files.
func packTo(t *testing.T, builder, registry, oldText, newText string, flags ...string) (status int, output string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "job")
	if err := os.CopyFS(dir, os.DirFS("testdata/jobs/random-number")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seed.manifest.json", "Dockerfile"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if oldText != "" {
			text = []byte(strings.ReplaceAll(string(text), oldText, newText))
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return runProgram(t, append([]string{"pack", dir, "--registry", registry, "--push", "--builder", builder, "--smoke", "off",
		"--progress", "quiet", "--build-context", "busybox:1.36=oci-layout://" + os.Getenv("SEEDPACK_TEST_BASE")}, flags...)...)
}

// namespaceOf returns the namespace of a test in the registry.
func namespaceOf(t *testing.T) string {
	return fmt.Sprintf("r%d-%s", os.Getpid(), strings.ToLower(strings.ReplaceAll(filepath.Base(t.Name()), "_", "-")))
}

// expect checks the status, the output, and whether the registry behind the spoiler has the name.
func expect(t *testing.T, got int, output string, want int, held bool, texts ...string) {
	t.Helper()
	digest, err := registry.Registry{}.Held(t.Context(), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+namespaceOf(t)+"/random-number-gen-0.1.0-seed:0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	if got != want || held != (digest != "") {
		t.Errorf("exit status %d, want %d; the name is %q's\n%s", got, want, digest, output)
	}
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("the output lacks %q:\n%s", text, output)
		}
	}
}

// forgetful loses images without a tag, a number of times.
func forgetful(times int64) spoiler {
	var puts atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !ofManifest(r, true) {
			return false
		}
		if r.Method == http.MethodPut {
			puts.Add(1)
			return false
		}
		return puts.Load() <= times && answerError(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
	}
}

// testVanished proves that an image which the registry lost is pushed again.
func testVanished(t *testing.T, builder string) {
	got, out := packTo(t, builder, spoiltRegistry(t, forgetful(1))+"/"+namespaceOf(t), "", "")
	expect(t, got, out, exit.StatusClean, true, "is not in the registry any more, before it has its name: pushing it again", "\npublished ")
}

// testVanishedForGood proves that an image which the registry loses twice gets no name.
func testVanishedForGood(t *testing.T, builder string) {
	got, out := packTo(t, builder, spoiltRegistry(t, forgetful(99))+"/"+namespaceOf(t), "", "")
	expect(t, got, out, exit.StatusFailure, false, "is not named: the registry does not hold sha256:", "does a clean-up delete images without a tag?")
}

// immutable starts a registry that lets no tag move.
func immutable(t *testing.T) string {
	named := map[string]bool{}
	return spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !ofManifest(r, false) {
			return false
		}
		if named[r.URL.Path] {
			return answerError(w, http.StatusBadRequest, "TAG_INVALID")
		}
		named[r.URL.Path] = true
		return false
	}) + "/" + namespaceOf(t)
}

// testImmutable proves that a tag which the registry does not move is a finding.
func testImmutable(t *testing.T, builder string) {
	registry := immutable(t)
	got, out := packTo(t, builder, registry, "", "")
	expect(t, got, out, exit.StatusClean, true)
	got, out = packTo(t, builder, registry, "USER nobody", "USER 65533", "--if-exists", "overwrite")
	expect(t, got, out, exit.StatusFindings, true, "and the registry lets no tag move; what was built is sha256:", "[tag-taken]", "raise packageVersion from 0.1.0 to 0.1.1")
}

// testImmutableAlias proves that an alias which the registry does not move is a finding, and the image is published.
func testImmutableAlias(t *testing.T, builder string) {
	registry := immutable(t)
	got, out := packTo(t, builder, registry, "", "", "--tag", "latest")
	expect(t, got, out, exit.StatusClean, true)
	got, out = packTo(t, builder, registry, `"packageVersion": "0.1.0"`, `"packageVersion": "0.1.1"`, "--tag", "latest")
	expect(t, got, out, exit.StatusFindings, true, "latest\" names another image, sha256:", "0.1.1 is published without it", "[tag-taken]")
}

// testRepositoryMissing proves that the user is told to create a repository that the registry does not make.
func testRepositoryMissing(t *testing.T, builder string) {
	host := spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPost && answerError(w, http.StatusNotFound, "NAME_UNKNOWN")
	})
	for _, preflight := range []string{"--preflight=true", "--preflight=false"} {
		got, out := packTo(t, builder, host+"/"+namespaceOf(t), "", "", preflight)
		expect(t, got, out, exit.StatusFailure, false, "the repository "+host+"/"+namespaceOf(t)+"/random-number-gen-0.1.0-seed does not exist, and the registry does not make it on the first push: create it")
	}
}

// testForbidden proves that a refused push is not retried, and that the user is told to log in.
func testForbidden(t *testing.T, builder string) {
	for status, code := range map[int]string{http.StatusForbidden: "DENIED", http.StatusUnauthorized: "UNAUTHORIZED"} {
		for _, preflight := range []string{"--preflight=true", "--preflight=false"} {
			var asked atomic.Int64
			host := spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
				return r.Method == http.MethodPost && asked.Add(1) > 0 && answerError(w, status, code)
			})
			got, out := packTo(t, builder, host+"/"+namespaceOf(t), "", "", preflight)
			expect(t, got, out, exit.StatusFailure, false, "log in with seedpack login ")
			if strings.Contains(out, "trying again") {
				t.Errorf("%s: a refusal is tried again:\n%s", preflight, out)
			}
			// BuildKit pushes the three blobs at once. For each it may ask twice: for a mount from the repository of another test,
			// to which this builder has pushed the same blob, and then for an upload.
			if n := asked.Load(); n > 6 {
				t.Errorf("%s: the registry was asked %d times", preflight, n)
			}
		}
	}
}

// testSilent proves that a push to a registry that does not answer ends after --push-timeout.
func testSilent(t *testing.T, builder string) {
	done, silent := make(chan struct{}), make(chan time.Time, 1)
	defer close(done)
	host := spoiltRegistry(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !ofManifest(r, true) {
			return false
		}
		select {
		case silent <- time.Now():
		default: // the first one counts
		}
		select {
		case <-done:
		case <-r.Context().Done():
		}
		return true
	})
	got, out := packTo(t, builder, host+"/"+namespaceOf(t), "", "", "--push-timeout", "2s")
	ended := time.Now()
	expect(t, got, out, exit.StatusFailure, false, "not done within 2s, given up\n", "--push-timeout lets it take longer")
	select {
	case since := <-silent:
		if took := ended.Sub(since); took > 20*time.Second {
			t.Errorf("it took %s after the registry became silent", took)
		}
	default:
		t.Error("the registry was not asked for what it does not answer")
	}
}

// testCertainConflict proves that nothing is built if the name has another manifest already.
func testCertainConflict(t *testing.T, builder string) {
	host := spoiltRegistry(t, func(http.ResponseWriter, *http.Request) bool { return false })
	got, out := packTo(t, builder, host+"/"+namespaceOf(t), "", "")
	expect(t, got, out, exit.StatusClean, true)
	got, out = packTo(t, "unix:///nobody", host+"/"+namespaceOf(t), `"title": "`, `"title": "No longer `)
	expect(t, got, out, exit.StatusFindings, true, "title was \"Random Number Generator\", is \"No longer Random Number Generator\"; not built", "[tag-taken]", "raise packageVersion from 0.1.0 to 0.1.1")
}
