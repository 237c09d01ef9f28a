package policy

import (
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema/oracle"
)

// beyondSchema are problems that a JSON Schema cannot express, or that prevent a document from being read.
var beyondSchema = []string{"a key twice", "no YAML", "a bad pattern", "a key that is a list", "shared paths above"}

// An editor marks what Read refuses, and nothing else.
func TestSchemaIsAsRead(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, tt := range problems {
		if slices.Contains(beyondSchema, tt.name) {
			continue
		}
		if err := schema.Validate(document(t, tt.text)); err == nil {
			t.Errorf("%s: the schema takes it, Read says %s", tt.name, tt.want)
		}
	}
	for _, text := range []string{
		"", "# nothing yet\n", "{}", "fail-on: notice", "rules: {}", "rules: {tags-form: off, timeout-long: error}", "ignore: []",
		"build: {}", "build: {paths: shared}", "build: {file: docker/Dockerfile, context: .., target: x, platforms: linux/amd64}",
		"build: {platforms: [linux/amd64, linux/arm64], build-args: {A: 1, B: true, C: '', D: x}, build-contexts: {base: ../base}}", "build: {paths: [shared, \"lib/*.py\"]}",
		"ignore: [{path: a, rules: tags-form}]", "ignore: [{path: [a, 1], rules: [tags-form, timeout-long], reason: 2026}]",
	} {
		if _, err := Read("p", []byte(text), rules); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if err := schema.Validate(document(t, text)); err != nil {
			t.Errorf("%q: Read takes it, the schema says %v", text, err)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var all []*diag.Rule
	for _, id := range rules {
		all = append(all, &diag.Rule{ID: id, Severity: diag.Warning, Summary: "it should be"})
	}
	text, err := Schema(all)
	if err != nil {
		t.Fatal(err)
	}
	return oracle.Compile(t, text)
}

func document(t *testing.T, text string) (doc any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}
