package secret

import "testing"

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
