// Package bin holds the supervisor, built for each platform of engines (go generate ./pack/supervisor).
package bin

import (
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

//go:embed supervisor_linux_amd64.gz
var amd64 string

//go:embed supervisor_linux_arm64.gz
var arm64 string

// Architectures returns those for which there is a program.
func Architectures() []string { return []string{"amd64", "arm64"} }

// A Program is a statically linked executable. It is stored compressed and expanded only when it is read. A builder
// that has it by its size and time does not read it, and expanding takes longer than a whole cached build.
type Program struct{ packed string }

// Find returns the supervisor for Linux on an architecture.
func Find(arch string) (Program, error) {
	switch arch {
	case "amd64":
		return Program{amd64}, nil
	case "arm64":
		return Program{arm64}, nil
	}
	return Program{}, fmt.Errorf("no supervisor for linux/%s: there are ones for %q", arch, Architectures())
}

// Sum returns bytes that differ between programs: gzip's checksum of the program and its length, which end the gzip
// format. A digest of the megabyte before them would take milliseconds.
func (p Program) Sum() []byte { return []byte(p.packed[len(p.packed)-8:]) }

// Size returns the length of the program.
func (p Program) Size() int64 { return int64(binary.LittleEndian.Uint32(p.Sum()[4:])) }

// Open returns the content of the program.
func (p Program) Open() (io.ReadCloser, error) { return gzip.NewReader(strings.NewReader(p.packed)) }
