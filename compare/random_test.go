package compare

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// mutated returns a document with a random change: of a value, of a name, of what there is, or of an order.
func mutated(r *rand.Rand, v any, depth int) any {
	values := []any{nil, true, false, "", "X", "1.0.0", "v2", "ro", "rw", 1.0, 0.0, []any{}, map[string]any{}, map[string]any{"name": "N"}, "image/JPG", []any{"image/tif"}}
	switch x := v.(type) {
	case map[string]any:
		keys := memberNames(x, nil)
		if len(keys) == 0 || r.IntN(12) == 0 {
			x["extra"] = values[r.IntN(len(values))]
			return x
		}
		at := keys[r.IntN(len(keys))]
		if r.IntN(10) == 0 {
			delete(x, at)
			return x
		}
		x[at] = mutated(r, x[at], depth+1)
		return x
	case []any:
		if len(x) == 0 || r.IntN(8) == 0 {
			return append(x, values[r.IntN(len(values))])
		}
		i := r.IntN(len(x))
		switch r.IntN(8) {
		case 0:
			return append(x[:i:i], x[i+1:]...)
		case 1:
			return append(x, x[i])
		case 2:
			x[0], x[i] = x[i], x[0]
			return x
		}
		x[i] = mutated(r, x[i], depth+1)
		return x
	}
	if depth < 2 {
		return v
	}
	return values[r.IntN(len(values))]
}

// Whatever two manifests hold, both directions find something or neither does, every place is in its manifest, the finding fits the
// verdict, and what bump writes is enough.
func TestRandomPairs(t *testing.T) {
	t.Parallel()
	for n := range uint64(1500) {
		r := rand.New(rand.NewPCG(n, 7))
		random := func() *seed.Manifest {
			var doc any
			if err := json.Unmarshal([]byte(example), &doc); err != nil {
				t.Fatal(err)
			}
			for range r.IntN(6) {
				doc = mutated(r, doc, 0)
			}
			text, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			return seed.Parse(text)
		}
		old, new := random(), random()
		there, back := Manifests(old, new), Manifests(new, old)
		if there.Another != back.Another || (len(there.Changes) == 0) != (len(back.Changes) == 0) {
			t.Errorf("%d: there %+v, back %+v", n, there.Changes, back.Changes)
		}
		for _, c := range []*Comparison{there, back} {
			for _, change := range c.Changes {
				if change.OfImage() || !c.New.Source.Has(change.Pointer) || !c.Old.Source.Has(change.OldPointer) || change.Class == None || change.Rise == Nothing ||
					change.Message == "" || strings.ContainsAny(change.Message, "\n\t") {
					t.Errorf("%d: %+v", n, change)
				}
			}
			found := 0
			for _, d := range c.Report("m", "x").Diagnostics {
				if d.Rule != interfaceBroken {
					found++
				}
				if d.Message == "" || d.Level() == diag.Off {
					t.Errorf("%d: %+v", n, d)
				}
			}
			if want := !c.Enough() && !c.Another; (found == 1) != want || found > 1 {
				t.Errorf("%d: %d findings, enough %t", n, found, c.Enough())
			}
			if need := c.Bump(); need != (Versions{}) {
				if need.Job != "" && !IsVersion(need.Job) || need.Package != "" && !IsVersion(need.Package) {
					t.Errorf("%d: bump writes %v", n, need)
				}
				bumped := *c
				m := *c.New
				if need.Job != "" {
					m.Job.JobVersion = need.Job
				}
				if need.Package != "" {
					m.Job.PackageVersion = need.Package
				}
				if bumped.New = &m; !bumped.Enough() {
					t.Errorf("%d: bumped from %s %s to %v it is not enough", n, c.Old.Job.JobVersion, c.Old.Job.PackageVersion, need)
				}
			}
		}
	}
}
