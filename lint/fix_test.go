package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// checkFix applies the fixes of a text. If that changes it, the whole text can be read, has no more errors than before, and
// has no such fix left.
func checkFix(t *testing.T, text []byte, unsafe bool) []byte {
	t.Helper()
	before := Manifest("it", seed.Parse(text), Options{})
	fixed := Fix("it", text, Options{}, diag.Policy{}, unsafe)
	if len(fixed.Changes) == 0 {
		if !bytes.Equal(fixed.Text, text) {
			t.Fatalf("no change, but the text is another:\n%s\n%s", text, fixed.Text)
		}
		return text
	}
	after := Manifest("it", seed.Parse(fixed.Text), Options{})
	switch {
	case !json.Valid(fixed.Text):
		t.Fatalf("unsafe %v: fixed to what is no JSON:\n%s\n%s", unsafe, text, fixed.Text)
	case after.Count(diag.Error) > before.Count(diag.Error):
		t.Fatalf("unsafe %v: %d errors become %d:\n%s\n%s\n%s", unsafe, before.Count(diag.Error), after.Count(diag.Error), text, fixed.Text, said(after))
	}
	if again := Fix("it", fixed.Text, Options{}, diag.Policy{}, unsafe); len(again.Changes) > 0 {
		t.Fatalf("unsafe %v: fixed twice, the second time %q:\n%s\n%s", unsafe, again.Changes[0].Title, text, fixed.Text)
	}
	return fixed.Text
}

// bases are manifests in which there is nothing to fix, in several layouts.
func bases(t testing.TB) (all [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(collection, "0*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "testdata/complete.json", "testdata/minimal.json", "testdata/broken/good.json") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = Fix(file, text, Options{}, diag.Policy{}, true).Text
		var compact bytes.Buffer
		if json.Compact(&compact, text) == nil {
			all = append(all, text, compact.Bytes())
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d manifests", len(all))
	}
	return all
}

// A leaf is a string, number, boolean or null of a document, or an empty container.
type leaf struct {
	raw string
	at  []seed.Span // with the name of the member, and the names of all members around it
}

func leaves(src *seed.Source) map[seed.Pointer]leaf {
	all := map[seed.Pointer]leaf{}
	for _, p := range pointers(src, "") {
		if src.Len(p) == 0 {
			key := src.KeySpan(p)
			span := src.Span(p)
			l := leaf{raw: string(src.Raw(p)), at: []seed.Span{{Start: min(key.Start, span.Start), End: span.End}}}
			for above := p.Parent(); above != ""; above = above.Parent() {
				l.at = append(l.at, src.KeySpan(above))
			}
			all[p] = l
		}
	}
	return all
}

// A breakage is a way to break a text at a place. It returns the new text of a range of the old one.
type breakage struct {
	name string
	do   func(r *rand.Rand, text []byte, at int) (from, to int, with string)
}

func pick(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }

// after returns the first place at or after an offset where a text has a substring, or -1.
func after(text []byte, at int, what string) int {
	if i := bytes.Index(text[at:], []byte(what)); i >= 0 {
		return at + i
	}
	return bytes.Index(text, []byte(what))
}

// insteadOf replaces the next occurrence of a text by one of others.
func insteadOf(what string, with ...string) func(*rand.Rand, []byte, int) (int, int, string) {
	return func(r *rand.Rand, text []byte, at int) (int, int, string) {
		i := after(text, at, what)
		if i < 0 {
			return 0, 0, ""
		}
		return i, i + len(what), pick(r, with...)
	}
}

var breakages = []breakage{
	{"remove a byte", func(_ *rand.Rand, _ []byte, at int) (int, int, string) { return at, at + 1, "" }},
	{"insert", func(r *rand.Rand, _ []byte, at int) (int, int, string) {
		return at, at, pick(r, `"`, ",", ":", "{", "}", "[", "]", "\n", "\t", " ", "\\", "'", "x", "0", "-", "\u00a0", "\ufeff", "\u200b", "\u201c", "/*c*/", "//c\n", "#c\n", "é", "\xff", "\x00", "<<<<<<<", "\n=======\n", "${X}", "{{ x }}")
	}},
	{"replace a byte", func(r *rand.Rand, _ []byte, at int) (int, int, string) {
		return at, at + 1, pick(r, `"`, ",", ":", "{", "}", "[", "]", "x", "0", " ", "=", "\n", "'")
	}},
	{"swap", func(_ *rand.Rand, text []byte, at int) (int, int, string) {
		at = min(at, len(text)-2)
		return at, at + 2, string([]byte{text[at+1], text[at]})
	}},
	{"cut", func(_ *rand.Rand, text []byte, at int) (int, int, string) { return at, len(text), "" }},
	{"remove a line", func(_ *rand.Rand, text []byte, at int) (int, int, string) {
		from := bytes.LastIndexByte(text[:at], '\n') + 1
		if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
			return from, at + n + 1, ""
		}
		return at, at, ""
	}},
	{"commas", insteadOf(",", "", ",,", " , ,")}, {"colons", insteadOf(":", "", "=", "::", " ")},
	{"opening quotes", insteadOf(` "`, " ", " '", ` ""`, ` "a "b" c`)}, {"closing quotes", insteadOf(`",`, ",", `"x,`, `" "y",`)},
	{"names", insteadOf(`":`, ":", `" :`, `"":`, "':")}, {"ends", insteadOf("}", ",}", "},", "", "]", "}}")}, {"closing", insteadOf("]", ",]", "", "}")},
	{"blanks in text", insteadOf(" ", "\n", "\t", "\" ", " \"", "\\ ", "\u00a0")}, {"true", insteadOf("true", "True", `"true"`, "yes", "TRUE", "1")},
	{"numbers", insteadOf(": 1", ": 01", ": +1", ": 1.", ": NaN", ": 1e400", ": 1e30", ": 0x1", ": 1 s", ": 1,000", `: "1`)},
	{"names of members", insteadOf("ame\"", "AME\"", "am\"", "aem\"", "ames\"")}, {"files", insteadOf(`"files"`, `"file"`, "files", `"Files"`)},
	{"types", insteadOf(`"mediaTypes"`, `"mediaType"`, `"media_types"`, "mediaTypes")}, {"in text", insteadOf("a", `a"b`, `a"b"c`, "a\n", `a\c`)},
	{"versions", insteadOf("1.0", "1", "v1.0", "1.0+x", "01.0")}, {"letters", insteadOf("s", "S", "ss", "")},
	{"resources", insteadOf(`"cpus"`, `"cpu"`, `"CPUS"`, `"cores"`)}, {"old", insteadOf(`"jobVersion"`, `"algorithmVersion"`, `"version"`)},
}

// No fix harms. A manifest without faults is broken at one place. Each value elsewhere is the same after the fixes, if they
// change anything.
func TestFixNeverHarms(t *testing.T) {
	t.Parallel()
	n := 1000
	switch {
	case testing.Short(): // with the race detector
		n = 100
	case os.Getenv("SEEDPACK_LONG") != "":
		n = 20_000
	}
	all := bases(t)
	r := rand.New(rand.NewPCG(7, 11))
	changed := map[bool]int{}
	for range n {
		base := all[r.IntN(len(all))]
		b := breakages[r.IntN(len(breakages))]
		from, to, with := b.do(r, base, r.IntN(len(base)))
		text := slices.Concat(base[:from], []byte(with), base[to:])
		for _, unsafe := range []bool{false, true} {
			fixed := checkFix(t, text, unsafe)
			if bytes.Equal(fixed, text) {
				continue
			}
			changed[unsafe]++
			if harm := harmed(base, fixed, seed.Span{Start: from, End: to}); harm != "" {
				t.Errorf("%s at %d, unsafe %v: %s\n%s\n%s", b.name, from, unsafe, harm, around(text, from), fixed)
			}
		}
	}
	t.Logf("fixes changed %d texts, and %d with unsafe ones, of %d", changed[false], changed[true], n)
	if changed[false] < n/20 || changed[true] < n/8 {
		t.Errorf("fixes changed only %v of %d texts, which tries little", changed, n)
	}
}

func around(text []byte, at int) []byte {
	return text[max(0, at-80):min(len(text), at+80)]
}

// harmed returns a value that is not what it was before a text was broken at a span, although it lies elsewhere. Elements of
// an array may have moved.
func harmed(base, fixed []byte, broken seed.Span) string {
	is := map[string]int{}
	for p, l := range leaves(seed.ParseJSON(fixed)) {
		is[anywhere(p)+" "+l.raw]++
	}
	touched := 1 // what was written there may be read as a value
	for p, l := range leaves(seed.ParseJSON(base)) {
		if slices.ContainsFunc(l.at, func(at seed.Span) bool { return at.Start <= broken.End+1 && broken.Start-1 <= at.End }) {
			touched++
			continue
		}
		key := anywhere(p) + " " + l.raw
		if is[key]--; is[key] < 0 {
			return fmt.Sprintf("%s was %s and is gone", p, l.raw)
		}
	}
	for key, n := range is {
		if touched -= n; touched < 0 {
			return key + " is new"
		}
	}
	return ""
}

var index = regexp.MustCompile(`/\d+`)

func anywhere(p seed.Pointer) string { return index.ReplaceAllString(string(p), "/*") }

// The archives of all rules, and broken manifests, stay what they are or get better.
func FuzzFix(f *testing.F) {
	for _, r := range Rules() {
		archive, _ := Explain(r.ID)
		f.Add(data(txtar.Parse([]byte(archive)), "bad.json"))
	}
	broken, err := filepath.Glob("testdata/broken/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(broken, "testdata/minimal.json", "testdata/complete.json") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkFix(t, text, false)
		checkFix(t, text, true)
	})
}

// Fixes of two kinds: what is applied, and what is withheld.
func TestFixClasses(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, with, safe, unsafe string }{
		{`"cell-count"`, `"Cell-Count"`, `"cell-count"`, `"cell-count"`},
		{`"cell-count"`, `"cell_count"`, "", `"cell-count"`},
		{`"cell-count"`, `"-cell-count"`, "", `"cell-count"`},
		{`"name": "cell-count",`, `name: 'cell-count',`, `"name": "cell-count",`, `"name": "cell-count",`},
		{`"timeout": 3600,`, `"timeout": 3600, // do not change`, "", `"timeout": 3600,`},
		{`"timeout": 3600`, `"timeout": 3600.0`, `"timeout": 3600`, `"timeout": 3600`},
		{`"timeout": 3600`, `"timeout": 1e400`, "", ""},
		{`"timeout": 3600`, `"timeout": 1e30`, "", ""},
		{`"timeout": 3600`, `"timeout": 03600`, "", ""},
		{`"timeout": 3600`, `"timeout": "3600"`, `"timeout": 3600`, `"timeout": 3600`},
		{`"timeout": 3600`, `"timeout": True`, `"timeout": true`, `"timeout": true`},
		{`"timeout": 3600`, `"timeout": None`, "", ""},
		{`"timeout": 3600`, `"timeout": undefined`, "", ""},
		{`"tags": ["image", "cells"]`, `"tags": "image"`, "", `"tags": ["image"]`},
		{`"tags": ["image", "cells"]`, `"tags": "image, cells"`, "", ""},
		{`"tags": ["image", "cells"]`, `"tags": ""`, "", ""},
		{`"mediaTypes": ["image/png"]`, `"mediaTypes": "image/png"`, "", `"mediaTypes": ["image/png"]`},
		{`"timeout"`, `"tiemout"`, "", `"timeout"`},
		{`"timeout"`, `"Timeout"`, `"timeout"`, `"timeout"`},
		{`"jobVersion"`, `"algorithmVersion"`, `"jobVersion"`, `"jobVersion"`},
		{`"mode": "ro"`, `"mode": "wr"`, "", `"mode": "rw"`},
		{`"mode": "ro"`, `"readOnly": true`, "", ""},
		{`"mediaTypes": ["image/png"]`, `"mediaType": "image/png"`, "", `"mediaTypes": ["image/png"]`},
		{`"mediaType": "image/png"`, `"mediaTypes": ["image/png"]`, "", `"mediaType": "image/png"`},
		{`"mediaType": "image/png"`, `"mediaTypes": ["image/png", "image/gif"]`, "", ""},
		{`["image/png"]`, `["image/jpeg", "image/jpg"]`, "", ""},
		{`["image/png"]`, `["image/png", "image/jpg"]`, "", `["image/png", "image/jpeg"]`},
		{`{ "name": "DB_PASS", "secret": true }`, `{ "name": "DB_PASS", "secret": false }`, "", ""},
		{`{ "name": "DB_PASS", "secret": true }`, `{ "name": "DB_PASS" }`, "", `{ "name": "DB_PASS", "secret": true }`},
		{`"pattern": "*.csv"`, `"pattern": "a.csv", "multiple": true`, "", ""},
		{`"name": "cpus", "value": 2`, `"name": "CPUS", "value": 2`, "", `"name": "cpus", "value": 2`},
		{`{ "name": "cpus", "value": 2 }`, `{ "name": "cpus", "value": 2 }, { "name": "CPUS", "value": 3 }`, "", ""},
		{`"Cell counter"`, `"Cell "counter" and more"`, "", `"Cell \"counter\" and more"`},
		{`"seedVersion": "1.0.0"`, `"seedVersion": "0.1.0"`, `"seedVersion": "1.0.0"`, `"seedVersion": "1.0.0"`},
	} {
		text := strings.Replace(string(base), tt.old, tt.with, 1)
		if text == string(base) {
			t.Fatalf("%s is not in the manifest", tt.old)
		}
		for _, want := range []struct {
			unsafe bool
			text   string
		}{{false, tt.safe}, {true, tt.unsafe}} {
			wanted := text
			if want.text != "" {
				wanted = strings.Replace(string(base), tt.old, want.text, 1)
			}
			if got := checkFix(t, []byte(text), want.unsafe); string(got) != wanted {
				t.Errorf("%s, unsafe %v:\n%s", tt.with, want.unsafe, got)
			}
		}
	}
}

// What would leave a text that cannot be read, or more errors, is not written; the result says why.
func TestFixRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"a\": [1,],\n\"b\": {\"c\": 1}": "the file could not be read afterwards: line 1: ",
		"{\"a\": 1,}":                      "",
	} {
		fixed := Fix("it", []byte(text), Options{}, diag.Policy{}, false)
		if !strings.HasPrefix(fixed.Refused, want) || want != "" && (len(fixed.Changes) > 0 || string(fixed.Text) != text) || want == "" && fixed.Refused != "" {
			t.Errorf("%q: %+v", text, fixed)
		}
	}
}
