package seed

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// offset is the inverse of Position.
func (s *Source) offset(at Position) int {
	i := s.Line(at.Line).Start
	if at.Line == 1 && len(s.Text) >= 3 && string(s.Text[:3]) == byteOrderMark {
		i = 3
	}
	for range at.Column - 1 {
		_, size := utf8.DecodeRune(s.Text[i:])
		i += size
	}
	return i
}

const sample = "{\r\n\t\"job\": {\r\n\t\t\"tags\": [\"é😀\", \"b\"],\r\n\t\t\"a/b~c\": 1, \"x\": null, \"x\": true\r\n\t}\r\n}"

func TestPositionRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range []string{sample, "", "\n", "a\nb", "\ufeff{}\n", "日本\n\tx\r\n"} {
		s := ParseJSON([]byte(text))
		for i := 0; i <= len(text); i++ {
			if i < len(text) && !utf8.RuneStart(text[i]) || i == 0 && len(text) > 2 && text[:3] == byteOrderMark {
				continue
			}
			if got := s.offset(s.Position(i)); got != i {
				t.Errorf("%q: offset %d is at %v, which is offset %d", text, i, s.Position(i), got)
			}
		}
	}
}

func TestPositionOfALiteral(t *testing.T) {
	t.Parallel()
	s := &Source{Text: []byte("FROM x\n# é y\n")}
	if got, want := s.Position(12), (Position{2, 5}); got != want {
		t.Errorf("position = %v, want %v", got, want)
	}
	if got := string(s.Text[s.Line(2).Start:s.Line(2).End]); got != "# é y" {
		t.Errorf("line 2 = %q", got)
	}
	if got := s.Span("/x"); got != (Span{}) {
		t.Errorf("span = %v, want none", got)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	s := ParseJSON([]byte(sample))
	tests := []struct {
		pointer            Pointer
		has                bool
		kind, span, key    string
		line, column, size int
	}{
		{"", true, "object", sample, sample, 1, 1, 1},
		{"/job/tags", true, "array", "[\"é😀\", \"b\"]", `"tags"`, 3, 11, 2},
		{"/job/tags/1", true, "string", `"b"`, `"b"`, 3, 18, 0},
		{"/job/tags/2", false, "", "[\"é😀\", \"b\"]", "[\"é😀\", \"b\"]", 3, 11, 0},
		{"/job/tags/01", false, "", "[\"é😀\", \"b\"]", "[\"é😀\", \"b\"]", 3, 11, 0},
		{"/job/a~1b~0c", true, "number", "1", `"a/b~c"`, 4, 12, 0},
		{"/job/x", true, "boolean", "true", `"x"`, 4, 31, 0},
		{"/job/tags/1/y/z", false, "", `"b"`, `"b"`, 3, 18, 0},
	}
	for _, tt := range tests {
		span, key := s.Span(tt.pointer), s.KeySpan(tt.pointer)
		if got := string(s.Text[span.Start:span.End]); got != tt.span {
			t.Errorf("Span(%q) holds %q, want %q", tt.pointer, got, tt.span)
		}
		if got := string(s.Text[key.Start:key.End]); got != tt.key {
			t.Errorf("KeySpan(%q) holds %q, want %q", tt.pointer, got, tt.key)
		}
		if s.Has(tt.pointer) != tt.has || s.Kind(tt.pointer) != tt.kind || s.Len(tt.pointer) != tt.size {
			t.Errorf("%q: has %v, kind %q, length %d; want %v, %q, %d", tt.pointer, s.Has(tt.pointer), s.Kind(tt.pointer), s.Len(tt.pointer), tt.has, tt.kind, tt.size)
		}
		if got := s.Position(span.Start); got != (Position{tt.line, tt.column}) {
			t.Errorf("Position(%q) = %v, want %d:%d", tt.pointer, got, tt.line, tt.column)
		}
		if raw := string(s.Raw(tt.pointer)); tt.has && raw != tt.span || !tt.has && raw != "" {
			t.Errorf("Raw(%q) = %q", tt.pointer, raw)
		}
	}
	if got, want := s.Members("/job"), []string{"tags", "a/b~c", "x"}; !slices.Equal(got, want) {
		t.Errorf("Members = %q, want %q", got, want)
	}
}

func TestManyMembers(t *testing.T) {
	t.Parallel()
	text := "{"
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		text += `"` + string(c) + `": "` + string(c) + `", `
	}
	s := ParseJSON([]byte(text + `"c": 3}`))
	if got := s.Len(""); got != 26 {
		t.Errorf("length = %d, want 26", got)
	}
	if got := string(s.Raw("/c")); got != "3" {
		t.Errorf("c = %s, want the last one", got)
	}
	if got := string(s.Raw("/z")); got != `"z"` {
		t.Errorf("z = %s", got)
	}
	if s.Has("/ä") {
		t.Error("there should be no ä")
	}
}

func TestStringSpan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text     string
		from, to int
		want     string
	}{
		{`["abcdef"]`, 1, 3, "bc"},
		{`["a\nb\u00e9c"]`, 1, 2, `\n`},
		{`["a\nb\u00e9c"]`, 3, 5, `\u00e9`},
		{`["a\nb\u00e9c"]`, 4, 6, `\u00e9c`},
		{`["é😀x"]`, 2, 6, "😀"},
		{`["\ud83d\ude00x"]`, 0, 1, `\ud83d\ude00`},
		{`["ab"]`, 2, 2, ""},
		{`["ab"]`, 1, 9, "b"},
		{`['a\'b']`, 1, 2, `\'`},
		{"[\"a\xff\xfeb\"]", 7, 8, "b"},
		{`["a\db"]`, 1, 3, `\d`},
		{`[12]`, 0, 1, "12"},
	}
	for _, tt := range tests {
		s := ParseJSON([]byte(tt.text))
		at := s.StringSpan("/0", tt.from, tt.to)
		if got := tt.text[at.Start:at.End]; got != tt.want {
			t.Errorf("StringSpan(%q, %d, %d) holds %q, want %q", tt.text, tt.from, tt.to, got, tt.want)
		}
	}
}

func TestPointer(t *testing.T) {
	t.Parallel()
	p := Pointer("").Member("a/b").Index(3).Member("~")
	if want := Pointer("/a~1b/3/~0"); p != want {
		t.Fatalf("pointer = %q, want %q", p, want)
	}
	if got := p.Base(); got != "~" {
		t.Errorf("base = %q", got)
	}
	if got, want := p.Parent().Parent(), Pointer("/a~1b"); got != want {
		t.Errorf("parent = %q, want %q", got, want)
	}
	if got := Pointer("").Parent(); got != "" || Pointer("").Base() != "" {
		t.Errorf("the document's parent is %q", got)
	}
	// ~01 is the escape of ~1, not of a slash.
	if got := Pointer("/~01").Base(); got != "~1" {
		t.Errorf("base = %q, want ~1", got)
	}
}
