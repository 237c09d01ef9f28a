package github

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/seed"
)

// A Comparison is the JSON form of a compare.Comparison. Its members are kept: later versions add to them.
type Comparison struct {
	Class    string           `json:"class"`
	Old      ComparedState    `json:"old"`
	New      ComparedState    `json:"new"`
	Changes  []ComparedChange `json:"changes"`
	Required compare.Versions `json:"required"` // the least that are enough; where either would do, both
	Enough   bool             `json:"enough"`
	// Uncompared is compare.Comparison's FilesNotCompared.
	Uncompared string `json:"filesNotCompared,omitempty"`
}

// A ComparedState is one of the two states of a job.
type ComparedState struct {
	From           string `json:"from"`
	Name           string `json:"name"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
}

// A ComparedChange is one change. Pointer is into the new manifest, OldPointer into the old one; they are empty if the change
// is of the image or of files.
type ComparedChange struct {
	Class      string       `json:"class"`
	Pointer    seed.Pointer `json:"pointer"`
	OldPointer seed.Pointer `json:"oldPointer"`
	Was        any          `json:"was"`
	Is         any          `json:"is"`
	Message    string       `json:"message"`
}

// NewComparison returns the JSON form of a comparison. Of two different jobs it has one change, that of the name.
func NewComparison(c *compare.Comparison, old, new string) *Comparison {
	doc := &Comparison{Class: c.Class().String(), Old: comparedState(c.Old, old), New: comparedState(c.New, new),
		Changes: []ComparedChange{}, Required: c.Required(), Enough: c.Enough(), Uncompared: c.FilesNotCompared()}
	if c.Another {
		at := seed.AtJob.Member("name")
		doc.Changes = append(doc.Changes, ComparedChange{Class: doc.Class, Pointer: at, OldPointer: at, Was: c.Old.Job.Name, Is: c.New.Job.Name,
			Message: c.Verdict()})
	}
	for _, change := range c.Changes {
		doc.Changes = append(doc.Changes, ComparedChange{change.Class.String(), change.Pointer, change.OldPointer, change.Was, change.Is, change.Message})
	}
	return doc
}

func comparedState(m *seed.Manifest, from string) ComparedState {
	return ComparedState{from, m.Job.Name, m.Job.JobVersion, m.Job.PackageVersion}
}

// ComparisonTable returns a comparison as Markdown.
func ComparisonTable(c *Comparison) string {
	var b strings.Builder
	verdict := compare.Verdict(c.Class, c.Required, c.Enough)
	if c.Old.Name != c.New.Name {
		verdict = "another job: nothing is compared"
	}
	fmt.Fprintf(&b, "**%s**: %s\n\n", cell(c.New.Name), cell(verdict))
	if c.Uncompared != "" {
		fmt.Fprintf(&b, "%s\n\n", cell(c.Uncompared))
	}
	if len(c.Changes) == 0 {
		return b.String()
	}
	b.WriteString("| class | change | member |\n|---|---|---|\n")
	for _, change := range c.Changes {
		member := string(change.Pointer)
		switch {
		case member == "" && change.Was == nil && change.Is == nil:
			member = "the image"
		case member == "":
			member = "the manifest"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", change.Class, cell(change.Message), cell(member))
	}
	return b.String() + "\n"
}

// A JobComparison is the comparison of a job with an earlier state, as commands with --base print it.
type JobComparison struct {
	Manifest string `json:"manifest"`
	*Comparison
}
