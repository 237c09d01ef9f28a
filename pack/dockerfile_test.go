package pack

import (
	"context"
	"errors"
	"fmt"
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
	const text = `# syntax=docker/dockerfile:1
# check=foo=bar
FROM scratch AS builder
COPY --from=0 /a /b
# COPY --from=5 /a /b
COPY <<EOF /x
COPY --from=5 /a /b
EOF
COPY \
    # a comment

    --from=5 /a /b
COPY --from=${X} /a /b
RUN --mount=type=bind,from=UPPER:x:y,target=/x true
RUN --mount=type=bind,from=7,target=/x true
COPY --from=later /a /b
COPY --from=biulder /a /b
COPY --from=image /a /b
FROM scratch AS later
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	const lookup = ": failed to resolve source metadata for docker.io/library/x:latest: pull access denied"
	for message, want := range map[string]string{
		"invalid stage index 5": ":9: there is no stage 5 before this line: they count from 0",
		"variable expansion is not supported for --from, define a new stage": ":13: variable expansion is not supported for --from, define a new stage",
		"invalid stage index 77": "build: there is no stage 77 before this line: they count from 0", // of an ONBUILD of the base image
		`failed to parse stage name "UPPER:x:y": invalid reference format: repository name (library/UPPER) must be lowercase`: `:14: "UPPER:x:y" names no image and no stage: it must be in lower case`,
		"7" + lookup:     ":15: there is no stage 7 before this line: they count from 0",
		"later" + lookup: ":16: there is no stage later before this line: it begins on line 19",
		"biulder" + lookup + " (did you mean builder?)": ":17: there is no stage biulder: did you mean builder?",
		"image" + lookup: "build " + path + ":18: COPY --from=image /a /b: the registry does not show the image: image" + lookup +
			"\nis its name right? log in with docker login if it needs that",
		`failed to parse check options: invalid check option "foo"`: `:2: # check: invalid check option "foo"`,
		"lint violation found for rules: JSONArgsRecommended":       `:2: BuildKit's checks found JSONArgsRecommended, and "# check=error=true" or BUILDKIT_DOCKERFILE_CHECK makes that an error`,
	} {
		got := explain(context.Background(), errors.New("failed to solve: "+message), &buildLog{}, path).Error()
		if strings.HasPrefix(want, ":") {
			want = path + want
		}
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", message, got, want)
		}
	}
}

// A step that the engine shares with another build is placed in the Dockerfile of this one.
func TestExplainShared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(path, []byte("FROM a AS b\nONBUILD RUN x \\\n y\nRUN <<EOF\nexit 3\nEOF\nFROM b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for step, line := range map[string]int{"[2/2] RUN x  y": 2, "[stage-1 2/2] RUN <<EOF (exit 3)": 4, "[2/2] RUN z": 0} {
		cause := errdefs.WithSource(errors.New("process \"x\" did not complete successfully: exit code: 3"), &errdefs.Source{
			Info:   &pb.SourceInfo{Filename: "Dockerfile", Data: []byte("FROM other\nRUN x y\n")},
			Ranges: []*pb.Range{{Start: &pb.Position{Line: 2}, End: &pb.Position{Line: 2}}},
		})
		err := explain(context.Background(), cause, &buildLog{names: map[string]string{"d": step}, failed: "d"}, path)
		var failed *StepError
		if errors.As(err, &failed) != (line > 0) || line > 0 && (failed.Line != line || failed.File != path) {
			t.Errorf("%s: %v", step, err)
		}
	}
}

// Messages about mistakes are in words that are about the Dockerfile.
func TestMistakeWords(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"failed to process \"${B\": unsupported modifier (\x00) in substitution":                                `"${B" has no closing brace`,
		`failed to process "a\"${B": syntax error: missing '}'`:                                                 `"a\"${B" has no closing brace`,
		`failed to process "${B!c}": unsupported modifier (!) in substitution`:                                  `"${B!c}": there is no "!" behind a variable, write one of :- :+ :? # ## % %% / //`,
		`failed to process "\"x": unexpected end of statement while looking for matching double-quote`:          `"\"x" has no closing quote`,
		`failed to process "${B:?give it}": B: give it`:                                                         `"${B:?give it}": B: give it`,
		`failed to parse stage name "busybox:": invalid reference format`:                                       `"busybox:" has an empty tag: the argument in it has no value here`,
		`failed to parse stage name "a::b": invalid reference format`:                                           `"a::b" names no image and no stage`,
		`base name ($BASE) should not be blank`:                                                                 "$BASE is empty here: give the argument a value before the first FROM, or with --build-arg",
		`failed to parse platform potato: "potato": unknown operating system or architecture: invalid argument`: `platform "potato" should be os/arch[/variant], as in linux/arm64`,
		`empty platform value from expression $P (did you mean Q?)`:                                             "platform $P is empty here (did you mean Q?)",
		`strconv.ParseInt: parsing "x": invalid syntax`:                                                         `"x" must be a whole number`,
		`invalid containerPort: foo`:                                                                            `invalid containerPort: foo`,
	} {
		if got := mistakeWords(message); got != want {
			t.Errorf("%s:\n%s, want\n%s", message, got, want)
		}
	}
}

// The scanner finds the lines of instructions among comments, continuation lines and heredocs.
func TestInstructionsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\ufeffFROM a\nRUN b": "1-1 FROM a|2-2 RUN b",
		"# escape=`\r\nFROM a\r\nRUN b `\r\n# no\r\n\r\n c \\\r\nUSER d": "2-2 FROM a|3-6 RUN b  c \\|7-7 USER d",
		"FROM a\n# escape=`\nRUN b \\\n c\nUSER d":                       "1-1 FROM a|3-4 RUN b  c|5-5 USER d",
		"RUN <<A <<-\"B\"\nFROM x\nA\n\tUSER y\n\tB\nCMD z":              "1-5 RUN <<A <<-\"B\"|6-6 CMD z",
		"RUN a <<EOF\nnever closed":                                      "1-2 RUN a <<EOF",
		"RUN a \\":                                                       "1-1 RUN a",
		"RUN a \\\n\n# x":                                                "1-3 RUN a",
		"":                                                               "",
	} {
		var all []string
		for _, one := range instructionsOf(strings.Split(text, "\n")) {
			all = append(all, fmt.Sprintf("%d-%d %s", one.first, one.last, one.text))
		}
		if got := strings.Join(all, "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
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
