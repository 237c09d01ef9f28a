package pack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/pack/engine"
)

// privateEngine starts a private engine. It uses the user's own cache, so that buildkitd is built only once.
func privateEngine(t *testing.T) *engine.Builder {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Connect(t.Context(), engine.Options{Builder: "private", CacheDir: filepath.Join(cache, "seedpack"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func dir(t *testing.T, files map[string]string) string {
	t.Helper()
	d := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(d, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func request(t *testing.T, dockerfile string, files map[string]string) Request {
	t.Helper()
	d := dir(t, files)
	path := filepath.Join(d, "Dockerfile")
	if err := os.WriteFile(path, []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	return Request{Context: d, Dockerfile: path, Label: `{"a":"b"}`,
		BuildContexts: map[string]string{"busybox:1.36": "oci-layout://" + needs.Variable(t, "SEEDPACK_TEST_BASE")}}
}

// One run shows inputs, environment, secrets, user, mounts and timeout. The gate decides the export.
func TestBuildRuns(t *testing.T) {
	t.Parallel()
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	e := privateEngine(t)
	r := request(t, "FROM busybox:1.36\nENV OWN=image GONE=image\nUSER 1000\nENTRYPOINT [\"/bin/sh\", \"-c\"]\n", nil)
	r.Inputs = Tree{"case/in/a b.txt": {Content: []byte("hello")}}
	r.Outputs = []Output{{Type: "oci", Dest: filepath.Join(t.TempDir(), "image.tar"), Name: "x-1.0.0-seed:1.0.0"}}
	script := `echo "$OWN ${GONE-unset} $NEW $TOKEN ${#TOKEN} $(id -u)"; cat "/in/a b.txt"; touch /in/x 2>/dev/null && echo writable
echo out >$OUTPUT_DIR/o.txt; chmod 600 $OUTPUT_DIR/o.txt; echo '{"n":1}' >$OUTPUT_DIR/seed.outputs.json; exit 7`
	process := Process{
		Name: "case", Args: []string{"/bin/sh", "-c", script}, Env: []string{"NEW=run", "OUTPUT_DIR=/out"}, Unset: []string{"GONE"},
		Secrets: map[string]string{"TOKEN": "s3cret"}, Mounts: []RunMount{{Path: "/in", From: "case/in"}}, OutputDir: "/out",
		Timeout: time.Minute, Grace: time.Second, Collect: []string{"*.json"},
	}
	var outcome, slow, large *Outcome
	result, err := Build(t.Context(), e, r, func(ctx context.Context, all []*Candidate) error {
		if len(all) != 1 || !all[0].Native() || all[0].Config.User != "1000" {
			t.Errorf("candidates are %+v", all)
		}
		var err, errSlow, errLarge error
		outcome, err = all[0].Run(ctx, process)
		sleeper := process
		sleeper.Args, sleeper.Timeout, sleeper.Grace = []string{"/bin/sh", "-c", "trap '' TERM; sleep 60"}, 300*time.Millisecond, 200*time.Millisecond
		slow, errSlow = all[0].Run(ctx, sleeper)
		told := process
		told.Env = slices.Concat(process.Env, []string{"A=" + strings.Repeat("a", 100_000), "B=" + strings.Repeat("b", 100_000)})
		told.Args = []string{"/bin/sh", "-c", "echo ${#A} ${#B}"}
		large, errLarge = all[0].Run(ctx, told)
		return errors.Join(err, errSlow, errLarge)
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "image unset run *** 6 1000\nhello"; string(outcome.Stdout.Head) != want {
		t.Errorf("stdout is %q, not %q; stderr %q", outcome.Stdout.Head, want, outcome.Stderr.Head)
	}
	if outcome.Exit != 7 || !outcome.Started {
		t.Errorf("outcome is %+v", outcome)
	}
	var files []string
	for _, f := range outcome.Files {
		files = append(files, f.Name+" "+f.Mode.Perm().String())
		if f.Name == "o.txt" && f.ReadableByOther {
			t.Error("a file of mode 0600 is readable by others")
		}
		if f.Name == "seed.outputs.json" && string(f.Content) != "{\"n\":1}\n" {
			t.Errorf("content is %q", f.Content)
		}
	}
	if want := []string{"o.txt -rw-------", "seed.outputs.json -rw-r--r--"}; !slices.Equal(files, want) {
		t.Errorf("files are %q, not %q", files, want)
	}
	if want := "100000 100000\n"; string(large.Stdout.Head) != want {
		t.Errorf("a run with large variables says %q", large.Stdout.Head)
	}
	if !slow.TimedOut || slow.Usage.Wall > 30*time.Second {
		t.Errorf("the sleeper's outcome is %+v", slow)
	}
	if len(result.Outputs) != 1 {
		t.Fatalf("result is %+v", result)
	}
	if err := result.Outputs[0].Keep(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBuildGateRefuses(t *testing.T) {
	t.Parallel()
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	e := privateEngine(t)
	refused := errors.New("refused")
	d := t.TempDir()
	r := request(t, "FROM busybox:1.36\nCMD [\"true\"]\n", nil)
	r.Outputs = []Output{{Type: "oci", Dest: filepath.Join(d, "image.tar")}}
	if _, err := Build(t.Context(), e, r, func(context.Context, []*Candidate) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("error is %v", err)
	}
	if left, err := os.ReadDir(d); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBuildErrors(t *testing.T) {
	t.Parallel()
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	e := privateEngine(t)
	var step *StepError
	_, err := Build(t.Context(), e, request(t, "FROM busybox:1.36\n\nRUN echo because; false\n", nil), nil)
	if !errors.As(err, &step) || step.Line != 3 || !slices.Equal(step.Tail, []string{"because"}) {
		t.Errorf("a failing step gives %T %v", err, err)
	} else if want := "Dockerfile:3: RUN echo because; false: "; !strings.Contains(err.Error(), want) {
		t.Errorf("error is %q, not …%q…", err, want)
	} else if want := (SourceLine{Number: 3, Text: "RUN echo because; false", Failed: true}); !slices.Contains(step.Lines, want) || len(step.Lines) != 3 {
		t.Errorf("lines are %+v", step.Lines)
	}
	var syntax *SyntaxError
	if _, err := Build(t.Context(), e, request(t, "FROM busybox:1.36\nRAN x\n", nil), nil); !errors.As(err, &syntax) || syntax.Line != 2 {
		t.Errorf("a syntax error gives %T %v", err, err)
	}
}
