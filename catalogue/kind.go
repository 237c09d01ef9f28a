package catalogue

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// A Kind is a way in which a service lists its repositories.
type Kind string

// The kinds of services. Auto finds out which one it is.
const (
	Auto      Kind = "auto"
	Plain     Kind = "registry"
	DockerHub Kind = "dockerhub"
	GitLab    Kind = "gitlab"
	Harbor    Kind = "harbor"
	GitHub    Kind = "github"
	Quay      Kind = "quay"
)

// Kinds are all kinds, in the order of help texts.
var Kinds = []Kind{Auto, Plain, DockerHub, GitLab, Harbor, GitHub, Quay}

// A target is a registry and a part of it.
type target struct {
	host, namespace string
}

func (t target) String() string {
	if t.namespace == "" {
		return t.host
	}
	return t.host + "/" + t.namespace
}

// contains reports whether a repository is below the namespace, at any depth.
func (t target) contains(repository string) bool {
	return t.namespace == "" || repository == t.namespace || strings.HasPrefix(repository, t.namespace+"/")
}

// A service is a registry with its way of listing.
type service struct {
	target
	kind   Kind
	client *registry.Client
	// api is the service's own interface; nil for a plain registry.
	api *registry.API
	// anonymous reports that the service is asked without a token.
	anonymous bool
	// root is where GitLab's interface is below its host, without a slash at the end.
	root string
	// withheld names a variable whose token was not sent, because nobody said that it is for this host.
	withheld string
}

// Hosts of services that their registries do not name.
const (
	githubAPI = "api.github.com"
	quayHost  = "quay.io"
)

// gitlabRealm ends the address of GitLab's token service.
const gitlabRealm = "/jwt/auth"

// detect finds out the kind of a registry that has been dialled.
func (f *finder) detect(ctx context.Context, t target, client *registry.Client) Kind {
	switch {
	case isDockerHub(t.host):
		return DockerHub
	case t.host == "ghcr.io":
		return GitHub
	case t.host == quayHost:
		return Quay
	case strings.HasSuffix(pathOf(client.Realm), gitlabRealm):
		return GitLab
	}
	// Harbor's answer is one word. A web server that answers everything with a page is no Harbor.
	const most = 1 << 10
	base, err := client.Address("/")
	if err != nil {
		return Plain
	}
	pong, err := f.opt.Registry.API("", base, nil).Get(ctx, "/api/v2.0/ping", most)
	if err == nil && pong.Status == http.StatusOK && !strings.HasPrefix(pong.Header.Get("Content-Type"), "text/html") {
		return Harbor
	}
	return Plain
}

func isDockerHub(host string) bool {
	return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io"
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// newService returns the way to list a registry.
func (f *finder) newService(ctx context.Context, t target, client *registry.Client) (*service, error) {
	s := &service{target: t, kind: f.opt.Kind, client: client}
	if s.kind == "" || s.kind == Auto {
		s.kind = f.detect(ctx, t, client)
	}
	if s.kind == Plain {
		return s, nil
	}
	base, err := f.base(s)
	if err != nil {
		return nil, err
	}
	header, err := f.header(ctx, s, base)
	if err != nil {
		return nil, err
	}
	namedBy := ""
	if s.kind == GitLab && f.opt.API == "" {
		namedBy = s.host
	}
	s.api = f.opt.Registry.API(namedBy, base, header)
	return s, nil
}

// base returns the address of the service's interface.
func (f *finder) base(s *service) (*url.URL, error) {
	if f.opt.API != "" {
		return url.Parse(f.opt.API)
	}
	switch {
	case s.kind == DockerHub && isDockerHub(s.host):
		return url.Parse("https://hub.docker.com")
	case s.kind == GitHub && s.host == "ghcr.io":
		return url.Parse("https://" + githubAPI)
	case s.kind == GitLab:
		realm, err := url.Parse(s.client.Realm)
		if err == nil && realm.Host != "" {
			if root, ok := strings.CutSuffix(strings.TrimSuffix(realm.EscapedPath(), "/"), gitlabRealm); ok {
				s.root = root
			}
			return &url.URL{Scheme: realm.Scheme, Host: realm.Host}, nil
		}
		return nil, fmt.Errorf("%s does not say where its GitLab is\nname it with --api, such as --api https://gitlab.example.com", s.host)
	}
	return s.client.Address("/")
}
