package main

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// dockers build and run a job with the Docker Engine that make bench starts, all of it cached: by docker's own commands,
// which have the engine export the image and then run it, and by pack, which runs what the engine has built in one
// session. The environment names the engine to both.
func dockers(t tools, rounds int) (group, error) {
	engine := os.Getenv("SEEDPACK_TEST_DOCKER")
	if engine == "" {
		return group{}, errors.New("SEEDPACK_TEST_DOCKER is not set: make bench sets it")
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		return group{}, err
	}
	manifest, err := os.ReadFile(smallJob + "/seed.manifest.json")
	if err != nil {
		return group{}, err
	}
	const both = `set -eu
docker=$1 job=$2 label=$3; shift 3
"$docker" build --quiet --label "com.ngageoint.seed.manifest=$label" --tag bench "$job"
exec "$docker" run --rm "$@" bench`
	// What no client can save: the engine's answer to a cached build, and a step with the mounts of a smoke run.
	const floor = `set -eu
docker=$1 job=$2 label=$3 mounts=$4
{ echo "FROM busybox:1.36 AS empty"; cat "$job/Dockerfile"; echo "RUN $mounts true $(date +%N)"; } |
	exec "$docker" build --quiet --network none --label "com.ngageoint.seed.manifest=$label" --file - "$job"`
	args := []string{"sh", "-c", both, "sh", docker, smallJob, string(manifest)}
	env := []string{"DOCKER_HOST=" + engine, "DOCKER_BUILDKIT=1"}
	return group{rounds: rounds, sides: []*side{
		{name: "docker build of " + smallJob + ", cached, then docker run", env: env, args: args},
		{name: "the same with docker run --network none", env: env, args: append(slices.Clone(args), "--network", "none")},
		{name: "docker build of it, and a step RUN true with the mounts of a smoke run", env: env, // an older engine knows no RUN --network
			args: []string{"sh", "-c", floor, "sh", docker, smallJob, string(manifest), strings.TrimPrefix(mounts, "--network=none ")}},
		{name: "seedpack pack of it, smoke off, same engine", env: env,
			args: []string{t.seedpack, "pack", smallJob, "--builder", "docker", "--progress", "quiet", "--smoke", "off"}},
		{name: "seedpack pack of it with its smoke run, same engine", env: env, most: 0.4,
			args: []string{t.seedpack, "pack", smallJob, "--builder", "docker", "--progress", "quiet"}},
	}}, nil
}
