package verify

import (
	"debug/elf"
	"fmt"
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
