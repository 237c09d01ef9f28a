package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
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
	for _, ask := range []func(*Source) *Problem{binary, template, escaped, foreign, documents} {
		if pr := ask(s); pr != nil {
			return []Problem{*pr}
		}
	}
	return nil
}

// conflictMarker matches a line that git writes into a file which could not be merged.
var conflictMarker = regexp.MustCompile(`(?m)^[ \t]*(<{7}|>{7}|\|{7}|={7})(?:[ \t][^\n]*)?\r?$`)

// conflicts returns a problem for each marker of a merge conflict.
func conflicts(s *Source) (found []Problem) {
	for _, m := range conflictMarker.FindAllSubmatchIndex(s.Text, MaxProblems) {
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

// Beginnings of files that are no text.
var binaries = []struct{ magic, what, hint string }{
	{"\x1f\x8b", "gzip", "unpack it with gunzip"},
	{"PK\x03\x04", "a zip archive", "unpack it"},
	{"BZh", "bzip2", "unpack it with bunzip2"},
	{"\xfd7zXZ\x00", "xz", "unpack it with unxz"},
	{"\x28\xb5\x2f\xfd", "zstd", "unpack it with unzstd"},
	{"\x7fELF", "a program", ""},
	{"\x89PNG", "a PNG image", ""},
	{"%PDF-", "a PDF document", ""},
}

// binary recognises files that are no text, or text in another encoding than UTF-8.
func binary(s *Source) *Problem {
	for _, b := range binaries {
		if bytes.HasPrefix(s.Text, []byte(b.magic)) {
			return &Problem{Span: Span{0, min(len(s.Text), len(b.magic))}, Code: CodeForeign, Message: "file is " + b.what + ", there should be a JSON object", Hint: b.hint}
		}
	}
	mark := 0
	switch t := s.Text; {
	case bytes.HasPrefix(t, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(t, []byte("\x00\x00\xfe\xff")):
		return wide(4, "UTF-32")
	case bytes.HasPrefix(t, []byte("\xff\xfe")), bytes.HasPrefix(t, []byte("\xfe\xff")):
		mark = 2
	case len(t) >= 4 && (t[0] == 0 && t[1] != 0 && t[2] == 0 && t[3] != 0 || t[0] != 0 && t[1] == 0 && t[2] != 0 && t[3] == 0):
	case len(t) >= 4 && (t[0] == 0 && t[1] == 0 && t[2] == 0 || t[1] == 0 && t[2] == 0 && t[3] == 0):
		return wide(0, "UTF-32")
	default:
		return nil
	}
	return wide(mark, "UTF-16")
}

func wide(mark int, name string) *Problem {
	return &Problem{Span: Span{0, mark}, Code: CodeEncoding, Message: "file is " + name + ", JSON is UTF-8", Hint: "save it as UTF-8 without a byte order mark"}
}

var (
	// labelLine matches what stands before a manifest in a Dockerfile.
	labelLine = regexp.MustCompile(`^(?:LABEL[ \t]+)?(?:com\.ngageoint\.seed\.manifest|com\.jobpack\.manifest)[ \t]*[= \t][ \t]*`)
	// escapedStart matches the beginning of JSON whose quotes are escaped.
	escapedStart = regexp.MustCompile(`^["']?[{\[]\s*(?:\\+["u])`)
)

// escaped recognises the text of a LABEL, in which the quotes of the JSON are escaped. Its fix writes the JSON.
func escaped(s *Source) *Problem {
	body := bytes.TrimLeft(bytes.TrimPrefix(s.Text, []byte(byteOrderMark)), " \t\r\n")
	start := len(s.Text) - len(body)
	label := len(labelLine.Find(body))
	inner := body[label:]
	if label == 0 && !escapedStart.Match(inner) {
		return nil
	}
	at := Span{start, start + max(label, 1)}
	if n := bytes.IndexByte(inner, '\\'); label == 0 && n >= 0 {
		at = Span{start + n, start + n + 1}
	}
	pr := &Problem{Span: at, Code: CodeEscaped, Message: "this is the text of a label, with its quotes escaped, and not the JSON itself",
		Hint: `write " for each \"`}
	if label > 0 {
		pr.Message = "this is a LABEL of a Dockerfile, but a file holds the JSON alone"
	}
	if text, ok := unescapeLabel(inner); ok {
		pr.Hint, pr.Fix, pr.Edits = "", "Write the JSON without the escapes", []Edit{{Span{0, len(s.Text)}, text + "\n"}}
	}
	return pr
}

// unescapeLabel returns the JSON in the text of a label, at any depth of escaping. Ok is false if there is none.
func unescapeLabel(text []byte) (string, bool) {
	const deepest = 4
	s := strings.TrimSpace(string(text))
	for range deepest {
		if json.Valid([]byte(s)) && strings.HasPrefix(s, "{") {
			return s, true
		}
		if n := len(s) - 1; n > 0 && (s[0] == '"' || s[0] == '\'') && s[n] == s[0] {
			s = s[1:n]
		}
		s = unescapeOnce(s)
	}
	return s, json.Valid([]byte(s)) && strings.HasPrefix(s, "{")
}

// unescapeOnce removes the backslash before each character, as a builder does.
func unescapeOnce(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '"', '\\', '$', '\'', '/':
				i++
			case '\n':
				i += 2 // a Dockerfile goes on in the next line
				if i >= len(s) {
					return b.String()
				}
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var (
	yamlLine = regexp.MustCompile(`^(?:---(?:[ \t]|$)|%YAML|- ?[A-Za-z"'{]|[A-Za-z_][\w.-]*:(?:[ \t]|$)|["'][\w.-]+["']:(?:[ \t]|$))`)
	tomlLine = regexp.MustCompile(`^(?:\[{1,2}[\w.-]+\]{1,2}\s*$|[A-Za-z_][\w.-]*[ \t]*=[ \t]*\S)`)
	variable = regexp.MustCompile(`(?m)^[A-Za-z_][\w.-]*[ \t]*=`)
)

// foreign recognises text that is another kind of file.
func foreign(s *Source) *Problem {
	body := bytes.TrimLeft(bytes.TrimPrefix(s.Text, []byte(byteOrderMark)), " \t\r\n")
	start := len(s.Text) - len(body)
	line, _, _ := bytes.Cut(body, []byte("\n"))
	for bytes.HasPrefix(line, []byte("#")) { // a comment, to YAML and others
		_, body, _ = bytes.Cut(body, []byte("\n"))
		body = bytes.TrimLeft(body, " \t\r\n")
		line, _, _ = bytes.Cut(body, []byte("\n"))
	}
	line = bytes.TrimRight(line, " \t\r")
	pr := &Problem{Span: Span{start, start}, Code: CodeForeign}
	pr.Span.End += min(len(line), len(s.Text)-start)
	switch {
	case bytes.HasPrefix(line, []byte("version https://git-lfs.github.com/")):
		pr.Message, pr.Hint = "file is a pointer of Git LFS, and not the file itself", "git lfs pull fetches it"
	case bytes.HasPrefix(line, []byte("<?xml")):
		pr.Message = "file is XML, there should be a JSON object"
	case bytes.HasPrefix(line, []byte("<!")), htmlStart.Match(line):
		pr.Message, pr.Hint = "file is HTML, there should be a JSON object", "was a page of a web site saved in place of the file?"
	case bytes.HasPrefix(line, []byte("<")):
		pr.Message = "file is XML, there should be a JSON object"
	case len(line) == 0 || line[0] == '{':
		return nil
	case tomlLine.Match(line) && variable.Match(body):
		pr.Message = "file is no JSON: it looks like TOML or a list of variables, there should be a JSON object"
	case yamlLine.Match(line) && !braced(line):
		pr.Message, pr.Hint = "file is YAML, there should be a JSON object", "convert it, as with yq -o json"
	default:
		return nil
	}
	return pr
}

var htmlStart = regexp.MustCompile(`(?i)^<(?:html|head|body|title|div|p|pre)\b`)

// braced reports whether the first line is a member of JSON, whose braces are missing.
func braced(line []byte) bool {
	return line[0] == '"' && (bytes.HasSuffix(line, []byte(",")) || bytes.HasSuffix(line, []byte("{")) || bytes.HasSuffix(line, []byte("[")))
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
	return &Problem{Span: Span{at.Start, at.Start + 1}, Code: CodeDocuments, Message: "a second document begins here, but a file holds one",
		Hint: "write a file for each"}
}
