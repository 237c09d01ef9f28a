package seed

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"
)

var (
	// labelLine matches what stands before a manifest in a Dockerfile.
	labelLine = lazy.Regexp(`^(?:LABEL[ \t]+)?(?:com\.ngageoint\.seed\.manifest|com\.jobpack\.manifest)[ \t]*[= \t][ \t]*`)
	// escapedStart matches the beginning of JSON whose quotes are escaped: for a label, for HTML or for a URL.
	escapedStart = lazy.Regexp(`^(?:["'` + "`" + `]?[{\[](?:\s|\\\r?\n)*(?:\\+["u]|&quot;|&#34;|(?:""|'')\w+(?:""|'')[ \t]*:)|(?i:%7B|%5B))`)
)

// doubledStart matches the beginning of JSON whose quotes are doubled.
var doubledStart = lazy.Regexp(`^["']?\{\s*(?:""|'')\w`)

// escaped recognises the text of a LABEL, in which the quotes of the JSON are escaped, and JSON that stands in quotes as a whole.
// Its fix writes the JSON.
func escaped(s *Source) *Problem {
	body := bytes.TrimLeft(bytes.TrimPrefix(s.Text, []byte(byteOrderMark)), " \t\r\n")
	start := len(s.Text) - len(body)
	label := len(labelLine().Find(body))
	inner := body[label:]
	whole := inQuotes(inner)
	if label == 0 && !whole && !escapedStart().Match(inner) {
		return nil
	}
	at := Span{start, start + max(label, 1)}
	if n := bytes.IndexByte(inner, '\\'); label == 0 && n >= 0 && !whole {
		at = Span{start + n, start + n + 1}
	}
	pr := &Problem{Span: at, Code: CodeEscaped, Message: "this is the text of a label, with its quotes escaped, and not the JSON itself",
		Hint: `write " for each \"`}
	switch {
	case label > 0:
		pr.Message = "this is a LABEL of a Dockerfile, but a file holds the JSON alone"
	case bytes.HasPrefix(inner, []byte("%")):
		pr.Message, pr.Hint = "this is the text of a URL, with its characters escaped, and not the JSON itself", ""
	case bytes.Contains(inner, []byte("&quot;")), bytes.Contains(inner, []byte("&#34;")):
		pr.Message, pr.Hint = "this is the text of a web page, with its quotes escaped, and not the JSON itself", `write " for each &quot;`
	case doubledStart().Match(inner):
		pr.Message, pr.Hint = "each quote is written twice, as in a cell of CSV or SQL, but this should be the JSON itself", `write " for each pair of quotes`
	case whole:
		pr.Message, pr.Hint = "the document stands in quotes, and not the JSON alone", "remove the quotes around it"
	}
	if text, ok := Unescape(string(inner)); ok {
		pr.Hint, pr.Fix, pr.Edits = "", "Write the JSON without the escapes", []Edit{{Span{0, len(s.Text)}, text + "\n"}}
	}
	return pr
}

// inQuotes reports whether a text is an object in quotes.
func inQuotes(text []byte) bool {
	text = bytes.TrimSpace(text)
	last := len(text) - 1
	if last < 3 || strings.IndexByte("\"'`", text[0]) < 0 || text[last] != text[0] {
		return false
	}
	inner := bytes.TrimSpace(text[1:last])
	return len(inner) > 1 && inner[0] == '{' && inner[len(inner)-1] == '}'
}

// Unescape returns the JSON object in a text that is escaped, at any depth: as a string of JSON, as a label, for a web page or for
// a URL. Ok is false if there is none.
func Unescape(text string) (object string, ok bool) {
	const deepest = 4
	return unescapeMost(strings.TrimSpace(text), deepest)
}

func unescapeMost(s string, deepest int) (string, bool) {
	if strings.HasPrefix(s, "{") && json.Valid([]byte(s)) {
		return s, true
	}
	if deepest == 0 {
		return "", false
	}
	seen := map[string]bool{s: true}
	for _, once := range []func(string) string{unescapeString, unescapeLabel, unescapePage, unescapeURL, unescapeDoubled} {
		if inner := strings.TrimSpace(once(s)); inner != "" && !seen[inner] {
			seen[inner] = true
			if object, ok := unescapeMost(inner, deepest-1); ok {
				return object, true
			}
		}
	}
	return "", false
}

// unescapeString reads a text as a string of JSON, with its quotes or without.
func unescapeString(s string) string {
	var inner string
	if json.Unmarshal([]byte(s), &inner) == nil || json.Unmarshal([]byte(`"`+s+`"`), &inner) == nil {
		return inner
	}
	return ""
}

// unescapeLabel removes the quotes around a text, and the backslash before each character, as a builder does.
func unescapeLabel(s string) string {
	if n := len(s) - 1; n > 0 && strings.IndexByte("\"'`", s[0]) >= 0 && s[n] == s[0] {
		s = s[1:n]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 == len(s) {
			break // a Dockerfile goes on in the next line, which was not copied
		}
		if s[i] == '\\' {
			rest := s[i+1:]
			switch n := lineBreakAt([]byte(rest)); {
			case n > 0: // a Dockerfile goes on in the next line
				i += n
				continue
			case strings.IndexByte("\"\\$'/", rest[0]) >= 0:
				i++
			case strings.HasPrefix(rest, "u0022"):
				b.WriteByte('"')
				i += len("u0022")
				continue
			case strings.HasPrefix(rest, "u005c"):
				i += len("u005c")
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var pageEscapes = strings.NewReplacer("&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&")

func unescapePage(s string) string { return pageEscapes.Replace(s) }

// unescapeDoubled writes one quote for each two, as in a cell of CSV or SQL.
func unescapeDoubled(s string) string {
	if n := len(s) - 1; n > 0 && s[0] == '"' && s[n] == '"' {
		s = s[1:n]
	}
	if strings.Contains(s, "''") && !strings.Contains(s, `"`) {
		return strings.ReplaceAll(s, "''", `"`)
	}
	return strings.ReplaceAll(s, `""`, `"`)
}

func unescapeURL(s string) string {
	if !strings.HasPrefix(s, "%") {
		return ""
	}
	text, _ := url.PathUnescape(s)
	return text
}
