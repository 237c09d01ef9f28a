package schema

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

const minimal = `{"seedVersion":"1.0.0","job":{"name":"a","jobVersion":"1.0.0","packageVersion":"1.0.0","title":"t","description":"d","maintainer":{"name":"n","email":"e"},"timeout":10}}`

func lines(violations []Violation) string {
	var b strings.Builder
	for _, v := range violations {
		fmt.Fprintf(&b, "%s %s %s | %s | %s\n", v.Pointer, v.Keyword, v.Member, v.Message, v.Hint)
	}
	return b.String()
}

func TestManifest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, want string }{
		{"minimal", "", "", ""},
		{"array", minimal, "[]", " type  | is an array, must be an object | \n"},
		{"missing", `"timeout":10`, `"tags":[]`, "/job required timeout | member \"timeout\" is missing, it is required here | timeout: seconds after which the job is stopped, whatever it does\n"},
		{"boolean as text", `"timeout":10`, `"timeout":10,"interface":{"inputs":{"files":[{"name":"A","required":"true"}]}}`,
			"/job/interface/inputs/files/0/required type  | is a string, must be a boolean | required: whether the input is always given\n"},
		{"amount of CPUs", `"timeout":10`, `"timeout":10,"resources":{"scalar":[{"name":"cpus","value":"1"}]}`, "/job/resources/scalar/0/value type  | is a string, must be a number | value: how many CPUs, such as 1 or 0.5\n"},
		{"amount, in single quotes", `"timeout":10`, `"timeout":10,"resources":{"scalar":[{"name":'disk',"value":"1"}]}`, "/job/resources/scalar/0/value type  | is a string, must be a number | value: how many MiB\n"},
		{"amount of memory", `"timeout":10`, `"timeout":10,"resources":{"scalar":[{"name":"mem","value":"1"}]}`, "/job/resources/scalar/0/value type  | is a string, must be a number | value: how many MiB\n"},
		{"unknown", `"timeout":10`, `"timeout":10,"descripton":"x"`, "/job/descripton additionalProperties descripton | member \"descripton\" does not exist here | did you mean \"description\"?\n"},
		{"of a child", `"timeout":10`, `"timeout":10,"email":"x"`, "/job/email additionalProperties email | member \"email\" does not exist here |"},
		{"of a parent", `"name":"n"`, `"name":"n","timeout":1`, "/job/maintainer/timeout additionalProperties timeout"},
		{"older", `"jobVersion":"1.0.0"`, `"algorithmVersion":"1.0.0"`,
			"/job required jobVersion | member \"jobVersion\" is missing, it is required here | jobVersion: the version of the job's logic, by Semantic Versioning\n" +
				"/job/algorithmVersion additionalProperties algorithmVersion | member \"algorithmVersion\" does not exist here | \"algorithmVersion\" is \"jobVersion\" now\n"},
		{"version", `"jobVersion":"1.0.0"`, `"jobVersion":"v1.2"`, "/job/jobVersion pattern  | version \"v1.2\" must be a semantic version, MAJOR.MINOR.PATCH | write \"1.2.0\"\n"},
		{"line end", `"name":"a"`, `"name":"a\n"`, "/job/name pattern  | name \"a\\n\" must be letters, digits and dashes |"},
		{"seedVersion", `"seedVersion":"1.0.0"`, `"seedVersion":"0.1.0"`, "/seedVersion enum  | seedVersion \"0.1.0\" is not supported, must be \"1.0.0\" or \"1.0.0-snapshot\" |"},
		{"snapshot", `"seedVersion":"1.0.0"`, `"seedVersion":"1.0.0-snapshot"`, ""},
		{"fraction", `"timeout":10`, `"timeout":1.5`, "/job/timeout type  | is a number, must be an integer | timeout: seconds after which the job is stopped, whatever it does\n"},
		{"whole", `"timeout":10`, `"timeout":10.0`, ""},
		{"exponent", `"timeout":10`, `"timeout":1e3`, ""},
		{"huge", `"timeout":10`, `"timeout":1e999999999999`, ""},
		{"tiny", `"timeout":10`, `"timeout":1e-999999999999`, "/job/timeout type  | is a number, must be an integer | timeout: seconds after which the job is stopped, whatever it does\n"},
		{"mode", `"timeout":10`, `"timeout":10,"interface":{"mounts":[{"name":"M","path":"/m","mode":null}]}`, "/job/interface/mounts/0/mode enum  | is null, must be \"ro\" or \"rw\" | mode: ro for reading only, rw for writing too\n"},
		{"category", `"timeout":10`, `"timeout":10,"errors":[{"code":1,"name":"E","category":"Data"}]`, "/job/errors/0/category enum  | is \"Data\", must be \"job\" or \"data\" | write \"data\"\n"},
		{"odd name", `"timeout":10`, `"timeout":10,"a/b~c":1`, "/job/a~1b~0c additionalProperties a/b~c"},
	} {
		got := lines(Manifest(seed.ParseJSON([]byte(strings.Replace(minimal, c.old, c.new, 1)))))
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" || strings.HasSuffix(c.want, "\n") && got != c.want {
			t.Errorf("%s:\n%s, not\n%s", c.name, got, c.want)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{"type":"Point","coordinates":[1,2]}`:     "",
		`{"type":"Point","coordinates":[1,2,3]}`:   "",
		`{"type":"Point","coordinates":[1]}`:       "/coordinates minItems  | has 1 element, must have at least 2 | \n",
		`{"type":"Point","coordinates":[1,2,3,4]}`: "/coordinates maxItems  | has 4 elements, must have at most 3 | \n",
		`{"type":"Point","coordinates":[1,"2"]}`:   "/coordinates/1 type  | is a string, must be a number | \n",
		`{"type":"Point"}`:                         " required coordinates | member \"coordinates\" is missing, it is required here | \n",
		`{"type":"Circle"}`:                        "/type enum  | type is \"Circle\", must be \"Point\", \"MultiPoint\", \"LineString\", \"MultiLineString\", \"Polygon\", \"MultiPolygon\", \"GeometryCollection\", \"Feature\" or \"FeatureCollection\" | \n",
		`{}`:                                       " required type | member \"type\" is missing, it is required here | \n",
		`[]`:                                       " type  | is an array, must be an object | \n",
		`{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}`:                                      "/coordinates/0 minItems  | has 3 elements, must have at least 4 | \n",
		`{"type":"Feature","geometry":null,"properties":null}`:                                        "",
		`{"type":"Feature","geometry":null,"properties":[]}`:                                          "/properties type  | is an array, must be an object or null | \n",
		`{"type":"Feature","geometry":null,"properties":{},"id":null}`:                                "/id type  | is null, must be a string or a number | \n",
		`{"type":"Feature","geometry":{"type":"Point","coordinates":[1]},"properties":{}}`:            "/geometry/coordinates minItems  | has 1 element, must have at least 2 | \n",
		`{"type":"Feature","geometry":{"type":"GeometryCollection","geometries":[]},"properties":{}}`: "/geometry/type enum  | type is \"GeometryCollection\", must be \"Point\", \"MultiPoint\", \"LineString\", \"MultiLineString\", \"Polygon\" or \"MultiPolygon\" | \n",
		`{"type":"FeatureCollection","features":[{"geometry":null,"properties":{}}]}`:                 "",
		`{"type":"FeatureCollection","features":[{"geometry":null}]}`:                                 "/features/0 required properties | member \"properties\" is missing, it is required here | \n",
	} {
		if got := lines(Metadata(seed.ParseJSON([]byte(doc)))); got != want {
			t.Errorf("%s:\n%q, not\n%q", doc, got, want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if v := Manifest(seed.ParseJSON([]byte(minimal))); len(v) > 0 {
					t.Error(lines(v))
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkManifest(b *testing.B) {
	src := seed.ParseJSON([]byte(minimal))
	for b.Loop() {
		Manifest(src)
	}
}
