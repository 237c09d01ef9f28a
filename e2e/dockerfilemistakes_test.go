//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// dockerfileMistakes are lines of a Dockerfile that BuildKit refuses, most of them after parsing. They follow a FROM, and so stand on
// line 2, if they do not begin with one. Each >>> is where the finding must be, if it is another line.
var dockerfileMistakes = []string{
	"COPY --from=${NOPE} /a /b", "COPY --from=5 /a /b", "COPY --from=a::b /a /b", "COPY --from=later /a /b", "COPY nope /x", "COPY --chmod=75z file /x",
	"# COPY --from=4 /a /b\n>>>COPY --from=4 /a /b", "COPY <<EOF /x\nCOPY --from=4 /a /b\nEOF\n>>>COPY --from=4 /a /b", "COPY \\\n  --from=4 /a /b",
	"EXPOSE foo", "EXPOSE 80/foo", "EXPOSE 99999", "STOPSIGNAL NOPE", "HEALTHCHECK --interval=5 CMD true", "HEALTHCHECK --retries=x CMD true", "HEALTHCHECK FOO",
	"ENV A=${B", "ENV A=\"x", "ENV A=${B:?needed}", "ENV A=1 \\\n  B=${C", "LABEL a=${B!c}", "WORKDIR ${X:?give}", "USER ${X:?give}", "VOLUME [\"\"]", "SHELL /bin/sh -c",
	"RUN --mount=type=foo true", "RUN --mount=type=cache true", "RUN --mount=type=bind,from=UPPER:x:y,target=/x true", "RUN --mount=type=bind,from=7,target=/x true",
	"RUN --mount=type=cache,target=/x,mode=zz true", "RUN --mount=type=bind,source=nope,target=/x true", "RUN --mount=type=secret true", "RUN --network=foo true",
	"RUN exit 3", "RUN true \\\n  # why\n  && exit 5", "RUN <<EOF\nexit 3\nEOF", "RUN <<EOF\ntrue", "ADD --checksum=sha256:12 http://127.0.0.1:1/x /x",
	"ONBUILD RUN exit 3\nFROM first\n", "FROM --platform=potato busybox:1.36", "FROM BusyBox:1.36", "FROM busybox:$NOPE", "FROM $NOPE", "FROM ${A",
	"FROM later AS x\nRUN true\nFROM scratch AS later\nFROM x", "# escape=x\nFROM busybox:1.36", "# check=foo=bar\nFROM busybox:1.36", "# check=error=true\nFROM busybox:1.36\nENV a b",
	"# syntax=FOO/x:y:z\nFROM busybox:1.36", "\ufeffFROM busybox:1.36\r\n>>>EXPOSE foo\r", "RUN true \\\r\n  && exit 4\r",
}

// engineWords are how the engine talks of itself.
var engineWords = regexp.MustCompile(`rpc error|failed to |strconv|ref \w+::|LLB|desc =`)

// TestDockerfileMistakes proves that every mistake in a Dockerfile which the builder finds is a finding on its line, in words about the
// Dockerfile.
func TestDockerfileMistakes(t *testing.T) {
	t.Parallel()
	base, dir := needs.Variable(t, "SEEDPACK_TEST_BASE"), t.TempDir()
	want := map[string]int{}
	for i, mistake := range dockerfileMistakes {
		name := fmt.Sprintf("job%02d", i)
		text, line := mistake, 1
		if !strings.HasPrefix(mistake, "FROM ") && !regexp.MustCompile(`^(# (escape|check|syntax)=|\x{feff})`).MatchString(mistake) {
			text, line = "FROM busybox:1.36 AS first\n"+mistake, 2
		}
		if strings.Contains(mistake, "ONBUILD") {
			line = 3 // the trigger is only tried there
		}
		if before, after, ok := strings.Cut(text, ">>>"); ok {
			text, line = before+after, strings.Count(before, "\n")+1
		}
		if strings.Contains(mistake, "--from=later") {
			text += "\nFROM scratch AS later\nFROM first"
		}
		want[name] = line
		job := filepath.Join(dir, name)
		if err := os.CopyFS(job, os.DirFS("testdata/jobs/random-number")); err != nil {
			t.Fatal(err)
		}
		manifest := strings.Replace(readText(t, filepath.Join(job, "seed.manifest.json")), `"random-number-gen"`, `"`+name+`"`, 1)
		for file, content := range map[string]string{"Dockerfile": text + "\n", "file": "x", "seed.manifest.json": manifest} {
			if err := os.WriteFile(filepath.Join(job, file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.Command(buildProgram(t), "pack", ".", "--parallel", "4", "--smoke", "off", "--progress", "quiet", "--rule", "dockerfile-nothing-to-run=off",
		"--build-context", "busybox:1.36=oci-layout://"+base)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, want exit status 1\n%s", err, &stderr)
	}
	for name, line := range want {
		found := regexp.MustCompile(`(?m)^`+name+`/Dockerfile:(\d+):1: error: .*$`).FindAllSubmatch(out, -1)
		if len(found) != 1 || string(found[0][1]) != fmt.Sprint(line) || engineWords.Match(found[0][0]) {
			t.Errorf("%q: %q, want one on line %d, in words", dockerfileMistakes[indexOf(name)], found, line)
		}
	}
}

func indexOf(name string) (i int) {
	fmt.Sscanf(name, "job%d", &i)
	return i
}
