package verify

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/seedpack/seedpack/seed"
)

// difference returns the first place at which two JSON values differ, and whether they do.
func difference(at seed.Pointer, a, b any) (seed.Pointer, bool) {
	x, ok1 := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	if ok1 && ok2 {
		for _, k := range memberNames(x, y) {
			_, in1 := x[k]
			_, in2 := y[k]
			if in1 != in2 {
				return at.Member(k), true
			}
			if p, differs := difference(at.Member(k), x[k], y[k]); differs {
				return p, true
			}
		}
		return "", false
	}
	l, ok1 := a.([]any)
	r, ok2 := b.([]any)
	if ok1 && ok2 && len(l) == len(r) {
		for i := range l {
			if p, differs := difference(at.Index(i), l[i], r[i]); differs {
				return p, true
			}
		}
		return "", false
	}
	return at, !equalJSON(a, b)
}

func memberNames(x, y map[string]any) []string {
	var all []string
	for k := range x {
		all = append(all, k)
	}
	for k := range y {
		all = append(all, k)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// equalJSON reports whether two JSON values are equal. Numbers are equal if their text or their value is.
func equalJSON(a, b any) bool {
	x, ok1 := a.(json.Number)
	y, ok2 := b.(json.Number)
	if ok1 && ok2 && x != y {
		f, err1 := x.Float64()
		g, err2 := y.Float64()
		return err1 == nil && err2 == nil && f == g
	}
	switch a.(type) {
	case map[string]any, []any:
		if reflect.TypeOf(a) != reflect.TypeOf(b) {
			return false
		}
		if l, ok := a.([]any); ok && len(l) != len(b.([]any)) {
			return false
		}
		_, differs := difference("", a, b)
		return !differs
	}
	return a == b
}
