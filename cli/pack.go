package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pipeline"
)

type packOptions struct {
	sharedFlags           sharedFlags
	build                 buildFlags
	publish               publishFlags
	base                  baseFlags
	manifest              string
	outputs               []string
	load                  bool
	metadataFile, iidFile string
}

func newPackCommand(p *Process) *cobra.Command {
	o := &packOptions{publish: publishFlags{push: "false"}}
	cmd := &cobra.Command{
		Use:   "pack [DIR...]",
		Short: "Lint, build, smoke, push, verify and name jobs",
		Long: `Pack takes each job from its manifest to its published image. What the smoke run tried is
what is pushed; it is pushed by digest, read back and verified, and only then named.

DIR holds seed.manifest.json and a Dockerfile, and is the build context. Without one it is
the working directory. Jobs are independent: one that fails stops no other.

Without --push and --output nothing leaves the builder.`,
		Example: `  seedpack pack
  seedpack pack jobs/tiler --registry registry.example.com/team --push
  seedpack pack --output type=oci,dest=job.tar`,
		Annotations: pathArgs(wholePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return packJobs(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.sharedFlags.add(s)
	o.build.add(s)
	o.publish.add(s)
	o.base.add(s, baseUsage)
	manifestVar(s, &o.manifest)
	pathsVar(s, &o.outputs, "output", "o", outputPath, "type=oci|docker|tar|local,dest=FILE|DIR|-[,tar=false]: write the image or its files there, once all is verified")
	s.BoolVar(&o.load, "load", false, "hand the image to the Docker Engine, once all is verified")
	metadataVar(s, &o.metadataFile)
	writtenVar(s, &o.iidFile, "iidfile", "write the image's ID to a file, of several platforms the digest of the index")
	return cmd
}

func packJobs(ctx context.Context, p *Process, o *packOptions, args []string) error {
	session, err := o.sharedFlags.options(p, &o.publish, &o.build)
	if err != nil {
		return err
	}
	b := &batch{session: session, do: (*pipeline.Pipeline).Pack, words: packWords, found: findings{command: "pack"},
		publishing: &o.publish, dryRun: o.publish.dryRun, metadataFile: o.metadataFile, iidFile: o.iidFile}
	if b.base, err = newBaseline(p, o.base.base, o.publish.registry, b.options.Remote); err != nil {
		return err
	}
	if b.options.Outputs, err = readOutputs(o.outputs, b.out); err != nil {
		return err
	}
	if o.load {
		b.docker = &engine.DockerHost{Getenv: p.Getenv}
		b.options.Outputs = append(b.options.Outputs,
			pack.Output{Type: "docker", Dest: "the Docker Engine", Load: b.docker.Load, LoadInto: b.docker.Address(), Runs: b.docker.Platform})
	}
	b.check = func() error { return checkID(o, len(b.tasks), len(b.options.Outputs)) }
	if err := b.take(ctx, "", o.manifest, args); err != nil {
		return err
	}
	return b.run(ctx)
}

var packWords = words{
	did:     "packed",
	refused: func(t pipeline.Task) string { return t.Path + ": not packed, see above" },
	done: func(r *pipeline.Result, took time.Duration) string {
		if line := published(r); line != "" {
			return line
		}
		if written := r.Written(); len(written) > 0 {
			return tried(r, took) + ", written to " + strings.Join(written, ", ")
		}
		return tried(r, took) + "; nothing exported: --push publishes it, --output writes it to a file"
	},
}

// readOutputs reads --output. An image on standard output leaves no room there for other things.
func readOutputs(specs []string, out *printer) (all []pack.Output, err error) {
	for _, spec := range specs {
		o, err := pack.ParseOutput(spec)
		if err != nil {
			return nil, exit.Usage(err)
		}
		all = append(all, o)
	}
	for i := range all {
		if all[i].Dest == "-" {
			all[i].Stdout = out.process.Stdout
			return all, out.aside()
		}
	}
	return all, nil
}

// checkID refuses --iidfile if there is not one image to write the ID of.
func checkID(o *packOptions, jobs, outputs int) error {
	if o.iidFile != "" && jobs > 1 {
		return exit.Usagef("--iidfile is for one job, not for %d: --metadata-file has the IDs of all", jobs)
	}
	if o.iidFile != "" && o.publish.push == "false" && outputs == 0 {
		return exit.Usagef("--iidfile needs --push, --output or --load: an image that goes nowhere has no ID")
	}
	return nil
}
