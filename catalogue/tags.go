package catalogue

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/semver"
	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/pack/registry"
)

// tagForm is what a tag may consist of, as the distribution specification says.
var tagForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// attachedTag matches the tags under which registries without the referrers API keep what refers to an image.
var attachedTag = regexp.MustCompile(`^(sha256|sha512)-([0-9a-f]{64,128})(\.[a-z]+)?$`)

// maxAttached is how many tags of a repository are not images, but stand for what refers to them.
const maxAttached = 4 * maxTags

// tags lists the images of all repositories.
func (f *finder) tags(ctx context.Context, repositories []candidate) []place {
	var mu sync.Mutex
	var all []place
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, c := range repositories {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			places, err := f.tagsOf(ctx, c)
			if err != nil {
				f.failRead(c.host, c.host+"/"+c.repository, fmt.Errorf("list the tags: %w", err))
			}
			f.advance(func(p *Progress) { p.Tags += len(places) })
			mu.Lock()
			defer mu.Unlock()
			if len(all)+len(places) > maxImages {
				f.fail(c.host+"/"+c.repository, fmt.Errorf("there are more than %d tags in all: the rest is not read", maxImages))
				return nil
			}
			all = append(all, places...)
			return nil
		})
	}
	_ = group.Wait() // failures are noted
	return all
}

// tagsOf lists the tags of a repository. A repository without tags may be listed still, and answers 404 or null.
func (f *finder) tagsOf(ctx context.Context, c candidate) (places []place, err error) {
	d, err := f.dial(ctx, c.host)
	if err != nil {
		return nil, err
	}
	ask := func(ctx context.Context, address string) (*registry.Response, error) {
		return d.do(ctx, registry.Request{Repository: c.repository, Path: address, Limit: maxPage})
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longestList, fmt.Errorf("the list has not ended within %s", longestList))
	defer cancel()
	attached, others := map[string][]string{}, 0
	err = pages(ctx, ask, "/v2/"+c.repository+"/tags/list", func(r *registry.Response) (int, string, error) {
		var list struct {
			Tags []string
			// Manifest is what some registries add: the tags of each digest.
			Manifest map[string]struct{ Tag []string }
		}
		if err := decodeMember(r, &list, "tags", "name"); err != nil {
			return 0, "", err
		}
		believed := map[string]string{}
		for digest, m := range list.Manifest {
			for _, tag := range m.Tag {
				believed[tag] = digest
			}
		}
		for _, tag := range list.Tags {
			switch m := attachedTag.FindStringSubmatch(tag); {
			case m != nil:
				subject := m[1] + ":" + m[2]
				attached[subject] = append(attached[subject], tag)
				others++
			case tagForm.MatchString(tag):
				places = append(places, place{host: c.host, repository: c.repository, tag: tag, digest: validDigest(believed[tag])})
			}
		}
		if len(places) > maxTags || others > maxAttached {
			return 0, "", fmt.Errorf("there are more than %d tags", maxTags)
		}
		return len(list.Tags), nextLink(r.Header), nil
	})
	if isMissing(err) {
		return nil, nil
	}
	for i := range places {
		places[i].attached = attached
	}
	return places[:min(len(places), maxTags)], err
}

func validDigest(digest string) string {
	if !digestForm.MatchString(digest) {
		return ""
	}
	return digest
}

// isVersion reports whether a tag is a whole version, as the tags of published jobs are. Such a tag does not move. A shorter
// one, such as 1.2, may.
func isVersion(tag string) bool {
	core, _, _ := strings.Cut(tag, "-")
	return semver.IsValid("v"+tag) && strings.Count(core, ".") == 2
}

// resolve returns the digest that a tag names, if it is known or can be asked for without reading the manifest.
func (f *finder) resolve(ctx context.Context, d *dialled, p place) (string, error) {
	known := f.cache.digest(p.reference())
	switch {
	case p.digest != "":
		return p.digest, nil
	case known != "" && isVersion(p.tag) && !f.opt.Recheck:
		return known, nil
	case known == "" && !d.headers:
		return "", nil
	}
	r, err := d.do(ctx, registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/manifests/" + p.tag, Accept: mediaTypes, Head: true})
	switch {
	case err != nil:
		return "", err
	case r.Status == http.StatusOK:
		return validDigest(r.Header.Get("Docker-Content-Digest")), nil
	case r.Status == http.StatusNotFound:
		return "", errGone
	case slices.Contains([]int{http.StatusMethodNotAllowed, http.StatusNotImplemented}, r.Status):
		return "", nil
	}
	return "", statusError(r)
}
