package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/github"
)

const actionPage = "action.md"

// The tables of inputs and outputs in the docs are those of action.yml.
func TestActionDocs(t *testing.T) {
	declared, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct{ Inputs, Outputs yaml.Node }
	if err := yaml.Unmarshal(declared, &action); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(actionPage)
	if err != nil {
		t.Fatal(err)
	}
	want := replaceTable(t, string(page), "inputs", memberTable(t, "input", &action.Inputs))
	want = replaceTable(t, want, "outputs", memberTable(t, "output", &action.Outputs))
	if *update {
		if err := os.WriteFile(actionPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Error("docs/" + actionPage + " does not show the inputs and outputs of action.yml: go test ./docs -run TestActionDocs -update")
	}
}

// memberTable keeps the order of action.yml.
func memberTable(t *testing.T, head string, members *yaml.Node) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | is |\n|---|---|\n", head)
	for i := 0; i+1 < len(members.Content); i += 2 {
		var m struct{ Description, Default string }
		if err := members.Content[i+1].Decode(&m); err != nil || m.Description == "" {
			t.Fatalf("%s: %v, or no description", members.Content[i].Value, err)
		}
		if m.Default != "" {
			m.Description += ". Default: `" + m.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", members.Content[i].Value, strings.ReplaceAll(m.Description, "|", `\|`))
	}
	return b.String()
}

func replaceTable(t *testing.T, page, name, table string) string {
	t.Helper()
	return replaceTableBy(t, page, name, "TestActionDocs", table)
}

func replaceTableBy(t *testing.T, page, name, test, table string) string {
	t.Helper()
	begin, end := "<!-- "+name+": go test ./docs -run "+test+" -update -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the %s", actionPage, name)
	}
	return before + begin + table + end + after
}

// The table of events in the docs is that of the program.
func TestEventTable(t *testing.T) {
	page, err := os.ReadFile(actionPage)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| event | `push: auto` publishes | `push: true` publishes | why |\n|---|---|---|---|\n")
	for _, e := range github.Events() {
		forced := "yes"
		switch {
		case e.Never:
			forced = "nothing"
		case e.Stranger:
			forced = "commits in the history of `GITHUB_SHA`"
		case e.Name == "pull_request":
			forced = "those of the repository itself"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Name, e.Auto, forced, e.Why)
	}
	want := replaceTableBy(t, string(page), "events", "TestEventTable", b.String())
	if *update {
		if err := os.WriteFile(actionPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Error("docs/" + actionPage + " does not show the events of the program: go test ./docs -run TestEventTable -update")
	}
}
