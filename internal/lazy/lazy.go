// Package lazy puts work off until its result is needed. A command that starts should do nothing that it may not need.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles an expression when it is called first, and returns it. The function panics if the
// expression is wrong.
func Regexp(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
