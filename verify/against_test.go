package verify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func TestAgainst(t *testing.T) {
	t.Parallel()
	const file = `{"job": {"name": "j", "timeout": 10, "tags": ["a", "b"], "interface": {"inputs": {"files": [
{"name": "A", "required": true}, {"name": "B"}, {"name": "C"}]}}}}`
	for _, tt := range []struct{ name, label, want string }{
		{"same", file, ""},
		{"written otherwise", `{"job":{"interface":{"inputs":{"files":[{"required":true,"name":"A"},{"name":"B"},{"name":"C"}]}},"tags":["a","b"],"timeout":10.0,"name":"j"}}`, ""},
		{"value", strings.Replace(file, `"timeout": 10`, `"timeout": 20`, 1), `/job/timeout: error: the label has 20 here, the file has 10 [label-differs]`},
		{"type", strings.Replace(file, `10`, `"10"`, 1), `/job/timeout: error: the label has "10" here, the file has 10 [label-differs]`},
		{"lacks", strings.Replace(file, `"timeout": 10, `, ``, 1), `/job/timeout: error: the label lacks this member "timeout" [label-differs]`},
		{"further", strings.Replace(file, `"timeout"`, `"title": "T", "timeout"`, 1), `/job: error: the label has a further member here: "title": "T" [label-differs]`},
		{"list", strings.Replace(file, `"a", "b"`, `"a"`, 1), `/job/tags/1: error: the label lacks "b" [label-differs]`},
		{"longer list", strings.Replace(file, `"a", "b"`, `"a", "b", "c"`, 1), `/job/tags: error: the label has a further "c" here [label-differs]`},
		{"by name", strings.Replace(file, `{"name": "A", "required": true}`, `{"name": "Z"}, {"name": "A", "required": false}`, 1),
			`/job/interface/inputs/files: error: the label has a further "Z" here [label-differs]
/job/interface/inputs/files/0/required: error: the label has false here, the file has true [label-differs]`},
		{"one less", strings.Replace(file, `{"name": "B"}, `, ``, 1), `/job/interface/inputs/files/1: error: the label lacks "B" [label-differs]`},
		{"order", strings.Replace(file, `{"name": "B"}, {"name": "C"}`, `{"name": "C"}, {"name": "B"}`, 1),
			`/job/interface/inputs/files: error: the label has these in another order: ["A","C","B"] [label-differs]`},
		{"long", strings.Replace(file, `10`, `"`+strings.Repeat("<é", 40)+`"`, 1),
			`/job/timeout: error: the label has "` + strings.Repeat("<é", 19) + `<… here, the file has 10 [label-differs]`},
	} {
		if got := findings(Against(seed.Parse([]byte(tt.label)), seed.Parse([]byte(file)), "x").Diagnostics); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestAgainstIsBounded(t *testing.T) {
	t.Parallel()
	var other []string
	for i := range 1000 {
		other = append(other, fmt.Sprintf(`"m%d": 1`, i))
	}
	found := Against(seed.Parse([]byte("{"+strings.Join(other, ",")+"}")), seed.Parse([]byte("{}")), "x").Diagnostics
	if len(found) != maxDifferences+1 || !strings.Contains(findings(found), "the label has 950 more differences") {
		t.Errorf("%d differences", len(found))
	}
}
