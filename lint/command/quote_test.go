package command

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A shell reads what Quote and SingleQuote return as the text.
func TestQuote(t *testing.T) {
	t.Parallel()
	texts := []string{"", "a", "a b", "it's", "''", `a\b`, "$HOME", "`id`", "a\nb", "~", "~root", "*", "[a]", "{a,b}", "a=b", "-n", "#a", "!a", "a;b", "日本", "ä…", "\xff\xfe", "a\tb",
		`"`, "(", "<x", "&", "|", "?", "^", "%1", "/a/b.tif", "x@y:z+1,2", "\u00a0", "\u2028"}
	var script strings.Builder
	for _, text := range texts {
		script.WriteString("printf '%s\\0%s\\0' " + Quote(text) + " " + SingleQuote(text) + "\n")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/a", nil, 0o600); err != nil { // a pattern finds it
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", script.String())
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	read := strings.Split(string(out), "\x00")
	for i, text := range texts {
		if read[2*i] != text || read[2*i+1] != text {
			t.Errorf("%q: %q and %q", text, read[2*i], read[2*i+1])
		}
	}
	for text, want := range map[string]string{"dir/my-job": "dir/my-job", "größe=1": "größe=1", "a b": "'a b'", "": "''", "it's": `'it'\''s'`} {
		if got := Quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
