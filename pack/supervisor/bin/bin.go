// Package bin holds the supervisor, built for every platform whose engines run it (go generate ./pack/supervisor).
package bin

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
)

//go:embed supervisor_linux_*.gz
var programs embed.FS

// Architectures are those that there is a program for.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Program is the supervisor for Linux on an architecture, as a statically linked executable.
func Program(arch string) ([]byte, error) {
	packed, err := programs.ReadFile(file(arch))
	if err != nil {
		return nil, fmt.Errorf("no supervisor for linux/%s: there are ones for %q", arch, Architectures())
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file(arch), err)
	}
	return io.ReadAll(r)
}

func file(arch string) string { return "supervisor_linux_" + arch + ".gz" }
