package diag

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"timeout-long", "tags-form", "Title", "ro", "rw"}
	for word, want := range map[string]string{
		"Timeout_Long": "timeout-long", "tagsform": "tags-form", "tilte": "Title", "títle": "Title", "rx": "ro", "r": "ro", "x": "ro", "xxx": "",
		"abcde": "", "": "ro", strings.Repeat("a", 1000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
}

func TestNearestName(t *testing.T) {
	t.Parallel()
	known := []string{"INPUT_FILE", "IN", strings.Repeat("A", 1000)}
	for name, want := range map[string]string{
		"INPUT_FIEL": "INPUT_FILE", "NIPUT_FIEL": "INPUT_FILE", "input_file": "", "INN": "IN", "XYZ": "", "INPT_FIXL": "", strings.Repeat("A", 1001): "",
	} {
		if got := NearestName(name, known); got != want {
			t.Errorf("%.20q: %q, want %q", name, got, want)
		}
	}
}

func TestByDistance(t *testing.T) {
	t.Parallel()
	known := []string{"b", "ba", "a", strings.Repeat("x", 300)}
	if got := ByDistance("a", known); !slices.Equal(got, []string{"a", "b", "ba", known[3]}) || known[0] != "b" {
		t.Errorf("%q", got)
	}
	if got := ByDistance("a", make([]string, 2000)); len(got) != 1000 {
		t.Errorf("%d words", len(got))
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b         string
		plain, swaps int
	}{
		{"", "", 0, 0},
		{"INPUT", "INPUT", 0, 0},
		{"INPUT_FIEL", "INPUT_FILE", 2, 1},
		{"INN", "IN", 1, 1},
		{"IN", "", 2, 2},
		{"", "INPUT", 5, 5},
		{"ABC", "XYZ", 3, 3},
		{"INPUT", "INPTU_", 2, 2},
		{"CA", "ABC", 3, 3}, // a swapped pair is not changed again
		{"kitten", "sitting", 3, 3},
		{"é", "e", 2, 2}, // bytes count
	} {
		if got := Distance(tt.a, tt.b); got != tt.plain {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.plain)
		}
		if got := Edits(tt.a, tt.b); got != tt.swaps {
			t.Errorf("edits(%q, %q) with swaps = %d, want %d", tt.a, tt.b, got, tt.swaps)
		}
	}
}

func TestMeant(t *testing.T) {
	t.Parallel()
	known := []string{"timeout", "title", "description", "name", "tags", "ro", "rw", "jobVersion", "required", "mediaTypes"}
	for word, want := range map[string]string{
		"Timeout": "timeout", "time_out": "timeout", "titel": "title", "tilte": "title", "job_version": "jobVersion", "requierd": "required",
		"mem": "", "env": "", "tag": "tags", "wr": "rw", "or": "ro", "r": "", "rx": "", "mediaType": "mediaTypes", "x": "", "": "", "discription": "description",
		"nmae": "name", "nane": "name", "date": "", "type": "", "path": "", "version": "",
	} {
		if got := Meant(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
