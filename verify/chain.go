package verify

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// Rules on the platform of an image.
var (
	programPlatform = &diag.Rule{ID: "program-platform", Severity: diag.Error,
		Summary: "the program that starts the job must be one for the image's platform"}
	platformUnknown = &diag.Rule{ID: "platform-unknown", Severity: diag.Warning,
		Summary: "an image should be for a platform that is known"}
)

// Root reads files of an image. Links are followed within the image. What is no regular file is an error.
type Root interface {
	ReadFile(ctx context.Context, path string, offset, length int) ([]byte, error)
}

// KnownPlatform reports whether programs for a platform, os/arch[/variant], can be told from others.
func KnownPlatform(platform string) bool {
	os, arch := splitPlatform(platform)
	return os == "windows" || os == "linux" && machines[arch] != nil
}

// Chain reports a program that starts the job of an image and is for another platform than the image. It looks at what starts
// alone: the first word of ENTRYPOINT, CMD or the command, through env, sh -c, tini and their like, and its interpreters and loaders. It
// says nothing of what it cannot find or read, or of what is no ELF file. An error is that of the context.
func Chain(ctx context.Context, root Root, cfg pack.Config, m *seed.Manifest, manifest, platform string) (*diag.Report, error) {
	report := &diag.Report{Path: manifest, Source: m.Source}
	if !KnownPlatform(platform) {
		report.Add(diag.Diagnostic{Rule: platformUnknown, Pointer: seed.AtJob,
			Message: fmt.Sprintf("the image is for %s, which is no known platform: its programs are not checked, and it is not tried", platform),
			Hint:    "the platform comes from --platform, or from the base image"})
		return report, nil
	}
	c := &chain{ctx: ctx, root: root, platform: platform, path: searchPath(cfg.Env), dir: path.Join("/", cfg.WorkingDir)}
	words := startWords(cfg, m.Job.Interface.Command)
	if found := c.start(words); found != "" {
		at := seed.AtJob
		if m.Source.Has(seed.AtCommand) && len(cfg.Entrypoint) == 0 {
			at = seed.AtCommand
		}
		report.Add(diag.Diagnostic{Rule: programPlatform, Pointer: at, Message: found,
			Hint: "take a base image for " + platform + ", and build or copy programs for it"})
	}
	return report, ctx.Err()
}

// startWords returns the command line of the job, as far as it is known without the values of a run. It ends at the first word
// that is not.
func startWords(cfg pack.Config, text string) []string {
	words := slices.Clone(cfg.Entrypoint)
	if strings.TrimSpace(text) == "" {
		return append(words, cfg.Cmd...)
	}
	parsed, err := command.Parse(text)
	if err != nil {
		return words
	}
	for _, word := range parsed.Words {
		if !word.Literal {
			break
		}
		words = append(words, word.Text)
	}
	return words
}

// A chain follows what starts a job from one program to the next.
type chain struct {
	ctx      context.Context
	root     Root
	platform string
	path     string   // where programs are looked for
	dir      string   // the working directory
	via      []string // the programs before
}

// maxChain is more programs than start one another. Linux itself follows five interpreters.
const maxChain = 12

// start judges the program that a command line begins with, and those that it starts in turn. It returns what is wrong.
func (c *chain) start(words []string) string {
	for range maxChain {
		if len(words) == 0 || c.ctx.Err() != nil {
			return ""
		}
		file, head := c.find(words[0])
		if head == nil {
			return ""
		}
		c.via = append(c.via, file)
		if line, ok := strings.CutPrefix(string(head), "#!"); ok {
			words = interpreter(line, file, words[1:])
			continue
		}
		if wrong := c.judge(file, head); wrong != "" {
			return wrong
		}
		words = c.starts(words)
	}
	return ""
}

// interpreter returns the command line by which the kernel starts a script.
func interpreter(line, script string, args []string) []string {
	line, _, _ = strings.Cut(line, "\n")
	program, argument := strings.Trim(line, " \t"), ""
	if end := strings.IndexAny(program, " \t"); end >= 0 {
		program, argument = program[:end], strings.TrimLeft(program[end:], " \t")
	}
	words := []string{program}
	if argument != "" {
		words = append(words, argument)
	}
	return append(append(words, script), args...)
}

// headMax is how much of a program is read: the headers of an ELF file, and the first line of a script.
const headMax = 64 << 10

// find looks for a program as the kernel does, and returns its path and its beginning; nil if there is none.
func (c *chain) find(word string) (file string, head []byte) {
	places := []string{path.Join(c.dir, word)}
	switch {
	case path.IsAbs(word):
		places = []string{word}
	case !strings.Contains(word, "/"):
		places = nil
		for _, place := range strings.Split(c.path, ":") {
			if !path.IsAbs(place) {
				place = path.Join(c.dir, place)
			}
			places = append(places, path.Join(place, word))
		}
	}
	for _, place := range places {
		if head, err := c.root.ReadFile(c.ctx, place, 0, headMax); err == nil && len(head) > 0 {
			return place, head
		}
	}
	return "", nil
}

// searchPath returns that of the image, or the one that runtimes set.
func searchPath(env []string) string {
	for _, assigned := range env {
		if value, ok := strings.CutPrefix(assigned, "PATH="); ok {
			return value
		}
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

// judge returns what is wrong with an ELF file, and with its loader.
func (c *chain) judge(file string, head []byte) string {
	found, ok := readMachine(head)
	if !ok {
		return ""
	}
	if !found.fits(c.platform) {
		return c.contradiction(file, found)
	}
	loader := c.loader(file, head)
	if loader == "" {
		return ""
	}
	_, head = c.find(loader)
	if found, ok := readMachine(head); ok && !found.fits(c.platform) {
		c.via = append(c.via, loader)
		return c.contradiction(loader, found)
	}
	return ""
}

func (c *chain) contradiction(file string, found machine) string {
	via := ""
	if len(c.via) > 1 {
		via = fmt.Sprintf(", which %q starts,", c.via[0])
	}
	return fmt.Sprintf("%q%s is a program for %s, but the image is for %s: it cannot start there", file, via, found, c.platform)
}

// loader returns the path of the loader that an ELF file names; empty if there is none.
func (c *chain) loader(file string, head []byte) string {
	at, length, ok := interpreterOf(head)
	if !ok {
		return ""
	}
	text, err := c.root.ReadFile(c.ctx, file, at, length)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(string(text), "\x00")
	if !path.IsAbs(name) {
		return ""
	}
	return name
}

// A machine is what an ELF file is for.
type machine struct {
	class   elf.Class
	order   elf.Data
	machine elf.Machine
}

// readMachine reads the beginning of an ELF file. It reports whether it is one of a program or a library.
func readMachine(head []byte) (m machine, ok bool) {
	if len(head) < 20 || string(head[:4]) != elf.ELFMAG {
		return m, false
	}
	m.class, m.order = elf.Class(head[elf.EI_CLASS]), elf.Data(head[elf.EI_DATA])
	order := byteOrder(m.order)
	if order == nil || m.class != elf.ELFCLASS32 && m.class != elf.ELFCLASS64 {
		return m, false
	}
	kind := elf.Type(order.Uint16(head[16:]))
	m.machine = elf.Machine(order.Uint16(head[18:]))
	return m, kind == elf.ET_EXEC || kind == elf.ET_DYN
}

func byteOrder(data elf.Data) binary.ByteOrder {
	switch data {
	case elf.ELFDATA2LSB:
		return binary.LittleEndian
	case elf.ELFDATA2MSB:
		return binary.BigEndian
	}
	return nil
}

// interpreterOf returns where an ELF file has the name of its loader. Offsets beyond the file give nothing later.
func interpreterOf(head []byte) (at, length int, ok bool) {
	m, ok := readMachine(head)
	if !ok {
		return 0, 0, false
	}
	order := byteOrder(m.order)
	const most = 4096 // bytes of a path
	var table, size, count uint64
	if m.class == elf.ELFCLASS64 {
		if len(head) < 64 {
			return 0, 0, false
		}
		table, size, count = order.Uint64(head[32:]), uint64(order.Uint16(head[54:])), uint64(order.Uint16(head[56:]))
	} else {
		if len(head) < 52 {
			return 0, 0, false
		}
		table, size, count = uint64(order.Uint32(head[28:])), uint64(order.Uint16(head[42:])), uint64(order.Uint16(head[44:]))
	}
	for i := range count {
		entry := table + i*size
		if table > uint64(len(head)) || size < 32 || entry+size > uint64(len(head)) {
			return 0, 0, false
		}
		p := head[entry:]
		if elf.ProgType(order.Uint32(p)) != elf.PT_INTERP {
			continue
		}
		var offset, length uint64
		if m.class == elf.ELFCLASS64 && size >= 56 {
			offset, length = order.Uint64(p[8:]), order.Uint64(p[32:])
		} else {
			offset, length = uint64(order.Uint32(p[4:])), uint64(order.Uint32(p[16:]))
		}
		if length > most || offset > 1<<40 {
			return 0, 0, false
		}
		return int(offset), int(length), true
	}
	return 0, 0, false
}
