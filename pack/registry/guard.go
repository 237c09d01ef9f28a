package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 10

// A guardTransport decides where requests may go, and with which credentials. A registry leads its client to other hosts:
// by redirects, by the address of a token service, by the place of an upload, by the URLs of a layer. Such a host is not
// trusted as the registry is.
//
//   - At most maxRedirects redirects are followed, and none from https to http.
//   - No other host than the registry may have a link-local address. There, clouds keep the secrets of their machines.
//   - Credentials go to the registry, and to the token service that the registry itself has named.
//
// A guardTransport serves one registry: the host of its first request.
type guardTransport struct {
	next     http.RoundTripper
	proxy    func(*http.Request) (*url.URL, error) // may be nil
	keychain *Keychain

	mu       sync.Mutex
	registry string          // host[:port]; empty before the first request
	services map[string]bool // origins of the token services that the registry has named
	realms   map[string]bool // their addresses
}

// newGuardTransport returns a guard before other transports, of which base is the last one.
func newGuardTransport(next, base http.RoundTripper, keychain *Keychain) *guardTransport {
	t := &guardTransport{next: next, keychain: keychain, services: map[string]bool{}, realms: map[string]bool{}}
	if base, ok := base.(*http.Transport); ok {
		t.proxy = base.Proxy
	}
	return t
}

// A routeError is the error for a request that would go where a registry may not lead it. It is not retried.
type routeError struct{ text string }

func (e *routeError) Error() string { return e.text }

// LeadsAstray reports whether a registry led a request to where none may go. Other requests would end in the same way.
func LeadsAstray(err error) bool {
	var route *routeError
	return errors.As(err, &route)
}

// RoundTrip changes a copy of the request, if any.
func (t *guardTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.begin(r.URL.Host)
	earlier := redirects(r)
	if err := t.check(r, earlier); err != nil {
		return nil, err
	}
	sent := r.Clone(r.Context())
	if !t.isRegistry(r.URL) {
		if !t.isProxied(r) {
			sent = sent.WithContext(context.WithValue(r.Context(), dialCheck{}, t.host()))
		}
		t.withhold(sent, earlier)
	}
	sent, err := t.waitFor(sent, earlier)
	if err != nil {
		return nil, err
	}
	t.keychain.noteSent(sent.Header.Get("Authorization"))
	response, err := t.next.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.challenged(r, response), t.checkLocation(sent, response)); err != nil {
		drain(response)
		return nil, err
	}
	return response, nil
}

// isProxied reports whether a proxy makes the connection. The proxy then finds the address of the host, too.
func (t *guardTransport) isProxied(r *http.Request) bool {
	if t.proxy == nil {
		return false
	}
	proxy, err := t.proxy(r)
	return err == nil && proxy != nil
}

func (t *guardTransport) begin(host string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.registry == "" {
		t.registry = host
	}
}

func (t *guardTransport) host() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.registry
}

// check returns an error if the request may not be sent at all.
func (t *guardTransport) check(r *http.Request, earlier []*http.Request) error {
	if len(earlier) > maxRedirects {
		return &routeError{fmt.Sprintf("%s redirects more than %d times", t.host(), maxRedirects)}
	}
	if len(earlier) > 0 && earlier[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return &routeError{fmt.Sprintf("%s redirects from https to %s, which is not followed", earlier[0].URL.Host, r.URL.Scheme)}
	}
	if t.isRegistry(r.URL) {
		return nil
	}
	if address, ok := spelledAddress(r.URL.Hostname()); ok && isLinkLocal(address) {
		return linkLocalError(t.host(), r.URL.Host)
	}
	if isForm(r) && !t.mayHaveCredentials(r.URL) {
		return &routeError{fmt.Sprintf("the token service redirects to %s, which must not get the credentials that it was sent", r.URL.Host)}
	}
	return nil
}

// followGuarded lets a client follow redirects, which the guard then checks.
func followGuarded(*http.Request, []*http.Request) error { return nil }

// redirects returns the requests that were answered with a redirect and so led to this one, the last one first.
func redirects(r *http.Request) (earlier []*http.Request) {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
		earlier = append(earlier, r)
	}
	return earlier
}

// isForm reports whether the body of a request holds credentials: those for which a token is asked.
func isForm(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// withhold removes credentials that are not for the host of the request. A token that this host itself has led to is for
// it: such a token is new, and no earlier host has got it.
func (t *guardTransport) withhold(r *http.Request, earlier []*http.Request) {
	r.Header.Del("Cookie")
	const name = "Authorization"
	value := r.Header.Get(name)
	if value == "" || t.mayHaveCredentials(r.URL) && !sentElsewhere(value, r, earlier) {
		return
	}
	scheme, _, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") || sentElsewhere(value, r, earlier) {
		r.Header.Del(name)
	}
}

// sentElsewhere reports whether an earlier request had the credentials, to another origin.
func sentElsewhere(value string, r *http.Request, earlier []*http.Request) bool {
	for _, e := range earlier {
		if e.Header.Get("Authorization") == value && origin(e.URL) != origin(r.URL) {
			return true
		}
	}
	return false
}

// realm matches the address of the token service in a challenge.
var realm = regexp.MustCompile(`(?i)\brealm\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))`)

// learn notes the token services that the registry names.
func (t *guardTransport) learn(header http.Header) {
	for _, challenge := range header.Values("Www-Authenticate") {
		for _, m := range realm.FindAllStringSubmatch(challenge, -1) {
			if u, err := url.Parse(m[1] + m[2]); err == nil {
				t.trust(u)
			}
		}
	}
}

func (t *guardTransport) trust(service *url.URL) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.services[origin(service)], t.realms[addressOf(service)] = true, true
}

// waitFor returns a request to a token service with the time that is left to wait for its answer. Other requests stay as they
// are. A service that has not answered before is not asked again.
func (t *guardTransport) waitFor(r *http.Request, earlier []*http.Request) (*http.Request, error) {
	asked := r
	if len(earlier) > 0 {
		asked = earlier[len(earlier)-1]
	}
	service := addressOf(asked.URL)
	t.mu.Lock()
	known := t.realms[service]
	t.mu.Unlock()
	if !known {
		return r, nil
	}
	if err := t.keychain.gaveUp(service); err != nil {
		return nil, err
	}
	w := &waiting{service: service, registry: t.host(), left: t.keychain.patience(), keychain: t.keychain}
	return r.WithContext(context.WithValue(r.Context(), waitingKey{}, w)), nil
}

// challenged reads how a registry wants its clients to log in.
func (t *guardTransport) challenged(r *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusUnauthorized || !t.isRegistry(r.URL) {
		return nil
	}
	joined, err := separate(t.host(), response)
	if joined {
		t.keychain.noteJoined(t.host())
	}
	t.learn(response.Header)
	return err
}

func (t *guardTransport) mayHaveCredentials(u *url.URL) bool {
	if t.isRegistry(u) {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.services[origin(u)]
}

// isRegistry reports whether a URL has host and port of the registry. The registry may answer with http, https or both.
func (t *guardTransport) isRegistry(u *url.URL) bool {
	return origin(u) == origin(&url.URL{Scheme: u.Scheme, Host: t.host()})
}

// origin returns scheme, host and port of a URL.
func origin(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	case u.Scheme == "http":
		port = "80"
	}
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}

// checkLocation returns an error if an upload is to go on without encryption, at another host. If it is to go on at the
// registry, the client uses https all the same.
func (t *guardTransport) checkLocation(r *http.Request, response *http.Response) error {
	begun := r.Method == http.MethodPost && response.StatusCode == http.StatusAccepted
	continued := r.Method == http.MethodPatch && response.StatusCode < http.StatusMultipleChoices
	if r.URL.Scheme != "https" || !begun && !continued {
		return nil
	}
	place, err := response.Location()
	if err != nil || place.Scheme == "https" || t.isRegistry(&url.URL{Scheme: "https", Host: place.Host}) {
		return nil
	}
	return &routeError{fmt.Sprintf("%s leads an upload from https to %s://%s, which is not followed", r.URL.Host, place.Scheme, place.Host)}
}
