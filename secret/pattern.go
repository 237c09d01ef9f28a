package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A kind says how the characters of a pattern are compared.
type kind byte

const (
	plain kind = iota
	base64Text
	hexText
)

// A pattern is what is looked for: a secret, or an encoding of it of which every character is known.
type pattern struct {
	text  []byte // never empty; in plain, each blank stands for white space
	kind  kind
	value int // index of the value that it belongs to
	// loose lets a blank stand for any amount of white space.
	loose bool
	// breaks is how many line ends that the secret does not have may be within.
	breaks int
	// common says that our own words may be this.
	common bool
	// doubtful says that it is so short that it may occur by chance.
	doubtful bool
	// lead and trail say that the characters before and behind it hold some bits of the secret.
	lead, trail bool
}

const (
	anyBreaks = 1 << 30
	long      = 8 // bytes: what is longer does not occur by chance, wrapped or not
	// maxWhole is the longest value that is looked for as a whole. Of a longer one, the lines are looked for.
	maxWhole = 16 << 10
	maxPiece = 4 << 10 // of a line; a longer one is looked for in pieces
)

const white = " \t\n\v\f\r"

// patterns returns all that is looked for on behalf of a value.
func patterns(value string) (all []pattern) {
	for _, piece := range pieces(value) {
		all = append(all, plainPattern(piece))
		all = append(all, pattern{text: []byte(hex.EncodeToString([]byte(piece))), kind: hexText, breaks: anyBreaks})
		for _, form := range forms(piece) {
			for offset := range 3 {
				if p, ok := base64Pattern(form, offset); ok {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

// pieces returns the value, and its lines if there are several. It leaves out what is too short.
func pieces(value string) (all []string) {
	whole := strings.Trim(value, white)
	if len(whole) < Min {
		return nil
	}
	lines := strings.FieldsFunc(whole, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(whole) <= maxWhole {
		all = append(all, whole)
		if len(lines) == 1 {
			return all
		}
	}
	for _, line := range lines {
		line = strings.Trim(line, white)
		for len(line) >= Min && wordy(line) {
			n := min(len(line), maxPiece)
			if len(line)-n < Min {
				n = len(line)
			}
			all, line = append(all, line[:n]), line[n:]
		}
	}
	return all
}

// wordy reports whether a line of a secret is more than the punctuation of its format.
func wordy(line string) bool {
	n := 0
	for i := range len(line) {
		if c := line[i]; c >= utf8.RuneSelf || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			n++
		}
	}
	return n >= 2
}

func plainPattern(piece string) pattern {
	p := pattern{breaks: 2, common: isCommon(piece)}
	if joined := strings.Join(strings.FieldsFunc(piece, isWhite), " "); len(joined) >= Min {
		p.text, p.loose = []byte(joined), true
		if len(joined) >= long {
			p.breaks = anyBreaks
		}
		return p
	}
	p.text = []byte(strings.Map(func(r rune) rune {
		if isWhite(r) {
			return ' '
		}
		return r
	}, piece))
	if !utf8.ValidString(piece) { // Map would change it
		p.text = []byte(piece)
	}
	return p
}

func isWhite(r rune) bool { return r < utf8.RuneSelf && strings.IndexByte(white, byte(r)) >= 0 }

// isCommon reports whether our own texts may hold a value: it is a word, or a number.
func isCommon(s string) bool {
	return len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == "" || len(s) <= 8 && strings.Trim(s, "0123456789.:-") == ""
}

// forms returns the texts that are in base64 if a secret is: itself, or quoted in a document.
func forms(piece string) []string {
	all := []string{piece}
	if len(piece) > maxPiece {
		return all
	}
	quoted := strconv.Quote(piece)
	candidates := []string{quoted[1 : len(quoted)-1], percent(piece), base64.StdEncoding.EncodeToString([]byte(piece))}
	if text, err := json.Marshal(piece); err == nil {
		candidates = append(candidates, string(text[1:len(text)-1]))
	}
	for _, c := range candidates {
		if c != piece {
			all = append(all, c)
		}
	}
	return all
}

// percent encodes a text for a URL.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// base64Pattern returns the characters of base64 that a text decides, if so many bytes modulo 3 stand before it.
func base64Pattern(form string, offset int) (pattern, bool) {
	encoded := base64.StdEncoding.EncodeToString([]byte("\x00\x00"[:offset] + form))
	const bits = 6 // of a character
	end := 8 * (offset + len(form))
	first, last := (8*offset+bits-1)/bits, end/bits
	if last-first < Min {
		return pattern{}, false
	}
	p := pattern{text: []byte(encoded[first:last]), kind: base64Text, breaks: anyBreaks, lead: offset > 0, trail: end%bits != 0}
	p.doubtful = len(p.text) < long
	p.common = p.doubtful
	return p, true
}

// begins reports whether a match may begin with a character with that first byte.
func (p *pattern) begins(b byte) bool {
	const replaced = 0xef // begins U+FFFD
	first := p.text[0]
	switch p.kind {
	case base64Text:
		return fold(b) == fold(first)
	case hexText:
		return lower(b) == first
	}
	return b == first || b == replaced && (first < ' ' || first >= 0x7f)
}

// mayGoOn reports whether a byte may be the next one behind the first character. Most are not, and this is quick to see.
func (p *pattern) mayGoOn(b byte) bool {
	return len(p.text) == 1 || p.takes(1, reading{value: rune(b)}) > 0 || isIntro(b) || isWhite(rune(b)) || p.kind == hexText && isSeparator(rune(b))
}

// fold makes one of both alphabets of base64.
func fold(c byte) byte {
	switch c {
	case '-':
		return '+'
	case '_':
		return '/'
	}
	return c
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c | 0x20
	}
	return c
}

// takes returns how many bytes of the pattern, from i on, are what was read; 0 if they differ.
func (p *pattern) takes(i int, r reading) int {
	want := p.text[i]
	if r.value >= utf8.RuneSelf && r.code {
		return p.takesCode(i, r.value)
	}
	c := byte(r.value)
	switch {
	case p.kind == base64Text && fold(c) == fold(want), p.kind == hexText && lower(c) == want, p.kind == plain && c == want,
		p.kind == plain && want == ' ' && isWhite(r.value):
		return 1
	}
	return 0
}

// takesCode is takes for a code point that is not ASCII.
func (p *pattern) takesCode(i int, r rune) int {
	if p.kind != plain {
		return 0
	}
	have, size := utf8.DecodeRune(p.text[i:])
	switch {
	case have == r && size > 1:
		return size
	case r == utf8.RuneError && (size == 1 && have == utf8.RuneError || have < ' ' || have == 0x7f):
		return 1 // writers put it in place of what their format cannot have
	case r == 0xa0 && have == ' ':
		return 1
	}
	return 0
}

// widen adds the characters of base64 that hold some bits of the secret.
func (p *pattern) widen(text []byte, start, end int) (int, int) {
	if p.lead && start > 0 && isBase64(text[start-1]) {
		start--
	}
	if p.trail && end < len(text) && isBase64(text[end]) {
		end++
	}
	return start, end
}

func isBase64(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("+/-_", c) >= 0
}
