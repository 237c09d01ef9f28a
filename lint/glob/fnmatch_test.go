package glob

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// Python finds with a pattern that is written for it the names that Match accepts.
func TestFnmatch(t *testing.T) {
	t.Parallel()
	python := needs.Program(t, "python3")
	dir := t.TempDir()
	for _, name := range bashNames {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	n := 3_000
	if os.Getenv("SEEDPACK_LONG") != "" {
		n = 60_000
	}
	r := rand.New(rand.NewPCG(11, 12))
	var patterns, written []string
	for range n {
		p := ""
		for range 1 + r.IntN(5) {
			p += bashPieces[r.IntN(len(bashPieces))]
		}
		if same, ok := Fnmatch(p); ok {
			patterns, written = append(patterns, p), append(written, same)
		}
	}
	if len(patterns) < n/2 {
		t.Errorf("only %d of %d can be written", len(patterns), n)
	}
	text, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", "import glob, json, os, sys\nprint(json.dumps([[f for f in glob.glob(p) if os.path.isfile(f)] for p in json.load(sys.stdin)]))")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(string(text)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	for i, p := range patterns {
		var want []string
		for _, name := range bashNames {
			if Match(p, name) {
				want = append(want, name)
			}
		}
		slices.Sort(found[i])
		slices.Sort(want)
		if !slices.Equal(found[i], want) {
			t.Errorf("%q, written %q: Python finds %q, Match %q", p, written[i], found[i], want)
		}
	}
}
