package schema

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestPatterns proves that the functions match what the expressions of the schemas match.
func TestPatterns(t *testing.T) {
	t.Parallel()
	parts := []string{"0", "1", "01", "10", "00", "a", "Z", "-", "--", "+", ".", "_", "1.2.3", "0.0.0", "-rc.1", "+b.7", "\n", "é", "\xff", " ", ""}
	for _, pattern := range []string{jobNamePattern, namePattern, versionPattern} {
		text, _ := Text(versions[0], "manifest")
		if quoted := strings.ReplaceAll(pattern, `\`, `\\`); !strings.Contains(string(text), `"`+quoted+`"`) {
			t.Errorf("the schema has no pattern %s", pattern)
		}
		c := &compiler{patterns: map[string]func(string) bool{}}
		expr, matches := regexp.MustCompile(pattern), c.pattern(pattern)
		r := rand.New(rand.NewPCG(7, 8))
		accepted := 0
		for range 30_000 {
			s := ""
			for range r.IntN(6) {
				s += parts[r.IntN(len(parts))]
			}
			want := expr.MatchString(s)
			if want {
				accepted++
			}
			if got := matches(s); got != want {
				t.Fatalf("%s: %q: %v, want %v", pattern, s, got, want)
			}
		}
		if accepted < 100 {
			t.Errorf("%s: only %d texts matched", pattern, accepted)
		}
	}
}
