// Package bin holds the supervisor, built for every platform whose engines run it (go generate ./pack/supervisor).
package bin

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
)

//go:embed supervisor_linux_*.gz
var programs embed.FS

// Architectures are those that there is a program for.
func Architectures() []string { return []string{"amd64", "arm64"} }

// A Program is a statically linked executable. It is kept packed until somebody reads it: a builder that has it by its
// size and time asks for nothing, and unpacking takes longer than a whole build that is cached.
type Program struct{ packed []byte }

// Find is the supervisor for Linux on an architecture.
func Find(arch string) (Program, error) {
	packed, err := programs.ReadFile(file(arch))
	if err != nil {
		return Program{}, fmt.Errorf("no supervisor for linux/%s: there are ones for %q", arch, Architectures())
	}
	return Program{packed}, nil
}

// Packed is the program as gzip made it, for telling programs apart.
func (p Program) Packed() []byte { return p.packed }

// Size is how long the program is, which stands at the end of what gzip writes.
func (p Program) Size() int64 { return int64(binary.LittleEndian.Uint32(p.packed[len(p.packed)-4:])) }

// Open reads the program itself.
func (p Program) Open() (io.ReadCloser, error) { return gzip.NewReader(bytes.NewReader(p.packed)) }

func file(arch string) string { return "supervisor_linux_" + arch + ".gz" }
