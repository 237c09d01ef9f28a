package secret

import "strings"

// A state says how much of a pattern was read up to a place, and over how many line ends that are not the secret's.
type state struct{ i, at, breaks int }

// A match is what was found of a pattern at a place.
type match struct {
	end  int  // the place behind the secret; 0 if it is not there
	sure bool // it is not there by chance
	open bool // it may be there, but the text ends before
	most int  // bytes of it that are there before the text ends
}

// match looks for a pattern that begins with a character that was read already.
func (t *scan) match(p *pattern, first reading) (m match) {
	n := p.takes(0, first)
	if n == 0 {
		return m
	}
	var room [16]state
	todo := append(room[:0], state{n, first.end, 0})
	var seen map[state]bool
	for steps := 0; len(todo) > 0; steps++ {
		s := t.ahead(p, todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		switch {
		case s.i == len(p.text):
			m.end = max(m.end, s.at)
			m.sure = m.sure || s.breaks == 0 || len(p.text) >= long
			continue
		case s.at >= len(t.text):
			m.open, m.most = true, max(m.most, s.i)
			continue
		case steps > len(room):
			if seen == nil {
				seen = map[state]bool{}
			}
			if seen[s] {
				continue
			}
			seen[s] = true
		}
		if isIntro(t.text[s.at]) && t.incomplete(s.at) {
			m.open, m.most = true, max(m.most, s.i)
		}
		todo = t.step(p, s, todo)
	}
	return m
}

// ahead reads on as long as there is only one way to read.
func (t *scan) ahead(p *pattern, s state) state {
	if p.kind != plain {
		return s
	}
	for s.i < len(p.text) && s.at < len(t.text) && t.text[s.at] == p.text[s.i] {
		if c := t.text[s.at]; isIntro(c) || c <= ' ' {
			break
		}
		s.i, s.at = s.i+1, s.at+1
	}
	return s
}

// step adds the states that follow a state.
func (t *scan) step(p *pattern, s state, todo []state) []state {
	t.room = t.read(s.at, maxDepth, t.room[:0])
	for _, r := range t.room {
		n, lineEnd := p.takes(s.i, r), r.value == '\n' || r.value == '\r'
		if n > 0 {
			todo = append(todo, state{s.i + n, r.end, s.breaks})
			if p.loose && p.text[s.i] == ' ' {
				todo = append(todo, state{s.i, r.end, s.breaks})
			}
		}
		if n > 0 && lineEnd {
			todo = t.nextLine(r, state{s.i + n, 0, s.breaks}, todo)
		}
		if lineEnd && s.breaks < p.breaks {
			todo = t.nextLine(r, state{s.i, 0, s.breaks + 1}, todo)
		}
		if p.kind == hexText && s.i%2 == 0 && isSeparator(r.value) {
			todo = append(todo, state{s.i, r.end, s.breaks})
		}
	}
	return todo
}

// isSeparator reports whether dumps write a character between bytes.
func isSeparator(r rune) bool { return r == ' ' || r == ':' || r == '-' || r == ',' }

// nextLine adds a state at the places at which the text of the next line may begin: before it there may be an indentation,
// or what a log writes at the beginning of its lines.
func (t *scan) nextLine(end reading, s state, todo []state) []state {
	s.at = end.end
	if end.value == '\r' && t.peek(s.at) == '\n' {
		s.at++
	}
	todo = append(todo, s)
	for t.peek(s.at) == ' ' || t.peek(s.at) == '\t' {
		s.at++
	}
	todo = append(todo, s)
	if behind := t.logPrefix(s.at); behind > s.at {
		s.at = behind
		todo = append(todo, s)
	}
	return todo
}

// logPrefix returns the place behind what BuildKit writes before a line, "#12 0.345 ", or behind "| " or "> ". If the text
// ends within, it is the end of the text.
func (t *scan) logPrefix(at int) int {
	c := t.peek(at)
	end := at + 1
	switch {
	case c == '|' || c == '>':
		return t.behindBlank(end, at)
	case c != '#':
		return at
	}
	for t.peek(end) >= '0' && t.peek(end) <= '9' {
		end++
	}
	if end = t.behindBlank(end, at); end == at || end == len(t.text) {
		return end
	}
	time := end
	for c := t.peek(end); c >= '0' && c <= '9' || c == '.'; c = t.peek(end) {
		end++
	}
	return t.behindBlank(end, time)
}

// behindBlank returns the place behind a blank, or else the other place. If the text ends there, it is the end of the text.
func (t *scan) behindBlank(at, other int) int {
	switch {
	case at >= len(t.text):
		return len(t.text)
	case t.text[at] == ' ':
		return at + 1
	}
	return other
}

// maxSpelling is more than the bytes in which one character is spelled.
const maxSpelling = 64

// incomplete reports whether the text may end within the spelling of a character.
func (t *scan) incomplete(at int) bool {
	rest := t.text[at:]
	if len(rest) > maxSpelling {
		return false
	}
	within := "0123456789abcdefABCDEFxXuU{}#;&%=\\ampquotslg"
	switch rest[0] {
	case '+':
		return false
	case '\'', '"':
		within = `'"\`
	case '^', 0xef:
		within = "\xbf"
	}
	for _, c := range rest[1:] {
		if strings.IndexByte(within, c) < 0 {
			return false
		}
	}
	return true
}
