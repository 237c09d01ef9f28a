// Package dockerfile judges the Dockerfile that goes with a manifest: whether it can be read, and whether the image it
// makes starts the job as the manifest says.
//
// It reads the text alone, with BuildKit's own parser. What a base image brings is not known to it.
package dockerfile

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Check judges a Dockerfile with the manifest it is to be built with. The report is sorted.
func Check(path string, text []byte, m *seed.Manifest) *diag.Report {
	report := &diag.Report{Path: path, Source: &seed.Source{Text: text}}
	f, err := read(text)
	switch {
	case err != nil && foreign(text):
		return report // only that frontend knows its syntax
	case err != nil:
		syntaxError(report, err)
		return report
	}
	f.path, f.manifest, f.report = path, m, report
	for _, r := range rules {
		f.rule = &r.Rule
		r.check(f)
	}
	report.Sort()
	return report
}

// A rule asks one question of a Dockerfile.
type rule struct {
	diag.Rule
	check func(*file)
}

// A file is a parsed Dockerfile.
type file struct {
	path     string
	escape   rune
	stages   []instructions.Stage
	warnings []warning
	manifest *seed.Manifest

	report *diag.Report
	rule   *diag.Rule
}

// A warning is one of BuildKit's own checks.
type warning struct {
	name, text string
	at         []parser.Range
}

// read gives nil and an error where the text is no Dockerfile.
func read(text []byte) (*file, error) {
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	f := &file{escape: result.EscapeToken}
	for _, w := range result.Warnings {
		f.warnings = append(f.warnings, parserWarning(w))
	}
	checks := linter.New(&linter.Config{Warn: func(name, _, _, text string, at []parser.Range) {
		f.warnings = append(f.warnings, warning{name, text, at})
	}})
	f.stages, _, err = instructions.Parse(result.AST, checks)
	if err == nil && len(f.stages) == 0 {
		return nil, errors.New("there is no FROM")
	}
	return f, err
}

// parserWarning says what the parser says as a build does.
func parserWarning(w parser.Warning) warning {
	at := []parser.Range{*w.Location}
	if empty := linter.RuleNoEmptyContinuation; w.URL == empty.URL {
		return warning{empty.Name, empty.Format(), at}
	}
	return warning{"Parser", w.Short, at}
}

// foreign tells whether a "# syntax=" line names another frontend than docker/dockerfile.
func foreign(text []byte) bool {
	name, _, _, ok := parser.DetectSyntax(text)
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(name, "@")
	repository := path.Base(name)
	repository, _, _ = strings.Cut(repository, ":")
	return repository != "dockerfile" && repository != "dockerfile-upstream"
}

// ownPlace is the line as the parser says it, which the diagnostic has already.
var ownPlace = regexp.MustCompile(`^dockerfile parse error on line \d+: `)

func syntaxError(report *diag.Report, err error) {
	var located *parser.LocationError
	at := []parser.Range{{Start: parser.Position{Line: 1}}}
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		at = located.Locations[0]
	}
	span := lines(report.Source, at)
	message := ownPlace.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "")
	report.Add(diag.Diagnostic{Rule: &syntax, Span: &span, Message: "no Dockerfile: " + message})
}

// lines is the place of whole lines, which is as exact as the parser is.
func lines(source *seed.Source, at []parser.Range) seed.Span {
	first, last := at[0].Start.Line, at[0].Start.Line
	for _, r := range at {
		first, last = min(first, r.Start.Line), max(last, r.End.Line)
	}
	return seed.Span{Start: source.Line(first).Start, End: source.Line(last).End}
}

func (f *file) reportf(at []parser.Range, format string, args ...any) *diag.Diagnostic {
	span := lines(f.report.Source, at)
	f.report.Add(diag.Diagnostic{Rule: f.rule, Span: &span, Message: fmt.Sprintf(format, args...)})
	return &f.report.Diagnostics[len(f.report.Diagnostics)-1]
}

// final is the stage that becomes the image.
func (f *file) final() *instructions.Stage { return &f.stages[len(f.stages)-1] }

// lineage are the final stage and those it is built from, nearest first. Known is set where nothing more is under them:
// the last one is built FROM scratch.
func (f *file) lineage() (stages []*instructions.Stage, known bool) {
	for at := len(f.stages) - 1; ; {
		s := &f.stages[at]
		stages = append(stages, s)
		if strings.EqualFold(s.BaseName, "scratch") {
			return stages, true
		}
		base := at - 1
		for base >= 0 && !strings.EqualFold(f.stages[base].Name, s.BaseName) {
			base--
		}
		if base < 0 {
			return stages, false
		}
		at = base
	}
}

// commands are those of one kind in a stage, in order.
func commands[C instructions.Command](s *instructions.Stage) []C {
	var out []C
	for _, c := range s.Commands {
		if known, ok := c.(C); ok {
			out = append(out, known)
		}
	}
	return out
}

// last is the last command of a kind.
func last[C instructions.Command](s *instructions.Stage) (c C, ok bool) {
	all := commands[C](s)
	if len(all) == 0 {
		return c, false
	}
	return all[len(all)-1], true
}

// Rules are all rules of this package. They must not be changed.
func Rules() []*diag.Rule {
	all := []*diag.Rule{&syntax}
	for _, r := range rules {
		all = append(all, &r.Rule)
	}
	return all
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain is the archive of a rule, as lint.Explain.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
