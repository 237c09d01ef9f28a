package verify

import (
	"debug/elf"
	"fmt"
	"path"
	"slices"
	"strings"
)

// machines are the ELF machines whose programs run on an architecture of Linux, under Go's name for it. Its own comes first.
var machines = map[string][]machine{
	"386":      {{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_386}},
	"amd64":    {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_X86_64}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_386}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_X86_64}},
	"arm":      {{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_ARM}},
	"arm64":    {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_AARCH64}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_ARM}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_AARCH64}},
	"loong64":  {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_LOONGARCH}},
	"mips":     {{elf.ELFCLASS32, elf.ELFDATA2MSB, elf.EM_MIPS}},
	"mipsle":   {{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_MIPS}},
	"mips64":   {{elf.ELFCLASS64, elf.ELFDATA2MSB, elf.EM_MIPS}, {elf.ELFCLASS32, elf.ELFDATA2MSB, elf.EM_MIPS}},
	"mips64le": {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_MIPS}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_MIPS}},
	"ppc64":    {{elf.ELFCLASS64, elf.ELFDATA2MSB, elf.EM_PPC64}, {elf.ELFCLASS32, elf.ELFDATA2MSB, elf.EM_PPC}},
	"ppc64le":  {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_PPC64}},
	"riscv64":  {{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_RISCV}, {elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_RISCV}},
	"s390x":    {{elf.ELFCLASS64, elf.ELFDATA2MSB, elf.EM_S390}, {elf.ELFCLASS32, elf.ELFDATA2MSB, elf.EM_S390}},
}

func splitPlatform(platform string) (os, arch string) {
	parts := strings.SplitN(platform+"//", "/", 3)
	return parts[0], parts[1]
}

// fits reports whether a program runs on a platform. No ELF file runs on Windows.
func (m machine) fits(platform string) bool {
	os, arch := splitPlatform(platform)
	return os == "linux" && slices.Contains(machines[arch], m)
}

// String returns the platform that a machine is for.
func (m machine) String() string {
	var names []string
	for arch, all := range machines {
		if all[0] == m {
			names = append(names, "linux/"+arch)
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	name := strings.TrimPrefix(m.machine.String(), "EM_")
	bits, order := "64", "little"
	if m.class == elf.ELFCLASS32 {
		bits = "32"
	}
	if m.order == elf.ELFDATA2MSB {
		order = "big"
	}
	return fmt.Sprintf("%s (%s bits, %s-endian)", name, bits, order)
}

// Programs that only start another one, by their names.
var (
	shells   = []string{"sh", "bash", "dash", "ash", "ksh", "zsh"}
	starters = []string{"tini", "tini-static", "dumb-init", "catatonit", "exec", "nice", "nohup", "setsid"}
)

// starts returns the command line that a command line starts in turn; nil if it starts none, or none that is known.
func starts(words []string) []string {
	name, rest := path.Base(words[0]), words[1:]
	if name == "busybox" && len(rest) > 0 {
		name, rest = rest[0], rest[1:]
	}
	switch {
	case name == "env":
		return afterEnv(rest)
	case slices.Contains(shells, name):
		return ofShell(rest)
	case slices.Contains(starters, name):
		return afterOptions(rest)
	}
	return nil
}

// afterEnv returns what env starts. Options with an argument of their own end what is known.
func afterEnv(words []string) []string {
	for i, word := range words {
		switch {
		case word == "-S" || word == "--split-string":
			if i+1 < len(words) {
				return append(strings.Fields(words[i+1]), words[i+2:]...)
			}
			return nil
		case strings.HasPrefix(word, "-S"):
			return append(strings.Fields(strings.TrimPrefix(word, "-S")), words[i+1:]...)
		case word == "-i" || word == "-" || word == "--ignore-environment":
		case word == "--":
			return words[i+1:]
		case strings.HasPrefix(word, "-"):
			return nil
		case strings.Contains(word, "="):
		default:
			// A script's first line is env, its argument and the script: the argument may hold several words only with -S.
			return words[i:]
		}
	}
	return nil
}

// afterOptions returns what follows -- , or if there is none, what follows options that have no argument.
func afterOptions(words []string) []string {
	if i := slices.Index(words, "--"); i >= 0 {
		return words[i+1:]
	}
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		return words
	}
	return nil
}

// ofShell returns what a shell starts: the script that it is given, or the first word of -c.
func ofShell(words []string) []string {
	for i, word := range words {
		switch {
		case strings.HasPrefix(word, "-") && strings.HasSuffix(word, "c") && !strings.HasPrefix(word, "--"):
			if i+1 < len(words) {
				return firstCommand(words[i+1])
			}
			return nil
		case !strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "+"):
			return nil // a script for the shell, whatever its first line says
		}
	}
	return nil
}

// firstCommand returns the first command of a script, if it is one program with plain words. A builtin of the shell is not
// found as a program, or is harmless.
func firstCommand(script string) []string {
	line, _, _ := strings.Cut(strings.TrimSpace(script), "\n")
	if end := strings.IndexAny(line, ";&|<>(){}`"); end >= 0 {
		line = line[:end]
	}
	words := strings.Fields(line)
	for len(words) > 0 && (words[0] == "exec" || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	if len(words) == 0 || strings.ContainsAny(words[0], `$"'\*?[~#`) {
		return nil
	}
	for i, word := range words {
		if strings.ContainsAny(word, "$\"'\\") {
			return words[:i]
		}
	}
	return words
}
