package migrate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

// forms returns one document of each form, with nearly all of its members.
func forms(t testing.TB) []txtar.File {
	archive, err := txtar.ParseFile("testdata/forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return archive.Files
}

// The documents of the fuzz test are of the nine forms.
func TestForms(t *testing.T) {
	var got []seed.Form
	for _, file := range forms(t) {
		form, name, _ := strings.Cut(file.Name, "/")
		src := seed.ParseJSON(file.Data)
		if len(src.Problems) > 0 {
			t.Fatalf("%s: %v", file.Name, src.Problems)
		}
		if is := src.Form(name); string(is) != form {
			t.Errorf("%s is %s", file.Name, is)
		}
		got = append(got, seed.Form(form))
	}
	if want := seed.Forms[:len(seed.Forms)-2]; !slices.Equal(got, want) {
		t.Errorf("forms %s, want %s", got, want)
	}
}

// Whatever a document of any form holds, it becomes a valid manifest or a question, and nothing of it goes without a word.
func TestMutated(t *testing.T) {
	t.Parallel()
	n := 1500
	if testing.Short() {
		n = 200
	}
	all := forms(t)
	for i := range n {
		mutate(t, all, uint64(i))
	}
}

func FuzzConvert(f *testing.F) {
	all := forms(f)
	for i := range len(all) {
		f.Add(uint64(i))
	}
	f.Fuzz(func(t *testing.T, n uint64) { mutate(t, all, n) })
}

// FuzzText converts any text: none panics, and each JSON document gives the same twice.
func FuzzText(f *testing.F) {
	for _, file := range forms(f) {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text, nil) })
}

// mutate converts a document with random changes, which n alone decides.
func mutate(t *testing.T, all []txtar.File, n uint64) {
	t.Helper()
	m := mutator{Rand: rand.New(rand.NewPCG(n, 1))}
	file := all[m.IntN(len(all))]
	root := read(seed.ParseJSON(file.Data), "")
	for range 1 + m.IntN(8) {
		m.change(root)
	}
	_, name, _ := strings.Cut(file.Name, "/")
	checkNamed(t, name, encode(root), m.tokens)
}

func check(t *testing.T, text []byte, tokens []string) {
	t.Helper()
	checkNamed(t, seed.ManifestFile, text, tokens)
}

func checkNamed(t *testing.T, name string, text []byte, tokens []string) {
	t.Helper()
	src := seed.ParseJSON(text)
	if len(src.Problems) > 0 {
		return
	}
	doc := &Document{Source: src, Name: name}
	r, err := Convert(doc, nil)
	if err != nil {
		return
	}
	for _, m := range r.Manifests {
		if found := schema.Manifest(seed.ParseJSON(m.Text())); len(found) > 0 && len(r.Questions) == 0 && r.From.Old() {
			t.Fatalf("%v\n%s\nbecomes\n%s", found, text, m.Text())
		}
	}
	again, err := Convert(doc, nil)
	if a, b := encode(r), encode(again); err != nil || string(a) != string(b) {
		t.Fatalf("%v: twice gives\n%s\n%s", err, a, b)
	}
	for _, token := range tokens {
		if strings.Contains(string(text), token) && !accounted(r, src, token) {
			t.Fatalf("%s is lost without a word:\n%s\nbecomes\n%s\n%v", token, text, encode(r.Manifests), r.Losses)
		}
	}
}

// accounted reports whether a text that a document holds is in a manifest or a message, or lies below a loss or change.
func accounted(r *Result, src *seed.Source, token string) bool {
	for _, m := range r.Manifests {
		if strings.Contains(strings.ToLower(string(m.Text())), strings.ToLower(token)) {
			return true
		}
	}
	var words, from []string
	for _, q := range r.Questions {
		words = append(words, q.Message)
	}
	for _, l := range r.Losses {
		words, from = append(words, l.Message), append(from, string(l.From))
	}
	for _, c := range r.Changes {
		words, from = append(words, c.Message), append(from, string(c.From))
	}
	for _, at := range from {
		if at != "" && strings.Contains(string(src.Raw(seed.Pointer(at))), token) {
			return true
		}
	}
	return strings.Contains(strings.Join(words, "\n"), token)
}

// A mutator changes documents at random.
type mutator struct {
	*rand.Rand
	tokens []string // texts that were put into the document
}

// token returns a text that stands nowhere else.
func (m *mutator) token() string {
	token := fmt.Sprintf("tok%dx", len(m.tokens))
	m.tokens = append(m.tokens, token)
	return token
}

// change changes one value somewhere below a container.
func (m *mutator) change(value any) {
	switch v := value.(type) {
	case *object:
		if len(v.names) == 0 || m.IntN(6) == 0 {
			v.set(m.name(), m.value())
			return
		}
		i := m.IntN(len(v.names))
		if below := v.values[i]; m.IntN(3) > 0 && isContainer(below) {
			m.change(below)
			return
		}
		switch m.IntN(4) {
		case 0:
			v.names, v.values = slices.Delete(v.names, i, i+1), slices.Delete(v.values, i, i+1)
			v.index = nil
		case 1:
			if name := m.name(); v.at(name) < 0 {
				v.names[i], v.index = name, nil
			}
		default:
			v.values[i] = m.value()
		}
	case []any:
		if len(v) == 0 {
			return
		}
		i := m.IntN(len(v))
		if isContainer(v[i]) && m.IntN(3) > 0 {
			m.change(v[i])
			return
		}
		v[i] = m.value()
	}
}

func isContainer(v any) bool {
	switch v.(type) {
	case *object, []any:
		return true
	}
	return false
}

// name returns a name that has a row somewhere, or another.
func (m *mutator) name() string {
	t := tables[m.IntN(len(tables))]
	names := strings.Fields(t.rows[m.IntN(len(t.rows))].names)
	if m.IntN(5) == 0 {
		return m.token()
	}
	return names[m.IntN(len(names))]
}

// value returns a value of any type.
func (m *mutator) value() any {
	o := newObject()
	o.set(m.name(), m.token())
	all := []any{nil, true, "", "*", "1", "7", "${" + m.token() + "}", "$X ${IN-FILE/#/-i } \\$Y", "Größen Prüfer", "v1.2", "1.0.0+b", "-_-", "json", "file",
		"integer", "SYSTEM", json.Number("0"), json.Number("-1.50"), json.Number("1e3"), []any{}, []any{m.token(), json.Number("2")}, newObject(), o, []any{o},
		m.token(), m.token(), m.token() + " a/b~c\x00\n\u202e"}
	return all[m.IntN(len(all))]
}

func BenchmarkConvert(b *testing.B) {
	text, err := os.ReadFile("testdata/forms.txtar")
	if err != nil {
		b.Fatal(err)
	}
	src := seed.ParseJSON(txtar.Parse(text).Files[3].Data)
	for b.Loop() {
		if _, err := Convert(&Document{Source: src, Name: seed.ManifestFile}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
