package verify

import (
	"fmt"
	"io"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// Doubts returns a line for each input file that does not look like the media types of its input. These are not errors,
// since the job may accept the file.
func Doubts(c *cases.Case, m *seed.Manifest) (lines []string) {
	for _, in := range m.Job.Interface.Inputs.Files {
		for _, f := range c.Inputs[in.Name] {
			if found, ok := doubt(in.MediaTypes, f); ok {
				lines = append(lines, fmt.Sprintf("input %q: %s looks like %s, the job takes %s", in.Name, f.Host, found, strings.Join(in.MediaTypes, ", ")))
			}
		}
	}
	return lines
}

func doubt(types []string, f cases.InputFile) (found string, yes bool) {
	file, err := disk.Open(f.Host)
	if err != nil {
		return "", false // the build reports it
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, wire.HeadSize))
	if err != nil || len(head) == 0 {
		return "", false
	}
	for _, declared := range types {
		if found, yes = contradicts(declared, head); !yes {
			return "", false
		}
	}
	return found, yes
}
