// Package command reads job.interface.command (section 2.1.1.3) and expands it as Bash does (section 3.1.1).
//
// It is not a shell: it splits words and expands variables, but runs nothing and reads no files. It refuses what would
// need a shell, with its place. An expanded command is thus always what Bash would make of it.
package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"

	"github.com/seedpack/seedpack/internal/lazy"
)

// An Error is a part of a command that cannot be expanded. Start and End are byte offsets in the command.
type Error struct {
	Start, End int
	// What is a noun phrase: what is refused, or what is wrong in a syntax error.
	What string
	// Syntax is true if Bash itself stops here.
	Syntax bool
}

func (e *Error) Error() string {
	if e.Syntax {
		return fmt.Sprintf("byte %d of the command: %s", e.Start+1, e.What)
	}
	return fmt.Sprintf("byte %d of the command: %s needs a shell", e.Start+1, e.What)
}

// A Form says which readers understand an expansion.
type Form int

// Forms. A form that more readers understand comes first.
const (
	Plain  Form = iota // $V and ${V}: all readers
	Prefix             // ${V/#/prefix}: Bash and Scale
	BashOnly
)

// A Use is one expansion of a variable.
type Use struct {
	Name       string
	Start, End int // byte offsets of the whole expansion, as in "${V/#/-d }"
	Form       Form
	Quoted     bool
	// Vanishes is true if the author has thought of an unset variable: the whole expansion is then empty or a default.
	Vanishes bool
}

// A Range is a part of a command: byte offsets, End is exclusive.
type Range struct{ Start, End int }

// A Word is one argument, as it is written.
type Word struct {
	Range
	// Text is the argument if Literal is true, which means that it has no expansion.
	Text    string
	Literal bool
}

// A Command is a parsed command.
type Command struct {
	Words []Word
	// Uses are all expansions in the order of the text, including those inside others and inside refused parts. Variables that a
	// refused part sets itself, as a loop does, are left out.
	Uses []Use
	// Quotes are quoted parts and escaped characters. Executors without a shell do not remove these quotes.
	Quotes []Range
	// Refused are the parts that Expand does not support, in the order of the text.
	Refused []*Error

	words  [][]part
	dollar []bool // of each word: it has a $ with no name after it
}

// prelude is a command that does nothing. The parser reads it before the text. The first word of the text is thus an
// argument like the others, and not an assignment or a keyword.
const prelude = ": "

// Parse reads a command. It returns an *Error if Bash would stop. Parts that Expand does not support are no error: they
// are in Command.Refused.
func Parse(text string) (*Command, error) {
	c := &Command{}
	if i := strings.IndexFunc(text, refusedRune); i >= 0 {
		c.refuse(i, i+1, "a line break or control character")
		if file, err := read(text); err == nil {
			c.usesOf(file, text)
		}
		return c, nil
	}
	file, err := read(text)
	if err != nil {
		return nil, syntaxError(err, len(text))
	}
	call := c.single(file)
	if call == nil {
		c.usesOf(file, text)
		return c, nil
	}
	co := compiler{c: c, text: text}
	for _, w := range call.Args[1:] {
		co.word(w)
	}
	if len(c.Refused) > 0 {
		c.usesOf(file, text)
	}
	slices.SortStableFunc(c.Uses, func(a, b Use) int { return a.Start - b.Start })
	slices.SortStableFunc(c.Refused, func(a, b *Error) int { return a.Start - b.Start })
	return c, nil
}

// parsers are used again, since a new one takes more time than to read a short command.
var parsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.KeepComments(true)) }}

func read(text string) (*syntax.File, error) {
	p := parsers.Get().(*syntax.Parser)
	file, err := p.Parse(strings.NewReader(prelude+text), "")
	if err == nil { // after an error, a new one begins anew for certain
		parsers.Put(p)
	}
	return file, err
}

func refusedRune(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// Variables returns the expansions in a command, or nil if it cannot be parsed.
func Variables(text string) []Use {
	c, err := Parse(text)
	if err != nil {
		return nil
	}
	return c.Uses
}

func (c *Command) refuse(start, end int, what string) {
	c.Refused = append(c.Refused, &Error{Start: start, End: end, What: what})
}

func (c *Command) refuseNode(n syntax.Node, what string) {
	start, end := offsets(n)
	c.refuse(start, end, what)
}

func offsets(n syntax.Node) (start, end int) {
	return at(n.Pos()), at(n.End())
}

func at(p syntax.Pos) int { return max(int(p.Offset())-len(prelude), 0) }

// These match the parser's messages about unclosed constructs, which name the end of file.
var (
	unmatched = lazy.Regexp("^reached EOF without matching `(.+)` with `(.+)`$")
	unclosed  = lazy.Regexp("^reached EOF without closing quote `?([^`]+)`?$")
)

func syntaxError(err error, size int) error {
	e := &Error{Start: size, End: size, What: err.Error(), Syntax: true}
	var parse syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.As(err, &parse):
		e.Start, e.What = at(parse.Pos), unclosed().ReplaceAllString(unmatched().ReplaceAllString(parse.Text, `"$1" is not closed by "$2"`), `the quote $1 is not closed`)
	case errors.As(err, &lang):
		e.Start, e.What = at(lang.Pos), lang.Feature
	}
	e.Start = min(e.Start, size)
	e.End = min(e.Start+1, size)
	return e
}

// single returns the one simple command of a text, or nil if there is more in it.
func (c *Command) single(file *syntax.File) *syntax.CallExpr {
	if len(file.Stmts) != 1 {
		c.refuseNode(file.Stmts[1], "a second command")
		return nil
	}
	s := file.Stmts[0]
	call, ok := s.Cmd.(*syntax.CallExpr)
	switch {
	case len(s.Redirs) > 0:
		c.refuseNode(s.Redirs[0], "a redirection")
	case s.Background, s.Coprocess, s.Disown:
		c.refuseNode(s, "a command in the background")
	case !ok:
		c.refuseNode(s, operator(s.Cmd))
	case len(file.Last)+len(s.Comments) > 0:
		for _, comment := range slices.Concat(file.Last, s.Comments) {
			c.refuseNode(&comment, "a comment")
		}
	default:
		return call
	}
	return nil
}

func operator(cmd syntax.Command) string {
	if b, ok := cmd.(*syntax.BinaryCmd); ok {
		return "the operator " + b.Op.String()
	}
	return "a compound command"
}
