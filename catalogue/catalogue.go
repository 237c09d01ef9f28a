// Package catalogue finds the Seed images of registries and says what each of them is (section 4 of the standard). It
// lists repositories as each service wants it, reads one image manifest and one configuration an image, and no layer.
// From what it finds it makes a catalogue: data for programs, a search, and a site of static pages for people.
//
// All that it reads is foreign text. Its size is limited, digests are checked, and no name becomes a path or an address
// without a check. It publishes and runs nothing.
package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// schemaVersion is the version of a catalogue's JSON form.
const schemaVersion = 1

// A Catalogue is what was found in registries. Its JSON form is that of discover --format json.
type Catalogue struct {
	SchemaVersion int       `json:"schemaVersion"`
	Registries    []string  `json:"registries"` // hosts
	Complete      bool      `json:"complete"`   // false: something could not be listed or read
	Images        []Image   `json:"images"`     // by name, or after Search by score
	Skipped       []Skipped `json:"skipped"`    // images that have the suffix and no manifest

	// Failures say what could not be listed or read. There are none if the catalogue is complete.
	Failures []Failure `json:"-"`
	// Notes are for the user: something was found, and there may be a way to find more.
	Notes []string `json:"-"`
}

// An Image is one tag of a repository, with the manifest in its label.
type Image struct {
	Reference string   `json:"reference"` // host, repository and tag
	Name      string   `json:"name"`      // repository and tag
	Digest    string   `json:"digest"`    // of what the tag names: an image manifest, or an index
	Platforms []string `json:"platforms"`
	Size      int64    `json:"size"`               // bytes of configuration and compressed layers, on one platform
	Created   string   `json:"created,omitempty"`  // RFC 3339, as label, annotation or configuration say
	Revision  string   `json:"revision,omitempty"` // of the source, as label or annotation say
	Source    string   `json:"source,omitempty"`
	Lint      Lint     `json:"lint"`
	// Attachments are what refers to the image or is in its index. Nil: they were not asked for. Empty: there are none.
	Attachments []Attachment `json:"attachments,omitzero"`
	// Smoke is the result of the smoke run, if what is attached says one: SmokePassed and its like. It is as true as those who may
	// push to the registry are.
	Smoke    string          `json:"smoke,omitempty"`
	Previous string          `json:"previous,omitempty"` // name of the version of the job before this one
	Changes  []Change        `json:"changes,omitempty"`  // since then, the most important first
	Manifest json.RawMessage `json:"manifest"`

	parsed *seed.Manifest
}

// Lint counts what lint says of a manifest.
type Lint struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

// An Attachment is a document about an image, such as a signature or a bill of materials. It is listed, not verified.
type Attachment struct {
	Type   string `json:"type"`
	Digest string `json:"digest"`
}

// A Change is something that one version of a job has otherwise than the one before.
type Change struct {
	Class   string `json:"class"` // breaking, addition, behaviour or words: see package compare
	Message string `json:"message"`
}

// A Skipped is an image that is not in the catalogue, and why.
type Skipped struct {
	Reference string `json:"reference"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
}

// A Failure is something that could not be listed or read. Place is a registry, a repository, an image or a file.
type Failure struct {
	Place string
	Err   error
}

func (f Failure) Error() string { return f.Place + ": " + f.Err.Error() }
func (f Failure) Unwrap() error { return f.Err }

// Seed returns the manifest as plain values. Its Source is nil.
func (i *Image) Seed() *seed.Manifest {
	if i.parsed == nil {
		i.parsed = withoutPlaces(seed.Parse(i.Manifest))
	}
	return i.parsed
}

// Redact changes all texts that registries and images say: text a plain one, document one of JSON. Names, digests and
// addresses of images have forms that hold no other text.
func (c *Catalogue) Redact(text func(string) string, document func([]byte) []byte) {
	for n := range c.Images {
		i := &c.Images[n]
		i.Revision, i.Source = text(i.Revision), text(i.Source)
		for k := range i.Attachments {
			i.Attachments[k].Type = text(i.Attachments[k].Type)
		}
		for k := range i.Changes {
			i.Changes[k].Message = text(i.Changes[k].Message)
		}
		if manifest := document(i.Manifest); !bytes.Equal(manifest, i.Manifest) {
			i.Manifest, i.parsed = manifest, nil
		}
	}
	for n := range c.Skipped {
		c.Skipped[n].Reason = text(c.Skipped[n].Reason)
	}
}

// A place is where an image is.
type place struct {
	host, repository string
	tag              string // empty if the image is named by its digest
	digest           string // from the reference, or from a list that is believed
	// attached are the tags of the repository under which documents about images are, by the digest of the image.
	attached map[string][]string
}

func (p place) name() string {
	if p.tag == "" {
		return p.repository + "@" + p.digest
	}
	return p.repository + ":" + p.tag
}

func (p place) reference() string { return p.host + "/" + p.name() }

func (p place) skipped(reason string) Skipped { return Skipped{p.reference(), p.name(), reason} }

// split returns host, repository and tag of an image. The tag may be a digest.
func (i *Image) split() (host, repository, tag string) {
	host, _, _ = strings.Cut(i.Reference, "/")
	rest := strings.TrimPrefix(i.Reference, host+"/")
	if repository, tag, ok := strings.Cut(rest, "@"); ok {
		return host, repository, tag
	}
	if at := strings.LastIndex(rest, ":"); at > strings.LastIndex(rest, "/") {
		return host, rest[:at], rest[at+1:]
	}
	return host, rest, ""
}

// namespace returns what comes before the last component of the image's repository.
func (i *Image) namespace() string {
	_, repository, _ := i.split()
	at := strings.LastIndex(repository, "/")
	return repository[:max(at, 0)]
}

// shortName returns repository and tag without host and namespace.
func (i *Image) shortName() string {
	return strings.TrimPrefix(strings.TrimPrefix(i.Name, i.namespace()), "/")
}

// sort brings images and skipped ones into an order that does not depend on who answered first.
func (c *Catalogue) sort() {
	slices.SortFunc(c.Images, func(a, b Image) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reference, b.Reference))
	})
	slices.SortFunc(c.Skipped, func(a, b Skipped) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Reason, b.Reason))
	})
	c.Images = slices.CompactFunc(c.Images, func(a, b Image) bool { return a.Reference == b.Reference })
	c.Skipped = slices.Compact(c.Skipped)
	slices.Sort(c.Registries)
	c.Registries = slices.Compact(c.Registries)
	slices.SortStableFunc(c.Failures, func(a, b Failure) int { return cmp.Compare(a.Place, b.Place) })
	slices.Sort(c.Notes)
	c.Notes = slices.Compact(c.Notes)
	c.Complete = len(c.Failures) == 0
}
