package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/jobbergate"
	"github.com/seedpack/seedpack/pack/registry"
)

// tokenVariable has the token of Jobbergate. There is no flag for it, since others can see those.
const tokenVariable = "JOBBERGATE_TOKEN"

// A publishTemplate says where an exported template goes.
type publishTemplate struct {
	url, identifier string
}

func (f *publishTemplate) add(s *pflag.FlagSet) {
	s.StringVar(&f.url, "publish", "", "of jobbergate: publish to the API at this URL, with the token in "+tokenVariable)
	s.StringVar(&f.identifier, "identifier", "", "of --publish: the identifier of the template (default the job's name)")
}

// check refuses what cannot be published, before anything is written.
func (f *publishTemplate) check(p *Process, to string) error {
	switch {
	case f.url == "" && f.identifier != "":
		return exit.Usagef("--identifier is for --publish")
	case f.url == "":
		return nil
	case to != jobbergate.Target.Name:
		return exit.Usagef("--publish is for --to %s", jobbergate.Target.Name)
	case p.Getenv(tokenVariable) == "":
		return exit.Usagef("--publish: put a token into the environment as %s", tokenVariable)
	}
	u, err := url.Parse(f.url)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "":
		return exit.Usagef("--publish %q must be the URL of a server, such as https://jobbergate.example.com", f.url)
	case u.Scheme == "http" && !registry.IsLoopback(u.Hostname()):
		return exit.Usagef("--publish %s would send the token unencrypted: write https://", f.url)
	}
	if f.identifier != "" {
		return exit.Usage(jobbergate.CheckIdentifier(f.identifier))
	}
	return nil
}

// A publishedTemplate is what became of a template.
type publishedTemplate struct {
	URL        string `json:"url"`
	Identifier string `json:"identifier"`
	Created    bool   `json:"created"` // false: a template that was there was updated
}

func (t *publishedTemplate) String() string {
	did := "updated"
	if t.Created {
		did = "created"
	}
	return fmt.Sprintf("%s the template %s at %s", did, t.Identifier, t.URL)
}

// publishTimeout is for each request.
const publishTimeout = time.Minute

// publish creates or updates the template. That it is another user's is a finding.
func (f *publishTemplate) publish(ctx context.Context, p *Process, network *networkFlags, j *export.Job, made *export.Package) (*publishedTemplate, error) {
	remote, _, err := network.options(p)
	if err != nil {
		return nil, err
	}
	p.secrets.Add(p.Getenv(tokenVariable))
	identifier := cmp.Or(f.identifier, j.Job.Name)
	if err := jobbergate.CheckIdentifier(identifier); err != nil {
		return nil, exit.Usagef("%w: give one with --identifier", err)
	}
	client := &http.Client{Timeout: publishTimeout, Transport: remote.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	api := &jobbergate.Client{URL: f.url, Token: p.Getenv(tokenVariable), HTTP: client}
	created, err := api.Publish(ctx, j, made, identifier)
	var owner *jobbergate.OwnerError
	if errors.As(err, &owner) {
		sayf(p.Stderr, "seedpack: %v", owner)
		return nil, exit.Findings
	}
	var part *jobbergate.PartError
	if ctx.Err() != nil && errors.As(err, &part) { // an interruption says no more than that
		sayf(p.Stderr, "seedpack: %s", part.State())
	}
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", f.url, err)
	}
	return &publishedTemplate{f.url, identifier, created}, nil
}
