// Package slurm writes a job as a batch script of Slurm: directives, then the launcher.
package slurm

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

//go:embed frame.bash
var frame string

// File is the name of the script.
const File = "job.sbatch"

// Seconds for the end of a job. At the timeout it has grace between TERM and KILL. If Slurm ends it, it has only quick, since a
// site may kill everything after three seconds.
const (
	grace = 10
	quick = 2
	pull  = 60 // for an image that is not on the node
)

const (
	maxLog     = 200          // characters of the job's name in that of its log, since file systems take 255
	maxMinutes = 1<<31/60 - 1 // Slurm counts a limit in seconds of 32 bits
)

// Target is Slurm.
var Target = &export.Target{
	Name:    "slurm",
	Summary: "Slurm: a batch script for sbatch, whole in itself",
	Export:  write,
}

func write(j *export.Job) *export.Package {
	p := j.LauncherPackage()
	Lose(j, p)
	text := Head(j) + "\n" + j.Launcher(Frame()) + export.Main
	p.Files = []export.File{{Name: File, Text: text}}
	p.Run = func(dir string) string { return run(j, dir) }
	return p
}

// Frame is the frame of the launcher in a batch script.
func Frame() export.Frame { return export.Frame{Text: frame, Grace: quick} }

// Head returns the first line of a batch script and its directives. It has nothing of the manifest but the job's name and
// numbers.
func Head(j *export.Job) string {
	r := &j.Requirements
	lines := []string{"#!/bin/bash"}
	directive := func(format string, args ...any) {
		lines = append(lines, "#SBATCH --"+fmt.Sprintf(format, args...))
	}
	name, log := jobName(j.Job.Name), "%x"
	if len(name) > maxLog {
		log = name[:maxLog]
	}
	directive("job-name=%s", name)
	directive("output=%s-%%j.out", log)
	directive("ntasks=1")
	directive("cpus-per-task=%d", max(r.CPUs.Ceil(), 1))
	memory := r.Mem
	memory.Value += max(r.SharedMem.Value, 0) // a tmpfs counts
	if n := memory.Ceil(); n > 0 {
		directive("mem=%dM", n)
	}
	if n := r.Disk.Ceil(); n > 0 {
		directive("tmp=%dM", n)
	}
	if n := r.GPUs.Ceil(); n > 0 {
		directive("gres=gpu:%d", n)
	}
	if j.Job.Timeout > 0 {
		directive("time=%d", minutes(j.Job.Timeout))
	}
	directive("signal=B:TERM@30")
	return strings.Join(lines, "\n") + "\n"
}

// minutes returns a limit above the launcher's own timeout. Slurm counts whole minutes.
func minutes(timeout int64) int64 {
	return min(timeout/60+(timeout%60+grace+pull+59)/60, maxMinutes)
}

// jobName leaves out what a directive would read differently: blanks, and % in the name of the log.
func jobName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, name)
	if name = strings.TrimLeft(name, "-."); name == "" {
		return "seed-job"
	}
	return name
}

// Lose adds what a batch script cannot say.
func Lose(j *export.Job, p *export.Package) {
	r := &j.Requirements
	for _, a := range r.Others {
		p.Lose(a.Pointer, fmt.Sprintf("the resource %q is not asked for: Slurm knows only those that a site names. Give it to sbatch, for example with --gres or --constraint", a.Name))
	}
	j.LoseMultipliers(p, r.Mem, r.SharedMem, r.Disk, r.CPUs, r.GPUs)
	if len(j.Image.Platforms) > 0 {
		p.Lose(seed.AtJob, "the image is for "+strings.Join(j.Image.Platforms, ", ")+": which nodes are such is a feature that a site names. Give it to sbatch with --constraint")
	}
	j.LoseApptainer(p)
}

// run returns the commands that try and run a script.
func run(j *export.Job, dir string) string {
	var args []string
	env := ""
	for _, p := range j.Parameters {
		switch {
		case p.Kind == export.Secret:
			env += p.Variable + "=… "
		case p.Kind == export.ImageReference, p.Kind == export.Runtime, !p.Required:
		default:
			args = append(args, p.Name+"="+p.Example())
		}
	}
	script := export.Quote(strings.TrimSuffix(dir, "/") + "/" + File)
	return fmt.Sprintf("sbatch --test-only %s\n%ssbatch -W %s %s", script, env, script, strings.Join(args, " "))
}
