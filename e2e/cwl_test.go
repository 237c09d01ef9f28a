package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// This file runs exported jobs with cwltool, and checks application packages as the validator of the OGC does.

// A cwlDocument is what the tests read of one.
type cwlDocument struct {
	SoftwareVersion string            `json:"s:softwareVersion"`
	Namespaces      map[string]string `json:"$namespaces"`
	Graph           []cwlProcess      `json:"$graph"`
	cwlProcess
}

type cwlProcess struct {
	Class, ID, Label, Doc string
	BaseCommand           []string
	Inputs, Outputs       map[string]struct{ Type, Label, Doc, OutputSource string }
	Requirements          map[string]map[string]any
}

func readCWL(t *testing.T, file string) *cwlDocument {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc cwlDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// cwltool runs a document with a job order, and returns its exit status and its log.
func cwltool(t *testing.T, p *podman, dir string, args ...string) (status int, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "cwltool", append([]string{"--disable-pull", "--relax-path-checks"}, args...)...)
	cmd.Env, cmd.Dir = append(os.Environ(), p.path(), "TMPDIR="+dir), dir
	out, err := cmd.CombinedOutput()
	exit := new(exec.ExitError)
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// order writes the values of a trial as a job order.
func (p *prepared) order(t *testing.T, doc *cwlProcess) string {
	t.Helper()
	all := map[string]any{}
	for _, values := range []map[string]string{p.values, p.secrets} {
		for name, value := range values {
			switch kind := strings.TrimSuffix(doc.Inputs[name].Type, "?"); kind {
			case "File", "Directory":
				all[name] = map[string]string{"class": kind, "path": strings.TrimSuffix(value, "/")}
			case "long", "double", "boolean":
				all[name] = json.RawMessage(value)
			case "string":
				all[name] = value
			default:
				t.Fatalf("there is no input %s in %v", name, doc.Inputs)
			}
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, "order.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCWL proves that exported jobs run in cwltool as their manifests say.
func TestCWL(t *testing.T) {
	t.Parallel()
	needPrograms(t, "cwltool", "node")
	pod := needPodman(t)
	jobs := exportedJobs(t)
	tools := map[string]string{}
	for name, dir := range jobs {
		tools[name] = filepath.Join(export(t, "cwl", dir, name), "tool.cwl")
	}
	for _, tr := range trials {
		if tr.unlike == "cwl" {
			continue
		}
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			p := prepare(t, tr, jobs[tr.job])
			doc := readCWL(t, tools[tr.job])
			status, log := cwltool(t, pod, p.dir, "--outdir", p.out, tools[tr.job], p.order(t, &doc.cwlProcess))
			p.want = with(p.want)
			delete(p.want, "seed.outputs.json")             // it is read, and not an output itself
			if content, has := p.want["cells/*.csv"]; has { // files come without their directories
				delete(p.want, "cells/*.csv")
				p.want["cell_*.csv"] = content
			}
			switch {
			case p.status == 124:
				p.says = "exited with status: 9"
			case p.status == 1 && strings.HasPrefix(p.says, "output"): // an expression throws that
			case p.status != 0:
				p.says = "exited with status: " + strconv.Itoa(p.status)
			}
			if p.status = min(p.status, 1); strings.Contains(p.says, "openjd") {
				p.says = ""
			}
			p.check(t, status, log)
		})
	}
}

// TestCWLDiffers proves what the export to CWL lists as lost: an absent input is an empty variable, the job runs as its caller, and
// a writable mount is a copy.
func TestCWLDiffers(t *testing.T) {
	t.Parallel()
	needPrograms(t, "cwltool", "node")
	pod := needPodman(t)
	jobs := exportedJobs(t)
	for _, tr := range []trial{
		{name: "optional, none", job: "optional-only", want: map[string]string{"words.txt": `^1 set set \S+\n$`}},
		{name: "USER", job: "other-user", want: map[string]string{"who.txt": `^\d+\n$`}},
		{name: "mounts", job: "two-mounts", files: map[string]string{"tables/rows.txt": "1\n2\n", "scratch/": ""}, values: map[string]string{"Mount_TABLES": "@tables", "Mount_SCRATCH": "@scratch"},
			want: map[string]string{"rows.txt": "^1\n2\n$"}},
	} {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			p := prepare(t, tr, jobs[tr.job])
			tool := filepath.Join(export(t, "cwl", jobs[tr.job], tr.job), "tool.cwl")
			doc := readCWL(t, tool)
			status, log := cwltool(t, pod, p.dir, "--outdir", p.out, tool, p.order(t, &doc.cwlProcess))
			p.check(t, status, log)
		})
	}
}

// TestApplicationPackage proves that application packages have what the validator of OGC 20-089r1 asks for, and that one runs.
func TestApplicationPackage(t *testing.T) {
	t.Parallel()
	needPrograms(t, "cwltool", "node")
	pod := needPodman(t)
	jobs := exportedJobs(t)
	for name, dir := range jobs {
		if name == "cmd-only" || name == "no-entrypoint" {
			continue // their Dockerfiles do not say what the base image has: see below
		}
		file := filepath.Join(export(t, "eoap", dir, name), "app-package.cwl")
		for _, wrong := range checkPackage(readCWL(t, file)) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	// The program is in the command, so that it runs everywhere.
	dockerfile := filepath.Join(jobs["no-entrypoint"], "Dockerfile")
	if err := os.WriteFile(dockerfile, []byte("FROM busybox:1.36\nENTRYPOINT []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(export(t, "eoap", jobs["no-entrypoint"], "no-entrypoint"), "app-package.cwl")
	p := prepare(t, trial{want: map[string]string{"*/args.txt": `^two words\|\S+\|$`}}, ".")
	status, log := cwltool(t, pod, p.dir, "--outdir", p.out, file+"#no-entrypoint")
	p.check(t, status, log)
	if base := readCWL(t, file).Graph[1].BaseCommand; !slices.Equal(base, []string{"/job.sh"}) {
		t.Errorf("baseCommand is %q", base)
	}
}

// checkPackage returns what is wrong with an application package.
func checkPackage(doc *cwlDocument) (wrong []string) {
	must := func(is bool, what string) {
		if !is {
			wrong = append(wrong, what)
		}
	}
	must(doc.Namespaces["s"] == "https://schema.org/" && doc.SoftwareVersion != "", "req-11: there is no softwareVersion")
	must(len(doc.Graph) == 2 && doc.Graph[0].Class == "Workflow" && doc.Graph[1].Class == "CommandLineTool", "req-7: there is no Workflow with a CommandLineTool")
	if len(wrong) > 0 {
		return wrong
	}
	workflow, tool := doc.Graph[0], doc.Graph[1]
	must(tool.ID != "" && len(tool.BaseCommand) > 0 && tool.Inputs != nil && tool.Requirements["DockerRequirement"]["dockerPull"] != nil, "req-8: the tool lacks something")
	must(tool.Requirements["DockerRequirement"]["dockerOutputDirectory"] == nil, "the tool has a dockerOutputDirectory")
	must(workflow.ID != "" && workflow.Label != "" && workflow.Doc != "", "req-9: the workflow lacks id, label or doc")
	directory := false
	for name, v := range workflow.Inputs {
		must(v.Label != "" && v.Doc != "", "req-10: input "+name+" lacks label or doc")
	}
	for name, v := range workflow.Outputs {
		must(v.Label != "" && v.Doc != "" && v.OutputSource != "", "output "+name+" lacks label, doc or source")
		directory = directory || v.Type == "Directory"
	}
	must(directory, "req-14: there is no output of type Directory")
	return wrong
}
