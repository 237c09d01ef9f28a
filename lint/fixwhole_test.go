package lint

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// Single quotes throughout are one finding, whose fix writes all of them. So are typographic ones.
func TestQuotesThroughout(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	single := strings.ReplaceAll(string(base), `"`, "'")
	if got := seen(Manifest("it", seed.Parse([]byte(single)), Options{})); strings.Count(got, "json-syntax") != 1 || !strings.HasPrefix(got, "2:3 error json-syntax: a string in single quotes, JSON has double quotes (the first of 99)") {
		t.Errorf("got %s", got)
	}
	if got := checkFix(t, []byte(single), false); string(got) != string(base) {
		t.Errorf("fixed to:\n%s", got)
	}
	many := `{"a": [` + strings.Repeat("'b', ", 300) + `1]}`
	if got := seen(Manifest("it", seed.Parse([]byte(many)), Options{})); !strings.Contains(got, "(the first of at least 100)") {
		t.Errorf("got %s", got)
	}
	mixed := strings.Replace(strings.Replace(string(base), `"title": "Cell counter"`, "'title': 'Cell \"counter\" of Ada\\'s'", 1), `"timeout"`, `'timeout'`, 1)
	if got := seen(Manifest("it", seed.Parse([]byte(mixed)), Options{})); got != "7:5 error json-syntax: a string in single quotes, JSON has double quotes (the first of 3)" {
		t.Errorf("got %s", got)
	}
	if got := checkFix(t, []byte(mixed), false); !json.Valid(got) || !strings.Contains(string(got), `"title": "Cell \"counter\" of Ada's"`) {
		t.Errorf("fixed to:\n%s", got)
	}
}

// An array around a manifest is removed, if nothing else is wrong.
func TestFixListed(t *testing.T) {
	t.Parallel()
	base, err := os.ReadFile("testdata/broken/good.json")
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.TrimSpace(string(base))
	if got := checkFix(t, []byte("[ "+whole+" ]\n"), true); string(got) != whole+"\n" {
		t.Errorf("fixed to:\n%s", got)
	}
	if got := checkFix(t, []byte("["+whole+"]"), false); string(got) != "["+whole+"]" {
		t.Errorf("fixed to:\n%s", got)
	}
}

// Nothing is null in a manifest, so that no fix writes null, and the one finding says what to do.
func TestNullIsNoFix(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"None", "nil", "Null", "NULL", "undefined"} {
		r := Manifest("it", seed.Parse([]byte(`{"seedVersion": "1.0.0", "job": `+word+`}`)), Options{})
		if len(r.Diagnostics) != 1 || len(r.Diagnostics[0].Fixes) > 0 || !strings.Contains(r.Diagnostics[0].Hint, "no member of a manifest may be null") {
			t.Errorf("%s: %+v", word, r.Diagnostics)
		}
	}
}
