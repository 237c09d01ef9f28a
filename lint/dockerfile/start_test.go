package dockerfile

import (
	"reflect"
	"testing"
)

func TestReadStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, target    string
		entrypoint, cmd []string
		unknown         bool
	}{
		{text: "FROM a\nENTRYPOINT [\"/x\", \"y z\"]\n", entrypoint: []string{"/x", "y z"}},
		{text: "FROM a\nENTRYPOINT /x y\n", entrypoint: []string{"/bin/sh", "-c", "/x y"}},
		{text: "FROM a\nENTRYPOINT [\"/x\"]\nCMD [\"y\"]\n", entrypoint: []string{"/x"}, cmd: []string{"y"}},
		{text: "FROM a AS b\nENTRYPOINT [\"/x\"]\nCMD [\"y\"]\nFROM b\nUSER 1\n", entrypoint: []string{"/x"}, cmd: []string{"y"}},
		{text: "FROM a AS b\nCMD [\"y\"]\nFROM b\nENTRYPOINT [\"/x\"]\n", entrypoint: []string{"/x"}},
		{text: "FROM a\nENTRYPOINT []\n", entrypoint: []string{}},
		{text: "FROM scratch\nCOPY x /\n"},
		{text: "FROM scratch\nCMD [\"/x\"]\n", cmd: []string{"/x"}},
		{text: "FROM a\nCMD [\"/x\"]\n", unknown: true},
		{text: "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nENTRYPOINT x\n", unknown: true},
		{text: "FROM a AS b\nENTRYPOINT [\"/x\"]\nFROM b AS c\nENTRYPOINT [\"/y\"]\n", target: "b", entrypoint: []string{"/x"}},
		{text: "FROM a AS b\nENTRYPOINT [\"/x\"]\nFROM b AS c\nENTRYPOINT [\"/y\"]\n", target: "1", entrypoint: []string{"/y"}},
		{text: "FROM a AS b\nENTRYPOINT [\"/x\"]\n", target: "z", unknown: true},
		{text: "nonsense\n", unknown: true},
		{text: "", unknown: true},
	}
	for _, tt := range tests {
		got, known := ReadStart([]byte(tt.text), tt.target)
		if known == tt.unknown {
			t.Errorf("%q, %q: known %v", tt.text, tt.target, known)
			continue
		}
		if known && (len(got.Entrypoint)+len(tt.entrypoint) > 0 && !reflect.DeepEqual(got.Entrypoint, tt.entrypoint) ||
			len(got.Cmd)+len(tt.cmd) > 0 && !reflect.DeepEqual(got.Cmd, tt.cmd)) {
			t.Errorf("%q: %+v", tt.text, got)
		}
	}
}
