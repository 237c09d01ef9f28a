package dockerfile

import (
	"path"
	"slices"
	"strings"
)

// A script is the text that the exec form of an ENTRYPOINT gives to a shell, as in ["sh", "-c", "/app/run.sh $@"].
type script struct {
	text string
	// named is true if a word follows the text, which then is $0. Or else the first argument of the job is.
	named bool
}

// shells are programs that take a script by -c. All give it the words behind the script as $0, $1 and so on.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh"}

// wrappers are programs that start the one that is named after them.
var wrappers = []string{"env", "tini", "dumb-init", "catatonit", "gosu", "su-exec", "nice", "timeout", "xvfb-run", "conda", "mamba", "micromamba"}

// scriptOf returns the script of an exec form. Ok is false if it starts no script by -c.
func scriptOf(line []string) (s script, ok bool) {
	if len(line) > 0 && slices.Contains(wrappers, path.Base(line[0])) {
		at := slices.IndexFunc(line, func(word string) bool { return slices.Contains(shells, path.Base(word)) })
		line = line[max(at, 0):]
	}
	if len(line) < 3 || !slices.Contains(shells, path.Base(line[0])) {
		return script{}, false
	}
	for i := 1; i+1 < len(line) && strings.HasPrefix(line[i], "-") && !strings.HasPrefix(line[i], "--"); i++ {
		if strings.ContainsRune(line[i], 'c') {
			return script{line[i+1], i+2 < len(line)}, true
		}
		if strings.HasSuffix(line[i], "o") { // its value follows, as in -o pipefail
			i++
		}
	}
	return script{}, false
}

// uses reports whether a script uses one of some parameters, as $@ or ${@:2}.
func (s script) uses(parameters string) bool {
	return s.expands(func(c byte) bool { return strings.IndexByte(parameters, c) >= 0 })
}

// usesVariables reports whether a script uses variables of the environment, or its own.
func (s script) usesVariables() bool {
	return s.expands(func(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' })
}

// expands reports whether the name of an expansion begins with a certain character.
func (s script) expands(begins func(byte) bool) bool {
	rest := s.text
	for {
		_, after, ok := strings.Cut(rest, "$")
		if !ok {
			return false
		}
		rest = after
		if name := strings.TrimPrefix(after, "{"); name != "" && begins(name[0]) {
			return true
		}
	}
}
