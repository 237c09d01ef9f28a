package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// What --if-exists may be.
const (
	ifExistsError     = "error"
	ifExistsSkip      = "skip"
	ifExistsOverwrite = "overwrite"
)

// A publishFlags is the part of the command line that is about registries.
type publishFlags struct {
	ifExists         string
	aliases          []string
	preflightFirst   bool
	insecureRegistry bool
	pushTimeout      time.Duration
	dryRun           bool
}

var tagForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

func (f *publishFlags) check() error {
	switch f.ifExists {
	case "", ifExistsError, ifExistsSkip, ifExistsOverwrite:
	default:
		return exit.Usagef("--if-exists %q must be error, skip or overwrite", f.ifExists)
	}
	if f.pushTimeout < 0 {
		return exit.Usagef("--push-timeout %s must not be negative; 0 is without end", f.pushTimeout)
	}
	for _, alias := range f.aliases {
		if !tagForm.MatchString(alias) {
			return exit.Usagef("--tag %q must be a tag alone, without a repository: letters, digits, and _ . - after the first", alias)
		}
	}
	return nil
}

// tagTaken is what a registry may say of the name: an error, or a notice where --if-exists says skip.
var tagTaken = &diag.Rule{ID: "tag-taken", Severity: diag.Error, Spec: "T-38",
	Summary: "a published tag must not be moved to another image",
	Doc: "Who runs a job by its name trusts that it stays the same: results are compared, and errors are reported, by name. Raise " +
		"packageVersion where the packaging changed, and jobVersion where the job did. --if-exists skip leaves what is there, " +
		"--if-exists overwrite moves the tag all the same."}

// preflight asks the registry what would make the build vain. It is done when the job is to be skipped for certain.
func (r *packRun) preflight(ctx context.Context, result *packed, reference, label string) (done bool, err error) {
	if r.preflightFirst {
		if err := r.remote.Preflight(ctx, reference); err != nil {
			return false, err
		}
	}
	switch r.ifExists {
	case ifExistsOverwrite:
		return false, nil
	case ifExistsSkip:
		return r.skipEarly(ctx, result, reference)
	}
	return false, r.conflictEarly(ctx, result, reference, label)
}

// skipEarly is done where the name is taken and nothing else is asked for.
func (r *packRun) skipEarly(ctx context.Context, result *packed, reference string) (done bool, err error) {
	if len(r.outputs) > 0 {
		return false, nil
	}
	held, err := r.remote.Held(ctx, reference)
	if err != nil || held == "" {
		return false, err
	}
	instead := "not built"
	if result.job.image != nil {
		instead = "not tried"
	}
	result.skip(fmt.Sprintf("%q names %s already: %s", reference, held, instead))
	return true, nil
}

// conflictEarly finds that the name is an image's with another manifest: what is to be built cannot have the same
// digest. What cannot be found out now is asked again when the image is tagged.
func (r *packRun) conflictEarly(ctx context.Context, result *packed, reference, label string) error {
	if !r.preflightFirst {
		return nil
	}
	ref, err := r.remote.Parse(reference)
	if err != nil {
		return err
	}
	img, err := source.OpenReference(ctx, ref, r.remote.Options(ctx)...)
	if err != nil {
		return nil
	}
	for _, p := range img.Platforms {
		if !pack.Labelled(p.Config.Config.Labels, label) {
			result.taken(&registry.TagConflict{Reference: reference, Held: img.Digest})
			return errors.Join(exit.Findings, img.Close())
		}
	}
	return img.Close()
}

// tagAll gives the verified image its name, and then its aliases, which move: who asks for latest means this one.
func (r *packRun) tagAll(ctx context.Context, result *packed, reference string) error {
	already, err := r.remote.Tag(ctx, reference, result.Digest, r.ifExists == ifExistsOverwrite)
	var conflict *registry.TagConflict
	switch {
	case errors.As(err, &conflict) && r.ifExists == ifExistsSkip:
		result.skip(fmt.Sprintf("%q names another image already, %s: not moved to %s", conflict.Reference, conflict.Held, conflict.Proposed))
		return nil
	case errors.As(err, &conflict):
		result.taken(conflict)
		return exit.Findings
	case err != nil:
		return err
	}
	colon := strings.LastIndex(reference, ":")
	result.Published, result.already = true, already
	result.Reference, result.Tags = reference+"@"+result.Digest, []string{reference[colon+1:]}
	for _, alias := range r.aliases {
		_, err := r.remote.Tag(ctx, reference[:colon+1]+alias, result.Digest, true)
		switch {
		case errors.As(err, &conflict):
			result.aliasTaken(conflict)
			return exit.Findings
		case err != nil:
			return fmt.Errorf("%w\n%s is published, without the alias %s", err, reference, alias)
		}
		result.Tags = append(result.Tags, alias)
	}
	return nil
}

func (p *packed) skip(message string) {
	p.Skipped = true
	p.addTag(diag.Diagnostic{Severity: diag.Notice, Message: message})
}

func (p *packed) taken(c *registry.TagConflict) {
	version := p.job.Manifest.Job.PackageVersion
	hint := "raise packageVersion, or jobVersion where the job itself has changed"
	if next := nextVersion(version); next != "" {
		hint = fmt.Sprintf("raise packageVersion from %s to %s, or jobVersion where the job itself has changed", version, next)
	}
	message := fmt.Sprintf("%q names another image already, %s", c.Reference, c.Held)
	switch {
	case c.Proposed == "":
		message += ", whose manifest is another: not built"
		if p.job.image != nil {
			message = strings.TrimSuffix(message, "not built") + "not tried"
		}
	case c.Immutable:
		message += ", and the registry lets no tag move; what was built is " + c.Proposed
	default:
		message += "; what was built is " + c.Proposed
	}
	p.addTag(diag.Diagnostic{Hint: hint, Message: message})
}

// aliasTaken is about a tag that would move, were it not for the registry.
func (p *packed) aliasTaken(c *registry.TagConflict) {
	p.addTag(diag.Diagnostic{Hint: "leave the alias out, or let it move in the registry's settings",
		Message: fmt.Sprintf("the alias %q names another image, %s, and the registry lets no tag move; %s is published without it",
			c.Reference, c.Held, p.Name)})
}

func (p *packed) addTag(d diag.Diagnostic) {
	d.Rule, d.Pointer = tagTaken, "/job/packageVersion"
	r := &diag.Report{Path: p.job.Path, Source: p.job.Manifest.Source}
	r.Add(d)
	p.add(r)
}

// nextVersion is the version to publish after one that is taken: of a pre-release its release, else the next patch.
// Empty when it is no semantic version.
func nextVersion(version string) string {
	release, _, isPre := strings.Cut(version, "-")
	parts := strings.Split(release, ".")
	if len(parts) != 3 {
		return ""
	}
	patch, err := strconv.ParseUint(parts[2], 10, 32)
	switch {
	case err != nil:
		return ""
	case isPre:
		return release
	}
	return fmt.Sprintf("%s.%s.%d", parts[0], parts[1], patch+1)
}
