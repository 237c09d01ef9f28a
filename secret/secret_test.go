package secret

import (
	"bytes"
	"testing"
)

// Values are found raw and in the spellings of the usual formats.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, text, want string }{
		{"Tr0ub4dor-9", "a Tr0ub4dor-9 b", "a *** b"},
		{`Tr0ub"4dor-9`, `"name-Tr0ub\"4dor-9.txt"`, `"name-***.txt"`},
		{`Tr0ub\4dor-9`, `"name-Tr0ub\\4dor-9.txt"`, `"name-***.txt"`},
		{`Tr0ub\4dor-9`, `Tr0ub\\\\4dor-9`, `***`},
		{`Tr0ub"4dor-9`, `Tr0ub\\\"4dor-9 Tr0ub\\u00224dor-9 Tr0ub&quot;4dor-9 Tr0ub&amp;#34;4dor-9 Tr0ub%224dor-9 Tr0ub%25224dor-9`, `*** *** *** *** *** ***`},
		{"pass wörd", `pass+w%C3%B6rd pass\u0020w\u00f6rd pass w\303\266rd pass&#x20;w&#246;rd pass\ wörd`, "*** *** *** *** ***"},
		{"it's secret", `'it'\''s secret' 'it'"'"'s secret' 'it''s secret'`, `'***' '***' '***'`},
		{"hunter2hunter", "hunt\ner2hunter hunter2\\\n  hunter hunter2\n#8 0.123 hunter", "*** *** ***"},
		{"hunter2", "aHVudGVyMg== eGh1bnRlcjI= eHhodW50ZXIyeA", "***== e***= eH***eA"},
		{"hunter2", "68756e74657232 68:75:6E:74:65:72:32", "*** ***"},
		{"first line\nsecond line", "x first line y second line z", "x *** y *** z"},
		{"\x01\xff\x7fabc", `\u0001\ufffd\u007fabc \x01\xff\x7fabc`, "*** ***"},
		{"😀 key", `\ud83d\ude00 key \U0001f600 key &#128512; key`, "*** *** ***"},
		{"abc", "abc", "abc"},
		{"****", "a **** b", "a *** b"},
	} {
		if got := New(c.value).Hide(c.text); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.value, c.text, got, c.want)
		}
	}
}

// A stream needs no new memory for each part, however much of it comes.
func TestStreamAllocates(t *testing.T) {
	s := New("swordfish").NewStream()
	part := bytes.Repeat([]byte("no such word, and \x00\x00\x00\n"), 5000)
	s.Next(part)
	if n := testing.AllocsPerRun(20, func() { s.Next(part) }); n > 10 {
		t.Errorf("%v allocations for each part", n)
	}
	var all []byte
	for _, part := range []string{"a sword", "fi", "sh b", " swordfis", "h", " sword", "s"} {
		all = append(all, s.Next([]byte(part))...)
	}
	all = append(all, s.End()...)
	if want := "a *** b *** swords"; !bytes.HasSuffix(all, []byte(want)) {
		t.Errorf("%q, want %q at the end", all[max(len(all)-40, 0):], want)
	}
}

func BenchmarkStream(b *testing.B) {
	s := New("swordfish").NewStream()
	part := bytes.Repeat([]byte("no such word, and \x00\x00\x00\n"), 5000)
	b.SetBytes(int64(len(part)))
	for b.Loop() {
		s.Next(part)
	}
}
