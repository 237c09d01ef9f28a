package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seedpack/seedpack/internal/material"
	"github.com/seedpack/seedpack/lint/schema/oracle"
	"github.com/seedpack/seedpack/seed"
)

// mutants returns how many documents are compared. make test-long compares more.
func mutants() int {
	if os.Getenv("SEEDPACK_LONG") != "" {
		return 150_000
	}
	return 5_000
}

func published(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return compileOracle(t, text)
}

func compileOracle(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	// The standard's schema of side-cars refers to a schema on the network. Another test compares bounding boxes
	// (T-19).
	return oracle.Compile(t, text, func(c *jsonschema.Compiler) { c.UseLoader(noBoundingBox{}) })
}

type noBoundingBox struct{}

func (noBoundingBox) Load(url string) (any, error) {
	if strings.HasSuffix(url, "bbox.json") {
		return map[string]any{}, nil
	}
	return nil, fmt.Errorf("%s is not at hand", url)
}

// For mutated documents, our schemas and keywords agree with a strict engine on the standard's own schemas.
func TestSameAsTheStandard(t *testing.T) {
	t.Parallel()
	dir := material.Dir(t, "spec", "schemas")
	theirs := map[string]*jsonschema.Schema{}
	for _, version := range Versions() {
		theirs[version] = published(t, filepath.Join(dir, version, "seed.manifest.schema.json"))
	}
	complete, err := os.ReadFile(filepath.Join("..", "testdata", "complete.json"))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range mutants() {
		text := mutate(t, random, complete)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		// The standard has a schema for each version. Ours accepts both versions (T-01).
		valid := theirs["1.0.0"].Validate(doc) == nil || theirs["1.0.0-snapshot"].Validate(doc) == nil
		found := Manifest(seed.ParseJSON(text))
		if valid != (len(found) == 0) && !fractions(found, text) {
			t.Fatalf("valid by the standard: %v; ours: %s\n%s", valid, lines(found), text)
		}
	}
}

// fractions reports the one deliberate difference (T-04): we accept an integer with a fraction or an exponent, and lint
// warns of it. Draft 4 refuses it.
func fractions(found []Violation, text []byte) bool {
	return len(found) == 0 && (bytes.Contains(text, []byte("10.0")) || bytes.Contains(text, []byte("1e2")))
}

// mutate makes one to three changes to a document.
func mutate(t *testing.T, random *rand.Rand, text []byte) []byte {
	t.Helper()
	var doc any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for range 1 + random.IntN(3) {
		spoil(random, doc)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// odd returns a new value on each call, so that no two places share one.
func odd(random *rand.Rand) any {
	values := []string{`null`, `true`, `"true"`, `""`, `"x"`, `0`, `-1`, `1.5`, `10.0`, `1e2`, `[]`, `{}`, `"1.0.0"`, `"1.0"`, `"a b"`, `"ro"`,
		`"job"`, `"Data"`, `"integer"`, `"null"`, `["x"]`, `[1]`, `{"name":"A"}`, `"abc\n"`, `"ä"`}
	d := json.NewDecoder(strings.NewReader(values[random.IntN(len(values))]))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// spoil goes down a random path and sets, adds or removes a member.
func spoil(random *rand.Rand, v any) {
	switch x := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(x))
		for name := range x {
			names = append(names, name)
		}
		slices.Sort(names)
		if len(names) == 0 || random.IntN(8) == 0 {
			known := []string{"name", "timeout", "email", "title", "required", "multiple", "mediaType", "mediaTypes", "files", "json", "path", "key", "command", "unknown", "scalar", "mode"}
			x[known[random.IntN(len(known))]] = odd(random)
			return
		}
		name := names[random.IntN(len(names))]
		switch child := x[name]; {
		case random.IntN(10) == 0:
			delete(x, name)
		case random.IntN(4) > 0 && holds(child):
			spoil(random, child)
		default:
			x[name] = odd(random)
		}
	case []any:
		if len(x) == 0 {
			return
		}
		i := random.IntN(len(x))
		if holds(x[i]) && random.IntN(6) > 0 {
			spoil(random, x[i])
		} else {
			x[i] = odd(random)
		}
	}
}

func holds(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// The same comparison for side-cars.
func TestSideCarsSameAsTheStandard(t *testing.T) {
	t.Parallel()
	theirs := published(t, filepath.Join(material.Dir(t, "spec", "schemas"), "1.0.0", "seed.metadata.schema.json"))
	random := rand.New(rand.NewPCG(3, 4))
	for i := range mutants() {
		text := mutateSideCar(t, random, sideCars[i%len(sideCars)])
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		valid, found := theirs.Validate(doc) == nil, Metadata(seed.ParseJSON(text))
		if valid != (len(found) == 0) && !looseFeatures(found) {
			t.Fatalf("valid by the standard: %v; ours: %s\n%s\n%v", valid, lines(found), text, theirs.Validate(doc))
		}
	}
}

// looseFeatures reports the one difference: the standard's schema does not require the features of a collection to be
// objects. GeoJSON does.
func looseFeatures(found []Violation) bool {
	return len(found) > 0 && !slices.ContainsFunc(found, func(v Violation) bool {
		return v.Keyword != "type" || v.Pointer.Parent() != "/features" || !strings.HasSuffix(v.Message, "must be an object")
	})
}

var sideCars = []string{
	`{"type":"Point","coordinates":[1,2]}`, `{"type":"MultiPoint","coordinates":[[1,2],[3,4,5]]}`, `{"type":"LineString","coordinates":[[1,2],[3,4]]}`,
	`{"type":"MultiLineString","coordinates":[[[1,2],[3,4]]]}`, `{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`,
	`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}`,
	`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}`,
	`{"type":"Feature","id":"a","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"properties":{"a":[1]}}`,
	`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":null}]}`,
}

func mutateSideCar(t *testing.T, random *rand.Rand, text string) []byte {
	t.Helper()
	return mutate(t, random, []byte(text))
}
