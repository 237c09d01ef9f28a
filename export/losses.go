package export

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
)

// LauncherPackage begins the package of a target that runs the launcher, with what the launcher cannot do.
func (j *Job) LauncherPackage() *Package {
	p := j.Package()
	j.checkCommand(p)
	j.loseWordless(p)
	for i, e := range j.Job.Errors {
		if e.Code < 1 || e.Code > 255 {
			p.Lose(seed.AtErrors.Index(i), fmt.Sprintf("no process ends with the exit status %d of error %q", e.Code, e.Name))
		}
	}
	face := &j.Job.Interface
	for i, o := range face.Outputs.Files {
		if _, ok := glob.Bash(o.Pattern); !ok {
			p.Lose(seed.AtOutputFiles.Index(i), fmt.Sprintf("no file below OUTPUT_DIR can match the pattern of output %q", o.Name))
		}
	}
	if len(face.Outputs.Files) > 0 {
		p.Lose(seed.AtOutputFiles, "media types and side-cars of outputs are not checked")
	}
	if len(face.Outputs.JSON) > 0 {
		p.Lose(seed.AtOutputJSON, "of JSON outputs only that "+seed.OutputsFile+" exists is checked, not its keys and types")
	}
	return p
}

// checkCommand refuses a command that needs a shell, and says which secrets others can see.
func (j *Job) checkCommand(p *Package) {
	c, err := command.Parse(j.Job.Interface.Command)
	if err == nil && len(c.Refused) > 0 {
		err = c.Refused[0]
	}
	if err != nil {
		p.Refuse(seed.AtCommand, err.Error())
		return
	}
	for i, s := range j.Job.Interface.Settings {
		if s.Secret && slices.ContainsFunc(c.Uses, func(u command.Use) bool { return u.Name == seed.Variable(s.Name) }) {
			p.Lose(seed.AtSettings.Index(i), fmt.Sprintf("the secret %q is an argument of the command, which users of the same host can see", s.Name))
		}
	}
}

// loseWordless says that a job is not run if no word of its command is left, and how the image starts by itself is not known.
func (j *Job) loseWordless(p *Package) {
	start := j.Image.Start
	if start != nil && (len(start.Entrypoint) > 0 || len(start.Cmd) == 0) || strings.TrimSpace(j.Job.Interface.Command) == "" {
		return
	}
	least := map[string]string{}
	for _, each := range j.Parameters {
		if each.Required && each.Variable != "" {
			if least[each.Variable] = "x"; each.Kind == Setting || each.Kind == Secret || each.Type == "string" {
				least[each.Variable] = "" // which may be given
			}
		}
	}
	for _, a := range j.Requirements.All {
		least[a.Variable()] = "1.0"
	}
	if words, err := command.Expand(j.Job.Interface.Command, least); err == nil && len(words) == 0 {
		p.Lose(seed.AtCommand, "if no word of the command is left, the launcher ends with an error: the image's CMD would take its place, and no ENTRYPOINT is known that could start it alone")
	}
}

// LoseMultipliers says which amounts are fixed, although they grow with the size of the input.
func (j *Job) LoseMultipliers(p *Package, of ...Amount) {
	for _, a := range of {
		if a.Multiplier > 0 {
			p.Lose(a.Pointer, fmt.Sprintf("the size of the input is not known when the job is submitted, so %s of %s is asked for without inputMultiplier; %s is right in the run",
				a.text(), a.Name, a.Variable()))
		}
	}
}

// LoseApptainer says what Apptainer does not do. It is said if it may be the runtime.
func (j *Job) LoseApptainer(p *Package) {
	if j.Options.Runtime != Auto && j.Options.Runtime != "apptainer" {
		return
	}
	what := []string{"the image's USER", "the isolation from the network", "the size of /dev/shm", "the limit of memory"}
	if j.Image.Start == nil || !j.Image.Start.Configured {
		what = append(what, "the image's WORKDIR")
	}
	p.Lose(seed.AtJob, "with apptainer, the job runs as its caller: "+strings.Join(what, ", ")+" are not kept")
}
