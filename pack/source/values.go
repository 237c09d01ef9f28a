package source

import "fmt"

// maxValues is how many values a manifest, an index or a configuration has at most: more than an honest one does. Each takes
// far more memory when it is decoded than its text, of which "{}," is enough.
const maxValues = 100_000

// A TooMany is the error for a JSON text with too many values to be decoded.
type TooMany struct{ Limit int }

func (e *TooMany) Error() string { return fmt.Sprintf("it has more than %d values", e.Limit) }

// CheckValues returns a TooMany for a manifest, an index or a configuration that has too many values to be decoded.
func CheckValues(text []byte) error {
	if CountValues(text, maxValues) > maxValues {
		return &TooMany{maxValues}
	}
	return nil
}

// CountValues returns about how many values a JSON text has. It stops counting after a number of them.
func CountValues(text []byte, most int) int {
	n, inString := 0, false
	for i := 0; i < len(text) && n <= most; i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == ',' || c == '{' || c == '[':
			n++
		}
	}
	return n
}
