// Package oracle compiles schemas for tests, with a strict engine that the program itself does not use.
package oracle

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Compile compiles the text of a schema. Functions in tell may change the compiler first.
func Compile(t testing.TB, text []byte, tell ...func(*jsonschema.Compiler)) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	for _, f := range tell {
		f(c)
	}
	const name = "mem:///schema.json"
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
