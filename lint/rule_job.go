package lint

import (
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

var integerFraction = &Rule{
	Rule: diag.Rule{
		ID:       "integer-fraction",
		Severity: diag.Warning,
		Summary:  "integers should be written without fraction or exponent",
		Spec:     "1.2 S-2.1.1-10 T-04",
	},
	Check: func(p *Pass) {
		p.whole(seed.AtJob.Member("timeout"), p.Job.Timeout)
		for i, e := range p.Job.Errors {
			p.whole(seed.AtErrors.Index(i).Member("code"), e.Code)
		}
	},
}

func (p *Pass) whole(at seed.Pointer, value int64) {
	raw := string(p.Source.Raw(at))
	if !p.valid(at) || !strings.ContainsAny(raw, ".eE") {
		return
	}
	d := p.Reportf(at, "%s is written %s, which executors with an older JSON Schema refuse: write an integer, without fraction and exponent", at.Base(), raw)
	if exact, ok := new(big.Rat).SetString(raw); ok && len(raw) < 20 && exact.IsInt() && exact.Num().IsInt64() && exact.Num().Int64() == value {
		d.Hint = fmt.Sprintf("write %d", value)
		p.rewrite(d, "Write it as an integer", value)
	}
}

var timeoutPositive = &Rule{
	Rule: diag.Rule{
		ID:       "timeout-positive",
		Severity: diag.Error,
		Summary:  "timeout must be more than zero",
		Spec:     "2.1.1 S-2.1.1-10 T-12",
	},
	Check: func(p *Pass) {
		if at := seed.AtJob.Member("timeout"); p.valid(at) && p.Job.Timeout <= 0 {
			raw := p.Source.Raw(at)
			if p.Job.Timeout < 0 {
				p.Reportf(at, "timeout is %s, but no job ends before it starts: give seconds more than 0", raw)
				return
			}
			p.Reportf(at, "timeout is %s, which Scale takes for no limit, while other executors end the job at once: give seconds more than 0", raw)
		}
	},
}

const month = 30 * 24 * 60 * 60 // seconds

var timeoutLong = &Rule{
	Rule: diag.Rule{
		ID:       "timeout-long",
		Severity: diag.Notice,
		Summary:  "timeout is in seconds, and more than a month is rarely meant",
		Spec:     "2.1.1 T-12",
	},
	Check: func(p *Pass) {
		if at := seed.AtJob.Member("timeout"); p.valid(at) && p.Job.Timeout > month {
			d := p.Reportf(at, "timeout is %s seconds, which is more than a month: too long to end a job that hangs", p.Source.Raw(at))
			d.Hint = "timeout is in seconds, not milliseconds"
		}
	},
}

const titleLongest = 100

var titleForm = &Rule{
	Rule: diag.Rule{
		ID:       "title-form",
		Severity: diag.Warning,
		Summary:  "title should be a short descriptive title of its own",
		Spec:     "2.1.1 S-2.1.1-05",
	},
	Check: func(p *Pass) {
		at, title := seed.AtJob.Member("title"), p.Job.Title
		switch {
		case !p.valid(at):
		case blank(title):
			p.Reportf(at, "title is blank: catalogues show it, say in a few words what the job does")
		case title == p.Job.Name:
			p.Reportf(at, "title %q is the name again: say in a few words what the job does", title)
		case strings.ContainsAny(title, "\r\n"):
			p.Reportf(at, "title has a line break, but catalogues show it on one line")
		case utf8.RuneCountInString(title) > titleLongest:
			d := p.Reportf(at, "title has %d characters, but should be a short one of %d at most", utf8.RuneCountInString(title), titleLongest)
			d.Hint = "let description say the rest"
		}
	},
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

var descriptionForm = &Rule{
	Rule: diag.Rule{
		ID:       "description-form",
		Severity: diag.Warning,
		Summary:  "description should be an abstract of the job",
		Spec:     "2.1.1 S-2.1.1-07",
	},
	Check: func(p *Pass) {
		at, text := seed.AtJob.Member("description"), p.Job.Description
		switch {
		case !p.valid(at):
		case blank(text):
			p.Reportf(at, "description is blank: say what the job does, so that users can find it")
		case text == p.Job.Title:
			p.Reportf(at, "description is the title again: say what the job does, so that users can find it")
		}
	},
}

var markup = lazy.Regexp(`</?[A-Za-z][A-Za-z0-9]*(\s[^<>]*)?/?>|\[[^\]]+\]\([^)]+\)|(?m)^#{1,6} \S`)

var descriptionMarkup = &Rule{
	Rule: diag.Rule{
		ID:       "description-markup",
		Severity: diag.Notice,
		Summary:  "description should be plain text",
		Spec:     "2.1.1 S-2.1.1-20",
	},
	Check: func(p *Pass) {
		at := seed.AtJob.Member("description")
		if !strings.ContainsAny(p.Job.Description, "<[#") {
			return // most have none, and the pattern is slow
		}
		if m := markup().FindStringIndex(p.Job.Description); m != nil && p.valid(at) {
			p.reportPart(at, m[0], m[1], "description has the markup %q, which catalogues show as it is: write plain text", p.Job.Description[m[0]:m[1]])
		}
	},
}

var tagsForm = &Rule{
	Rule: diag.Rule{
		ID:       "tags-form",
		Severity: diag.Notice,
		Summary:  "tags should be different and not empty",
		Spec:     "2.1.1 S-2.1.1-08",
	},
	Check: func(p *Pass) {
		first := map[string]int{}
		for i, tag := range p.Job.Tags {
			at := seed.AtJob.Member("tags").Index(i)
			if !p.valid(at) {
				continue
			}
			if blank(tag) {
				p.Reportf(at, "tag %d is blank: leave it out", i+1)
			} else if j, ok := first[strings.ToLower(tag)]; ok {
				p.Reportf(at, "tag %q is given again: it is already there on line %d", tag, p.line(seed.AtJob.Member("tags").Index(j)))
			} else {
				first[strings.ToLower(tag)] = i
			}
		}
	},
}
