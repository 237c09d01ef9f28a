package catalogue

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/page"
	"github.com/seedpack/seedpack/seed"
)

// Bounds of what a card in the list shows of a job.
const (
	maxTitle = 160 // characters
	maxAbout = 280
	maxValue = 80 // of a tag or media type
	maxFew   = 24 // tags or media types
)

// A listJob is a job in data/jobs.js. Names are short, since there may be 10,000. Numbers are places in listValues.
type listJob struct {
	Path    string  `json:"p"`
	Name    string  `json:"n"`
	Title   string  `json:"l,omitempty"`
	About   string  `json:"d,omitempty"`
	Place   string  `json:"a"`
	Version string  `json:"v"`
	In      []int   `json:"i,omitempty"` // media types
	Out     []int   `json:"o,omitempty"`
	Tags    []int   `json:"g,omitempty"`
	By      []int   `json:"m,omitempty"` // maintainer and organization
	At      []int   `json:"r"`           // registry
	CPUs    float64 `json:"c,omitempty"`
	Memory  float64 `json:"y,omitempty"` // MiB
	GPUs    float64 `json:"u,omitempty"`
	Created int64   `json:"t,omitempty"` // Unix time
	Size    int64   `json:"s,omitempty"`
	Rank    int     `json:"k"`           // place in the order of titles
	Errors  int     `json:"e,omitempty"` // of lint
	Warns   int     `json:"w,omitempty"`
	Smoke   string  `json:"x,omitempty"` // result of the smoke run
}

// A dictionary numbers texts in the order in which they come.
type dictionary struct {
	numbers map[string]int
	texts   []string
}

func newDictionary() *dictionary { return &dictionary{numbers: map[string]int{}, texts: []string{}} }

func (d *dictionary) number(text string) int {
	n, ok := d.numbers[text]
	if !ok {
		n = len(d.texts)
		d.numbers[text] = n
		d.texts = append(d.texts, text)
	}
	return n
}

// listData returns the value of data/jobs.js.
func listData(jobs []*Job) any {
	values := newDictionary()
	all := make([]listJob, len(jobs))
	for n, j := range jobs {
		all[n] = listEntry(j, values)
	}
	for rank, n := range titleOrder(jobs) {
		all[n].Rank = rank
	}
	return map[string]any{"jobs": all, "values": values.texts}
}

// titleOrder returns the numbers of jobs in the order of what a reader sees of each: its title, else its name. Upper case does
// not count.
func titleOrder(jobs []*Job) []int {
	seen, order := make([]string, len(jobs)), make([]int, len(jobs))
	for n, j := range jobs {
		seen[n], order[n] = strings.ToLower(j.title()), n
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(seen[a], seen[b]) })
	return order
}

// title returns the title of a job's newest version, or its name.
func (j *Job) title() string {
	return cmp.Or(strings.TrimSpace(clip(page.Text(j.Images[0].Seed().Job.Title), maxTitle)), j.Name)
}

func listEntry(j *Job, values *dictionary) listJob {
	i := j.Images[0]
	job := &i.Seed().Job
	few := func(texts ...string) (numbers []int) {
		for _, text := range texts {
			text = clip(page.Text(strings.TrimSpace(text)), maxValue)
			if text == "" || len(numbers) == maxFew {
				continue
			}
			if n := values.number(text); !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
		return numbers
	}
	entry := listJob{
		Path: j.file(".html"), Name: j.Name, Title: clip(page.Text(job.Title), maxTitle), About: clip(page.Text(job.Description), maxAbout),
		Place: j.place(), Version: clip(page.Text(job.JobVersion), maxValue), In: few(inputTypes(job)...), Out: few(outputTypes(job)...),
		Tags: few(job.Tags...), By: few(job.Maintainer.Name, job.Maintainer.Organization), At: few(j.Registry),
		CPUs: amount(job, "cpus"), Memory: amount(job, "mem"), GPUs: amount(job, "gpus"), Size: i.Size, Errors: i.Lint.Errors, Warns: i.Lint.Warnings, Smoke: i.Smoke,
	}
	if at, err := time.Parse(time.RFC3339, i.Created); err == nil {
		entry.Created = at.Unix()
	}
	return entry
}

// place returns registry and namespace of a job.
func (j *Job) place() string { return target{j.Registry, j.Namespace}.String() }

func inputTypes(job *seed.Job) (all []string) {
	for _, input := range job.Interface.Inputs.Files {
		all = append(all, input.MediaTypes...)
	}
	return all
}

func outputTypes(job *seed.Job) (all []string) {
	for _, output := range job.Interface.Outputs.Files {
		all = append(all, output.MediaType)
	}
	return all
}

// amount returns how much a job needs of a resource. The names of resources are compared as executors do, by their variable.
func amount(job *seed.Job, name string) float64 {
	for _, s := range job.Resources.Scalar {
		if seed.Variable(s.Name) == seed.Variable(name) {
			return s.Value
		}
	}
	return 0
}

// clip shortens a text to a number of characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}

// maxSearched is how many bytes of one manifest the search of a page looks at. A real one has a few thousand.
const maxSearched = 128 << 10

// searchData returns the value of data/search.js: all texts of the newest images in lower case, one a line, and for each part of
// Search its score and the numbers of the texts, by job.
func searchData(jobs []*Job) any {
	texts := newDictionary()
	var scores []int
	var lists [][]any
	for n, j := range jobs {
		for k, part := range j.Images[0].searched() {
			if n == 0 {
				scores = append(scores, part.score)
				lists = append(lists, make([]any, len(jobs)))
			}
			lists[k][n] = searchNumbers(part.texts, texts)
		}
	}
	parts := make([]any, len(scores))
	for k, score := range scores {
		parts[k] = []any{score, lists[k]}
	}
	return map[string]any{"text": strings.Join(texts.texts, "\n"), "parts": parts}
}

// searchNumbers returns one number, or several.
func searchNumbers(part []string, texts *dictionary) any {
	numbers, size := []int{}, 0
	for _, text := range part {
		if size += len(text); size > maxSearched {
			break
		}
		text = strings.ReplaceAll(text, "\n", " ")
		if n := texts.number(text); !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 1 {
		return numbers[0]
	}
	return numbers
}
