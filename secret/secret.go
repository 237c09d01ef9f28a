// Package secret finds the values of secrets in text, however they are spelled there, and redacts them. It is the only
// place that does so: for what a job prints, for messages, and for whatever is formatted of them.
//
// A value is found raw, quoted or escaped (Go, JSON, YAML, shell, C), as an entity of XML, URL-encoded, in base64 and in
// hexadecimal, also if these are nested or if the text is wrapped. Each line of a value with several lines is a secret, too.
//
// It is not found if a program has changed it in any other way: compressed, encrypted, reversed.
//
// # Short values
//
// A value of fewer than Min bytes, without the white space around it, is not redacted. It is in every text by chance. To
// redact it there would tell the value, since a reader knows what the text should be, and would make the text useless.
//
// Words and small numbers, such as "error" or "8080", are redacted in foreign text (Hide). They are not redacted again
// after formatting (HideAgain), where our own words and numbers stand between foreign ones, for the same reason.
package secret

import (
	"bytes"
	"slices"
)

// Min is how many bytes a value needs to be redacted.
const Min = 4

// Mask is what stands in place of a secret.
const Mask = "***"

// A Redactor redacts a fixed number of secrets. It may be used by several goroutines. The zero value redacts nothing.
type Redactor struct {
	patterns []pattern
	begins   [256][]int // indexes of patterns, by the first byte that they match
	wanted   [256]bool  // bytes at which a secret can begin in a text
}

// New returns a redactor of some values. Values that are too short are left out.
func New(values ...string) *Redactor {
	r := &Redactor{}
	for i, value := range values {
		seen := map[string]bool{}
		for _, p := range patterns(value) {
			if key := string(rune(p.kind)) + string(p.text); !seen[key] {
				seen[key] = true
				p.value = i
				r.add(p)
			}
		}
	}
	return r
}

func (r *Redactor) add(p pattern) {
	for b := range 256 {
		if p.begins(byte(b)) {
			r.begins[b] = append(r.begins[b], len(r.patterns))
			r.wanted[b] = true
		}
	}
	if len(r.patterns) == 0 {
		for b := range 256 {
			r.wanted[b] = r.wanted[b] || isIntro(byte(b))
		}
	}
	r.patterns = append(r.patterns, p)
}

// Hide redacts all secrets in a foreign text.
func (r *Redactor) Hide(text string) string { return r.hide(text, every) }

// HideAgain redacts the secrets in a text that holds our own words, too. It leaves alone secrets that may be such words.
func (r *Redactor) HideAgain(text string) string { return r.hide(text, uncommon) }

// HideCut is Hide for a text of which the end may be missing: it redacts the beginning of a secret at the end.
func (r *Redactor) HideCut(text string) string {
	if r == nil || len(r.patterns) == 0 {
		return text
	}
	s := r.search([]byte(text), every)
	if at := s.cut; at < len(text) {
		s.found = append(s.found, span{at, len(text)})
	}
	return string(mask([]byte(text), s.found))
}

func (r *Redactor) hide(text string, only func(*pattern) bool) string {
	if r == nil || len(r.patterns) == 0 || !r.mayHold(text) {
		return text
	}
	b := []byte(text)
	found := r.search(b, only).found
	if len(found) == 0 {
		return text
	}
	return string(mask(b, found))
}

func (r *Redactor) mayHold(text string) bool {
	for i := range len(text) {
		if r.wanted[text[i]] {
			return true
		}
	}
	return false
}

func every(*pattern) bool      { return true }
func uncommon(p *pattern) bool { return !p.common }

// A span is the part of a text that holds a secret.
type span struct{ start, end int }

// mask puts the mask in place of the spans. Those that overlap get one mask together.
func mask(text []byte, found []span) []byte {
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	var out bytes.Buffer
	at := 0
	for i := 0; i < len(found); {
		start, end := found[i].start, found[i].end
		for i++; i < len(found) && found[i].start < end; i++ {
			end = max(end, found[i].end)
		}
		out.Write(text[at:start])
		out.WriteString(Mask)
		at = end
	}
	out.Write(text[at:])
	return out.Bytes()
}

// A result is what a search found.
type result struct {
	found []span
	// values are the indexes of the values that were found, and not by chance. Each occurs once.
	values []int
	// cut is where a secret begins of which at least Min bytes are there before the text ends; the length if none does.
	cut int
	// open is where the first secret may begin that is not complete yet; the length if none does.
	open int
}

// search finds all secrets that a filter lets pass.
func (r *Redactor) search(text []byte, only func(*pattern) bool) result {
	s := result{cut: len(text), open: len(text)}
	t := scan{text: text}
	var buf []reading
	for at := 0; at < len(text); at++ {
		c := text[at]
		if !r.wanted[c] {
			continue
		}
		if c == '\\' {
			at = max(at, endOfRun(text, at)-maxRun)
		}
		if isIntro(c) && t.incomplete(at) {
			s.open = min(s.open, at)
			if at > 0 && isBase64(text[at-1]) {
				s.open = min(s.open, at-1)
			}
		}
		buf = t.read(at, maxDepth, buf[:0])
		for _, first := range buf {
			for _, i := range r.begins[first.firstByte()] {
				p := &r.patterns[i]
				if plain := !isIntro(c) && at+1 < len(text); plain && !p.mayGoOn(text[at+1]) {
					continue
				}
				if only(p) {
					s.try(&t, p, at, first)
				}
			}
		}
	}
	return s
}

func (s *result) try(t *scan, p *pattern, at int, first reading) {
	m := t.match(p, first)
	if m.end > at {
		start, end := p.widen(t.text, at, m.end)
		if n := len(s.found); n == 0 || s.found[n-1].start > start || s.found[n-1].end < end {
			s.found = append(s.found, span{start, end})
		}
		if m.sure && !p.doubtful && !slices.Contains(s.values, p.value) {
			s.values = append(s.values, p.value)
		}
	}
	if m.open || p.trail && m.end == len(t.text) {
		s.open = min(s.open, at)
		if p.lead && at > 0 {
			s.open = min(s.open, at-1)
		}
		if m.open && m.most >= Min {
			s.cut = min(s.cut, at)
		}
	}
}

// endOfRun returns the end of a run of equal bytes.
func endOfRun(text []byte, at int) int {
	c := text[at]
	for at < len(text) && text[at] == c {
		at++
	}
	return at
}
