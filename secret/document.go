package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// HideJSON is HideAgain for the strings of a JSON document. It stays a document, since names, numbers and what JSON
// escapes stay what they are.
func (s *Set) HideJSON(text []byte) []byte {
	r := s.Redactor()
	if len(r.patterns) == 0 {
		return text
	}
	var out bytes.Buffer
	for at := 0; at < len(text); {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			out.Write(text[at:])
			break
		}
		out.Write(text[at : at+quote])
		at += quote
		end := endOfString(text, at)
		literal := text[at:end]
		if behind := bytes.TrimLeft(text[end:], " \t\r\n"); len(behind) == 0 || behind[0] != ':' {
			literal = r.hideString(literal)
		}
		out.Write(literal)
		at = end
	}
	return out.Bytes()
}

// endOfString returns the place behind a string of JSON.
func endOfString(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(text)
}

// hideString redacts a string of JSON. The new string has no character that some reader of the document may act on.
func (r *Redactor) hideString(literal []byte) []byte {
	var value string
	if json.Unmarshal(literal, &value) != nil {
		return literal
	}
	safe := r.HideAgain(value)
	if safe == value {
		return literal
	}
	text, err := json.Marshal(safe)
	if err != nil {
		return literal // a string always has a form in JSON
	}
	var out bytes.Buffer
	for _, c := range string(text) {
		switch {
		case c == '#' || c == 0x7f || c >= utf8.RuneSelf && c <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, c)
		case c > 0xffff:
			c -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			out.WriteRune(c)
		}
	}
	return out.Bytes()
}

// HideXML is HideAgain for the texts and the attributes of an XML document. It stays a document, since names and entities
// stay what they are.
func (s *Set) HideXML(text []byte) []byte {
	r := s.Redactor()
	if len(r.patterns) == 0 {
		return text
	}
	var out strings.Builder
	for rest := string(text); rest != ""; {
		tag := strings.IndexByte(rest, '<')
		if tag < 0 {
			tag = len(rest)
		}
		out.WriteString(r.hideEntities(rest[:tag]))
		rest = rest[tag:]
		end := strings.IndexByte(rest, '>') + 1 // there is none in an attribute: writers escape it
		if end == 0 {
			end = len(rest)
		}
		for i, part := range strings.Split(rest[:end], `"`) {
			if i > 0 {
				out.WriteByte('"')
			}
			if i%2 == 1 {
				part = r.hideEntities(part)
			}
			out.WriteString(part)
		}
		rest = rest[end:]
	}
	return []byte(out.String())
}

func (r *Redactor) hideEntities(text string) string {
	value := html.UnescapeString(text)
	safe := r.HideAgain(value)
	if safe == value {
		return text
	}
	return strings.NewReplacer("\n", "&#xA;", "\t", "&#x9;", "\r", "&#xD;").Replace(html.EscapeString(safe))
}
