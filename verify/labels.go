package verify

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// FromLabel returns the manifest of the first platform with a readable label. If there is none, it returns nil, and the
// report says why.
func FromLabel(img *source.Image) (*seed.Manifest, *diag.Report) {
	report := &diag.Report{Path: img.Source.String()}
	for _, p := range img.Platforms {
		text, found := readLabel(p.Name, p.Config.Config.Labels)
		if text != nil {
			return seed.Parse(text), report
		}
		report.Add(*found)
	}
	if len(img.Platforms) == 0 {
		report.Add(diag.Diagnostic{Rule: platformsDiffer, Message: "the index has no images"})
	}
	return nil, report
}

// readLabel returns the text of the manifest in the label, or a finding if it cannot be read.
func readLabel(platform string, labels map[string]string) ([]byte, *diag.Diagnostic) {
	value, ok := labels[seed.Label]
	if !ok && labels[seed.JobPackLabel] != "" {
		return nil, &diag.Diagnostic{Rule: labelMissing, Hint: migrateHint,
			Message: fmt.Sprintf("%s: the image is JobPack, not Seed: there is no label %s, only %s", platform, seed.Label, seed.JobPackLabel)}
	}
	if !ok {
		return nil, &diag.Diagnostic{Rule: labelMissing, Hint: otherLabel(labels), Message: fmt.Sprintf("%s: there is no label %s", platform, seed.Label)}
	}
	text, _, err := pack.DecodeLabel(value)
	if err != nil {
		return nil, &diag.Diagnostic{Rule: labelUnreadable, Message: fmt.Sprintf("%s: %v", platform, err)}
	}
	return text, nil
}

const migrateHint = "seedpack migrate makes a Seed manifest of its label; seedpack publish --migrate publishes the image with it"

// jobPackNote reports the label of JobPack besides Seed's; nil if there is none.
func jobPackNote(p source.Platform) *diag.Diagnostic {
	if p.Config.Config.Labels[seed.JobPackLabel] == "" {
		return nil
	}
	return &diag.Diagnostic{Rule: labelJobPack, Hint: "remove it where the image is built",
		Message: fmt.Sprintf("%s: the image has the label %s, too: the one of Seed counts, but readers of JobPack list it as another job", p.Name, seed.JobPackLabel)}
}

// labelNotes reports what prevents some readers from reading a label that is readable for us.
func labelNotes(p source.Platform) []diag.Diagnostic {
	value := p.Config.Config.Labels[seed.Label]
	_, notes, _ := pack.DecodeLabel(value)
	var all []diag.Diagnostic
	for _, note := range notes {
		all = append(all, diag.Diagnostic{Rule: labelForm, Message: note, Hint: "publish the job again: strict readers cannot read this label"})
	}
	if len(notes) == 0 && !pack.ReadsBlindly(value) {
		all = append(all, diag.Diagnostic{Rule: labelForm,
			Message: "the label holds quotes or backslashes that readers such as Silo take away, which leaves no JSON or another manifest",
			Hint:    "publish the job again: Seedpack writes them in a form that all readers understand"})
	}
	return all
}

// otherLabel returns a hint about a label with almost the right key, or "".
func otherLabel(labels map[string]string) string {
	for key := range labels {
		if strings.EqualFold(key, seed.Label) {
			return fmt.Sprintf("there is a label %q, letters count as they are", key)
		}
	}
	return ""
}

// Labels compares the labels of an image that was built elsewhere with the manifest that counts. Reports name the
// manifest by path. No finding prevents a run of the image, since publishing sets the right label.
func Labels(img *source.Image, m *seed.Manifest, path string) *diag.Report {
	report := &diag.Report{Path: path, Source: m.Source}
	for _, p := range img.Platforms {
		text, found := readLabel(p.Name, p.Config.Config.Labels)
		switch {
		case found != nil && found.Rule == labelMissing:
			found.Severity, found.Message = diag.Notice, found.Message+": it is set when the image is published"
			report.Add(*found)
		case found != nil:
			found.Severity, found.Message = diag.Warning, found.Message+"; this manifest counts"
			report.Add(*found)
		default:
			if at, differs := difference("", m.Source.Value(), seed.Parse(text).Source.Value()); differs {
				report.Add(diag.Diagnostic{Rule: labelDiffers, Severity: diag.Warning, Pointer: at,
					Message: fmt.Sprintf("the label of %s holds another manifest, first at %q; this one counts", p.Name, string(at))})
			}
		}
	}
	report.Sort()
	return report
}
