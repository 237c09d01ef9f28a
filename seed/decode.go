package seed

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
)

// decode fills the struct that target points to with the members of n, and with the defaults of those it lacks.
func decode(n *node, target any) {
	if n == nil {
		n = &node{}
	}
	decodeStruct(n, reflect.ValueOf(target).Elem())
}

// decodeValue leaves v at its zero value when n is of another type than v.
func decodeValue(n *node, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Struct:
		decodeStruct(n, v)
	case v.Kind() == reflect.Slice && n.kind == kindArray:
		// Elements of a wrong type keep their places, so that indices stay those of the text.
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
		f, _ := strconv.ParseFloat(n.text, 64) // out of range it is infinite, which is reported
		v.SetFloat(f)
	}
}

func decodeStruct(n *node, v reflect.Value) {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name := tag.Get("json")
		if name == "-" {
			continue
		}
		var c *node
		if n.kind == kindObject {
			c = n.child(name)
		}
		switch field := v.Field(i); {
		case c != nil:
			decodeValue(c, field)
		case field.Kind() == reflect.Struct:
			decodeStruct(&node{}, field)
		case field.Kind() == reflect.Bool:
			field.SetBool(tag.Get("default") == "true")
		case field.Kind() == reflect.String:
			field.SetString(tag.Get("default"))
		}
	}
}

// integer is the value of a number that is one, however it is written (10, 10.0, 1e1); 0 where it has a fraction. Beyond
// 64 bits it is the nearest value they hold.
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
	// 1e-400000000 is 0 above, which keeps what is left cheap to compute exactly.
	if r, ok := new(big.Rat).SetString(s); ok && r.IsInt() {
		return r.Num().Int64()
	}
	return 0
}
