package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// EncodeLabel is the value of the label com.ngageoint.seed.manifest for a manifest's text (section 1.1): the same JSON
// without white space, its inner quotes as \u0022 and its backslashes as \u005c. Strict JSON readers and the readers
// that blindly unescape (Silo and the older CLI's publish) then read the same. Text that is no JSON object is an error.
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
	// A backslash can only stand inside a string of valid JSON, and there it takes the byte after it along.
	return labelEscapes.Replace(compact.String()), nil
}

// Read from left to right, each escape sequence is met at its backslash, so an escaped backslash never escapes again.
var labelEscapes = strings.NewReplacer(`\"`, `\u0022`, `\\`, `\u005c`, `\/`, `/`)

// labelDepth is how many levels of quoting or escaping DecodeLabel undoes (trap T-21).
const labelDepth = 4

// DecodeLabel reads the label's value in any of the forms found in the wild: JSON, JSON within a JSON string, quoted
// once more, or escaped up to four times. The text is that of one JSON object. Notes say what had to be undone, and are
// empty for a value that every reader understands; err says why the value holds no object at all.
func DecodeLabel(value string) (text []byte, notes []string, err error) {
	if strings.TrimSpace(value) == "" {
		return nil, nil, errors.New("the label is empty")
	}
	type step struct {
		text  string
		notes []string
	}
	// Breadth first: the reading that undoes least is the right one.
	level, seen := []step{{text: value}}, map[string]bool{}
	for range labelDepth + 1 {
		var next []step
		for _, s := range level {
			trimmed := strings.TrimSpace(s.text)
			if isObject(trimmed) {
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

// labelUndo are the ways in which writers wrap a manifest, the more certain first.
var labelUndo = []struct {
	note string
	try  func(string) (string, bool)
}{
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

// ReadsBlindly tells whether a label that is plain JSON says the same to the readers that take away backslashes before
// they parse: Silo, and the older CLI when it publishes.
func ReadsBlindly(label string) bool {
	taken := strings.NewReplacer(`\"`, `"`).Replace(strings.NewReplacer(`\"`, `"`).Replace(label))
	taken = strings.Trim(strings.NewReplacer(`\$`, `$`, `\/`, `/`).Replace(taken), " ")
	for _, quotes := range []string{`'"`, `"'`} {
		taken = strings.Trim(taken, quotes)
	}
	var have, want any
	return unmarshalNumbers([]byte(taken), &have) == nil && unmarshalNumbers([]byte(label), &want) == nil && reflect.DeepEqual(have, want)
}

func isObject(s string) bool {
	return strings.HasPrefix(s, "{") && json.Valid([]byte(s)) && utf8.ValidString(s)
}

// unescape takes one backslash from before quotes, dollars, slashes and backslashes, and leaves all other escapes.
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
	return fmt.Errorf("the label holds a JSON %T, not an object", v)
}
