package e2e

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
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
