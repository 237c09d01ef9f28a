package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

func TestJUnit(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	reports := append(fixable(), &diag.Report{Path: "clean/seed.manifest.json"}, sample()[0])
	err := JUnit(&b, reports, JUnitOptions{
		Fails:    func(_ *diag.Report, d *diag.Diagnostic) bool { return d.Level() >= diag.Warning },
		Failures: []Failure{{Path: "b/seed.manifest.json", Message: "the registry does not answer"}, {Message: "a <broken> \"pipe\""}},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.xml", b.Bytes())
}

func TestJUnitFailsOnErrors(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := JUnit(&b, sample(), JUnitOptions{}); err != nil {
		t.Fatal(err)
	}
	var all junitSuites
	if err := xml.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 5 || all.Failures != 2 || all.Errors != 0 || all.Suites[0].Skipped != 3 {
		t.Errorf("%+v", all)
	}
}

func FuzzJUnit(f *testing.F) {
	for _, s := range append(hostile, "]]>", "<!--", "&amp;", "\x00\x1f\ufffe\uffff", "a\u2028b") {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, path, message, hint string) {
		r := &diag.Report{Path: path, Source: seed.ParseJSON([]byte(message))}
		r.Add(diag.Diagnostic{Rule: ruleName, Pointer: seed.Pointer("/" + hint), Message: message, Hint: hint})
		r.Add(diag.Diagnostic{Rule: ruleTag, Message: message})
		r.Add(diag.Diagnostic{Rule: ruleTag, Message: message})
		var b bytes.Buffer
		if err := JUnit(&b, []*diag.Report{r}, JUnitOptions{Failures: []Failure{{Path: path, Message: message}}}); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
		var all junitSuites
		if err := d.Decode(&all); err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		if _, err := d.Token(); err != nil && err != io.EOF || strings.TrimSpace(string(b.Bytes()[d.InputOffset():])) != "" {
			t.Fatalf("something follows\n%s", b.Bytes())
		}
		checkSuites(t, &all, b.Bytes())
	})
}

// checkSuites counts the cases again, and fails if two cases have the same name.
func checkSuites(t *testing.T, all *junitSuites, text []byte) {
	t.Helper()
	if all.Tests != 4 || all.Failures != 1 || all.Errors != 1 {
		t.Fatalf("%d tests, %d failures, %d errors\n%s", all.Tests, all.Failures, all.Errors, text)
	}
	seen := map[string]bool{}
	for _, s := range all.Suites {
		for _, c := range s.Cases {
			if seen[c.Class+"\x00"+c.Name] {
				t.Fatalf("two cases are called %q\n%s", c.Name, text)
			}
			seen[c.Class+"\x00"+c.Name] = true
		}
	}
}
