package cli

import (
	"context"
	"errors"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
)

// takeMigrated opens an image of JobPack or of an older Seed, and makes its manifest. Open questions end the command.
func (b *batch) takeMigrated(ctx context.Context, image string, answers []migrate.Answer) error {
	from, err := source.Parse(image)
	if err != nil {
		return exit.Usage(err)
	}
	b.found.args, b.found.images = []string{image}, true
	img, err := b.options.Remote.Open(ctx, from)
	if err != nil {
		return err
	}
	manifest, err := b.migrate(img, answers)
	if err != nil {
		return errors.Join(err, img.Close())
	}
	b.tasks = []pipeline.Task{{Job: &job.Job{Path: from.String(), Manifest: manifest}, Image: img}}
	return nil
}

// migrate makes the manifest of an image.
func (b *batch) migrate(img *source.Image, answers []migrate.Answer) (*seed.Manifest, error) {
	old, err := oldOfImage(img)
	if err != nil {
		return nil, err
	}
	r, _, err := convert(old, answers)
	if err == nil && len(r.Questions) > 0 && b.out.text() && b.out.process.person() {
		a := newAsker(b.out.process.Stdin, b.out.process.Stderr)
		if answers, err = a.questions(old, r, answers); err == nil {
			r, _, err = convert(old, answers)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case len(r.Manifests) > 1:
		return nil, exit.Usagef("%s holds %d jobs, and a Seed image holds one: write their manifests with seedpack migrate -o, and publish the image --against each",
			old.path, len(r.Manifests))
	}
	for _, l := range r.Losses {
		sayf(b.out.process.Stderr, "seedpack: %s: %s: %s", old.path, l.From, l.Message)
	}
	if len(r.Questions) > 0 {
		return nil, b.openQuestions(old, r)
	}
	return seed.Parse(r.Manifests[0].Text()), nil
}

// openQuestions prints the questions as findings, in any format.
func (b *batch) openQuestions(old *oldManifest, r *migrate.Result) error {
	found := &diag.Report{Path: old.path}
	for _, q := range r.Questions {
		found.Add(diag.Diagnostic{Rule: migrateQuestion, Message: q.Message})
	}
	b.found.judge(found, diag.Policy{})
	if err := errors.Join(b.out.print(&b.found, nil), b.out.writeFiles(&b.found)); err != nil {
		return err
	}
	sayf(b.out.process.Stderr, "%s: not published: answer the questions", old.path)
	return exit.Findings
}
