package main

import (
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

func newPublishCommand(p *program) *cobra.Command {
	flags := &packFlags{pushWhen: "true"}
	var against string
	cmd := &cobra.Command{
		Use:   "publish SOURCE",
		Short: "Smoke, push, verify and name an image that was built elsewhere",
		Long: `Publish takes an image that another tool built the rest of pack's way: it is run as an executor
would run it, pushed by digest, read back and verified, and only then named as its manifest says.

SOURCE is ` + source.Forms + `.
It is one image, or an index over those of several platforms.

The manifest is the one in the image's label. --against names another, or that of an image without
a label: the label is then set on every platform that lacks it or holds another manifest. Layers
stay byte for byte what they are, and an image that has its label stays so as a whole.`,
		Example: `  seedpack publish docker-daemon:tiler:build --against jobs/tiler --registry registry.example.com/team
  seedpack publish oci-archive:tiler.tar --registry registry.example.com/team --if-exists skip`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.registry == "" && flags.pushWhen == "true" {
				return exit.Usagef("publish needs --registry HOST[/NAMESPACE]: where should the image go?")
			}
			flags.image = args[0]
			var dirs []string
			if against != "" {
				dirs = []string{against}
			}
			return p.pack(cmd.Context(), flags, dirs)
		},
	}
	flags.register(cmd)
	flags.registerRun(cmd)
	flags.registerPublish(cmd)
	flags.skipBuild()
	cmd.Flags().StringVar(&against, "against", "", "the job's directory or manifest, for an image without a label or with another one")
	cmd.Flags().StringVar(&flags.registry, "registry", "", "HOST[/NAMESPACE] to publish to")
	cmd.Flags().StringVar(&flags.pushWhen, "push", "true", "publish: true, false (try only), or auto (for tags and releases in CI)")
	cmd.Flags().StringVar(&flags.metadataFile, "metadata-file", "", "write to a file what --format json prints: names, digests, sizes, times, findings")
	return cmd
}

// attestationsDropped is about what another tool attached to an image that publish changes.
var attestationsDropped = &diag.Rule{ID: "attestations-dropped", Severity: diag.Warning,
	Summary: "an image that is attested should have its label from the beginning",
	Doc: "Provenance and bills of materials speak of an image by its digest. Setting the label makes another image of it, which they\n" +
		"do not speak of, so they are left out. Let the tool that builds the image set the label: seedpack label prints it for\n" +
		"Dockerfiles and for the labels of other build actions."}

// checkAttestations says what publishing takes from the image; nil where that is nothing.
func (r *packRun) checkAttestations(j *task) *diag.Report {
	if !r.push || j.image == nil || !j.image.Attested() {
		return nil
	}
	label, err := pack.EncodeLabel(j.Manifest.Source.Text)
	if err != nil {
		return nil // packing says why
	}
	for _, p := range j.image.Platforms {
		if !pack.Labelled(p.Config.Config.Labels, label) {
			report := &diag.Report{Path: j.Path, Source: j.Manifest.Source}
			report.Add(diag.Diagnostic{Rule: attestationsDropped, Pointer: "/job",
				Message: "the attestations of the image are left out, since its label " + seed.Label + " has to be set",
				Hint:    "set it where the image is built: seedpack label prints it for other tools"})
			return report
		}
	}
	return nil
}
