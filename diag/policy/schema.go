package policy

import (
	"bytes"
	_ "embed"
	"encoding/json"

	"github.com/seedpack/seedpack/diag"
)

//go:embed policy.schema.json
var schemaText []byte

// Schema returns the JSON Schema (draft 7) of a policy file. It has the name and the summary of each rule.
func Schema(rules []*diag.Rule) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(schemaText, &doc); err != nil {
		return nil, err
	}
	names, severities := []string{}, map[string]any{}
	for _, r := range rules {
		names = append(names, r.ID)
		severities[r.ID] = map[string]any{
			"title":       r.ID,
			"description": r.Summary + " (" + r.Severity.String() + " by default)",
			"$ref":        "#/definitions/severity",
		}
	}
	doc["properties"].(map[string]any)["rules"].(map[string]any)["properties"] = severities
	doc["definitions"].(map[string]any)["rule"].(map[string]any)["enum"] = names
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(doc)
	return out.Bytes(), err
}
