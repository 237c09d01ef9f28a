// Bench measures whole processes, as a user waits for them, beside what one would use instead. It prints medians and
// ratios: ratios hold on other machines, and so runs of both sides alternate.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

const (
	rounds   = 15
	smallJob = "testdata/jobs/random-number"   // one smoke run of a few milliseconds
	largeJob = "testdata/jobs/image-watermark" // three that decode and encode images
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: bench SEEDPACK BUILDCTL BUILDKITD")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A side is one command line to measure.
type side struct {
	name string
	args []string
	took []time.Duration
}

func run(seedpack, buildctl, buildkitd string) (err error) {
	dir, err := os.MkdirTemp("", "seedpack-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stop, err := startDaemon(buildkitd, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	many, err := manifests(filepath.Join(dir, "manifests"), 1000)
	if err != nil {
		return err
	}
	var groups [][]*side
	for _, job := range []string{smallJob, largeJob} {
		build, err := buildctlArgs(buildctl, socket(dir), job)
		if err != nil {
			return err
		}
		groups = append(groups, []*side{
			{name: "buildctl build of " + job + ", cached", args: build},
			{name: "seedpack pack of it, cached, with its smoke runs", args: packArgs(seedpack, socket(dir), job)},
		})
	}
	groups = append(groups, [][]*side{
		{
			{name: "seedpack version", args: []string{seedpack, "version"}},
			{name: "seedpack lint, one manifest", args: []string{seedpack, "lint", largeJob}},
			{name: "seedpack lint, 1000 manifests", args: []string{seedpack, "lint", many}},
		},
		{
			{name: "node, doing nothing", args: []string{"node", "-e", "0"}},
			{name: "launch.cjs, with a program that does nothing", args: []string{"node", "launch.cjs"}},
		},
	}...)
	for _, g := range groups {
		if err := measure(g); err != nil {
			return err
		}
	}
	return table(groups)
}

// measure runs each side once for the caches, and then in turns.
func measure(sides []*side) error {
	for round := range rounds + 1 {
		for _, s := range sides {
			cmd := exec.Command(s.args[0], s.args[1:]...)
			cmd.Env = append(os.Environ(), "INPUT_BINARY=/bin/true", "GITHUB_STATE=")
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", strings.Join(s.args, " "), err, out)
			}
			if round > 0 {
				s.took = append(s.took, time.Since(start))
			}
		}
	}
	return nil
}

func table(groups [][]*side) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "median\tfastest\tratio\t")
	for _, g := range groups {
		first := median(g[0].took)
		for _, s := range g {
			m := median(s.took)
			fmt.Fprintf(w, "%.1f ms\t%.1f ms\t%.2f\t  %s\n", ms(m), ms(slices.Min(s.took)), float64(m)/float64(first), s.name)
		}
	}
	return w.Flush()
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// buildctlArgs builds the same Dockerfile from the same base with the same label, and exports as little.
func buildctlArgs(buildctl, addr, job string) ([]string, error) {
	base := os.Getenv("SEEDPACK_TEST_BASE")
	digest, err := exec.Command("skopeo", "inspect", "--format", "{{.Digest}}", "oci:"+base+":latest").Output()
	if err != nil {
		return nil, fmt.Errorf("digest of the base image: %w", err)
	}
	manifest, err := os.ReadFile(job + "/seed.manifest.json")
	if err != nil {
		return nil, err
	}
	return []string{buildctl, "--addr", addr, "build", "--progress", "plain", "--frontend", "dockerfile.v0",
		"--local", "context=" + job, "--local", "dockerfile=" + job, "--oci-layout", "base=" + base,
		"--opt", "context:busybox:1.36=oci-layout://base@" + strings.TrimSpace(string(digest)),
		"--opt", "label:com.ngageoint.seed.manifest=" + string(manifest)}, nil
}

func packArgs(seedpack, addr, job string) []string {
	return []string{seedpack, "pack", job, "--builder", addr, "--progress", "quiet",
		"--build-context", "busybox:1.36=oci-layout://" + os.Getenv("SEEDPACK_TEST_BASE")}
}

// manifests writes n jobs below a directory, no two of one name.
func manifests(dir string, n int) (string, error) {
	text, err := os.ReadFile(largeJob + "/seed.manifest.json")
	if err != nil {
		return "", err
	}
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("job-%04d", i))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return "", err
		}
		named := strings.Replace(string(text), `"image-watermark"`, fmt.Sprintf(`"image-watermark-%d"`, i), 1)
		if err := os.WriteFile(filepath.Join(sub, "seed.manifest.json"), []byte(named), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func socket(dir string) string { return "unix://" + filepath.Join(dir, "sock") }

// startDaemon starts a BuildKit with a root directory of its own, and waits until it listens.
func startDaemon(buildkitd, dir string) (stop func() error, err error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, buildkitd, "--root", filepath.Join(dir, "root"), "--addr", socket(dir),
		"--config", os.DevNull, "--containerd-worker=false", "--oci-worker=true")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	stop = func() error {
		cancel()
		_ = cmd.Wait() // buildkitd exits with 1 after TERM
		return nil
	}
	for range 300 {
		if c, err := net.Dial("unix", filepath.Join(dir, "sock")); err == nil {
			return stop, c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	return nil, errors.Join(fmt.Errorf("buildkitd does not listen\n%s", said), stop())
}
