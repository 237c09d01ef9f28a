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
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

const (
	rounds   = 15
	many     = 10_000 // manifests in one call
	manyRuns = 5
	smallJob = "testdata/jobs/random-number"   // one smoke run of a few milliseconds
	largeJob = "testdata/jobs/image-watermark" // three that decode and encode images
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "gojsonschema" {
		if err := validateAll(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
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
	name    string
	args    []string
	env     []string                                   // beside the environment
	prepare func(round int) (args []string, err error) // in place of args, and not measured
	most    float64                                    // the ratio to the first side that it should not exceed; 0 for none
	took    []time.Duration
	busy    []time.Duration // of all processors, which holds on a machine with other work, too
	peak    int64           // memory, in KiB
}

// A group is sides that do the same, or that one wants to see beside one another; ratios are to the first.
type group struct {
	rounds int
	cold   bool // no round before, for the caches
	sides  []*side
}

// tools are the programs that are measured, and the daemon that they speak to.
type tools struct{ seedpack, buildctl, addr string }

func run(seedpack, buildctl, buildkitd string) (err error) {
	dir, err := os.MkdirTemp("", "seedpack-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n, err := fromEnv("SEEDPACK_BENCH_ROUNDS", rounds)
	if err != nil {
		return err
	}
	t, p := tools{seedpack, buildctl, socket(dir)}, &plan{}
	part := os.Getenv("SEEDPACK_BENCH_ONLY")
	if part == "diff" { // it needs no daemon
		p.one(t.diffs(dir))
		return p.run()
	}
	stop, err := startDaemon(buildkitd, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	switch part {
	case "smoke":
		p.add(t.smokes(dir))
	case "run":
		p.add(t.runs(dir))
	case "pack":
		p.plain(t.builds(n))
		p.onePlain(dockers(t, n))
	case "":
		return p.whole(t, buildkitd, dir, n)
	default:
		return fmt.Errorf("SEEDPACK_BENCH_ONLY %q must be diff, smoke, run or pack", part)
	}
	return p.run()
}

// whole measures all there is.
func (p *plan) whole(t tools, buildkitd, dir string, n int) (err error) {
	p.plain(t.builds(n))
	p.onePlain(dockers(t, n))
	p.onePlain(pushes(t, dir))
	p.add(t.lints(dir))
	found, saidFound, stop, err := discovers(t, dir)
	defer stop()
	p.add(found, saidFound, err)
	pages, open, err := site(t, dir)
	p.onePlain(pages, err)
	p.one(t.bases(dir))
	p.one(t.skips(dir))
	p.one(t.diffs(dir))
	shared, stopSecond, err := t.nodes(buildkitd, dir)
	if p.plain(shared, err); err == nil {
		defer func() { err = errors.Join(err, stopSecond()) }()
	}
	p.add(t.smokes(dir))
	p.onePlain(group{rounds: rounds, sides: []*side{
		{name: "node, doing nothing", args: []string{"node", "-e", "0"}},
		{name: "launch.cjs, with a program that does nothing", args: []string{"node", "launch.cjs"}},
	}}, nil)
	p.add(t.runs(dir))
	if err := p.run(); err != nil {
		return err
	}
	return open()
}

// A plan is what will be measured, and what is to be said of it. The parts of the benchmark are prepared when they are added. An
// error of one is that of run.
type plan struct {
	groups []group
	said   []func()
	err    error
}

func (p *plan) add(groups []group, said func(), err error) {
	p.plain(groups, err)
	p.said = append(p.said, said)
}

func (p *plan) one(g group, said func(), err error) { p.add([]group{g}, said, err) }

func (p *plan) plain(groups []group, err error) {
	p.groups, p.err = append(p.groups, groups...), errors.Join(p.err, err)
}

func (p *plan) onePlain(g group, err error) { p.plain([]group{g}, err) }

func (p *plan) run() error {
	if p.err != nil {
		return p.err
	}
	return report(p.groups, p.said...)
}

// report measures groups, and prints the table and what else is to be said.
func report(groups []group, said ...func()) error {
	for i, g := range groups {
		fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(groups), g.sides[0].name)
		if err := g.measure(); err != nil {
			return err
		}
	}
	if err := table(groups); err != nil {
		return err
	}
	for _, say := range said {
		say()
	}
	return nil
}

// builds are what the daemon has built before: nothing is left to do but to find that out.
func (t tools) builds(n int) ([]group, error) {
	var groups []group
	for _, job := range []string{smallJob, largeJob} {
		build, err := buildctlArgs(t.buildctl, t.addr, job)
		if err != nil {
			return nil, err
		}
		pack := packArgs(t.seedpack, t.addr, job)
		groups = append(groups, group{rounds: n, sides: []*side{
			{name: "buildctl build of " + job + ", cached", args: build},
			{name: "seedpack pack of it, cached, smoke off", args: append(slices.Clone(pack), "--smoke", "off"), most: 1.25},
			{name: "seedpack pack of it, cached, with its smoke runs", args: pack},
		}})
	}
	return groups, nil
}

// lints are of one manifest and of many; said prints what comes of them.
func (t tools) lints(dir string) (groups []group, said func(), err error) {
	lots, err := manifests(filepath.Join(dir, "manifests"), many)
	if err != nil {
		return nil, nil, err
	}
	schema := filepath.Join(dir, "schema.json")
	if err := writeSchema(t.seedpack, schema); err != nil {
		return nil, nil, err
	}
	help := &side{name: "seedpack --help", args: []string{t.seedpack, "--help"}}
	one := &side{name: "seedpack lint, one manifest", args: []string{t.seedpack, "lint", largeJob + "/seed.manifest.json"}}
	whole := &side{name: "seedpack lint, a job with Dockerfile and smoke file", args: []string{t.seedpack, "lint", largeJob}}
	theirs := &side{name: fmt.Sprintf("gojsonschema, the schema alone, %d manifests", many), args: []string{os.Args[0], "gojsonschema", schema, lots}}
	ours := &side{name: fmt.Sprintf("seedpack lint, %d manifests", many), args: []string{t.seedpack, "lint", lots}, most: 1.3}
	said = func() {
		fmt.Printf("\nlint of one manifest takes %.1f ms more than --help, and should take 1.5 ms more at most\n", ms(median(one.took)-median(help.took)))
		fmt.Printf("lint of a job with Dockerfile and smoke file takes %.1f ms more than --help, and should take 3 ms more at most\n", ms(median(whole.took)-median(help.took)))
		fmt.Printf("lint of %d takes %.2f times what gojsonschema takes for the schema alone, and should take 1.3 times at most\n",
			many, median(ours.took).Seconds()/median(theirs.took).Seconds())
	}
	return []group{{rounds: rounds, sides: []*side{help, one, whole}}, {rounds: manyRuns, sides: []*side{theirs, ours}}}, said, nil
}

// fromEnv is a number that the environment may set.
func fromEnv(name string, otherwise int) (int, error) {
	value := os.Getenv(name)
	if value == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s %q must be a whole number above 0", name, value)
	}
	return n, nil
}

// measure runs each side once for the caches, unless it is to be cold, and then in turns.
func (g group) measure() error {
	first := 0
	if g.cold {
		first = 1
	}
	for round := first; round <= g.rounds; round++ {
		for _, s := range g.sides {
			if err := s.run(round); err != nil {
				return err
			}
		}
	}
	return nil
}

// run runs it once. Round 0 is for the caches, and does not count.
func (s *side) run(round int) (err error) {
	args := s.args
	if s.prepare != nil {
		if args, err = s.prepare(round); err != nil {
			return err
		}
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(append(os.Environ(), "INPUT_BINARY=/bin/true", "GITHUB_STATE="), s.env...)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	if round > 0 {
		s.took = append(s.took, time.Since(start))
		s.busy = append(s.busy, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = max(s.peak, usage.Maxrss)
	}
	return nil
}

func table(groups []group) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "median\tfastest\tratio\tat most\tprocessors\tpeak memory\t")
	for _, g := range groups {
		first := median(g.sides[0].took)
		for _, s := range g.sides {
			m := median(s.took)
			most := ""
			if s.most > 0 {
				most = fmt.Sprintf("%.2f", s.most)
			}
			fmt.Fprintf(w, "%.1f ms\t%.1f ms\t%.2f\t%s\t%.1f ms\t%d MiB\t  %s\n",
				ms(m), ms(slices.Min(s.took)), float64(m)/float64(first), most, ms(median(s.busy)), s.peak>>10, s.name)
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
		"--opt", "build-arg:SOURCE_DATE_EPOCH=0", "--opt", "label:com.ngageoint.seed.manifest=" + string(manifest)}, nil
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
		sub := filepath.Join(dir, fmt.Sprintf("job-%05d", i))
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
