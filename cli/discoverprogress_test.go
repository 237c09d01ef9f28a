package cli

import (
	"strings"
	"testing"

	"github.com/seedpack/seedpack/catalogue"
)

// The last line of a search has the number of each thing, and one thing is not many.
func TestSearchProgress(t *testing.T) {
	t.Parallel()
	for want, now := range map[string]catalogue.Progress{
		"0 repositories, 0 ending in -seed; 0 of 0 images read, 0 with a manifest\n": {},
		"1 repository, 1 ending in -seed; 1 of 1 image read, 1 with a manifest\n":    {Repositories: 1, Candidates: 1, Tags: 1, Read: 1, Images: 1},
		"9 repositories, 2 ending in -seed; 3 of 4 images read, 1 with a manifest\n": {Repositories: 9, Candidates: 2, Tags: 4, Read: 3, Images: 1},
	} {
		var out strings.Builder
		s := newSearchProgress(&Process{Stderr: &out})
		s.show(now)
		s.end()
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}
