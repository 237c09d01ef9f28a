package seed

import "testing"

func TestForm(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Form
		at         Pointer
	}{
		{"jobpack.json", `[{"name": "a", "author_name": "b"}]`, JobPackA, ""},
		{"seed.manifest.json", `[{"name": "a"}]`, JobPackA, ""},
		{"jobpack.json", `[]`, "", ""},
		{"jobpack.json", `["a"]`, "", ""},
		{"seed.manifest.json", `[{"seedVersion": "1.0.0", "job": {}}]`, "", ""},
		{"jobpack.json", `{"manifestVersion": "0.0.1", "jobs": [{"interface": {"inputData": []}}]}`, JobPackB, "/manifestVersion"},
		{"seed.json", `{"manifestVersion": "0.0.1", "jobs": [{}, {"interface": {"outputData": [{}]}}]}`, JobPackB, "/manifestVersion"},
		{"jobpack.json", `{"manifestVersion": "0.0.1", "jobs": [{"interface": {"inputData": {}}}]}`, JobPackC, "/manifestVersion"},
		{"jobpack.json", `{"manifestVersion": "0.0.1", "jobs": [{}]}`, JobPackC, "/manifestVersion"},
		{JobPackLabel, `{"jobs": [{}]}`, JobPackC, "/jobs"},
		{"seed.json", `{"manifestVersion": "0.0.1", "jobs": [{}]}`, Seed001, "/manifestVersion"},
		{"seed.manifest.json", `{"manifestVersion": "0.0.1", "jobs": []}`, Seed001, "/manifestVersion"},
		{Label, `{"manifestVersion": "0.0.1", "jobs": [{}]}`, Seed001, "/manifestVersion"},
		{"old.json", `{"seedVersion": "0.0.3", "jobs": [{}]}`, Seed001, "/jobs"},
		{"seed.manifest.json", `{"manifestVersion": "0.0.3", "job": {}}`, Seed003, "/manifestVersion"},
		{"seed.manifest.json", `{"manifestVersion": "1.0.0", "job": {"algorithmVersion": "1.0.0"}}`, Seed003, "/manifestVersion"},
		{"seed.manifest.json", `{"manifestVersion": "1.0.0", "job": {"jobVersion": "1.0.0"}}`, "", "/manifestVersion"},
		{"jobpack.json", `{"manifest_version": "0.0.1", "job": {}}`, Seed003, "/manifest_version"},
		{"seed.manifest.json", `{"seedVersion": "0.0.3", "job": {}}`, Seed003, "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.0.4", "job": {}}`, Seed004, "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.0.45", "job": {}}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.0.5", "job": {}}`, Seed005, "/seedVersion"},
		{"jobpack.json", `{"seedVersion": "0.0.6", "job": {}}`, Seed006, "/seedVersion"},
		{"seed.manifest.json", `{"job": {}, "seedVersion": "0.1.0"}`, Seed010, "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "1.0.0", "job": {}}`, Seed100, "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "1.0.0-snapshot", "job": {}}`, SeedSnapshot, "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "1.0.1", "job": {}}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": 1, "job": {}}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.0.1", "job": {}}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.1.0"}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"seedVersion": "0.1.0", "job": []}`, "", "/seedVersion"},
		{"seed.manifest.json", `{"job": {}}`, "", ""},
		{"seed.manifest.json", `{"manifestVersion": "0.0.1", "jobs": {}}`, "", "/manifestVersion"},
		{"seed.manifest.json", `true`, "", ""},
		{"seed.manifest.json", ``, "", ""},
	} {
		src := ParseJSON([]byte(test.text))
		if got, at := src.Form(test.name), src.FormAt(); got != test.want || at != test.at {
			t.Errorf("%s %s: %q at %q, want %q at %q", test.name, test.text, got, at, test.want, test.at)
		}
	}
}

func TestFormNames(t *testing.T) {
	for f, want := range map[Form]string{JobPackB: "JobPack", Seed005: "Seed 0.0.5", SeedSnapshot: "Seed 1.0.0-snapshot", "": "no known form"} {
		if got := f.String(); got != want {
			t.Errorf("%q: %q, want %q", string(f), got, want)
		}
	}
	for _, f := range Forms {
		if want := f != Seed100 && f != SeedSnapshot; f.Old() != want {
			t.Errorf("%q: old is %v", string(f), f.Old())
		}
	}
	if Form("").Old() {
		t.Error("no form is no old one")
	}
	if !JobPackC.Before(Seed006) || Seed006.Before(Seed006) || Seed010.Before(Seed004) {
		t.Error("forms are not in the order of their publication")
	}
}
