package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Scores of a term that a part of an image contains. Silo, the older discovery service, has the same ones.
const (
	scoreReference  = 10 // repository:tag, without the namespace
	scoreNamespace  = 10
	scoreName       = 10
	scoreTags       = 10
	scoreTitle      = 5
	scoreText       = 5 // description
	scoreMaintainer = 5 // each member counts as one text
	scoreAnywhere   = 1 // in the manifest, as it is written
)

// Terms splits a query at blanks and plus signs, as Silo's addresses have them. Upper case does not count.
func Terms(query string) []string {
	return strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return r == '+' || r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0xa0 })
}

// Search keeps the images that contain any of the terms, the highest score first and equal ones by name. Without a term
// it keeps all.
func (c *Catalogue) Search(query string) {
	terms := Terms(query)
	if len(terms) == 0 {
		return
	}
	scores := map[string]int{}
	c.Images = slices.DeleteFunc(c.Images, func(i Image) bool {
		scores[i.Reference] = i.score(terms)
		return scores[i.Reference] == 0
	})
	slices.SortStableFunc(c.Images, func(a, b Image) int {
		return cmp.Or(scores[b.Reference]-scores[a.Reference], cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reference, b.Reference))
	})
}

func (i *Image) score(terms []string) (score int) {
	for _, part := range i.searched() {
		for _, term := range terms {
			if slices.ContainsFunc(part.texts, func(text string) bool { return strings.Contains(text, term) }) {
				score += part.score
			}
		}
	}
	return score
}

// A searchedPart is some texts of an image, in lower case. A term that is in any of them counts once.
type searchedPart struct {
	score int
	texts []string
}

// searched returns the parts of an image that Search looks at.
func (i *Image) searched() []searchedPart {
	job := &i.Seed().Job
	m := job.Maintainer
	parts := []searchedPart{
		{scoreReference, []string{i.shortName()}},
		{scoreNamespace, []string{i.namespace()}},
		{scoreName, []string{job.Name}},
		{scoreTitle, []string{job.Title}},
		{scoreText, []string{job.Description}},
		{scoreTags, job.Tags},
		{scoreMaintainer, []string{m.Name, m.Organization, m.Email, m.URL, m.Phone}},
		{scoreAnywhere, i.words()},
	}
	for n, part := range parts {
		lower := make([]string, len(part.texts))
		for k, text := range part.texts {
			lower[k] = strings.ToLower(text)
		}
		parts[n].texts = lower
	}
	return parts
}

// words returns all names, strings and other scalars of the manifest, each once.
func (i *Image) words() []string {
	decoder := json.NewDecoder(bytes.NewReader(i.Manifest))
	decoder.UseNumber()
	seen := map[string]bool{}
	var words []string
	for {
		token, err := decoder.Token()
		if err != nil {
			return words
		}
		word := ""
		switch t := token.(type) {
		case string:
			word = t
		case json.Number:
			word = t.String()
		case bool:
			word = map[bool]string{true: "true", false: "false"}[t]
		}
		if word != "" && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
}
