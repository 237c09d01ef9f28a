package cli

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

// imageOf says where the other system finds the image, and how it starts.
func (o *exportOptions) imageOf(p *Process, t pipeline.Task) (image export.Image, losses []export.Note, err error) {
	image.Platforms = o.platform
	if image.Reference = o.image; image.Reference == "" {
		if image.Reference, err = pack.Name(t.Manifest, o.registry); err != nil {
			return image, nil, err
		}
	}
	if t.Image == nil {
		if o.image == "" || !strings.Contains(o.image, "@") {
			losses = append(losses, export.Note{Pointer: "/job", Message: "the image is not pinned by its digest, since it need not be built yet: export the published image for that"})
		}
		err = startOf(p, &t, &image)
		return image, losses, err
	}
	pinned, named := pinnedReference(t.Image)
	switch {
	case t.Image.Reference != nil && o.image == "":
		image.Reference = pinned
	case o.image == "" && o.registry == "" && named != "":
		image.Reference = named
		fallthrough
	default:
		image.Reference = pin(image.Reference, t.Image.Digest)
		losses = append(losses, export.Note{Pointer: "/job", Message: "the other system does not read " + t.Image.Source.String() + ": push or load the image as " + image.Reference})
	}
	for _, platform := range t.Image.Platforms {
		if len(o.platform) == 0 {
			image.Platforms = append(image.Platforms, platform.Name)
		}
	}
	if len(t.Image.Platforms) > 0 {
		cfg := t.Image.Platforms[0].Config.Config
		image.Start = &export.Start{Entrypoint: cfg.Entrypoint, Cmd: cfg.Cmd, User: cfg.User, WorkingDir: cfg.WorkingDir, Configured: true}
	}
	return image, losses, nil
}

// pinnedReference returns the reference of an image in a registry with its digest, and the name of one from elsewhere.
func pinnedReference(i *source.Image) (pinned, named string) {
	if i.Reference != nil {
		return i.Reference.Context().Name() + "@" + i.Digest, ""
	}
	if _, err := reference.ParseNormalizedNamed(i.Name); err == nil && strings.ContainsAny(i.Name, "/:") {
		return "", i.Name
	}
	return "", ""
}

// pin adds a digest to a reference that has none. The tag goes, since runtimes disagree on references with both.
func pin(name, digest string) string {
	parsed, err := reference.ParseNormalizedNamed(name)
	if err != nil || digest == "" {
		return name
	}
	if _, ok := parsed.(reference.Digested); ok {
		return name
	}
	return reference.FamiliarName(parsed) + "@" + digest
}

// startOf reads from the Dockerfile how the image of a job will start. Without one it is unknown.
func startOf(p *Process, t *pipeline.Task, image *export.Image) error {
	if t.Dir == "" {
		return nil
	}
	file := t.Build.File
	if file == "" {
		file, _ = job.Dockerfile(t.Dir)
	}
	if err := p.roots.Check(file); err != nil {
		return err
	}
	text, err := disk.ReadFile(file, disk.MaxText)
	if err != nil {
		return nil // the image may be built in another way
	}
	if start, ok := dockerfile.ReadStart(text, t.Build.Target); ok {
		image.Start = &export.Start{Entrypoint: start.Entrypoint, Cmd: start.Cmd}
	}
	return nil
}
