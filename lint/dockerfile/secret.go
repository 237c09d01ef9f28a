package dockerfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// BuildArgSecret is the rule of SecretArgs. Rules does not return it, since Check does not see build arguments. A list
// of all rules must add it.
var BuildArgSecret = &diag.Rule{
	ID:       "build-arg-secret",
	Severity: diag.Warning,
	Summary:  "build arguments should hold no secrets, since the image keeps them",
}

var (
	secretWords = lazy.Regexp(`(?i)(^|[_-])(api_?key|auth|credentials?|key|pass|passwd|password|pword|secret|token)([_-]|$)`)
	publicWords = lazy.Regexp(`(?i)(^|[_-])public([_-]|$)`)
)

// SecretArgs reports build arguments with the name of a secret, at the line of the Dockerfile that declares them. It
// ignores an argument without a value.
func SecretArgs(path string, text []byte, args map[string]string) *diag.Report {
	r := &diag.Report{Path: path, Source: seed.TextSource(text)}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if args[name] == "" || !secretWords().MatchString(name) || publicWords().MatchString(name) {
			continue
		}
		span := r.Source.Line(declaration(text, name))
		r.Add(diag.Diagnostic{Rule: BuildArgSecret, Span: &span,
			Message: fmt.Sprintf("build argument %q is called like a secret, and its value stays readable in the image", name),
			Hint:    fmt.Sprintf("give it with --secret id=%s, and mount it: RUN --mount=type=secret,id=%s", name, name)})
	}
	return r
}

// declaration returns the line of the ARG that declares a build argument, or 1 if none does.
func declaration(text []byte, name string) int {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t=\r\n", r) })
		if len(words) > 1 && strings.EqualFold(words[0], "ARG") && slices.Contains(words[1:], name) {
			return n
		}
	}
	return 1
}
