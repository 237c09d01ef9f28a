package dockerfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/seedpack/seedpack/diag"
)

// Base returns the base image of a Dockerfile's image, as FROM names it, with the values of arguments in it. Target is a stage,
// and by default the last one. It returns "" if there is no base image, or if the name depends on more than the text: on the
// platform, or on another frontend.
func Base(text []byte, target string, args map[string]string) string {
	if foreign(text) {
		return ""
	}
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return ""
	}
	stages, global, err := instructions.Parse(result.AST, nil)
	if err != nil {
		return ""
	}
	at := stageOf(stages, target)
	if at < 0 {
		return ""
	}
	lex := shell.NewLex(result.EscapeToken)
	env := globalArgs(lex, global, args)
	for {
		name, unknown := expand(lex, stages[at].BaseName, env)
		if unknown || strings.HasSuffix(name, ":") || strings.EqualFold(name, "scratch") {
			return ""
		}
		base := at - 1
		for base >= 0 && !strings.EqualFold(stages[base].Name, name) {
			base--
		}
		if base < 0 {
			return name
		}
		at = base
	}
}

// stageOf returns the index of a stage by its name or number, or -1.
func stageOf(stages []instructions.Stage, target string) int {
	if target == "" {
		return len(stages) - 1
	}
	if i := slices.IndexFunc(stages, func(s instructions.Stage) bool { return strings.EqualFold(s.Name, target) }); i >= 0 {
		return i
	}
	if i, err := strconv.Atoi(target); err == nil && i >= 0 && i < len(stages) {
		return i
	}
	return -1
}

// CheckStage returns an error if a Dockerfile has no such stage. One that cannot be read may have it, and so may one of another frontend.
func CheckStage(text []byte, target string) error {
	result, err := parser.Parse(bytes.NewReader(text))
	if target == "" || err != nil || foreign(text) {
		return nil
	}
	stages, _, err := instructions.Parse(result.AST, nil)
	if err != nil || stageOf(stages, target) >= 0 {
		return nil
	}
	var names, numbers []string
	for i, s := range stages {
		if s.Name != "" {
			names = append(names, s.Name)
		}
		numbers = append(numbers, strconv.Itoa(i))
	}
	hint := ""
	if near := diag.Nearest(target, names); near != "" {
		hint = ": did you mean " + near + "?"
	}
	return fmt.Errorf("has no stage %q, it has %s%s", target, strings.Join(append(names, numbers...), ", "), hint)
}

// globalArgs returns the values of the arguments before the first FROM.
func globalArgs(lex *shell.Lex, global []instructions.ArgCommand, given map[string]string) map[string]string {
	env := map[string]string{}
	for _, command := range global {
		for _, arg := range command.Args {
			if value, ok := given[arg.Key]; ok {
				env[arg.Key] = value
			} else if ofPlatform(arg.Key) {
				continue // the builder sets it
			} else if env[arg.Key] = ""; arg.Value != nil {
				if value, unknown := expand(lex, *arg.Value, maps.Clone(env)); !unknown {
					env[arg.Key] = value
				}
			}
		}
	}
	return env
}

// ofPlatform reports whether an argument has the value of a platform, or a part of it.
func ofPlatform(name string) bool {
	return strings.HasPrefix(name, "TARGET") || strings.HasPrefix(name, "BUILD")
}

// expand returns a word with the values of variables. It reports unknown if one of them has none.
func expand(lex *shell.Lex, word string, env map[string]string) (value string, unknown bool) {
	result, err := lex.ProcessWordWithMatches(word, environment(env))
	if err != nil || len(result.Unmatched) > 0 {
		return "", true
	}
	return result.Result, result.Result == ""
}

// environment is a set of variables (shell.EnvGetter).
type environment map[string]string

func (e environment) Get(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

func (e environment) Keys() []string { return slices.Sorted(maps.Keys(e)) }
