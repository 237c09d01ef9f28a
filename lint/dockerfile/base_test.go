package dockerfile

import "testing"

func TestBase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, target, want string }{
		{"FROM busybox:1.36", "", "busybox:1.36"},
		{"FROM scratch\nCOPY a /", "", ""},
		{"FROM golang AS build\nFROM busybox\nCOPY --from=build /a /", "", "busybox"},
		{"FROM golang AS build\nFROM busybox", "build", "golang"},
		{"FROM golang AS build\nFROM busybox", "0", "golang"},
		{"FROM golang AS build\nFROM busybox", "none", ""},
		{"FROM debian AS base\nFROM base AS more\nFROM More", "", "debian"},
		{"ARG V=1\nARG NAME=busybox:$V\nFROM ${NAME}", "", "busybox:1"},
		{"ARG GIVEN=a\nFROM $GIVEN", "", "given"},
		{"ARG V\nFROM a:$V", "", ""},
		{"ARG V\nFROM a:${V:-3}", "", "a:3"},
		{"FROM a-${TARGETARCH}", "", ""},
		{"ARG TARGETARCH\nFROM scratch AS arm64\nFROM ${TARGETARCH}", "", ""},
		{"FROM a@sha256:0000000000000000000000000000000000000000000000000000000000000000", "", "a@sha256:0000000000000000000000000000000000000000000000000000000000000000"},
		{"# syntax=example.com/other\nFROM a", "", ""},
		{"FROM --platform=linux/amd64 a", "", "a"},
		{"RUN x", "", ""}, {"", "", ""}, {"FROM", "", ""}, {"FROM a as a\nFROM a", "", "a"},
	} {
		if got := Base([]byte(test.text), test.target, map[string]string{"GIVEN": "given"}); got != test.want {
			t.Errorf("%q %q: %q, want %q", test.text, test.target, got, test.want)
		}
	}
}
