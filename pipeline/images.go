package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// CompareImages returns what differs between two images, platform by platform, besides their manifests. It reads layers only
// if they differ. The manifests are those of the labels; nil ones are not known.
func CompareImages(old, new *source.Image, was, is *seed.Manifest, how source.Exactness) ([]compare.Change, error) {
	return compareImages(old, new, was, is, func(platform string) (*compare.Files, error) {
		d, err := source.DifferentFiles(platformOf(old, platform), platformOf(new, platform), how)
		if err != nil {
			return nil, fmt.Errorf("compare the files of %s and %s: %w", old.Source, new.Source, err)
		}
		return &compare.Files{Added: d.Added, Removed: d.Removed, Changed: d.Changed, Unlisted: compare.Unlisted(d.Unlisted)}, nil
	})
}

// compareImages is CompareImages, with a function that says which files of a platform differ, if its layers do.
func compareImages(old, new *source.Image, was, is *seed.Manifest, files func(platform string) (*compare.Files, error)) ([]compare.Change, error) {
	before, err := comparable(old, was)
	if err != nil {
		return nil, err
	}
	after, err := comparable(new, is)
	if err != nil {
		return nil, err
	}
	return compare.Images(before, after, files)
}

// platformOf returns the image of a platform that is there.
func platformOf(img *source.Image, name string) source.Platform {
	for _, p := range img.Platforms {
		if p.Name == name {
			return p
		}
	}
	return source.Platform{}
}

// comparable returns the platforms of an image as they are compared. Labels that Seedpack has made from the manifest are left
// out: the manifests are compared by themselves.
func comparable(img *source.Image, m *seed.Manifest) (all []compare.Platform, err error) {
	for _, p := range img.Platforms {
		text, err := p.Image.RawConfigFile()
		if err != nil {
			return nil, err
		}
		var document map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&document); err != nil {
			return nil, fmt.Errorf("read the configuration of %s: %w", img.Source, err)
		}
		config, _ := document["config"].(map[string]any)
		if labels, ok := config["Labels"].(map[string]any); ok && m != nil {
			for name, value := range pack.Attributes(m, "", "", time.Time{}) {
				if name = pack.AttributePrefix + name; labels[name] == value {
					delete(labels, name)
				}
			}
		}
		one := compare.Platform{Name: p.Name, Config: config, History: history(document["history"])}
		for _, id := range p.Config.RootFS.DiffIDs {
			one.DiffIDs = append(one.DiffIDs, id.String())
		}
		all = append(all, one)
	}
	return all, nil
}

// history returns the steps of an image's history, without their times.
func history(v any) string {
	steps, _ := v.([]any)
	for _, step := range steps {
		if step, ok := step.(map[string]any); ok {
			delete(step, "created")
		}
	}
	return compare.Text(steps)
}
