package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// runManifest is that of a job that reads its input, or without one writes an output of as many MB.
const runManifest = `{"seedVersion": "1.0.0", "job": {"name": "data", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Data",
 "description": "Reads or writes data", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 600,
 "interface": {"inputs": {"files": [{"name": "IN", "required": false}]},
  "outputs": {"files": [{"name": "out", "pattern": "out", "required": false}]}},
 "resources": {"scalar": [{"name": "cpus", "value": %d}, {"name": "mem", "value": 64}, {"name": "disk", "value": 4096}]}}}
`

// runScript has one dd for both.
const runScript = `#!/bin/sh
if [ -n "${IN-}" ]; then exec dd if="$IN" of=/dev/null bs=1M 2>/dev/null; fi
exec dd if=/dev/zero of="$OUTPUT_DIR/out" bs=1M count=%d 2>/dev/null
`

// runs run a job with much data in the Docker Engine: by docker itself with -v, and by seedpack run, which binds in the same way.
// Each round reads data that is new. Said prints the row that is not a ratio alone.
func (t tools) runs(dir string) (groups []group, said func(), err error) {
	engine := os.Getenv("SEEDPACK_TEST_DOCKER")
	mb, err := fromEnv("SEEDPACK_BENCH_RUN_MB", 1000)
	if err != nil || engine == "" {
		return nil, nil, errors.Join(err, errors.New("SEEDPACK_TEST_DOCKER is not set: make bench sets it"))
	}
	job := filepath.Join(dir, "data-job")
	docker, err := exec.LookPath("docker")
	err = errors.Join(err, os.Mkdir(job, 0o755), os.WriteFile(filepath.Join(job, "seed.manifest.json"), fmt.Appendf(nil, runManifest, 2), 0o644),
		os.WriteFile(filepath.Join(job, "job.sh"), fmt.Appendf(nil, runScript, mb), 0o755),
		os.WriteFile(filepath.Join(job, "Dockerfile"), []byte("FROM busybox:1.36\nCOPY job.sh /job.sh\nENTRYPOINT [\"/job.sh\"]\n"), 0o644))
	if err != nil {
		return nil, nil, err
	}
	env := []string{"DOCKER_HOST=" + engine, "DOCKER_BUILDKIT=1"}
	archive := filepath.Join(dir, "data-job.tar")
	for _, args := range [][]string{{"build", "--quiet", "--tag", "bench-data", job}, {"save", "--output", archive, "bench-data"}} {
		cmd := exec.Command(docker, args...)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, nil, fmt.Errorf("docker %s: %w\n%s", args[0], err, out)
		}
	}
	ours := []string{t.seedpack, "run", "docker-archive:" + archive, "--manifest", filepath.Join(job, "seed.manifest.json"), "--with", "docker", "--progress", "quiet"}
	theirs := []string{docker, "run", "--rm", "--network", "none"}
	data, outs := filepath.Join(dir, "data"), 0
	newData := func() error {
		return exec.Command("dd", "if=/dev/urandom", "of="+data, "bs=1M", fmt.Sprintf("count=%d", mb)).Run()
	}
	newOut := func() (string, error) {
		outs++
		return filepath.Join(dir, fmt.Sprintf("out-%d", outs)), exec.Command("sh", "-c", `rm -rf "$1"/out-*`, "sh", dir).Run()
	}
	read := []*side{
		{name: fmt.Sprintf("docker run -v of a job that reads %d MB that are new", mb), env: env, prepare: func(int) ([]string, error) {
			return append(slices.Clone(theirs), "-v", data+":/in:ro", "-e", "IN=/in", "bench-data"), newData()
		}},
		{name: "seedpack run of it", env: env, most: 1.3, prepare: func(int) ([]string, error) {
			out, err := newOut()
			return append(slices.Clone(ours), "-i", "IN="+data, "-o", out), errors.Join(err, newData())
		}},
	}
	write := []*side{
		{name: fmt.Sprintf("docker run -v of a job that writes %d MB", mb), env: env, prepare: func(int) ([]string, error) {
			out, err := newOut()
			return append(slices.Clone(theirs), "-v", out+":/out", "-e", "OUTPUT_DIR=/out", "bench-data"), err
		}},
		{name: "seedpack run -o of it", env: env, prepare: func(int) ([]string, error) {
			out, err := newOut()
			return append(slices.Clone(ours), "-o", out), err
		}},
	}
	said = func() {
		fmt.Printf("\nseedpack run -o of a job that writes %d MB takes %.0f ms, and should take 1.3 times the job's own time and 300 ms more at most: %.0f ms\n",
			mb, ms(median(write[1].took)), 1.3*ms(median(write[0].took))+300)
	}
	return []group{{rounds: 5, sides: read}, {rounds: 5, sides: write}}, said, nil
}
