package compare

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func platformWith(name string, edit func(*Platform)) Platform {
	p := Platform{Name: name, DiffIDs: []string{"a", "b"}, History: "h", Config: map[string]any{
		"Entrypoint": []any{"/run"}, "Cmd": []any{"x"}, "User": "nobody", "WorkingDir": "/", "Env": []any{"A=1", "B=2"},
		"ExposedPorts": map[string]any{"80/tcp": map[string]any{}},
		"Labels":       map[string]any{"team": "x", "org.opencontainers.image.revision": "1", seed.SourceLabel: "s", "com.ngageoint.seed.manifest": "{}"},
	}}
	if edit != nil {
		edit(&p)
	}
	return p
}

// What differs between images has the class of its row, and no files are asked for if diff IDs agree.
func TestImages(t *testing.T) {
	const amd64, arm64 = "linux/amd64", "linux/arm64"
	one := func(edit func(*Platform)) []Platform { return []Platform{platformWith(amd64, edit)} }
	set := func(member string, value any) func(*Platform) {
		return func(p *Platform) { p.Config[member] = value }
	}
	label := func(name string) func(*Platform) {
		return func(p *Platform) { object(p.Config["Labels"])[name] = "other" }
	}
	for _, test := range []struct {
		name     string
		old, new []Platform
		files    *Files
		want     []Row
	}{
		{"same", one(nil), one(nil), nil, nil},
		{"files", one(nil), one(func(p *Platform) { p.DiffIDs = []string{"a", "c"} }), &Files{Changed: []string{"/run"}}, []Row{rowFiles}},
		{"other layers, same files", one(nil), one(func(p *Platform) { p.DiffIDs = []string{"a", "c"} }), &Files{}, nil},
		{"entry point", one(nil), one(set("Entrypoint", []any{"/go"})), nil, []Row{rowConfig}},
		{"CMD", one(nil), one(set("Cmd", nil)), nil, []Row{rowConfig}},
		{"user", one(nil), one(set("User", "root")), nil, []Row{rowConfig}},
		{"working directory", one(nil), one(set("WorkingDir", "/srv")), nil, []Row{rowConfig}},
		{"no working directory", one(nil), one(set("WorkingDir", "")), nil, nil},
		{"environment", one(nil), one(set("Env", []any{"A=1", "B=3"})), nil, []Row{rowConfig}},
		{"order of the environment", one(nil), one(set("Env", []any{"B=2", "A=1"})), nil, nil},
		{"a mark of builders", one(nil), one(set("ArgsEscaped", true)), nil, nil},
		{"ports", one(nil), one(set("ExposedPorts", nil)), nil, []Row{rowLabels}},
		{"label", one(nil), one(label("team")), nil, []Row{rowLabels}},
		{"new label", one(nil), one(label("more")), nil, []Row{rowLabels}},
		{"history", one(nil), one(func(p *Platform) { p.History = "i" }), nil, []Row{rowLabels}},
		{"revision", one(nil), one(label("org.opencontainers.image.revision")), nil, nil},
		{"creation", one(nil), one(label("org.opencontainers.image.created")), nil, nil},
		{"source", one(nil), one(label("org.opencontainers.image.source")), nil, nil},
		{"source digest", one(nil), one(label(seed.SourceLabel)), nil, nil},
		{"digest of the files", one(nil), one(label(seed.FilesLabel)), nil, nil},
		{"base", one(nil), one(label("org.opencontainers.image.base.digest")), nil, nil},
		{"manifest", one(nil), one(label("com.ngageoint.seed.manifest")), nil, nil},
		{"a platform gone", append(one(nil), platformWith(arm64, nil)), one(nil), nil, []Row{rowLess}},
		{"a platform came", one(nil), append(one(nil), platformWith(arm64, nil)), nil, []Row{rowMore}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 { // there and back: all but platforms mean the same
				changes, err := Images(test.old, test.new, func(string) (*Files, error) {
					if test.files == nil {
						t.Error("files are asked for")
						return &Files{}, nil
					}
					return test.files, nil
				})
				var got, want []string
				for _, c := range changes {
					got = append(got, fmt.Sprint(c.Class, c.Rise))
				}
				for _, r := range test.want {
					want = append(want, fmt.Sprint(r.Class, r.Rise))
				}
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%+v %v", changes, err)
				}
				if len(test.old) != len(test.new) {
					return
				}
				test.old, test.new = test.new, test.old
			}
		})
	}
	boom := errors.New("boom")
	if _, err := Images(one(nil), one(func(p *Platform) { p.DiffIDs = nil }), func(string) (*Files, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
}

// Of many files that differ the first five of each list are named, and the others counted.
func TestManyFiles(t *testing.T) {
	files := &Files{Added: []string{"a"}, Changed: []string{"1", "2", "3", "4", "5", "9"}, Removed: []string{"x", "y"}, Unlisted: Unlisted{Changed: 100_000}}
	const want = `the files that the image is built from differ: changed: "1", "2", "3", "4", "5" and 100001 more; added: "a"; removed: "x", "y"`
	if got := Sources(files).Message; got != want || files.Count() != 100_009 {
		t.Errorf("%d files: %s", files.Count(), got)
	}
}
