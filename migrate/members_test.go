package migrate

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// lost are members that no row converts: 1.0.0 has nothing for them, which a loss says.
var lost = []string{"runtimeStorage", "spatialMetadata", "temporalMetadata"}

// Each member of each older schema has a row, and each row is for a member of one of them.
func TestMembers(t *testing.T) {
	text, err := os.ReadFile("testdata/members.txt")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(line, '/')
		parent, member := line[:i], line[i+1:]
		found := slices.Contains(lost, member)
		for _, table := range tables {
			if !slices.Contains(strings.Fields(table.at), "/"+strings.TrimPrefix(parent, "/")) {
				continue
			}
			for _, row := range table.rows {
				if slices.Contains(strings.Fields(row.names), member) {
					found, used[table.object+" "+member] = true, true
				}
			}
		}
		if !found {
			t.Errorf("%s has no row", line)
		}
	}
	for _, table := range tables {
		for _, row := range table.rows {
			for i, name := range strings.Fields(row.names) {
				if !used[table.object+" "+name] && !(i == 0 && row.current) && !strings.HasPrefix(table.object, "content of") && name != "content" {
					t.Errorf("%s: no older schema has %s", table.object, name)
				}
			}
		}
	}
}
