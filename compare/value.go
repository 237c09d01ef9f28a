package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// zero is the number 0 as Source.Value returns it.
const zero = json.Number("0")

// Equal reports whether two JSON values are equal. Numbers are equal if their values are: 1.0 is 1. The order of members
// means nothing.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		return ok && equalNumbers(string(x), string(y))
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for name, value := range x {
			if other, ok := y[name]; !ok || !Equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// equalNumbers compares numbers of any size and in any spelling exactly.
func equalNumbers(a, b string) bool {
	if a == b {
		return true
	}
	x, okX := readDecimal(a)
	y, okY := readDecimal(b)
	return okX && okY && x == y
}

// A decimal is a number as its sign, its digits without zeros at either end, and the power of ten of the last digit.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

func readDecimal(text string) (d decimal, ok bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if exponent != "" {
		var err error
		if d.exponent, err = strconv.ParseInt(strings.TrimPrefix(exponent, "+"), 10, 62); err != nil {
			return d, false
		}
	}
	mantissa, d.negative = strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exponent -= int64(len(fraction))
	d.digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(d.digits, "0")
	d.exponent += int64(len(d.digits) - len(short))
	if d.digits = short; short == "" {
		return decimal{}, true
	}
	return d, true
}

// equalSets compares lists as sets. What is no list is compared as it is.
func equalSets(a, b any) bool {
	_, okA := a.([]any)
	_, okB := b.([]any)
	if !okA || !okB {
		return Equal(a, b)
	}
	return canonical(a) == canonical(b)
}

// canonical returns the same text for equal values, in which lists count as sets.
func canonical(v any) string {
	switch x := v.(type) {
	case json.Number:
		d, ok := readDecimal(string(x))
		if !ok {
			return "n" + string(x)
		}
		return fmt.Sprintf("n%t,%s,%d", d.negative, d.digits, d.exponent)
	case map[string]any:
		var all []string
		for name, value := range x {
			if value != nil {
				all = append(all, strconv.Quote(name)+":"+canonical(value))
			}
		}
		slices.Sort(all)
		return "{" + strings.Join(all, ",") + "}"
	case []any:
		var all []string
		for _, value := range x {
			all = append(all, canonical(value))
		}
		slices.Sort(all)
		return "[" + strings.Join(slices.Compact(all), ",") + "]"
	case string:
		return strconv.Quote(x)
	}
	return fmt.Sprint(v)
}

// Text returns a JSON value as text.
func Text(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "something that is no JSON"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// brief returns a value for a message; "absent" if there is none.
func brief(v any) string {
	if v == nil {
		return "absent"
	}
	return diag.Brief([]byte(plain(v)))
}

// plain is Text, which says of what could not be read that it could not.
func plain(v any) string {
	if _, broken := v.(seed.Unreadable); broken {
		return "a value that cannot be read"
	}
	return Text(v)
}

// briefs returns two different values for a message. If they would look alike, it returns what is around the first difference.
func briefs(was, is any) (string, string) {
	a, b := brief(was), brief(is)
	if a != b || was == nil || is == nil {
		return a, b
	}
	x, y := []rune(plain(was)), []rune(plain(is))
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return around(x, n), around(y, n)
}

// around returns a part of a text with the characters before and after a place.
func around(text []rune, at int) string {
	const before, after = 15, 25
	from, to := max(0, at-before), min(len(text), at+after)
	part := string(text[from:to])
	if from > 0 {
		part = "…" + part
	}
	if to < len(text) {
		part += "…"
	}
	return part
}
