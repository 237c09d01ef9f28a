package page

import (
	"bytes"
	"html/template"
	"unicode/utf8"
)

// badgeTemplate is a picture of two words beside one another. It holds no script, and text in it is escaped.
var badgeTemplate = template.Must(template.New("badge").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="{{.Key}}: {{.Value}}">
<title>{{.Key}}: {{.Value}}</title>
<clipPath id="r"><rect width="{{.Width}}" height="20" rx="4"/></clipPath>
<g clip-path="url(#r)"><rect width="{{.Split}}" height="20" fill="#2f3a33"/><rect x="{{.Split}}" width="{{.Rest}}" height="20" fill="#1b6640"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="{{.KeyAt}}" y="14">{{.Key}}</text><text x="{{.ValueAt}}" y="14">{{.Value}}</text></g>
</svg>
`))

// Badge returns an SVG picture for a README.
func Badge(key, value string) ([]byte, error) {
	const pad, letter, most = 12, 7, 40
	value = Text(value)
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most-1]) + "…"
	}
	split := pad + letter*utf8.RuneCountInString(key)
	rest := pad + letter*utf8.RuneCountInString(value)
	var b bytes.Buffer
	err := badgeTemplate.Execute(&b, map[string]any{"Key": key, "Value": value, "Width": split + rest, "Split": split, "Rest": rest,
		"KeyAt": split / 2, "ValueAt": split + rest/2})
	return b.Bytes(), err
}
