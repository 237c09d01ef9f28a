package command

import (
	"regexp"
	"slices"
	"strings"
)

// Expand returns the words with which Bash would start a job in this environment. It treats quotes and expansions as
// Bash does, but does no globbing. Variables that Bash sets itself, such as RANDOM, are unset unless env has them. The
// error is an *Error: a syntax error, or the first part that needs a shell.
func Expand(text string, env map[string]string) ([]string, error) {
	c, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return c.Expand(env)
}

// Expand is like the function Expand.
func (c *Command) Expand(env map[string]string) ([]string, error) {
	if len(c.Refused) > 0 {
		return nil, c.Refused[0]
	}
	words := []string{}
	for i, parts := range c.words {
		e := expander{env: env, dollar: c.dollar[i]}
		e.parts(parts)
		if e.err != nil {
			return nil, e.err
		}
		words = append(words, e.fields.done()...)
	}
	return words, nil
}

// An expander expands one word.
type expander struct {
	env    map[string]string
	fields fields
	err    *Error
	// dollar is true if the word has a $ with no name after it. Some expansions of such a word are not split by Bash.
	dollar bool
}

func (e *expander) parts(parts []part) {
	for _, p := range parts {
		switch {
		case p.name != "":
			e.expansion(p)
		case p.quoted:
			e.fields.quoted(p.text)
		case p.plain:
			e.fields.plain(p.text)
		default:
			e.split(p, p.text)
		}
	}
}

// split adds text that Bash splits at blanks.
func (e *expander) split(p part, text string) {
	if e.dollar && strings.ContainsAny(text, " \t\n") {
		e.refuse(p, "a $ with no name after it, next to a value with blanks,")
	}
	e.fields.split(text)
}

func (e *expander) expansion(p part) {
	v, set := e.env[p.name]
	there := set && (!p.colon || v != "")
	switch p.op {
	case defaultValue:
		if !there {
			e.word(p)
			return
		}
	case alternative:
		if there {
			e.word(p)
		} else {
			e.put(p, "")
		}
		return
	case cutShortPrefix, cutLongPrefix, cutShortSuffix, cutLongSuffix:
		v = e.cut(p, v)
	case replacement:
		if set {
			v = e.replace(p, v)
		}
	}
	e.put(p, v)
}

func (e *expander) word(p part) {
	e.parts(p.word)
	if p.quoted {
		e.fields.quoted("")
	}
}

func (e *expander) put(p part, v string) {
	if p.quoted {
		e.fields.quoted(v)
	} else {
		e.split(p, v)
	}
}

// literal returns the text of parts as one string.
func (e *expander) literal(parts []part) string {
	sub := expander{env: e.env, fields: fields{keep: true}}
	sub.parts(parts)
	if e.err == nil {
		e.err = sub.err
	}
	return strings.Join(sub.fields.done(), "")
}

// special are characters with a meaning in a pattern, or that versions of Bash read differently there.
const special = `*?[]\#%`

// regexp returns the pattern of p as a regular expression. If reversed, it matches reversed values.
func (e *expander) regexp(p part, reversed bool) string {
	var out []string
	for _, m := range p.match {
		text := m.text
		if m.name != "" {
			if text = e.literal([]part{m}); strings.ContainsAny(text, special) {
				e.refuse(p, "a pattern from a value with one of "+special)
			}
		}
		for _, r := range text {
			out = append(out, element(r, m.quoted && !p.quoted))
		}
	}
	if reversed {
		slices.Reverse(out)
	}
	return strings.Join(out, "")
}

func element(r rune, literal bool) string {
	switch {
	case literal || r != '*' && r != '?':
		return regexp.QuoteMeta(string(r))
	case r == '*':
		return ".*"
	}
	return "."
}

func (e *expander) refuse(p part, what string) {
	if e.err == nil {
		e.err = &Error{Start: p.start, End: p.end, What: what}
	}
}

func (e *expander) cut(p part, v string) string {
	suffix := p.op == cutShortSuffix || p.op == cutLongSuffix
	expr := e.regexp(p, suffix)
	if suffix {
		v = reverse(v)
	}
	if p.op == cutShortPrefix || p.op == cutShortSuffix {
		// The match begins at the start, so the earliest end for every star is the shortest match.
		expr = strings.ReplaceAll(expr, ".*", ".*?")
	}
	if m := regexp.MustCompile(`(?s)\A(?:` + expr + `)`).FindStringIndex(v); m != nil {
		v = v[m[1]:]
	}
	if suffix {
		v = reverse(v)
	}
	return v
}

func reverse(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

func (e *expander) replace(p part, v string) string {
	with := e.literal(p.word)
	if strings.Contains(with, "&") {
		e.refuse(p, "an & in a replacement, which Bash 5.2 takes for the match,")
	}
	expr := e.regexp(p, false)
	switch {
	case expr == "" && p.anchor == '#':
		return with + v
	case expr == "" && p.anchor == '%':
		return v + with
	case expr == "":
		return v
	case p.anchor == '#':
		expr = `\A(?:` + expr + `)`
	case p.anchor == '%':
		expr = `(?:` + expr + `)\z`
	}
	re := regexp.MustCompile(`(?s)` + expr)
	re.Longest()
	if p.all {
		return re.ReplaceAllLiteralString(v, with)
	}
	if m := re.FindStringIndex(v); m != nil {
		return v[:m[0]] + with + v[m[1]:]
	}
	return v
}

// fields splits the expansion of a word, as Bash does with its initial IFS.
type fields struct {
	out     []string
	current strings.Builder
	begun   bool
	keep    bool // no splitting
}

func (f *fields) quoted(s string) {
	f.current.WriteString(s)
	f.begun = true
}

func (f *fields) plain(s string) {
	f.current.WriteString(s)
	f.begun = f.begun || s != ""
}

func (f *fields) split(s string) {
	if f.keep {
		f.plain(s)
		return
	}
	for len(s) > 0 {
		i := strings.IndexAny(s, " \t\n")
		if i < 0 {
			f.plain(s)
			return
		}
		f.plain(s[:i])
		f.end()
		s = s[i+1:]
	}
}

func (f *fields) end() {
	if f.begun {
		f.out = append(f.out, f.current.String())
	}
	f.current.Reset()
	f.begun = false
}

func (f *fields) done() []string {
	f.end()
	return f.out
}
