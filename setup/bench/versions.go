package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	baseJobs    = 300
	baseCommits = 2000
	skippedJobs = 60
)

// bases are lint of a repository with a long history, with and without a base.
func (t tools) bases(dir string) (g group, said func(), err error) {
	repo, err := history(filepath.Join(dir, "history"))
	if err != nil {
		return g, nil, err
	}
	alone := &side{name: fmt.Sprintf("seedpack lint, %d jobs", baseJobs), args: []string{t.seedpack, "lint", repo}}
	with := &side{name: fmt.Sprintf("seedpack lint --base REV, %d commits", baseCommits), args: []string{t.seedpack, "lint", repo, "--base", "HEAD~100"}}
	said = func() {
		fmt.Printf("lint --base takes %.0f ms more than lint, and should take 1000 ms more at most\n", ms(median(with.took)-median(alone.took)))
	}
	return group{rounds: rounds, sides: []*side{alone, with}}, said, nil
}

// history makes a repository of jobs, each commit of which changes one.
func history(dir string) (string, error) {
	text, err := os.ReadFile(largeJob + "/seed.manifest.json")
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	file := func(path, content string) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(content), content)
	}
	for n := range baseCommits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata 1\nc\n", 1_700_000_000+n)
		if n > 0 {
			file(fmt.Sprintf("jobs/job-%03d/run.sh", n%baseJobs), fmt.Sprintf("echo %d", n))
			continue
		}
		for i := range baseJobs {
			at := fmt.Sprintf("jobs/job-%03d/", i)
			file(at+"seed.manifest.json", strings.Replace(string(text), `"image-watermark"`, fmt.Sprintf(`"image-watermark-%d"`, i), 1))
			file(at+"Dockerfile", "FROM scratch\n")
			file(at+"run.sh", "echo 0")
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"fast-import", "--quiet"}, {"reset", "-q", "--hard"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(b.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("git %s: %w\n%s", args[0], err, out)
		}
	}
	return dir, nil
}

// skips are jobs that are published already, with a builder that cannot be reached.
func (t tools) skips(dir string) (g group, said func(), err error) {
	registry := os.Getenv("SEEDPACK_TEST_REGISTRY")
	if registry == "" {
		return g, nil, errors.New("SEEDPACK_TEST_REGISTRY is not set: make bench sets it")
	}
	jobs, err := manifests(filepath.Join(dir, "skipped"), skippedJobs)
	if err != nil {
		return g, nil, err
	}
	args := []string{t.seedpack, "pack", "--smoke", "off", "--progress", "quiet", "--push", "--registry", registry + "/skips", "--if-exists", "skip"}
	found, err := filepath.Glob(filepath.Join(jobs, "*"))
	if err != nil {
		return g, nil, err
	}
	for _, job := range found {
		if err := os.WriteFile(filepath.Join(job, "Dockerfile"), []byte("FROM scratch\nCOPY seed.manifest.json /\nUSER 1000\n"), 0o644); err != nil {
			return g, nil, err
		}
		args = append(args, job)
	}
	first := exec.Command(args[0], append(args[1:], "--builder", t.addr)...)
	if out, err := first.CombinedOutput(); err != nil {
		return g, nil, fmt.Errorf("publish the jobs to skip: %w\n%s", err, out)
	}
	one := &side{name: fmt.Sprintf("seedpack pack --if-exists skip, %d jobs, published already, no builder", skippedJobs),
		args: append(args, "--builder", "tcp://127.0.0.1:1")}
	said = func() {
		fmt.Printf("pack of %d jobs that are published already takes %.0f ms, and should take 2000 ms at most\n", skippedJobs, ms(median(one.took)))
	}
	return group{rounds: manyRuns, sides: []*side{one}}, said, nil
}
