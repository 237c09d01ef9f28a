package compare

import (
	"errors"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

const succeeding = `{"job": {"name": "j", "jobVersion": "1.0.0", "packageVersion": "1.10.0", "title": "T",
"maintainer": {"name": "N", "email": "n@example.com"}, "errors": [{"code": 3, "name": "a"}, {"code": 4, "name": "b"}]}}`

// What is said of a job and its predecessor besides their versions holds for one jobVersion.
func TestSuccession(t *testing.T) {
	other := strings.NewReplacer(`"T"`, `"U"`, `"N"`, `"M"`, "n@", "m@").Replace(succeeding)
	layers := Change{Class: Behaviour, Rise: Either, Files: &Files{Unknown: true}}
	for _, tt := range []struct {
		name, was string
		changes   []Change
		want      string
	}{
		{"same", succeeding, nil, ""},
		{"other layers", succeeding, []Change{layers},
			"/job/packageVersion: the files of the image are not those of r:1.9.0: if the job itself changed, jobVersion should be raised [job-changed]"},
		{"other layers of two platforms", succeeding, []Change{layers, layers},
			"/job/packageVersion: the files of the image are not those of r:1.9.0: if the job itself changed, jobVersion should be raised [job-changed]"},
		{"other layers, other jobVersion", strings.Replace(succeeding, "1.0.0", "0.9.0", 1), []Change{layers}, ""},
		{"other job", other, nil, `/job/name: r:1.9.0 is another job, "U" by "M": a job of its own should have a name of its own [job-identity]`},
		{"other job, other jobVersion", strings.Replace(other, "1.0.0", "0.9.0", 1), nil, ""},
		{"other title", strings.Replace(succeeding, `"T"`, `"U"`, 1), nil, ""},
		{"other codes", strings.Replace(succeeding, `"code": 4`, `"code": 5`, 1), nil,
			`/job/errors/1/code: error "b" has code 4, it had 5 in r:1.9.0: a reader who compares runs should find one code [error-code-moved]`},
		{"another name", strings.Replace(other, `"j"`, `"k"`, 1), nil, ""},
	} {
		c := Manifests(seed.Parse([]byte(tt.was)), seed.Parse([]byte(succeeding)))
		c.Add(tt.changes...)
		if got := listed(c.Succession("m.json", "r:1.9.0"), c.Repackaged("m.json", "r:1.9.0")); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	found := Unknown("m.json", seed.Parse([]byte(succeeding)), errors.New("no answer"))
	if got := listed(found); got != "/job/packageVersion: the image is not compared with those that were published before: no answer [predecessor-unknown]" {
		t.Error(got)
	}
}

func listed(reports ...*diag.Report) string {
	var all []string
	for _, r := range reports {
		for _, d := range r.Diagnostics {
			all = append(all, string(d.Pointer)+": "+d.Message+" ["+d.Rule.ID+"]")
		}
	}
	return strings.Join(all, "\n")
}
