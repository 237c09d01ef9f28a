package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const nodeRounds = 5

// nodeDockerfile works in one step, anew in each round. The program is for the platform of the image.
const nodeDockerfile = `FROM busybox:1.36 AS work
ARG ROUND
RUN WORK; echo $ROUND >/made
FROM scratch
ARG TARGETARCH
COPY --from=work /made /made
COPY --chmod=755 $TARGETARCH /program
USER 1000
ENTRYPOINT ["/program"]
`

const nodeProgram = "package main\n\nfunc main() {}\n"

// nodes build and try a job for two platforms on two daemons, beside one platform on one daemon. Both daemons are on this
// machine, so a build that waits shows what the program adds, and one that computes shows what the machine has.
func (t tools) nodes(buildkitd, dir string) (groups []group, stop func() error, err error) {
	second := filepath.Join(dir, "second")
	if err := os.Mkdir(second, 0o755); err != nil {
		return nil, nil, err
	}
	if stop, err = startDaemon(buildkitd, second); err != nil {
		return nil, nil, err
	}
	for _, kind := range []struct{ name, work string }{
		{"waits for 3 s", "sleep 3"},
		{"computes", "head -c 600M /dev/zero | sha256sum"},
	} {
		job := filepath.Join(dir, strings.Fields(kind.name)[0])
		if err := nodeJob(job, kind.work); err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		sideOf := func(name string, most float64, flags ...string) *side {
			return &side{name: name, most: most, prepare: func(round int) ([]string, error) {
				return append([]string{t.seedpack, "pack", job, "--progress", "quiet", "--build-arg", fmt.Sprintf("ROUND=%s-%d", name, round),
					"--build-context", "busybox:1.36=oci-layout://" + os.Getenv("SEEDPACK_TEST_BASE")}, flags...), nil
			}}
		}
		first, other := "linux/amd64="+t.addr, "linux/386="+socket(second)
		groups = append(groups, group{rounds: nodeRounds, sides: []*side{
			sideOf("pack for linux/amd64 on one node, a build that "+kind.name, 0, "--builder", first, "--platform", "linux/amd64"),
			sideOf("pack for linux/386 on another", 0, "--builder", other, "--platform", "linux/386"),
			sideOf("pack for both on two nodes", 1.2, "--builder", first, "--builder", other, "--platform", "linux/amd64,linux/386"),
		}})
	}
	return groups, stop, nil
}

// nodeJob writes a job with a program for each platform.
func nodeJob(dir, work string) error {
	source := filepath.Join(dir, "main.go")
	err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(source, []byte(nodeProgram), 0o644),
		os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(strings.Replace(nodeDockerfile, "WORK", work, 1)), 0o644),
		os.WriteFile(filepath.Join(dir, "seed.manifest.json"), []byte(pushManifest), 0o644))
	if err != nil {
		return err
	}
	for _, arch := range []string{"amd64", "386"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, arch), source)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build a program for %s: %w\n%s", arch, err, out)
		}
	}
	return nil
}
