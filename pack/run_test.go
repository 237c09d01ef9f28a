package pack

import (
	"bytes"
	"errors"
	"testing"
)

// A file of a report is read to its end, and no further than it may be long.
func TestReadParts(t *testing.T) {
	t.Parallel()
	const most = 2*readPart + 10
	lost := errors.New("the engine is gone")
	for _, tt := range []struct {
		name  string
		size  int // of the file; -1: without end
		reads int
		fails bool
	}{
		{"empty", 0, 1, false},
		{"one part", 10, 1, false},
		{"a whole part", readPart, 2, false},
		{"as long as it may be", most, 3, false},
		{"too long", most + 1, 3, true},
		{"without end", -1, 3, true},
	} {
		reads := 0
		got, err := readParts(most, func(offset int) ([]byte, error) {
			if reads++; reads > tt.reads {
				return nil, lost
			}
			if tt.size < 0 {
				return make([]byte, readPart), nil
			}
			return bytes.Repeat([]byte("x"), min(tt.size-offset, readPart)), nil
		})
		if (err != nil) != tt.fails || errors.Is(err, lost) || !tt.fails && len(got) != tt.size || reads != tt.reads {
			t.Errorf("%s: %d bytes in %d reads, %v", tt.name, len(got), reads, err)
		}
	}
}
