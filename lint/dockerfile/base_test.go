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

// A stage that is built must be in the Dockerfile, by its name or its number.
func TestCheckStage(t *testing.T) {
	t.Parallel()
	const text = "FROM scratch AS first\nFROM scratch\n"
	for target, want := range map[string]string{
		"": "", "first": "", "FIRST": "", "0": "", "1": "",
		"2":     `has no stage "2", it has first, 0, 1`,
		"frist": `has no stage "frist", it has first, 0, 1: did you mean first?`,
	} {
		got := ""
		if err := CheckStage([]byte(text), target); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	for _, unknown := range []string{"# syntax=example.com/other\n" + text, "FROM\n", ""} {
		if err := CheckStage([]byte(unknown), "nope"); err != nil {
			t.Errorf("%q: %v", unknown, err)
		}
	}
}
