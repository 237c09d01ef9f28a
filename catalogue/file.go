package catalogue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/seedpack/seedpack/pack/source"
)

// Bounds of a catalogue that is read back. Its images have those of a search.
const (
	maxFile  = 2 << 30 // bytes
	maxEntry = 8 << 20 // bytes of one image, or of another member
	// maxEntryValues is more than an image with the largest manifest has in all that is decoded.
	maxEntryValues = 100_000
)

// Decode reads a catalogue that was printed as JSON. The text is as foreign as what a registry says: references are
// checked, because they become names of files and parts of commands. It reads one image after the other.
func Decode(r io.Reader) (*Catalogue, error) {
	f := &catalogueFile{limited: &io.LimitedReader{R: r}, left: maxFile}
	f.next = json.NewDecoder(f.limited)
	if err := f.members(); err != nil {
		return nil, err
	}
	c := &f.found
	if c.SchemaVersion != schemaVersion {
		return nil, otherVersion(c.SchemaVersion)
	}
	if !c.Complete {
		c.Failures = []Failure{{"the catalogue", errors.New("it is not complete: something could not be read when it was made")}}
	}
	c.sort()
	c.link()
	return c, nil
}

func otherVersion(is int) error {
	return fmt.Errorf("it has the schemaVersion %d, and only %d is read: is it what seedpack discover --format json printed?", is, schemaVersion)
}

// A catalogueFile is a catalogue that is being read.
type catalogueFile struct {
	limited *io.LimitedReader
	left    int64 // bytes that may still be read, besides those of limited
	next    *json.Decoder
	found   Catalogue
	weight  int // of the manifests
}

// refill lets the decoder read one more entry.
func (f *catalogueFile) refill() {
	n := min(f.left, maxEntry-f.limited.N)
	f.limited.N += n
	f.left -= n
}

// explain returns the error of the decoder, or that an entry is too large, which looks like the end of the file to it.
func (f *catalogueFile) explain(err error) error {
	if f.limited.N > 0 {
		return fmt.Errorf("it is no catalogue: %w", err)
	}
	if f.left == 0 {
		return fmt.Errorf("it is no catalogue: it has more than %d bytes", int64(maxFile))
	}
	return fmt.Errorf("it is no catalogue: one of its values has more than %d bytes", maxEntry)
}

// members reads the members of the catalogue.
func (f *catalogueFile) members() error {
	f.refill()
	start, err := f.next.Token()
	switch {
	case err != nil:
		return f.explain(err)
	case start != json.Delim('{'):
		return errors.New("it is no catalogue, which is a JSON object")
	}
	for f.next.More() {
		f.refill()
		name, err := f.next.Token()
		if err != nil {
			return f.explain(err)
		}
		if err := f.member(name); err != nil {
			return err
		}
	}
	if _, err := f.next.Token(); err != nil {
		return f.explain(err)
	}
	return nil
}

func (f *catalogueFile) member(name json.Token) error {
	c := &f.found
	switch name {
	case "schemaVersion":
		if err := f.value(&c.SchemaVersion); err != nil || c.SchemaVersion != schemaVersion {
			return cmp.Or(err, otherVersion(c.SchemaVersion))
		}
		return nil
	case "complete":
		return f.value(&c.Complete)
	case "registries":
		return f.list(maxRepositories, func() error {
			var host string
			err := f.value(&host)
			c.Registries = append(c.Registries, host)
			return err
		})
	case "skipped":
		return f.list(maxImages, func() error {
			var s Skipped
			err := f.value(&s)
			c.Skipped = append(c.Skipped, s)
			return err
		})
	case "images":
		return f.list(maxImages, f.image)
	}
	return f.skip()
}

// value decodes a value, unless that would take much memory.
func (f *catalogueFile) value(v any) error {
	f.refill()
	var text json.RawMessage
	if err := f.next.Decode(&text); err != nil {
		return f.explain(err)
	}
	if source.CountValues(text, maxEntryValues) > maxEntryValues {
		return fmt.Errorf("it is no catalogue: one of its values has more than %d values", maxEntryValues)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("it is no catalogue: %w", err)
	}
	return nil
}

// list reads an array, element by element. It may be null.
func (f *catalogueFile) list(most int, element func() error) error {
	f.refill()
	start, err := f.next.Token()
	switch {
	case err != nil:
		return f.explain(err)
	case start == nil:
		return nil
	case start != json.Delim('['):
		return errors.New("it is no catalogue: a member is no array and should be one")
	}
	for n := 0; f.next.More(); n++ {
		if n == most {
			return fmt.Errorf("it is no catalogue: a list has more than %d entries", most)
		}
		if err := element(); err != nil {
			return err
		}
	}
	if _, err := f.next.Token(); err != nil {
		return f.explain(err)
	}
	return nil
}

func (f *catalogueFile) image() error {
	var i Image
	if err := f.value(&i); err != nil {
		return err
	}
	if f.weight += weight(i.Manifest); !fits(len(f.found.Images), f.weight) {
		return fmt.Errorf("image %d: the manifests take more than %d KiB on average", len(f.found.Images)+1, roomOfImage>>10)
	}
	if err := i.check(); err != nil {
		return fmt.Errorf("image %d: %w", len(f.found.Images)+1, err)
	}
	f.found.Images = append(f.found.Images, i)
	return nil
}

// skip passes over a value that is not known.
func (f *catalogueFile) skip() error {
	for depth := 0; ; {
		f.refill()
		t, err := f.next.Token()
		if err != nil {
			return f.explain(err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// check returns an error for an image that Find would not have made.
func (i *Image) check() error {
	const longest = 4096 // bytes of a reference
	if len(i.Reference) > longest {
		return fmt.Errorf("reference %q has more than %d bytes", brief(i.Reference), longest)
	}
	p, err := parseReference(i.Reference)
	switch {
	case err != nil:
		return fmt.Errorf("reference %q: %w", brief(i.Reference), err)
	case p.tag == "" && p.digest == "":
		return fmt.Errorf("reference %q has no tag", brief(i.Reference))
	case p.reference() != i.Reference || p.name() != i.Name:
		return fmt.Errorf("reference %q and name %q do not fit", brief(i.Reference), brief(i.Name))
	case i.Seed().Job.Name == "":
		return fmt.Errorf("%q has no manifest", brief(i.Reference))
	}
	known := i.Platforms
	i.Platforms = []string{}
	for _, name := range known {
		if platformForm.MatchString(name) || name == "unknown" {
			i.Platforms = append(i.Platforms, name)
		}
	}
	if !slices.Contains(smokeResults, i.Smoke) {
		i.Smoke = ""
	}
	i.Digest, i.Created = validDigest(i.Digest), creation(i.Created)
	return nil
}

// Merge adds what another catalogue has.
func (c *Catalogue) Merge(other *Catalogue) {
	c.Registries = append(c.Registries, other.Registries...)
	c.Images = append(c.Images, other.Images...)
	c.Skipped = append(c.Skipped, other.Skipped...)
	c.Failures = append(c.Failures, other.Failures...)
	c.Notes = append(c.Notes, other.Notes...)
	c.sort()
	c.link()
}
