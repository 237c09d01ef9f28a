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
	path, err := find(t, elements)
	if err != nil {
		t.Skipf("the collection of manifests is not here: %v", err)
	}
	return path
}

// Find is Dir for a test that has something to do without the collection, too. It returns "" if that is not here.
func Find(t testing.TB, elements ...string) string {
	t.Helper()
	path, err := find(t, elements)
	if err != nil {
		return ""
	}
	return path
}

func find(t testing.TB, elements []string) (string, error) {
	shared := os.Getenv("SEEDPACK_SHARED")
	if shared == "" {
		shared = filepath.Join(root(t), "..", "shared")
	}
	path := filepath.Join(append([]string{shared}, elements...)...)
	_, err := os.Stat(path)
	return path, err
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
