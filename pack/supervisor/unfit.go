//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// A misfit says why the image's program cannot be started, and how its author can change that.
type misfit struct{ what, fix string }

// Error returns what is wrong.
func (m *misfit) Error() string { return m.what }

const (
	makeExecutable = "make it executable in the Dockerfile: COPY --chmod=755, or RUN chmod +x"
	saveWithLF     = "save the script with LF line ends; with *.sh text eol=lf in .gitattributes, git keeps them"
)

func isProgram(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%q: not found%.w", path, os.ErrNotExist)
	case err != nil:
		return fmt.Errorf("%q: %w", path, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("%q: is a directory", path)
	case info.Mode()&0o111 == 0:
		return &misfit{fmt.Sprintf("%q: permission denied, its mode %04o lets nobody execute it", path, info.Mode().Perm()), makeExecutable}
	}
	return nil
}

// explain says why an existing program could not be executed.
func explain(path string, who *account, err error) error {
	return explainAt(path, who, err, maxScripts)
}

// maxScripts is how many scripts may start one another. Linux allows fewer.
const maxScripts = 6

func explainAt(path string, who *account, err error, left int) error {
	if left == 0 {
		return fmt.Errorf("%q: %w", path, err)
	}
	head := readHead(path)
	script, isScript := bytes.CutPrefix(head, []byte("#!"))
	switch {
	case errors.Is(err, syscall.EACCES):
		return explainDenied(path, head, who, left)
	case errors.Is(err, syscall.ENOENT) && isScript:
		return explainInterpreter(path, script, who, left)
	case errors.Is(err, syscall.ENOENT) && loaderOf(path) != "":
		return explainLoader(path, loaderOf(path))
	case errors.Is(err, syscall.ENOEXEC) && isScript && interpreterOf(script) == "":
		return &misfit{fmt.Sprintf("%q: nothing follows #! in its first line", path), "write the path of its interpreter there, such as #!/bin/sh"}
	case errors.Is(err, syscall.ENOEXEC) && isScript:
		return through(path, interpreterOf(script), explainAt(interpreterOf(script), who, err, left-1))
	case errors.Is(err, syscall.ENOEXEC):
		return explainFormat(path, head)
	case errors.Is(err, syscall.E2BIG):
		return &misfit{fmt.Sprintf("%q: the command line and the variables are longer than the kernel allows", path), "give long lists in a file"}
	}
	return fmt.Errorf("%q: %w", path, err)
}

// through says of a script what is wrong with its interpreter.
func through(path, interpreter string, err error) error {
	whole := &misfit{what: fmt.Sprintf("%q: its interpreter: %v", path, err)}
	if known := new(misfit); errors.As(err, &known) {
		whole.fix = known.fix
	}
	return whole
}

// explainInterpreter says why the kernel found no interpreter for a script, of which it gets the text after #!.
func explainInterpreter(path string, script []byte, who *account, left int) error {
	name := interpreterOf(script)
	_, err := os.Stat(name)
	switch {
	case strings.HasSuffix(name, "\r"):
		return &misfit{fmt.Sprintf("%q: its lines end with CR LF, so that its interpreter %q is not found", path, name), saveWithLF}
	case err == nil: // it is there, and has an interpreter or a loader of its own
		return through(path, name, explainAt(name, who, syscall.ENOENT, left-1))
	case !filepath.IsAbs(name):
		return &misfit{fmt.Sprintf("%q: its interpreter %q is not found", path, name),
			fmt.Sprintf("write its whole path after #!, or #!/usr/bin/env %s", name)}
	}
	return &misfit{fmt.Sprintf("%q: its interpreter %q is not found", path, name), "install it in the image, or name another one in the first line of the script"}
}

func explainLoader(path, loader string) error {
	fix := "take a base image that has it, or link the program statically"
	switch base := filepath.Base(loader); {
	case strings.HasPrefix(base, "ld-linux"):
		fix = "it is built for glibc: take a base image with glibc, such as debian, or link the program statically"
	case strings.HasPrefix(base, "ld-musl"):
		fix = "it is built for musl: take a base image with musl, such as alpine, or link the program statically"
	}
	return &misfit{fmt.Sprintf("%q: the image lacks its loader %q", path, loader), fix}
}

// explainDenied says who is not allowed to execute a program, and where.
func explainDenied(path string, head []byte, who *account, left int) error {
	if dir, mode := closedDir(path, who); dir != "" {
		return &misfit{fmt.Sprintf("%q: permission denied, user %d may not enter the directory %q, which has mode %04o", path, who.uid, dir, mode.Perm()),
			"put it into a directory that all users may enter, or RUN chmod 755 the directory"}
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !who.may(info):
		return &misfit{fmt.Sprintf("%q: permission denied, user %d may not execute it: it has mode %04o", path, who.uid, info.Mode().Perm()), makeExecutable}
	case bytes.HasPrefix(head, []byte("#!")):
		name := interpreterOf(head[2:])
		if err := isProgram(name); err != nil {
			return through(path, name, err)
		}
		return through(path, name, explainAt(name, who, syscall.EACCES, left-1))
	}
	if loader := loaderOf(path); loader != "" {
		if err := isProgram(loader); err != nil {
			return &misfit{fmt.Sprintf("%q: its loader: %v", path, err), makeExecutable}
		}
	}
	return fmt.Errorf("%q: permission denied for the image's user", path)
}

// closedDir returns the first directory on the way to a file that a user may not enter; "" if there is none.
func closedDir(path string, who *account) (string, fs.FileMode) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || !filepath.IsAbs(real) {
		return "", 0
	}
	for i, c := range real {
		dir := real[:max(i, 1)]
		if info, err := os.Stat(dir); c == '/' && err == nil && !who.may(info) {
			return dir, info.Mode()
		}
	}
	return "", 0
}

// may reports whether an account may execute a file or enter a directory, by its mode.
func (a *account) may(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	mode := info.Mode().Perm()
	switch {
	case !ok:
		return true
	case a.uid == 0:
		return info.IsDir() || mode&0o111 != 0
	case int(stat.Uid) == a.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == a.gid || slices.Contains(a.groups, stat.Gid):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// foreignFormats are beginnings of files that Linux does not execute, and what such a file is.
var foreignFormats = []struct{ begins, what, fix string }{
	{"\xef\xbb\xbf#!", "begins with a byte order mark, so that its #! is not seen", "save it as UTF-8 without a byte order mark"},
	{"\xff\xfe", "is text in UTF-16", "save it as UTF-8"},
	{"\xfe\xff", "is text in UTF-16", "save it as UTF-8"},
	{"MZ", "is a program for Windows", "build it for Linux"},
	{"\xcf\xfa\xed\xfe", "is a program for macOS", "build it for Linux"},
	{"\xce\xfa\xed\xfe", "is a program for macOS", "build it for Linux"},
	{"\xca\xfe\xba\xbe", "is a Java class, or a program for macOS", "start a class with java, and build other programs for Linux"},
	{"PK\x03\x04", "is a zip or jar file", "start a jar with java -jar, and unpack others in the Dockerfile"},
	{"\x1f\x8b", "is compressed", "unpack it in the Dockerfile"},
	{"BZh", "is compressed", "unpack it in the Dockerfile"},
	{"\xfd7zXZ", "is compressed", "unpack it in the Dockerfile"},
	{"(\xb5/\xfd", "is compressed", "unpack it in the Dockerfile"},
	{"!<arch>\n", "is a library, not a program", "link it into a program"},
	{"\x00asm", "is WebAssembly", "start it with a runtime such as wasmtime"},
	{"version https://git-lfs", "is a pointer of Git LFS, not the file itself", "fetch it before the build: git lfs pull, or lfs: true of actions/checkout"},
}

// explainFormat says why a file is no program for this machine.
func explainFormat(path string, head []byte) error {
	say := func(what, fix string) error { return &misfit{fmt.Sprintf("%q: %s", path, what), fix} }
	if bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return explainELF(path, say)
	}
	for _, f := range foreignFormats {
		if bytes.HasPrefix(head, []byte(f.begins)) {
			return say(f.what, f.fix)
		}
	}
	const begin = "begin it with a line such as #!/bin/sh, or name its interpreter in ENTRYPOINT"
	switch text := bytes.TrimLeft(head, " \t\r\n"); {
	case len(head) == 0:
		return say("is empty", "check what the Dockerfile copies there")
	case bytes.HasPrefix(text, []byte("#!")):
		return say("#! is not at the very beginning of the file, where the kernel looks for it", "remove what is before it")
	case isText(head):
		return say("is a script without #! in its first line, so that no interpreter is known", begin)
	}
	return say("is neither a program for Linux nor a script", "check what the Dockerfile copies there")
}

// isText reports whether the beginning of a file is text. It may end within a character.
func isText(head []byte) bool {
	for utf8.FullRune(head) {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 || r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b", r) {
			return false
		}
		head = head[size:]
	}
	return true
}

// architectures are Docker's names of machines.
var architectures = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_386: "386", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm",
	elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x", elf.EM_RISCV: "riscv64", elf.EM_MIPS: "mips", elf.EM_LOONGARCH: "loong64"}

func explainELF(path string, say func(what, fix string) error) error {
	const damaged = "is damaged or incomplete"
	program, err := elf.Open(path)
	if err != nil {
		return say(damaged, "copy it into the image again")
	}
	defer program.Close()
	arch, known := architectures[program.Machine]
	if !known {
		arch = program.Machine.String()
	}
	switch {
	case arch != runtime.GOARCH:
		return say(fmt.Sprintf("exec format error, it is a program for %s, and this machine is %s", arch, runtime.GOARCH),
			fmt.Sprintf("build it for %s, or the image for linux/%s", runtime.GOARCH, arch))
	case program.Type == elf.ET_REL:
		return say("is an object file, not a program", "link it")
	}
	return say(damaged, "copy it into the image again")
}

const headMax = 512

func readHead(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, headMax)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// interpreterOf returns the first word after #!. A carriage return at the end of the line is part of it.
func interpreterOf(script []byte) string {
	line, _, _ := bytes.Cut(script, []byte("\n"))
	line = bytes.TrimLeft(line, " \t")
	if end := bytes.IndexAny(line, " \t"); end >= 0 {
		line = line[:end]
	}
	return string(line)
}

// loaderOf returns the path of a program's dynamic loader; "" if it has none.
func loaderOf(path string) string {
	program, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name, _ := io.ReadAll(p.Open())
			return string(bytes.TrimRight(name, "\x00"))
		}
	}
	return ""
}
