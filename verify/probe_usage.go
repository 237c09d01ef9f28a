package verify

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

var diskExceeded = &Probe{
	Rule: diag.Rule{ID: "disk-exceeded", Severity: diag.Error, Spec: "3.1.1.2 S-3.1.1.2-08",
		Summary: "outputs must fit into the disk space that the job declares"},
	Check: func(r *Run) {
		if disk := r.env.bytes("disk"); disk > 0 && r.Outcome.Usage.Output > disk {
			r.Reportf(r.scalar("disk"), "the outputs have %s, disk declares %s MiB for this input", formatSize(r.Outcome.Usage.Output), formatAmount(r.env.allocated["disk"]))
		}
	},
}

// minJudgedRun is the shortest run whose use of processors is judged.
const minJudgedRun = time.Second

var cpusExceeded = &Probe{
	Rule: diag.Rule{ID: "cpus-exceeded", Severity: diag.Notice, Spec: "2.1.1.2 S-2.1.1.2-08",
		Summary: "the job should declare the processors that it keeps busy"},
	Check: func(r *Run) {
		u, cpus := r.Outcome.Usage, r.env.allocated["cpus"]
		if u.Wall >= minJudgedRun && cpus > 0 && u.CPU.Seconds() > 1.1*cpus*u.Wall.Seconds() {
			r.Reportf(r.scalar("cpus"), "the job took %.1fs of processor time in %.1fs, cpus declares %s", u.CPU.Seconds(), u.Wall.Seconds(), formatAmount(cpus))
		}
	},
}

var memoryExceeded = &Probe{
	Rule: diag.Rule{ID: "memory-exceeded", Severity: diag.Warning, Spec: "2.1.1.2 S-2.1.1.2-08",
		Summary: "the job should not take more memory than it declares"},
	Check: func(r *Run) {
		if mem := r.env.bytes("mem"); mem > 0 && r.Outcome.Usage.Memory > mem && !r.Outcome.OutOfMemory {
			r.Reportf(r.scalar("mem"), "the job took %s of memory, mem declares %s MiB", formatSize(r.Outcome.Usage.Memory), formatAmount(r.env.allocated["mem"]))
		}
	},
}

// minJudgedMemory is the least declared memory for which a smaller amount is suggested.
const minJudgedMemory = 256 * mib

var memoryUnused = &Probe{
	Rule: diag.Rule{ID: "memory-unused", Severity: diag.Notice, Spec: "2.1.1.2 S-2.1.1.2-08",
		Summary: "the job need not declare much more memory than it takes"},
	Check: func(r *Run) {
		mem, peak := r.env.bytes("mem"), r.Outcome.Usage.Memory
		// Samples may miss a short peak, above all on a busy machine.
		if r.succeeded() && len(r.Case.MadeUp) == 0 && mem >= minJudgedMemory && peak > 0 && max(peak, r.Outcome.Usage.Largest) < mem/8 {
			r.Reportf(r.scalar("mem"), "the job took %s of memory at most, mem declares %s MiB", formatSize(peak), formatAmount(r.env.allocated["mem"]))
		}
	},
}

var sharedMemoryExhausted = &Probe{
	Rule: diag.Rule{ID: "shared-memory-exhausted", Severity: diag.Error, Spec: "3.1.4 S-3.1.4-05",
		Summary: "the job must get by with the shared memory it declares"},
	Check: func(r *Run) {
		u := r.Outcome.Usage
		const page = 4096
		if u.SharedMemSize > 0 && u.SharedMem > u.SharedMemSize-page {
			r.Reportf(r.scalar("sharedMem"), "the job filled /dev/shm, which holds %s here; sharedMem should declare more", formatSize(u.SharedMemSize))
		}
	},
}

var secretShown = &Probe{
	Rule: diag.Rule{ID: "secret-shown", Severity: diag.Error, Spec: "2.1.1.3.4 S-2.1.1.3.4-07",
		Summary: "the job must not print or write the value of a secret setting"},
	Check: func(r *Run) {
		for i, s := range r.Manifest.Job.Interface.Settings {
			var where []string
			for _, leak := range r.Outcome.Leaks {
				if s.Secret && leak.Variable == seed.Variable(s.Name) {
					place := "to " + string(leak.Where)
					if leak.File {
						place = fmt.Sprintf("into %q", leak.Where)
					}
					where = append(where, place)
				}
			}
			if len(where) > 0 {
				r.Reportf(seed.AtSettings.Index(i), "the job wrote the value of the secret setting %q %s", s.Name, strings.Join(where, ", "))
			}
		}
	},
}

var inputWritten = &Probe{
	Rule: diag.Rule{ID: "input-written", Severity: diag.Warning, Spec: "2.1.1.3.1 S-2.1.1.3.1-01",
		Summary: "the job should not try to change its inputs"},
	Check: func(r *Run) {
		if !r.Outcome.Started || r.Outcome.Exit == 0 {
			return
		}
		for i, in := range r.Manifest.Job.Interface.Inputs.Files {
			place := []byte(inputRoot + "/" + seed.Variable(in.Name))
			for _, text := range [][]byte{r.Outcome.Stderr.Head, r.Outcome.Stderr.Tail, r.Outcome.Stdout.Tail} {
				for line := range bytes.Lines(text) {
					if bytes.Contains(line, place) && bytes.Contains(bytes.ToLower(line), []byte("read-only file system")) {
						r.Reportf(seed.AtInputFiles.Index(i), "the job tried to write to input %q: %q", in.Name, cutLine(strings.TrimSpace(r.secrets.Hide(string(line)))))
						return
					}
				}
			}
		}
	},
}

// temporaryDirs are directories for temporary files.
var temporaryDirs = []string{"/tmp/", "/var/tmp/", "/run/", "/var/run/", "/dev/", "/proc/", "/var/cache/", "/var/log/"}

var writesElsewhere = &Probe{
	Rule: diag.Rule{ID: "writes-elsewhere", Severity: diag.Notice, Spec: "3.1.2 S-3.1.2-01",
		Summary: "what a job generates should be below OUTPUT_DIR"},
	Check: func(r *Run) {
		var files []*pack.File
		for i, f := range r.Outcome.Elsewhere.Files {
			temporary := false
			for _, dir := range temporaryDirs {
				temporary = temporary || strings.HasPrefix(f.Name, dir)
			}
			if !temporary {
				files = append(files, &r.Outcome.Elsewhere.Files[i])
			}
		}
		if len(files) > 0 {
			r.Reportf("/job", "the job wrote outside of OUTPUT_DIR, %s of %s in all: %s", diag.Count(r.Outcome.Elsewhere.Count, "file"), formatSize(r.Outcome.Elsewhere.Bytes), quoteNames(files))
		}
	},
}

var processesLeft = &Probe{
	Rule: diag.Rule{ID: "processes-left", Severity: diag.Notice,
		Summary: "the processes of a job should have ended when the job does"},
	Check: func(r *Run) {
		if o := r.Outcome; o.Leftover > 0 && !r.exceededLimit() {
			were := "were"
			if o.Leftover == 1 {
				were = "was"
			}
			r.Reportf("/job", "%s still ran when the job had ended, and %s killed: %s", diag.Count(o.Leftover, "process"), were, diag.QuoteFew(r.hideCut(o.LeftoverNames)))
		}
	},
}

var ranAsRoot = &Probe{
	Rule: diag.Rule{ID: "ran-as-root", Severity: diag.Notice, Spec: "3.1.2 T-30",
		Summary: "the job should run as a user of its own"},
	Check: func(r *Run) {
		if r.Outcome.Started && r.Outcome.UID == 0 && r.Case.RunAs == "" {
			r.Reportf("/job", "the job ran as root, since the image has no USER")
		}
	},
}

var resourceUnknown = &Probe{
	Rule: diag.Rule{ID: "resource-unknown", Severity: diag.Warning, Spec: "3.1.4 S-3.1.4-06",
		Summary: "the runner should know every resource that the job needs"},
	Check: func(r *Run) {
		for i, s := range r.Manifest.Job.Resources.Scalar {
			if !knownResource(s.Name, r.env.provides) {
				r.Reportf(seed.AtScalar.Index(i), "resource %q was not provided, only its variable %s: executors that do not know it should refuse the job", s.Name, seed.AllocatedPrefix+seed.Variable(s.Name))
			}
		}
	},
}

func knownResource(name string, provided []string) bool {
	return slices.Contains([]string{"cpus", "mem", "disk", "sharedMem"}, name) || slices.Contains(provided, name)
}

// unknownResources returns the findings with which a strict runner refuses a job.
func unknownResources(m *seed.Manifest, opt Options) (found []diag.Diagnostic) {
	for i, s := range m.Job.Resources.Scalar {
		if !knownResource(s.Name, opt.Provides) {
			found = append(found, diag.Diagnostic{Rule: &resourceUnknown.Rule, Severity: diag.Error, Pointer: seed.AtScalar.Index(i), Hint: "say that the machine has it with --provides " + oneLine(s.Name),
				Message: fmt.Sprintf("resource %q is not known here, the job was not run", s.Name)})
		}
	}
	return found
}
