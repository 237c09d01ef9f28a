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
}

func newSmokeCommand(p *Process) *cobra.Command {
	o := &smokeOptions{}
	cmd := &cobra.Command{
		Use:   "smoke [DIR...]",
		Short: "Build jobs and run them as an executor would; export nothing",
		Long: `Smoke builds each job and runs it as an executor would, in the cases of seed.smoke.yaml or in one
made from the manifest, and says which promises of the manifest are not kept.

With --image nothing is built: that image is run, held to the manifest in DIR, or without DIR to the
one in its own label.`,
		Example: `  seedpack smoke jobs/tiler
  seedpack smoke --image docker-daemon:tiler:test jobs/tiler
  seedpack smoke --image registry.example.com/team/tiler-1.0.0-seed:1.0.0`,
		Annotations: pathArgs(wholePath),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.sharedFlags.smoke.mode == smokeOff {
				return exit.Usagef("smoke --smoke off would do nothing: seedpack pack --smoke off builds without a smoke run")
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
	hide(s, exportFlags...)
	return cmd
}

func smokeJobs(ctx context.Context, p *Process, o *smokeOptions, args []string) error {
	session, err := o.sharedFlags.options(p, nil, &o.build)
	if err != nil {
		return err
	}
	b := &batch{session: session, do: (*pipeline.Pipeline).Try, words: smokeWords, found: findings{command: "smoke"}}
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
