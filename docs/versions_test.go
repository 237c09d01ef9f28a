package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/compare"
)

// The table of changes in the docs is that of the program.
func TestVersionsPage(t *testing.T) {
	const begin, end = "<!-- table: go test ./docs -run TestVersionsPage -update -->\n", "<!-- end of table -->"
	text, err := os.ReadFile("versions.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("versions.md has no place for the table")
	}
	var table strings.Builder
	table.WriteString("| member | change | class | enough is |\n|---|---|---|---|\n")
	for _, row := range compare.Rows() {
		var members []string
		for _, at := range row.At {
			member := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(at, "/job/"), "interface/"), "/*")
			members = append(members, strings.NewReplacer("/*/", " … ", "/", ".").Replace(strings.TrimPrefix(member, "/")))
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", strings.Join(members, ", "), row.Change, row.Class, row.Rise)
	}
	want := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile("versions.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the table in docs/versions.md is not that of the program: go test ./docs -run TestVersionsPage -update")
	}
}
