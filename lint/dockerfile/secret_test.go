package dockerfile

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func secretFindings(path string, text []byte, args map[string]string) string {
	var b strings.Builder
	report := SecretArgs(path, text, args)
	for _, d := range report.Diagnostics {
		pos := report.Source.Position(report.Place(&d).Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n  hint: %s\n", path, pos.Line, pos.Column, d.Level(), d.Message, d.Rule.ID, d.Hint)
	}
	return b.String()
}

// The archive has the build arguments of each sample in a file, NAME=VALUE in a line.
func TestSecretArgsArchive(t *testing.T) {
	t.Parallel()
	name := "testdata/" + BuildArgSecret.ID + ".txtar"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if explained, ok := Explain(BuildArgSecret.ID); !ok || !*update && explained != string(text) {
		t.Error("Explain does not give the archive")
	}
	ar := txtar.Parse(text)
	if len(bytes.TrimSpace(ar.Comment)) == 0 || BuildArgSecret.Summary == "" {
		t.Error("the comment or the summary is empty")
	}
	files := map[string]*txtar.File{}
	for i := range ar.Files {
		files[ar.Files[i].Name] = &ar.Files[i]
	}
	found := map[string]string{}
	for _, sample := range []string{"bad", "good"} {
		args := map[string]string{}
		for line := range strings.Lines(string(files[sample+"/build-args"].Data)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			args[key] = value
		}
		found[sample] = secretFindings(sample+"/Dockerfile", files[sample+"/Dockerfile"].Data, args)
	}
	want := files["want"]
	switch {
	case found["good"] != "":
		t.Errorf("the good one has findings:\n%s", found["good"])
	case *update:
		want.Data = []byte(found["bad"])
		if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	case found["bad"] != string(want.Data) || found["bad"] == "":
		t.Errorf("got:\n%swant:\n%s", found["bad"], want.Data)
	}
}

func TestSecretArgs(t *testing.T) {
	t.Parallel()
	text := []byte("FROM scratch\nARG NPM_TOKEN=x\narg A B_KEY\n")
	args := map[string]string{"NPM_TOKEN": "1", "B_KEY": "2", "PASSWORD": "3", "TOKENS": "4", "PUBLIC_KEY": "5", "KEYBOARD": "6", "EMPTY_TOKEN": ""}
	r := SecretArgs("Dockerfile", text, args)
	var got []string
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		got = append(got, fmt.Sprint(strings.SplitN(d.Message, `"`, 3)[1], " ", r.Source.Position(d.Span.Start).Line))
	}
	if want := "B_KEY 3, NPM_TOKEN 2, PASSWORD 1"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
