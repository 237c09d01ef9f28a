package seed

import "testing"

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": 1}`: "object", " []": "array", `"x"`: "string", "true": "boolean", "false": "boolean", "null": "null", "": "nothing",
		"1": "integer", "-3": "integer", "3.0": "integer", "1e3": "integer", "15e-1": "number", "1.5": "number",
	} {
		if got := TypeOf([]byte(text)); got != want {
			t.Errorf("%s is of type %s, want %s", text, got, want)
		}
	}
}

func TestHasType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, kind string
		want       bool
	}{
		{"3", "integer", true}, {"3", "number", true}, {"3.5", "number", true}, {"3.5", "integer", false}, {`"3"`, "integer", false}, {"null", "string", false},
	} {
		if got := HasType([]byte(tt.text), tt.kind); got != tt.want {
			t.Errorf("HasType(%s, %s) = %v", tt.text, tt.kind, got)
		}
	}
}
