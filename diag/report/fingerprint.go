package report

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// fingerprints names findings, so that a service knows one again that it has seen before. The zero value works.
type fingerprints struct {
	used    map[string]int                // how often each name was given
	sources map[*seed.Source]*seed.Source // with values, of those that have only text
}

// of returns the name of a finding, 32 hexadecimal digits. It stays the same if the lines of a finding move, or its place in a
// list. It is made of rule, file and member. If there is no member, the text of the line takes its place. Findings that agree
// in all of these are counted, so that no two names of a report are the same.
func (f *fingerprints) of(uri string, r *diag.Report, d *diag.Diagnostic) string {
	anchor := f.member(r, d.Pointer)
	if start, _, ok := position(r, d); ok && anchor == "" {
		line := r.Source.Line(start.Line)
		anchor = strings.TrimSpace(string(r.Source.Text[line.Start:line.End]))
	}
	return f.name(d.Rule.ID, uri, anchor)
}

func (f *fingerprints) name(parts ...string) string {
	if f.used == nil {
		f.used = map[string]int{}
	}
	key := strings.Join(parts, "\x00")
	sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(f.used[key])))
	f.used[key]++
	return hex.EncodeToString(sum[:16])
}

// member returns a pointer in which the name of each element of a list takes the place of its index. Without a name, its text
// does.
func (f *fingerprints) member(r *diag.Report, p seed.Pointer) string {
	if r.Source == nil || !strings.ContainsAny(string(p), "0123456789") {
		return string(p)
	}
	source := f.withValues(r.Source)
	var b strings.Builder
	at := seed.Pointer("")
	for token := range strings.SplitSeq(strings.TrimPrefix(string(p), "/"), "/") {
		list := source.Kind(at) == "array"
		at += seed.Pointer("/" + token)
		element := source.Raw(at)
		if named := source.Raw(at.Member("name")); named != nil {
			element = named
		}
		if list && element != nil {
			token = string(element)
		}
		b.WriteString("/" + token)
	}
	return b.String()
}

// withValues reads a text again if its values were dropped.
func (f *fingerprints) withValues(s *seed.Source) *seed.Source {
	if s.Kind("") != "" {
		return s
	}
	if f.sources == nil {
		f.sources = map[*seed.Source]*seed.Source{}
	}
	if f.sources[s] == nil {
		f.sources[s] = seed.ParseJSON(s.Text)
	}
	return f.sources[s]
}
