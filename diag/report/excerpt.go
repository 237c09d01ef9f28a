package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/seedpack/seedpack/diag"
)

const (
	defaultWidth = 100
	tabWidth     = 4
	// contextColumns is how many columns of a cut line are shown before the place.
	contextColumns = 30
)

// excerpt writes the line on which d starts and underlines its place on that line.
func (t *textWriter) excerpt(r *diag.Report, d *diag.Diagnostic) {
	src, at := r.Source, r.Place(d)
	number := src.Position(at.Start).Line
	line := src.Line(number)
	if line.End == line.Start {
		return
	}
	start := min(at.Start, line.End)
	end := max(min(at.End, line.End), start)
	if at.End > line.End {
		// For a value of several lines, only the start is underlined: all of it would say no more.
		end = min(start+1, line.End)
	}
	head, place, tail := string(src.Text[line.Start:start]), string(src.Text[start:end]), string(src.Text[end:line.End])
	head, from := show(head, 0)
	place, to := show(place, from)
	tail, _ = show(tail, to)
	room := t.Width
	if room <= 0 {
		room = defaultWidth
	}
	text, skipped := window(head+place+tail, from, room)
	from, to = from-skipped, min(to-skipped, room)
	gutter := strings.Repeat(" ", max(4-len(strconv.Itoa(number)), 0)) + strconv.Itoa(number)
	t.line(part{gutter + " | ", "2"}, plain(text))
	t.line(part{strings.Repeat(" ", len(gutter)) + " | ", "2"}, plain(strings.Repeat(" ", from)),
		part{"^" + strings.Repeat("~", max(to-from-1, 0)), "1;32"})
}

// show returns s as it looks from this column on: escaped, with blanks for tabs. It also returns the column after it.
func show(s string, column int) (string, int) {
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		seen := string(r)
		switch {
		case r == '\t':
			seen = strings.Repeat(" ", tabWidth-column%tabWidth)
		case r == utf8.RuneError && size == 1, invisible(r):
			seen = Escape(s[i : i+size])
		}
		b.WriteString(seen)
		column += columns(seen)
	}
	return b.String(), column
}

// Columns returns the number of columns of an escaped text on a terminal.
func Columns(s string) int { return columns(s) }

// columns returns the number of columns of s on a terminal.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// window cuts s to a number of columns that include column from. It also returns how many columns it cut at the start.
// An ellipsis marks each cut.
func window(s string, from, room int) (string, int) {
	if columns(s) <= room {
		return s, 0
	}
	skipped := 0
	if from > room-contextColumns {
		s, skipped = cutFront(s, from-contextColumns)
	}
	if columns(s) > room {
		s = cutBack(s, room-1) + "…"
	}
	return s, skipped
}

// cutFront cuts at least n columns and puts an ellipsis there.
func cutFront(s string, n int) (string, int) {
	cut := 0
	for i, r := range s {
		// A combining character belongs to the one before it.
		if w := runeColumns(r); cut > n && w > 0 {
			return "…" + s[i:], cut - 1
		} else {
			cut += w
		}
	}
	return "…", cut - 1
}

// cutBack keeps at most n columns.
func cutBack(s string, n int) string {
	kept := 0
	for i, r := range s {
		if kept += runeColumns(r); kept > n {
			return s[:i]
		}
	}
	return s
}
