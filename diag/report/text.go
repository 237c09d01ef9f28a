package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
)

// TextOptions are options of Text. The zero value is for logs: no excerpts, no colours, no notices, but a summary.
type TextOptions struct {
	// Excerpt shows the line of a diagnostic, with its place underlined.
	Excerpt bool
	// Colour is for terminals.
	Colour bool
	// Verbose shows notices too.
	Verbose bool
	// FixedBy is the command that applies fixes. It is named if there is a fix, and gets a flag for unsafe ones. Default:
	// none.
	FixedBy string
	// NoSummary leaves out the last line, with the counts.
	NoSummary bool
	// Width is the number of columns of an excerpt. Default: 100.
	Width int
}

// maxMessage is how many bytes of a message are printed. Messages quote values, which may be large.
const maxMessage = 2000

// Text writes one line for each diagnostic, in the form that editors and problem matchers know. Other lines follow as
// the options say:
//
//	path:line:col: severity: message [rule-id]
//	    3 |     "name": "My-Job",
//	      |             ^~~~~~~~
//	  hint: write it in lower case
//
// There is no line and column if the text is not available.
func Text(w io.Writer, reports []*diag.Report, opt TextOptions) error {
	b := bufio.NewWriter(w)
	t := &textWriter{Writer: b, TextOptions: opt}
	for _, r := range reports {
		if r == nil {
			continue
		}
		for i := range r.Diagnostics {
			if d := &r.Diagnostics[i]; opt.Verbose || d.Level() != diag.Notice {
				t.diagnostic(r, d)
			}
		}
	}
	if s := summary(reports, opt.Verbose); s != "" && !opt.NoSummary {
		t.line(plain(s))
	}
	return b.Flush()
}

type textWriter struct {
	*bufio.Writer // keeps the first error for Flush
	TextOptions
}

// A part is a piece of a line with its look, as parameters of the terminal's SGR sequence.
type part struct{ text, look string }

func plain(s string) part { return part{s, ""} }

var looks = map[diag.Severity]string{diag.Error: "1;31", diag.Warning: "1;33", diag.Notice: "1;36"}

// line writes the parts, escaped, as one line. It drops colours if the parts only together make a text that Escape
// changes, since the colours would be in the middle of it.
func (t *textWriter) line(parts ...part) {
	var bare, coloured strings.Builder
	for _, p := range parts {
		text := Escape(p.text)
		bare.WriteString(text)
		if p.look != "" {
			text = "\x1b[" + p.look + "m" + text + "\x1b[0m"
		}
		coloured.WriteString(text)
	}
	line := Escape(bare.String())
	if t.Colour && line == bare.String() {
		line = coloured.String()
	}
	t.WriteString(line + "\n")
}

func (t *textWriter) diagnostic(r *diag.Report, d *diag.Diagnostic) {
	place := r.Path
	start, _, ok := position(r, d)
	if ok {
		place = fmt.Sprintf("%s:%d:%d", place, start.Line, start.Column)
	}
	level := d.Level()
	t.line(part{place + ":", "1"}, plain(" "), part{level.String() + ":", looks[level]},
		plain(" "+clip(d.Message)+" "), part{"[" + d.Rule.ID + "]", "2"})
	if t.Excerpt && ok {
		t.excerpt(r, d)
	}
	if text := advice(d.Hint, titles(d)); text != "" {
		label := "  fix:"
		if d.Hint != "" {
			label = "  hint:"
		}
		text = " " + clip(text)
		if len(d.Fixes) > 0 && t.FixedBy != "" {
			by := t.FixedBy
			if d.Fixes[0].Unsafe {
				by += " --unsafe-fixes"
			}
			text += " (" + by + ")"
		}
		t.line(part{label, "1"}, plain(text))
	}
}

// clip cuts s between two code points.
func clip(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	n := maxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// summary returns "1 error, 2 warnings", or "" if there is nothing to count.
func summary(reports []*diag.Report, verbose bool) string {
	errors, warnings, notices := count(reports)
	s := diag.Counts(errors, warnings, notices)
	switch {
	case notices == 1 && !verbose:
		s += " (--verbose shows it)"
	case notices > 1 && !verbose:
		s += " (--verbose shows them)"
	}
	return s
}
