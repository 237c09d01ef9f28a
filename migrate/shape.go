package migrate

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/seed"
)

// A shape is the JSON type of a member of a 1.0.0 manifest.
type shape struct {
	kind     string   // object, array, string, boolean, integer or number
	members  []string // of an object, in the order of the standard's tables
	required []string // of an object, in the same order
}

// required are the members that must be there, by the place of their object. Elements of arrays are "*".
var required = map[string][]string{
	"":                               {"seedVersion", "job"},
	"/job":                           {"name", "jobVersion", "packageVersion", "title", "description", "maintainer", "timeout"},
	"/job/maintainer":                {"name", "email"},
	"/job/resources/scalar/*":        {"name", "value"},
	"/job/interface/inputs/files/*":  {"name"},
	"/job/interface/inputs/json/*":   {"name", "type"},
	"/job/interface/outputs/files/*": {"name", "pattern"},
	"/job/interface/outputs/json/*":  {"name", "type"},
	"/job/interface/mounts/*":        {"name", "path"},
	"/job/interface/settings/*":      {"name"},
	"/job/errors/*":                  {"code", "name"},
}

// choices are the values of members that take no others.
var choices = map[string][]string{
	"/job/interface/inputs/json/*/type":  jsonTypes,
	"/job/interface/outputs/json/*/type": jsonTypes,
	"/job/interface/mounts/*/mode":       {"ro", "rw"},
	"/job/errors/*/category":             {"job", "data"},
}

var jsonTypes = []string{"array", "boolean", "integer", "number", "object", "string"}

// shapes returns the shapes of all members by their place.
var shapes = sync.OnceValue(func() map[string]shape {
	all := map[string]shape{}
	addShapes(all, "", reflect.TypeFor[seed.Manifest]())
	return all
})

func addShapes(all map[string]shape, at string, t reflect.Type) {
	s := shape{required: required[at]}
	switch t.Kind() {
	case reflect.Struct:
		s.kind = "object"
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("json")
			if name != "-" {
				s.members = append(s.members, name)
				addShapes(all, at+"/"+name, t.Field(i).Type)
			}
		}
	case reflect.Slice:
		s.kind = "array"
		addShapes(all, at+"/*", t.Elem())
	case reflect.String:
		s.kind = "string"
	case reflect.Bool:
		s.kind = "boolean"
	case reflect.Int64:
		s.kind = "integer"
	case reflect.Float64:
		s.kind = "number"
	}
	all[at] = s
}

// place returns the place of a pointer in shapes: indices of elements become "*".
func place(at seed.Pointer) string {
	all := tokens(at)
	var b strings.Builder
	for _, token := range all {
		if shapes()[b.String()].kind == "array" && isIndex(token) {
			token = "*"
		}
		b.WriteByte('/')
		b.WriteString(token)
	}
	return b.String()
}

func isIndex(token string) bool {
	return token != "" && len(token) < 10 && strings.Trim(token, "0123456789") == "" && (token == "0" || token[0] != '0')
}

// shapeOf returns the shape of the member at a pointer. It reports false for a member that the standard does not know.
func shapeOf(at seed.Pointer) (shape, bool) {
	s, ok := shapes()[place(at)]
	return s, ok
}

// put sets a value in a manifest. It makes the objects and arrays above, with their members in the standard's order.
func put(root *object, at seed.Pointer, value any) {
	var above any = root
	path, all := seed.Pointer(""), tokens(at)
	for i, token := range all {
		path = path.Member(token)
		next := value
		if old, ok := find(above, seed.Pointer("").Member(token)); ok && i < len(all)-1 {
			above = old
			continue
		}
		if i < len(all)-1 {
			next = newObject()
			if s, _ := shapeOf(path); s.kind == "array" {
				// An array is made with as many elements as it gets: grow adds to it.
				next = []any{}
			}
		}
		above = insert(root, above, path, token, next)
	}
}

// insert adds a member or an element to a container that lacks it, or replaces it, and returns the value.
func insert(root *object, above any, at seed.Pointer, token string, value any) any {
	switch v := above.(type) {
	case *object:
		if v.at(token) >= 0 {
			v.set(token, value)
			break
		}
		// An object of 1.0.0 has few members, and no others are put.
		s, _ := shapeOf(at.Parent())
		order := func(name string) int { return slices.Index(s.members, name) }
		i := 0
		for i < len(v.names) && order(v.names[i]) < order(token) {
			i++
		}
		v.insert(i, token, value)
	case []any:
		if _, ok := find(v, seed.Pointer("").Member(token)); ok {
			replace(root, at, value)
		} else {
			replace(root, at.Parent(), append(v, value))
		}
	}
	return value
}
