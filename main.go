// Seedpack takes a Seed job from its manifest to its published image: lint → name → build → smoke → push → verify → tag.
//
// This file is the pipeline and the exit statuses; each cmd_*.go is one sub-command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/pack"
)

// version is set by the linker in releases.
var version string

func main() {
	if os.Getenv("GOGC") == "" {
		// Little of what a run makes stays, and most runs end within milliseconds: collecting it all the time would take
		// a tenth of them.
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv})
	stop()
	os.Exit(status)
}

// A program is the process as commands see it.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	roots          job.Roots               // what paths are confined to
	stage          func(job, stage string) // is told of each stage that begins; nil for nobody
}

// run is main without the process.
func run(ctx context.Context, args []string, p *program) int {
	// containerd's store, which reads OCI layouts, warns there of features that a file system lacks.
	logrus.SetOutput(io.Discard)
	counted := &countingWriter{next: p.stdout}
	counting := *p
	counting.stdout = counted
	root := newRootCommand(&counting)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	status := exit.Status(ctx, err)
	if err != nil && !errors.Is(err, exit.Findings) {
		if _, told := err.(toldError); !told {
			p.complain(status, "", err)
		}
		if format := cmd.Flags().Lookup("format"); counted.n == 0 && format != nil {
			p.complainIn(format.Value.String(), err)
		}
	}
	return status
}

// A countingWriter knows whether anything was printed.
type countingWriter struct {
	next io.Writer
	n    int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.n += len(b)
	return w.next.Write(b)
}

// complainIn is for who reads standard output. SARIF and JUnit would say of nothing that nothing was found.
func (p *program) complainIn(format string, err error) {
	switch format {
	case "json":
		p.complainJSON(err)
	case "github":
		p.annotateReports(nil, []report.Failure{{Message: err.Error()}})
	}
}

// complainJSON is for programs, which get an object in every case.
func (p *program) complainJSON(err error) {
	doc := failedDocument{report.New(nil), err.Error()}
	if err := report.Encode(p.stdout, doc); err != nil {
		fmt.Fprintln(p.stderr, "seedpack: "+escapeLines(err.Error()))
	}
}

// A failedDocument is lint's object with what went wrong.
type failedDocument struct {
	report.Document
	Error string `json:"error"`
}

// packJob is the whole way of one job. Each stage takes plain values and gives plain values; the first that has
// something against the job ends it, with all that was found until then in the result. The error is for what could not
// be found out.
func (r *packRun) packJob(ctx context.Context, j *task) (*packed, error) {
	result := &packed{job: j}
	if j.unlabelled != nil {
		return result, r.refuseUnlabelled(result)
	}

	// lint
	r.begin(result, "lint")
	result.add(lint.Manifest(j.Path, j.Manifest, lint.Options{Registry: r.registry}))
	file, err := r.readDockerfile(j)
	if err != nil {
		return result, err
	}
	commit := r.askCommit(ctx, j, file.Path)
	defer commit.stop()
	result.add(r.checkMaterial(j, file))
	result.add(r.checkAttestations(j))
	result.add(secretArgs(file, r.buildArgs))
	cases, found, err := r.cases(j)
	if err != nil {
		return result, err
	}
	result.add(found)
	if r.fails(result) {
		return result, exit.Findings
	}

	// name
	r.begin(result, "name")
	reference, err := pack.Name(j.Manifest, r.registry)
	if err != nil {
		return result, err
	}
	result.Name = reference
	request, err := r.request(j, file.Path, reference, cases)
	if err != nil {
		return result, err
	}
	if r.dryRun {
		result.add(r.describe(commit, j, &request))
		return result, r.plan(ctx, result, &request, reference, cases)
	}
	if r.push {
		if done, err := r.preflight(ctx, result, reference, request.Label); done || err != nil {
			return result, err
		}
	}

	// build, and within it smoke: the gate
	r.begin(result, "build")
	engine, err := r.engine(ctx)
	if err != nil {
		return result, err
	}
	result.add(r.describe(commit, j, &request))
	built, err := r.build(ctx, engine, request, result, func(ctx context.Context, candidates []*pack.Candidate) error {
		if err := r.smoke(ctx, result, candidates, cases); err != nil {
			return err
		}
		if r.fails(result) {
			return exit.Findings
		}
		if r.push || len(r.outputs) > 0 {
			r.begin(result, "push")
		}
		return nil
	})
	result.add(buildWarnings(file, built.Warnings))
	if err != nil {
		return result, result.buildError(err, file.Path)
	}
	defer func() { discardAll(built.Outputs) }()
	result.setBuilt(built)
	if r.fails(result) {
		return result, exit.Findings
	}

	// push was the end of the build: verify what the registry holds, and only then tag it
	if r.push {
		err := r.verifyAndTag(ctx, result, reference, built)
		if vanished(err) {
			r.begin(result, "push")
			if err = r.pushAgain(ctx, engine, request, reference, built); err == nil {
				err = r.verifyAndTag(ctx, result, reference, built)
			}
		}
		if err != nil {
			return result, err
		}
	}
	if err := keepAll(ctx, built.Outputs); err != nil {
		return result, err
	}
	return result, r.measureWritten(ctx, result)
}

// fails tells whether the job's policy fails on what was found, after it set the severities.
func (r *packRun) fails(result *packed) bool {
	for _, rep := range result.reports {
		result.job.Policy.Apply(rep)
	}
	return result.job.Policy.Fails(result.reports...)
}

// complain says on standard error what went wrong, of a job where several are packed. Every line may hold foreign text.
func (p *program) complain(status int, of string, err error) {
	if status == exit.StatusInterrupted {
		err = errors.New("interrupted: nothing was published under a name")
	}
	var step *pack.StepError
	if errors.As(err, &step) {
		p.showStep(step)
	}
	fmt.Fprintln(p.stderr, "seedpack: "+escapeLines(of+err.Error()))
}

func (p *packed) add(r *diag.Report) {
	if r != nil {
		p.reports = append(p.reports, r)
	}
}
