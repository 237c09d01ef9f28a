package compare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func TestNext(t *testing.T) {
	for _, test := range []struct {
		version             string
		patch, minor, major string
	}{
		{"1.2.3", "1.2.4", "1.3.0", "2.0.0"}, {"0.2.3", "0.2.4", "0.2.4", "0.3.0"}, {"0.0.0", "0.0.1", "0.0.1", "0.1.0"},
		{"1.2.3+build.7", "1.2.4", "1.3.0", "2.0.0"}, {"2.0.0-rc.1", "2.0.0-rc.2", "2.0.0-rc.2", "2.0.0-rc.2"},
		{"2.0.0-alpha", "2.0.0-alpha.1", "2.0.0-alpha.1", "2.0.0-alpha.1"}, {"2.0.0-9", "2.0.0-10", "2.0.0-10", "2.0.0-10"},
		{"2.0.0-x-1", "2.0.0-x-1.1", "2.0.0-x-1.1", "2.0.0-x-1.1"},
		{"99999999999999999999.0.0", "99999999999999999999.0.1", "99999999999999999999.1.0", "100000000000000000000.0.0"},
		{"1.2", "1.2.1", "1.3.0", "2.0.0"}, {"v1.2.3", "1.2.4", "1.3.0", "2.0.0"}, {"01.2.03-rc.1", "1.2.3-rc.2", "1.2.3-rc.2", "1.2.3-rc.2"}, {" 7 ", "7.0.1", "7.1.0", "8.0.0"},
		{"", "", "", ""}, {"one", "", "", ""}, {"1.2.3.4", "", "", ""}, {"1.2.3-rc.01", "", "", ""}, {"-1.0.0", "", "", ""}, {"1.x", "", "", ""},
	} {
		if got := Next(test.version, Patch); got != test.patch {
			t.Errorf("patch of %q: %q", test.version, got)
		}
		if got := Next(test.version, Minor); got != test.minor {
			t.Errorf("minor of %q: %q", test.version, got)
		}
		if got := Next(test.version, Major); got != test.major {
			t.Errorf("major of %q: %q", test.version, got)
		}
		if next := Next(test.version, Patch); next != "" && Precedence(next, meant(test.version)) <= 0 {
			t.Errorf("%s is not later than %s", next, test.version)
		}
	}
}

// enoughTests change the example, 1.2.3 with package 4.5.6, and its versions.
var enoughTests = []struct {
	old, new Versions
	what     string // breaking, addition, patch (behaviour), either (behaviour), words, files or none
	enough   bool
	required Versions
	finding  string // rule, severity and place of the finding about versions; empty: none
	bump     Versions
}{
	{old: Versions{"1.2.3", "4.5.6"}, what: "none", enough: true},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"2.0.0", "1.0.0"}, what: "none", enough: true},
	{old: Versions{"1.2.3", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.7"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-too-small error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.9.0", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-too-small error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"2.0.0", "0.0.1"}, what: "breaking", enough: true, required: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"2.0.0-rc.1", "4.5.6"}, what: "breaking", enough: true, required: Versions{"2.0.0", ""}},
	{old: Versions{"0.2.3", "1.0.0"}, new: Versions{"0.3.0", "1.0.0"}, what: "breaking", enough: true, required: Versions{"0.3.0", ""}},
	{old: Versions{"0.2.3", "1.0.0"}, new: Versions{"0.2.4", "1.0.0"}, what: "breaking", required: Versions{"0.3.0", ""}, finding: "version-too-small error jobVersion", bump: Versions{"0.3.0", ""}},
	{old: Versions{"0.2.3", "1.0.0"}, new: Versions{"0.2.4", "1.0.0"}, what: "addition", enough: true, required: Versions{"0.2.4", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.4", "4.5.6"}, what: "addition", required: Versions{"1.3.0", ""}, finding: "version-too-small warning jobVersion", bump: Versions{"1.3.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, what: "addition", required: Versions{"1.3.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"1.3.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, what: "media", required: Versions{"2.0.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.3.0", "4.5.6"}, what: "media", required: Versions{"2.0.0", ""}, finding: "version-too-small warning jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.6.0"}, what: "patch", required: Versions{"1.2.4", ""}, finding: "version-too-small warning jobVersion", bump: Versions{"1.2.4", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.4-beta", "4.6.0"}, what: "patch", enough: true, required: Versions{"1.2.4", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, what: "either", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised error packageVersion", bump: Versions{"", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.7"}, what: "either", enough: true, required: Versions{"1.2.4", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.3.0", "1.0.0"}, what: "either", enough: true, required: Versions{"1.2.4", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised warning packageVersion", bump: Versions{"", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, what: "files", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised warning packageVersion", bump: Versions{"", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6-rc.1"}, what: "files", required: Versions{"1.2.4", "4.5.6-rc.2"}, finding: "version-not-raised warning packageVersion", bump: Versions{"", "4.5.6-rc.2"}},
	{old: Versions{"2.0.0-rc.1", "1.0.0"}, new: Versions{"2.0.0-rc.2", "1.0.0"}, what: "breaking", enough: true, required: Versions{"2.0.0-rc.2", ""}},
	{old: Versions{"2.0.0-rc.1", "1.0.0"}, new: Versions{"2.0.0", "1.0.0"}, what: "breaking", enough: true, required: Versions{"2.0.0-rc.2", ""}},
	{old: Versions{"2.0.0-rc.1", "1.0.0"}, new: Versions{"2.0.0-beta", "1.0.0"}, what: "breaking", required: Versions{"2.0.0-rc.2", ""}, finding: "version-lowered error jobVersion", bump: Versions{"2.0.0-rc.2", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.2", "4.5.6"}, what: "none", required: Versions{"1.2.3", ""}, finding: "version-lowered error jobVersion", bump: Versions{"1.2.3", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.5"}, what: "none", required: Versions{"", "4.5.6"}, finding: "version-lowered error packageVersion", bump: Versions{"", "4.5.6"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.5"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-lowered error packageVersion", bump: Versions{"", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.5"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-lowered error packageVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.2", "9.0.0"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-lowered error jobVersion", bump: Versions{"1.2.3", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.2", "4.5.6"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-lowered error jobVersion", bump: Versions{"1.2.3", "4.5.7"}},
	{old: Versions{"1.2.3+a", "4.5.6"}, new: Versions{"1.2.3+b", "4.5.6"}, what: "patch", required: Versions{"1.2.4", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"1.2.4", ""}},
	{old: Versions{"one", "4.5.6"}, new: Versions{"one", "4.5.6"}, what: "breaking", finding: "version-not-raised error jobVersion"},
	{old: Versions{"one", "4.5.6"}, new: Versions{"1.0.0", "4.5.6"}, what: "breaking", enough: true},

	// Texts that are not of the form of SemVer count as what they stand for. What stands for nothing has not risen.
	{old: Versions{"v1.2.3", "4.5.6"}, new: Versions{"1.2.4", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-too-small error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"v1.2.3", "4.5.6"}, new: Versions{"1.2.3", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"v2.0.0", "4.5.6"}, what: "breaking", enough: true, required: Versions{"2.0.0", ""}},
	{old: Versions{"v2.0.0", "4.5.6"}, new: Versions{"1.9.0", "4.5.6"}, what: "none", required: Versions{"2.0.0", ""}, finding: "version-lowered error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2", "4.5.6"}, new: Versions{"1.3", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-too-small error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"latest", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"", "4.5.6"}, what: "breaking", required: Versions{"2.0.0", ""}, finding: "version-not-raised error jobVersion", bump: Versions{"2.0.0", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"latest", "4.5.7"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised warning jobVersion", bump: Versions{"1.2.3", ""}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"latest", "4.5.6"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised warning jobVersion", bump: Versions{"1.2.3", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "new"}, what: "words", required: Versions{"1.2.4", "4.5.7"}, finding: "version-not-raised warning packageVersion", bump: Versions{"", "4.5.7"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"1.2.3", "v4.5.7"}, what: "words", enough: true, required: Versions{"1.2.4", "4.5.7"}},
	{old: Versions{"1.2.3", "v4.5.6"}, new: Versions{"1.2.3", "4.5.5"}, what: "none", required: Versions{"", "4.5.6"}, finding: "version-lowered error packageVersion", bump: Versions{"", "4.5.6"}},
	{old: Versions{"1.2.3", "4.5.6"}, new: Versions{"latest", "4.5.6"}, what: "none", enough: true},
}

var whatChanges = map[string][]edit{
	"none": nil, "breaking": {{theInput + "/0/name", `"X"`}}, "addition": {{theInput + "/0/required", "false"}},
	"patch": {{theOutput + "/0/pattern", `"*.tif"`}}, "either": {{"/job/timeout", "1"}}, "words": {{"/job/title", `"T"`}}, "files": nil,
	"media": {{theOutput + "/0/mediaType", `"image/jpeg"`}},
}

// What is enough, which finding there is otherwise, and what bump writes, which then is enough.
func TestEnough(t *testing.T) {
	for i, test := range enoughTests {
		t.Run(fmt.Sprintf("%d %s", i, test.what), func(t *testing.T) {
			if test.new == (Versions{}) {
				test.new = test.old
			}
			compare := func(new Versions) *Comparison {
				old := edited(t, versionEdits(test.old)...)
				c := Manifests(old, edited(t, append(versionEdits(new), whatChanges[test.what]...)...))
				if test.what == "files" {
					c.Add(Sources(&Files{Changed: []string{"run.sh"}}))
				}
				return c
			}
			c := compare(test.new)
			if c.Enough() != test.enough || c.Required() != test.required || c.Bump() != test.bump {
				t.Errorf("enough %t, required %v, bump %v", c.Enough(), c.Required(), c.Bump())
			}
			finding := ""
			for _, d := range c.Report("seed.manifest.json", `tag "4.5.6"`).Diagnostics {
				if d.Rule != interfaceBroken {
					finding = fmt.Sprint(d.Rule.ID, " ", d.Level(), " ", d.Pointer.Base())
				}
			}
			if finding != test.finding {
				t.Errorf("finding %q", finding)
			}
			if test.bump == (Versions{}) {
				return
			}
			bumped := test.new
			if test.bump.Job != "" {
				bumped.Job = test.bump.Job
			}
			if test.bump.Package != "" {
				bumped.Package = test.bump.Package
			}
			if c := compare(bumped); !c.Enough() || c.Bump() != (Versions{}) {
				t.Errorf("bumped to %v it is not enough", bumped)
			}
		})
	}
}

func versionEdits(v Versions) []edit {
	return []edit{{"/job/jobVersion", `"` + v.Job + `"`}, {"/job/packageVersion", `"` + v.Package + `"`}}
}

// The more a change asks for, the greater is the version that is enough, and a greater version is enough, too.
func TestRisesAreOrdered(t *testing.T) {
	versions := []string{"0.0.1", "0.3.0", "0.9.9", "1.0.0-rc.1", "1.0.0", "1.2.3", "1.2.4-a", "2.0.0", "10.0.0"}
	for _, old := range versions {
		for rise := Patch; rise <= Major; rise++ {
			least := Next(old, rise)
			if rise > Patch && Precedence(least, Next(old, rise-1)) < 0 {
				t.Errorf("%s: %v asks for less than what is less", old, rise)
			}
			if !reaches(old, least, rise) {
				t.Errorf("%s → %s is not enough for %v", old, least, rise)
			}
			for _, new := range versions {
				if Precedence(new, least) > 0 && !reaches(old, new, rise) {
					t.Errorf("%s → %s is not enough for %v", old, new, rise)
				}
				if Precedence(new, old) <= 0 && reaches(old, new, rise) {
					t.Errorf("%s → %s is enough for %v", old, new, rise)
				}
			}
		}
	}
}

// Comparing never panics, and nothing changed between a manifest and itself.
func FuzzManifests(f *testing.F) {
	f.Add([]byte(example), []byte(strings.Replace(example, "SCENE", "X", 2)))
	f.Add([]byte(`{"job": {"errors": [null]}}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, new := seed.Parse(a), seed.Parse(b)
		if c := Manifests(old, old); c.Class() != None || !c.Enough() {
			t.Fatalf("a manifest differs from itself: %+v", c.Changes)
		}
		there, back := Manifests(old, new), Manifests(new, old)
		if (len(there.Changes) == 0) != (len(back.Changes) == 0) {
			t.Fatalf("%d changes there, %d back", len(there.Changes), len(back.Changes))
		}
		there.Report("m", "x")
		there.Required()
		there.Bump()
	})
}
