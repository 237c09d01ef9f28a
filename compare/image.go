package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Platform is the image of one platform, as far as images are compared.
type Platform struct {
	Name string // os/arch[/variant]
	// DiffIDs are the digests of the layers' contents. Equal ones make sure that no file differs.
	DiffIDs []string
	// Config is the member config of the image's configuration. History is how its layers were made, for comparison only.
	Config  map[string]any
	History string
}

// Files are the paths that differ between the merged roots of two images of one platform, each list sorted.
type Files struct {
	Added, Removed, Changed []string
	// Unlisted is how many paths differ that the lists do not name.
	Unlisted Unlisted
	// Unknown is true if files differ, but it is not known which.
	Unknown bool
}

// Unlisted is how many paths were added, removed and changed that a list does not name.
type Unlisted struct{ Added, Removed, Changed int }

// Count returns how many paths differ, as far as it is known which.
func (f *Files) Count() int {
	return len(f.Added) + len(f.Removed) + len(f.Changed) + f.Unlisted.Added + f.Unlisted.Removed + f.Unlisted.Changed
}

// Empty reports whether no file differs.
func (f *Files) Empty() bool { return len(f.Added)+len(f.Removed)+len(f.Changed) == 0 && !f.Unknown }

// describe returns a phrase: "changed: /a, /b; added: /c".
func (f *Files) describe() string {
	var parts []string
	for _, part := range []struct {
		what     string
		paths    []string
		unlisted int
	}{{"changed", f.Changed, f.Unlisted.Changed}, {"added", f.Added, f.Unlisted.Added}, {"removed", f.Removed, f.Unlisted.Removed}} {
		const few = 5
		if len(part.paths) == 0 {
			continue
		}
		text := part.what + ": " + diag.QuoteFew(part.paths[:min(few, len(part.paths))])
		if more := len(part.paths) + part.unlisted - few; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// Images compares the images of two states, platform by platform. It asks for the files of a platform only if diff IDs differ;
// an error of that is returned.
func Images(old, new []Platform, files func(platform string) (*Files, error)) (changes []Change, err error) {
	for _, was := range old {
		i := slices.IndexFunc(new, func(p Platform) bool { return p.Name == was.Name })
		if i < 0 {
			changes = append(changes, rowLess.change("the image for "+was.Name+" is gone"))
			continue
		}
		c := &images{platform: was.Name, several: len(old) > 1}
		c.config(was.Config, new[i].Config)
		if c.found == nil && was.History != new[i].History {
			c.add(rowLabels, "the history of the image differs")
			c.found[0].History = true
		}
		if !slices.Equal(was.DiffIDs, new[i].DiffIDs) {
			differing, err := files(was.Name)
			if err != nil {
				return nil, err
			}
			if !differing.Empty() {
				message := "files of the image differ"
				if which := differing.describe(); which != "" {
					message += ": " + which
				}
				c.add(rowFiles, "%s", message)
				c.found[len(c.found)-1].Files = differing
			}
		}
		changes = append(changes, c.found...)
	}
	for _, is := range new {
		if !slices.ContainsFunc(old, func(p Platform) bool { return p.Name == is.Name }) {
			changes = append(changes, rowMore.change("the image for "+is.Name+" is new"))
		}
	}
	return changes, nil
}

// Sources returns the change between two states of the files that an image is built from, if no image is at hand. It names
// the paths that differ, if they are known.
func Sources(f *Files) Change {
	message := "the files that the image is built from differ"
	if what := f.describe(); what != "" {
		message += ": " + what
	}
	return rowSources.change(message)
}

func (r *Row) change(message string) Change {
	return Change{Class: r.Class, Rise: r.Rise, Message: message, ofImage: true}
}

// images collects what differs between two images of one platform.
type images struct {
	platform string
	several  bool
	found    []Change
}

func (c *images) add(row Row, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if c.several {
		message = c.platform + ": " + message
	}
	c.found = append(c.found, row.change(message))
}

func (c *images) differs(row Row, what string, was, is any) {
	before, after := briefs(was, is)
	c.add(row, "%s of the image was %s, is %s", what, before, after)
}

// running are the members of a configuration that decide how the image runs.
var running = []string{"Entrypoint", "Cmd", "User", "WorkingDir", "Env"}

// config compares the configurations of two images.
func (c *images) config(old, new map[string]any) {
	for _, name := range memberNames(old, new) {
		was, is := old[name], new[name]
		switch {
		case name == "Labels":
			c.labels(object(was), object(is))
		case name == "ArgsEscaped": // a mark of builders, which means something on Windows alone
		case name == "Env" && equalSets(orEmpty(was), orEmpty(is)), sameOrEmpty(was, is):
		case slices.Contains(running, name):
			c.differs(rowConfig, name, was, is)
		default:
			c.differs(rowLabels, name, was, is)
		}
	}
}

// sameOrEmpty compares values of a configuration. Some tools write empty ones that others leave out.
func sameOrEmpty(was, is any) bool { return Equal(was, is) || isEmpty(was) && isEmpty(is) }

func isEmpty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == "" || x == "/"
	case bool:
		return !x
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// unlabelled are the labels that say where an image is from. They differ without a change of the image.
var unlabelled = []string{
	"org.opencontainers.image.revision", "org.opencontainers.image.created", "org.opencontainers.image.source",
	"org.opencontainers.image.base.name", "org.opencontainers.image.base.digest", seed.SourceLabel, seed.FilesLabel, seed.Label,
}

func (c *images) labels(old, new map[string]any) {
	old, new = maps.Clone(old), maps.Clone(new)
	for _, name := range unlabelled {
		delete(old, name)
		delete(new, name)
	}
	for _, name := range memberNames(old, new) {
		if !Equal(old[name], new[name]) {
			c.differs(rowLabels, fmt.Sprintf("label %q", name), old[name], new[name])
		}
	}
}
