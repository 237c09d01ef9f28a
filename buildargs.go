package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

var buildArgSecret = &diag.Rule{ID: "build-arg-secret", Severity: diag.Warning,
	Summary: "build arguments should hold no secrets, since the image keeps them",
	Doc: "Who has the image can read the build arguments in its history, and BuildKit's cache keeps them. A secret that is\n" +
		"mounted, RUN --mount=type=secret,id=NAME, is in neither."}

var (
	secretWords = regexp.MustCompile(`(?i)(^|[_-])(api_?key|auth|credentials?|key|pass|passwd|password|pword|secret|token)([_-]|$)`)
	publicWords = regexp.MustCompile(`(?i)(^|[_-])public([_-]|$)`)
)

// secretArgs warns of build arguments that are called as secrets are, where the Dockerfile declares them.
func secretArgs(file dockerfileText, args map[string]string) *diag.Report {
	r := &diag.Report{Path: file.Path, Source: &seed.Source{Text: file.text}}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if args[name] == "" || !secretWords.MatchString(name) || publicWords.MatchString(name) {
			continue
		}
		span := r.Source.Line(declaration(file.text, name))
		r.Add(diag.Diagnostic{Rule: buildArgSecret, Span: &span,
			Message: fmt.Sprintf("build argument %q is called like a secret, and its value stays readable in the image", name),
			Hint:    fmt.Sprintf("give it with --secret id=%s, and mount it: RUN --mount=type=secret,id=%s", name, name)})
	}
	return r
}

// declaration is the line of the ARG of that name, else the first.
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
