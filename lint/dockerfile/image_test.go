package dockerfile

import (
	"reflect"
	"testing"
)

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Image
	}{
		{"exec form", "FROM alpine\nENTRYPOINT [\"/app/job.sh\", \"-q\"]\n", Image{Entrypoint: []string{"/app/job.sh", "-q"}}},
		{"shell form", "FROM alpine\nENTRYPOINT /app/job.sh -q\n", Image{Entrypoint: []string{"/app/job.sh -q"}, Shell: true}},
		{"no entry point", "FROM alpine\nCMD [\"a\", \"b\"]\nUSER nobody\n", Image{Cmd: []string{"a", "b"}, User: "nobody"}},
		{"both", "FROM alpine\nENTRYPOINT [\"a\"]\nCMD b c\n", Image{Entrypoint: []string{"a"}, Cmd: []string{"b c"}, CmdShell: true}},
		{"an entry point over a CMD", "FROM alpine AS base\nCMD [\"a\"]\nUSER a\nFROM base\nENTRYPOINT [\"b\"]\n", Image{Entrypoint: []string{"b"}, User: "a"}},
		{"the last one", "FROM alpine\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\n", Image{Entrypoint: []string{"b"}}},
		{"of a stage below", "FROM alpine AS base\nENTRYPOINT [\"a\"]\nLABEL x=1 y=1\nFROM base\nLABEL y=2\n",
			Image{Entrypoint: []string{"a"}, Labels: []Label{{Key: "x", Value: "1", Line: 3}, {Key: "y", Value: "2", Line: 5}}}},
		{"of another stage", "FROM alpine AS other\nENTRYPOINT [\"a\"]\nLABEL x=1\nFROM alpine\n", Image{}},
		{"escaped", "FROM alpine\nLABEL x=\"{\\\"a\\\":\\\"\\${IN} \\\\\\\\ \\/\\\"}\"\n", Image{Labels: []Label{{Key: "x", Value: `{"a":"${IN} \\ \/"}`, Line: 2}}}},
		{"unescaped", "FROM alpine\nLABEL x=\"${IN} $OUT \\$KEPT\"\n", Image{Labels: []Label{{Key: "x", Value: "${IN} ${OUT} $KEPT", Unescaped: []string{"IN", "OUT"}, Line: 2}}}},
		{"set", "FROM alpine\nARG VERSION=1.2.0\nENV FULL=$VERSION-rc\nLABEL x=\"$FULL $NONE\"\n",
			Image{Env: []string{"FULL"}, Labels: []Label{{Key: "x", Value: "1.2.0-rc ${NONE}", Unescaped: []string{"NONE"}, Line: 4}}}},
	} {
		got, err := Read([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for i := range got.Labels {
			if len(got.Labels[i].Unescaped) == 0 {
				got.Labels[i].Unescaped = nil
			}
		}
		if !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, *got, test.want)
		}
	}
	if _, err := Read([]byte("RUN true")); err == nil {
		t.Error("a text without FROM is a Dockerfile")
	}
}
