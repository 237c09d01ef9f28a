package verify

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// This file is about programs that only start another one. What is not certain ends a chain: then nothing is said.

// A starter says how a program is called that starts another one.
type starter struct {
	flags  string   // letters of options without an argument
	values string   // letters of options with one
	long   []string // options without an argument
	words  int      // how many words lie between the options and the command
}

var starters = map[string]starter{
	"tini":      {flags: "swgvlh", values: "pe"},
	"dumb-init": {flags: "cv", values: "r", long: []string{"--single-child", "--verbose"}},
	"catatonit": {flags: "gL"},
	"nice":      {flags: "0123456789", values: "n"},
	"nohup":     {},
	"setsid":    {flags: "cfw", long: []string{"--ctty", "--fork", "--wait"}},
	"stdbuf":    {values: "ioe"},
	"timeout":   {flags: "v", values: "ks", long: []string{"--foreground", "--preserve-status", "--verbose"}, words: 1},
	"time":      {flags: "pvaq", values: "of"},
	"gosu":      {words: 1},
	"su-exec":   {words: 1},
}

// shells run the command that follows -c.
var shells = []string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"}

// starts returns the command line that a command line starts in turn; nil if it starts none, or none that is certain.
func (c *chain) starts(words []string) []string {
	name, rest := path.Base(words[0]), words[1:]
	if (name == "busybox" || name == "toybox") && len(rest) > 0 {
		name, rest = path.Base(rest[0]), rest[1:]
	}
	if strings.HasPrefix(name, "tini-") || name == "docker-init" {
		name = "tini"
	}
	switch s, ok := starters[name]; {
	case name == "env":
		return c.ofEnv(rest)
	case slices.Contains(shells, name):
		return c.ofShell(rest)
	case ok:
		return s.command(rest)
	}
	return nil
}

// command returns what follows the options of a starter.
func (s starter) command(words []string) []string {
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" || !strings.HasPrefix(word, "-") || word == "-" {
			if word == "--" {
				i++
			}
			return words[min(i+s.words, len(words)):]
		}
		if strings.HasPrefix(word, "--") {
			if _, _, hasValue := strings.Cut(word, "="); !hasValue && !slices.Contains(s.long, word) {
				return nil
			}
			continue
		}
		for at, letter := range word[1:] {
			if strings.ContainsRune(s.values, letter) {
				if at == len(word)-2 {
					i++ // the next word is its argument
				}
				break
			}
			if !strings.ContainsRune(s.flags, letter) {
				return nil
			}
		}
	}
	return nil
}

// defaultPath is where programs are looked for if PATH is not set.
const defaultPath = "/bin:/usr/bin"

// ofEnv returns what env starts. It follows what env changes of the search path and of the working directory.
func (c *chain) ofEnv(words []string) []string {
	value := func(i int, word, short, long string) (text string, next int, ok bool) {
		switch {
		case word == short || word == long:
			if i+1 < len(words) {
				return words[i+1], i + 1, true
			}
		case strings.HasPrefix(word, long+"="):
			return strings.TrimPrefix(word, long+"="), i, true
		case strings.HasPrefix(word, short):
			return strings.TrimPrefix(word, short), i, true
		}
		return "", i, false
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if text, next, ok := value(i, word, "-S", "--split-string"); ok {
			split := plainWords(text)
			if split == nil {
				return nil
			}
			return c.ofEnv(append(split, words[next+1:]...))
		}
		if name, next, ok := value(i, word, "-u", "--unset"); ok {
			if i = next; name == "PATH" {
				c.path = defaultPath
			}
			continue
		}
		if dir, next, ok := value(i, word, "-C", "--chdir"); ok {
			i, c.dir = next, path.Join("/", c.dir, dir)
			if path.IsAbs(dir) {
				c.dir = dir
			}
			continue
		}
		name, text, isAssignment := strings.Cut(word, "=")
		switch {
		case word == "-i" || word == "-" || word == "--ignore-environment":
			c.path = defaultPath
		case word == "-v" || word == "--debug":
		case word == "--":
			return words[i+1:]
		case strings.HasPrefix(word, "-"):
			return nil
		case isAssignment && name == "PATH":
			c.path = text
		case isAssignment:
		default:
			return words[i:]
		}
	}
	return nil
}

// plainWords splits a text that has no quotes, escapes and variables; nil if it has.
func plainWords(text string) []string {
	if strings.ContainsAny(text, "\"'\\$#`") {
		return nil
	}
	return strings.Fields(text)
}

// ofShell returns what a shell starts: the first word of the command after -c. A script for the shell is none, whatever its first
// line says.
func (c *chain) ofShell(words []string) []string {
	isCommand := false
	for i := 0; i < len(words); i++ {
		word := words[i]
		isOption := len(word) > 1 && (word[0] == '-' || word[0] == '+')
		switch {
		case word == "--" || word == "-" || !isOption:
			if isOption || word == "-" {
				i++
			}
			if !isCommand || i >= len(words) {
				return nil
			}
			return c.firstCommand(words[i])
		case word == "--rcfile" || word == "--init-file":
			i++
		case strings.HasPrefix(word, "--"):
		default:
			isCommand = isCommand || word[0] == '-' && strings.Contains(word, "c")
			i += strings.Count(strings.ToLower(word), "o") // each has a word with the name of an option
		}
	}
	return nil
}

// assignment is a variable that is set for one command.
var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// builtins are words that a shell runs itself, though there may be programs of these names.
var builtins = strings.Fields(`. : [ alias break builtin case cd continue do done echo elif else esac eval exit export false fi for
	function getopts hash if in jobs kill local printf pwd read readonly return select set shift shopt source test then time times
	trap true type typeset ulimit umask unalias unset until wait while [[ { }`)

// firstCommand returns the first command of a script, if it is one program with plain words.
func (c *chain) firstCommand(script string) []string {
	line, _, _ := strings.Cut(strings.TrimSpace(script), "\n")
	if end := strings.IndexAny(line, ";&|<>(){}`"); end >= 0 {
		line = line[:end]
	}
	words := strings.Fields(line)
	for len(words) > 0 && assignment.MatchString(words[0]) {
		if value, ok := strings.CutPrefix(words[0], "PATH="); ok {
			if !isPlain(value) {
				return nil
			}
			c.path = value
		}
		words = words[1:]
	}
	for len(words) > 1 && (words[0] == "exec" || words[0] == "command") {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	words[0] = unquoted(words[0])
	if !isPlain(words[0]) || strings.HasPrefix(words[0], "-") || slices.Contains(builtins, words[0]) {
		return nil
	}
	for i, word := range words {
		if strings.ContainsAny(word, "$\"'\\") {
			return words[:i]
		}
	}
	return words
}

// isPlain reports whether a shell takes a word as it is.
func isPlain(word string) bool { return !strings.ContainsAny(word, "$\"'\\*?[~#`!") }

// unquoted returns a word without the quotes around it.
func unquoted(word string) string {
	if n := len(word); n > 2 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] && isPlain(word[1:n-1]) {
		return word[1 : n-1]
	}
	return word
}
