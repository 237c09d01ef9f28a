// Package material finds the collection of real manifests and published schemas for tests. The collection is not part
// of the repository.
package material

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns a file or folder of the collection. The collection is the folder of SEEDPACK_SHARED, or else "shared"
// next to the repository. Without a collection, the test is skipped, even with SEEDPACK_STRICT.
func Dir(t testing.TB, elements ...string) string {
	t.Helper()
	shared := os.Getenv("SEEDPACK_SHARED")
	if shared == "" {
		shared = filepath.Join(root(t), "..", "shared")
	}
	path := filepath.Join(append([]string{shared}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the collection of manifests is not here: %v", err)
	}
	return path
}

// root returns the folder of go.mod above the test's package.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
