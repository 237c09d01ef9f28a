package pack

import (
	"slices"
	"testing"
)

func TestFields(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string][]Field{
		"here":                      {{Text: "here", Key: "here"}},
		"type=oci, Dest=a=b":        {{"type=oci", "type", "oci", true}, {" Dest=a=b", " Dest", "a=b", true}},
		`type=oci,"dest=a,b.tar",x`: {{"type=oci", "type", "oci", true}, {"dest=a,b.tar", "dest", "a,b.tar", true}, {Text: "x", Key: "x"}},
		"=x,y=,":                    {{"=x", "", "x", true}, {"y=", "y", "", true}, {}},
	} {
		if got, err := Fields(spec); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q gives %+v, %v", spec, got, err)
		}
	}
	for spec, want := range map[string]string{"": "EOF", `a="b`: `parse error on line 1, column 3: bare " in non-quoted-field`} {
		if got, err := Fields(spec); err == nil || err.Error() != want {
			t.Errorf("%q gives %+v, %v", spec, got, err)
		}
	}
}
