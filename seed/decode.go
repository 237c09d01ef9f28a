package seed

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"sync"
)

// decode sets the fields of the struct that target points to. Members that n lacks get their default.
func decode(n *node, target any) {
	if n == nil {
		n = &node{}
	}
	decodeStruct(n, reflect.ValueOf(target).Elem())
}

// decodeValue sets v. It leaves the zero value if the type of n does not match.
func decodeValue(n *node, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Struct:
		decodeStruct(n, v)
	case v.Kind() == reflect.Slice && n.kind == kindArray:
		// Elements of a wrong type keep their places, so that an index is the same in the text.
		v.Set(reflect.MakeSlice(v.Type(), len(n.children), len(n.children)))
		for i, c := range n.children {
			decodeValue(c, v.Index(i))
		}
	case v.Kind() == reflect.String && n.kind == kindString:
		v.SetString(n.text)
	case v.Kind() == reflect.Bool && n.kind == kindBoolean:
		v.SetBool(n.text == "true")
	case v.Kind() == reflect.Int64 && n.kind == kindNumber:
		v.SetInt(integer(n.text))
	case v.Kind() == reflect.Float64 && n.kind == kindNumber:
		f, _ := strconv.ParseFloat(n.text, 64) // infinite if out of range, which is reported
		v.SetFloat(f)
	}
}

func decodeStruct(n *node, v reflect.Value) {
	for _, member := range membersOf(v.Type()) {
		var c *node
		if n.kind == kindObject {
			c = n.child(member.name)
		}
		switch field := v.Field(member.field); {
		case c != nil && !misfit(c.kind, field.Kind()):
			decodeValue(c, field)
		case field.Kind() == reflect.Struct:
			decodeStruct(&node{}, field)
		case field.Kind() == reflect.Bool:
			field.SetBool(member.otherwise == "true")
		case field.Kind() == reflect.String:
			field.SetString(member.otherwise)
		}
	}
}

// A structMember is a field of a struct that has a member of its own in the text.
type structMember struct {
	field     int
	name      string
	otherwise string // the value if there is none
}

// structs has the members of each type, since tags are slow to read.
var structs sync.Map

func membersOf(t reflect.Type) []structMember {
	if known, ok := structs.Load(t); ok {
		return known.([]structMember)
	}
	var members []structMember
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if name := tag.Get("json"); name != "-" && name != "" {
			members = append(members, structMember{i, name, tag.Get("default")})
		}
	}
	structs.Store(t, members)
	return members
}

// misfit reports whether a value has another type than the field, which then has its default.
func misfit(is kind, field reflect.Kind) bool {
	return field == reflect.Bool && is != kindBoolean || field == reflect.String && is != kindString
}

// integer returns the value of a whole number in any spelling (10, 10.0, 1e1), and 0 for a fraction. A number that
// needs more than 64 bits becomes the nearest value.
func integer(s string) int64 {
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v
	}
	f, _ := strconv.ParseFloat(s, 64)
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	case f == 0 || f != math.Trunc(f):
		return 0
	}
	// 1e-400000000 returned 0 above, so the exact computation stays cheap.
	if r, ok := new(big.Rat).SetString(s); ok && r.IsInt() {
		return r.Num().Int64()
	}
	return 0
}
