package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A listing says only what it knows: of a directory that was not added, or has many entries, the disk is asked.
func TestListing(t *testing.T) {
	t.Parallel()
	l, top := Listing{}, t.TempDir()
	for dir, names := range map[string]int{"few": 2, "many": maxListed + 1, "empty": 0} {
		dir := filepath.Join(top, dir)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range names {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("File%d", i)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		l.Add(dir, entries)
	}
	for _, c := range []struct {
		dir, name  string
		has, lacks bool
	}{
		{"few", "File1", true, false}, {"few", "file1", false, false}, {"few", "File2", false, true},
		{"many", "File1", false, false}, {"many", "x", false, false}, {"empty", "x", false, true}, {"other", "x", false, false},
	} {
		dir := filepath.Join(top, c.dir)
		if has, lacks := l.Has(filepath.Join(dir, c.name)), l.Lacks(dir, "y", c.name); has != c.has || lacks != c.lacks {
			t.Errorf("%s/%s: has %t, lacks %t, want %t and %t", c.dir, c.name, has, lacks, c.has, c.lacks)
		}
	}
	if (Listing)(nil).Lacks("few", "x") {
		t.Error("no listing lacks a file")
	}
}
