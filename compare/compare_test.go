package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// example is a manifest with every member of the standard. Lists have one entry each, but for resources.
const example = `{"seedVersion": "1.0.0", "job": {
"name": "tiler", "jobVersion": "1.2.3", "packageVersion": "4.5.6", "title": "Tiles", "description": "Makes tiles.",
"tags": ["a", "b"], "maintainer": {"name": "N", "organization": "O", "email": "e@example.com", "url": "https://example.com", "phone": "1"},
"timeout": 60, "resources": {"scalar": [{"name": "mem", "value": 64, "inputMultiplier": 1}, {"name": "gpus", "value": 1, "inputMultiplier": 2}]},
"interface": {"command": "run ${SCENE}",
"inputs": {"files": [{"name": "SCENE", "required": true, "mediaTypes": ["image/tiff", "image/png"], "multiple": false, "partial": false}],
 "json": [{"name": "LEVEL", "required": true, "type": "integer"}]},
"outputs": {"files": [{"name": "TILES", "mediaType": "image/png", "pattern": "*.png", "multiple": false, "required": true}],
 "json": [{"name": "COUNT", "key": "count", "type": "integer", "required": true}]},
"mounts": [{"name": "DATA", "path": "/data", "mode": "ro"}], "settings": [{"name": "HOST", "secret": false}]},
"errors": [{"code": 1, "name": "bad-scene", "title": "Bad", "description": "Bad scene.", "category": "job"}]}}`

// edit is a change of the example: the value of a member becomes new; nil removes it. An index of "+" appends.
type edit struct {
	at  string
	new string // JSON; empty removes
}

func edited(t *testing.T, edits ...edit) *seed.Manifest {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(example), &doc); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		doc = set(t, doc, strings.Split(e.at, "/")[1:], e.new)
	}
	text, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return seed.Parse(text)
}

func set(t *testing.T, v any, path []string, value string) any {
	t.Helper()
	var new any
	if value != "" {
		if err := json.Unmarshal([]byte(value), &new); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
	}
	last := len(path) == 1
	switch x := v.(type) {
	case map[string]any:
		if !last {
			x[path[0]] = set(t, x[path[0]], path[1:], value)
		} else if x[path[0]] = new; value == "" {
			delete(x, path[0])
		}
		return x
	case []any:
		if path[0] == "+" {
			return append(x, new)
		}
		var i int
		if _, err := fmt.Sscan(path[0], &i); err != nil {
			t.Fatal(err)
		}
		if !last {
			x[i] = set(t, x[i], path[1:], value)
		} else if x[i] = new; value == "" {
			return slices.Delete(x, i, i+1)
		}
		return x
	}
	t.Fatalf("there is nothing at %q", path)
	return nil
}

const (
	theInput, theJSONInput   = "/job/interface/inputs/files", "/job/interface/inputs/json"
	theOutput, theJSONOutput = "/job/interface/outputs/files", "/job/interface/outputs/json"
	theMount, theSetting     = "/job/interface/mounts", "/job/interface/settings"
	theScalar                = "/job/resources/scalar"
)

// Orders and defaults count for nothing, and neither do white space around the command and spellings of numbers.
func TestUnchanged(t *testing.T) {
	for _, edits := range [][]edit{
		nil,
		{{"/job/tags", `["b", "a", "a"]`}},
		{{theScalar, `[{"name": "gpus", "value": 1.0, "inputMultiplier": 2e0}, {"name": "mem", "value": 64.00, "inputMultiplier": 10e-1}]`}},
		{{theInput + "/0/required", ""}}, {{theInput + "/0/multiple", ""}}, {{theInput + "/0/partial", ""}}, {{theJSONInput + "/0/required", ""}},
		{{theOutput + "/0/required", ""}}, {{theOutput + "/0/multiple", ""}}, {{theJSONOutput + "/0/required", ""}},
		{{theMount + "/0/mode", ""}}, {{theSetting + "/0/secret", ""}}, {{"/job/errors/0/category", ""}},
		{{"/job/interface/command", `"  run ${SCENE}\n"`}},
		{{theInput + "/0/mediaTypes", `["image/png", "image/tiff", "image/png"]`}},
		{{"/job/title", `"Tiles"`}, {"/job/errors/0/category", `null`}},
		{{"/job/jobVersion", `"9.0.0"`}}, {{"/job/packageVersion", `"9.0.0"`}},
		{{"/job/timeout", "6e1"}},
	} {
		old, new := edited(t), edited(t, edits...)
		for _, pair := range [][2]*seed.Manifest{{old, new}, {new, old}} {
			if c := Manifests(pair[0], pair[1]); c.Class() != None || len(c.Changes) != 0 {
				t.Errorf("%v: %+v", edits, c.Changes)
			}
		}
	}
	bare := seed.Parse([]byte(`{"job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0"}}`))
	empty := seed.Parse([]byte(`{"job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "tags": [], "errors": [], "resources": {"scalar": []},
		"interface": {"command": "", "inputs": {"files": [], "json": []}, "outputs": {}, "mounts": [], "settings": []}}}`))
	if c := Manifests(bare, empty); len(c.Changes) != 0 {
		t.Errorf("empty lists: %+v", c.Changes)
	}
	if c := Manifests(empty, bare); len(c.Changes) != 0 {
		t.Errorf("empty lists: %+v", c.Changes)
	}
}

// Renaming is one change, at the new name, if what was renamed to what is certain.
func TestRenamed(t *testing.T) {
	for _, test := range []struct {
		name       string
		old, edits []edit
		want       []string
	}{
		{"spelling", []edit{{theInput + "/0/name", `"my-input"`}}, []edit{{theInput + "/0/name", `"MY_INPUT"`}},
			[]string{`breaking /job/interface/inputs/files/0/name input is renamed from "my-input" to "MY_INPUT": its variable is still MY_INPUT, so the job keeps working, but what is connected by name does not`}},
		{"and changed", nil, []edit{{theInput + "/0/name", `"X"`}, {theInput + "/0/multiple", "true"}},
			[]string{`breaking /job/interface/inputs/files input "SCENE" is gone`, `breaking /job/interface/inputs/files/0 input "X" is new and required`}},
		{"two at once", []edit{{theSetting, `[{"name": "A"}, {"name": "B"}]`}}, []edit{{theSetting, `[{"name": "C"}, {"name": "D"}]`}},
			[]string{`behaviour /job/interface/settings setting "A" is gone`, `behaviour /job/interface/settings setting "B" is gone`,
				`breaking /job/interface/settings/0 setting "C" is new`, `breaking /job/interface/settings/1 setting "D" is new`}},
		{"two that differ", []edit{{theSetting, `[{"name": "A"}, {"name": "B", "secret": true}]`}}, []edit{{theSetting, `[{"name": "D", "secret": true}, {"name": "C", "secret": false}]`}},
			[]string{`breaking /job/interface/settings/0/name setting is renamed from "B" to "D"`, `breaking /job/interface/settings/1/name setting is renamed from "A" to "C"`}},
		{"key left to the name", []edit{{theJSONOutput + "/0/key", ""}}, []edit{{theJSONOutput + "/0/name", `"N"`}, {theJSONOutput + "/0/key", ""}},
			[]string{`breaking /job/interface/outputs/json/0/name json output is renamed from "COUNT" to "N"`}},
		{"key kept", []edit{{theJSONOutput + "/0/key", ""}}, []edit{{theJSONOutput + "/0/name", `"N"`}, {theJSONOutput + "/0/key", `"COUNT"`}},
			[]string{`breaking /job/interface/outputs/json/0/name json output is renamed from "COUNT" to "N"`}},
		{"an empty key is none", []edit{{theJSONOutput + "/0/key", `""`}}, []edit{{theJSONOutput + "/0/key", `"COUNT"`}}, nil},
		{"an empty key is left to the name", []edit{{theJSONOutput + "/0/key", `""`}}, []edit{{theJSONOutput + "/0/name", `"N"`}, {theJSONOutput + "/0/key", `"COUNT"`}},
			[]string{`breaking /job/interface/outputs/json/0/name json output is renamed from "COUNT" to "N"`}},
		{"an error and its words", nil, []edit{{"/job/errors/0/name", `"x"`}, {"/job/errors/0/title", `"T"`}},
			[]string{`behaviour /job/errors/0/name error is renamed from "bad-scene" to "x"`, `words /job/errors/0/title error "x": title was "Bad", is "T"`}},
		{"an error and its code", nil, []edit{{"/job/errors/0/name", `"x"`}, {"/job/errors/0/code", `7`}},
			[]string{`addition /job/errors/0 error "x" is new`, `behaviour /job/errors error "bad-scene" is gone`}},
		{"two of the standard's resources", nil, []edit{{theScalar + "/0/name", `"disk"`}},
			[]string{`behaviour /job/resources/scalar resource "mem" is gone`, `behaviour /job/resources/scalar/0 resource "disk" is new: 64`}},
		{"to another list", nil, []edit{{theInput, ""}, {theJSONInput + "/+", `{"name": "SCENE", "type": "string"}`}},
			[]string{`breaking /job/interface/inputs input "SCENE" is gone`, `breaking /job/interface/inputs/json/1 json input "SCENE" is new and required`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Manifests(edited(t, test.old...), edited(t, test.edits...))
			var got []string
			for _, change := range c.Changes {
				got = append(got, fmt.Sprintf("%s %s %s", change.Class, change.Pointer, change.Message))
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
			}
		})
	}
}

// Nothing is compared of two different jobs.
func TestAnotherJob(t *testing.T) {
	c := Manifests(edited(t), edited(t, edit{"/job/name", `"other"`}, edit{"/job/timeout", "1"}))
	if !c.Another || len(c.Changes) != 0 || c.Enough() || len(c.Report("m", "x").Diagnostics) != 0 {
		t.Errorf("%+v", c)
	}
}

// A member that the standard does not know is a change of words: the label of the image has it.
func TestUnknownMember(t *testing.T) {
	c := Manifests(edited(t), edited(t, edit{"/job/colour", `"red"`}, edit{theInput + "/0/unit", `"m"`}, edit{"/job/maintainer/x", `{"y": 1}`}))
	if len(c.Changes) != 3 || c.Class() != Words {
		t.Errorf("%+v", c.Changes)
	}
}

// What is of a wrong type is compared, too.
func TestWrongTypes(t *testing.T) {
	for _, test := range []struct {
		edit edit
		want Class
	}{
		{edit{theInput + "/0/required", `"no"`}, Breaking}, {edit{"/job/timeout", `"60"`}, Behaviour}, {edit{theInput, `"x"`}, Breaking},
		{edit{theInput + "/0", `7`}, Breaking}, {edit{"/job/interface", `[]`}, Breaking}, {edit{theMount + "/0/mode", `3`}, Breaking},
		{edit{theInput + "/0/mediaTypes", `"image/png"`}, Breaking}, {edit{"/job/tags", `{}`}, Words}, {edit{"/job/maintainer", `1`}, Words},
	} {
		old, new := edited(t), edited(t, test.edit)
		if c := Manifests(old, new); c.Class() != test.want {
			t.Errorf("%v: %v %+v", test.edit, c.Class(), c.Changes)
		}
		Manifests(new, old) // and back
	}
	for _, text := range []string{"", "[]", "7", `{"job": 1}`, `{"job": {"interface": 3}}`, `{"job": {"errors": [null, [], 1]}}`} {
		Manifests(seed.Parse([]byte(text)), edited(t))
		Manifests(edited(t), seed.Parse([]byte(text)))
	}
}

// A text that is torn cannot be compared: what is not found in it may be there.
func TestUnreadable(t *testing.T) {
	for text, want := range map[string]string{
		example: "", `{}`: "", "\ufeff" + example: "", strings.Replace(example, `"timeout": 60,`, `"timeout": 60,,`, 1): "",
		"": "1:1: file is empty, there should be a JSON object", "[]": "1:1: it is no JSON object", "null": "1:1: it is no JSON object", `"x"`: "1:1: it is no JSON object",
	} {
		if got := Unreadable(seed.Parse([]byte(text))); got != want {
			t.Errorf("%.30q: %q, want %q", text, got, want)
		}
	}
	for _, at := range []string{`"timeout"`, `"interface"`, `"errors"`, `}]}}`} {
		text, _, _ := strings.Cut(example, at)
		if got := Unreadable(seed.Parse([]byte(text))); got == "" {
			t.Errorf("cut before %s it can be compared", at)
		}
	}
}

// A message shows what differs, wherever that is in a long value, and says which of several members of one name it means.
func TestMessages(t *testing.T) {
	long := strings.Repeat("x ", 40)
	for _, tt := range []struct {
		old, new edit
		want     string
	}{
		{edit{"/job/description", `"` + long + `one"`}, edit{"/job/description", `"` + long + `two"`}, `description was … x x x x x x x one", is … x x x x x x x two"`},
		{edit{"/job/interface/command", `"run  a"`}, edit{"/job/interface/command", `"run a"`}, `command was "run  a", is "run a"`},
		{edit{"/job/interface/command", `"a\nb"`}, edit{"/job/interface/command", `"a b"`}, `command was "a\nb", is "a b"`},
		{edit{"/job/maintainer/name", `"N"`}, edit{"/job/maintainer/name", `"M"`}, `maintainer.name was "N", is "M"`},
		{edit{"/seedVersion", `"1.0.0"`}, edit{"/seedVersion", ``}, `seedVersion was "1.0.0", is absent`},
		{edit{"/job/timeout", "60"}, edit{"/job/timeout", `"60"`}, `timeout was 60, is "60"`},
	} {
		c := Manifests(edited(t, tt.old), edited(t, tt.new))
		if len(c.Changes) != 1 || c.Changes[0].Message != tt.want || c.Changes[0].OfImage() {
			t.Errorf("%+v, want %s", c.Changes, tt.want)
		}
	}
}

// A long list does not take long to compare.
func TestManyEntries(t *testing.T) {
	var old, new []string
	for i := range 8_000 {
		old = append(old, fmt.Sprintf(`{"name": "a%d", "required": %t}`, i, i%2 == 0))
		new = append(new, fmt.Sprintf(`{"name": "b%d", "required": %t}`, i, i%2 == 0))
	}
	c := Manifests(edited(t, edit{theInput, "[" + strings.Join(old, ",") + "]"}), edited(t, edit{theInput, "[" + strings.Join(new, ",") + "]"}))
	if len(c.Changes) != 16_000 {
		t.Errorf("%d changes", len(c.Changes))
	}
}

// A number that is too large for programs is JSON, so a change to it is not called one to something else.
func TestChangeToUnreadable(t *testing.T) {
	t.Parallel()
	text := `{"job": {"name": "a", "timeout": %s}}`
	c := Manifests(seed.Parse(fmt.Appendf(nil, text, "64")), seed.Parse(fmt.Appendf(nil, text, "6.4e400")))
	if want := "timeout was 64, is a value that cannot be read"; len(c.Changes) != 1 || c.Changes[0].Message != want {
		t.Errorf("%v, not %q", c.Changes, want)
	}
}
