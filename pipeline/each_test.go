package pipeline

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// Lines of several jobs never mix, however they are cut.
func TestPrefixWriter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, job := range []string{"a", "b", "c"} {
		group.Go(func() {
			w := &prefixWriter{mu: &mu, next: &out, prefix: "[" + job + "] "}
			for n := range 100 {
				for _, part := range []string{"line ", fmt.Sprint(n, " of ", job, "\nand"), " another\n\n"} {
					if _, err := w.Write([]byte(part)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	next := map[string]int{}
	for line := range strings.Lines(out.String()) {
		job := line[1:2]
		want := []string{fmt.Sprintf("[%s] line %d of %s\n", job, next[job]/3, job), "[" + job + "] and another\n", "[" + job + "] \n"}[next[job]%3]
		if line != want {
			t.Fatalf("line is %q, not %q", line, want)
		}
		next[job]++
	}
	if next["a"] != 300 || next["b"] != 300 || next["c"] != 300 {
		t.Errorf("lines of each: %v", next)
	}
}
