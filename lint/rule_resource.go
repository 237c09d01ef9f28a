package lint

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Names of resources that the standard reserves (section 2.1.1.2), and one more that executors know.
var (
	reservedResources = []string{"cpus", "mem", "disk", "sharedMem"}
	knownResources    = append([]string{"gpus"}, reservedResources...)
	recommended       = []string{"cpus", "mem", "disk"}
	storage           = []string{"mem", "disk", "sharedMem"}
)

// resourceSynonyms are names of other systems for resources of the standard, without separators and in lower case.
var resourceSynonyms = map[string]string{
	"cpu": "cpus", "cores": "cpus", "core": "cpus", "vcpus": "cpus", "memory": "mem", "ram": "mem", "storage": "disk", "diskspace": "disk",
	"sharedmem": "sharedMem", "sharedmemory": "sharedMem", "shm": "sharedMem", "shmsize": "sharedMem", "gpu": "gpus",
}

// standardResource returns the resource of the standard that a name stands for, or "".
func standardResource(name string) string {
	if known := foldedIn(knownResources, name); known != "" {
		return known
	}
	return resourceSynonyms[strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))]
}

var resourcesMissing = &Rule{
	Rule: diag.Rule{
		ID:       "resources-missing",
		Severity: diag.Warning,
		Summary:  "a job should say what resources it needs",
		Spec:     "2.1.1 S-2.1.1-13",
	},
	Check: func(p *Pass) {
		if p.Source.Kind(seed.AtJob) == "object" && !p.Source.Has(seed.AtResources) && !p.replaced[seed.AtResources] && !p.Source.Incomplete() {
			d := p.Reportf(seed.AtJob, "job has no resources, so that the executor's defaults apply: state cpus, mem and disk")
			d.Hint = `add "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 1024}, {"name": "disk", "value": 100}]}`
		}
	},
}

var resourcesScalar = &Rule{
	Rule: diag.Rule{
		ID:       "resources-scalar",
		Severity: diag.Error,
		Summary:  "resources must have the member scalar",
		Spec:     "2.1.1.2 S-2.1.1.2-03 T-02",
	},
	Check: func(p *Pass) {
		if p.Source.Kind(seed.AtResources) == "object" && !p.Source.Has(seed.AtScalar) && !p.replaced[seed.AtScalar] && !p.Source.Incomplete() {
			p.Reportf(seed.AtResources, `resources has no member "scalar", which the standard asks for though its schema does not: add it with cpus, mem and disk`)
		}
	},
}

var resourcesRecommended = &Rule{
	Rule: diag.Rule{
		ID:       "resources-recommended",
		Severity: diag.Warning,
		Summary:  "cpus, mem and disk should all be declared",
		Spec:     "2.1.1.2 S-2.1.1.2-07 S-3.1.4-03",
	},
	Check: func(p *Pass) {
		if !p.valid(seed.AtResources) || p.Source.Incomplete() {
			return
		}
		var missing []string
		for _, name := range recommended {
			if !slices.ContainsFunc(p.Job.Resources.Scalar, func(s seed.Scalar) bool { return standardResource(s.Name) == name }) {
				missing = append(missing, strconv.Quote(name))
			}
		}
		if len(missing) > 0 {
			p.Reportf(seed.AtResources, "resources do not declare %s, so that the executor's defaults apply: add what the job needs to scalar", joinWords(missing))
		}
	},
}

// joinWords joins words with commas and "and".
func joinWords(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

var resourceNameCase = &Rule{
	Rule: diag.Rule{
		ID:       "resource-name-case",
		Severity: diag.Warning,
		Summary:  "reserved resource names should be spelled as the standard does",
		Spec:     "2.1.1.2 S-2.1.1.2-08",
	},
	Check: func(p *Pass) {
		for _, m := range p.scalars() {
			known := standardResource(m.Name)
			if known == "" || known == m.Name {
				continue
			}
			d := p.Reportf(m.name(), "resource %q is not %q, which has a meaning to executors: this one has none", m.Name, known)
			if slices.ContainsFunc(p.scalars(), func(o member) bool { return o.Name == known }) {
				d.Hint = diag.Sprintf("%q is declared too: take one of the two out", known)
			} else {
				p.replace(d, "Write "+known, known)
			}
		}
	},
}

func foldedIn(names []string, name string) string {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return ""
}

var resourceNonstandard = &Rule{
	Rule: diag.Rule{
		ID:       "resource-nonstandard",
		Severity: diag.Notice,
		Summary:  "executors should refuse a job with a resource that they do not know",
		Spec:     "2.1.1.2 S-2.1.1.2-06",
	},
	Check: func(p *Pass) {
		for _, m := range p.scalars() {
			if standardResource(m.Name) == "" {
				p.Reportf(m.name(), "resource %q is not one of the standard: executors that do not know it should refuse the job", m.Name)
			}
		}
	},
}

var resourceNegative = &Rule{
	Rule: diag.Rule{
		ID:       "resource-negative",
		Severity: diag.Error,
		Summary:  "amounts of resources must not be negative",
		Spec:     "2.1.1.2 T-12",
	},
	Check: func(p *Pass) {
		for i, s := range p.Job.Resources.Scalar {
			at := seed.AtScalar.Index(i)
			for name, amount := range map[string]float64{"value": s.Value, "inputMultiplier": s.InputMultiplier} {
				if amount < 0 && p.valid(at.Member(name)) {
					p.Reportf(at.Member(name), "%s of %q is %s, but an amount cannot be negative", name, s.Name, p.Source.Raw(at.Member(name)))
				}
			}
		}
	},
}

var resourceZero = &Rule{
	Rule: diag.Rule{
		ID:       "resource-zero",
		Severity: diag.Warning,
		Summary:  "cpus, mem and disk should be more than nothing",
		Spec:     "2.1.1.2 T-12",
	},
	Check: func(p *Pass) {
		for i, s := range p.Job.Resources.Scalar {
			at := seed.AtScalar.Index(i).Member("value")
			if slices.Contains(recommended, s.Name) && s.Value == 0 && s.InputMultiplier == 0 && p.valid(at) && p.given(seed.AtScalar.Index(i).Member("inputMultiplier")) {
				p.Reportf(at, "%q is 0: a job that needs none of it does not run, give what it needs", s.Name)
			}
		}
	},
}

var resourceGPUs = &Rule{
	Rule: diag.Rule{
		ID:       "resource-gpus",
		Severity: diag.Warning,
		Summary:  "gpus should be a whole number",
		Spec:     "2.1.1.2 S-2.1.1.2-06",
	},
	Check: func(p *Pass) {
		for i, s := range p.Job.Resources.Scalar {
			at := seed.AtScalar.Index(i).Member("value")
			if s.Name == "gpus" && s.Value != math.Trunc(s.Value) && p.valid(at) {
				p.Reportf(at, "gpus is %s, but executors hand out whole ones and refuse the job or round down: give a whole number", p.Source.Raw(at))
			}
		}
	},
}

var resourceMultiplier = &Rule{
	Rule: diag.Rule{
		ID:       "resource-multiplier",
		Severity: diag.Notice,
		Summary:  "inputMultiplier is for storage that grows with the size of input files",
		Spec:     "2.1.1.2 S-2.1.1.2-15",
	},
	Check: func(p *Pass) {
		for i, s := range p.Job.Resources.Scalar {
			at := seed.AtScalar.Index(i).Member("inputMultiplier")
			switch {
			case s.InputMultiplier == 0 || !p.valid(at):
			case s.Name == "cpus" || s.Name == "gpus":
				p.Reportf(at, "%q grows with the MiB of input by this inputMultiplier, which is hardly meant: leave it out", s.Name)
			case len(p.Job.Interface.Inputs.Files) == 0 && !p.undeclared():
				p.Reportf(at, "inputMultiplier of %q has nothing to multiply: the job has no input files", s.Name)
			}
		}
	},
}

const mebibyte = 1 << 20

var resourceBytes = &Rule{
	Rule: diag.Rule{
		ID:       "resource-bytes",
		Severity: diag.Warning,
		Summary:  "storage should be given in MiB",
		Spec:     "2.1.1.2 S-2.1.1.2-11",
	},
	Check: func(p *Pass) {
		for i, s := range p.Job.Resources.Scalar {
			at := seed.AtScalar.Index(i).Member("value")
			if slices.Contains(storage, s.Name) && s.Value >= mebibyte && p.valid(at) {
				p.Reportf(at, "%q is %s, which looks like bytes or KiB: it is in MiB, so no executor has that much", s.Name, p.Source.Raw(at))
			}
		}
	},
}
