package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

type publishOptions struct {
	sharedFlags  sharedFlags
	publish      publishFlags
	against      string
	migrate      bool
	answers      answerFlags
	metadataFile string
}

func newPublishCommand(p *Process) *cobra.Command {
	o := &publishOptions{publish: publishFlags{push: "true"}}
	cmd := &cobra.Command{
		Use:   "publish SOURCE",
		Short: "Smoke, push, verify and name an image that was built elsewhere",
		Long: `Publish takes an image that another tool built the rest of pack's way: it is run as an executor
would run it, pushed by digest, read back and verified, and only then named as its manifest says.

SOURCE is ` + source.Forms + `.
It is one image, or an index over those of several platforms.

The manifest is the one in the image's label. --against names another, or that of an image without
a label: the label is then set on every platform that lacks it or holds another manifest. Layers
stay byte for byte what they are, and an image that has its label stays so as a whole.

With --migrate the image is one of JobPack or of an older version of Seed: its manifest is made
from its label as seedpack migrate does, and it is published under its Seed name.`,
		Example: `  seedpack publish docker-daemon:tiler:build --against jobs/tiler \
    --registry registry.example.com/team
  seedpack publish oci-archive:tiler.tar --registry registry.example.com/team --if-exists skip
  seedpack publish old.example.com/tiler-jobpack:1.0 --migrate --registry registry.example.com/team`,
		Args:        cobra.ExactArgs(1),
		Annotations: pathArgs(imagePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return publishImage(cmd.Context(), p, o, args[0]) },
	}
	s := cmd.Flags()
	o.sharedFlags.add(s)
	o.publish.add(s)
	s.Lookup("push").Usage = "publish: true, false (try only), or auto (for tags and releases in CI)"
	pathVar(s, &o.against, "against", "", wholePath, "the job's directory or manifest, for an image without a label or with another one")
	s.BoolVar(&o.migrate, "migrate", false, "make the manifest from the label of JobPack or of an older Seed")
	o.answers.add(s)
	metadataVar(s, &o.metadataFile)
	return cmd
}

func publishImage(ctx context.Context, p *Process, o *publishOptions, image string) error {
	if o.publish.registry == "" && o.publish.push == "true" {
		return exit.Usagef("publish needs --registry HOST[/NAMESPACE]: where should the image go?")
	}
	answers, err := o.migration()
	if err != nil {
		return err
	}
	session, err := o.sharedFlags.options(p, &o.publish, nil)
	if err != nil {
		return err
	}
	b := &batch{session: session, do: (*pipeline.Pipeline).Pack, found: findings{command: "publish", category: "pack"},
		publishing: &o.publish, dryRun: o.publish.dryRun, metadataFile: o.metadataFile}
	b.words = publishWords(func() bool { return b.options.Publish != nil })
	if o.migrate {
		err = b.takeMigrated(ctx, image, answers)
	} else {
		err = b.take(ctx, image, o.against, nil)
	}
	if err != nil {
		return err
	}
	return b.run(ctx)
}

// migration returns the answers for --migrate, and refuses flags that do not fit it.
func (o *publishOptions) migration() ([]migrate.Answer, error) {
	switch {
	case o.migrate && o.against != "":
		return nil, exit.Usagef("--migrate makes the manifest from the label, --against names another one: give one of them")
	case !o.migrate && (len(o.answers.set) > 0 || o.answers.email != ""):
		return nil, exit.Usagef("--set and --maintainer-email are for --migrate")
	}
	return o.answers.options()
}

// publishWords asks whether the image was to be published, once that is decided.
func publishWords(push func() bool) words {
	return words{
		did: "packed",
		refused: func(t pipeline.Task) string {
			if push() {
				return t.Image.Source.String() + ": not published, see above"
			}
			return t.Image.Source.String() + ": refused, see above"
		},
		done: func(r *pipeline.Result, took time.Duration) string {
			if line := published(r); line != "" {
				return line
			}
			return tried(r, took) + "; nothing exported"
		},
	}
}
