package pack

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/moby/buildkit/client"
)

// Each node writes caches under names of its own, and reads them and the plain ones.
func TestNodeCaches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", "linux-arm64-linux-386"} {
		index := `{"schemaVersion":2,"manifests":[{"digest":"sha256:1","annotations":{"org.opencontainers.image.ref.name":"latest"}}]}`
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "index.json"), []byte(index), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	entry := func(kind string, attrs ...string) client.CacheOptionsEntry {
		e := client.CacheOptionsEntry{Type: kind, Attrs: map[string]string{}}
		for i := 0; i < len(attrs); i += 2 {
			e.Attrs[attrs[i]] = attrs[i+1]
		}
		return e
	}
	for _, test := range []struct {
		name        string
		given, want client.CacheOptionsEntry
		plain       bool // the name stays
	}{
		{"registry", entry("registry", "ref", "r.example/x:cache"), entry("registry", "ref", "r.example/x:cache-linux-arm64-linux-386"), false},
		{"no tag", entry("registry", "ref", "localhost:5000/x", "mode", "max"), entry("registry", "ref", "localhost:5000/x:latest-linux-arm64-linux-386", "mode", "max"), false},
		{"digest", entry("registry", "ref", "r.example/x@"+digest), entry("registry", "ref", "r.example/x@"+digest), true},
		{"GitHub", entry("gha"), entry("gha", "scope", "buildkit-linux-arm64-linux-386"), false},
		{"GitHub scope", entry("gha", "scope", "a"), entry("gha", "scope", "a-linux-arm64-linux-386"), false},
		{"s3", entry("s3", "bucket", "b"), entry("s3", "bucket", "b", "name", "buildkit-linux-arm64-linux-386"), false},
		{"in the image", entry("inline"), entry("inline"), true},
		{"directory", entry("local", "src", dir, "dest", dir), entry("local", "src", dir+"/linux-arm64-linux-386", "dest", dir+"/linux-arm64-linux-386"), false},
	} {
		opt := client.SolveOpt{CacheImports: []client.CacheOptionsEntry{test.given}, CacheExports: []client.CacheOptionsEntry{test.given}}
		nodeCaches(&opt, []string{"linux/aarch64", "linux/386"})
		imports := []client.CacheOptionsEntry{test.want, test.given}
		if test.plain {
			imports = imports[1:]
		}
		same := func(a, b client.CacheOptionsEntry) bool { return a.Type == b.Type && maps.Equal(a.Attrs, b.Attrs) }
		if len(opt.CacheExports) != 1 || !same(opt.CacheExports[0], test.want) {
			t.Errorf("%s: writes %+v", test.name, opt.CacheExports)
		}
		if len(opt.CacheImports) != len(imports) || !same(opt.CacheImports[0], imports[0]) || !same(opt.CacheImports[len(imports)-1], test.given) {
			t.Errorf("%s: reads %+v", test.name, opt.CacheImports)
		}
	}
	opt := client.SolveOpt{CacheImports: []client.CacheOptionsEntry{entry("local", "src", filepath.Join(dir, "empty"))}}
	if nodeCaches(&opt, []string{"linux/arm64"}); len(opt.CacheImports) != 0 {
		t.Errorf("reads %+v, which are not there", opt.CacheImports)
	}
}
