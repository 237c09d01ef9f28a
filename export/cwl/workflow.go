package cwl

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

// workflow is the only one of an application package. It has what a platform shows: a label and a doc for each value.
func (w *writer) workflow() object {
	inputs, outputs, given, made := object{}, object{}, object{}, []string{}
	for _, f := range w.inputs() {
		inputs = append(inputs, f)
		given = append(given, field{f.name, f.name})
	}
	for _, f := range w.outputs() {
		about := f.value.(object)
		outputs = append(outputs, field{f.name, object{about[0], about[1], about[2], {"outputSource", w.step + "/" + f.name}}})
		made = append(made, f.name)
	}
	return object{{"class", "Workflow"}, {"id", id(w.Manifest.Job.Name)}, {"label", w.label()}, {"doc", w.doc()},
		{"inputs", inputs}, {"outputs", outputs},
		{"steps", object{{w.step, object{{"run", "#" + w.toolID()}, {"in", given}, {"out", made}}}}}}
}

// run returns the command that runs the document.
func (w *writer) run(file string) string {
	args := []string{"cwltool", "--relax-path-checks", "--outdir", "OUTDIR", file}
	if w.app {
		args[4] += "#" + id(w.Manifest.Job.Name)
	}
	for _, p := range w.Parameters {
		if p.Required && w.inputType(&p) != "" {
			args = append(args, "--"+p.Name, p.Example())
		}
	}
	return strings.Join(args, " ")
}

// lose says what CWL and its tools cannot do.
func (w *writer) lose() {
	for _, p := range w.Parameters {
		switch {
		case p.Kind == export.Secret:
			w.p.Lose(p.Pointer, fmt.Sprintf("the secret %s is plain text in the job order; cwltool --enable-ext keeps it out of its log", p.Name))
		case p.Kind == export.Mount && p.Writable:
			w.p.Lose(p.Pointer, fmt.Sprintf("the job gets a copy of the directory of %s: what it writes there is lost", p.Name))
		case !p.Required && p.Variable != "":
			w.p.Lose(p.Pointer, fmt.Sprintf("CWL cannot unset a variable: if %s is not given, the job finds it empty", p.Variable))
		}
	}
	r := &w.Requirements
	if r.SharedMem.Value > 0 {
		w.p.Lose(r.SharedMem.Pointer, "the size of /dev/shm cannot be asked for")
	}
	if r.GPUs.Value > 0 {
		w.p.Lose(r.GPUs.Pointer, "GPUs are a hint, which not every tool knows")
	}
	for _, a := range r.Others {
		w.p.Lose(a.Pointer, fmt.Sprintf("CWL has no resource %q: it is not asked for", a.Name))
	}
	if w.Manifest.Job.Timeout > 0 {
		w.p.Lose(seed.AtJob.Member("timeout"), "cwltool only sends TERM at the timeout: a job that does not end on it runs on")
	}
	if len(w.Manifest.Job.Errors) > 0 {
		w.p.Lose(seed.AtErrors, "errors are exit statuses only: their names and titles are in the documentation of the tool")
	}
	if len(w.Manifest.Job.Interface.Outputs.JSON) > 0 {
		w.p.Lose(seed.AtOutputJSON, seed.OutputsFile+" is read up to 64 KiB, and integers only up to 2^53")
	}
	for i, o := range w.Manifest.Job.Interface.Outputs.Files {
		if strings.Contains(strings.TrimPrefix(o.Pattern, "./"), "/") {
			w.p.Lose(seed.AtOutputFiles.Index(i), fmt.Sprintf("files of output %q come without their directory", o.Name))
		}
	}
	w.loseStart()
}

// loseStart says what becomes of the image's own settings.
func (w *writer) loseStart() {
	what := "the job runs as the caller, in its output directory: the image's USER and WORKDIR are not kept"
	switch start := w.Image.Start; {
	case w.explicit && start != nil && len(start.Entrypoint) > 0:
		what += ". ENTRYPOINT is written as baseCommand, since these platforms replace it; cwltool with docker or podman keeps it and would start it twice"
	case !w.explicit && (start == nil || len(start.Entrypoint) > 0):
		what += ". ENTRYPOINT is relied on, which cwltool keeps with docker and podman; Singularity and Kubernetes replace it (see --entrypoint)"
	}
	w.p.Lose(seed.AtJob, what)
	if w.app {
		w.p.Lose(seed.AtOutputFiles.Parent(), "outputs are a plain directory besides: the job writes no STAC catalog")
	}
	if c := strings.TrimSpace(w.Manifest.Job.Interface.Command); c != "" && w.Image.Start != nil && len(w.Image.Start.Cmd) > 0 && !w.explicit {
		w.p.Lose(seed.AtCommand, "if no word of the command is left, the image's CMD takes its place")
	}
}
