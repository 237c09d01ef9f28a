package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/verify"
)

// A measured is one smoke case on one platform, as JSON has it.
type measured struct {
	Platform string         `json:"platform"`
	Name     string         `json:"name"`
	Verdict  string         `json:"verdict"`           // passed, failed, inconclusive or skipped
	Reason   string         `json:"reason,omitempty"`  // why it was skipped or is inconclusive
	Usage    *measuredUsage `json:"usage,omitempty"`   // of the run, if there was one
	Outputs  string         `json:"outputs,omitempty"` // directory where they were kept
}

type measuredUsage struct {
	Exit        int     `json:"exit"`
	Seconds     float64 `json:"seconds"`
	CPUSeconds  float64 `json:"cpuSeconds"`
	Memory      int64   `json:"memory"`    // peak, in bytes
	SharedMem   int64   `json:"sharedMem"` // peak, in bytes
	Files       int     `json:"files"`     // that outputs captured
	OutputBytes int64   `json:"outputBytes"`
}

func measure(platform string, c verify.CaseResult) measured {
	m := measured{Platform: platform, Name: c.Name, Verdict: c.Verdict.String(), Reason: c.Reason}
	if c.Kept != nil {
		m.Outputs = c.Kept.Dir
	}
	if c.Outcome == nil || !c.Outcome.Started {
		return m
	}
	u := c.Outcome.Usage
	m.Usage = &measuredUsage{Exit: c.Outcome.Exit, Seconds: seconds(u.Wall), CPUSeconds: seconds(u.CPU),
		Memory: u.Memory, SharedMem: u.SharedMem, OutputBytes: u.Output}
	for _, captured := range c.Files {
		m.Usage.Files += len(captured.Files)
	}
	return m
}

// A manifest is the image of one platform as a registry holds it.
type manifest struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"`
	ImageID  string `json:"imageId"`
	Size     int64  `json:"size"` // of layers and configuration, compressed, in bytes
	Layers   int    `json:"layers"`
}

// manifests are those of an image that was read back.
func manifests(image *source.Image) ([]manifest, error) {
	var all []manifest
	for _, p := range image.Platforms {
		found := manifest{Platform: p.Name, Digest: p.Digest, ImageID: p.ImageID}
		if found.Digest == "" {
			found.Digest = image.Digest
		}
		held, err := p.Image.Manifest()
		if err != nil {
			return nil, err
		}
		found.Size, found.Layers = held.Config.Size, len(held.Layers)
		for _, layer := range held.Layers {
			found.Size += layer.Size
		}
		all = append(all, found)
	}
	return all, nil
}

// measureWritten reads what the registry would have told of an image that was not pushed, from a file that it was written to.
func (r *packRun) measureWritten(ctx context.Context, result *packed) error {
	i := slices.IndexFunc(r.outputs, func(o pack.Output) bool { return o.Type == "oci" && (o.Dir || job.IsFile(o.Dest)) })
	if result.Manifests != nil || i < 0 {
		return nil
	}
	from := source.Source{Kind: source.LayoutArchive, Path: r.outputs[i].Dest}
	if r.outputs[i].Dir {
		from.Kind, from.Name = source.Layout, result.layoutName()
	}
	image, err := source.Open(ctx, from, source.Options{})
	if err != nil {
		return fmt.Errorf("read back what was written: %w", err)
	}
	result.Manifests, err = manifests(image)
	return errors.Join(err, image.Close())
}

// layoutName is what a layout calls the image: as Docker does, with the registry that no name means.
func (p *packed) layoutName() string {
	if name, err := reference.ParseNormalizedNamed(p.Name); err == nil {
		return name.String()
	}
	return p.Name
}

// seconds are rounded to milliseconds: what is finer is noise.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
