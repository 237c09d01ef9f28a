package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Lines of a command's text that are indented keep their line ends in its page, and characters of Markdown are characters.
func TestPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := write(dir, "v1"); err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]string{
		"seedpack-schema.1":     "\n.EX\nmanifest  seed.manifest.json (the default)\nmetadata  the side-cars of outputs, *.metadata.json\n",
		"seedpack-completion.1": "\nseedpack completion fish >~/.config/fish/completions/seedpack.fish\n",
	} {
		text, err := os.ReadFile(filepath.Join(dir, "man/man1", page))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, without %q:\n%s", page, err, want, text)
		}
	}
}
