package verify

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// A memoryRoot has files by their paths. A content that begins with -> is a link.
type memoryRoot map[string]string

func (r memoryRoot) ReadFile(_ context.Context, path string, offset, length int) ([]byte, error) {
	text, ok := r[path]
	for range 8 {
		if target, isLink := strings.CutPrefix(text, "->"); isLink {
			text, ok = r[target]
		}
	}
	if !ok {
		return nil, fs.ErrNotExist
	}
	text = text[min(offset, len(text)):]
	return []byte(text[:min(length, len(text))]), nil
}

// program returns the beginning of an ELF file for an architecture, which names a loader if that is not empty.
func program(arch, loader string) string {
	m := machines[arch][0]
	var order binary.AppendByteOrder = binary.LittleEndian
	if m.order == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	b := append([]byte(elf.ELFMAG), byte(m.class), byte(m.order), 1, 0)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint16(order.AppendUint16(b, uint16(elf.ET_EXEC)), uint16(m.machine))
	b = order.AppendUint32(b, 1)
	count := uint16(0)
	if loader != "" {
		count = 2
	}
	if m.class == elf.ELFCLASS64 {
		b = order.AppendUint64(order.AppendUint64(order.AppendUint64(b, 0), 64), 0)
		b = order.AppendUint16(order.AppendUint16(order.AppendUint16(order.AppendUint32(b, 0), 64), 56), count)
		b = append(b, make([]byte, 64-len(b))...)
		for _, kind := range []elf.ProgType{elf.PT_LOAD, elf.PT_INTERP}[:count] {
			b = order.AppendUint32(order.AppendUint32(b, uint32(kind)), 4)
			for _, v := range []uint64{64 + 2*56, 0, 0, uint64(len(loader) + 1), 0, 1} {
				b = order.AppendUint64(b, v)
			}
		}
		return string(b) + loader + "\x00"
	}
	b = order.AppendUint32(order.AppendUint32(order.AppendUint32(b, 0), 52), 0)
	b = order.AppendUint16(order.AppendUint16(order.AppendUint16(order.AppendUint32(b, 0), 52), 32), count)
	b = append(b, make([]byte, 52-len(b))...)
	for _, kind := range []elf.ProgType{elf.PT_LOAD, elf.PT_INTERP}[:count] {
		for _, v := range []uint32{uint32(kind), 52 + 2*32, 0, 0, uint32(len(loader) + 1), 0, 4, 1} {
			b = order.AppendUint32(b, v)
		}
	}
	return string(b) + loader + "\x00"
}

func commandLine(s string) []string { return strings.Fields(s) }

// A chain that contradicts the platform is an error that names the program. What is unknown says nothing.
func TestChain(t *testing.T) {
	t.Parallel()
	amd64, arm64, i386 := program("amd64", ""), program("arm64", ""), program("386", "")
	for _, test := range []struct {
		name     string
		platform string
		root     memoryRoot
		cfg      pack.Config
		command  string
		want     string // the program that is named; empty: nothing is said
	}{
		{"right", "linux/amd64", memoryRoot{"/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"wrong", "linux/arm64", memoryRoot{"/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/bin/a"},
		{"wrong CMD", "linux/arm64", memoryRoot{"/bin/a": amd64}, pack.Config{Cmd: commandLine("/bin/a x")}, "", "/bin/a"},
		{"wrong command", "linux/arm64", memoryRoot{"/bin/a": amd64}, pack.Config{Cmd: commandLine("/bin/b")}, "/bin/a ${X}", "/bin/a"},
		{"command after ENTRYPOINT", "linux/arm64", memoryRoot{"/bin/a": amd64, "/bin/b": arm64}, pack.Config{Entrypoint: commandLine("/bin/b")}, "/bin/a", ""},
		{"variable", "linux/arm64", memoryRoot{"/bin/a": amd64}, pack.Config{}, "${X}/a", ""},
		{"link", "linux/arm64", memoryRoot{"/bin/sh": "->/bin/busybox", "/bin/busybox": amd64}, pack.Config{Cmd: commandLine("/bin/sh")}, "", "/bin/sh"},
		{"PATH", "linux/arm64", memoryRoot{"/opt/a": arm64, "/bin/a": amd64}, pack.Config{Cmd: commandLine("a"), Env: []string{"PATH=/none:/opt:/bin"}}, "", ""},
		{"PATH, the first counts", "linux/arm64", memoryRoot{"/opt/a": amd64, "/bin/a": arm64}, pack.Config{Cmd: commandLine("a"), Env: []string{"PATH=/opt:/bin"}}, "", "/opt/a"},
		{"no PATH", "linux/arm64", memoryRoot{"/usr/bin/a": amd64}, pack.Config{Cmd: commandLine("a")}, "", "/usr/bin/a"},
		{"working directory", "linux/arm64", memoryRoot{"/srv/a": amd64}, pack.Config{Cmd: commandLine("./a"), WorkingDir: "/srv"}, "", "/srv/a"},
		{"script", "linux/arm64", memoryRoot{"/run.sh": "#!/bin/sh -e\necho", "/bin/sh": amd64}, pack.Config{Entrypoint: commandLine("/run.sh")}, "", "/bin/sh"},
		{"script by env", "linux/arm64", memoryRoot{"/run": "#! /usr/bin/env python3\n", "/usr/bin/env": arm64, "/usr/bin/python3": amd64}, pack.Config{Entrypoint: commandLine("/run")}, "", "/usr/bin/python3"},
		{"script by env -S", "linux/arm64", memoryRoot{"/run": "#!/usr/bin/env -S python3 -u\n", "/usr/bin/env": arm64, "/usr/bin/python3": amd64}, pack.Config{Entrypoint: commandLine("/run")}, "", "/usr/bin/python3"},
		{"script of a script", "linux/arm64", memoryRoot{"/a": "#!/b\n", "/b": "#!/c x\n", "/c": amd64}, pack.Config{Entrypoint: commandLine("/a")}, "", "/c"},
		{"endless scripts", "linux/arm64", memoryRoot{"/a": "#!/a\n"}, pack.Config{Entrypoint: commandLine("/a")}, "", ""},
		{"script without #!", "linux/arm64", memoryRoot{"/a": "echo\n", "/bin/sh": amd64}, pack.Config{Entrypoint: commandLine("/a")}, "", ""},
		{"env", "linux/arm64", memoryRoot{"/usr/bin/env": arm64, "/bin/a": amd64}, pack.Config{Entrypoint: commandLine("env -i A=1 /bin/a")}, "", "/bin/a"},
		{"env is wrong", "linux/arm64", memoryRoot{"/usr/bin/env": amd64, "/bin/a": arm64}, pack.Config{Entrypoint: commandLine("env /bin/a")}, "", "/usr/bin/env"},
		{"env with an unknown option", "linux/arm64", memoryRoot{"/usr/bin/env": arm64, "/bin/a": amd64}, pack.Config{Entrypoint: commandLine("env --new X /bin/a")}, "", ""},
		{"shell", "linux/arm64", memoryRoot{"/bin/sh": arm64, "/bin/a": amd64}, pack.Config{Cmd: []string{"/bin/sh", "-c", "A=1 exec /bin/a \"$X\" | tee"}}, "", "/bin/a"},
		{"shell with options", "linux/arm64", memoryRoot{"/bin/sh": arm64, "/bin/a": amd64}, pack.Config{Cmd: []string{"sh", "-ec", "/bin/a && b"}}, "", "/bin/a"},
		{"shell with a builtin", "linux/arm64", memoryRoot{"/bin/sh": arm64, "/bin/a": amd64}, pack.Config{Cmd: []string{"sh", "-c", "cd /x && /bin/a"}}, "", ""},
		{"shell with a script", "linux/arm64", memoryRoot{"/bin/sh": arm64, "/a.sh": "#!/b\n", "/b": amd64}, pack.Config{Cmd: commandLine("sh /a.sh")}, "", ""},
		{"shell in the command", "linux/arm64", memoryRoot{"/bin/sh": arm64, "/bin/a": amd64}, pack.Config{}, `sh -c '/bin/a x'`, "/bin/a"},
		{"tini", "linux/arm64", memoryRoot{"/sbin/tini": arm64, "/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/sbin/tini -g --"), Cmd: commandLine("/bin/a")}, "", "/bin/a"},
		{"tini with a command", "linux/arm64", memoryRoot{"/sbin/tini": arm64, "/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/sbin/tini --")}, "/bin/a x", "/bin/a"},
		{"busybox", "linux/arm64", memoryRoot{"/bin/busybox": arm64, "/bin/a": amd64}, pack.Config{Entrypoint: []string{"busybox", "sh", "-c", "/bin/a"}}, "", "/bin/a"},
		{"loader", "linux/arm64", memoryRoot{"/bin/a": program("arm64", "/lib/ld.so"), "/lib/ld.so": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/lib/ld.so"},
		{"loader of 32 bits", "linux/386", memoryRoot{"/bin/a": program("386", "/lib/ld.so"), "/lib/ld.so": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/lib/ld.so"},
		{"loader of big-endian", "linux/s390x", memoryRoot{"/bin/a": program("s390x", "/lib/ld.so"), "/lib/ld.so": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/lib/ld.so"},
		{"no loader there", "linux/arm64", memoryRoot{"/bin/a": program("arm64", "/lib/ld.so")}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"386 on amd64", "linux/amd64", memoryRoot{"/bin/a": i386}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"arm on arm64", "linux/arm64", memoryRoot{"/bin/a": program("arm", "")}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"amd64 on 386", "linux/386", memoryRoot{"/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/bin/a"},
		{"arm64 on arm", "linux/arm/v7", memoryRoot{"/bin/a": arm64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/bin/a"},
		{"byte order", "linux/ppc64le", memoryRoot{"/bin/a": program("ppc64", "")}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/bin/a"},
		{"variant", "linux/amd64/v3", memoryRoot{"/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"windows", "windows/amd64", memoryRoot{"/bin/a": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", "/bin/a"},
		{"a program for windows", "windows/amd64", memoryRoot{"/a.exe": "MZ"}, pack.Config{Entrypoint: commandLine("/a.exe")}, "", ""},
		{"qemu beside it", "linux/arm64", memoryRoot{"/bin/a": arm64, "/usr/bin/qemu-aarch64-static": amd64}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"not there", "linux/arm64", memoryRoot{}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"empty file", "linux/arm64", memoryRoot{"/bin/a": ""}, pack.Config{Entrypoint: commandLine("/bin/a")}, "", ""},
		{"nothing to run", "linux/arm64", memoryRoot{}, pack.Config{}, "", ""},
		{"an object file", "linux/arm64", memoryRoot{"/a": strings.Replace(amd64, "\x02\x00\x3e", "\x01\x00\x3e", 1)}, pack.Config{Entrypoint: commandLine("/a")}, "", ""},
		{"script behind a tab", "linux/arm64", memoryRoot{"/run": "#!\t/usr/bin/env\tpython3\n", "/usr/bin/env": arm64, "/usr/bin/python3": amd64}, pack.Config{Entrypoint: commandLine("/run")}, "", "/usr/bin/python3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := seed.Parse([]byte(fmt.Sprintf(`{"job": {"interface": {"command": %q}}}`, test.command)))
			found, err := Chain(t.Context(), test.root, test.cfg, m, "seed.manifest.json", test.platform)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(found.Diagnostics) > 0 {
				_, rest, _ := strings.Cut(found.Diagnostics[0].Message, `"`)
				got, _, _ = strings.Cut(rest, `"`)
			}
			if got != test.want || len(found.Diagnostics) > 1 {
				t.Errorf("%+v, want %q", found.Diagnostics, test.want)
			}
		})
	}
}

// Programs that only start another one are followed as far as it is certain what they start. /a is for another platform, /b is not,
// and /elsewhere/c is where a changed search path or working directory leads: c elsewhere is for the platform.
func TestStarters(t *testing.T) {
	t.Parallel()
	root := memoryRoot{"/a": program("amd64", ""), "/b": program("arm64", ""), "/bin/c": program("amd64", ""), "/elsewhere/c": program("arm64", "")}
	for _, name := range []string{"env", "sh", "bash", "busybox", "tini", "tini-static", "dumb-init", "nice", "nohup", "setsid", "stdbuf", "timeout", "gosu", "su-exec", "echo", "test", "time"} {
		root["/bin/"+name] = program("arm64", "")
	}
	for line, want := range map[string]string{
		// Followed.
		"env -u X /a": "/a", "env -uX --unset=Y /a": "/a", "env -- /a": "/a", "env -C / ./a": "/a", "env -S|X=1 /a -v": "/a", "env -S|-i /a": "/a",
		"env --split-string=/a x": "/a", "env -i c": "/bin/c", "env PATH=/bin c": "/bin/c", "env env sh -c|/a": "/a",
		"tini -g -p SIGTERM -- /a": "/a", "tini -vvp SIGTERM /a": "/a", "tini-static /a": "/a", "dumb-init -r 15:2 -c /a": "/a", "dumb-init --rewrite=15:2 -- /a": "/a",
		"nice -n 5 /a": "/a", "nice -10 /a": "/a", "nohup /a": "/a", "setsid --wait /a": "/a", "stdbuf -oL -e 0 /a": "/a", "timeout -k 5 --signal=KILL 10 /a": "/a",
		"gosu nobody /a": "/a", "su-exec 1000:1000 /a": "/a", "busybox env /a": "/a", "busybox nice sh -c|exec /a": "/a",
		"bash -eo pipefail -c|/a": "/a", "sh -c -e|/a": "/a", "bash --norc -ec|/a": "/a", "sh -ce|/a x": "/a", "bash --rcfile /b -c|/a": "/a", "sh -c --|/a": "/a",
		"sh -c|exec command /a": "/a", "sh -c|'/a' x": "/a", "sh -c|PATH=/bin c": "/bin/c", "sh -c|/a >out 2>&1": "/a", "sh -c|X=$Y /a": "/a",
		// What is not certain, or not foreign, says nothing.
		"env PATH=/elsewhere c": "", "env -C /elsewhere ./c": "", "env -S|PATH=/elsewhere c": "", "env -S|\"/a\"": "", "env -S": "", "env -u": "", "env X=1": "", "env -iu X /a": "",
		"nohup /b -- /a": "", "nice /b -- /a": "", "tini -- /b /a": "", "tini --new /a": "", "tini -x /a": "", "tini": "", "tini --": "", "timeout 5": "", "gosu nobody": "",
		"timeout /a": "", "gosu /a": "", "nice -n": "", "stdbuf -o": "", "qemu-x86_64-static /a": "",
		"sh /a": "", "sh -e /a": "", "sh": "", "sh -c": "", "sh -o /a": "", "sh -c|PATH=$X:/bin c": "", "sh -c|PATH=/elsewhere c": "", "sh -c|$X /a": "", "sh -c|echo /a": "", "sh -c|test -e /a": "",
		"sh -c|set -e; /a": "", "sh -c|if /a; then b; fi": "", "sh -c|# /a": "", "sh -c|exec -a x /a": "", "sh -c|\"/b c\" /a": "", "sh -c|~/a": "", "sh -c|/b || /a": "", "sh -c|(/a)": "",
	} {
		entrypoint, script, hasScript := strings.Cut(line, "|")
		cfg := pack.Config{Entrypoint: commandLine(entrypoint)}
		if hasScript {
			cfg.Entrypoint = append(cfg.Entrypoint, script)
		}
		found, err := Chain(t.Context(), root, cfg, seed.Parse([]byte(`{"job": {}}`)), "seed.manifest.json", "linux/arm64")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(found.Diagnostics) > 0 {
			_, rest, _ := strings.Cut(found.Diagnostics[0].Message, `"`)
			got, _, _ = strings.Cut(rest, `"`)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// The archives of the two rules show what they say.
func TestChainArchives(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"seedVersion": "", "job": {}}`))
	for rule, platform := range map[string]string{"program-platform": "linux/arm64", "platform-unknown": "linux/nope"} {
		found, err := Chain(t.Context(), memoryRoot{"/bin/busybox": program("amd64", "")}, pack.Config{Cmd: commandLine("/bin/busybox")}, m, "seed.manifest.json", platform)
		if err != nil {
			t.Fatal(err)
		}
		(&sample{rule: rule, kind: "bad"}).check(t, found)
	}
}

// Nothing in a program makes reading it fail: headers lie, and files end early.
func FuzzChain(f *testing.F) {
	for arch := range machines {
		f.Add([]byte(program(arch, "/lib/ld.so")))
	}
	f.Add([]byte("#!/usr/bin/env -S a b\n"))
	m := seed.Parse([]byte(`{"job": {}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		root := memoryRoot{"/a": string(text), "/lib/ld.so": string(bytes.ToUpper(text))}
		if _, err := Chain(context.Background(), root, pack.Config{Entrypoint: commandLine("/a x")}, m, "m", "linux/arm64"); err != nil {
			t.Fatal(err)
		}
	})
}
