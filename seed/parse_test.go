package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// broken has texts and their problems, in the order of the text.
var broken = []struct{ name, text, want string }{
	{"empty", "", "1:1 empty"},
	{"only blanks", " \n\t\n", "3:1 empty"},
	{"trailing comma in an object", "{\n  \"a\": 1,\n  \"b\": 2,\n}\n", "3:9 comma"},
	{"trailing comma in an array", "{\n  \"a\": [1, 2,],\n  \"b\": 2\n}\n", "2:13 comma"},
	{"missing comma", "{\n  \"a\": 1\n  \"b\": 2\n}\n", "2:9 comma"},
	{"missing comma in an array", "{\"a\": [\n  \"x\"\n  \"y\"\n]}", "2:6 comma"},
	{"missing comma, CRLF", "{\r\n  \"a\": 1\r\n  \"b\": 2\r\n}\r\n", "2:9 comma"},
	{"missing comma after an object", "{\n\t\"a\": {\n\t}\n\t\"b\": {}\n}", "3:3 comma"},
	{"two commas", `{"a": 1,, "b": 2}`, "1:9 comma"},
	{"leading comma", `[, 1]`, "1:2 comma"},
	{"line comment", "{\n  // hi\n  \"a\": 1\n}", "2:3 comment"},
	{"block comment", "{\n  \"a\": /* c */ 1\n}", "2:8 comment"},
	{"shell comment after tabs", "{\n\t\t# c\n\t\"a\": 1}", "2:3 comment"},
	{"comment without an end", "{} /* x", "1:4 comment"},
	{"byte order mark", "\ufeff{\"a\": 1}", "1:1 byte-order-mark"},
	{"byte order mark and more", "\ufeff{\"a\": tru}", "1:1 byte-order-mark, 1:7 value"},
	{"UTF-16", "\xff\xfe{\x00}\x00", "1:1 encoding"},
	{"single quotes", "{\n  'a': 1\n}", "2:3 quote"},
	{"typographic quotes", "{\n  \u201ca\u201d: \u201eb c\u201c, \"d\": \u00abe\u00bb\n}", "2:3 quote, 2:8 quote, 2:20 quote"},
	{"typographic quote alone", "[\u201ca]", "1:2 value"},
	{"name without quotes", "{\n  a: 1\n}", "2:3 name"},
	{"missing name", `{: 1}`, "1:2 name"},
	{"number as a name", `{1: 1}`, "1:2 name"},
	{"brace not closed", "{\n  \"a\": {\n    \"b\": 1\n}\n", "2:8 unclosed"},
	{"brace not closed, no indentation", `{"a": {"b": 1}`, "1:1 unclosed"},
	{"brace not closed, comma alone", "{\n  \"a\": {\n    \"b\": 1\n  ,\n  \"c\": 2\n}\n", "2:8 unclosed"},
	{"brace not closed, line gone", "{\n  \"a\": {\n    \"b\": 1\n  \"c\": 2\n}\n", "2:8 unclosed"},
	{"bracket not closed, line gone", "{\n  \"a\": [\n    {\n      \"b\": 1\n    }\n  \"c\": 2\n}\n", "2:8 unclosed"},
	{"bracket not closed in the middle", "{\n  \"a\": [\n    {\n      \"b\": 1\n    \n  ],\n  \"c\": 2\n}\n", "3:5 unclosed"},
	{"brace one too many in the middle", "{\n  \"a\": {\n    \"b\": [1]},\n    \"c\": 2\n  }\n}\n", "3:13 bracket"},
	{"brace one too many before the end", "{\n  \"a\": {\n    \"b\": [1]}\n  }\n}", "3:13 bracket"},
	{"wrong bracket at the end", "{\n  \"a\": [\n    1\n  }\n}\n", "4:3 bracket"},
	{"odd indentation of a whole document", "{\n\"a\": {\n  \"b\": 1\n      },\n \"c\": {\n1:1}}", "6:1 name"},
	{"bracket not closed", "{\n  \"a\": [1, 2\n}\n", "2:8 unclosed"},
	{"wrong bracket", `{"a": [1}, "b": 2}`, "1:9 bracket"},
	{"stray bracket", `{"a": 1]}`, "1:8 bracket"},
	{"bracket too many", "{\n  \"a\": 1\n}}\n", "3:2 trailing-text"},
	{"two documents", "{}\n{}\n", "2:1 documents"},
	{"string not closed", "{\n  \"a\": \"x,\n  \"b\": 1\n}", "2:8 unclosed"},
	{"last string not closed", "{\n  \"a\": \"x\n}", "2:8 unclosed"},
	{"string not closed at the end", `{"a": "x`, "1:1 unclosed"},
	{"invalid UTF-8", "{\n  \"a\": \"x\xffy\"\n}", "2:10 encoding"},
	{"a run of invalid UTF-8", "{\"a\": \"\xff\xfe\xfdy\"}", "1:8 encoding"},
	{"tab in a string", "{\n\t\"a\": \"x\ty\"\n}", "2:9 string"},
	{"bad escape", "{\n  \"a\": \"\\d+\"\n}", "2:9 string"},
	{"half a surrogate pair", `{"a": "x\ud83d"}`, "1:9 string"},
	{"after many-byte text", "{\n  \"é😀\": tru\n}", "2:9 value"},
	{"after combining marks and CRLF", "{\r\n  \"e\u0301\": \"日本\" \"x\": 1\r\n}", "2:13 comma"},
	{"missing colon", "{\n  \"a\" 1\n}", "2:6 colon"},
	{"equals sign", `{"a" = 1}`, "1:6 colon"},
	{"name alone", "{\"a\"\n}", "1:5 colon"},
	{"missing value", `{"a": , "b": 1}`, "1:7 value"},
	{"True", "{\n  \"a\": True\n}", "2:8 value"},
	{"NaN", `[NaN]`, "1:2 value"},
	{"leading zero", "{\n  \"a\": 01\n}", "2:8 number"},
	{"plus sign", `[+1]`, "1:2 number"},
	{"point without a digit", `[1, .5]`, "1:5 number"},
	{"infinite", `[1e400]`, "1:2 number-range"},
	{"duplicate member", "{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3\n}", "4:3 duplicate"},
	{"duplicate by an escape", `{"a": 1, "\u0061": 3}`, "1:10 duplicate"},
	{"several", "{\n  'a': 1,\n  \"b\": tru\n  // c\n  \"b\": 2,\n}\n", "2:3 quote, 3:8 value, 3:11 comma, 4:3 comment, 5:3 duplicate, 5:9 comma"},
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			if got := problems(ParseJSON([]byte(tt.text))); got != tt.want {
				t.Errorf("problems of %q:\n got %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

// problems returns the place and code of each problem.
func problems(s *Source) string {
	var out []string
	for _, p := range s.Problems {
		at := s.Position(p.Span.Start)
		out = append(out, fmt.Sprintf("%d:%d %s", at.Line, at.Column, p.Code))
	}
	return strings.Join(out, ", ")
}

func TestProblemMessages(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, message, hint string }{
		{"{\n \"a\": 1,\n\n \"a\": 2}", `member "a" is already on line 2, a name should be there once`, "readers differ in which one they take: remove one"},
		{"{\"a\": [1, 2\n}", `"[" is not closed before the "}" on line 2`, `write "]" where this array ends`},
		{`[True]`, `"True" is not a JSON value`, "JSON writes it true"},
		{`[+.5]`, `"+.5" is not a JSON number`, "JSON writes it 0.5"},
		{`["\d"]`, `"\\d" is not an escape sequence`, "a backslash is written twice"},
		{"[\"a\tb\"]", `control character 0x09 in a string, it should be written \t`, ""},
	}
	for _, tt := range tests {
		p := ParseJSON([]byte(tt.text)).Problems
		if len(p) != 1 || p[0].Message != tt.message || p[0].Hint != tt.hint {
			t.Errorf("problems of %q are %+v, want %q with hint %q", tt.text, p, tt.message, tt.hint)
		}
	}
}

func TestMessagesAreLines(t *testing.T) {
	t.Parallel()
	for _, tt := range broken {
		for _, p := range ParseJSON([]byte(tt.text)).Problems {
			if m := p.Message; m == "" || strings.HasSuffix(m, ".") || strings.Contains(m+p.Hint, "\n") {
				t.Errorf("message %q, hint %q: want one line without a full stop", m, p.Hint)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if got := problems(ParseJSON([]byte(deep))); got != "" {
		t.Errorf("%d levels: %s", MaxDepth, got)
	}
	if got, want := problems(ParseJSON([]byte("["+deep+"]"))), "1:513 depth"; got != want {
		t.Errorf("%d levels: got %s, want %s", MaxDepth+1, got, want)
	}
	long := append(bytes.Repeat([]byte(" "), MaxSize-2), "[]"...)
	if got := problems(ParseJSON(long)); got != "" {
		t.Errorf("%d bytes: %s", len(long), got)
	}
	if got, want := problems(ParseJSON(append(long, ' '))), "1:1 too-large"; got != want {
		t.Errorf("%d bytes: got %s, want %s", len(long)+1, got, want)
	}
	if n := len(ParseJSON(bytes.Repeat([]byte("tru\n"), 1000)).Problems); n > MaxProblems {
		t.Errorf("%d problems, want at most %d", n, MaxProblems)
	}
}

// Reading a broken text must take time in proportion to its length.
func TestHostileTextIsReadInTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector makes it slow, and the reader uses one goroutine")
	}
	for name, piece := range map[string]string{
		"duplicates on one line": `"é":1,`, "brackets": "[{", "closing": "]}", "comments": "/*é*/", "quotes": "'\"'", "bytes": "\xff", "commas": ",,",
	} {
		begin := time.Now()
		s := ParseJSON([]byte("{" + strings.Repeat(piece, (MaxSize-1)/len(piece))))
		if took := time.Since(begin); took > 2*time.Minute { // in quadratic time it would take far longer
			t.Errorf("%s: reading took %v", name, took)
		}
		if len(s.Problems) == 0 {
			t.Errorf("%s: no problem", name)
		}
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want string
	}{
		{"{'a': 1 'b': [1 2,], /* c */ c = tru,, \"d\" 2}", `{"a":1,"b":[1,2],"c":null,"d":2}`},
		{"{\"a\": \"x,\n \"b\": 1}", `{"a":"x","b":1}`},
		{"{\"a\": [1, {\"b\": 2, \n\"c\": 3}", `{"a":[1,{"b":2,"c":3}]}`},
		{`{"a": 1, "a": 2}`, `{"a":2}`},
		{`{"a": "\d\q\u12"}`, `{"a":"\\d\\q\\u12"}`},
		{`'it\'s "x"'`, `"it's \"x\""`},
	}
	for _, tt := range tests {
		got, err := json.Marshal(ParseJSON([]byte(tt.text)).Value())
		if err != nil || string(got) != tt.want {
			t.Errorf("value of %q = %s (%v), want %s", tt.text, got, err, tt.want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	m := Parse([]byte(`{
		"seedVersion": "1.0.0",
		"job": {
			"name": "a", "title": 5, "timeout": 10.0, "tags": ["x", 1, "y"],
			"maintainer": "me",
			"resources": {"scalar": [{"name": "mem", "value": 1e3, "inputMultiplier": "4"}]},
			"interface": {
				"command": "${A}",
				"inputs": {"files": [{"name": "A"}, 7, {"name": "B", "required": false, "multiple": true}], "json": []},
				"outputs": {"json": [{"name": "O", "key": "k", "type": "string"}]},
				"mounts": [{"name": "M"}, {"mode": "rw"}, {"mode": null}],
				"settings": [{"secret": true}]
			},
			"errors": [{"code": 1.5}, {"code": 9223372036854775808, "category": "data"}]
		}
	}`))
	want := Job{
		Name: "a", Timeout: 10, Tags: []string{"x", "", "y"},
		Resources: Resources{Scalar: []Scalar{{Name: "mem", Value: 1000}}},
		Interface: Interface{
			Command:  "${A}",
			Inputs:   Inputs{Files: []InputFile{{Name: "A", Required: true}, {Required: true}, {Name: "B", Multiple: true}}, JSON: []InputJSON{}},
			Outputs:  Outputs{JSON: []OutputJSON{{Name: "O", Key: "k", Type: "string", Required: true}}},
			Mounts:   []Mount{{Name: "M", Mode: "ro"}, {Mode: "rw"}, {Mode: "ro"}},
			Settings: []Setting{{Secret: true}},
		},
		Errors: []Error{{Code: 0, Category: "job"}, {Code: 9223372036854775807, Category: "data"}},
	}
	if !reflect.DeepEqual(m.Job, want) {
		t.Errorf("job:\n got %+v\nwant %+v", m.Job, want)
	}
	if m.SeedVersion != "1.0.0" || m.Source == nil {
		t.Errorf("seedVersion %q, source %v", m.SeedVersion, m.Source)
	}
}

func TestDecodeNeverLosesSource(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "null", "{", "\x00", `{"job": []}`} {
		if m := Parse([]byte(text)); m.Source == nil {
			t.Errorf("%q: no source", text)
		}
	}
}

// jsontext is a strict reader of RFC 8259. Like Parse, it refuses duplicate names and invalid UTF-8.
func valid(text []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if d.SkipValue() != nil {
		return false
	}
	_, err := d.ReadToken()
	return err == io.EOF
}

func FuzzParse(f *testing.F) {
	for _, tt := range broken {
		f.Add([]byte(tt.text))
	}
	for _, file := range []string{"testdata/complete.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Parse(text).Source
		wellFormed := true
		for _, p := range s.Problems {
			if p.Code == CodeDepth || p.Code == CodeTooLarge {
				return
			}
			wellFormed = wellFormed && p.Code == CodeNumberRange
			checkSpan(t, s, p.Span)
			for _, e := range p.Edits {
				checkSpan(t, s, e.Span)
			}
		}
		if wellFormed != valid(text) {
			t.Fatalf("%q: problems %s, but jsontext says %v", text, problems(s), valid(text))
		}
		checkNode(t, s, s.root, "", wellFormed)
		checkElement(t, s)
	})
}

func checkSpan(t *testing.T, s *Source, at Span) {
	t.Helper()
	if at.Start < 0 || at.End < at.Start || at.End > len(s.Text) {
		t.Fatalf("%q: span %v is not within the text", s.Text, at)
	}
}

// checkNode checks that every span lies within the span of its parent. In a well-formed text, jsontext must accept the
// text of each span.
func checkNode(t *testing.T, s *Source, n *node, p Pointer, wellFormed bool) {
	t.Helper()
	if n == nil {
		return
	}
	checkSpan(t, s, n.span)
	if wellFormed {
		if raw := s.Text[n.span.Start:n.span.End]; !valid(raw) {
			t.Fatalf("%q: value %q at %q is no JSON", s.Text, raw, p)
		}
		if got := s.Span(p); got != n.span {
			t.Fatalf("%q: span of %q is %v, want %v", s.Text, p, got, n.span)
		}
	}
	if at := s.Position(n.span.Start); s.offset(at) != n.span.Start && wellFormed {
		t.Fatalf("%q: offset of %v is %d, want %d", s.Text, at, s.offset(at), n.span.Start)
	}
	for i, c := range n.children {
		at := p.Index(i)
		if n.kind == kindObject {
			at = p.Member(c.name)
			checkSpan(t, s, c.key)
		}
		if c.span.Start < n.span.Start || c.span.End > n.span.End {
			t.Fatalf("%q: %q at %v is not within %v", s.Text, at, c.span, n.span)
		}
		checkNode(t, s, c, at, wellFormed)
	}
}

func BenchmarkParse(b *testing.B) {
	one, err := os.ReadFile("testdata/complete.json")
	if err != nil {
		b.Fatal(err)
	}
	many := []byte("[" + strings.Repeat(string(one)+",", 1_000_000/len(one)) + "null]")
	for name, text := range map[string][]byte{"4kB": one, "1MB": many} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if s := Parse(text).Source; len(s.Problems) > 0 {
					b.Fatal(problems(s))
				}
			}
		})
	}
}
