package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/migrate"
)

// person reports whether a person can be asked.
func (p *Process) person() bool {
	_, reads := terminal(p.Stdin)
	_, sees := terminal(p.Stderr)
	return reads && sees
}

func (m *migration) person() bool { return m.format == formatText && m.process.person() }

// asks reports whether there are questions, and a person to answer them.
func (m *migration) asks() bool { return len(m.result.Questions) > 0 && m.person() }

// ask asks the open questions, and converts with the answers.
func (m *migration) ask() error {
	a := newAsker(m.process.Stdin, m.process.Stderr)
	answers, err := a.questions(m.old, m.result, m.answers)
	m.answers, m.asker = answers, a
	return errors.Join(err, m.convert())
}

// An asker asks a person on a terminal.
type asker struct {
	in  *bufio.Reader
	out io.Writer
}

func newAsker(in io.Reader, out io.Writer) *asker { return &asker{bufio.NewReader(in), out} }

// questions asks all questions, and returns the answers with those that were given before. One without an answer stays open.
func (a *asker) questions(old *oldManifest, r *migrate.Result, given []migrate.Answer) ([]migrate.Answer, error) {
	sayf(a.out, "%s is %s. %d to decide; an empty line leaves a question open.", old.path, r.From, len(r.Questions))
	for _, q := range r.Questions {
		for {
			text, err := a.line(question(q))
			if errors.Is(err, io.EOF) {
				return given, nil
			}
			if err != nil {
				return given, err
			}
			if text = strings.TrimSpace(text); text == "" {
				text = q.Suggestion
			}
			if text == "" {
				break
			}
			answer := migrate.Answer{Pointer: q.Pointer, Text: text}
			if why := refuses(old, given, answer); why != "" {
				sayf(a.out, "  %s", why)
				continue
			}
			given = append(given, answer)
			break
		}
	}
	return given, nil
}

func question(q migrate.Question) string {
	message := q.Message
	if i := strings.LastIndex(message, ": --"); i >= 0 {
		message = message[:i] // the flag that answers it elsewhere
	}
	prompt := "\n" + report.Escape(message) + "\n" + report.Escape(string(q.Pointer))
	if q.Suggestion != "" {
		prompt += " [" + report.Escape(q.Suggestion) + "]"
	}
	return prompt + ": "
}

// refuses says why an answer cannot be taken; "" if it can.
func refuses(old *oldManifest, given []migrate.Answer, answer migrate.Answer) string {
	if err := checkEmail(answer.Text); answer.Pointer == atEmail && err != nil {
		return err.Error()
	}
	r, err := migrate.Convert(old.doc, append(given[:len(given):len(given)], answer))
	var wrong *migrate.AnswerError
	if errors.As(err, &wrong) && wrong.Pointer == answer.Pointer {
		return err.Error()
	}
	if err != nil || r == nil {
		return ""
	}
	for _, m := range r.Manifests {
		found := lintNew(m)
		for i := range found.Diagnostics {
			if d := &found.Diagnostics[i]; d.Level() == diag.Error && d.Pointer == answer.Pointer {
				return d.Message
			}
		}
	}
	return ""
}

// line prints a prompt and reads a line. An interruption ends it, since standard input is interruptible.
func (a *asker) line(prompt string) (string, error) {
	if _, err := fmt.Fprint(a.out, prompt); err != nil {
		return "", err
	}
	text, err := a.in.ReadString('\n')
	if text != "" && errors.Is(err, io.EOF) {
		err = nil
	}
	return text, err
}

// agrees asks whether files are to be written. An empty line means yes, and the end of the input no.
func (a *asker) agrees(paths []string) (bool, error) {
	text, err := a.line("\nwrite " + report.Escape(strings.Join(paths, ", ")) + "? [Y/n] ")
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "y", "yes":
		if err == nil {
			return true, nil
		}
	}
	sayf(a.out, "nothing is written")
	return false, nil
}

// comparison shows how a new manifest differs from the old one. If they have no member in common, it is the new one alone.
func (m *migration) comparison(manifest *migrate.Manifest, target string) string {
	text := string(diff.Diff(m.old.path, manifest.Old(m.old.doc.Source), target, manifest.Text()))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") && strings.Contains(line, `"`) {
			return escapeDiff(text)
		}
	}
	return report.EscapeLines(target) + ":\n" + string(report.EscapeJSON(manifest.Text()))
}

// offers reports whether there is a person who sees the new manifests and can be asked where to write them.
func (m *migration) offers() bool {
	_, sees := terminal(m.process.Stdout)
	return sees && m.person() && !m.dockerfile && (m.result.From.Old() || len(m.result.Changes) > 0)
}

// askTargets asks for the directory that no flag has named, and returns the files to write; nil if nothing is to be written.
func (m *migration) askTargets() ([]string, error) {
	if m.asker == nil {
		m.asker = newAsker(m.process.Stdin, m.process.Stderr)
	}
	for {
		text, err := m.asker.line("\nwrite it to which directory? (empty: to none) ")
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if m.outDir = strings.TrimSpace(text); m.outDir == "" {
			sayf(m.process.Stderr, "nothing is written: -o DIR writes it%s", m.answered())
			return nil, nil
		}
		var targets []string
		wrong := m.process.roots.Check(m.outDir)
		if wrong == nil {
			if targets, wrong = m.targets(); wrong == nil {
				return targets, nil
			}
		}
		if !exit.IsUsage(wrong) || err != nil {
			return nil, wrong
		}
		sayf(m.process.Stderr, "  %s", wrong.Error())
	}
}

// answered returns the flags that give the same answers again; empty if nothing was asked.
func (m *migration) answered() string {
	var b strings.Builder
	for _, a := range m.answers {
		b.WriteString(" --set " + command.Quote(string(a.Pointer)+"="+a.Text))
	}
	if b.Len() == 0 {
		return ""
	}
	return ", and these are the answers:" + b.String()
}

// confirm shows how the new manifests differ from the old one, and asks whether to write them.
func (m *migration) confirm(targets []string) (bool, error) {
	for i, manifest := range m.result.Manifests {
		if _, err := fmt.Fprint(m.process.Stderr, "\n"+m.comparison(manifest, targets[i])); err != nil {
			return false, err
		}
	}
	if m.asker == nil {
		m.asker = newAsker(m.process.Stdin, m.process.Stderr)
	}
	return m.asker.agrees(targets)
}
