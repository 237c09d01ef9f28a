package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxFile is how many bytes of a catalogue are read back.
const maxFile = 2 << 30

// Decode reads a catalogue that was printed as JSON. The text is as foreign as what a registry says: references are
// checked, because they become names of files and parts of commands.
func Decode(r io.Reader) (*Catalogue, error) {
	limited := &io.LimitedReader{R: r, N: maxFile}
	c := &Catalogue{}
	if err := json.NewDecoder(limited).Decode(c); err != nil {
		if limited.N <= 0 {
			err = fmt.Errorf("it has more than %d bytes", int64(maxFile))
		}
		return nil, fmt.Errorf("it is no catalogue: %w", err)
	}
	if c.SchemaVersion != schemaVersion {
		return nil, fmt.Errorf("it has the schemaVersion %d, and only %d is read: is it what seedpack discover --format json printed?", c.SchemaVersion, schemaVersion)
	}
	for n := range c.Images {
		if err := c.Images[n].check(); err != nil {
			return nil, fmt.Errorf("image %d: %w", n+1, err)
		}
	}
	if !c.Complete {
		c.Failures = []Failure{{"the catalogue", errors.New("it is not complete: something could not be read when it was made")}}
	}
	c.sort()
	c.link()
	return c, nil
}

// check returns an error for an image that Find would not have made.
func (i *Image) check() error {
	p, err := parseReference(i.Reference)
	switch {
	case err != nil:
		return fmt.Errorf("reference %q: %w", i.Reference, err)
	case p.tag == "" && p.digest == "":
		return fmt.Errorf("reference %q has no tag", i.Reference)
	case p.reference() != i.Reference || p.name() != i.Name:
		return fmt.Errorf("reference %q and name %q do not fit", i.Reference, i.Name)
	case i.Seed().Job.Name == "":
		return fmt.Errorf("%q has no manifest", i.Reference)
	}
	known := i.Platforms
	i.Platforms = []string{}
	for _, name := range known {
		if platformForm.MatchString(name) || name == "unknown" {
			i.Platforms = append(i.Platforms, name)
		}
	}
	i.Digest = validDigest(i.Digest)
	return nil
}

// Merge adds what another catalogue has.
func (c *Catalogue) Merge(other *Catalogue) {
	c.Registries = append(c.Registries, other.Registries...)
	c.Images = append(c.Images, other.Images...)
	c.Skipped = append(c.Skipped, other.Skipped...)
	c.Failures = append(c.Failures, other.Failures...)
	c.sort()
	c.link()
}
