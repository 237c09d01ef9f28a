package cwl

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed expand.js
var expandJS string

//go:embed job.js
var jobJS string

// An object is a JSON object in the order that it is written in.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal leaves the characters of HTML as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// text returns the whole document.
func (o object) text() string {
	compact, err := marshal(o)
	if err != nil {
		panic(err) // all values are ours
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		panic(err)
	}
	return escapeUnprintable(b.String()) + "\n"
}

// escapeUnprintable escapes what JSON takes as it is, and YAML does not: tools read CWL as YAML. All of it is in strings.
func escapeUnprintable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 0x7f && r < 0xa0, r == '\ufeff', r == 0xfffe, r == 0xffff:
			b.WriteString(unicodeEscape(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// A variable is one of an expression, such as inputs.
type variable string

// literal writes a value as JavaScript. Its strings have nothing but letters, digits and a few signs, so that nothing in them can
// begin an expression or end one.
func literal(v any) string {
	if name, ok := v.(variable); ok {
		return string(name)
	}
	text, err := marshal(v)
	if err != nil {
		panic(err) // all values are ours
	}
	var b strings.Builder
	quoted, escaped := false, false
	for _, r := range string(text) {
		switch {
		case escaped:
			escaped = false
			b.WriteString(escapeAfter(r))
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
			b.WriteRune(r)
		case quoted && !safe(r):
			b.WriteString(unicodeEscape(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapeAfter writes an escape of JSON. The letter u is followed by four digits, which stay.
func escapeAfter(r rune) string {
	if r == '"' || r == '\\' || r == '/' {
		return unicodeEscape(r)
	}
	return `\` + string(r)
}

func unicodeEscape(r rune) string {
	if r > 0xffff {
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

func safe(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./: ,=+@", r)
}

// call is an expression that calls a function.
func call(function string, args ...any) string {
	var all []string
	for _, a := range args {
		all = append(all, literal(a))
	}
	return "$(" + function + "(" + strings.Join(all, ", ") + "))"
}

// text writes a text where expressions are read. One that could be an expression becomes an expression for itself.
func text(s string) string {
	if strings.ContainsAny(s, `$\`) {
		return "$(" + literal(s) + ")"
	}
	return s
}
