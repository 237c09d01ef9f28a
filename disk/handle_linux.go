package disk

import (
	"fmt"
	"os"
)

// handlePath returns a path that leads to an open file itself. It is empty if there is none.
func handlePath(f *os.File) string {
	path := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
