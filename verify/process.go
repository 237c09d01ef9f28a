package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// process returns the run of a case, or the finding that prevents it.
func (e *environment) process(cfg pack.Config, m *seed.Manifest, c *cases.Case, opt Options) (pack.Process, *diag.Diagnostic) {
	args, err := e.arguments(cfg, m.Job.Interface.Command)
	switch {
	case err != nil:
		return pack.Process{}, refuse(m, err)
	case len(args) == 0:
		return pack.Process{}, &diag.Diagnostic{Rule: nothingToRun, Pointer: "/job",
			Message: "the image has neither ENTRYPOINT nor CMD and the manifest no command, there should be a program to run"}
	}
	p := pack.Process{
		Name: oneLine(c.Name), Args: args, Unset: e.unset, Secrets: e.secrets, User: cmp.Or(c.RunAs, cfg.User), Mounts: e.mounts,
		Network:   c.Network,
		OutputDir: outputDir, SharedMem: e.bytes("sharedMem"), Timeout: timeout(m, c, opt), Grace: opt.Grace,
		Collect: []string{seed.OutputsFile, "*" + seed.SideCarSuffix, "*/*" + seed.SideCarSuffix, "*/*/*" + seed.SideCarSuffix},
	}
	for _, out := range m.Job.Interface.Outputs.Files {
		pattern := strings.ReplaceAll(out.Pattern, "[!", "[^") // the supervisor uses path.Match, which negates with ^ instead of !
		compared := opt.Repeat > 1 || opt.Update
		if compared || c.Expect.Outputs[out.Name].WantsContent() {
			p.Collect = append(p.Collect, pattern)
		}
		if compared {
			p.Sum = append(p.Sum, pattern)
		}
	}
	if mem := e.bytes("mem"); mem > 0 {
		// The limit is for the whole container. The declared amount is for the job (S-3.1.4-01).
		p.Memory = mem + wire.MemoryReserve
	}
	p.CPUs = e.allocated["cpus"]
	for name, value := range e.set {
		p.Env = append(p.Env, name+"="+value)
	}
	slices.Sort(p.Env)
	return p, nil
}

// oneLine returns a name without line breaks and other control characters.
func oneLine(name string) string { return strings.Trim(strconv.Quote(name), `"`) }

func refuse(m *seed.Manifest, err error) *diag.Diagnostic {
	d := &diag.Diagnostic{Rule: commandRefused, Pointer: seed.AtCommand, Message: err.Error()}
	var at *command.Error
	if errors.As(err, &at) {
		span := m.Source.StringSpan(seed.AtCommand, at.Start, at.End)
		d.Span = &span
		if d.Message = at.What; !at.Syntax {
			d.Message = fmt.Sprintf("%s in the command needs a shell, which no executor has", at.What)
		}
	}
	return d
}

// timeout returns the least timeout of the manifest, the case and the caller.
func timeout(m *seed.Manifest, c *cases.Case, opt Options) time.Duration {
	t := declaredTimeout(m)
	for _, other := range []time.Duration{c.Timeout, opt.Timeout} {
		if other > 0 && (t <= 0 || other < t) {
			t = other
		}
	}
	return t
}

func declaredTimeout(m *seed.Manifest) time.Duration {
	const most = 365 * 24 * time.Hour
	if m.Job.Timeout <= 0 || m.Job.Timeout > int64(most/time.Second) {
		return most
	}
	return time.Duration(m.Job.Timeout) * time.Second
}
