package pack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

const awkward = `{"seedVersion": "1.0.0", "job": {"description": "says \"hello\" to C:\\temp\\ for $5 ${HOME}\n\/ naïve 😀 \u0007", "timeout": 10}}`

func TestEncodeLabel(t *testing.T) {
	t.Parallel()
	label, err := EncodeLabel([]byte(awkward))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seedVersion":"1.0.0","job":{"description":"says \u0022hello\u0022 to C:\u005ctemp\u005c for $5 ${HOME}\n/ naïve 😀 \u0007","timeout":10}}`
	if label != want {
		t.Errorf("label is\n%s\nnot\n%s", label, want)
	}
	for _, bad := range []string{"", "[]", `"x"`, `{"a":`, "{\"a\":\"\xff\"}"} {
		if _, err := EncodeLabel([]byte(bad)); err == nil {
			t.Errorf("%q became a label", bad)
		}
	}
}

// blindly reads a label as Silo and the older CLI's publish do.
func blindly(s string) string {
	for range 2 {
		s = strings.ReplaceAll(s, `\"`, `"`)
	}
	s = strings.NewReplacer(`\$`, `$`, `\/`, `/`).Replace(s)
	return strings.Trim(s, ` '"`)
}

func FuzzLabel(f *testing.F) {
	f.Add([]byte(awkward))
	f.Add([]byte(`{"a":"\\\"","\\":["\u005c\u0022"]}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		label, err := EncodeLabel(manifest)
		if err != nil {
			return
		}
		for name, read := range map[string]string{"strict": label, "blind": blindly(label)} {
			if !sameJSON(t, manifest, []byte(read)) {
				t.Errorf("a %s reader gets %q from %q of %q", name, read, label, manifest)
			}
		}
		text, notes, err := DecodeLabel(label)
		if err != nil || len(notes) > 0 || string(text) != label {
			t.Errorf("DecodeLabel(%q) = %q, %q, %v", label, text, notes, err)
		}
	})
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var va, vb any
	da, db := json.NewDecoder(bytes.NewReader(a)), json.NewDecoder(bytes.NewReader(b))
	da.UseNumber()
	db.UseNumber()
	if err := da.Decode(&va); err != nil {
		t.Fatal(err)
	}
	return db.Decode(&vb) == nil && reflect.DeepEqual(va, vb)
}

func TestDecodeLabel(t *testing.T) {
	t.Parallel()
	plain := `{"a":"b","c":"${D/#/-d }"}`
	asString, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(asString))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		value string
		notes int
	}{
		"plain":              {plain, 0},
		"blanks":             {"  " + plain + "\n", 0},
		"indented":           {"{\n  \"a\": \"b\",\n  \"c\": \"${D/#/-d }\"\n}", 0},
		"JSON string":        {string(asString), 1},
		"JSON string twice":  {string(twice), 2},
		"single quotes":      {"'" + plain + "'", 1},
		"double quotes":      {`"` + plain + `"`, 1},
		"escaped":            {strings.ReplaceAll(plain, `"`, `\"`), 1},
		"dollar escaped":     {strings.ReplaceAll(plain, `$`, `\$`), 1},
		"older CLI's":        {strings.NewReplacer(`$`, `\$`, `/`, `\/`).Replace(string(asString)), 2},
		"quoted and escaped": {`"` + strings.ReplaceAll(strings.ReplaceAll(plain, `"`, `\"`), `$`, `\$`) + `"`, 2},
	} {
		text, notes, err := DecodeLabel(c.value)
		if err != nil || !sameJSON(t, []byte(plain), text) {
			t.Errorf("%s: %q, %v", name, text, err)
		} else if len(notes) != c.notes {
			t.Errorf("%s: notes are %q, %d expected", name, notes, c.notes)
		}
	}
	for value, want := range map[string]string{
		"":                "the label is empty",
		"  ":              "the label is empty",
		"SEED_MANIFEST":   "the label is not JSON: invalid character 'S' looking for beginning of value (at byte 1)",
		"[1]":             "the label holds a JSON array, not a JSON object",
		"null":            "the label holds null, not a JSON object",
		"1.5":             "the label holds a number, not a JSON object",
		`{"job":{ ... }}`: "the label is not JSON: invalid character '.' looking for beginning of object key string (at byte 10)",
	} {
		if _, _, err := DecodeLabel(value); err == nil || err.Error() != want {
			t.Errorf("%q: %v, not %q", value, err, want)
		}
	}
}

// A vector is a label that was found, or one that a writer makes.
type vector struct{ ID, Encoding, Content, Label, Stored string }

func vectors(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/labels/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("%s has %d vectors", file, len(all))
	}
	return all
}

// Each writer's label for one content decodes to that content.
func TestLabelEncodings(t *testing.T) {
	t.Parallel()
	contents := map[string]string{}
	all := vectors(t, "encodings.json")
	for _, v := range all {
		if strings.HasPrefix(v.Encoding, "E1 ") { // plain JSON
			contents[v.Content] = v.Label
		}
	}
	blind := map[string]string{}
	for _, v := range all {
		text, _, err := DecodeLabel(v.Label)
		if err != nil || !sameJSON(t, []byte(contents[v.Content]), text) {
			t.Errorf("%s, %s: %s, %v", v.Encoding, v.Content, text, err)
		}
		if json.Valid([]byte(v.Label)) && !strings.HasPrefix(v.Label, `"`) && !ReadsBlindly(v.Label) {
			blind[v.Encoding[:2]] += v.Content + ";"
		}
	}
	if want := map[string]string{"E1": "double quote;"}; !reflect.DeepEqual(blind, want) {
		t.Errorf("read wrongly by blind readers: %q, not %q", blind, want)
	}
}

// Labels of real Dockerfiles decode to what their builder stored. If not, the test says why.
func TestLabelsFound(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{}
	for _, v := range vectors(t, "index.json") {
		text, notes, err := DecodeLabel(v.Stored)
		switch {
		case err != nil:
			reasons[v.ID] = err.Error()
		case len(notes) > 0 || !sameJSON(t, []byte(v.Stored), text):
			t.Errorf("%s: %s, %q", v.ID, text, notes)
		}
	}
	placeholder := "the label is not JSON: invalid character 'S' looking for beginning of value (at byte 1)"
	elided := "the label is not JSON: invalid character '.' looking for beginning of object key string (at byte %d)"
	want := map[string]string{
		"001": placeholder, "004": placeholder, "010": placeholder, "046": placeholder,
		"013": fmt.Sprintf(elided, 32), "049": fmt.Sprintf(elided, 32), "073": fmt.Sprintf(elided, 2),
		"070": "the label is not JSON: invalid character '}' looking for beginning of object key string (at byte 271)",
		"077": "the label is empty",
	}
	if !reflect.DeepEqual(reasons, want) {
		t.Errorf("reasons are %q\nnot %q", reasons, want)
	}
}
