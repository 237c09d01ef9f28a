package pack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
)

// A link in the place of a file that says what goes into an image is followed inside of its directory, and refused elsewhere.
func TestCheckFilesLinks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Dockerfile", ".dockerignore", "Dockerfile.dockerignore", "other/.dockerignore"} {
		const outside, gone, loop = "which is outside of the directory", "which is not there", "which cannot be followed"
		const elsewhere = "it knows only relative links"
		for target, why := range map[string]string{"real": "", "sub/../real": "", "chain": "", "../outside": outside, "nowhere": gone, "/etc/passwd": outside,
			"link": outside, "circle": loop, "real/x": loop, "ABSOLUTE": elsewhere, "OUT/AND/IN": elsewhere} {
			ok := why == ""
			top := t.TempDir()
			job := filepath.Join(top, "job")
			dir, base := filepath.Split(filepath.Join(job, name))
			for _, d := range []string{job, filepath.Join(job, "other"), filepath.Join(dir, "sub")} {
				if err := os.MkdirAll(d, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{filepath.Join(job, "Dockerfile"), filepath.Join(dir, "real"), filepath.Join(dir, "../outside"), filepath.Join(top, "outside")} {
				if err := os.WriteFile(file, []byte("FROM scratch\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			link(t, "../outside", filepath.Join(dir, "link"))
			link(t, "sub/../real", filepath.Join(dir, "chain"))
			link(t, "circle", filepath.Join(dir, "circle"))
			switch target {
			case "ABSOLUTE":
				target = filepath.Join(dir, "real")
			case "OUT/AND/IN":
				target = "../" + filepath.Base(dir) + "/real"
			}
			os.Remove(filepath.Join(dir, base))
			link(t, target, filepath.Join(dir, base))
			d := &dockerfile{request: &Request{Context: job, Dockerfile: filepath.Join(job, "Dockerfile"),
				BuildContexts: map[string]string{"other": filepath.Join(job, "other")}}}
			err := d.checkFiles()
			var refused *SyntaxError
			if ok != (err == nil) || !ok && (!errors.As(err, &refused) || refused.Line != 1 || !strings.Contains(refused.Message, base+" is a link to ") || !strings.Contains(refused.Message, why)) {
				t.Errorf("%s, a link to %s: %v", name, target, err)
			}
		}
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// What the engine finds after parsing, before any step runs, is a mistake at its line of the Dockerfile.
func TestExplainMistake(t *testing.T) {
	t.Parallel()
	cause := errdefs.WithSource(errors.New("failed to solve: rpc error: code = Unknown desc = invalid\nport: \xfffoo"), &errdefs.Source{
		Info:   &pb.SourceInfo{Filename: "Dockerfile", Data: []byte("FROM scratch\nEXPOSE foo\n")},
		Ranges: []*pb.Range{{Start: &pb.Position{Line: 2}, End: &pb.Position{Line: 2}}},
	})
	err := explain(context.Background(), cause, &buildLog{}, "job/Dockerfile")
	var mistake *SyntaxError
	if !errors.As(err, &mistake) || *mistake != (SyntaxError{"job/Dockerfile", 2, "invalid port: ?foo"}) {
		t.Errorf("%#v", err)
	}
}

// The engine says of a wrong --from not where it is.
func TestExplainFrom(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(path, []byte("FROM scratch\nCOPY --from=0 /a /b\nCOPY --from=5 /a /b\nCOPY --from=${X} /a /b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for message, line := range map[string]int{"invalid stage index 5": 3, "variable expansion is not supported for --from, define": 4, "invalid stage index 7": 0} {
		err := explain(context.Background(), errors.New(message), &buildLog{}, path)
		var mistake *SyntaxError
		if errors.As(err, &mistake) != (line > 0) || line > 0 && (mistake.Line != line || mistake.File != path) {
			t.Errorf("%s: %v", message, err)
		}
	}
}

// A message says nothing of how the engine works.
func TestLastCause(t *testing.T) {
	t.Parallel()
	err := errors.New(`failed to solve: failed to compute cache key: failed to calculate checksum of ref ab12::cd34: "/nofile": not found`)
	if got := lastCause(err); got != `"/nofile": not found` {
		t.Errorf("%q", got)
	}
}
