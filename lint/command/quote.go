package command

import (
	"strings"
	"unicode"
)

// SingleQuote returns a text as one word of a POSIX shell, in single quotes. The text has no NUL, which no word can have.
func SingleQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Quote returns a text as one word of a POSIX shell, in quotes only if it needs them. It is for commands that people read and
// copy: most paths and values stay as they are.
func Quote(text string) string {
	if text == "" || strings.ContainsFunc(text, needsQuotes) {
		return SingleQuote(text)
	}
	return text
}

// needsQuotes reports whether a shell may read a character as more than itself. Letters of any script mean themselves.
func needsQuotes(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./,:@%+=…", r)
}
