package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// registerImage is for commands that take an image that was built elsewhere in place of building one.
func (f *packFlags) registerImage(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.image, "image", "", "try an image that was built elsewhere: "+source.Forms)
	cmd.Flags().BoolVar(&f.insecureRegistry, "insecure-registry", false, "plain http also to a registry that is not on this machine")
}

// skipBuild sets the defaults of the flags for building, on a command that has none of them.
func (f *packFlags) skipBuild() { f.registerOptions(&cobra.Command{}) }

// checkImage refuses flags that say how to build what is built already.
func (f *packFlags) checkImage(cmd *cobra.Command) error {
	if f.image == "" {
		return nil
	}
	building := &cobra.Command{}
	(&buildFlags{}).registerOptions(building)
	names := []string{"file", "context", "target", "build-arg", "build-context"}
	building.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return exit.Usagef("--%s is for building, the image of --image is built already: leave it out", name)
		}
	}
	return nil
}

// imageJob is a job whose image was built elsewhere. Its manifest is the one in the directory that is given, or else that
// of the image's own label. The caller closes the job.
func (p *program) imageJob(ctx context.Context, f *packFlags, args []string) (_ *task, err error) {
	from, err := source.Parse(f.image)
	if err != nil {
		return nil, exit.Usage(err)
	}
	j := &task{Job: &job.Job{Path: from.String()}}
	if f.manifest != "" {
		args = []string{f.manifest}
	}
	if len(args) > 0 {
		if j.Job, err = job.ReadOne(args, p.stdin); err != nil {
			return nil, err
		}
	}
	if j.image, err = p.registry(f).Open(ctx, from); err != nil {
		return nil, err
	}
	if j.Manifest != nil {
		return j, nil
	}
	var found *diag.Report
	if j.Manifest, found = verify.FromLabel(j.image); j.Manifest == nil {
		j.Manifest, j.unlabelled = seed.Parse(nil), found
	}
	return j, nil
}

func (p *program) registry(f *packFlags) registry.Registry {
	return registry.Registry{UserAgent: "seedpack/" + programVersion(), Insecure: f.insecureRegistry, Transport: f.trust.Transport,
		Save: p.docker().Save}
}

// docker is the Docker Engine that this machine's environment names.
func (p *program) docker() engine.DockerHost { return engine.DockerHost{Getenv: p.getenv} }

func closeJobs(jobs []*task) error {
	var errs []error
	for _, j := range jobs {
		if j.image != nil {
			errs = append(errs, j.image.Close())
		}
	}
	return errors.Join(errs...)
}

// refuseUnlabelled ends a job that has no manifest, because its image carries none.
func (r *packRun) refuseUnlabelled(result *packed) error {
	found := result.job.unlabelled
	for i := range found.Diagnostics {
		if d := &found.Diagnostics[i]; d.Hint == "" {
			d.Hint = fmt.Sprintf("say where the manifest is: give the directory of %s", seed.ManifestFile)
		}
	}
	result.add(found)
	r.fails(result)
	return exit.Findings
}

// checkMaterial judges what the image is made from beside the manifest: the Dockerfile, or the image that there is.
func (r *packRun) checkMaterial(j *task, file dockerfileText) *diag.Report {
	switch {
	case j.judged:
		return nil
	case j.image != nil:
		return verify.Labels(j.image, j.Manifest, j.Path)
	}
	return dockerfile.Check(file.Path, file.text, j.Manifest)
}

// refusal is the last line about a job that has findings.
func (r *packRun) refusal(j *task) string {
	switch {
	case r.single != nil, r.smokeOnly && j.image == nil:
		return j.Path + ": not as it should be, see above"
	case j.image == nil:
		return j.Path + ": not packed, see above"
	case r.push:
		return j.image.Source.String() + ": not published, see above"
	}
	return j.image.Source.String() + ": refused, see above"
}

// unclear is the last line about a job of which nothing was found out, for a reason that stands above.
func (r *packRun) unclear(j *task, status int) string {
	done := "packed"
	switch {
	case r.single != nil:
		done = "run"
	case r.smokeOnly:
		done = "tried"
	}
	if status == exit.StatusUsage {
		return fmt.Sprintf("%s: not %s, see above", j.Path, done)
	}
	return fmt.Sprintf("%s: not %s, we could not find out whether it can be", j.Path, done)
}
