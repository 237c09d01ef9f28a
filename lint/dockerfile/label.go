package dockerfile

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A label is one LABEL of the Dockerfile, as the builder stores it.
type label struct {
	key, value string
	at         []parser.Range
	// replaced are the variables that the builder replaces. A manifest never means that.
	replaced []string
	err      error // from a substitution that the builder does not know
}

// labels returns the labels of a stage.
func (f *file) labels(s *instructions.Stage) []label {
	var out []label
	for _, c := range commands[*instructions.LabelCommand](s) {
		for _, pair := range c.Labels {
			key, _ := f.expand(pair.Key)
			value, l := f.expand(pair.Value)
			l.key, l.value, l.at = key, value, c.Location()
			out = append(out, l)
		}
	}
	return out
}

// emptyEnvironment is an environment without variables.
type emptyEnvironment struct{}

func (emptyEnvironment) Get(string) (string, bool) { return "", false }
func (emptyEnvironment) Keys() []string            { return nil }

// expand returns a word as the builder stores it: without quotes and with variables replaced.
func (f *file) expand(word string) (string, label) {
	result, err := shell.NewLex(f.escape).ProcessWordWithMatches(word, emptyEnvironment{})
	return result.Result, label{err: err, replaced: slices.Sorted(maps.Keys(result.Unmatched))}
}

// seedLabels returns the labels of a stage that hold a manifest.
func (f *file) seedLabels(s *instructions.Stage) []label {
	return slices.DeleteFunc(f.labels(s), func(l label) bool { return l.key != seed.Label })
}

// intactLabels returns the labels of the final stage that hold a manifest and that the builder does not change.
func (f *file) intactLabels() []label {
	return slices.DeleteFunc(f.seedLabels(f.final()), func(l label) bool { return l.err != nil || len(l.replaced) > 0 })
}

var labelManifest = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-manifest",
		Severity: diag.Warning,
		Summary:  "a LABEL with a manifest should be that of the file",
		Spec:     "1 S-1-02 T-29",
	},
	check: func(f *file) {
		for _, l := range f.intactLabels() {
			if !meantAsJSON(l) {
				f.reportf(l.at, "LABEL %s is %q, which is no manifest: the file wins when building", seed.Label, clip(l.value))
				continue
			}
			src := seed.ParseJSON([]byte(l.value))
			if isObject(src) && !reflect.DeepEqual(src.Value(), f.manifest.Source.Value()) {
				d := f.reportf(l.at, "LABEL %s has another manifest than %s: the file wins when building", seed.Label, seed.ManifestFile)
				d.Hint = "remove the LABEL, since seedpack sets it"
			}
		}
	},
}

// meantAsJSON reports whether a label is meant to hold JSON. A placeholder for a script is not.
func meantAsJSON(l label) bool {
	start := strings.TrimSpace(l.value)
	return start != "" && strings.Contains("{[\"", start[:1])
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}

func isObject(src *seed.Source) bool { return len(src.Problems) == 0 && src.Kind("") == "object" }

var labelWritten = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label",
		Severity: diag.Notice,
		Summary:  "the manifest need not be written into the Dockerfile",
		Spec:     "1 S-1-02",
	},
	check: func(f *file) {
		for _, l := range f.seedLabels(f.final()) {
			f.reportf(l.at, "LABEL %s is written by hand, and has to be kept in step with %s: seedpack sets it", seed.Label, seed.ManifestFile)
		}
	},
}

var labelVariable = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-variable",
		Severity: diag.Error,
		Summary:  "variables in a LABEL with a manifest must be escaped",
		Spec:     "3.2 S-3.2-02 T-08",
	},
	check: func(f *file) {
		for _, l := range f.seedLabels(f.final()) {
			switch {
			case l.err != nil:
				f.reportf(l.at, "LABEL %s has a variable that the builder stops at: escape its dollar, \\$", seed.Label)
			case len(l.replaced) > 0:
				f.reportf(l.at, "LABEL %s has $%s unescaped, which the builder replaces by nothing: write \\$", seed.Label, strings.Join(l.replaced, ", $"))
			}
		}
	},
}

var labelJSON = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-json",
		Severity: diag.Error,
		Summary:  "a LABEL with a manifest must hold one JSON object",
		Spec:     "1.1 S-1.1-04 J-03",
	},
	check: func(f *file) {
		for _, l := range f.intactLabels() {
			src := seed.ParseJSON([]byte(l.value))
			switch {
			case !meantAsJSON(l):
			case len(src.Problems) > 0:
				d := f.reportf(l.at, "LABEL %s is stored as no JSON: %s", seed.Label, src.Problems[0].Message)
				d.Hint = `escape each quote within it, \", or remove the LABEL`
			case src.Kind("") != "object":
				f.reportf(l.at, "LABEL %s holds no JSON object: it must hold the whole manifest", seed.Label)
			}
		}
	},
}

var labelKey = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-key",
		Severity: diag.Warning,
		Summary:  "a LABEL with a manifest should have the standard's key",
		Spec:     "1.1 S-1.1-03",
	},
	check: func(f *file) {
		for _, l := range f.labels(f.final()) {
			if l.key != seed.Label && resemblesKey(l.key) {
				f.reportf(l.at, "label %q is not %q, the only one that executors look for", l.key, seed.Label)
			}
		}
	},
}

// resemblesKey reports whether a key is meant to be the key of Seed's label.
func resemblesKey(key string) bool {
	lower := strings.ToLower(key)
	return lower == seed.Label || lower == seed.JobPackLabel || strings.HasSuffix(lower, "seed.manifest") || strings.HasSuffix(lower, "seed.manifest.json") ||
		strings.HasPrefix(lower, "com.ngageoint.")
}

var labelRepeated = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-repeated",
		Severity: diag.Error,
		Summary:  "the final stage must have one LABEL with a manifest at most",
		Spec:     "1.1 T-29",
	},
	check: func(f *file) {
		all := f.seedLabels(f.final())
		for _, l := range all[min(len(all), 1):] {
			f.reportf(l.at, "LABEL %s is already on line %d: one of the two is lost", seed.Label, all[0].at[0].Start.Line)
		}
	},
}

var labelStage = &rule{
	Rule: diag.Rule{
		ID:       "dockerfile-label-stage",
		Severity: diag.Notice,
		Summary:  "a LABEL of another stage does not reach the image",
		Spec:     "1.1 T-29",
	},
	check: func(f *file) {
		lineage, _ := f.lineage()
		for i := range f.stages {
			if slices.Contains(lineage, &f.stages[i]) {
				continue
			}
			for _, l := range f.seedLabels(&f.stages[i]) {
				f.reportf(l.at, "LABEL %s is in a stage that the image is not built from, so it is lost", seed.Label)
			}
		}
	},
}
