package seed

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// blanks skips white space. It also skips what is none in JSON, such as comments and no-break spaces, and reports it.
func (p *parser) blanks() {
	for p.i < len(p.Text) {
		switch c := p.Text[p.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.i++
		case c == '#' && p.placeholderEnd() > 0:
			return
		case c == '#', bytes.HasPrefix(p.rest(), []byte("//")):
			p.comment(p.lineEnd(), true)
		case bytes.HasPrefix(p.rest(), []byte("/*")):
			n := bytes.Index(p.rest()[2:], []byte("*/"))
			if n < 0 {
				p.comment(len(p.Text), false)
			} else {
				p.comment(p.i+n+4, true)
			}
		case c < ' ' || c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(p.rest())
			if r == utf8.RuneError && size == 1 && c == latinBlank {
				r = -latinBlank
			} else if !oddBlank(r) {
				return
			}
			if r == escape {
				size = sequence(p.rest())
			}
			p.odd(r, size)
			p.i += size
		default:
			return
		}
	}
}

// oddBlank reports whether a character looks like white space, or like nothing, but is no white space in JSON.
func oddBlank(r rune) bool {
	switch {
	case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == utf8.RuneError:
		return false
	case r < ' ':
		return true
	}
	return r > unicode.MaxASCII && (unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Zs))
}

// latinBlank is a no-break space in a text that is Latin-1, where it is no UTF-8.
const latinBlank = 0xa0

const escape = '\x1b'

// sequence returns the size of the escape sequence of a terminal at the beginning of a text, as ESC [ 31 m.
func sequence(text []byte) int {
	if len(text) < 2 || text[1] != '[' {
		return 1
	}
	for n := 2; n < len(text); n++ {
		if c := text[n]; (c < '0' || c > '9') && c != ';' {
			if c|0x20 >= 'a' && c|0x20 <= 'z' {
				return n + 1
			}
			break
		}
	}
	return 1
}

// An oddity is all of one odd blank in a text. It is one problem, however often the character is there.
type oddity struct {
	problem int // index in Problems
	count   int
}

// odd records the odd blank at i. Its fix is a blank, or nothing for a character without width.
func (p *parser) odd(r rune, size int) {
	at := Span{p.i, p.i + size}
	edit := Edit{at, " "}
	if r >= 0 && r < ' ' && r != '\v' && r != '\f' || unicode.Is(unicode.Cf, r) {
		edit.New = ""
	}
	if o, known := p.oddities[r]; known {
		o.count++
		if pr := &p.Problems[o.problem]; pr.Span.End == at.Start {
			pr.Span.End = at.End
		}
		p.Problems[o.problem].Edits = append(p.Problems[o.problem].Edits, edit)
		return
	}
	if p.full() {
		return
	}
	if p.oddities == nil {
		p.oddities = map[rune]*oddity{}
	}
	p.oddities[r] = &oddity{problem: len(p.Problems), count: 1}
	title := "Write a blank"
	if edit.New == "" {
		title = "Remove it"
	}
	p.Problems = append(p.Problems, Problem{Span: at, Code: CodeBlank, Fix: title, Edits: []Edit{edit}})
}

// describeOddities writes the messages of odd blanks, which say how many there are.
func (p *parser) describeOddities() {
	for r, o := range p.oddities {
		pr := &p.Problems[o.problem]
		pr.Message = fmt.Sprintf("%s outside of a string, which is no white space in JSON", blankName(r))
		if o.count > 1 {
			pr.Message += fmt.Sprintf(" (the first of %d)", o.count)
		}
	}
}

func blankName(r rune) string {
	if r == -latinBlank {
		return "a no-break space of Latin-1 (byte 0xa0)"
	}
	name := map[rune]string{'\u00a0': "a no-break space", '\u202f': "a narrow no-break space", '\u200b': "a zero-width space",
		'\ufeff': "a byte order mark inside of the file", '\u3000': "an ideographic space", '\u00ad': "a soft hyphen",
		escape: "an escape sequence of a terminal", '\u2028': "a line separator", '\u2029': "a paragraph separator", '\f': "a form feed", '\v': "a vertical tab"}[r]
	if name == "" {
		name = "a character that cannot be seen"
	}
	return fmt.Sprintf("%s (U+%04X)", name, r)
}

// lineEnd returns the end of the line at i, without its line break.
func (p *parser) lineEnd() int {
	line := p.line(p.i)
	if line == len(p.lines) {
		return len(p.Text)
	}
	end := p.lines[line] - 1
	if end > p.i && p.Text[end-1] == '\r' {
		end--
	}
	return end
}

func (p *parser) comment(end int, closed bool) {
	pr := Problem{Span: Span{p.i, end}, Code: CodeComment, Message: "a comment, which JSON does not have"}
	if closed {
		pr.Fix, pr.Unsafe, pr.Edits = "Remove the comment", true, []Edit{p.removeComment(p.i, end)}
	} else {
		pr.Message = "a comment that is never closed; JSON has no comments"
		p.stopped, p.lostText = true, true
	}
	p.problem(pr)
	p.i = end
}

// removeComment removes a comment, and its whole line if nothing else is there. It leaves a blank if two words would
// join.
func (p *parser) removeComment(start, end int) Edit {
	line := start
	for line > 0 && (p.Text[line-1] == ' ' || p.Text[line-1] == '\t') {
		line--
	}
	next := end
	if bytes.HasPrefix(p.Text[next:], []byte("\r")) {
		next++
	}
	endsLine := bytes.HasPrefix(p.Text[next:], []byte("\n"))
	switch {
	case endsLine && (line == 0 || p.Text[line-1] == '\n'):
		return Edit{Span{line, next + 1}, ""}
	case endsLine || end == len(p.Text):
		return Edit{Span{line, end}, ""}
	case line == start && start > 0 && isWord(p.Text[start-1]) && isWord(p.Text[end]):
		return Edit{Span{start, end}, " "}
	}
	return Edit{Span{start, end}, ""}
}

// next returns the first byte at or after an offset that is no blank, and its offset. A line break counts, and the end
// of the text is 0.
func (p *parser) next(at int) (byte, int) {
	from := at
	for at < len(p.Text) && (p.Text[at] == ' ' || p.Text[at] == '\t' || p.Text[at] == '\r') {
		at++
	}
	p.ahead += at - from + 1
	if at < len(p.Text) {
		return p.Text[at], at
	}
	return 0, at
}
