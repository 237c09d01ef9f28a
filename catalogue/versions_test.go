package catalogue

import (
	"fmt"
	"strings"
	"testing"
)

// Tags of one digest are one version of a job. What is a catalogue for programs keeps them all, with the same changes.
func TestAliases(t *testing.T) {
	t.Parallel()
	digest := func(n int) string { return fmt.Sprintf("sha256:%064x", n) }
	tagged := func(version, tag, digest string) Image {
		i := imageOf("geo/a-"+version+"-seed", tag, manifestOf("a", version, "1.0.0"))
		i.Digest = digest
		return i
	}
	c := catalogueOf(tagged("0.10.0", "latest", digest(2)), tagged("0.10.0", "1.0.0", digest(2)), tagged("0.10.0", "1", digest(2)), tagged("0.10.0", "nightly", digest(3)),
		tagged("0.2.0", "1.0.0", digest(1)), tagged("0.1.0", "1.0.0", ""), tagged("0.1.0", "latest", ""))
	jobs := c.Jobs()
	var got []string
	for _, i := range jobs[0].Images {
		got = append(got, strings.Join(append([]string{i.shortName()}, jobs[0].Tags(i)...), " "))
	}
	equal(t, "versions", got, []string{"a-0.10.0-seed:1.0.0 1 latest", "a-0.10.0-seed:nightly", "a-0.2.0-seed:1.0.0", "a-0.1.0-seed:1.0.0", "a-0.1.0-seed:latest"})
	equal(t, "images of the list", listView(c, jobs).Images, 5)
	equal(t, "images for programs", len(c.Images), 7)
	for n := range c.Images {
		if i := &c.Images[n]; i.Seed().Job.JobVersion == "0.10.0" && (i.Previous != "geo/a-0.2.0-seed:1.0.0" || i.Changes == nil) {
			t.Errorf("%s follows %q with %v", i.Name, i.Previous, i.Changes)
		}
	}
	got = nil
	for _, line := range c.Lines("") {
		got = append(got, line.shortName())
	}
	equal(t, "lines", got, []string{"a-0.1.0-seed:latest", "a-0.1.0-seed:1.0.0", "a-0.2.0-seed:1.0.0", "a-0.10.0-seed:nightly", "a-0.10.0-seed:1.0.0"})
	c.Search("nightly")
	if lines := c.Lines("nightly"); len(lines) != 1 || lines[0].Name != "geo/a-0.10.0-seed:nightly" {
		t.Errorf("the query finds %v", lines)
	}
}
