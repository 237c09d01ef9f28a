package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pack/engine"
)

type doctorOptions struct {
	engine engineFlags
	format string
}

func newDoctorCommand(p *Process) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what jobs are built with here, and what that can and cannot do",
		Long: `Doctor looks for an engine as pack does: --builder, else SEEDPACK_BUILDER, BUILDKIT_HOST and
BUILDX_BUILDER, the current buildx builder, the Docker Engine, a private buildkitd. It says which one is
found and why not those before it, what it can do, what is lost with it, and what to do about it.

Of a builder with several nodes it lists each, and the platforms that it builds for.

The exit status is 0 when a job can be packed, and 3 when not.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return diagnose(cmd.Context(), p, o) },
	}
	o.engine.add(cmd.Flags())
	cmd.Flags().StringVar(&o.format, "format", formatText, "how to print: text or json")
	oneOf(cmd.Flags(), "format", formatText, formatJSON)
	return cmd
}

func diagnose(ctx context.Context, p *Process, o *doctorOptions) error {
	format := valueFormat(o.format)
	if err := format.check(); err != nil {
		return err
	}
	options, err := o.engine.options(p)
	if err != nil {
		return err
	}
	p.useEngine(1)
	d, err := engine.Diagnose(ctx, options)
	p.useEngine(-1)
	return errors.Join(err, format.print(p.Stdout, func(w io.Writer) error { return diagnosisJSON(w, d, err) }, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		diagnosisText(table, d)
		return table.Flush()
	}))
}

func diagnosisJSON(w io.Writer, d *engine.Diagnosis, err error) error {
	doc := struct {
		SchemaVersion int `json:"schemaVersion"`
		*engine.Diagnosis
		Error string `json:"error,omitempty"`
	}{SchemaVersion: 1, Diagnosis: d}
	if err != nil {
		doc.Error = err.Error()
	}
	return report.Encode(w, doc)
}

// diagnosisText prints a table. Each cell may be foreign text.
func diagnosisText(w io.Writer, d *engine.Diagnosis) {
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = report.Escape(cells[i])
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	for _, way := range d.Ways {
		mark := "-"
		if way.Taken {
			mark = "*"
		}
		row(mark+" "+way.Way, way.Answer)
	}
	for _, n := range d.Nodes {
		row("")
		nodeText(row, &n)
	}
	if d.Engine != nil && len(d.Nodes) == 0 {
		row("")
		engineText(row, d.Engine)
	}
	row("")
	hostText(row, &d.Host)
}

func nodeText(row func(...string), n *engine.Node) {
	switch {
	case n.Error != "":
		row("node "+n.Name, "does not answer: "+n.Error)
		return
	case len(n.Builds) == 0:
		row("node "+n.Name, "builds nothing: nodes before it have all of its platforms")
	default:
		row("node "+n.Name, "builds for "+strings.Join(n.Builds, ", "))
	}
	engineText(row, n.Engine)
}

func engineText(row func(...string), e *engine.Info) {
	row("engine", e.From)
	row("version", engineVersion(e))
	row("platforms", enginePlatforms(e))
	row("")
	for _, a := range e.Abilities {
		if a.Can {
			row(a.Name, "yes")
			continue
		}
		row(a.Name, "no: "+a.Lost)
		row("", "    "+a.Do)
	}
}

func engineVersion(e *engine.Info) string {
	var all []string
	if e.Docker != "" {
		all = append(all, "Docker Engine "+e.Docker+" with its "+e.Store+" image store")
	}
	if e.BuildKit != "" {
		all = append(all, "BuildKit "+e.BuildKit)
	}
	if len(all) == 0 {
		return "it does not say"
	}
	return strings.Join(all, ", ")
}

func enginePlatforms(e *engine.Info) string {
	var all []string
	for _, platform := range e.Platforms {
		if !platform.Native {
			platform.Name += " (emulated)"
		}
		all = append(all, platform.Name)
	}
	return strings.Join(all, ", ")
}

func hostText(row func(...string), h *engine.HostInfo) {
	or := func(value, other string) string {
		if value == "" {
			return other
		}
		return value
	}
	row("runc or crun", or(h.Runtime, "neither is there: a private buildkitd needs one (apt-get install runc)"))
	if h.Root {
		row("user", "root")
	} else {
		row("rootlesskit", or(h.Rootless, "not there: without root a private buildkitd needs it (apt-get install rootlesskit uidmap slirp4netns)"))
	}
	switch {
	case h.Cache == "":
		row("cache", "there is no directory for it: set HOME or XDG_CACHE_HOME")
	case h.CacheFree == 0:
		row("cache", h.Cache)
	default:
		row("cache", h.Cache+", with "+units.HumanSize(float64(h.CacheFree))+" free")
	}
	credentials := or(strings.Join(h.Credentials, ", "), "none in the Docker configuration")
	if h.Helper != "" {
		credentials += ", and what docker-credential-" + h.Helper + " keeps"
	}
	row("credentials for", or(h.Unreadable, credentials))
}
