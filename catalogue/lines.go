package catalogue

import (
	"cmp"
	"slices"
)

// A Line is an image as a list for people has it.
type Line struct {
	*Image
	Tags []string // other tags of the same digest, such as latest
}

// Lines returns the images by namespace, job and version, the oldest version first. With a query the highest score comes
// first. Each digest is one line.
func (c *Catalogue) Lines(query string) []Line {
	terms := Terms(query)
	type scored struct {
		Line
		job   *Job
		score int
	}
	var all []scored
	for _, job := range c.Jobs() {
		for _, i := range job.Images {
			one := scored{Line{i, job.Tags(i)}, job, 0}
			if len(terms) > 0 {
				one.score = i.score(terms)
				for _, alias := range job.aliases[i] {
					one.score = max(one.score, alias.score(terms))
				}
			}
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		return cmp.Or(b.score-a.score, cmp.Compare(a.job.Namespace, b.job.Namespace), cmp.Compare(a.job.Name, b.job.Name),
			cmp.Compare(a.job.Registry, b.job.Registry), compareImages(a.Image, b.Image))
	})
	lines := make([]Line, len(all))
	for n, one := range all {
		lines[n] = one.Line
	}
	return lines
}
