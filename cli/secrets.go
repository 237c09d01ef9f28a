package cli

import (
	"bytes"
	"io"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/secret"
)

// Secrets are redacted where a text comes from: in what a job or a step prints, in messages, in errors. Here they are
// redacted once more in what is printed and written of it, in which other texts may have joined.

// hidden writes a whole document with secrets redacted.
func hidden(w io.Writer, hide func([]byte) []byte, write func(io.Writer) error) error {
	var document bytes.Buffer
	if err := write(&document); err != nil {
		return err
	}
	_, err := w.Write(hide(document.Bytes()))
	return err
}

// lines returns a function that redacts secrets in lines of text.
func lines(secrets *secret.Set) func([]byte) []byte {
	return func(text []byte) []byte { return []byte(secrets.HideAgain(string(text))) }
}

// encode writes a JSON document. A catalogue may be large: it is copied only if there is something to redact.
func (p *Process) encode(w io.Writer, doc any) error {
	if p.secrets.None() {
		return report.Encode(w, doc)
	}
	return hidden(w, p.secrets.HideJSON, func(w io.Writer) error { return report.Encode(w, doc) })
}

// results returns standard output for lines of text. What commands print there for programs is redacted by its format.
func (p *Process) results() io.Writer { return &hidingWriter{p.Stdout, p.secrets} }

// A hidingWriter redacts secrets in each text that is written. Commands write whole lines.
type hidingWriter struct {
	next    io.Writer
	secrets *secret.Set
}

func (w *hidingWriter) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.next, w.secrets.HideAgain(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// log returns where the progress of builds is shown. It needs the terminal itself, if that is where it is shown; what is
// shown of a build has been redacted before.
func (p *Process) log() io.Writer {
	if hiding, ok := p.Stderr.(*hidingWriter); ok {
		if _, person := terminal(hiding.next); person {
			return hiding.next
		}
	}
	return p.Stderr
}
