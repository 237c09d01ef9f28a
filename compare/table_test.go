package compare

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

// tableTests have an example of each row. Back is the row that the way back is, with the same member.
var tableTests = []struct {
	at, change string // the row
	edits      []edit
	back       string
}{
	{"/seedVersion", "any", []edit{{"/seedVersion", `"1.0.0-snapshot"`}}, "any"},
	{"/job/title", "any; tags are a set", []edit{{"/job/title", `"Other"`}}, "any; tags are a set"},
	{"/job/description", "any; tags are a set", []edit{{"/job/description", `"Other."`}}, "any; tags are a set"},
	{"/job/tags", "any; tags are a set", []edit{{"/job/tags/+", `"c"`}}, "any; tags are a set"},
	{"/job/maintainer/name", "any", []edit{{"/job/maintainer/name", `"M"`}}, "any"},
	{"/job/maintainer/organization", "any", []edit{{"/job/maintainer/organization", ""}}, "any"},
	{"/job/maintainer/email", "any", []edit{{"/job/maintainer/email", `"f@example.com"`}}, "any"},
	{"/job/maintainer/url", "any", []edit{{"/job/maintainer/url", ""}}, "any"},
	{"/job/maintainer/phone", "any", []edit{{"/job/maintainer/phone", `"2"`}}, "any"},
	{"/job/timeout", "any", []edit{{"/job/timeout", "120"}}, "any"},

	{scalar, "cpus, mem, disk or sharedMem is added", []edit{{theScalar + "/+", `{"name": "disk", "value": 1}`}}, "removed"},
	{scalar, "any other is added, gpus too", []edit{{theScalar + "/+", `{"name": "licences", "value": 9}`}}, "removed"},
	{scalar, "removed", []edit{{theScalar + "/0", ""}}, "cpus, mem, disk or sharedMem is added"},
	{scalar, "removed", []edit{{theScalar + "/1", ""}}, "any other is added, gpus too"},
	{scalar, "renamed to one that is not cpus, mem, disk or sharedMem", []edit{{theScalar + "/1/name", `"cards"`}}, "renamed to one that is not cpus, mem, disk or sharedMem"},
	{scalar + "/value", "any", []edit{{theScalar + "/0/value", "65"}}, "any"},
	{scalar + "/inputMultiplier", "any", []edit{{theScalar + "/0/inputMultiplier", ""}}, "any"},

	{"/job/interface/command", "any but outer white space", []edit{{"/job/interface/command", `"run -v ${SCENE}"`}}, "any but outer white space"},
	{"/job/interface/command", "any but outer white space", []edit{{"/job/interface/command", `"\u00a0run ${SCENE}"`}}, "any but outer white space"}, // a shell splits words at none but spaces, tabs and line ends

	{inputFiles, "added and required", []edit{{theInput + "/+", `{"name": "MASK", "required": true}`}}, "removed or renamed"},
	{inputFiles, "added and required", []edit{{theInput + "/+", `{"name": "MASK"}`}}, "removed or renamed"},
	{inputFiles, "added and optional", []edit{{theInput + "/+", `{"name": "MASK", "required": false}`}}, "removed or renamed"},
	{inputFiles, "removed or renamed", []edit{{theInput + "/0/name", `"IMAGE"`}}, "removed or renamed"},
	{inputJSON, "added and required", []edit{{theJSONInput + "/+", `{"name": "MASK", "type": "string"}`}}, "removed or renamed"},
	{inputJSON, "added and optional", []edit{{theJSONInput + "/+", `{"name": "MASK", "type": "string", "required": false}`}}, "removed or renamed"},
	{inputJSON, "removed or renamed", []edit{{theJSONInput + "/0/name", `"DEPTH"`}}, "removed or renamed"},
	{inputFiles + "/required", "true → false", []edit{{theInput + "/0/required", "false"}}, "false → true"},
	{inputFiles + "/required", "false → true", nil, ""},
	{inputJSON + "/required", "true → false", []edit{{theJSONInput + "/0/required", "false"}}, "false → true"},
	{inputJSON + "/required", "false → true", nil, ""},
	{inputFiles + "/mediaTypes", "a type is gone, or absent (any) → some", []edit{{theInput + "/0/mediaTypes/0", ""}}, "types came, or some → absent"},
	{inputFiles + "/mediaTypes", "types came, or some → absent", []edit{{theInput + "/0/mediaTypes", ""}}, "a type is gone, or absent (any) → some"},
	{inputFiles + "/mediaTypes", "types came, or some → absent", []edit{{theInput + "/0/mediaTypes", `["image/tif", "image/png", "image/jpg"]`}}, "a type is gone, or absent (any) → some"},
	{inputFiles + "/mediaTypes", "a type is gone, or absent (any) → some", []edit{{theInput + "/0/mediaTypes", `["image/tiff", "text/csv"]`}}, "a type is gone, or absent (any) → some"},
	{inputFiles + "/mediaTypes", "a type is gone, or absent (any) → some", []edit{{theInput + "/0/mediaTypes", `[]`}}, "types came, or some → absent"},
	{inputFiles + "/mediaTypes", "only the spelling of a type that lint would fix", []edit{{theInput + "/0/mediaTypes", `["image/png", "image/tif"]`}}, "only the spelling of a type that lint would fix"},
	{inputFiles + "/mediaTypes", "only the spelling of a type that lint would fix", []edit{{theInput + "/0/mediaTypes", `["IMAGE/Tiff", " image/png "]`}}, "only the spelling of a type that lint would fix"},
	{inputFiles + "/mediaTypes", "a type is gone, or absent (any) → some", []edit{{theInput + "/0/mediaTypes", `["image/tiff;a=b", "image/png"]`}}, "a type is gone, or absent (any) → some"},
	{inputFiles + "/multiple", "false → true", []edit{{theInput + "/0/multiple", "true"}}, "true → false"},
	{inputFiles + "/multiple", "true → false", nil, ""},
	{inputFiles + "/partial", "any", []edit{{theInput + "/0/partial", "true"}}, "any"},
	{inputJSON + "/type", "any: executors want equal types", []edit{{theJSONInput + "/0/type", `"number"`}}, "any: executors want equal types"},

	{outputFiles, "added", []edit{{theOutput + "/+", `{"name": "LOG", "pattern": "*.log"}`}}, "removed or renamed"},
	{outputFiles, "removed or renamed", []edit{{theOutput + "/0/name", `"PICTURES"`}}, "removed or renamed"},
	{outputJSON, "added", []edit{{theJSONOutput + "/+", `{"name": "SUM", "type": "number", "required": false}`}}, "removed or renamed"},
	{outputJSON, "removed or renamed", []edit{{theJSONOutput + "/0/name", `"NUMBER"`}}, "removed or renamed"},
	{outputFiles + "/required", "true → false", []edit{{theOutput + "/0/required", "false"}}, "false → true"},
	{outputFiles + "/required", "false → true", nil, ""},
	{outputJSON + "/required", "true → false", []edit{{theJSONOutput + "/0/required", "false"}}, "false → true"},
	{outputJSON + "/required", "false → true", nil, ""},
	{outputFiles + "/multiple", "false → true", []edit{{theOutput + "/0/multiple", "true"}}, "true → false"},
	{outputFiles + "/multiple", "true → false", nil, ""},
	{outputFiles + "/mediaType", "any other", []edit{{theOutput + "/0/mediaType", ""}}, "absent → some"},
	{outputFiles + "/mediaType", "any other", []edit{{theOutput + "/0/mediaType", `"image/jpeg"`}}, "any other"},
	{outputFiles + "/mediaType", "absent → some", nil, ""},
	{outputFiles + "/mediaType", "only the spelling of a type that lint would fix", []edit{{theOutput + "/0/mediaType", `"application/png"`}}, "only the spelling of a type that lint would fix"},
	{outputFiles + "/mediaType", "only the spelling of a type that lint would fix", []edit{{theOutput + "/0/mediaType", `"Image/PNG"`}}, "only the spelling of a type that lint would fix"},
	{outputFiles + "/pattern", "any", []edit{{theOutput + "/0/pattern", `"*.tif"`}}, "any"},
	{outputJSON + "/key", "any; absent it is the name", []edit{{theJSONOutput + "/0/key", ""}}, "any; absent it is the name"},
	{outputJSON + "/type", "any", []edit{{theJSONOutput + "/0/type", `"string"`}}, "any"},

	{mounts, "added or renamed", []edit{{theMount + "/+", `{"name": "MORE", "path": "/more"}`}}, "removed"},
	{mounts, "added or renamed", []edit{{theMount + "/0/name", `"FILES"`}}, "added or renamed"},
	{mounts, "removed", []edit{{theMount, ""}}, "added or renamed"},
	{mounts + "/path", "any", []edit{{theMount + "/0/path", `"/srv"`}}, "any"},
	{mounts + "/mode", "ro → rw", []edit{{theMount + "/0/mode", `"rw"`}}, "rw → ro"},
	{mounts + "/mode", "rw → ro", nil, ""},

	{settings, "added or renamed", []edit{{theSetting + "/+", `{"name": "PORT"}`}}, "removed"},
	{settings, "added or renamed", []edit{{theSetting + "/0/name", `"SERVER"`}}, "added or renamed"},
	{settings, "removed", []edit{{theSetting + "/0", ""}}, "added or renamed"},
	{settings + "/secret", "any", []edit{{theSetting + "/0/secret", "true"}}, "any"},

	{jobErrors, "added", []edit{{"/job/errors/+", `{"code": 2, "name": "late"}`}}, "removed, or renamed with the same code"},
	{jobErrors, "removed, or renamed with the same code", []edit{{"/job/errors/0/name", `"no-scene"`}}, "removed, or renamed with the same code"},
	{jobErrors + "/code", "any", []edit{{"/job/errors/0/code", "3"}}, "any"},
	{jobErrors + "/category", "any", []edit{{"/job/errors/0/category", `"data"`}}, "any"},
	{jobErrors + "/title", "any", []edit{{"/job/errors/0/title", `"T"`}}, "any"},
	{jobErrors + "/description", "any", []edit{{"/job/errors/0/description", ""}}, "any"},
}

func findRow(t *testing.T, at, change string) Row {
	t.Helper()
	for _, row := range manifestRows {
		if slices.Contains(row.At, at) && row.Change == change {
			return row
		}
	}
	t.Fatalf("the table has no row %s: %s", at, change)
	return Row{}
}

// Every row of the table means, in both directions, what it says, for each of its members.
func TestTable(t *testing.T) {
	tested := map[string]bool{}
	check := func(row Row, at string, old, new *seed.Manifest) {
		t.Helper()
		tested[at+row.Change] = true
		c := Manifests(old, new)
		if len(c.Changes) != 1 || c.Changes[0].Class != row.Class || c.Changes[0].Rise != row.Rise {
			t.Errorf("%s: %s: %+v, want one change, %v, rise %d", at, row.Change, c.Changes, row.Class, row.Rise)
			return
		}
		found := c.Changes[0]
		if !new.Source.Has(found.Pointer) || !old.Source.Has(found.OldPointer) || found.Pointer == "" || found.Message == "" || strings.ContainsAny(found.Message, "\n") {
			t.Errorf("%s: %s: a change without a place or a text: %+v", at, row.Change, found)
		}
	}
	for _, test := range tableTests {
		row := findRow(t, test.at, test.change)
		if test.edits == nil {
			continue // it is the way back of another
		}
		old, new := edited(t), edited(t, test.edits...)
		check(row, test.at, old, new)
		check(findRow(t, test.at, test.back), test.at, new, old)
	}
	for _, row := range manifestRows {
		for _, at := range row.At {
			if !tested[at+row.Change] {
				t.Errorf("no test shows the row %s: %s", at, row.Change)
			}
		}
	}
}

// Every member that the schema knows has a row, or says which job a manifest is.
func TestMembers(t *testing.T) {
	text, err := schema.Text("1.0.0", "manifest")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	definitions, _ := doc["definitions"].(map[string]any)
	var known []string
	var walk func(at string, s map[string]any)
	walk = func(at string, s map[string]any) {
		if ref, ok := s["$ref"].(string); ok {
			s = definitions[ref[strings.LastIndexByte(ref, '/')+1:]].(map[string]any)
		}
		for name, inner := range object(s["properties"]) {
			walk(at+"/"+name, inner.(map[string]any))
		}
		items, isList := s["items"].(map[string]any)
		if isList && !sets[at] {
			walk(at+"/*", items)
		}
		if s["properties"] == nil && (!isList || sets[at]) || strings.HasSuffix(at, "/*") {
			known = append(known, at)
		}
	}
	walk("", doc)
	if len(known) < 40 {
		t.Fatalf("the schema has only %q", known)
	}
	for _, at := range known {
		if !named(at) && !slices.Contains(identity, at) && !strings.HasSuffix(at, "/*/name") {
			t.Errorf("no row of the table names %s", at)
		}
	}
	for _, m := range tableMembers {
		if !slices.Contains(known, m.at) {
			t.Errorf("the table names %s, which the schema does not know", m.at)
		}
	}
}
