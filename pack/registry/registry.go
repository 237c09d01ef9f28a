// Package registry asks registries, pushes images to them and tags them. It retries what may succeed a moment later,
// and reads certificates to trust. It does not know engines or jobs.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seedpack/seedpack/pack/source"
)

// A Registry says how registries are reached. The zero value uses the credentials of the Docker configuration.
type Registry struct {
	Insecure  bool              // plain http also to hosts other than this machine
	Transport http.RoundTripper // default: one that trusts the system's authorities
	UserAgent string
	// Save streams an image out of a Docker Engine, for sources of the kind docker-daemon. Nil: there is no engine.
	Save func(ctx context.Context, image string) (io.ReadCloser, error)
	// Keychain finds credentials. Default: one for each request, which remembers nothing.
	Keychain *Keychain

	await    time.Duration // for content that is not there yet
	patience time.Duration // longest pause that a registry may ask for; default: that of a retryTransport
}

// Parse reads a reference for use with go-containerregistry.
func (r Registry) Parse(ref string) (name.Reference, error) {
	return name.ParseReference(ref, r.nameOptions()...)
}

func (r Registry) nameOptions() []name.Option {
	if r.Insecure {
		return []name.Option{name.Insecure}
	}
	return nil
}

// Open reads an image that was built elsewhere. The caller closes it.
func (r Registry) Open(ctx context.Context, s source.Source) (*source.Image, error) {
	img, err := source.Open(ctx, s, source.Options{Remote: r.Options(ctx), Name: r.nameOptions(), Save: r.Save})
	var te *transport.Error
	switch {
	case err != nil && plainCause(err) != err:
		return img, fmt.Errorf("read %s: %w", s, plainCause(err))
	case errors.As(err, &te) && (te.StatusCode == http.StatusUnauthorized || te.StatusCode == http.StatusForbidden) && s.Kind == source.Registry:
		if ref, parseErr := r.Parse(s.Name); parseErr == nil {
			return img, fmt.Errorf("%w%s", err, r.loginHint(ref.Context(), te.StatusCode, "to read"))
		}
	}
	return img, err
}

// Options returns the options of go-containerregistry's remote package. They serve one registry: no other host gets its
// credentials, and none may lead to another one's link-local address.
func (r Registry) Options(ctx context.Context) []remote.Option {
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(r.keychain()), remote.WithTransport(r.transport()),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), // the transport retries
	}
	if r.UserAgent != "" {
		options = append(options, remote.WithUserAgent(r.UserAgent))
	}
	return options
}

// transport returns the transport of all requests to one registry.
func (r Registry) transport() *guardTransport {
	base := r.Transport
	if base == nil {
		base = defaultTransport()
	}
	read := plainTransport{typedTransport{bufferedTransport{answerTransport{newIdleTransport(base)}}}}
	retry := newRetryTransport(read)
	if r.patience > 0 {
		retry.longest = r.patience
	}
	return newGuardTransport(awaitTransport{retry, r.await}, base, r.keychain())
}

// Head returns the digest that a reference names. It reads no more than a header, or else the manifest.
func (r Registry) Head(ctx context.Context, reference string) (digest string, err error) {
	ref, err := r.Parse(reference)
	if err != nil {
		return "", err
	}
	found, err := remote.Head(ref, r.Options(ctx)...)
	if err == nil {
		return found.Digest.String(), nil
	}
	var refused *transport.Error
	if ctx.Err() != nil || errors.As(err, &refused) {
		return "", err
	}
	// Some servers leave out of a header what a client needs to know.
	whole, err := remote.Get(ref, r.Options(ctx)...)
	if err != nil {
		return "", err
	}
	return whole.Digest.String(), nil
}

// Tags returns the tags of a repository. One that is not there has none.
func (r Registry) Tags(ctx context.Context, repository string) ([]string, error) {
	repo, err := name.NewRepository(repository, r.nameOptions()...)
	if err != nil {
		return nil, err
	}
	tags, err := remote.List(repo, r.Options(ctx)...)
	switch {
	case IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list the tags of %s: %w", repository, err)
	}
	return tags, nil
}

// Preflight asks the registry, before the build, whether it would accept a push of the reference. It starts an upload
// and cancels it.
func (r Registry) Preflight(ctx context.Context, ref string) error {
	parsed, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return err
	}
	if err := remote.CheckPushPermission(parsed, contextKeychain{ctx, r.keychain()}, contextTransport{ctx, r.transport()}); err != nil {
		return fmt.Errorf("push to %s is not possible: %w%s", parsed.Context(), plainCause(err), r.pushHint(parsed.Context().Name(), err))
	}
	return nil
}

// IsRefused reports whether a registry refused a request. The same request would be refused again.
func IsRefused(err error) bool {
	var te *transport.Error
	if !errors.As(err, &te) {
		return false
	}
	return te.StatusCode == http.StatusUnauthorized || te.StatusCode == http.StatusForbidden || te.StatusCode == http.StatusNotFound
}

// A contextTransport ends requests of a function that takes no context.
type contextTransport struct {
	ctx  context.Context
	next http.RoundTripper
}

func (t contextTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(r.WithContext(t.ctx))
}

// Push writes an image that was built elsewhere into a repository, by digest and without a tag. If another repository
// of the registry has a layer, the layer is mounted from there.
func (r Registry) Push(ctx context.Context, repository string, img *source.Image) (digest string, err error) {
	repo, err := name.NewRepository(repository, r.nameOptions()...)
	if err != nil {
		return "", err
	}
	options := r.pushOptions(ctx)
	if img.Index != nil {
		digest, err := img.Index.Digest()
		if err == nil {
			err = remote.WriteIndex(repo.Digest(digest.String()), img.Index, options...)
		}
		return digest.String(), r.pushError(repository, err)
	}
	hash, err := img.Platforms[0].Image.Digest()
	if err == nil {
		err = remote.Write(repo.Digest(hash.String()), img.Platforms[0].Image, options...)
	}
	return hash.String(), r.pushError(repository, err)
}

// pushOptions returns the options for uploads. The transport cannot retry a body that can be sent only once, as that of a layer.
func (r Registry) pushOptions(ctx context.Context) []remote.Option {
	return append(r.Options(ctx), remote.WithRetryBackoff(remote.Backoff{Duration: time.Second, Factor: 3, Jitter: 0.5, Steps: 3}),
		remote.WithRetryStatusCodes(), remote.WithRetryPredicate(mayPushAgain))
}

// mayPushAgain reports whether the upload of a layer or a manifest may succeed if it is begun anew. The error may be nil.
func mayPushAgain(err error) bool {
	var te *transport.Error
	if err == nil || !errors.As(err, &te) {
		return err != nil && isPassing(nil, err)
	}
	return te.Temporary() || isLostSession(te)
}

// isLostSession reports whether the registry does not know an upload any more. The place of an upload has no certain form.
func isLostSession(e *transport.Error) bool {
	if e.Request == nil || e.Request.Method != http.MethodPut && e.Request.Method != http.MethodPatch || strings.Contains(e.Request.URL.Path, "/manifests/") {
		return false
	}
	switch e.StatusCode {
	case http.StatusNotFound, http.StatusGone, http.StatusRequestedRangeNotSatisfiable:
		return true
	}
	return slices.ContainsFunc(e.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.BlobUploadUnknownErrorCode })
}

func (r Registry) pushError(repository string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("push to %s: %w%s", repository, plainCause(err), r.pushHint(repository, err))
}

// TokenClient returns the client for the token service that a registry has named. It sends credentials to no other host.
func (r Registry) TokenClient(host, service string) (*http.Client, error) {
	u, err := url.Parse(service)
	if err != nil {
		return nil, fmt.Errorf("the token service of %s: %w", host, err)
	}
	guard := r.transport()
	guard.registry = host
	guard.trust(u)
	return &http.Client{
		Transport:     tokenTransport{guard},
		CheckRedirect: followGuarded,
	}, nil
}

// maxToken is larger than the answer of a token service is.
const maxToken = 64 << 10

// A tokenTransport cuts an answer that is too long to be a token.
type tokenTransport struct{ next http.RoundTripper }

func (t tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil {
		response.Body = limitedBody{io.LimitReader(response.Body, maxToken), response.Body}
	}
	return response, err
}

type limitedBody struct {
	io.Reader
	io.Closer
}
