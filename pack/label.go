package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/seed"
)

// EncodeLabel returns the value of the label com.ngageoint.seed.manifest for a manifest (section 1.1). It is the same
// JSON without white space, with inner quotes as \u0022 and backslashes as \u005c. Strict JSON readers then read the
// same as those that unescape blindly (Silo and the older CLI's publish). If the text is not a JSON object, that is an
// error.
func EncodeLabel(manifest []byte) (string, error) {
	if !utf8.Valid(manifest) {
		return "", errors.New("the manifest is not UTF-8")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, manifest); err != nil {
		return "", fmt.Errorf("the manifest is not JSON: %w", err)
	}
	if !strings.HasPrefix(compact.String(), "{") {
		return "", errors.New("the manifest is not a JSON object")
	}
	// In valid JSON a backslash is always inside a string and always escapes the next byte.
	return labelEscapes.Replace(compact.String()), nil
}

// The replacer reads from left to right and meets each escape sequence at its backslash. So it never takes an escaped
// backslash for the start of a sequence.
var labelEscapes = strings.NewReplacer(`\"`, `\u0022`, `\\`, `\u005c`, `\/`, `/`)

// maxLabel is how many bytes of a label are read: enough for the largest manifest, with all of it escaped.
const maxLabel = 4 * seed.MaxSize

// labelDepth is how many levels of quoting or escaping DecodeLabel removes (trap T-21).
const labelDepth = 4

// DecodeLabel reads the label's value in any of the forms that are in use: JSON, JSON in a JSON string, quoted once
// more, or escaped up to four times. The text is that of one JSON object. The notes say what had to be undone. There
// are none for a value that every reader understands. The error says why the value holds no object.
func DecodeLabel(value string) (text []byte, notes []string, err error) {
	return decodeLabel(value, isObject)
}

// DecodeJobPackLabel is DecodeLabel for the label of JobPack, which may hold an array of jobs.
func DecodeJobPackLabel(value string) (text []byte, notes []string, err error) {
	return decodeLabel(value, func(s string) bool { return isObject(s) || isArray(s) })
}

func decodeLabel(value string, accept func(string) bool) (text []byte, notes []string, err error) {
	if len(value) > maxLabel {
		return nil, nil, fmt.Errorf("the label has %d bytes, at most %d are read", len(value), maxLabel)
	}
	if strings.TrimSpace(value) == "" {
		return nil, nil, errors.New("the label is empty")
	}
	type step struct {
		text  string
		notes []string
	}
	// Breadth first: the reading that undoes the least is the right one.
	level, seen := []step{{text: value}}, map[string]bool{}
	for range labelDepth + 1 {
		var next []step
		for _, s := range level {
			trimmed := strings.TrimSpace(s.text)
			if accept(trimmed) {
				return []byte(trimmed), s.notes, nil
			}
			for _, undo := range labelUndo {
				if inner, ok := undo.try(trimmed); ok && !seen[inner] {
					seen[inner] = true
					next = append(next, step{inner, append(s.notes[:len(s.notes):len(s.notes)], undo.note)})
				}
			}
		}
		level = next
	}
	return nil, nil, whyNoObject(value)
}

// labelUndo are the ways in which writers wrap a manifest, the most certain first.
var labelUndo = []struct {
	note string
	try  func(string) (string, bool)
}{
	{"the label begins with a byte order mark", func(s string) (string, bool) { return strings.CutPrefix(s, "\ufeff") }},
	{"the label is JSON text inside a JSON string", func(s string) (string, bool) {
		var inner string
		err := json.Unmarshal([]byte(s), &inner)
		return inner, err == nil
	}},
	{"the label stands in quotes", func(s string) (string, bool) {
		if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
			return "", false
		}
		return s[1 : len(s)-1], true
	}},
	{"the label is escaped once more than JSON asks for", func(s string) (string, bool) {
		inner := unescape(s)
		return inner, inner != s
	}},
	{"the label escapes slashes or dollars in a way that JSON does not know", func(s string) (string, bool) {
		inner := strings.NewReplacer(`\\`, `\\`, `\$`, `$`, `\'`, `'`).Replace(s)
		return inner, inner != s
	}},
}

// ReadsBlindly reports whether two kinds of readers read the same from a label that is plain JSON: strict ones, and
// those that remove backslashes first (Silo, and the older CLI's publish).
//
// A label that is larger than any manifest is not compared: that takes much memory, and the manifest is refused anyway.
func ReadsBlindly(label string) bool {
	if len(label) > seed.MaxSize {
		return true
	}
	taken := strings.NewReplacer(`\"`, `"`).Replace(strings.NewReplacer(`\"`, `"`).Replace(label))
	taken = strings.Trim(strings.NewReplacer(`\$`, `$`, `\/`, `/`).Replace(taken), " ")
	for _, quotes := range []string{`'"`, `"'`} {
		taken = strings.Trim(taken, quotes)
	}
	var have, want any
	return unmarshalNumbers([]byte(taken), &have) == nil && unmarshalNumbers([]byte(label), &want) == nil && reflect.DeepEqual(have, want)
}

func isArray(s string) bool {
	return strings.HasPrefix(s, "[") && json.Valid([]byte(s)) && utf8.ValidString(s)
}

func isObject(s string) bool {
	return strings.HasPrefix(s, "{") && json.Valid([]byte(s)) && utf8.ValidString(s)
}

// unescape removes one backslash before quotes, dollars, slashes and backslashes. It keeps all other escapes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`"\/$'`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func whyNoObject(value string) error {
	var v any
	err := json.Unmarshal([]byte(value), &v)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("the label is not JSON: %w (at byte %d)", err, syntax.Offset)
	case err != nil:
		return fmt.Errorf("the label is not JSON: %w", err)
	}
	kind := "null"
	switch v.(type) {
	case bool:
		kind = "true or false"
	case float64:
		kind = "a number"
	case string:
		kind = "a text"
	case []any:
		kind = "a JSON array"
	}
	return fmt.Errorf("the label holds %s, not a JSON object", kind)
}
