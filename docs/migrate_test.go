package docs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/cli"
	"github.com/seedpack/seedpack/migrate"
)

// The table of members in the docs is that of the program.
func TestMigrateTable(t *testing.T) {
	const begin, end = "<!-- table: go test ./docs -run TestMigrate -update -->\n", "<!-- end of table -->"
	text, err := os.ReadFile("migrate.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("migrate.md has no place for the table")
	}
	var table strings.Builder
	table.WriteString("| in | member | 1.0.0 | how |\n|---|---|---|---|\n")
	for _, object := range migrate.Tables() {
		for _, row := range object.Rows {
			var names []string
			for _, name := range row.Names {
				names = append(names, "`"+name+"`")
			}
			to := "-"
			if row.To != "" {
				to = "`" + row.To + "`"
			}
			fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", object.Object, strings.Join(names, ", "), to, row.Note)
		}
	}
	checkPage(t, text, before+begin+table.String()+end+after)
}

// A file of the example, or a command of it with what it prints.
var block = regexp.MustCompile("(?s)<!-- (file|run): ([^\n]*) -->\n```(\\w+)\n(.*?)```\n")

// The conversion in the docs is what the program does, from beginning to end.
func TestMigrateExample(t *testing.T) {
	text, err := os.ReadFile("migrate.md")
	if err != nil {
		t.Fatal(err)
	}
	back, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	commands := 0
	want := block.ReplaceAllStringFunc(string(text), func(found string) string {
		m := block.FindStringSubmatch(found)
		if m[1] == "file" {
			if err := os.MkdirAll(filepath.Dir(m[2]), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(m[2], []byte(m[4]), 0o600); err != nil {
				t.Fatal(err)
			}
			return found
		}
		commands++
		var out bytes.Buffer
		status := cli.Run(t.Context(), strings.Fields(m[2])[1:], cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
		if status > 1 {
			t.Fatalf("%s: exit status %d: %s", m[2], status, out.String())
		}
		return fmt.Sprintf("<!-- run: %s -->\n```%s\n$ %s\n%s```\n", m[2], m[3], m[2], out.String())
	})
	if commands < 4 {
		t.Errorf("the example has %d commands", commands)
	}
	t.Chdir(back)
	checkPage(t, text, want)
}

// checkPage fails if the page is not what it should be, or writes it with -update.
func checkPage(t *testing.T, is []byte, want string) {
	t.Helper()
	switch {
	case *update:
		if err := os.WriteFile("migrate.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != string(is):
		t.Error("docs/migrate.md is not what the program does: go test ./docs -run TestMigrate -update")
	}
}
