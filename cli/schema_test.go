package cli

import (
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Editors show the title and the description of every member, and can read each of the schemas.
func TestSchemasExplain(t *testing.T) {
	t.Parallel()
	for _, kind := range schemaKinds {
		text, err := schemaText(kind, "1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if n := explained(t, kind, doc); n < 20 {
			t.Errorf("%s: only %d members are looked at", kind, n)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("mem:///it", doc); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile("mem:///it"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// explained complains of members without words below a part of a schema, and counts all.
func explained(t *testing.T, at string, part any) (n int) {
	switch part := part.(type) {
	case []any:
		for _, v := range part {
			n += explained(t, at, v)
		}
	case map[string]any:
		for key, v := range part {
			n += explained(t, at+"/"+key, v)
			members, ok := v.(map[string]any)
			if !ok || key != "properties" && key != "definitions" || isSchema(members) {
				continue
			}
			for name, member := range members {
				n++
				words, _ := member.(map[string]any)
				if words["title"] == nil || words["description"] == nil {
					t.Errorf("%s/%s/%s has no title or no description", at, key, name)
				}
			}
		}
	}
	return n
}

// isSchema tells a member that is called properties from the keyword.
func isSchema(v map[string]any) bool {
	_, ok := v["title"].(string)
	return ok
}
