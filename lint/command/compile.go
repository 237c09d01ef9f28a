package command

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A part is a piece of a word: an expansion if name is set, or else text.
type part struct {
	text   string
	quoted bool // not split; an empty one still makes a word
	plain  bool // text outside of expansions: not split either
	name   string
	op     op
	colon  bool   // an empty value counts as unset, as in ${V:-x}
	word   []part // the default, the alternative or the replacement
	match  []part // the pattern
	anchor byte   // '#' or '%' if a replacement is bound to an end
	all    bool   // replace every match
	start  int
	end    int
}

type op int

const (
	value op = iota
	defaultValue
	alternative
	cutShortPrefix
	cutLongPrefix
	cutShortSuffix
	cutLongSuffix
	replacement
)

// A compiler turns the parser's tree into parts, and records what it refuses.
type compiler struct {
	c    *Command
	text string
}

func (co *compiler) word(w *syntax.Word) {
	start, end := offsets(w)
	out := Word{Range: Range{start, end}, Literal: true}
	parts := co.parts(w.Parts, context{top: true})
	for _, p := range parts {
		out.Text += p.text
		out.Literal = out.Literal && p.name == ""
	}
	if braces(w) {
		co.c.refuse(start, end, "a brace expansion")
	}
	if !out.Literal {
		out.Text = ""
	}
	co.c.Words = append(co.c.Words, out)
	co.c.words = append(co.c.words, parts)
	co.c.dollar = append(co.c.dollar, slices.ContainsFunc(w.Parts, isLoneDollar))
}

// braces reports whether a word may have a brace expansion. It is not exact. It looks for "{", then a comma or "..",
// then "}", outside of quotes.
func braces(w *syntax.Word) bool {
	var plain strings.Builder
	for _, p := range w.Parts {
		if l, ok := p.(*syntax.Lit); ok {
			plain.WriteString(l.Value)
		}
	}
	_, rest, open := strings.Cut(plain.String(), "{")
	last := strings.LastIndexByte(rest, '}')
	return open && last >= 0 && (strings.Contains(rest[:last], ",") || strings.Contains(rest[:last], ".."))
}

// A context says where in a word some parts are.
type context struct {
	top    bool // in the word itself, outside of expansions and quotes
	quoted bool // in double quotes
	inner  bool // inside an expansion
}

func (co *compiler) parts(parts []syntax.WordPart, ctx context) []part {
	var out []part
	for i, p := range parts {
		out = append(out, co.part(p, ctx, i == 0)...)
	}
	return out
}

func (co *compiler) part(p syntax.WordPart, ctx context, first bool) []part {
	start, end := offsets(p)
	switch x := p.(type) {
	case *syntax.Lit:
		return co.literal(x, ctx, first)
	case *syntax.SglQuoted:
		co.quote(start, end)
		if ctx.quoted || x.Dollar {
			co.c.refuse(start, end, "a quote of this kind")
			return nil
		}
		return []part{{text: x.Value, quoted: true}}
	case *syntax.DblQuoted:
		co.quote(start, end)
		if ctx.quoted || x.Dollar {
			co.c.refuse(start, end, "a quote of this kind")
			return nil
		}
		inside := co.parts(x.Parts, context{quoted: true, inner: ctx.inner})
		return append(inside, part{quoted: true})
	case *syntax.ParamExp:
		return co.expansion(x, ctx)
	}
	co.c.refuse(start, end, construct(p))
	return nil
}

func (co *compiler) quote(start, end int) {
	co.c.Quotes = append(co.c.Quotes, Range{start, end})
}

func construct(p syntax.WordPart) string {
	switch p.(type) {
	case *syntax.CmdSubst:
		return "a command substitution"
	case *syntax.ArithmExp:
		return "an arithmetic expansion"
	case *syntax.ProcSubst:
		return "a process substitution"
	case *syntax.ExtGlob:
		return "an extended pattern"
	}
	return "a construct of this kind"
}

func (co *compiler) literal(x *syntax.Lit, ctx context, first bool) []part {
	start, end := offsets(x)
	switch {
	case !ctx.quoted && (first && strings.HasPrefix(x.Value, "~") || strings.Contains(x.Value, "=~") || strings.Contains(x.Value, ":~")):
		co.c.refuse(start, end, "a tilde")
	case !ctx.quoted && !ctx.top && loneDollar(x.Value):
		co.c.refuse(start, end, "a $ with no name after it")
	case ctx.inner && strings.ContainsAny(x.Value, "\\'\""):
		co.c.refuse(start, end, "a quote or backslash within an expansion")
	case ctx.quoted:
		return []part{{text: co.unescape(x.Value, "$`\"\\", start), quoted: true}}
	case ctx.top:
		return []part{{text: co.unescape(x.Value, "", start), plain: true}}
	default:
		return []part{{text: x.Value}}
	}
	return nil
}

// loneDollar reports whether literal text has a "$" without a backslash before it.
func loneDollar(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == '$' {
			return true
		}
	}
	return false
}

// isLoneDollar reports whether a part of a word is literal text with a "$" that begins no expansion.
func isLoneDollar(p syntax.WordPart) bool {
	l, ok := p.(*syntax.Lit)
	return ok && loneDollar(l.Value)
}

// unescape removes backslashes before the characters of special. If special is empty, it removes all backslashes.
func (co *compiler) unescape(s, special string, start int) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (special == "" || strings.IndexByte(special, s[i+1]) >= 0) {
			co.quote(start+i, start+i+2)
			i++
		} else if s[i] == '\\' && i+1 == len(s) {
			co.c.refuse(start+i, start+i+1, "a backslash with nothing after it")
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (co *compiler) expansion(x *syntax.ParamExp, ctx context) []part {
	start, end := offsets(x)
	p := part{quoted: ctx.quoted, start: start, end: end}
	if x.Param != nil {
		p.name = x.Param.Value
	}
	switch {
	case !syntax.ValidName(p.name) || p.name == "_":
		co.c.refuse(start, end, "the shell's own parameter "+co.text[start:end])
		return nil
	case x.Excl, x.Length, x.Index != nil, x.Slice != nil, x.Names != 0:
		co.use(p, BashOnly, false)
		co.c.refuse(start, end, "an expansion of this kind")
		return nil
	case x.Repl != nil:
		co.replace(&p, x.Repl, ctx)
	case x.Exp != nil:
		co.operate(&p, x.Exp, ctx)
	default:
		co.use(p, Plain, false)
	}
	return []part{p}
}

func (co *compiler) use(p part, form Form, vanishes bool) {
	co.c.Uses = append(co.c.Uses, Use{Name: p.name, Start: p.start, End: p.end, Form: form, Quoted: p.quoted, Vanishes: vanishes})
}

func (co *compiler) replace(p *part, r *syntax.Replace, ctx context) {
	p.op, p.all = replacement, r.All
	if r.All && strings.HasPrefix(co.text[p.start:], "${"+p.name+"///") {
		// Bash takes the third slash for the pattern, and the parser for its end.
		co.c.refuse(p.start, p.end, "a pattern that begins with a slash, unless it is written \\/,")
	}
	inner := context{quoted: ctx.quoted, inner: true}
	p.match = co.inside(r.Orig, inner)
	if len(p.match) > 0 && !r.All && p.match[0].name == "" && p.match[0].text != "" && strings.Contains("#%", p.match[0].text[:1]) {
		p.anchor, p.match[0].text = p.match[0].text[0], p.match[0].text[1:]
	}
	p.word = co.inside(r.With, inner)
	co.pattern(p)
	form := BashOnly
	if p.anchor == '#' && literalText(p.match) == "" && len(p.match) == 1 {
		form = Prefix
	}
	co.use(*p, form, form == Prefix)
}

// pattern refuses a pattern with brackets, since shells read them differently.
func (co *compiler) pattern(p *part) {
	if strings.Contains(literalText(p.match), "[") {
		co.c.refuse(p.start, p.end, "a bracket in a pattern")
	}
}

func literalText(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String()
}

func (co *compiler) inside(w *syntax.Word, ctx context) []part {
	if w == nil {
		return nil
	}
	return co.parts(w.Parts, ctx)
}

var operators = map[syntax.ParExpOperator]struct {
	op    op
	colon bool
}{
	syntax.DefaultUnset: {defaultValue, false}, syntax.DefaultUnsetOrNull: {defaultValue, true},
	syntax.AlternateUnset: {alternative, false}, syntax.AlternateUnsetOrNull: {alternative, true},
	syntax.RemSmallPrefix: {cutShortPrefix, false}, syntax.RemLargePrefix: {cutLongPrefix, false},
	syntax.RemSmallSuffix: {cutShortSuffix, false}, syntax.RemLargeSuffix: {cutLongSuffix, false},
}

func (co *compiler) operate(p *part, e *syntax.Expansion, ctx context) {
	known, ok := operators[e.Op]
	co.use(*p, BashOnly, known.op == defaultValue || known.op == alternative)
	if !ok {
		co.c.refuse(p.start, p.end, "the operator "+e.Op.String())
		return
	}
	p.op, p.colon = known.op, known.colon
	word := co.inside(e.Word, context{quoted: ctx.quoted, inner: true})
	if p.op == defaultValue || p.op == alternative {
		p.word = word
		return
	}
	p.match = word
	co.pattern(p)
}
