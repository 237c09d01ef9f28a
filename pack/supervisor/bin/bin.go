// Package bin holds the supervisor, built for every platform whose engines run it (go generate ./pack/supervisor).
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

// Architectures are those that there is a program for.
func Architectures() []string { return []string{"amd64", "arm64"} }

// A Program is a statically linked executable. It is kept packed until somebody reads it: a builder that has it by its
// size and time asks for nothing, and unpacking takes longer than a whole build that is cached.
type Program struct{ packed string }

// Find is the supervisor for Linux on an architecture.
func Find(arch string) (Program, error) {
	switch arch {
	case "amd64":
		return Program{amd64}, nil
	case "arm64":
		return Program{arm64}, nil
	}
	return Program{}, fmt.Errorf("no supervisor for linux/%s: there are ones for %q", arch, Architectures())
}

// Sum tells programs apart: gzip's checksum of the program and its length, which end what gzip writes. A digest of
// the megabyte before them would take milliseconds.
func (p Program) Sum() []byte { return []byte(p.packed[len(p.packed)-8:]) }

// Size is how long the program is.
func (p Program) Size() int64 { return int64(binary.LittleEndian.Uint32(p.Sum()[4:])) }

// Open reads the program itself.
func (p Program) Open() (io.ReadCloser, error) { return gzip.NewReader(strings.NewReader(p.packed)) }
