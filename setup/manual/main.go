// Manual writes what packages of Seedpack have besides the program: manual DIRECTORY VERSION
//
// DIRECTORY gets man/man1 with a page for each command, and completions with a script for each shell. The same source gives the same
// bytes, so the pages have no date.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/seedpack/seedpack/cli"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: manual DIRECTORY VERSION")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func write(dir, version string) error {
	root := cli.Root()
	root.DisableAutoGenTag = true
	pages, scripts := filepath.Join(dir, "man/man1"), filepath.Join(dir, "completions")
	if err := errors.Join(os.MkdirAll(pages, 0o755), os.MkdirAll(scripts, 0o755)); err != nil {
		return err
	}
	date := time.Unix(0, 0).UTC()
	describe(root)
	header := &doc.GenManHeader{Title: "SEEDPACK", Section: "1", Source: "Seedpack " + version, Manual: "Seedpack", Date: &date}
	return errors.Join(doc.GenManTree(root, header, pages), withoutDate(pages, date.Format("Jan 2006")),
		root.GenBashCompletionFileV2(filepath.Join(scripts, "seedpack.bash"), true),
		root.GenZshCompletionFile(filepath.Join(scripts, "_seedpack")),
		root.GenFishCompletionFile(filepath.Join(scripts, "seedpack.fish"), true))
}

// withoutDate removes the date from the first lines of all pages.
func withoutDate(dir, date string) error {
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		if err := os.WriteFile(page, bytes.Replace(text, []byte(`"`+date+`"`), []byte(`""`), 1), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// describe makes the texts of commands Markdown that the pages are made from: characters of Markdown are characters, and lines that are
// indented stay as they are.
func describe(cmd *cobra.Command) {
	escape := strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`)
	lines := strings.Split(cmd.Long, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "  ") {
			lines[i] = "  " + line // four blanks begin a block of code
			continue
		}
		lines[i] = escape.Replace(line)
	}
	cmd.Long = strings.Join(lines, "\n")
	for _, sub := range cmd.Commands() {
		describe(sub)
	}
}
