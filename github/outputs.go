package github

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pipeline"
)

// Only values of these forms become outputs, since later steps put them into command lines.
var (
	referenceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9_][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?$`)
	digestForm    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	tagsForm      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*(,[A-Za-z0-9_][A-Za-z0-9._-]*)*$`)
	nameForm      = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	versionForm   = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$`)
	fileForm      = regexp.MustCompile(`^[A-Za-z0-9._/\\:-]+$`)
	wordForm      = regexp.MustCompile(`^[a-z0-9]*$`)
)

func checked(form *regexp.Regexp, value string) string {
	if form.MatchString(value) {
		return value
	}
	return ""
}

// writeOutputs writes the outputs of the step. Those about one image are empty if there are several. Files are those that the step
// may have written, by the names of their outputs.
func writeOutputs(env func(string) string, r *Document, printed []byte, files map[string]string) error {
	all := r.Images
	outputs := map[string]string{
		"errors": strconv.Itoa(r.Errors), "warnings": strconv.Itoa(r.Warnings),
		"published": strconv.FormatBool(len(all) > 0 && !slices.ContainsFunc(all, func(p *pipeline.Image) bool { return !p.Published })),
	}
	if len(all) == 1 {
		if err := imageOutputs(all[0], outputs); err != nil {
			return err
		}
	}
	for name, file := range files {
		if job.IsFile(file) {
			outputs[name] = checked(fileForm, file)
		}
	}
	var err error
	if outputs["result"], err = oneLine(r, printed); err != nil {
		return err
	}
	for name, value := range outputs {
		if err := writeOutput(env, name, value); err != nil {
			return err
		}
	}
	return nil
}

// resultMax is how many bytes of result are written. A runner refuses larger outputs of a job.
const resultMax = 512 << 10

// oneLine returns the result as JSON on one line. A result that is too large loses what was printed and measured, and then its
// reports, which are in the log.
func oneLine(r *Document, printed []byte) (string, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, printed); err != nil || line.Len() <= resultMax {
		return line.String(), err
	}
	short := *r
	short.Images = nil
	for _, image := range r.Images {
		brief := *image
		brief.Cases = slices.Clone(image.Cases)
		for i := range brief.Cases {
			c := &brief.Cases[i]
			c.Stdout, c.Stderr, c.Captured, c.JSON = nil, nil, nil, nil
			if c.Usage != nil {
				usage := *c.Usage
				usage.Samples = nil
				c.Usage = &usage
			}
		}
		short.Images = append(short.Images, &brief)
	}
	line.Reset()
	if err := report.EncodeLine(&line, short); err != nil || line.Len() <= resultMax {
		return strings.TrimSpace(line.String()), err
	}
	short.Reports = []report.File{}
	line.Reset()
	err := report.EncodeLine(&line, short)
	return strings.TrimSpace(line.String()), err
}

func imageOutputs(p *pipeline.Image, to map[string]string) error {
	to["smoke"] = checked(wordForm, p.Smoke)
	to["name"] = checked(nameForm, p.JobName)
	to["job-version"] = checked(versionForm, p.JobVersion)
	to["package-version"] = checked(versionForm, p.PackageVersion)
	to["imageid"] = checked(digestForm, p.ImageID)
	if !p.Published {
		return nil
	}
	to["image"] = checked(referenceForm, p.Name)
	to["reference"] = checked(referenceForm, p.Reference)
	to["digest"] = checked(digestForm, p.Digest)
	to["tags"] = checked(tagsForm, strings.Join(p.Tags, ","))
	metadata := map[string]string{} // with the keys of docker/build-push-action
	for key, output := range map[string]string{"image.name": "image", "containerimage.digest": "digest", "containerimage.config.digest": "imageid"} {
		if to[output] != "" {
			metadata[key] = to[output]
		}
	}
	text, err := json.Marshal(metadata)
	to["metadata"] = string(text)
	return err
}

// writeOutput writes one output. Its delimiter is random, so that no value can end it.
func writeOutput(env func(string) string, name, value string) error {
	delimiter := "seedpack_" + rand.Text()
	return appendTo(env, "GITHUB_OUTPUT", fmt.Sprintf("%s<<%s\n%s\n%s\n", name, delimiter, value, delimiter))
}

// appendTo writes to one of the files that a runner reads after the step.
func appendTo(env func(string) string, variable, text string) (err error) {
	path := env(variable)
	if path == "" {
		return nil // not on a runner
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.WriteString(f, text)
	return err
}
