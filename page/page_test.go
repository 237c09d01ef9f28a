package page

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// Foreign text keeps what can be read, and nothing that hides or reorders it.
func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ä 😀 \u200d\u200c":        "plain ä 😀 \u200d\u200c",
		"a\tb\r\nc":                     "a b\nc",
		"a\x00b\x1b[31m":                "a\ufffdb\ufffd[31m",
		"\u202egnp.exe\u2066":           "\ufffdgnp.exe\ufffd",
		"soft\u00adhyphen":              "softhyphen",
		"line\u2028paragraph\u2029":     "line\ufffdparagraph\ufffd",
		"\ufeffmark\u200b":              "\ufffdmark\ufffd",
		"bad \xff\xfe utf-8":            "bad \ufffd utf-8",
		"<b>&amp;</b> is for templates": "<b>&amp;</b> is for templates",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

// Only addresses on the web become links.
func TestLink(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.com/a?b=c#d":       "https://example.com/a?b=c#d",
		" http://example.com ":              "http://example.com",
		"javascript:alert(1)":               "",
		"JavaScript:alert(1)":               "",
		"data:text/html,x":                  "",
		"file:///etc/passwd":                "",
		"//evil.example":                    "",
		"https://user:secret@example.com/":  "",
		"https://example.com/\u202ex":       "",
		"https:":                            "",
		"git@example.com:a/b.git":           "",
		"https://example.com/\"onclick=x y": "https://example.com/%22onclick=x%20y",
	} {
		if got := Link(address); got != want {
			t.Errorf("%q links to %q, not %q", address, got, want)
		}
	}
}

// Every kind of page has the policy that forbids scripts and requests, before anything else of it.
func TestPolicy(t *testing.T) {
	t.Parallel()
	set, err := Parse()
	if err != nil {
		t.Fatal(err)
	}
	for kind, data := range map[string]any{"list": map[string]any{"Jobs": 0, "Images": 0, "Registries": nil, "Skipped": 0}, "all": nil} {
		var b bytes.Buffer
		if err := set.Write(&b, kind, Page{Title: "</title><script>x</script>", Site: "<b>", Warning: "<i>", Footer: "<u>", Root: "../", Scripts: []string{"a.js"}, Data: data}); err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(b.String(), "<title>")
		const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'">`
		if !strings.Contains(head, policy) || strings.Contains(head, "<script") || strings.Contains(head, "<link") {
			t.Errorf("%s begins with %s", kind, head)
		}
		for _, tag := range []string{"<script>x", "<b>", "<i>", "<u>"} {
			if strings.Contains(b.String(), tag) {
				t.Errorf("%s has the foreign tag %s", kind, tag)
			}
		}
		if !strings.Contains(b.String(), `<script defer src="../a.js">`) {
			t.Errorf("%s does not load its script", kind)
		}
	}
	if err := set.Write(io.Discard, "none", Page{}); err == nil {
		t.Error("there is a page of an unknown kind")
	}
}

// A badge is XML, whatever it says.
func TestBadge(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"1.0.0", `"><script>x</script>`, "]]>&<!--", "\x00\u202e", strings.Repeat("9", 500), "", "ä😀"} {
		text, err := Badge("Seed job", value)
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(bytes.NewReader(text))
		for {
			token, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v\n%s", value, err, text)
			}
			if e, ok := token.(xml.StartElement); ok && !strings.Contains("svg title clipPath rect g text", e.Name.Local) {
				t.Errorf("%q makes an element %s", value, e.Name.Local)
			}
		}
		if len(text) > 2000 {
			t.Errorf("%q makes %d bytes", value, len(text))
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1 << 20: "1 MiB", 1536 << 20: "1.5 GiB", -1: ""} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, not %q", n, got, want)
		}
	}
}
