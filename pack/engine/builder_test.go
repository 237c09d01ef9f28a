package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	types "github.com/moby/buildkit/api/types"
	solverpb "github.com/moby/buildkit/solver/pb"
)

// serveNode serves an engine that runs platforms, its own first. It returns the address.
func serveNode(t *testing.T, names ...string) string {
	t.Helper()
	record := &types.WorkerRecord{ID: "one"}
	for _, name := range names {
		os, rest, _ := strings.Cut(name, "/")
		arch, variant, _ := strings.Cut(rest, "/")
		record.Platforms = append(record.Platforms, &solverpb.Platform{OS: os, Architecture: arch, Variant: variant})
	}
	return serveOld(t, []*types.WorkerRecord{record})
}

// Each platform goes to the first node that runs it natively, and nodes that are not needed are not asked.
func TestAssign(t *testing.T) {
	t.Parallel()
	amd, arm := serveNode(t, "linux/amd64", "linux/386", "linux/arm64"), serveNode(t, "linux/arm64", "linux/arm/v7", "linux/amd64")
	both := amd + "\n" + arm
	const gone = "unix:///nowhere"
	for _, test := range []struct {
		name, builder string
		wanted        []string
		lenient       bool
		want          string // shares, as ADDRESS: PLATFORMS, or the first line of an error
	}{
		{"native ones", both, []string{"linux/arm64", "linux/amd64"}, false, "ARM: linux/arm64; AMD: linux/amd64"},
		{"order of the nodes", arm + "\n" + amd, []string{"linux/arm64", "linux/amd64"}, false, "ARM: linux/arm64; AMD: linux/amd64"},
		{"two for one node", both, []string{"linux/amd64", "linux/arm/v7", "linux/386"}, false, "AMD: linux/amd64 linux/386; ARM: linux/arm/v7"},
		{"emulated where nothing better is", amd + "\n" + gone, []string{"linux/amd64"}, false, "AMD: linux/amd64"},
		{"its own", both, nil, false, "AMD: "},
		{"its first", "linux/arm64,linux/amd64=" + amd + "\n" + arm, nil, false, "AMD: linux/arm64"},
		{"given", "linux/arm64=" + amd + "\nlinux/amd64=" + arm, []string{"linux/amd64", "linux/arm64"}, false, "ARM: linux/amd64; AMD: linux/arm64"},
		{"given what it does not report", "linux/s390x=" + amd + "\n" + arm, []string{"linux/s390x"}, false, "AMD: linux/s390x"},
		{"other spellings", "linux/aarch64=" + arm + "\n" + amd, []string{"linux/arm64/v8", "linux/x86_64"}, false, "ARM: linux/arm64/v8; AMD: linux/x86_64"},
		{"not needed", "linux/arm64=" + gone + "\n" + amd, []string{"linux/amd64"}, false, "AMD: linux/amd64"},
		{"needed", "linux/arm64=" + gone + "\n" + amd, []string{"linux/arm64"}, false, "node unix:///nowhere: reach the builder: dial unix /nowhere: connect: no such file or directory"},
		{"nobody's", both, []string{"linux/amd64", "linux/s390x"}, false, "no node builds for linux/s390x"},
		{"nobody's of one", "linux/arm64=" + arm, []string{"linux/amd64"}, false, "no node builds for linux/amd64"},
		{"one node takes all", amd, []string{"linux/s390x", "linux/arm64"}, false, "AMD: linux/s390x linux/arm64"},
		{"an image that is there", both, []string{"linux/s390x", "linux/arm64"}, true, "AMD: linux/s390x; ARM: linux/arm64"},
		{"twice", amd + "\n" + amd, nil, false, `builder "AMD" is named twice: name it once, with all of its platforms: PLATFORM,PLATFORM=AMD`},
		{"blank", " \n ", nil, false, `builder " \n " is blank: write an address, or the name of a buildx builder`},
		{"no address", "linux/amd64=", nil, false, `builder "linux/amd64=" names no builder: write linux/amd64=ADDRESS`},
	} {
		got := func() string {
			b, err := Connect(t.Context(), Options{Builder: test.builder})
			if err != nil {
				return err.Error()
			}
			defer b.Close()
			shares, err := b.Assign(t.Context(), test.wanted, test.lenient)
			if err != nil {
				return err.Error()
			}
			var all []string
			for _, s := range shares {
				name := s.Node()
				if name == "" {
					name = strings.TrimPrefix(s.From, "the builder at ")
				}
				all = append(all, name+": "+strings.Join(s.Platforms, " "))
			}
			return strings.Join(all, "; ")
		}()
		got, _, _ = strings.Cut(strings.NewReplacer(amd, "AMD", arm, "ARM").Replace(got), "\n")
		if got != test.want {
			t.Errorf("%s: %s, not %s", test.name, got, test.want)
		}
	}
}

// All nodes of a buildx builder are used. What buildx lists for one counts more than emulation, and less than a native node.
func TestAssignBuildx(t *testing.T) {
	t.Parallel()
	amd, arm := serveNode(t, "linux/amd64", "linux/arm64"), serveNode(t, "linux/arm64")
	builder := func(nodes ...string) Options {
		text := fmt.Sprintf(`{"Name":"farm","Driver":"remote","Nodes":[%s]}`, strings.Join(nodes, ","))
		return Options{Getenv: home(t, map[string]string{"buildx/instances/farm": text, "buildx/current": `{"Global":true,"Name":"farm"}`})}
	}
	node := func(name, address, platforms string) string {
		return fmt.Sprintf(`{"Name":%q,"Endpoint":%q,"Platforms":%s}`, name, address, platforms)
	}
	for _, test := range []struct {
		name string
		opt  Options
		want string
	}{
		{"native", builder(node("a", amd, "null"), node("b", arm, "null")), "a linux/amd64; b linux/arm64"},
		{"listed, and native elsewhere", builder(node("a", amd, `[{"os":"linux","architecture":"arm64"}]`), node("b", arm, "null")), "a linux/amd64; b linux/arm64"},
		{"listed, and emulated elsewhere", builder(node("a", amd, "null"), node("b", serveNode(t, "linux/riscv64"), `[{"os":"linux","architecture":"arm64"}]`)),
			"a linux/amd64; b linux/arm64"},
		{"one node", builder(node("a", amd, "null")), " linux/amd64,linux/arm64"},
	} {
		b, err := Connect(t.Context(), test.opt)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if several := strings.Contains(test.want, ";"); Several(test.opt) != several || b.Several() != several {
			t.Errorf("%s: several nodes: %v, %v", test.name, Several(test.opt), b.Several())
		}
		shares, err := b.Assign(t.Context(), []string{"linux/amd64", "linux/arm64"}, false)
		if err != nil {
			t.Error(err)
		}
		var all []string
		for _, s := range shares {
			all = append(all, s.Node()+" "+strings.Join(s.Platforms, ","))
		}
		if got := strings.Join(all, "; "); got != test.want {
			t.Errorf("%s: %s, not %s", test.name, got, test.want)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The diagnosis lists all nodes, also those that do not answer.
func TestDiagnoseNodes(t *testing.T) {
	t.Parallel()
	builder := "linux/amd64=unix:///nowhere\nlinux/arm64=unix:///elsewhere"
	d, err := Diagnose(t.Context(), Options{Builder: builder, CacheDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "node unix:///nowhere: ") || !strings.Contains(err.Error(), "node unix:///elsewhere: ") {
		t.Errorf("error is %v", err)
	}
	var names []string
	for _, n := range d.Nodes {
		names = append(names, n.Name)
		if !strings.HasPrefix(n.Error, "node "+n.Name+": reach the builder: ") {
			t.Errorf("node %s: %s", n.Name, n.Error)
		}
	}
	if want := []string{"unix:///nowhere", "unix:///elsewhere"}; !slices.Equal(names, want) || len(d.Ways) != 2 || d.Engine != nil {
		t.Errorf("nodes are %q, ways %+v, engine %+v", names, d.Ways, d.Engine)
	}
}
