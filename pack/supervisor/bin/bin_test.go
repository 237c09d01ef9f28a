package bin

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

var update = flag.Bool("update", false, "build the programs anew and write them here")

// The version of the compiler is part of a program. So only the same version can build the same bytes.
const versionFile = "go.version"

// TestPrograms builds the programs and compares them with the committed ones.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile(versionFile, []byte(runtime.Version()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	version, err := os.ReadFile(versionFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range Architectures() {
		t.Run(arch, func(t *testing.T) {
			if got := strings.TrimSpace(string(version)); got != runtime.Version() {
				needs.Lacks(t, fmt.Sprintf("the committed programs were built by %s, this is %s: go generate ./pack/supervisor", got, runtime.Version()))
			}
			built := build(t, arch)
			if *update {
				write(t, arch, built)
				return
			}
			if !bytes.Equal(built, unpack(t, arch)) {
				t.Error("the committed program is another than its source builds: go generate ./pack/supervisor")
			}
		})
	}
}

func build(t *testing.T, arch string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "supervisor")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func write(t *testing.T, arch string, program []byte) {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("supervisor_linux_"+arch+".gz", packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for _, arch := range Architectures() {
		program := unpack(t, arch)
		f, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machines[arch] {
			t.Errorf("%s is a program for %v", arch, f.Machine)
		}
		if libs, err := f.ImportedLibraries(); err != nil || len(libs) > 0 {
			t.Errorf("%s needs %q (%v): it should be static", arch, libs, err)
		}
	}
	if _, err := Find("s390x"); err == nil || err.Error() != `no supervisor for linux/s390x: there are ones for ["amd64" "arm64"]` {
		t.Errorf("s390x: %v", err)
	}
}

// unpack reads a program and checks its length.
func unpack(t *testing.T, arch string) []byte {
	t.Helper()
	program, err := Find(arch)
	if err != nil {
		t.Fatal(err)
	}
	r, err := program.Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	if int64(len(text)) != program.Size() {
		t.Errorf("%s has %d bytes and says %d", arch, len(text), program.Size())
	}
	if sum := crc32.ChecksumIEEE(text); !bytes.HasPrefix(program.Sum(), binary.LittleEndian.AppendUint32(nil, sum)) {
		t.Errorf("%s has the checksum %#x and says % x", arch, sum, program.Sum())
	}
	return text
}
