package seed

import (
	"bytes"
	"fmt"
	"strings"
)

// placeholderEnds end placeholders that may hold any text: {{ x }}, {% x %}, <% x %> and {# x #}.
var placeholderEnds = [...]string{"}}", "%}", "%>", "#}"}

// A sighting is where a text was found first, at or after an offset.
type sighting struct{ from, at int }

// placeholder skips what a template has in place of a value or member, and reports it.
func (p *parser) placeholder() bool {
	end := p.placeholderEnd()
	if end < 0 {
		return false
	}
	if p.template == nil {
		p.template = &Problem{Span: Span{p.i, end}, Code: CodeTemplate,
			Message: fmt.Sprintf("this is a template: %s stands where JSON has a value or a member", quote(string(p.Text[p.i:end]))),
			Hint:    "fill in the template first, and lint the result"}
	}
	p.i = end
	// What else belongs to the value, as in {{ n }}0.
	for p.i < len(p.Text) && (isWord(p.Text[p.i]) && !p.atOddBlank()) {
		p.i++
	}
	p.lostText, p.lostUntil = true, max(p.lostUntil, p.lineEnd())
	return true
}

// placeholderEnd returns the end of the placeholder at i, or -1 if there is none.
func (p *parser) placeholderEnd() int {
	if p.i+1 >= len(p.Text) || strings.IndexByte("${<%@_#[", p.Text[p.i]) < 0 {
		return -1
	}
	at, second := p.i+2, p.Text[p.i+1]
	switch first := p.Text[p.i]; {
	case first == '$' && second == '{' && at < len(p.Text) && p.Text[at] == '{': // ${{ name }}
		return p.sight(0, at+1)
	case first == '$' && second == '{': // ${NAME}
		return p.until(at, '}', "{}\n")
	case first == '$' && second == '(': // $(NAME)
		return p.until(at, ')', "()\n")
	case first == '$' && isLetter(second): // $NAME
		return p.wordEnd(at)
	case first == '#' && second == '{': // #{NAME}
		return p.until(at, '}', "{}\n\"' ,:#")
	case first == '{' && second == '{': // {{ name }}
		return p.actionEnd(at)
	case first == '{' && second == '%': // {% name %}
		return p.sight(1, at)
	case first == '{' && second == '#': // {# a remark #}
		return p.sight(3, at)
	case first == '{' && isLetter(second): // {NAME}
		if end := p.wordEnd(at); end < len(p.Text) && p.Text[end] == '}' {
			return end + 1
		}
	case first == '[' && second == '[': // [[ NAME ]]
		return p.doubleBracketEnd(at)
	case first == '<' && second == '%': // <% name %>
		return p.sight(2, at)
	case first == '<' && second != '_' && isLetter(second): // <name>
		return p.until(at, '>', "<>\"\n")
	case (first == '%' || first == '@') && isLetterOrDigit(second): // %NAME% and @NAME@
		if end := p.wordEnd(at); end < len(p.Text) && p.Text[end] == first {
			return end + 1
		}
	case first == '_' && second == '_': // __NAME__
		word := p.Text[at:p.wordEnd(at)]
		if n := bytes.LastIndex(word, []byte("__")); n > 0 {
			return at + n + 2
		}
	}
	return -1
}

// actionEnd returns the end of {{ name }}, whose text begins at an offset. JSON may have two brackets in a row, but no name there.
func (p *parser) actionEnd(at int) int {
	if at < len(p.Text) && p.Text[at] == '-' {
		at++
	}
	for at < len(p.Text) && (p.Text[at] == ' ' || p.Text[at] == '\t') {
		at++
		p.ahead++
	}
	if at >= len(p.Text) || !isLetter(p.Text[at]) && strings.IndexByte(".#/>!&$", p.Text[at]) < 0 {
		return -1
	}
	return p.sight(0, at+1)
}

// doubleBracketEnd returns the end of [[ NAME ]], whose text begins at an offset. An array in an array may hold true, false and null.
func (p *parser) doubleBracketEnd(at int) int {
	c, start := p.next(at)
	if !isLetter(c) || otherSpellings[strings.ToLower(string(wordAt(p.Text[start:])))] != "" {
		return -1
	}
	if c, end := p.next(p.wordEnd(start)); c == ']' && end+1 < len(p.Text) && p.Text[end+1] == ']' {
		return end + 2
	}
	return -1
}

// until returns the offset after the first of some characters, which must be a certain one, or -1.
func (p *parser) until(at int, want byte, stops string) int {
	rest := p.Text[at:max(at, p.placeholderLimit())]
	n := bytes.IndexAny(rest, stops)
	p.ahead += n + 1
	if n < 0 || rest[n] != want {
		if n < 0 {
			p.ahead += len(rest)
		}
		return -1
	}
	return at + n + 1
}

// placeholderLimit is where a placeholder at i ends at the latest.
func (p *parser) placeholderLimit() int { return min(p.lineEnd(), p.i+tornBytes) }

// sight returns the offset after the next end of a kind of placeholder, or -1. The end may be far away or missing, and many
// placeholders may begin before it. So it is looked for once.
func (p *parser) sight(kind, at int) int {
	end := placeholderEnds[kind]
	s := &p.ends[kind]
	if at < s.from || at > s.at {
		n := bytes.Index(p.Text[at:], []byte(end))
		if n < 0 {
			n = len(p.Text) - at
		}
		p.ahead += n
		*s = sighting{at, at + n}
	}
	if s.at+len(end) > min(len(p.Text), p.placeholderLimit()) {
		return -1
	}
	return s.at + len(end)
}

// wordEnd returns the end of the letters, digits and underscores at an offset.
func (p *parser) wordEnd(at int) int {
	from, limit := at, p.placeholderLimit()
	for at < limit && isLetterOrDigit(p.Text[at]) {
		at++
	}
	p.ahead += at - from
	return at
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func isLetterAt(text []byte, at int) bool { return at < len(text) && isLetter(text[at]) }

func isLetterOrDigit(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' }
