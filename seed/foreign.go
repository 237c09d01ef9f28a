package seed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"
)

// Beginnings of files that are no text.
var binaries = []struct{ magic, what, hint string }{
	{"\x1f\x8b", "gzip", "unpack it with gunzip"},
	{"PK\x03\x04", "a zip archive", "unpack it"},
	{"BZh", "bzip2", "unpack it with bunzip2"},
	{"\xfd7zXZ\x00", "xz", "unpack it with unxz"},
	{"\x28\xb5\x2f\xfd", "zstd", "unpack it with unzstd"},
	{"\x7fELF", "a program", ""},
	{"\x89PNG", "a PNG image", ""},
	{"\xff\xd8\xff", "a JPEG image", ""},
	{"II*\x00", "a TIFF image", ""},
	{"MM\x00*", "a TIFF image", ""},
	{"%PDF-", "a PDF document", ""},
	{`{\rtf`, "a document of a word processor (RTF)", "save it as plain text"},
	{"\x89HDF", "HDF5", ""},
	{"CDF\x01", "netCDF", ""},
	{"CDF\x02", "netCDF", ""},
	{"SQLite format 3\x00", "an SQLite database", ""},
}

// binary recognises files that are no text, or text in another encoding than UTF-8.
func binary(s *Source) *Problem {
	isA := func(what, hint string, size int) *Problem {
		return &Problem{Span: Span{0, min(len(s.Text), size)}, Code: CodeForeign, Message: "file is " + what + ", there should be a JSON object", Hint: hint}
	}
	for _, b := range binaries {
		if bytes.HasPrefix(s.Text, []byte(b.magic)) {
			return isA(b.what, b.hint, len(b.magic))
		}
	}
	mark := 0
	switch t := s.Text; {
	case len(t) == 0:
		return nil
	case len(bytes.Trim(t, "\x00")) == 0:
		return &Problem{Code: CodeForeign, Message: "file has nothing but zero bytes, there should be a JSON object", Hint: "was it lost when a disk was full? git checkout brings it back"}
	case bytes.HasPrefix(t, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(t, []byte("\x00\x00\xfe\xff")):
		return wide(4, "UTF-32")
	case bytes.HasPrefix(t, []byte("\xff\xfe")), bytes.HasPrefix(t, []byte("\xfe\xff")):
		mark = 2
	case len(t) >= 4 && (t[0] == 0 && t[1] != 0 && t[2] == 0 && t[3] != 0 || t[0] != 0 && t[1] == 0 && t[2] != 0 && t[3] == 0):
	case len(t) >= 4 && (t[0] == 0 && t[1] == 0 && t[2] == 0 || t[1] == 0 && t[2] == 0 && t[3] == 0):
		return wide(0, "UTF-32")
	case len(t) > 262 && string(t[257:262]) == "ustar":
		return isA("a tar archive", "unpack it with tar -x", 0)
	case strings.IndexByte("{[\"", t[0]) < 0 && bytes.IndexByte(t[:min(len(t), 8000)], 0) >= 0, controlFirst(t):
		return isA("binary", "", 0)
	default:
		return nil
	}
	return wide(mark, "UTF-16")
}

// controlFirst reports whether a text begins with a control character that is no blank, and has no JSON on its first line.
func controlFirst(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return text[0] < ' ' && bytes.IndexByte([]byte("\t\n\v\f\r\x1b"), text[0]) < 0 && bytes.IndexByte(line, '{') < 0
}

func wide(mark int, name string) *Problem {
	return &Problem{Span: Span{0, mark}, Code: CodeEncoding, Message: "file is " + name + ", JSON is UTF-8", Hint: "save it as UTF-8 without a byte order mark"}
}

// A foreigner is a kind of file by its first line that is not blank.
type foreigner struct {
	matches       func(line, body []byte) bool
	message, hint string
}

var (
	yamlLine = lazy.Regexp(`^(?:---(?:[ \t]|$)|%YAML|- ?[A-Za-z"'{]|[A-Za-z_][\w.-]*:(?:[ \t]|$)|["'][\w.-]+["']:(?:[ \t]|$))`)
	tomlLine = lazy.Regexp(`^(?:\[{1,2}[\w.-]+\]{1,2}\s*$|[A-Za-z_][\w.-]*[ \t]*=[ \t]*\S)`)
	variable = lazy.Regexp(`(?m)^[A-Za-z_][\w.-]*[ \t]*=`)
	htmlLine = lazy.Regexp(`(?i)^<(?:!|(?:html|head|body|title|div|p|pre)\b)`)
	// programLine matches what stands before the JSON in JavaScript, Python and JSONP.
	programLine  = lazy.Regexp(`^(?:export\s+default\b|(?:const|let|var)\s+\w+\s*=|[A-Za-z_$][\w.$]*\s*=\s*[{(\[]|[A-Za-z_$][\w.$]*\(\s*[{\[]|\(\s*[{\[])`)
	patchLine    = lazy.Regexp(`^(?:diff --git |--- \S|Index: |@@ -|\+\s*\{)`)
	scriptLine   = lazy.Regexp(`^(?:#!|\$ |cat\b.*<<|echo\b)`)
	headerLine   = lazy.Regexp(`^HTTP/\d`)
	pathLine     = lazy.Regexp(`^(?:\.{0,2}/)?[\w.-]+(?:/[\w.-]+)*\.json$`)
	numberedLine = lazy.Regexp(`^1[ \t]*[:.)|]?[ \t]*\{`)
	builderLine  = lazy.Regexp(`^(?i:FROM|ARG)[ \t]+[^\s:=,{}"]`)
)

func is(expr func() *regexp.Regexp) func(line, _ []byte) bool {
	return func(line, _ []byte) bool { return expr().Match(line) }
}

func begins(prefix string) func(line, _ []byte) bool {
	return func(line, _ []byte) bool { return bytes.HasPrefix(line, []byte(prefix)) }
}

// foreigners are tried in this order.
var foreigners = []foreigner{
	{begins("version https://git-lfs.github.com/"), "file is a pointer of Git LFS, and not the file itself", "git lfs pull fetches it"},
	{begins("/annex/objects/"), "file is a pointer of git-annex, and not the file itself", "git annex get fetches it"},
	{func(_, body []byte) bool { return pathLine().Match(bytes.TrimSpace(body)) }, "file holds a path, and not JSON", "it is a link that was checked out as text: put a copy of the file there"},
	{begins("<?php"), "file is PHP, there should be a JSON object", ""},
	{begins("<?xml"), "file is XML, there should be a JSON object", ""},
	{is(htmlLine), "file is HTML, there should be a JSON object", "was a page of a web site saved in place of the file?"},
	{begins("<"), "file is XML, there should be a JSON object", ""},
	{is(patchLine), "file is a patch, there should be the file itself", "git apply applies it"},
	{is(headerLine), "file begins with the headers of an HTTP response, there should be a JSON object alone", "remove them"},
	{begins("```"), "file is Markdown, there should be a JSON object alone", "keep what is between the lines with ```"},
	{is(numberedLine), "each line begins with its number, there should be JSON alone", "remove the numbers"},
	{is(builderLine), "file is a Dockerfile, there should be a JSON object", ""},
	{is(scriptLine), "file is a script, there should be a JSON object", ""},
	{func(line, body []byte) bool { return programLine().Match(line) && bytes.IndexByte(body, '{') >= 0 }, "file is a program with the JSON in it, there should be the JSON object alone", "keep what is within { }, and the braces"},
	{func(_, body []byte) bool { return isBase64(body) }, "file is Base64, there should be the JSON that it stands for", "base64 -d decodes it"},
	{func(line, body []byte) bool { return tomlLine().Match(line) && variable().Match(body) }, "file is no JSON: it looks like TOML or a list of variables, there should be a JSON object", ""},
	{begins("-----BEGIN "), "file is a certificate, a key or an encrypted text, there should be a JSON object", ""},
	{makefile, "file is a Makefile, there should be a JSON object", ""},
	{yaml, "file is YAML, there should be a JSON object", "convert it, as with yq -o json"},
}

var (
	targetLine = lazy.Regexp(`^(?:[\w./%$()-]+[ \t]*)+:(?:[^=]|$)|^\.[A-Z]+:|^[A-Za-z_]\w*[ \t]*[:?+]?=|^-?include[ \t]`)
	// yamlKey matches a key of YAML, and its text.
	yamlKey = lazy.Regexp(`(?m)^["']?([A-Za-z_][\w.-]*)["']?:(?:[ \t][^\n]*)?\r?$`)
)

// makefile recognises a Makefile by the tabs before its commands. YAML has no tabs there.
func makefile(line, body []byte) bool {
	return targetLine().Match(line) && (bytes.Contains(body, []byte("\n\t")) || bytes.HasPrefix(line, []byte(".PHONY")))
}

// yaml recognises YAML. A line such as "curl: (6) Could not resolve host" is none, although it could be: so a file needs a name of a
// manifest, or two keys and none of them twice.
func yaml(line, body []byte) bool {
	if !yamlLine().Match(line) || braced(line) {
		return false
	}
	if line[0] == '-' || line[0] == '%' {
		return true
	}
	const most = 200
	seen := map[string]bool{}
	for _, m := range yamlKey().FindAllSubmatch(body, most) {
		name := string(m[1])
		switch {
		case slices.Contains(ofManifest, name):
			return true
		case seen[name], strings.EqualFold(name, "error"), name == "fatal":
			return false
		}
		seen[name] = true
	}
	_, value, _ := bytes.Cut(line, []byte(":"))
	return len(seen) > 1 || len(seen) == 1 && (bytes.Contains(body, []byte("\n  ")) || bytes.IndexByte(bytes.TrimSpace(value), ' ') < 0)
}

// ofManifest are members at the root of a manifest and of a job, in all versions of the standard.
var ofManifest = []string{"seedVersion", "job", "jobs", "manifestVersion", "name", "jobVersion", "packageVersion", "interface", "timeout", "maintainer", "resources"}

// foreign recognises text that is another kind of file, or has one around the JSON.
func foreign(s *Source) *Problem {
	body := bytes.TrimLeft(bytes.TrimPrefix(s.Text, []byte(byteOrderMark)), " \t\r\n")
	start := len(s.Text) - len(body)
	first, _, _ := bytes.Cut(body, []byte("\n"))
	line, rest := first, body
	for isComment(line) {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
		rest = bytes.TrimLeft(rest, " \t\r\n")
		line, _, _ = bytes.Cut(rest, []byte("\n"))
	}
	line = bytes.TrimRight(line, " \t\r")
	pr := &Problem{Span: Span{start, start + len(bytes.TrimRight(first, " \t\r"))}, Code: CodeForeign}
	switch {
	case len(body) > 0 && len(line) == 0:
		pr.Message = "file has nothing but comments, there should be a JSON object"
		return pr
	case len(line) == 0, line[0] == '{':
		return nil
	}
	for _, f := range foreigners {
		if f.matches(line, rest) {
			pr.Message, pr.Hint = f.message, f.hint
			keepObject(s, pr)
			return pr
		}
	}
	if !plain(line) {
		return nil
	}
	pr.Message = fmt.Sprintf("file is no JSON: it begins with %s, there should be a JSON object", quote(string(line)))
	if n := bytes.Index(rest, []byte("\n{")); n >= 0 {
		pr.Message = fmt.Sprintf("text before the JSON object, which begins on line %d", s.line(len(s.Text)-len(rest)+n+1))
		pr.Hint = "remove it"
		keepObject(s, pr)
	}
	return pr
}

// isComment reports whether a line is a comment, to YAML and others.
func isComment(line []byte) bool {
	return bytes.HasPrefix(line, []byte("#")) && !bytes.HasPrefix(line, []byte("#!")) || bytes.HasPrefix(line, []byte(";")) || bytes.HasPrefix(line, []byte("//"))
}

// plain reports whether a line begins neither as JSON nor as what people write in place of it, so that it is other text.
func plain(line []byte) bool {
	switch c := line[0]; {
	case isLetter(c) || strings.IndexByte("()*!~^&=>|?@", c) >= 0:
		word := strings.ToLower(string(wordAt(line)))
		return otherSpellings[word] == "" && !notFinite[word]
	case c >= '0' && c <= '9':
		return bytes.ContainsAny(line, " :{")
	}
	return strings.IndexByte("-.+:,}]/\\%", line[0]) >= 0 && !validNumber(string(line))
}

// keepObject adds a fix that removes what is around the only manifest in a text.
func keepObject(s *Source, pr *Problem) {
	from, to := bytes.IndexByte(s.Text, '{'), bytes.LastIndexByte(s.Text, '}')+1
	if from < 0 || to <= from || !bytes.Contains(s.Text[from:to], []byte(`"seedVersion"`)) || !json.Valid(s.Text[from:to]) {
		return
	}
	ending := "\n"
	if bytes.Contains(s.Text[from:to], []byte("\r\n")) {
		ending = "\r\n"
	}
	pr.Fix, pr.Unsafe = "Keep the JSON object alone", true
	pr.Edits = []Edit{{Span{0, len(s.Text)}, string(s.Text[from:to]) + ending}}
}

// isBase64 reports whether a text is the Base64 form of JSON or gzip.
func isBase64(body []byte) bool {
	const least = 40
	text := bytes.Join(bytes.Fields(body), nil)
	if len(text) < least {
		return false
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	return err == nil && n > 1 && (bytes.HasPrefix(bytes.TrimLeft(out, " \t\r\n"), []byte("{")) || bytes.HasPrefix(out, []byte("\x1f\x8b")))
}

// braced reports whether the first line is a member of JSON, whose braces are missing.
func braced(line []byte) bool {
	return line[0] == '"' && (bytes.HasSuffix(line, []byte(",")) || bytes.HasSuffix(line, []byte("{")) || bytes.HasSuffix(line, []byte("[")))
}
