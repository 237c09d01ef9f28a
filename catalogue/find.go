package catalogue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/pack/registry"
)

// Bounds of one search. What a registry has beyond them is not read, and the catalogue is not complete.
const (
	parallel        = 16 // requests at once
	maxRepositories = 100_000
	maxTags         = 10_000  // of one repository
	maxImages       = 200_000 // in all
)

// MaxReferences is how many references are read at most.
const MaxReferences = maxImages

// Options say how to search. The zero value lists the repositories of plain registries, and needs no token.
type Options struct {
	Registry registry.Registry
	Kind     Kind   // default: Auto
	API      string // scheme, host and port of the service's interface, if it is not the usual one
	// Repositories are below the targets and are read in place of a list.
	Repositories []string
	// References are images, or repositories without a tag. They are read besides the targets.
	References  []string
	Platform    string   // os/arch[/variant] to read of an index. Default: linux/amd64
	Attachments bool     // ask what refers to each image
	JobPack     bool     // list repositories that end in -jobpack, too, among the skipped ones
	Cache       *os.Root // directory that keeps what was read; the caller closes it. Default: none
	Recheck     bool     // ask the registry also for version tags that the cache knows
	Getenv      func(string) string
	// Progress is called often, by several goroutines, but one at a time. Nil: nobody looks.
	Progress func(Progress)
}

// Progress says how far a search has come.
type Progress struct {
	Repositories int // seen in lists
	Candidates   int // repositories that end in -seed
	Tags         int // images to read
	Read         int // of those
	Images       int // with a manifest
}

// A finder is one search.
type finder struct {
	opt   Options
	cache *cache
	turns *turns

	mu       sync.Mutex
	clients  map[string]*dialled
	known    map[string]*known // by host and digest
	progress Progress
	weight   int // of all images
	found    Catalogue
}

// A candidate is a repository to look at.
type candidate struct {
	host, repository string
}

// Find looks for Seed images below targets, HOST[/NAMESPACE]. What cannot be listed or read is in Catalogue.Failures, and
// everything else is found all the same. A cache that cannot be written is in Catalogue.Notes. The error is for options that are
// wrong. If ctx ends, what was found so far is returned with a Failure.
func Find(ctx context.Context, targets []string, opt Options) (*Catalogue, error) {
	if opt.Getenv == nil {
		opt.Getenv = func(string) string { return "" }
	}
	f := &finder{opt: opt, cache: openCache(opt.Cache), turns: newTurns(), clients: map[string]*dialled{}, known: map[string]*known{},
		found: Catalogue{SchemaVersion: schemaVersion, Registries: []string{}, Images: []Image{}, Skipped: []Skipped{}}}
	repositories := f.list(ctx, targets)
	places, more := f.references()
	repositories = unique(append(repositories, more...))
	places = append(places, f.tags(ctx, repositories)...)
	f.readAll(ctx, uniquePlaces(places))
	f.failLost()
	if ctx.Err() != nil {
		f.fail("seedpack discover", fmt.Errorf("interrupted: %w", context.Cause(ctx)))
	}
	if err := f.cache.close(); err != nil {
		f.note(fmt.Sprintf("the cache could not be written: %v\nthe next search asks again for what is not in it", err))
	}
	f.found.sort()
	f.found.link()
	return &f.found, nil
}

func unique(all []candidate) []candidate {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.repository, b.repository))
	})
	return slices.Compact(all)
}

func uniquePlaces(all []place) []place {
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(a.reference(), b.reference()) })
	return slices.CompactFunc(all, func(a, b place) bool { return a.reference() == b.reference() })
}

// fail notes what could not be found out. After an interruption everything fails, which is said once.
func (f *finder) fail(place string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, context.Canceled) && !strings.HasPrefix(err.Error(), "interrupted") {
		return
	}
	f.found.Failures = append(f.found.Failures, Failure{place, err})
}

// note keeps a remark about what was found.
func (f *finder) note(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found.Notes = append(f.found.Notes, text)
}

func (f *finder) skip(s Skipped) {
	const longest = 400
	s.Reason = clip(s.Reason, longest)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found.Skipped = append(f.found.Skipped, s)
}

// advance changes the progress and shows it.
func (f *finder) advance(change func(*Progress)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.progress)
	if f.opt.Progress != nil {
		f.opt.Progress(f.progress)
	}
}

// dial returns the client of a registry, which is asked for its API once.
func (f *finder) dial(ctx context.Context, host string) (*dialled, error) {
	f.mu.Lock()
	d := f.clients[host]
	if d == nil {
		d = &dialled{}
		f.clients[host] = d
		f.found.Registries = append(f.found.Registries, host)
	}
	f.mu.Unlock()
	d.once.Do(func() {
		d.client, d.err = f.opt.Registry.Dial(ctx, host, f.login(host))
		d.headers = isDockerHub(host) || f.opt.Kind == DockerHub
	})
	return d, d.err
}

// list lists the repositories of all targets whose names end in -seed.
func (f *finder) list(ctx context.Context, targets []string) []candidate {
	var mu sync.Mutex
	var all []candidate
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, text := range targets {
		host, namespace, _ := strings.Cut(text, "/")
		t := target{host, namespace}
		group.Go(func() error {
			found, err := f.listTarget(ctx, t)
			if err != nil {
				f.fail(t.String(), err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, found...)
			return nil
		})
	}
	_ = group.Wait() // failures are noted
	return all
}

func (f *finder) listTarget(ctx context.Context, t target) ([]candidate, error) {
	if len(f.opt.Repositories) > 0 {
		return f.listNamed(t), nil
	}
	d, err := f.dial(ctx, t.host)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, otherWays(""))
	}
	s, err := f.newService(ctx, t, d.client)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, otherWays(""))
	}
	names := map[string]bool{}
	err = s.repositories(ctx, func(page []string) error {
		seen := len(names)
		for _, name := range page {
			if f.isCandidate(name) && t.contains(name) && validRepository(t.host, name) {
				names[name] = true
			}
		}
		f.advance(func(p *Progress) { p.Repositories += len(page); p.Candidates += len(names) - seen })
		if len(names) > maxRepositories {
			return fmt.Errorf("the registry lists more than %d repositories that end in %s", maxRepositories, suffix)
		}
		return nil
	})
	all := make([]candidate, 0, len(names))
	for name := range names {
		all = append(all, candidate{t.host, name})
	}
	if err != nil {
		return all, s.explain(fmt.Errorf("list the repositories: %w", err))
	}
	f.listed(s)
	return all, nil
}

// listed says what may be missing in a list that a service has given.
func (f *finder) listed(s *service) {
	if s.withheld != "" {
		f.note(fmt.Sprintf("%s: %s is set and was not sent, because nobody said that it is for this host: only what is public was listed\nsay so with --kind %s",
			s.target, s.withheld, s.kind))
	}
	if s.kind != DockerHub || !s.anonymous || !isDockerHub(s.host) {
		return
	}
	if _, known := f.opt.Registry.Credentials("docker.io"); known { // there may be private repositories
		f.note(fmt.Sprintf("%s: only public repositories were listed\nto list private ones, too, set %s", s.target, dockerHubToken))
	}
}

// listNamed returns the repositories that the user names in place of a list.
func (f *finder) listNamed(t target) (all []candidate) {
	for _, name := range f.opt.Repositories {
		if t.namespace != "" {
			name = t.namespace + "/" + name
		}
		c := candidate{t.host, name}
		if !f.isCandidate(name) {
			f.skip(Skipped{Reference: t.host + "/" + name, Name: name, Reason: hasNoSuffix})
			continue
		}
		f.advance(func(p *Progress) { p.Repositories++; p.Candidates++ })
		all = append(all, c)
	}
	return all
}

func (f *finder) isCandidate(repository string) bool {
	return strings.HasSuffix(repository, suffix) || f.opt.JobPack && strings.HasSuffix(repository, jobPackSuffix)
}

// validRepository reports whether a name from a list can be a repository. It becomes part of addresses and files.
func validRepository(host, repository string) bool {
	named, err := reference.ParseNormalizedNamed(host + "/" + repository)
	return err == nil && reference.IsNameOnly(named) && len(repository) <= 255
}

// explain adds to an error what a user can do about it.
func (s *service) explain(err error) error {
	hint := otherWays(s.kind)
	var status *StatusError
	switch known := errors.As(err, &status); {
	case known && status.Spent:
		return err // it says when to try again
	case !known || !s.wantsToken(status):
		return fmt.Errorf("%w%s", err, hint)
	}
	switch {
	case s.withheld != "":
		hint = fmt.Sprintf("\n%s is set and was not sent, because nobody said that it is for this host: say so with --kind %s", s.withheld, s.kind) + hint
	case status.Status == http.StatusNotFound:
		hint = fmt.Sprintf("\nif it is private, set %s to a token that may list repositories", s.kind.variable()) + hint
	case s.kind == GitHub:
		hint = fmt.Sprintf("\nset %s to a personal access token (classic) with read:packages: the token of a workflow may not list packages", githubToken) + hint
	case s.kind.variable() != "":
		hint = fmt.Sprintf("\nset %s to a token that may list repositories", s.kind.variable()) + hint
	default:
		hint = "\nlog in with seedpack login " + s.target.host + hint
	}
	return fmt.Errorf("%w%s", err, hint)
}

// otherWays says how to find images in a registry that could not be listed as the kind that it was taken for.
func otherWays(taken Kind) string {
	as := ""
	if taken != "" {
		as = fmt.Sprintf(" (it was taken for %s)", taken)
	}
	return "\nsay with --kind what the registry is" + as + ", or name its repositories with --repository"
}

// wantsToken reports whether another token may help. GitHub calls one that it refuses an invalid argument. Services say of
// what is private that it is not there.
func (s *service) wantsToken(e *StatusError) bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusBadRequest:
		return s.kind == GitHub
	case http.StatusNotFound:
		return s.anonymous && s.kind != Plain
	}
	return false
}

// references reads the references that the user gives: images, and repositories whose tags are to be listed.
func (f *finder) references() (places []place, repositories []candidate) {
	for _, text := range f.opt.References {
		p, err := parseReference(text)
		if err != nil {
			f.fail(text, err)
			continue
		}
		switch {
		case !f.isCandidate(p.repository):
			reason := p.skipped(hasNoSuffix)
			if p.tag == "" && p.digest == "" {
				reason.Reference, reason.Name = p.host+"/"+p.repository, p.repository
			}
			f.skip(reason)
		case p.tag == "" && p.digest == "":
			repositories = append(repositories, candidate{p.host, p.repository})
		default:
			places = append(places, p)
		}
	}
	f.advance(func(p *Progress) { p.Tags += len(places); p.Candidates += len(repositories) })
	return places, repositories
}

// parseReference reads HOST/REPOSITORY, with a tag or a digest or without.
func parseReference(text string) (place, error) {
	named, err := reference.ParseDockerRef(text)
	if err != nil {
		return place{}, err
	}
	p := place{host: reference.Domain(named), repository: reference.Path(named)}
	exact, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return place{}, err
	}
	if digested, ok := exact.(reference.Digested); ok {
		p.digest = digested.Digest().String()
		if !digestForm.MatchString(p.digest) {
			return place{}, fmt.Errorf("the digest %q has an algorithm that is not supported", p.digest)
		}
		return p, nil
	}
	if tagged, ok := exact.(reference.Tagged); ok {
		p.tag = tagged.Tag()
	}
	return p, nil
}

// add puts an image into the catalogue, unless it is full.
func (f *finder) add(p place, facts *facts, digest string, about referring) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !fits(len(f.found.Images), f.weight+facts.weighed()) || len(f.found.Images) == maxImages {
		facts.manifest, facts.parsed = nil, nil
		return fmt.Errorf("there is more than a catalogue can hold: %d images, and manifests of %d KiB on average", maxImages, roomOfImage>>10)
	}
	f.weight += facts.weighed()
	f.found.Images = append(f.found.Images, Image{
		Reference: p.reference(), Name: p.name(), Digest: digest, Platforms: facts.platforms, Size: facts.size, Created: facts.created,
		Revision: facts.revision, Source: facts.source, Lint: facts.lint, Attachments: about.attachments, Smoke: about.smoke, Manifest: facts.manifest, parsed: facts.parsed,
	})
	f.progress.Images++
	return nil
}
