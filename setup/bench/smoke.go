package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	dataMB     = 512
	dataRounds = 7
)

// smokes are smoke runs beside what a job takes by itself: of jobs that write and read much, and of one that does nothing, beside a
// step of a build that does nothing.
func (t tools) smokes(dir string) (groups []group, said func(), err error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, nil, err
	}
	rounds, err := fromEnv("SEEDPACK_BENCH_SMOKES", dataRounds)
	if err != nil {
		return nil, nil, err
	}
	writes, err := t.writes(dir, busybox, rounds)
	if err != nil {
		return nil, nil, err
	}
	reads, err := t.reads(dir, rounds)
	if err != nil {
		return nil, nil, err
	}
	steps, err := t.steps(dir, rounds)
	if err != nil {
		return nil, nil, err
	}
	said = func() {
		alone, tried := median(writes.sides[0].took), median(writes.sides[1].took)
		fmt.Printf("\nsmoke of a job that writes %d MB takes %.0f ms, and should take %.0f ms at most: 1.3 times what the job takes alone, and 300 ms\n",
			dataMB, ms(tried), 1.3*ms(alone)+300)
		fmt.Printf("smoke with an input of %d MB that has not changed takes %.0f ms more than with 1 kB, and should take 100 ms more at most\n",
			dataMB, ms(median(reads.sides[1].took)-median(reads.sides[0].took)))
		cached, step, mounted := median(steps.sides[0].took), median(steps.sides[1].took), median(steps.sides[2].took)
		off, run := median(steps.sides[3].took), median(steps.sides[4].took)
		fmt.Printf("a smoke run of a job that does nothing takes %.0f ms, which is %.2f of the %.0f ms of a step RUN true, and should be 1.2 at most\n",
			ms(run-off), float64(run-off)/float64(step-cached), ms(step-cached))
		fmt.Printf("of that, the engine takes %.0f ms for a step RUN true without a network, with a directory for outputs and a /dev/shm\n", ms(mounted-cached))
	}
	return []group{writes, reads, steps}, said, nil
}

// smokeArgs is seedpack smoke of a job, all of whose build is cached.
func (t tools) smokeArgs(job string) []string {
	args := packArgs(t.seedpack, t.addr, job)
	args[1] = "smoke"
	return args
}

// benchManifestOf is a manifest with an interface. It declares more memory than the data has: with less, the kernel has a job wait
// until most of what it has written is on the disk, and the job by itself has no such limit.
func benchManifestOf(name, face string) string {
	return fmt.Sprintf(`{"seedVersion": "1.0.0", "job": {"name": "%s", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "A job to measure",
"description": "Does what is measured.", "maintainer": {"name": "John Doe", "email": "jdoe@example.com"}, "timeout": 600, "resources": {"scalar": [
{"name": "cpus", "value": 1}, {"name": "mem", "value": 1024}, {"name": "disk", "value": 2048}]}, "interface": %s}}`, name, face)
}

func writeJob(job string, files map[string]string) error {
	err := os.MkdirAll(job, 0o755)
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(job, name), []byte(text), 0o644))
	}
	return err
}

// writes are a job that writes much, by itself and in a smoke run, on the file system of the daemon.
func (t tools) writes(dir, busybox string, rounds int) (group, error) {
	jobs := map[string]string{}
	for name, count := range map[string]string{"writes-much": fmt.Sprintf("bs=1M count=%d", dataMB), "writes-little": "bs=1k count=1"} {
		jobs[name] = filepath.Join(dir, name)
		err := writeJob(jobs[name], map[string]string{
			"seed.manifest.json": benchManifestOf(name, `{"outputs": {"files": [{"name": "DATA", "pattern": "*.bin"}]}}`),
			"Dockerfile":         "FROM busybox:1.36\nUSER 1000\nENTRYPOINT [\"/bin/sh\", \"-c\", \"exec dd if=/dev/zero of=$OUTPUT_DIR/x.bin " + count + "\"]\n",
		})
		if err != nil {
			return group{}, err
		}
	}
	file := filepath.Join(dir, "alone.bin")
	alone := []string{busybox, "sh", "-c", fmt.Sprintf("dd if=/dev/zero of=%s bs=1M count=%d", file, dataMB)}
	// What another side has left to be written must not be this one's work: an engine waits for all of it when it unmounts a root.
	settled := func(args []string) func(int) ([]string, error) {
		return func(int) ([]string, error) {
			err := os.RemoveAll(file)
			syscall.Sync()
			return args, err
		}
	}
	return group{rounds: rounds, sides: []*side{
		{name: fmt.Sprintf("a job that writes %d MB, by itself", dataMB), prepare: settled(alone)},
		{name: "seedpack smoke of it, build cached", prepare: settled(t.smokeArgs(jobs["writes-much"]))},
		{name: "seedpack smoke of a job that writes 1 kB, build cached", prepare: settled(t.smokeArgs(jobs["writes-little"]))},
	}}, nil
}

// reads are smoke runs with a small and with a large input. Neither changes from run to run.
func (t tools) reads(dir string, rounds int) (group, error) {
	g := group{rounds: rounds}
	for _, size := range []struct {
		name string
		n    int64
	}{{"1 kB", 1 << 10}, {fmt.Sprintf("%d MB", dataMB), dataMB << 20}} {
		job := filepath.Join(dir, "reads-"+strings.ReplaceAll(size.name, " ", ""))
		err := writeJob(job, map[string]string{
			"seed.manifest.json": benchManifestOf("reads", `{"inputs": {"files": [{"name": "DATA"}]}}`),
			"Dockerfile":         "FROM busybox:1.36\nUSER 1000\nENTRYPOINT [\"/bin/sh\", \"-c\", \"[ -s $DATA ]\"]\n",
			".dockerignore":      "data.bin\n",
			"seed.smoke.yaml":    "cases:\n  - {name: data, inputs: {DATA: data.bin}}\n",
		})
		if err == nil {
			err = os.WriteFile(filepath.Join(job, "data.bin"), []byte("x"), 0o644)
		}
		if err == nil {
			err = os.Truncate(filepath.Join(job, "data.bin"), size.n)
		}
		if err != nil {
			return g, err
		}
		g.sides = append(g.sides, &side{name: "seedpack smoke with an input of " + size.name, args: t.smokeArgs(job)})
	}
	return g, nil
}

// mounts are what a container of a smoke run has and that of a plain step has not. Only the engine makes them.
const mounts = "--network=none --mount=type=tmpfs,target=/dev/shm --mount=type=bind,from=empty,rw,target=/seed/outputs"

// steps are builds with all of it cached and with one step RUN true, and pack without and with a smoke run of a job that does nothing.
func (t tools) steps(dir string, rounds int) (group, error) {
	job := filepath.Join(dir, "nothing")
	const from = "FROM busybox:1.36\nUSER 1000\n"
	build := func(name, text string) ([]string, error) {
		at := filepath.Join(dir, name)
		if err := writeJob(at, map[string]string{"seed.manifest.json": benchManifestOf("nothing", "{}"), "Dockerfile": text}); err != nil {
			return nil, err
		}
		return buildctlArgs(t.buildctl, t.addr, at)
	}
	cached, err := build("cached", from)
	if err != nil {
		return group{}, err
	}
	if _, err := build("nothing", from+"ENTRYPOINT [\"/bin/true\"]\n"); err != nil {
		return group{}, err
	}
	step := func(options string) func(int) ([]string, error) {
		return func(round int) ([]string, error) {
			return build("step", fmt.Sprintf("FROM busybox:1.36 AS empty\n%sENV ROUND=%d.%d\nRUN %s true\n", from, round, time.Now().UnixNano(), options))
		}
	}
	pack := packArgs(t.seedpack, t.addr, job)
	return group{rounds: 2 * rounds, sides: []*side{
		{name: "buildctl build, all of it cached", args: cached},
		{name: "buildctl build with a step RUN true that is not", prepare: step("")},
		{name: "the same, and the step has the mounts of a smoke run and no network", prepare: step(mounts)},
		{name: "seedpack pack of a job that does nothing, smoke off", args: append(slices.Clone(pack), "--smoke", "off")},
		{name: "seedpack pack of it with its smoke run", args: pack},
	}}, nil
}
