package lint

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// complete is a manifest with all members.
//
//go:embed testdata/complete.json
var complete []byte

// Example returns a value of the member at a pointer, with * for an index, from a manifest in which there is nothing wrong.
func Example(at seed.Pointer) string {
	src := seed.ParseJSON(complete)
	return string(src.Raw(seed.Pointer(strings.ReplaceAll(string(at), "*", "0"))))
}

var indexToken = lazy.Regexp(`/\d+`)

// About returns the rules that say something of the member at a pointer, with * for an index, or of what it holds. Their
// archives show it.
func About(at seed.Pointer) (about []*diag.Rule) {
	for _, r := range Rules() {
		archive, _ := Explain(r.ID)
		if slices.ContainsFunc(txtar.Parse([]byte(archive)).Files, func(f txtar.File) bool {
			return strings.HasPrefix(f.Name, "bad") && reports(f.Data, r.ID, at)
		}) {
			about = append(about, r)
		}
	}
	return about
}

// reports reports whether a rule has a finding at a member or below it.
func reports(text []byte, id string, at seed.Pointer) bool {
	report := Manifest("bad.json", seed.Parse(text), Options{})
	return slices.ContainsFunc(report.Diagnostics, func(d diag.Diagnostic) bool {
		place := indexToken().ReplaceAllString(string(d.Pointer), "/*")
		return d.Rule.ID == id && !strings.HasPrefix(id, "member-") && (place == string(at) || strings.HasPrefix(place, string(at)+"/"))
	})
}
