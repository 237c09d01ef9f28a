package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/seedpack/seedpack/seed"
)

// AttributePrefix begins the names that the OCI image specification defines for facts about an image.
const AttributePrefix = "org.opencontainers.image."

// attributeNames are those that a job sets, without the prefix. The values of a base image are wrong for the job's
// image, so they are removed.
var attributeNames = []string{"title", "description", "version", "authors", "url", "source", "revision", "created", "base.name", "base.digest"}

// Attributes returns the facts that the manifest and the commit state about an image, by name, for Request.Attributes.
// It leaves out unknown ones. If created is zero, it leaves out the time.
func Attributes(m *seed.Manifest, source, revision string, created time.Time) map[string]string {
	all := map[string]string{
		"title": m.Job.Title, "description": m.Job.Description, "version": m.Job.JobVersion,
		"authors": authors(m.Job.Maintainer), "url": m.Job.Maintainer.URL,
		"source": source, "revision": revision,
	}
	if !created.IsZero() {
		all["created"] = created.UTC().Format(time.RFC3339)
	}
	maps.DeleteFunc(all, func(_, value string) bool { return strings.TrimSpace(value) == "" })
	return all
}

// authors returns NAME <EMAIL>, or the part that is known.
func authors(m seed.Maintainer) string {
	name := m.Name
	if name == "" {
		name = m.Organization
	}
	switch {
	case m.Email == "":
		return name
	case name == "":
		return m.Email
	}
	return name + " <" + m.Email + ">"
}

// resolveBase adds name and digest of the base image to the attributes. What the engine cannot say is left out.
func (r *Request) resolveBase(ctx context.Context, g gateway.Client) {
	if r.Base == "" || r.Attributes == nil || r.Repository == "" && len(r.Outputs) == 0 {
		return
	}
	opt := sourceresolver.Opt{LogName: "[base] " + r.Base, ImageOpt: &sourceresolver.ResolveImageOpt{}}
	if len(r.Platforms) > 0 {
		if p, err := platforms.Parse(r.Platforms[0]); err == nil {
			opt.ImageOpt.Platform = &p
		}
	}
	_, digest, _, err := g.ResolveImageConfig(ctx, r.Base, opt)
	if err != nil || digest == "" {
		return
	}
	r.Attributes = maps.Clone(r.Attributes)
	r.Attributes["base.name"], r.Attributes["base.digest"] = r.Base, digest.String()
}

// describe sets labels in every image configuration of the result, and annotations next to it. It does not use the
// frontend's own option for labels. With a "# syntax=" line options are passed as environment variables, and a large
// label then breaks the build.
func (r *Request) describe(result *gateway.Result) error {
	if r.Label == "" && r.Attributes == nil && len(r.Annotations) == 0 {
		return nil
	}
	metadata := result.Metadata
	found, err := exptypes.ParsePlatforms(metadata)
	if err != nil {
		return err
	}
	var described []described
	for _, p := range found.Platforms {
		key := exptypes.ExporterImageConfigKey
		if metadata[key+"/"+p.ID] != nil {
			key += "/" + p.ID
		}
		if metadata[key] == nil {
			return errors.New("the build gave no image configuration to put the label in")
		}
		config, values, err := r.label(metadata[key], exptypes.ParseKey(metadata, exptypes.ExporterImageBaseConfigKey, &p))
		if err != nil {
			return fmt.Errorf("set the labels in %s: %w", key, err)
		}
		metadata[key] = config
		described = append(described, newDescribed(p.Platform, values))
	}
	index := len(result.Refs) > 0 || len(r.Options.Attest) > 0
	return annotate(metadata, described, r.Annotations, index)
}

// label sets the request's labels in an image configuration, and keeps every member that it does not know. It returns
// the attributes that the image then has. The Dockerfile's own are kept, those of a base image are removed.
func (r *Request) label(image, base []byte) (config []byte, values map[string]string, err error) {
	var all, inner map[string]json.RawMessage
	var labels map[string]string
	if err := json.Unmarshal(image, &all); err != nil {
		return nil, nil, err
	}
	if err := unmarshalMember(all, "config", &inner); err != nil {
		return nil, nil, err
	}
	if err := unmarshalMember(inner, "Labels", &labels); err != nil {
		return nil, nil, err
	}
	inherited, err := labelsOf(base)
	if err != nil {
		return nil, nil, fmt.Errorf("base image: %w", err)
	}
	if inner == nil {
		inner = map[string]json.RawMessage{}
	}
	if labels == nil {
		labels = map[string]string{}
	}
	values = r.setAttributes(labels, inherited)
	if r.Label != "" {
		labels[seed.Label] = r.Label
	}
	if r.Label != "" && r.Image != nil {
		// What was built elsewhere as JobPack is Seed now. With both labels it would be listed as two jobs.
		delete(labels, seed.JobPackLabel)
	}
	maps.Copy(labels, r.Marks)
	var errConfig error
	inner["Labels"], err = json.Marshal(labels)
	all["config"], errConfig = json.Marshal(inner)
	if err := errors.Join(err, errConfig); err != nil {
		return nil, nil, err
	}
	config, err = json.Marshal(all)
	return config, values, err
}

func (r *Request) setAttributes(labels, inherited map[string]string) (values map[string]string) {
	values = map[string]string{}
	if r.Attributes == nil {
		return values
	}
	for _, name := range attributeNames {
		key := AttributePrefix + name
		own, set := labels[key]
		if _, given := r.Options.Labels[key]; set && !given {
			before, there := inherited[key]
			set = !there || before != own
		}
		if set {
			values[key] = own
			continue
		}
		delete(labels, key)
		if value := r.Attributes[name]; value != "" {
			labels[key], values[key] = value, value
		}
	}
	return values
}

// labelsOf returns the labels of an image configuration. It returns none if there is no configuration.
func labelsOf(image []byte) (map[string]string, error) {
	if len(image) == 0 {
		return nil, nil
	}
	var parsed struct {
		Config Config `json:"config"`
	}
	err := json.Unmarshal(image, &parsed)
	return parsed.Config.Labels, err
}

func unmarshalMember(object map[string]json.RawMessage, name string, into any) error {
	if object[name] == nil {
		return nil
	}
	return json.Unmarshal(object[name], into)
}
