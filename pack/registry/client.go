package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seedpack/seedpack/secret"
)

// A Client reads from one registry. It asks the registry once how to log in, and its token service once for each
// repository. It can be used by several goroutines.
type Client struct {
	// Host is the registry as the user names it. Docker Hub has another name for its API.
	Host string
	// Realm is the address of the registry's token service. It is empty if the registry has none.
	Realm string

	keychain  *Keychain
	registry  name.Registry
	challenge *transport.Challenge
	next      http.RoundTripper
	fallback  authn.Authenticator

	mu           sync.Mutex
	repositories map[string]*access
}

// An access is the way to one repository of a registry.
type access struct {
	once      sync.Once
	transport http.RoundTripper
	err       error
}

// A Login is a name and a password for a registry.
type Login struct{ Username, Password string }

// Credentials returns what the Docker configuration has for a registry, if it is a name and a password.
func (r Registry) Credentials(host string) (Login, bool) {
	registry, err := name.NewRegistry(host, r.nameOptions()...)
	if err != nil {
		return Login{}, false
	}
	auth, err := r.keychain().Resolve(registry)
	if err != nil || auth == authn.Anonymous {
		return Login{}, false
	}
	known, err := auth.Authorization()
	if err != nil || known.Username == "" || known.Password == "" {
		return Login{}, false
	}
	return Login{known.Username, known.Password}, true
}

// Dial asks a registry how to log in to it, with one request. Login may be nil.
func (r Registry) Dial(ctx context.Context, host string, login *Login) (*Client, error) {
	registry, err := name.NewRegistry(host, r.nameOptions()...)
	if err != nil {
		return nil, err
	}
	c := &Client{Host: host, registry: registry, keychain: r.keychain(), repositories: map[string]*access{}, fallback: authn.Anonymous}
	if login != nil {
		c.keychain.Secrets.Add(login.Password)
		c.fallback = &authn.Basic{Username: login.Username, Password: login.Password}
	}
	r.patience = longestWait
	c.next = transport.NewUserAgent(r.transport(), r.UserAgent)
	if c.challenge, err = transport.Ping(ctx, registry, c.next); err != nil {
		return nil, fmt.Errorf("ask %s for its API: %w", host, err)
	}
	c.Realm = c.challenge.Parameters["realm"]
	return c, nil
}

// A Request asks a registry for a short document.
type Request struct {
	// Repository is the repository whose rights are needed. Empty: those to list all repositories.
	Repository string
	// Path is the address below the registry, such as /v2/_catalog?n=1000.
	Path   string
	Accept []string // media types
	Limit  int64    // bytes of the body; a longer one is an error
	Head   bool     // ask for the header only

	json []byte // to be posted
}

// A Response is an answer that was read whole. It may have any status.
type Response struct {
	URL    *url.URL // as asked for, or where the service's own redirects have led
	Status int
	Header http.Header
	Body   []byte
}

// Spent reports whether a service refuses a request because there were too many, and when it takes more. The time is zero if it
// does not say so.
func (r *Response) Spent() (until time.Time, spent bool) {
	known := &http.Response{StatusCode: r.Status, Header: r.Header}
	if !isSpent(known) {
		return time.Time{}, false
	}
	if wait, ok := retryAfter(known); ok {
		until = time.Now().Add(wait)
	}
	return until, true
}

// A TooLarge is the error for an answer that is longer than the limit of the request.
type TooLarge struct{ Limit int64 }

func (e *TooLarge) Error() string { return fmt.Sprintf("the answer has more than %d bytes", e.Limit) }

// Do sends a request with the credentials for its repository.
func (c *Client) Do(ctx context.Context, q Request) (*Response, error) {
	way, err := c.access(ctx, q.Repository)
	if err != nil {
		return nil, err
	}
	address, err := c.Address(q.Path)
	if err != nil {
		return nil, err
	}
	return send(ctx, way, address, q, followBlobs)
}

// Address returns the address of a path of the registry.
func (c *Client) Address(path string) (*url.URL, error) {
	scheme := "https"
	if c.challenge.Insecure {
		scheme = "http"
	}
	base := &url.URL{Scheme: scheme, Host: c.registry.RegistryStr()}
	return base.Parse(path)
}

// access returns the transport that logs in for a repository. It asks the token service once.
func (c *Client) access(ctx context.Context, repository string) (http.RoundTripper, error) {
	c.mu.Lock()
	a := c.repositories[repository]
	if a == nil {
		a = &access{}
		c.repositories[repository] = a
	}
	c.mu.Unlock()
	a.once.Do(func() { a.transport, a.err = c.login(ctx, repository) })
	if a.err != nil {
		c.mu.Lock()
		delete(c.repositories, repository) // another try may succeed
		c.mu.Unlock()
	}
	return a.transport, a.err
}

func (c *Client) login(ctx context.Context, repository string) (http.RoundTripper, error) {
	var resource authn.Resource = c.registry
	scope := "registry:catalog:*"
	if repository != "" {
		repo := c.registry.Repo(strings.Split(repository, "/")...)
		resource, scope = repo, repo.Scope(transport.PullScope)
	}
	auth, err := authn.Resolve(ctx, c.keychain, resource)
	if err != nil {
		return nil, fmt.Errorf("credentials for %s: %w", c.Host, err)
	}
	if auth == authn.Anonymous {
		auth = c.fallback
	}
	if !strings.EqualFold(c.challenge.Scheme, "bearer") {
		return transport.FromToken(c.registry, auth, c.next, c.challenge, nil)
	}
	token, err := transport.Exchange(ctx, c.registry, auth, c.next, []string{scope}, c.challenge)
	if err != nil {
		return nil, fmt.Errorf("ask for a token for %s: %w", c.Host, err)
	}
	return transport.FromToken(c.registry, auth, c.next, c.challenge, token)
}

// An API is the interface of a service besides its registry, such as that of GitLab. It is asked with a header of its own.
type API struct {
	Base   *url.URL // scheme, host and port
	Header http.Header

	next    http.RoundTripper
	secrets *secret.Set
}

// API returns the interface of a service. Its header is sent to the base's scheme, host and port, and nowhere else. If a
// registry has named the base, namedBy is its host: then the base must not be a link-local address.
func (r Registry) API(namedBy string, base *url.URL, header http.Header) *API {
	for _, values := range header {
		for _, value := range values {
			r.keychain().Secrets.Add(credentialsIn(value)...)
		}
	}
	r.patience = longestWait
	guard := r.transport()
	if namedBy != "" {
		guard.registry = namedBy
		guard.services[origin(base)] = true
	}
	return &API{Base: base, Header: header, secrets: r.keychain().Secrets, next: transport.NewUserAgent(guard, r.UserAgent)}
}

// Get asks for a document. The address may be relative to the base. One at another scheme, host or port is an error.
func (a *API) Get(ctx context.Context, address string, limit int64) (*Response, error) {
	u, err := a.Base.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != a.Base.Scheme || u.Host != a.Base.Host {
		return nil, fmt.Errorf("%s leads to %s://%s, which is not followed", a.Base, u.Scheme, u.Host)
	}
	return send(ctx, headerTransport{a.next, a.Header}, u, Request{Limit: limit}, followSame)
}

// Exchange sends a JSON object and returns a text member of the answer. A service so gives a token for a password.
func (a *API) Exchange(ctx context.Context, address string, object map[string]string, member string) (string, error) {
	const most = 1 << 20
	u, err := a.Base.Parse(address)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	r, err := send(ctx, headerTransport{a.next, a.Header}, u, Request{Limit: most, json: body}, followNone)
	if err != nil {
		return "", err
	}
	var answer map[string]any
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &answer) != nil {
		return "", fmt.Errorf("%s answers %d %s", u.Redacted(), r.Status, http.StatusText(r.Status))
	}
	text, ok := answer[member].(string)
	if !ok {
		return "", fmt.Errorf("the answer of %s has no member %s", u.Redacted(), member)
	}
	a.secrets.Add(text)
	return text, nil
}

// A headerTransport adds a header to requests.
type headerTransport struct {
	next   http.RoundTripper
	header http.Header
}

func (t headerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	for key, values := range t.header {
		sent.Header[key] = values
	}
	return t.next.RoundTrip(sent)
}

// longestWait is the longest pause that a service may ask for before a list goes on. Services count requests by the minute.
const longestWait = 2 * time.Minute

// longestRequest is the time for one short document, with all tries. A registry that sends a byte a minute is not waited for.
const longestRequest = 5 * time.Minute

// A slowError is the error for an answer that was not whole in time.
type slowError time.Duration

func (e slowError) Error() string { return fmt.Sprintf("no whole answer within %s", time.Duration(e)) }

// Timeout reports true, which makes the error a net.Error.
func (e slowError) Timeout() bool { return true }

// Temporary is deprecated, but net.Error still requires it.
func (e slowError) Temporary() bool { return true }

// followBlobs follows the redirects of a registry to where it keeps its content, but not from https to http.
func followBlobs(r *http.Request, via []*http.Request) error {
	const most = 5
	switch {
	case len(via) > most:
		return fmt.Errorf("more than %d redirects", most)
	case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return fmt.Errorf("a redirect from https to %s is not followed", r.URL.Scheme)
	}
	return nil
}

// followSame follows redirects of a service to itself, as GitHub and GitLab have them for what was renamed. Its token must not
// travel, so any other redirect is left as the answer.
func followSame(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || origin(r.URL) != origin(via[0].URL) {
		return http.ErrUseLastResponse
	}
	return nil
}

// followNone leaves a redirect as the answer. What is sent must not travel.
func followNone(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func send(ctx context.Context, way http.RoundTripper, address *url.URL, q Request, redirect func(*http.Request, []*http.Request) error) (_ *Response, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, longestRequest, slowError(longestRequest))
	defer cancel()
	request, err := q.build(context.WithValue(ctx, limitKey{}, q.Limit), address)
	if err != nil {
		return nil, err
	}
	for _, mediaType := range q.Accept {
		request.Header.Add("Accept", mediaType)
	}
	client := http.Client{Transport: way, CheckRedirect: redirect}
	response, err := client.Do(request)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(response.Body, q.Limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", address.Host, causeOf(ctx, err))
	case int64(len(body)) > q.Limit:
		return nil, &TooLarge{q.Limit}
	}
	if response.Request != nil && origin(response.Request.URL) == origin(address) {
		address = response.Request.URL
	}
	return &Response{URL: address, Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

func (q Request) build(ctx context.Context, address *url.URL) (*http.Request, error) {
	switch {
	case q.json != nil:
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(q.json))
		if err == nil {
			request.Header.Set("Content-Type", "application/json")
		}
		return request, err
	case q.Head:
		return http.NewRequestWithContext(ctx, http.MethodHead, address.String(), nil)
	}
	return http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
}

// causeOf returns the reason why a context ended, if that ended a request.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return cause
	}
	return err
}
