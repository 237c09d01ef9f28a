package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// letters are what secrets are made of: letters, what formats quote, line ends, control characters, other scripts, and
// bytes that are no text.
var letters = []string{"a", "b", "T", "r", "0", "7", "9", "-", "_", "n", "x", "u", `"`, `'`, "`", `\`, "/", "%", "&", "<", ">", "+", "=", "#", "$", "!",
	";", ":", ",", " ", "\t", "\n", "\r\n", "\x01", "\x1b", "\x7f", "é", "ß", "密", "😀", "\u2028", "\ufeff", "\xff", "{", "}", "[", "]", "*", "?", "~"}

// someSecret returns a value of a length from very short to long.
func someSecret(r *rand.Rand) string {
	n := []int{1, 2, 3, 4, 5, 8, 13, 20, 40, 120}[r.IntN(10)]
	var b strings.Builder
	for range n {
		b.WriteString(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// spellings are what programs write of a value.
var spellings = map[string]func(string) string{
	"raw":     func(s string) string { return s },
	"go":      strconv.Quote,
	"goASCII": strconv.QuoteToASCII,
	"json":    jsonOf,
	"json²":   func(s string) string { return jsonOf(jsonOf(s)) },
	"json³":   func(s string) string { return jsonOf(jsonOf(jsonOf(s))) },
	"xml": func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	},
	"html":      html.EscapeString,
	"htmlJSON":  func(s string) string { return html.EscapeString(jsonOf(s)) },
	"query":     url.QueryEscape,
	"path":      url.PathEscape,
	"query²":    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"jsonQuery": func(s string) string { return jsonOf(url.QueryEscape(s)) },
	"queryJSON": func(s string) string { return url.QueryEscape(jsonOf(s)) },
	"shell":     func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
	"python":    func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" },
	"yaml":      func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
	"csv":       func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` },
	"octal":     func(s string) string { return eachByte(s, `\%03o`) },
	"x":         func(s string) string { return eachByte(s, `\x%02x`) },
	"percent":   func(s string) string { return eachByte(s, "%%%02x") },
	"entities":  func(s string) string { return eachRune(s, "&#%d;") },
	"entitiesX": func(s string) string { return eachRune(s, "&#x%X;") },
	"u":         func(s string) string { return eachRune(s, `\u{%x}`) },
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":       func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"dump":      func(s string) string { return eachByte(s, "%02x ") },
	"quoted-printable": func(s string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		w.Binary = true
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.String()
	},
	"wrapped": func(s string) string { return wrap(s, 8) },
	"indented": func(s string) string {
		return strings.ReplaceAll(wrap(s, 8), "\n", "\n        ")
	},
	"logged": func(s string) string { return strings.ReplaceAll(wrap(s, 8), "\n", "\n#12 1.234 ") },
}

func init() {
	for name, enc := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "rawstd": base64.RawStdEncoding, "rawurl": base64.RawURLEncoding} {
		for before := range 3 {
			spellings[fmt.Sprintf("base64-%s-%d", name, before)] = func(s string) string {
				return enc.EncodeToString([]byte("user:pass"[:before] + s + "tail"))
			}
		}
		spellings["base64-json-"+name] = func(s string) string { return enc.EncodeToString([]byte(`{"p":` + jsonOf(s) + "}")) }
		spellings["base64-wrapped-"+name] = func(s string) string { return wrap(enc.EncodeToString([]byte(s)), 20) }
		spellings["json-base64-"+name] = func(s string) string { return jsonOf(enc.EncodeToString([]byte(s))) }
		spellings["query-base64-"+name] = func(s string) string { return url.QueryEscape(enc.EncodeToString([]byte(s))) }
	}
}

func jsonOf(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func eachByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func eachRune(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// wrap breaks a text after so many bytes, as terminals and mail programs do.
func wrap(s string, n int) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return b.String() + s
}

// 2,000 values are found in the spellings of many programs, wherever they stand, in one text or in parts.
func TestEverySpelling(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(12, 2))
	names := slices.Sorted(maps.Keys(spellings))
	total := 2000
	if testing.Short() {
		total = 200
	}
	for n := range total {
		value := someSecret(r)
		redactor := New(value)
		short := len(strings.Trim(value, white)) < Min
		for i, name := range names {
			spell := spellings[name]
			if n >= 200 && (n+i)%4 > 0 { // all would take long
				continue
			}
			if short || strings.HasPrefix(name, "base64") && len(value) < 6 {
				continue
			}
			spelled := spell(value)
			text := "before <" + spelled + "> after"
			got := redactor.Hide(text)
			if left := remains(got, value, spelled); left != "" {
				t.Fatalf("%s of %q: %q is %q: %q is left", name, value, text, got, left)
			}
			if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
				t.Fatalf("%s of %q: %q is %q", name, value, text, got)
			}
			if again := redactor.Hide(got); again != got {
				t.Fatalf("%s of %q: %q is %q, again %q", name, value, text, got, again)
			}
			if n%8 > 0 || len(text) > 500 {
				continue
			}
			if parts := inParts(redactor, text, r); parts != got {
				t.Fatalf("%s of %q in parts: %q is %q, should be %q", name, value, text, parts, got)
			}
		}
		if text := "nothing 12 of \"it\" \\n is here: " + Mask; short && redactor.Hide(text+value) != text+value {
			t.Fatalf("%q is redacted", value)
		}
	}
}

// remains returns what is left of a spelled value: all of it, or a run that is longer than what stands around the value in
// base64 or in a log.
func remains(text, value, spelled string) string {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "before <"), "> after")
	if !strings.Contains(text, Mask) {
		return text
	}
	rest := strings.ReplaceAll(text, Mask, "\x00")
	for part := range strings.SplitSeq(rest, "\x00") {
		// What is left at its ends may be white space and quotes, however they are spelled.
		part = strings.Trim(strings.ReplaceAll(part, "#12 1.234", ""), " \n\r\t\v\f\\\"'rnt%0123459ADCadc=&#x;u{}")
		if utf8.RuneCountInString(part) >= 20 && strings.Contains(spelled, part) {
			return part
		}
	}
	return ""
}

func inParts(r *Redactor, text string, random *rand.Rand) string {
	s := r.NewStream()
	var b strings.Builder
	for len(text) > 0 {
		n := 1 + random.IntN(min(len(text), 16))
		b.Write(s.Next([]byte(text[:n])))
		text = text[n:]
	}
	b.Write(s.End())
	return b.String()
}

// Secrets that overlap or hold each other are redacted together.
func TestOverlaps(t *testing.T) {
	t.Parallel()
	redactor := New("hunter2", "hunter2-extra", "tra-long-one", "abcdef", "defghi")
	for text, want := range map[string]string{
		"hunter2 hunter2-extra hunter2-extra-long-one hunter2-ext": "*** *** *** ***-ext",
		"abcdefghi defabcdefghi":                                   "*** def***",
	} {
		if got := redactor.Hide(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
