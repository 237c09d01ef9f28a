package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

type smokeOptions struct {
	sharedFlags     sharedFlags
	build           buildFlags
	manifest, image string
	repeat          int
	update, yes     bool
}

func newSmokeCommand(p *Process) *cobra.Command {
	o := &smokeOptions{}
	cmd := &cobra.Command{
		Use:   "smoke [DIR...]",
		Short: "Build jobs and run them as an executor would; export nothing",
		Long: `Smoke builds each job and runs it as an executor would, in the cases of seed.smoke.yaml or in one
made from the manifest, and says which promises of the manifest are not kept.

With --update, each case runs twice, and what the runs left is written into seed.smoke.yaml as what is
expected: counts, sizes and media types of outputs, values of JSON outputs, and digests where the runs
agree. Comments and order stay. Smoke shows the difference and asks, or with --yes does not ask.

With --image nothing is built: that image is run, held to the manifest in DIR, or without DIR to the
one in its own label.`,
		Example: `  seedpack smoke jobs/tiler
  seedpack smoke jobs/tiler --update
  seedpack smoke jobs/tiler --repeat 5
  seedpack smoke --image docker-daemon:tiler:test jobs/tiler
  seedpack smoke --image registry.example.com/team/tiler-1.0.0-seed:1.0.0`,
		Annotations: pathArgs(wholePath),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.sharedFlags.smoke.mode == smokeOff {
				return exit.Usagef("smoke --smoke off would do nothing: seedpack pack --smoke off builds without a smoke run")
			}
			if err := o.checkRepeat(cmd.Flags().Changed("repeat")); err != nil {
				return err
			}
			if o.image != "" {
				if err := refuseBuildFlags(cmd.Flags()); err != nil {
					return err
				}
			}
			return smokeJobs(cmd.Context(), p, o, args)
		},
	}
	s := cmd.Flags()
	o.sharedFlags.add(s)
	o.build.add(s)
	manifestVar(s, &o.manifest)
	pathVar(s, &o.image, "image", "", imagePath, "try an image that was built elsewhere: "+source.Forms)
	s.IntVar(&o.repeat, "repeat", 1, "run each case so often, and report outputs that differ between runs")
	s.BoolVar(&o.update, "update", false, "write what the runs left into the smoke file, as what is expected; each case runs twice at least")
	s.BoolVarP(&o.yes, "yes", "y", false, "with --update: write without asking")
	hide(s, exportFlags...)
	return cmd
}

// checkRepeat refuses numbers that mean nothing, and flags without effect.
func (o *smokeOptions) checkRepeat(given bool) error {
	const most = 1000
	switch {
	case o.repeat < 1 || o.repeat > most:
		return exit.Usagef("--repeat %d must be 1 to %d", o.repeat, most)
	case o.update && given && o.repeat == 1:
		return exit.Usagef("--repeat 1: --update compares two runs at least")
	case o.yes && !o.update:
		return exit.Usagef("--yes is for --update: nothing else asks")
	case o.update:
		o.repeat = max(o.repeat, 2)
	}
	return nil
}

func smokeJobs(ctx context.Context, p *Process, o *smokeOptions, args []string) error {
	session, err := o.sharedFlags.options(p, nil, &o.build)
	if err != nil {
		return err
	}
	b := &batch{session: session, do: (*pipeline.Pipeline).Try, words: smokeWords, found: findings{command: "smoke"}}
	b.options.Smoke.Repeat, b.options.Smoke.Update = o.repeat, o.update
	if o.update {
		b.after = (&smokeUpdate{process: p, yes: o.yes, person: p.person()}).job
	}
	if err := b.take(ctx, o.image, o.manifest, args); err != nil {
		return err
	}
	return b.run(ctx)
}

var smokeWords = words{
	did: "tried",
	refused: func(t pipeline.Task) string {
		if t.Image != nil {
			return t.Image.Source.String() + ": refused, see above"
		}
		return t.Path + ": not as it should be, see above"
	},
	done: func(r *pipeline.Result, took time.Duration) string { return tried(r, took) + "; nothing exported" },
}
