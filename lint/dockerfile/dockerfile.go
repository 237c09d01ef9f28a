// Package dockerfile judges the Dockerfile that goes with a manifest: whether it can be read, and whether its image
// starts the job as the manifest says.
//
// It reads only the text, with BuildKit's own parser. It does not know the contents of a base image.
package dockerfile

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// Check judges a Dockerfile together with its manifest. If there is none, nothing says that the image is to be a job: only its
// syntax, its labels and what BuildKit checks are judged. The report is sorted.
func Check(path string, text []byte, m *seed.Manifest) *diag.Report {
	return CheckTarget(path, text, m, "")
}

// CheckTarget is Check for an image that is built from a stage: its name or number, or "" for the last one. The stages behind
// it do not count.
func CheckTarget(path string, text []byte, m *seed.Manifest, target string) *diag.Report {
	report := &diag.Report{Path: path, Source: seed.TextSource(text)}
	f, err := read(text)
	switch {
	case err != nil && foreign(text):
		return report // only that frontend knows its syntax
	case err != nil:
		syntaxError(report, text, err)
		return report
	}
	f.path, f.manifest, f.report = path, m, report
	if at := stageOf(f.stages, target); at >= 0 {
		f.stages = f.stages[:at+1]
	}
	all := rules
	if m == nil {
		all = anyImage
	}
	for _, r := range all {
		f.rule = &r.Rule
		r.check(f)
	}
	report.Sort()
	return report
}

// A rule asks one question about a Dockerfile.
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

// read parses a Dockerfile. It returns nil and an error if the text is not a Dockerfile.
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

// parserWarning returns a warning of the parser in the form that a build gives it.
func parserWarning(w parser.Warning) warning {
	at := []parser.Range{*w.Location}
	if empty := linter.RuleNoEmptyContinuation; w.URL == empty.URL {
		return warning{empty.Name, empty.Format(), at}
	}
	return warning{"Parser", w.Short, at}
}

// foreign reports whether a "# syntax=" line names a frontend other than docker/dockerfile.
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

// ownPlace matches the line number in the parser's message. The diagnostic has its own place.
var ownPlace = lazy.Regexp(`^dockerfile parse error on line \d+: `)

// noNumber matches how the parser says that a value must be a number.
var noNumber = lazy.Regexp(`strconv\.\w+: parsing ("(?:[^"\\]|\\.)*"): invalid syntax`)

func syntaxError(report *diag.Report, text []byte, err error) {
	if markers := seed.Conflicts(text); markers != nil { // nothing else is worth saying
		for _, m := range markers {
			report.Add(diag.Diagnostic{Rule: Syntax, Span: &m.Span, Message: m.Message, Hint: m.Hint})
		}
		return
	}
	var located *parser.LocationError
	at := []parser.Range{{Start: parser.Position{Line: 1}}}
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		at = located.Locations[0]
	}
	message := ownPlace().ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "")
	message = noNumber().ReplaceAllString(message, "$1 must be a whole number")
	if n := lineOfDirective(text, message); n > 0 {
		at = []parser.Range{{Start: parser.Position{Line: n}, End: parser.Position{Line: n}}}
	}
	span := lines(report.Source, at)
	report.Add(diag.Diagnostic{Rule: Syntax, Span: &span, Message: "this is not a Dockerfile: " + message})
}

var (
	directive       = lazy.Regexp(`^#\s*([A-Za-z][A-Za-z0-9]*)\s*=`)
	directiveTwice  = lazy.Regexp(`^only one (\w+) parser directive can be used`)
	directiveEscape = lazy.Regexp(`^invalid escape token `)
)

// lineOfDirective returns the line of a directive that is wrong, since the parser does not name it: the first escape of which the value
// is wrong, or the second of those that may be there once. It is 0 for other mistakes.
func lineOfDirective(text []byte, message string) int {
	name, nth := "escape", 1
	if m := directiveTwice().FindStringSubmatch(message); m != nil {
		name, nth = m[1], 2
	} else if !directiveEscape().MatchString(message) {
		return 0
	}
	for n, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		m := directive().FindStringSubmatch(line)
		if m == nil {
			break
		}
		if strings.EqualFold(m[1], name) {
			nth--
		}
		if nth == 0 {
			return n + 1
		}
	}
	return 0
}

// lines returns the place of whole lines. The parser knows no more exact place.
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

// final returns the stage that becomes the image.
func (f *file) final() *instructions.Stage { return &f.stages[len(f.stages)-1] }

// lineage returns the final stage and the stages that it is built from, nearest first. known is true if there is no
// unknown base image: the last stage is built FROM scratch.
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

// commands returns the commands of one kind in a stage, in order.
func commands[C instructions.Command](s *instructions.Stage) []C {
	var out []C
	for _, c := range s.Commands {
		if known, ok := c.(C); ok {
			out = append(out, known)
		}
	}
	return out
}

// last returns the last command of one kind in a stage.
func last[C instructions.Command](s *instructions.Stage) (c C, ok bool) {
	all := commands[C](s)
	if len(all) == 0 {
		return c, false
	}
	return all[len(all)-1], true
}

// Rules returns the rules of Check. The caller must not change them.
func Rules() []*diag.Rule {
	all := []*diag.Rule{Syntax}
	for _, r := range rules {
		all = append(all, &r.Rule)
	}
	return all
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain returns the archive of a rule, like lint.Explain.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}
