package seed

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/internal/lazy"
)

// Strings that are torn: a quote that is missing, or one too many. Each is one problem, up to the quote that closes the
// string. The text of such a string is a guess, so its value is not judged.

// Limits of the search for the quote that closes a torn string.
const (
	tornLines = 100
	tornBytes = 8 << 10
)

// structure matches a quote with what is next to it between members and elements.
var structure = lazy.Regexp(`"[ \t]*[:{}\[\]]|[:,{\[][ \t]*"`)

// closing returns the offset of the next quote at or after an offset, on the same line. It passes over escaped ones.
// If there is none, it returns the end of the line.
func (p *parser) closing(at int) (quote int, ok bool) { return p.closingBefore(at, len(p.Text)) }

// closingBefore is closing in the text before an offset, which it returns if there is neither a quote nor the end of the line.
func (p *parser) closingBefore(at, end int) (quote int, ok bool) {
	from := at
	defer func() { p.ahead += quote - from + 1 }()
	for ; at < end && p.Text[at] != '\n'; at++ {
		switch p.Text[at] {
		case '"':
			return at, true
		case '\\':
			if at+1 < len(p.Text) && p.Text[at+1] != '\n' {
				at++
			}
		}
	}
	return at, false
}

// endsWell reports whether what follows a quote can follow a string. A missing comma is a problem of its own.
func (p *parser) endsWell(quote int) bool {
	c, at := p.next(quote + 1)
	switch {
	case c == '"' && p.inObject() && !p.isName(at):
		return false // it cannot be the next member
	case c == ';':
		return p.semicolon(at)
	case c >= utf8.RuneSelf:
		_, ok := p.wide(at, wideCommas+wideColons)
		return ok
	}
	return !isWord(c) && strings.IndexByte("!%&()*;<=>?@^`|~\\", c) < 0 || c == 0
}

// endsValue reports whether the quote at an offset ends a value, judged by what follows.
func (p *parser) endsValue(quote int) bool {
	c, at := p.next(quote + 1)
	switch c {
	case 0, '\n', '}', ']':
		return true
	case ',':
		return p.startsElement(at + 1)
	}
	return false
}

// startsElement reports whether an element of the innermost container may begin at an offset.
func (p *parser) startsElement(at int) bool {
	c, at := p.next(at)
	switch {
	case c == 0 || c == '\n' || c == '}' || c == ']':
		return true
	case p.inObject():
		return c == '"' && p.isName(at)
	}
	return strings.IndexByte(`"{[-0123456789tfn`, c) >= 0
}

func (p *parser) inObject() bool { return len(p.open) > 0 && p.open[len(p.open)-1] == '}' }

// isName reports whether a name of a member, with its colon, begins at an offset.
func (p *parser) isName(at int) bool {
	quote, ok := p.closing(at + 1)
	if !ok {
		return false
	}
	c, _ := p.next(quote + 1)
	return c == ':'
}

// torn reads the value at i if it is a torn string. Ok is false if it is closed as it should be, or not at all.
func (p *parser) torn() (text string, ok bool) {
	start := p.i
	quote, closed := p.closing(start + 1)
	switch {
	case start < p.searched || p.full():
		return "", false
	case !closed && quote < len(p.Text):
		return p.lineBreak(start, quote)
	case !closed:
		return "", false
	}
	if text, ok := p.joined(start, quote); ok {
		return text, true
	}
	if p.endsWell(quote) {
		return "", false
	}
	return p.innerQuotes(start, quote), true
}

// innerQuotes reads a string with quotes in it. The first is at the given offset. It takes the rest of the line if no
// quote on it can close the string.
func (p *parser) innerQuotes(start, first int) string {
	inner := []int{first}
	for at := first + 1; at < min(len(p.Text), first+tornBytes); {
		quote, ok := p.closing(at)
		if !ok {
			break
		}
		if c, _ := p.next(quote + 1); c == ':' && p.inObject() {
			if text, ok := p.unclosedBefore(start, inner[len(inner)-1]); ok {
				return text
			}
		}
		last := inner[len(inner)-1] // what is before it was looked at already
		if p.ahead += quote - last; structure().Match(p.Text[last : quote+1]) {
			break // that is JSON, and not text with quotes in it
		}
		if p.endsValue(quote) {
			return p.escapeInner(start, inner, quote)
		}
		inner, at = append(inner, quote), quote+1
	}
	p.searched = first + tornBytes
	end := p.lineEnd()
	p.lost(Problem{Span: Span{first, end}, Code: CodeString, Message: "this quote ends the string, but text follows it",
		Hint: `inside of a string, a quote is written \"`})
	p.i = start + len(bytes.TrimRight(bytes.TrimRight(p.Text[start:end], " \t"), ","))
	return string(p.Text[start+1 : max(p.i, start+1)])
}

// escapeInner reports quotes inside of a string that ends at the given offset.
func (p *parser) escapeInner(start int, inner []int, end int) string {
	last := inner[len(inner)-1]
	at := Span{inner[0] + 1, last}
	if len(inner) == 1 {
		at = Span{inner[0], inner[0] + 1}
	}
	pr := Problem{Span: at, Code: CodeString, Message: "quotes inside of a string, each should be written \\\"",
		Fix: `Write \" for each`, Unsafe: true}
	if len(inner) == 1 {
		pr.Message, pr.Fix = `a quote inside of a string, it should be written \"`, `Write \"`
	}
	for _, quote := range inner {
		pr.Edits = append(pr.Edits, Edit{Span{quote, quote}, `\`})
	}
	p.problem(pr)
	p.i = end + 1
	return string(p.Text[start+1 : end])
}

// unclosedBefore reads a string whose quote is missing before the comma in front of the next name, which begins at the
// given quote.
func (p *parser) unclosedBefore(start, name int) (string, bool) {
	text := bytes.TrimRight(p.Text[start:name], " \t")
	if !bytes.HasSuffix(text, []byte(",")) {
		return "", false
	}
	p.i = start + len(text) - 1
	p.problem(Problem{Span: Span{start, p.i}, Code: CodeUnclosed, Message: "string is not closed before the next member",
		Fix: "Close the string", Unsafe: true, Edits: []Edit{{Span{p.i, p.i}, `"`}}})
	return string(p.Text[start+1 : p.i]), true
}

// lineBreak reads a string that goes on in the lines below. Ok is false if it is not closed there: its quote is missing.
func (p *parser) lineBreak(start, end int) (text string, ok bool) {
	if bytes.HasSuffix(bytes.TrimRight(p.Text[start:end], " \t\r"), []byte(",")) {
		return "", false
	}
	quote := end
	for range tornLines {
		if c, _ := p.next(quote + 1); c == 0 || strings.IndexByte(`"{}[]`, c) >= 0 && quote == end {
			return "", false // the next line is one of JSON
		}
		at, closed := p.closing(quote + 1)
		if closed && p.endsValue(at) {
			return p.escapeBreaks(start, at), true
		}
		if quote = at; closed || at >= len(p.Text) || at-start > tornBytes {
			break
		}
	}
	p.searched = quote
	return "", false
}

// escapeBreaks reports a string with line breaks, which ends at the given offset.
func (p *parser) escapeBreaks(start, end int) string {
	pr := Problem{Span: Span{start, end + 1}, Code: CodeString, Message: `a line break in a string, it should be written \n`,
		Fix: `Write \n`, Unsafe: true}
	for at := start + 1; at < end; at++ {
		switch c := p.Text[at]; {
		case c == '\\' && at+1 < end && p.Text[at+1] > ' ':
			at++ // an escape sequence
		case c == '\\' && lineBreakAt(p.Text[at+1:end]) > 0: // JavaScript and shells go on in the next line
			n := 1 + lineBreakAt(p.Text[at+1:end])
			pr.Message, pr.Fix = "a string that goes on in the next line, which JSON does not have", "Join the lines"
			pr.Edits = append(pr.Edits, Edit{Span{at, at + n}, ""})
			at += n - 1
		case c == '\n' && at > start+1 && p.Text[at-1] == '\r':
			pr.Edits = append(pr.Edits, Edit{Span{at - 1, at + 1}, `\n`})
		case c < ' ' && c != '\r':
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, controlEscape(rune(c))})
		}
	}
	p.problem(pr)
	p.i = end + 1
	return string(p.Text[start+1 : end])
}

// lineBreakAt returns the size of the line break at the beginning of a text, or 0.
func lineBreakAt(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("\n")):
		return 1
	case bytes.HasPrefix(text, []byte("\r\n")):
		return 2
	}
	return 0
}

// unclosedName reads a name whose closing quote is missing, as in "title: 1. It leaves i at what follows the name.
func (p *parser) unclosedName() (name string, ok bool) {
	start := p.i
	end := start + 1
	for end < len(p.Text) && isWord(p.Text[end]) {
		end++
	}
	if end == start+1 || end >= len(p.Text) {
		return "", false
	}
	if other := p.Text[end]; (other == '"' || other == '\'') && other != p.Text[start] {
		return p.mixedName(start, end)
	}
	if c, _ := p.next(end); c != ':' || p.Text[start] != '"' || p.isName(start) {
		return "", false
	}
	p.i = end
	if last, size := utf8.DecodeLastRune(p.Text[start:end]); strings.ContainsRune(typographicQuotes, last) && last != utf8.RuneError {
		p.problem(Problem{Span: Span{start, end}, Code: CodeQuote, Message: "a typographic quote ends this name, JSON has straight ones",
			Fix: "Write a straight quote", Edits: []Edit{{Span{end - size, end}, `"`}}})
		return string(p.Text[start+1 : end-size]), true
	}
	p.problem(Problem{Span: Span{start, end}, Code: CodeUnclosed, Message: fmt.Sprintf("the name %s is not closed, a quote is missing after it", p.Text[start:end]),
		Fix: "Close the name", Edits: []Edit{{Span{end, end}, `"`}}})
	return string(p.Text[start+1 : end]), true
}

// mixedName reads a name in two kinds of quotes. The second is at the given offset.
func (p *parser) mixedName(start, end int) (name string, ok bool) {
	if c, _ := p.next(end + 1); c != ':' || p.Text[start] == '"' && p.isName(start) {
		return "", false
	}
	p.i = end + 1
	wrong := start
	if p.Text[start] == '"' {
		wrong = end
	}
	p.problem(Problem{Span: Span{start, p.i}, Code: CodeQuote, Message: "a name in two kinds of quotes, JSON has double quotes",
		Fix: "Put it in double quotes", Edits: []Edit{{Span{wrong, wrong + 1}, `"`}}})
	return string(p.Text[start+1 : end]), true
}

// strayQuote skips a quote before a name, with nothing but blanks between the two.
func (p *parser) strayQuote() bool {
	c, at := p.next(p.i + 1)
	if c == '\n' {
		c, at = p.nextAnywhere(at)
	}
	if c != '"' || !p.isName(at) || at == p.i+1 && at+1 < len(p.Text) && !isWord(p.Text[at+1]) {
		return false
	}
	if c, _ := p.next(at + 1); c == ':' {
		return false // the name is empty, or blanks
	}
	p.problem(Problem{Span: Span{p.i, p.i + 1}, Code: CodeQuote, Message: "a quote with nothing in it before a name",
		Fix: "Remove it", Unsafe: true, Edits: []Edit{{Span{p.i, p.i + 1}, ""}}})
	p.i = at
	return true
}

// innerName goes on to the end of a name with quotes in it, if i is behind the first of them.
func (p *parser) innerName(start int) {
	c, at := p.next(p.i)
	if c|0x20 < 'a' || c|0x20 > 'z' || otherSpellings[strings.ToLower(string(wordAt(p.Text[at:])))] != "" {
		return
	}
	quote, ok := p.closing(max(p.i, p.namesSearched))
	for ; ok && quote-start <= tornBytes; quote, ok = p.closing(quote + 1) {
		if c, _ := p.next(quote + 1); c == ':' {
			p.lostText = true
			p.problem(Problem{Span: Span{start, quote + 1}, Code: CodeName, Message: "a quote inside of a name"})
			p.i = quote + 1
			return
		}
	}
	p.namesSearched = max(p.namesSearched, quote)
}

// wordAt returns the letters at the beginning of a text.
func wordAt(text []byte) []byte {
	n := 0
	for n < len(text) && n < tornBytes && isWord(text[n]) {
		n++
	}
	return text[:n]
}

// nameGoesOn matches the rest of a name that was broken by a line break.
var nameGoesOn = lazy.Regexp(`^\r?\n[ \t]*[\w-]*"[ \t]*:`)

// tornName goes on behind a name that ended at i, if a second quote or a line break tears it.
func (p *parser) tornName(start int) {
	if c, _ := p.next(p.i + 1); p.peek() == '"' && c == ':' {
		p.problem(Problem{Span: Span{p.i, p.i + 1}, Code: CodeQuote, Message: "a second quote after this name",
			Fix: "Remove it", Unsafe: true, Edits: []Edit{{Span{p.i, p.i + 1}, ""}}})
		p.i++
		return
	}
	if p.unfinished != p.i {
		return
	}
	rest := p.rest()
	if m := nameGoesOn().Find(rest[:min(len(rest), 200)]); m != nil {
		p.lostText = true
		p.i += len(m) - 1
	}
}
