package seed

import (
	"bytes"
	"math/big"
)

// HasType reports whether the text of a JSON value has the type that an InputJSON or OutputJSON names. A number with a
// fraction of zero is an integer (trap T-04).
func HasType(text []byte, want string) bool {
	got := TypeOf(text)
	return got == want || want == "number" && got == "integer"
}

// TypeOf returns the type of the text of a JSON value: array, boolean, integer, null, number, object or string. A whole
// number is an integer, however it is written. The type of an empty text is "nothing".
func TypeOf(text []byte) string {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return "nothing"
	}
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if !bytes.ContainsAny(text, ".eE") {
		return "integer"
	}
	if f, _, err := big.ParseFloat(string(text), 10, 2000, big.ToNearestEven); err == nil && f.IsInt() {
		return "integer"
	}
	return "number"
}
