package cwl

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

// printable reports whether YAML 1.2 takes a character as it is in a text of JSON.
func printable(r rune) bool {
	return r == '\n' || r >= ' ' && r < 0x7f || r >= 0xa0 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd && r != '\ufeff' || r >= 0x10000
}

// Tools read a document as YAML, which takes fewer characters as they are than JSON does. None is lost.
func TestPrintable(t *testing.T) {
	t.Parallel()
	var all []rune
	for r := rune(0); r < 0x3000; r++ {
		all = append(all, r)
	}
	all = append(all, '\ud7ff', '\ue000', '\ufeff', '\ufffc', '\ufffe', '\uffff', '\U00010000', '\U0001fffe', '\U0010ffff')
	text := string(all)
	manifest, err := json.Marshal(map[string]any{"seedVersion": "1.0.0", "job": map[string]any{"name": "trial", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": text, "description": text,
		"tags": []string{text}, "maintainer": map[string]any{"name": text, "email": text, "organization": text}, "timeout": 1,
		"errors": []any{map[string]any{"code": 1, "name": text, "title": text, "description": text}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []*export.Target{Tool, Application} {
		j := export.New(seed.Parse(manifest), export.Image{Reference: "x", Start: &export.Start{Entrypoint: []string{text}}}, export.Options{})
		document := target.Export(j).Files[0].Text
		if i := strings.IndexFunc(document, func(r rune) bool { return !printable(r) }); i >= 0 {
			r, _ := utf8.DecodeRuneInString(document[i:])
			t.Errorf("%s: %U is written as it is", target.Name, r)
		}
		var read struct {
			Keywords []string `json:"s:keywords"`
		}
		if err := json.Unmarshal([]byte(document), &read); err != nil || read.Keywords[0] != text {
			t.Errorf("%s: %v: characters are lost", target.Name, err)
		}
	}
}

// A workflow, its step and its values have ids that differ, whatever outputs are called.
func TestWorkflowIDs(t *testing.T) {
	t.Parallel()
	manifest := `{"seedVersion": "1.0.0", "job": {"name": "run", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": " ", "description": "", "timeout": 1,
		"interface": {"command": "x", "inputs": {"files": [{"name": "run"}, {"name": "outdir"}]}, "outputs": {"files": [{"name": "run", "pattern": "a"}, {"name": "outdir", "pattern": "b"},
		{"name": "RUN", "pattern": "c"}], "json": [{"name": "run_", "type": "integer"}]}}}}`
	p := Application.Export(export.New(seed.Parse([]byte(manifest)), export.Image{Reference: "x", Start: &export.Start{Entrypoint: []string{"/x"}}}, export.Options{}))
	if len(p.Refused) > 0 {
		t.Fatal(p.Refused)
	}
	var read struct {
		Graph []struct {
			ID, Label, Doc string
			Inputs         map[string]any
			Outputs        map[string]struct{ OutputSource string }
			Steps          map[string]struct{ Out []string }
		} `json:"$graph"`
	}
	if err := json.Unmarshal([]byte(p.Files[0].Text), &read); err != nil {
		t.Fatal(err)
	}
	flow := read.Graph[0]
	if flow.Label != "run" || flow.Doc != "run" {
		t.Errorf("label %q, doc %q", flow.Label, flow.Doc)
	}
	seen := map[string]bool{}
	use := func(id string) {
		if seen[id] {
			t.Errorf("two have the id %s", id)
		}
		seen[id] = true
	}
	for id := range flow.Inputs {
		use(id)
	}
	for step, s := range flow.Steps {
		use(step)
		for id, o := range flow.Outputs {
			use(id)
			if o.OutputSource != step+"/"+id || !slices.Contains(s.Out, id) {
				t.Errorf("output %s comes from %s", id, o.OutputSource)
			}
		}
	}
}

// A name that YAML would not take as one is refused with its place.
func TestLongNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size    int
		refused []seed.Pointer
	}{{1000, nil}, {1001, []seed.Pointer{seed.AtInputJSON.Index(0), seed.AtOutputFiles.Index(0)}}} {
		name := strings.Repeat("A", tt.size)
		manifest := `{"job": {"name": "trial", "interface": {"inputs": {"json": [{"name": "` + name + `", "type": "string"}]}, "outputs": {"files": [{"name": "` + strings.ToLower(name) + `", "pattern": "a"}]}}}}`
		var refused []seed.Pointer
		for _, n := range Tool.Export(export.New(seed.Parse([]byte(manifest)), export.Image{Reference: "x"}, export.Options{})).Refused {
			refused = append(refused, n.Pointer)
		}
		if !slices.Equal(refused, tt.refused) {
			t.Errorf("%d characters: refused %v, want %v", tt.size, refused, tt.refused)
		}
	}
}
