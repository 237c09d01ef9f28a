package diag

import (
	"strings"
	"testing"
)

func TestQuoteFew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ names, want string }{
		{"a", `"a"`}, {"a b c d e", `"a", "b", "c", "d", "e"`}, {"a b c d e f g", `"a", "b", "c", "d", "e" and 2 more`},
	} {
		if got := QuoteFew(strings.Fields(tt.names)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.names, got, tt.want)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 40)
	for text, want := range map[string]string{"a\n\tb": "a b", long: long, long + "x": long + "…"} {
		if got := Brief([]byte(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		n    int
		noun string
	}{
		"1 error": {1, "error"}, "0 errors": {0, "error"}, "1 pass": {1, "pass"}, "2 passes": {2, "pass"},
		"1 repository": {1, "repository"}, "2 repositories": {2, "repository"}, "3 days": {3, "day"},
	} {
		if got := Count(c.n, c.noun); got != want {
			t.Errorf("%d of %q: %s, not %s", c.n, c.noun, got, want)
		}
	}
}
