package cases

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

const takes = `{"job": {"interface": {
"inputs": {"files": [{"name": "ONE"}, {"name": "MANY", "multiple": true, "required": false}],
	"json": [{"name": "text", "type": "string", "required": false}, {"name": "n", "type": "integer", "required": false}, {"name": "list", "type": "array", "required": false}]},
"mounts": [{"name": "M", "path": "/m"}], "settings": [{"name": "S"}]}}}`

func TestGiven(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.txt", "d/a.txt", "d/b c", "d/sub/x"} {
		write(t, name, []byte("content"))
	}
	m := seed.Parse([]byte(takes))
	give := func(change func(*Given)) *Given {
		g := &Given{Inputs: map[string][]string{"ONE": {"a.txt"}}, JSON: map[string]string{}, Settings: map[string]string{"S": ""}, Mounts: map[string]string{"M": "d"}}
		change(g)
		return g
	}
	tests := []struct {
		change func(*Given)
		want   string
	}{
		{func(g *Given) {}, ""},
		{func(g *Given) { g.JSON = map[string]string{"text": `plain "text"`, "n": "3.0", "list": "[1]"} }, ""},
		{func(g *Given) { g.Inputs["MANY"] = []string{"d", "d/s*/x"} }, ""},
		{func(g *Given) { g.Inputs["MANY"] = []string{"d", "a.txt"} }, `input "MANY": d/a.txt and a.txt have one name, and would lie in one directory`},
		{func(g *Given) { g.Inputs["MANY"] = []string{"none*"} }, `input "MANY": none* gives no files`},
		{func(g *Given) { g.Inputs["ONE"] = []string{"d"} }, `input "ONE": d is a directory, it takes one file`},
		{func(g *Given) { g.Inputs["ONE"] = []string{"a.txt", "d/b c"} }, `input "ONE" takes one file, 2 are given: it is not multiple`},
		{func(g *Given) { g.Inputs["ONE"] = []string{"none"} }, `input "ONE": stat none: no such file or directory`},
		{func(g *Given) { g.Inputs["on"] = []string{"x"} }, `the manifest has no input "on", it has "ONE", "MANY"`},
		{func(g *Given) { g.JSON["n"] = "1.5" }, `JSON input "n" is 1.5, it should be of type integer`},
		{func(g *Given) { g.JSON["list"] = "[" }, `JSON input "list" is not JSON: "["`},
		{func(g *Given) { g.Mounts["M"] = "a.txt" }, `mount "M": a.txt is no directory`},
		{func(g *Given) { clear(g.Settings); clear(g.Mounts) }, "setting \"S\" is missing: give it with -e S=VALUE\nmount \"M\" is missing: give it with -m M=DIR"},
	}
	for i, tt := range tests {
		g := give(tt.change)
		c, err := g.Case(m)
		got := ""
		if err != nil {
			got = strings.ReplaceAll(err.Error(), mustGetwd(t)+"/", "")
		}
		if got != tt.want {
			t.Errorf("%d: %s\nwant %s", i, got, tt.want)
		}
		if err == nil && (len(c.MadeUp) > 0 || len(c.Inputs["ONE"]) != 1) {
			t.Errorf("%d: %+v", i, c)
		}
	}
	c, err := give(tests[1].change).Case(m)
	if err != nil || string(c.JSON["text"]) != `"plain \"text\""` || !slices.Equal(slices.Sorted(maps.Keys(c.JSON)), []string{"list", "n", "text"}) {
		t.Errorf("%s, %v", c.JSON, err)
	}
	c, err = give(tests[2].change).Case(m)
	if err != nil || len(c.Inputs["MANY"]) != 3 || c.Inputs["MANY"][1].Name != "b_c" || !filepath.IsAbs(c.Mounts["M"].Host) {
		t.Errorf("%+v, %v", c, err)
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
