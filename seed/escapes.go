package seed

import (
	"fmt"
	"slices"
	"strings"
)

// notEscape ends the message about a backslash that begins no escape sequence.
const notEscape = " is not an escape sequence"

// twiceTitle is the title of fixes that write backslashes twice.
const twiceTitle = "Write the backslash twice"

// joinEscapes makes one problem of the backslashes in the string from start to i that begin no escape sequence: they have one
// cause. Found is how many problems there were before the string.
func (p *parser) joinEscapes(start, found int) {
	all := slices.Clone(p.Problems[found:])
	p.Problems = p.Problems[:found]
	first, count := -1, 0
	twice := slices.ContainsFunc(all, func(pr Problem) bool { return pr.Fix == twiceTitle })
	for _, pr := range all {
		if !strings.HasSuffix(pr.Message, notEscape) {
			p.Problems = append(p.Problems, pr)
			continue
		}
		if at := pr.Span.Start; twice && len(pr.Edits) == 0 {
			pr.Edits = []Edit{{Span{at, at + 1}, `\\`}}
		}
		if count++; count == 1 {
			first = len(p.Problems)
			p.Problems = append(p.Problems, pr)
			continue
		}
		p.Problems[first].Edits = append(p.Problems[first].Edits, pr.Edits...)
	}
	if first < 0 {
		return
	}
	pr := &p.Problems[first]
	if count > 1 {
		pr.Message += fmt.Sprintf(" (the first of %d in this string)", count)
	}
	if twice {
		pr.Hint, pr.Fix, pr.Unsafe = "a backslash is written twice", twiceTitle, true
		p.unsureEscapes(pr, p.Text[start:p.i])
	}
}

// unsureEscapes removes the fix that writes backslashes twice if the string also has escape sequences that may be meant as the others
// are, as \n in C:\new\data.
func (p *parser) unsureEscapes(pr *Problem, text []byte) {
	for at := 0; at+1 < len(text); at++ {
		if text[at] != '\\' {
			continue
		}
		if at++; strings.IndexByte("bfnrt", text[at]) >= 0 {
			pr.Fix, pr.Edits = "", nil
			pr.Hint = fmt.Sprintf("a backslash is written twice; is that of \\%c meant so, too?", text[at])
			return
		}
	}
}
