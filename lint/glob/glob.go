// Package glob matches names of output files against patterns of a manifest, as in glob(7). It also finds out whether
// two patterns can match the same name (section 2.1.1.3.2).
//
// It reads no directories. Names come from the inventory of a run: raw bytes, relative to OUTPUT_DIR.
package glob

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Match reports whether a pattern matches a name with slashes. "*" and "?" match neither "/" nor a dot at the start of
// a component. "**" is the same as "*", and braces are plain characters. In the pattern, "." components and repeated
// slashes do not count. In the name, a byte of invalid UTF-8 is one character. In a pattern that Valid refuses, the
// wrong part matches itself, as in fnmatch(3).
func Match(pattern, name string) bool { return Matcher(pattern)(name) }

// Matcher returns a function that matches many names against one pattern, like Match.
func Matcher(pattern string) func(name string) bool {
	segments := compile(pattern)
	return func(name string) bool {
		components := strings.Split(name, "/")
		if len(segments) != len(components) {
			return false
		}
		for i, s := range segments {
			if !s.match(components[i]) {
				return false
			}
		}
		return true
	}
}

// Valid refuses a pattern that readers understand differently: with an unclosed bracket, a range that ends before it
// begins, or a single backslash at the end of a component.
func Valid(pattern string) error {
	if !strings.ContainsAny(pattern, `[\`) {
		return nil // nothing else can be wrong
	}
	var errs []error
	for component := range strings.SplitSeq(pattern, "/") {
		_, err := parse(component)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// A segment is a pattern for one component of a name.
type segment []item

// An item matches one character. With star, it matches any number of them.
type item struct {
	star   bool
	set    bool // written in brackets
	negate bool
	ranges []interval // with negate and no ranges: any character
}

type interval struct{ low, high rune }

// length returns how many characters a name has that the segment matches.
func (s segment) length() (least, most int) {
	least, most = len(s), len(s)
	for _, it := range s {
		if it.star {
			least, most = least-1, math.MaxInt
		}
	}
	return least, most
}

// wild reports whether the item is a wildcard, which does not match a leading dot. Even "[.]" is one.
func (it item) wild() bool { return it.star || it.set || it.negate }

func (it item) has(r rune) bool {
	if r == '/' {
		return false
	}
	in := false
	for _, x := range it.ranges {
		in = in || r >= x.low && r <= x.high
	}
	return in != it.negate
}

// anything matches every character of a component.
var anything = item{negate: true}

func compile(pattern string) []segment {
	var segments []segment
	components := strings.Split(pattern, "/")
	for i, c := range components {
		if last := i == len(components)-1; !last && (c == "." || c == "" && i > 0) {
			continue
		}
		s, _ := parse(c)
		segments = append(segments, s)
	}
	return segments
}

// maxErrors is how many errors of a component are found. After them, a bracket is a plain character: to look for the end of
// each takes too long.
const maxErrors = 16

// parse reads a pattern for one component. With an error, it still returns a usable segment.
func parse(p string) (segment, error) {
	out := make(segment, 0, min(len(p), 64))
	var errs []error
	for len(p) > 0 {
		it, n, err := literal('['), 1, error(nil)
		if p[0] != '[' || len(errs) < maxErrors {
			it, n, err = next(p)
		}
		p = p[n:]
		if err != nil {
			errs = append(errs, err)
		}
		if it.star && len(out) > 0 && out[len(out)-1].star {
			continue
		}
		out = append(out, it)
	}
	return out, errors.Join(errs...)
}

// next reads the item at the start of p. It also returns the length of the item.
func next(p string) (item, int, error) {
	switch r, n := decode(p); r {
	case '*':
		return item{star: true}, n, nil
	case '?':
		return anything, n, nil
	case '\\':
		if len(p) == n {
			return literal(r), n, errors.New("a backslash at the end escapes nothing")
		}
		escaped, m := decode(p[n:])
		return literal(escaped), n + m, nil
	case '[':
		return bracket(p)
	default:
		return literal(r), n, nil
	}
}

func literal(r rune) item { return item{ranges: []interval{{r, r}}} }

// classes are the classes of POSIX in the C locale.
var classes = map[string][]interval{
	"alnum": {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}, "alpha": {{'A', 'Z'}, {'a', 'z'}}, "blank": {{' ', ' '}, {'\t', '\t'}},
	"cntrl": {{0, 31}, {127, 127}}, "digit": {{'0', '9'}}, "graph": {{33, 126}}, "lower": {{'a', 'z'}},
	"print": {{32, 126}}, "punct": {{33, 47}, {58, 64}, {91, 96}, {123, 126}}, "space": {{'\t', '\r'}, {' ', ' '}},
	"upper": {{'A', 'Z'}}, "xdigit": {{'0', '9'}, {'A', 'F'}, {'a', 'f'}},
}

// bracket reads an expression such as [a-z] or [!0-9]. An unclosed bracket is a plain "[".
func bracket(p string) (item, int, error) {
	it, at := item{set: true}, 1
	if strings.HasPrefix(p[at:], "!") || strings.HasPrefix(p[at:], "^") {
		it.negate, at = true, at+1
	}
	for first := true; at < len(p); first = false {
		if p[at] == ']' && !first {
			return it, at + 1, it.backwards()
		}
		ranges, n := member(p[at:])
		if n == 0 {
			break
		}
		it.ranges, at = append(it.ranges, ranges...), at+n
	}
	return literal('['), 1, fmt.Errorf("the bracket in %q is not closed", p)
}

func (it item) backwards() error {
	for _, x := range it.ranges {
		if x.low > x.high {
			return fmt.Errorf("the range %c-%c ends before it begins", x.low, x.high)
		}
	}
	return nil
}

// member reads one member of a bracket expression: a class, a range or a character. It returns length 0 if the text
// ends too early.
func member(p string) ([]interval, int) {
	const longest = len("[:xdigit:]")
	if strings.HasPrefix(p, "[:") {
		if class, _, ok := strings.Cut(p[2:min(len(p), longest)], ":]"); ok && classes[class] != nil {
			return classes[class], len(class) + len("[::]")
		}
	}
	low, n := character(p)
	if n == 0 {
		return nil, 0
	}
	if rest := p[n:]; len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
		if high, m := character(rest[1:]); m > 0 {
			return []interval{{low, high}}, n + 1 + m
		}
	}
	return []interval{{low, low}}, n
}

// character reads a character, which may be escaped.
func character(p string) (rune, int) {
	r, n := decode(p)
	if r == '\\' {
		if len(p) == n {
			return 0, 0
		}
		escaped, m := decode(p[n:])
		return escaped, n + m
	}
	return r, n
}

// notText is added to a byte of invalid UTF-8, so that the sum differs from every character.
const notText = utf8.MaxRune + 1

func decode(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return notText + rune(s[0]), 1
	}
	return r, n
}

// match reports whether the segment matches one component. It goes back only to the last star. That is enough, since a
// later match of an earlier star gains nothing.
func (s segment) match(name string) bool {
	if name == "" {
		return false
	}
	if name[0] == '.' && len(s) > 0 && s[0].wild() {
		return false
	}
	i, at, star, retry := 0, 0, -1, 0
	for at < len(name) {
		r, n := decode(name[at:])
		switch {
		case i < len(s) && s[i].star:
			star, retry = i, at
			i++
		case i < len(s) && s[i].has(r):
			i, at = i+1, at+n
		case star >= 0:
			_, n := decode(name[retry:])
			retry += n
			i, at = star+1, retry
		default:
			return false
		}
	}
	for i < len(s) && s[i].star {
		i++
	}
	return i == len(s)
}
