package seed

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// copied is what an element holds, in the form of Source.Value.
func copied(e Element) any {
	switch e.Kind() {
	case "object":
		m := map[string]any{}
		for name := range e.Names() {
			member, ok := e.Member(name)
			if !ok {
				panic("there is no " + name)
			}
			m[name] = copied(member)
		}
		return m
	case "array":
		a := make([]any, e.Len())
		for i := range a {
			a[i] = copied(e.At(i))
		}
		return a
	case "string":
		return e.Text()
	case "number":
		return json.Number(e.Text())
	case "null":
		return nil
	case "boolean":
		return e.node.value()
	}
	return Unreadable{}
}

// checkElement fails if the elements of a source hold something else than its value.
func checkElement(t *testing.T, s *Source) {
	t.Helper()
	if s.root == nil {
		if s.Root().Kind() != "" {
			t.Error("no document has a kind")
		}
		return
	}
	if got, want := copied(s.Root()), s.Value(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q: %v, want %v", s.Text, got, want)
	}
}

// An element holds what the value of its source has, also in a text with problems.
func TestElement(t *testing.T) {
	t.Parallel()
	large := `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"a":14,"a:15}`
	for _, text := range []string{
		`{}`, `[]`, `null`, `true`, `"a"`, `1e2`, ``, `{"a":1,"a":2}`, `{"a":[1,{"b":null}],"c":"\u0041"}`, `{"a":1,a":2}`, `{"a":1, a: 2, 'a': 3}`, `{"a" 1,"b":2}`, `[1,,"x"`, `{"a":NaN,"b":[}]`, large,
	} {
		checkElement(t, ParseJSON([]byte(text)))
	}
	object := ParseJSON([]byte(`{"b":1,"a":[2],"b":3}`)).Root()
	if got, want := slices.Collect(object.Names()), []string{"b", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("names are %q, want %q", got, want)
	}
	if b, ok := object.Member("b"); !ok || b.Text() != "3" {
		t.Errorf("the last b is %q", b.Text())
	}
	for name, e := range map[string]Element{"none": {}, "array": ParseJSON([]byte(`[1]`)).Root()} {
		if _, ok := e.Member("0"); ok || len(slices.Collect(e.Names())) > 0 {
			t.Errorf("%s has members", name)
		}
	}
	if n := (Element{}).Len() + object.Len(); n != 0 {
		t.Errorf("what is no array has %d elements", n)
	}
}
