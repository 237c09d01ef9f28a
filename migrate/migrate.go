// Package migrate makes manifests of Seed 1.0.0 from documents of JobPack and of older versions of Seed.
//
// Convert reads one document by the tables in table.go: each member of an older form has a row there. What has no place in
// 1.0.0 becomes a Loss, what only the author knows a Question. Nothing is left out without one of the two, and nothing is
// invented. Search finds the lines of the job's code that must change, too.
//
// The package reads no images and asks nobody. It does not judge the result: the linter does.
package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// A Document is an old manifest, with what is known of the image that it belongs to.
type Document struct {
	// Source is the text. It must be JSON without Problems.
	Source *seed.Source
	// Name is that of the file, without its directory, or the key of the label that holds the text.
	Name string
	// Label says that the text was in an image's label: the builder may have taken variables out of it.
	Label bool
	// Emptied are the variables that a builder replaces by nothing, since the label is not escaped. The text has them still.
	// Nil: that is not known, and the text may lack them.
	Emptied []string
	// Start says how the image starts. Nil: that is not known.
	Start *Start
}

// A Start says how an image starts.
type Start struct {
	// Entrypoint are the words of ENTRYPOINT; with Shell, one word: the text that a shell runs. None: there is no ENTRYPOINT.
	Entrypoint []string
	Shell      bool
	From       string // what says so, as messages name it: "Dockerfile" or "the image"
}

// A Question asks for what only the author knows.
type Question struct {
	// ID is job-name, job-version, package-version, maintainer-email, command, name or missing.
	ID string `json:"id"`
	// Pointer is the place of the answer in the new manifest.
	Pointer seed.Pointer `json:"pointer"`
	// Message says what is, what should be and how to answer.
	Message string `json:"message"`
	// Suggestion is the likeliest answer; it may be empty.
	Suggestion string `json:"-"`
}

// A Loss is what has no place in 1.0.0.
type Loss struct {
	// ID is category-system, count, env-var, member or setting-value.
	ID      string       `json:"id"`
	From    seed.Pointer `json:"from"` // its place in the old document
	Message string       `json:"message"`
}

// A Change is a member that has another name, place or value now. From is empty if nothing stood there; To is empty if
// nothing of it is left, as of an empty list.
type Change struct {
	From    seed.Pointer `json:"from"`
	To      seed.Pointer `json:"to"`
	Message string       `json:"message"`
}

// A Result is what Convert made of a document.
type Result struct {
	From      seed.Form
	Manifests []*Manifest // one for each job
	Questions []Question  // in the order of the manifests, each once
	Losses    []Loss      // in the order of the document
	Changes   []Change

	names   []variable        // of inputs and settings, for the search in code
	renamed bool              // the scalar cpu is cpus now
	secrets *strings.Replacer // of the values of settings, which no message may repeat
}

// A Manifest is a new manifest. With open questions, it has what is known so far.
type Manifest struct {
	root *object
	from seed.Pointer // the job, or the whole document if it holds one job
	// OldImage is the name that the older version gave the image; empty if it gave none.
	OldImage string
}

// Text returns the manifest as JSON for people.
func (m *Manifest) Text() []byte { return indent(m.root) }

// MarshalJSON returns the manifest as JSON.
func (m *Manifest) MarshalJSON() ([]byte, error) { return encode(m.root), nil }

// ErrNoJob says that a document holds no job of a known form.
var ErrNoJob = errors.New("no job")

// Convert makes one manifest of each job of a document. The answers hold for all of them. An error wraps ErrNoJob if the
// document has no form that is known, or no job. It is a *AnswerError if an answer fits nowhere.
func Convert(doc *Document, answers []Answer) (*Result, error) {
	form := doc.Source.Form(doc.Name)
	if form == "" {
		return nil, whyNoForm(doc.Source)
	}
	if n := countJobs(doc.Source); n > maxJobs {
		return nil, fmt.Errorf("the document holds %d jobs, more than %d: split it", n, maxJobs)
	}
	r := &Result{From: form, secrets: hideSecrets(doc.Source)}
	given := newAnswers(answers)
	if err := given.check(); err != nil {
		return nil, err
	}
	if !form.Old() && !hasOldMembers(doc) {
		m := &Manifest{root: read(doc.Source, "").(*object)}
		m.root.set("seedVersion", "1.0.0")
		given.apply(m.root, nil)
		r.Manifests = append(r.Manifests, m)
		return r, given.unused()
	}
	c := newConverter(doc, form, r, given)
	c.document()
	if len(r.Manifests) == 0 {
		list := "the array"
		if doc.Source.Kind("") != "array" {
			list = `"jobs"`
		}
		return nil, fmt.Errorf("%w: %s is empty, or holds no objects", ErrNoJob, list)
	}
	c.tidy()
	return r, given.unused()
}

// maxJobs is more than any document has: more would take gigabytes of memory.
const maxJobs = 10_000

func countJobs(src *seed.Source) int {
	if src.Kind("") == "array" {
		return src.Len("")
	}
	return src.Len("/jobs")
}

// Redact replaces the values of the old manifest's settings, which may be secrets, in a text.
func (r *Result) Redact(text string) string { return r.secrets.Replace(text) }

// hasOldMembers reports whether a 1.0.0 manifest has members of older forms, which are converted as well.
func hasOldMembers(doc *Document) bool {
	c := newConverter(doc, seed.Seed100, &Result{}, newAnswers(nil))
	c.document()
	return c.old
}

// whyNoForm says why a document has no form.
func whyNoForm(src *seed.Source) error {
	at := src.FormAt()
	switch {
	case src.Kind("") != "object" && src.Kind("") != "array":
		return fmt.Errorf("%w: a manifest is a JSON object, this is no object", ErrNoJob)
	case at == "/seedVersion" && src.Kind(seed.AtJob) == "object":
		return fmt.Errorf("%w: seedVersion is %s, which was never published: write the version that the job was made for", ErrNoJob, shown(src, at))
	case src.Kind(seed.AtJob) == "object":
		return fmt.Errorf(`%w: the document has a job and no version: write the one that it was made for, such as "seedVersion": "0.1.0"`, ErrNoJob)
	}
	return fmt.Errorf(`%w: the document has neither "job" nor "jobs", and is no array of jobs`, ErrNoJob)
}

// tidy sorts what the converter found, and removes what was found twice.
func (c *converter) tidy() {
	offset := func(at seed.Pointer) int { return c.src.Span(at).Start }
	slices.SortStableFunc(c.result.Losses, func(a, b Loss) int { return offset(a.From) - offset(b.From) })
	c.result.Losses = slices.Compact(c.result.Losses)
	c.result.Changes = slices.Compact(c.result.Changes)
	for i := range c.result.Questions {
		c.result.Questions[i].Message = c.result.Redact(c.result.Questions[i].Message)
	}
	for i := range c.result.Losses {
		c.result.Losses[i].Message = c.result.Redact(c.result.Losses[i].Message)
	}
	for i := range c.result.Changes {
		c.result.Changes[i].Message = c.result.Redact(c.result.Changes[i].Message)
	}
}

// Old returns what the manifest was made of as JSON for people, without the values of settings, for a comparison.
func (m *Manifest) Old(src *seed.Source) []byte {
	old := read(src, m.from)
	for _, at := range settingValues(src) {
		if rest, ok := strings.CutPrefix(string(at), string(m.from)); ok {
			if _, ok := find(old, seed.Pointer(rest)); ok {
				replace(old, seed.Pointer(rest), "***")
			}
		}
	}
	if _, nested := find(old, seed.AtJob); !nested { // the new form nests the job, and so its lines are indented alike
		outer := newObject()
		outer.set(seed.AtJob.Base(), old)
		return indent(outer)
	}
	return indent(old)
}

// Name returns the name of the job, as far as it is known.
func (m *Manifest) Name() string {
	name, _ := find(m.root, "/job/name")
	s, _ := name.(string)
	return s
}
