package seed

import (
	"bytes"
	"fmt"
)

// lineSigns recognises a text that has a sign at the end of each line which is no part of it: $ as cat -A shows it, or \ as a script or
// a Dockerfile has it.
func lineSigns(s *Source) *Problem {
	body := bytes.TrimRight(s.Text, " \t\r\n")
	if len(body) == 0 || bytes.IndexByte([]byte(`$\`), firstLineEnd(body)) < 0 {
		return nil
	}
	const least = 3
	sign := firstLineEnd(body)
	var kept bytes.Buffer
	count, first := 0, 0
	for at := 0; at < len(body); {
		line, _, _ := bytes.Cut(body[at:], []byte("\n"))
		text := bytes.TrimRight(line, " \t\r")
		last := at+len(line) == len(body)
		switch end := at + len(text); {
		case len(text) > 0 && text[len(text)-1] == sign:
			if count++; count == 1 {
				first = end - 1
			}
			text = bytes.TrimRight(text[:len(text)-1], " \t")
		case len(text) > 0 && !last:
			return nil
		}
		kept.Write(text)
		kept.Write(line[len(bytes.TrimRight(line, "\r")):])
		kept.WriteByte('\n')
		at += len(line) + 1
	}
	if count < least {
		return nil
	}
	return &Problem{Span: Span{first, first + 1}, Code: CodeForeign, Message: fmt.Sprintf("each line ends with %c, which is no part of JSON", sign),
		Fix: "Remove it from each line", Unsafe: true, Edits: []Edit{{Span{0, len(s.Text)}, kept.String()}}}
}

// firstLineEnd returns the last byte of the first line.
func firstLineEnd(body []byte) byte {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	if line = bytes.TrimRight(line, " \t\r"); len(line) == 0 {
		return 0
	}
	return line[len(line)-1]
}
