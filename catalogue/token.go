package catalogue

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/seedpack/seedpack/pack/registry"
)

// Variables with the tokens of services. Those of registries are in the Docker configuration.
const (
	gitlabToken    = "GITLAB_TOKEN"
	gitlabJobToken = "CI_JOB_TOKEN"
	githubToken    = "GITHUB_TOKEN"
	dockerHubToken = "DOCKERHUB_TOKEN"
	harborUsername = "HARBOR_USERNAME"
	harborPassword = "HARBOR_PASSWORD"
	quayToken      = "QUAY_TOKEN"
)

// jobTokenHeader has the token of a job of GitLab CI.
const jobTokenHeader = "Job-Token"

// variable names the variable that a service of this kind takes its token from, for messages.
func (k Kind) variable() string {
	switch k {
	case GitLab:
		return gitlabToken
	case GitHub:
		return githubToken
	case DockerHub:
		return dockerHubToken
	case Harbor:
		return harborUsername + " and " + harborPassword
	case Quay:
		return quayToken
	}
	return ""
}

// header returns the header with the token of a service. A variable does not say which host its token is for. So it is sent
// only to a host that is known to be the service, or that the user has said to be it.
func (f *finder) header(ctx context.Context, s *service, base *url.URL) (http.Header, error) {
	header := http.Header{"Accept": {"application/json"}}
	if s.kind == GitHub {
		header = http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}}
	}
	key, value, from := f.token(s)
	s.anonymous = true
	switch {
	case value == "":
		return header, nil
	case !f.trusts(s, base):
		s.withheld = from
		return header, nil
	case base.Scheme != "https" && !isOwnMachine(base.Hostname()) && !f.opt.Registry.Insecure:
		return nil, fmt.Errorf("%s is not sent to %s without encryption", from, base)
	}
	if s.kind == DockerHub {
		var err error
		if value, err = f.hubToken(ctx, base, value); err != nil {
			return nil, err
		}
	}
	header.Set(key, value)
	s.anonymous = false
	return header, nil
}

// token returns the header that logs in to a service, and the variable that it comes from.
func (f *finder) token(s *service) (key, value, from string) {
	env := f.opt.Getenv
	bearer := func(name string) (string, string, string) {
		if token := env(name); token != "" {
			return "Authorization", "Bearer " + token, name
		}
		return "", "", ""
	}
	switch s.kind {
	case GitLab:
		if token := env(gitlabToken); token != "" {
			return "Private-Token", token, gitlabToken
		}
		return jobTokenHeader, env(gitlabJobToken), gitlabJobToken
	case GitHub:
		return bearer(githubToken)
	case DockerHub:
		return bearer(dockerHubToken)
	case Quay:
		return bearer(quayToken)
	case Harbor:
		if name, password := env(harborUsername), env(harborPassword); name != "" && password != "" {
			return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password)), harborUsername
		}
		if login, ok := f.opt.Registry.Credentials(s.host); ok && f.opt.API == "" {
			return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(login.Username+":"+login.Password)), dockerConfig
		}
	}
	return "", "", ""
}

// dockerConfig stands for a variable if the credentials are those of the Docker configuration, which names their host.
const dockerConfig = "the Docker configuration"

// trusts reports whether the token of a service may go to a host.
func (f *finder) trusts(s *service, base *url.URL) bool {
	_, _, from := f.token(s)
	if from == dockerConfig || isOwnMachine(base.Hostname()) {
		return true
	}
	if f.opt.Kind == s.kind { // the user says what the registry is
		return f.opt.API != "" || sameSite(base.Hostname(), s.host)
	}
	known := map[Kind][]string{GitHub: {githubAPI}, Quay: {quayHost}, DockerHub: {"hub.docker.com"}, GitLab: {"gitlab.com", f.opt.Getenv("CI_SERVER_HOST"), f.opt.Getenv("GITLAB_HOST")}}
	return slices.Contains(known[s.kind], base.Hostname())
}

// sameSite reports whether two hosts are one, or have a domain in common that one owner has registered, as
// registry.example.com and gitlab.example.com have.
func sameSite(a, b string) bool {
	name := func(host string) string {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		return strings.ToLower(strings.TrimSuffix(host, "."))
	}
	a, b = name(a), name(b)
	if a == b {
		return true
	}
	if net.ParseIP(a) != nil || net.ParseIP(b) != nil {
		return false
	}
	x, errX := publicsuffix.EffectiveTLDPlusOne(a)
	y, errY := publicsuffix.EffectiveTLDPlusOne(b)
	return errX == nil && errY == nil && x == y
}

// isOwnMachine reports whether a host is this machine by its name alone (RFC 6761, section 6.3).
func isOwnMachine(host string) bool {
	return registry.IsLoopback(host) || strings.HasSuffix(host, ".localhost")
}

// hubToken returns the header for Docker Hub. Its interface does not take a personal access token as it is: it is exchanged
// for one that lives shortly.
func (f *finder) hubToken(ctx context.Context, base *url.URL, bearer string) (string, error) {
	token := strings.TrimPrefix(bearer, "Bearer ")
	if !strings.HasPrefix(token, "dckr_") {
		return bearer, nil
	}
	login, _ := f.opt.Registry.Credentials("docker.io")
	name := cmp.Or(f.opt.Getenv("DOCKERHUB_USERNAME"), login.Username)
	if name == "" {
		return "", fmt.Errorf("%s is an access token, which needs the name of its user: set DOCKERHUB_USERNAME", dockerHubToken)
	}
	short, err := f.opt.Registry.API("", base, nil).Exchange(ctx, "/v2/auth/token", map[string]string{"identifier": name, "secret": token}, "access_token")
	if err != nil {
		return "", fmt.Errorf("exchange %s for a token of Docker Hub: %w", dockerHubToken, err)
	}
	return "Bearer " + short, nil
}

// login returns credentials for a registry for which the Docker configuration has none.
func (f *finder) login(host string) *registry.Login {
	if token := f.opt.Getenv(githubToken); host == "ghcr.io" && token != "" {
		return &registry.Login{Username: "x-access-token", Password: token}
	}
	return nil
}
