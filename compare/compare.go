// Package compare says what changed between two states of a job, and which version must rise. Executors bind to a job by
// the names in its manifest, as they are written, so a change means more or less to those who use it.
//
// table.go holds what each change of each member means; read it first. The package compares values that it is given: two
// manifests, and images or sources besides. It reads no files, no registry and no repository.
package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/seed"
)

// A Class says what a change means to those who use a job. A greater one is worse.
type Class int

// Classes of changes. A comparison has the worst class of its changes.
const (
	None      Class = iota // nothing that counts: an order, or a default that is written out
	Words                  // what people read
	Behaviour              // the job does something else behind the same interface
	Addition               // what is connected to the job keeps working, and there is more
	Breaking               // what is connected to the job can stop working
)

var classNames = [...]string{"none", "words", "behaviour", "addition", "breaking"}

// String returns none, words, behaviour, addition or breaking.
func (c Class) String() string { return classNames[c] }

// MarshalText writes the text of String.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Rise says what must rise for a change. A greater one asks for more.
type Rise int

// Rises. While jobVersion is 0.y.z, major means minor, and minor means patch.
const (
	Nothing Rise = iota
	Either       // the patch of packageVersion, or any rise of jobVersion
	Patch        // of jobVersion
	Minor        // of jobVersion
	Major        // of jobVersion
)

var riseTexts = [...]string{
	Nothing: "nothing; a rise is fine",
	Either:  "packageVersion patch, or any rise of jobVersion",
	Patch:   "jobVersion patch",
	Minor:   "jobVersion minor; while it is 0.y.z: patch",
	Major:   "jobVersion major; while it is 0.y.z: minor",
}

// String returns what is enough, for people.
func (r Rise) String() string { return riseTexts[r] }

// A Change is one difference between two states of a job.
type Change struct {
	Class Class
	Rise  Rise
	// Pointer is into the new manifest: the member, or for what is gone the list or object that it was in, which may be the
	// document. It is empty if the change is one of files or of the image, too. OldPointer is the same into the old manifest.
	Pointer, OldPointer seed.Pointer
	// Was and Is are JSON values as Source.Value returns them; nil if there is none.
	Was, Is any
	// Message is one line: what changed. It quotes names and values of the manifests.
	Message string
	// Media is true if the change is about media types.
	Media bool
	// History is true if the change is about how an image was made. Files are the files that differ, if the change is of
	// those of an image or its sources.
	History bool
	Files   *Files

	ofImage bool // it is of files or of the image
}

// OfImage reports whether the change is one of files or of the image, and not of the manifest.
func (c Change) OfImage() bool { return c.ofImage }

// A Comparison is what changed between two states of a job.
type Comparison struct {
	Old, New *seed.Manifest
	// Another is true if the manifests have different names: they are different jobs, and nothing else is compared.
	Another bool
	// Changes are sorted: the worst class first, then by place in the new manifest. Changes of class None are not listed.
	Changes []Change
	// Uncompared says why the files that the images are built from were not compared, as a clause. It is empty if they were.
	Uncompared string
}

// Unreadable says why a manifest cannot be compared, with its place as LINE:COLUMN, and returns "" if it can. A text that is torn
// seems to lack what is only not found. What else is wrong with a manifest is for the linter to say.
func Unreadable(m *seed.Manifest) string {
	src := m.Source
	switch {
	case (src.Incomplete() || src.Kind("") != "object") && len(src.Problems) > 0:
		at := src.Position(src.Problems[0].Span.Start)
		return fmt.Sprintf("%d:%d: %s", at.Line, at.Column, src.Problems[0].Message)
	case src.Incomplete():
		return "1:1: its text cannot be read to its end"
	case src.Kind("") != "object":
		return "1:1: it is no JSON object"
	}
	return ""
}

// Manifests compares two manifests. Members that the schema refuses are compared, too. A manifest that is Unreadable is not told from
// one without the members that could not be read.
func Manifests(old, new *seed.Manifest) *Comparison {
	c := &Comparison{Old: old, New: new}
	if old.Job.Name != new.Job.Name {
		c.Another = true
		return c
	}
	w := &walk{Comparison: c, old: old.Source.Value(), new: new.Source.Value(), lists: map[string][]pairing{}}
	w.all()
	c.sort()
	return c
}

// Add adds changes that are not of the manifests. It ignores those of class None.
func (c *Comparison) Add(changes ...Change) {
	if c.Another {
		return
	}
	for _, change := range changes {
		if change.Class != None {
			c.Changes = append(c.Changes, change)
		}
	}
	c.sort()
}

// Class returns the worst class of all changes.
func (c *Comparison) Class() Class {
	if c.Another {
		return Breaking
	}
	worst := None
	for _, change := range c.Changes {
		worst = max(worst, change.Class)
	}
	return worst
}

// rise returns what must rise for all changes together.
func (c *Comparison) rise() Rise {
	most := Nothing
	for _, change := range c.Changes {
		most = max(most, change.Rise)
	}
	return most
}

func (c *Comparison) sort() {
	at := func(change Change) int {
		if change.OfImage() {
			return len(c.New.Source.Text) // they come last
		}
		return c.New.Source.Span(change.Pointer).Start
	}
	slices.SortStableFunc(c.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Class, a.Class), cmp.Compare(at(a), at(b)), cmp.Compare(a.Message, b.Message))
	})
}

// FilesNotCompared says that files were not compared, and why; empty if they were.
func (c *Comparison) FilesNotCompared() string {
	if c.Uncompared == "" || c.Another {
		return ""
	}
	return "files were not compared, since " + c.Uncompared
}

// Verdict says in one line what all changes are together, and what is or would be enough.
func (c *Comparison) Verdict() string {
	if c.Another {
		return fmt.Sprintf("another job: %q is now %q, so nothing is compared", c.Old.Job.Name, c.New.Job.Name)
	}
	return Verdict(c.Class().String(), c.Required(), c.Enough())
}

// Verdict says the same of a class and the versions that it needs.
func Verdict(class string, need Versions, enough bool) string {
	least := "jobVersion " + need.Job
	switch {
	case need.Job == "" && need.Package == "" && enough:
		return class + ": no version must rise"
	case need.Job == "" && need.Package == "":
		return class + ": a version must rise"
	case need.Job == "":
		least = "packageVersion " + need.Package
	case need.Package != "":
		least = "packageVersion " + need.Package + " or jobVersion " + need.Job
	}
	if enough {
		return class + ": the versions are enough; the least is " + least
	}
	return class + ": the versions are not enough; the least is " + least
}
