package e2e

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
)

// launcher386 returns a program for linux/386 that runs the program of its first argument with the others. So a machine for amd64,
// which runs programs for 386, too, stands for a node of another platform, and its images can hold the base image of the tests.
func launcher386() []byte {
	code := []byte{
		0x8b, 0x04, 0x24, // mov eax, [esp]: the number of arguments
		0x8d, 0x54, 0x84, 0x08, // lea edx, [esp+eax*4+8]: the environment
		0x8d, 0x4c, 0x24, 0x08, // lea ecx, [esp+8]: the arguments after the first
		0x8b, 0x19, // mov ebx, [ecx]
		0xb8, 0x0b, 0, 0, 0, 0xcd, 0x80, // execve(ebx, ecx, edx)
		0xbb, 0x7f, 0, 0, 0, // mov ebx, 127
		0xb8, 0x01, 0, 0, 0, 0xcd, 0x80, // exit(ebx)
	}
	const at = 0x08048000 // where such programs are loaded
	head, segment := elf.Header32{}, elf.Prog32{}
	start := uint32(binary.Size(head) + binary.Size(segment))
	head = elf.Header32{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS32), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_386), Version: uint32(elf.EV_CURRENT), Entry: at + start,
		Phoff: uint32(binary.Size(head)), Ehsize: uint16(binary.Size(head)), Phentsize: uint16(binary.Size(segment)), Phnum: 1,
	}
	size := start + uint32(len(code))
	segment = elf.Prog32{Type: uint32(elf.PT_LOAD), Vaddr: at, Paddr: at, Filesz: size, Memsz: size, Flags: uint32(elf.PF_R | elf.PF_X), Align: 0x1000}
	var program bytes.Buffer
	for _, part := range []any{head, segment, code} {
		if err := binary.Write(&program, binary.LittleEndian, part); err != nil {
			panic(err) // the sizes are fixed
		}
	}
	return program.Bytes()
}

// scriptBuilder starts a buildkitd until the script ends: builder VARIABLE. The variable gets its address. The program is that of
// private daemons, which the script has used before.
func scriptBuilder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: builder VARIABLE")
	}
	found, err := filepath.Glob(filepath.Join(ts.Getenv("XDG_CACHE_HOME"), "seedpack", "bin", "buildkitd-*"))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("there is no buildkitd: start a private one first")
	}
	dir, err := os.MkdirTemp("", "node") // the name of a socket must be short
	ts.Check(err)
	addr, stop, said, err := launchBuilder(found[len(found)-1], dir)
	ts.Check(err)
	ts.Defer(func() {
		if err := errors.Join(stop(), os.RemoveAll(dir)); err != nil {
			ts.Logf("stop a builder: %v\n%s", err, said)
		}
	})
	ts.Setenv(args[0], addr)
}

// TestNodesRegistry proves that what nodes have pushed gets no name if the index over it cannot be pushed, is lost or is another one,
// and that the error says what was pushed.
func TestNodesRegistry(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	builders := []string{"--builder", "linux/386=" + startBuilder(t), "--builder", "linux/amd64=" + startBuilder(t)}
	for name, test := range map[string]struct {
		spoil  func(index bool, w http.ResponseWriter, r *http.Request) bool
		status int
		held   bool
		said   string // a pattern
	}{
		"index refused": {func(index bool, w http.ResponseWriter, r *http.Request) bool {
			return index && r.Method == http.MethodPut && answerError(w, http.StatusForbidden, "DENIED")
		}, exit.StatusFailure, false, `(?s)push to \S+: .*DENIED.*\npushed before, by digest and without a name: \S+@sha256:\w{64} \(linux/386\), \S+@sha256:\w{64} \(linux/amd64\)\n.* is not published: nothing is named`},
		"index lost": {lostIndex(), exit.StatusClean, true, `is not in the registry any more, before it has its name: pushing it again\n(?s).*\npublished `},
		"image lost": {func(index bool, w http.ResponseWriter, r *http.Request) bool {
			return !index && r.Method == http.MethodGet && ofManifest(r, true) && answerError(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
		}, exit.StatusFailure, false, `read back what node unix:\S+ has pushed: .*\npushed before, by digest and without a name: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			joined := &joinedPuts{}
			host := spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool { return test.spoil(joined.see(r), w, r) })
			dir := filepath.Join(t.TempDir(), "job")
			if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "seed.manifest.json"), []byte(killedJob), 0o644),
				os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(killedDockerfile), 0o644), os.WriteFile(filepath.Join(dir, "run"), launcher386(), 0o755)); err != nil {
				t.Fatal(err)
			}
			got, out := runProgram(t, append([]string{"pack", dir}, append(slices.Clone(builders), "--platform", "linux/386,linux/amd64", "--registry", host+"/"+namespaceOf(t), "--push",
				"--smoke", "off", "--progress", "quiet", "--build-context", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))...)...)
			held, err := registry.Registry{}.Held(t.Context(), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+namespaceOf(t)+"/killed-1.0.0-seed:1.0.0")
			if err != nil {
				t.Fatal(err)
			}
			if got != test.status || (held != "") != test.held || !regexp.MustCompile(test.said).MatchString(out) {
				t.Errorf("exit status %d, the name is %q's\n%s", got, held, out)
			}
		})
	}
}

// A joinedPuts knows requests about an index over several platforms.
type joinedPuts struct {
	mu   sync.Mutex
	seen map[string]bool // paths of such indexes
}

// see reports whether a request is about an index over several platforms.
func (j *joinedPuts) see(r *http.Request) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.Method == http.MethodPut && ofManifest(r, true) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		if bytes.Count(text, []byte(`"architecture"`)) > 1 {
			if j.seen == nil {
				j.seen = map[string]bool{}
			}
			j.seen[r.URL.Path] = true
		}
	}
	return j.seen[r.URL.Path]
}

// lostIndex loses an index until it is pushed a second time.
func lostIndex() func(bool, http.ResponseWriter, *http.Request) bool {
	var puts atomic.Int32
	return func(index bool, w http.ResponseWriter, r *http.Request) bool {
		if !index {
			return false
		}
		if r.Method == http.MethodPut {
			puts.Add(1)
			return false
		}
		return puts.Load() < 2 && answerError(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
	}
}
