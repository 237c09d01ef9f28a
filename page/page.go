// Package page has the style, the templates and the scripts of the pages that Seedpack writes. They are files that can be
// opened without a server, and that ask for nothing from elsewhere.
//
// A page's text is foreign: it comes from manifests, images and jobs. html/template escapes it, Text removes what could
// hide or reorder it, and the content security policy of the layout allows no script, style or image but the files beside
// the page, or those in it. It does not know what it shows: the caller gives the data that a template names.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/docker/go-units"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// Assets are the names of the files that pages refer to, relative to Page.Root.
var Assets = []string{"style.css", "list.js", "page.js", "seed.svg"}

// Asset returns the content of a file in Assets.
func Asset(name string) ([]byte, error) { return assets.ReadFile("assets/" + name) }

// A Page is what the layout shows around the content of a page.
type Page struct {
	Title string
	// Site is the name of the whole, at the top of each page.
	Site string
	// Root leads from the page to the directory of the assets: "" or "../../". It ends in a slash.
	Root string
	// Scripts are files relative to Root.
	Scripts []string
	// Inline puts the style and the picture into the page itself. It then is one file, without scripts. Root and Scripts are
	// not used.
	Inline bool
	// Warning is shown above everything else. It may be empty.
	Warning string
	// Footer says where the page comes from.
	Footer string
	// Data is for the template of the content.
	Data any
}

// A Set is all templates, parsed. It can be used by several goroutines.
type Set struct{ byName map[string]*template.Template }

// Parse parses the templates. Each one but the layout and the parts is a kind of page.
func Parse() (*Set, error) {
	s := &Set{byName: map[string]*template.Template{}}
	entries, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := template.New("layout").Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/parts.html", "templates/"+e.Name())
		if err != nil {
			return nil, err
		}
		s.byName[name] = t
	}
	return s, nil
}

// Write writes a page of a kind.
func (s *Set) Write(w io.Writer, kind string, p Page) error {
	t := s.byName[kind]
	if t == nil {
		return fmt.Errorf("there is no kind of page named %q", kind)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

var functions = template.FuncMap{
	"text": Text, "bytes": Bytes, "mebibytes": func(mib float64) string { return Bytes(int64(mib * (1 << 20))) },
	"date": Date, "link": Link, "short": shortDigest, "lines": lines, "count": count, "number": number,
	"inlineStyle": func() (template.CSS, error) { text, err := Asset("style.css"); return template.CSS(text), err },
	"inlineHash":  inlineHash,
	"inlineIcon":  inlineIcon,
}

// inlineHash names the style for the content security policy: no other one is allowed.
func inlineHash() (string, error) {
	text, err := Asset("style.css")
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:]), err
}

func inlineIcon() (template.URL, error) {
	text, err := Asset("seed.svg")
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(text)), err
}

// Text returns foreign text without characters that have no form of their own: controls, and those that reorder or hide
// text. A tab becomes a blank. Line ends stay.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == '\r' || r == '\u00ad':
			return -1
		case r == '\u200c' || r == '\u200d': // they join letters, as in Persian
			return r
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Noncharacter_Code_Point):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// Bytes returns a size for people: "64 MiB".
func Bytes(n int64) string {
	if n < 0 {
		return ""
	}
	return strings.TrimSpace(units.CustomSize("%.4g %s", float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}))
}

// Date returns the day of a time in RFC 3339, or "".
func Date(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return ""
	}
	return at.UTC().Format("2 January 2006")
}

// Link returns an address on the web that may be linked to, or "". Others, such as javascript:, are only shown.
func Link(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || Text(s) != s {
		return ""
	}
	return u.String()
}

// shortDigest returns the beginning of a digest.
func shortDigest(s string) string {
	const shown = 12
	algorithm, hex, _ := strings.Cut(s, ":")
	if len(hex) <= shown {
		return s
	}
	return algorithm + ":" + hex[:shown]
}

// lines splits a text into paragraphs.
func lines(s string) (all []string) {
	for line := range strings.Lines(Text(s)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// count returns a number with its noun: "1 error", "2 errors".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// number returns an amount without needless zeros.
func number(f float64) string { return fmt.Sprintf("%.6g", f) }
