package diag

import "testing"

func TestSecondDocument(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                               0,
		"a: 1\n":                         0,
		"---\na: 1\n":                    0,
		"# x\n%YAML 1.2\n--- # y\na: 1":  0,
		"a: 1\n---\n":                    0,
		"a: 1\n...\n# the end\n":         0,
		"a: 1\n---\nb: 2\n":              2,
		"---\na: 1\n--- {b: 2}\n":        3,
		"---\n---\na: 1\n":               2,
		"a: 1\r\n...\r\n---\r\nb: 2\r\n": 2,
		"a: |\n  ---\n  x\n":             0,
		"a: ---x\n---x: 1\n":             0,
		"\ufeff---\na: 1\n":              0,
	} {
		if got := SecondDocument([]byte(text)); got != want {
			t.Errorf("%q: line %d, want %d", text, got, want)
		}
	}
}
