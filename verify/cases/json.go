package cases

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

const maxNodes = 100_000 // JSON values in one smoke file: this stops aliases of aliases

func (r *reader) json(n *yaml.Node, c *Case) {
	r.pairs(n, "json", func(key, value *yaml.Node) {
		in := named(r, key, "JSON input", r.m.Job.Interface.Inputs.JSON, func(j *seed.InputJSON) string { return j.Name })
		if in == nil {
			return
		}
		v, ok := r.value(value, 0)
		if !ok {
			return
		}
		text := compact(v)
		if !seed.HasType(text, in.Type) {
			r.add(typeRule, value, "JSON input %q is %s, it should be of type %s", in.Name, diag.Brief(text), in.Type)
			return
		}
		c.JSON[in.Name] = text
	})
}

func (r *reader) expectJSON(n *yaml.Node) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	r.pairs(n, "json", func(key, value *yaml.Node) {
		out := named(r, key, "JSON output", r.m.Job.Interface.Outputs.JSON, func(j *seed.OutputJSON) string { return j.Name })
		if v, ok := r.value(value, 0); ok && out != nil {
			r.note(key, "json", out.Name)
			all[out.Name] = compact(v)
		}
	})
	return all
}

// compact writes a value without white space and without escaping for HTML.
func compact(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil // everything that value returns can be written
	}
	return bytes.TrimSpace(b.Bytes())
}

// value returns a YAML value as a JSON value. Each call counts against maxNodes.
func (r *reader) value(n *yaml.Node, depth int) (any, bool) {
	n = deref(n)
	if r.nodes++; r.nodes > maxNodes || depth > 100 {
		if r.nodes <= maxNodes+1 {
			r.add(typeRule, n, "the values of the file are too large or too deep")
		}
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		object, ok := map[string]any{}, true
		r.pairs(n, "the value", func(key, value *yaml.Node) {
			v, good := r.value(value, depth+1)
			object[key.Value], ok = v, ok && good
		})
		return object, ok
	case yaml.SequenceNode:
		array := []any{}
		for _, e := range n.Content {
			v, ok := r.value(e, depth+1)
			if !ok {
				return nil, false
			}
			array = append(array, v)
		}
		return array, true
	}
	return r.scalar(n)
}

func (r *reader) scalar(n *yaml.Node) (any, bool) {
	switch n.ShortTag() {
	case "!!null":
		return nil, true
	case "!!bool":
		var v bool
		err := n.Decode(&v)
		return v, err == nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), true // keeps all digits
		}
		if i, ok := new(big.Int).SetString(n.Value, 0); ok {
			return json.Number(i.String()), true
		}
		var v float64
		if err := n.Decode(&v); err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			r.add(typeRule, n, "%q is a number that JSON does not have", n.Value)
			return nil, false
		}
		return v, true
	}
	return n.Value, true
}
