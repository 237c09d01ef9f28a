package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/seedpack/seedpack/internal/lazy"
)

// wholeProblems returns what is wrong with a text as a whole: it is no JSON, or something happened to all of it. It is
// asked only about texts that are not JSON. If there is such a problem, nothing else in the text is worth reporting.
func wholeProblems(s *Source) []Problem {
	text := s.Text
	if len(text) > MaxSize {
		return nil
	}
	if found := conflicts(s); found != nil {
		return found
	}
	for _, ask := range []func(*Source) *Problem{binary, escaped, lineSigns, template, foreign, documents} {
		if pr := ask(s); pr != nil {
			return []Problem{*pr}
		}
	}
	return nil
}

// conflictMarker matches a line that git or jj writes into a file which could not be merged.
var conflictMarker = lazy.Regexp(`(?m)^[ \t]*(<{7}|>{7}|\|{7}|={7}|%{7}|\+{7}|-{7})(?:[ \t][^\n]*)?\r?$`)

// Conflicts returns a problem for each marker of a merge conflict in a text of any kind.
func Conflicts(text []byte) []Problem { return conflicts(TextSource(text)) }

// conflicts returns a problem for each marker of a merge conflict.
func conflicts(s *Source) (found []Problem) {
	for _, m := range conflictMarker().FindAllSubmatchIndex(s.Text, MaxProblems) {
		if len(found) == 0 && bytes.IndexByte([]byte("%+-"), s.Text[m[2]]) >= 0 {
			continue // these are only within a conflict
		}
		pr := Problem{Span: Span{m[2], m[3]}, Code: CodeConflict, Message: fmt.Sprintf("%s is a marker of a merge conflict", s.Text[m[2]:m[3]])}
		if len(found) == 0 {
			pr.Hint = "decide for one of the sides and remove the markers; git diff shows them"
		}
		found = append(found, pr)
	}
	return found
}

func template(s *Source) *Problem {
	for i := range s.Problems {
		if s.Problems[i].Code == CodeTemplate {
			return &s.Problems[i]
		}
	}
	return nil
}

// documents recognises a second document after the first.
func documents(s *Source) *Problem {
	if len(s.Problems) != 1 || s.Problems[0].Code != CodeTrailingText {
		return nil
	}
	at := s.Problems[0].Span
	rest := s.Text[at.Start:]
	if rest[0] != '{' && rest[0] != '[' {
		return nil
	}
	first := json.NewDecoder(bytes.NewReader(rest))
	var value json.RawMessage
	if first.Decode(&value) != nil || !utf8.Valid(value) {
		return nil
	}
	return &Problem{Span: Span{at.Start, at.Start + 1}, Code: CodeDocuments, Message: secondDocument,
		Hint: "write a file for each"}
}
