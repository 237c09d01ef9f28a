package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// errNamespace is the error for a service that lists only what is below a namespace.
func errNamespace(s *service, what string) error {
	return fmt.Errorf("%s lists only what is below a namespace: write %s/%s", s.host, s.host, what)
}

// A StatusError is the error for an answer of a service or registry that is no list.
type StatusError struct {
	Address string
	Status  int
	Said    string
	// Spent reports that there were too many requests. Until is when more are taken, or zero.
	Spent bool
	Until time.Time
	leads string // where a redirect leads that is not followed
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answers %d %s", e.Address, e.Status, http.StatusText(e.Status))
	if e.Said != "" {
		text += ": " + e.Said
	}
	switch {
	case e.leads != "":
		text += fmt.Sprintf(" (it leads to %s, which is not followed)", e.leads)
	case !e.Until.IsZero():
		text += "\nit takes no more requests before " + e.Until.UTC().Format("15:04:05 UTC on 2 January 2006")
	case e.Spent:
		text += "\nit takes no more requests for now: try again later, or with a token"
	}
	return text
}

func statusError(r *registry.Response) error {
	address := *r.URL
	address.User, address.RawQuery = nil, ""
	e := &StatusError{Address: address.String(), Status: r.Status, Said: said(r.Body)}
	e.Until, e.Spent = r.Spent()
	if to, err := address.Parse(r.Header.Get("Location")); err == nil && r.Status/100 == 3 {
		e.leads = brief((&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String())
	}
	return e
}

// said returns the message in a JSON error of a registry or service.
func said(body []byte) string {
	var e struct {
		Message any                              `json:"message"`
		Detail  any                              `json:"detail"`
		Error   any                              `json:"error"`
		Errors  []struct{ Code, Message string } `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil {
		if text := strings.TrimSpace(string(body)); !strings.HasPrefix(text, "<") {
			return brief(strings.Join(strings.Fields(text), " ")) // it is for people
		}
		return ""
	}
	for _, known := range e.Errors {
		if known.Message != "" {
			return brief(known.Message)
		}
	}
	if inner, ok := e.Message.(map[string]any); ok { // as GitLab says it
		e.Message = inner["error"]
	}
	for _, text := range []any{e.Message, e.Detail, e.Error} {
		if s, ok := text.(string); ok && s != "" {
			return brief(s)
		}
	}
	return ""
}

func brief(s string) string {
	const most = 200
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// repositories calls add with the full names of the service's repositories, page by page.
func (s *service) repositories(ctx context.Context, add func(names []string) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longestList, fmt.Errorf("the list has not ended within %s", longestList))
	defer cancel()
	switch s.kind {
	case DockerHub:
		return s.listDockerHub(ctx, add)
	case GitLab:
		return s.listGitLab(ctx, add)
	case Harbor:
		return s.listHarbor(ctx, add)
	case GitHub:
		return s.listGitHub(ctx, add)
	case Quay:
		return s.listQuay(ctx, add)
	}
	return s.listRegistry(ctx, add)
}

// A get asks for one page.
type get func(ctx context.Context, address string) (*registry.Response, error)

func (s *service) fromAPI(ctx context.Context, address string) (*registry.Response, error) {
	return s.api.Get(ctx, address, maxPage)
}

func (s *service) fromRegistry(repository string) get {
	return func(ctx context.Context, address string) (*registry.Response, error) {
		return s.client.Do(ctx, registry.Request{Repository: repository, Path: address, Limit: maxPage})
	}
}

// pages reads a list. Page returns how many entries a page has and where the next one is.
func pages(ctx context.Context, ask get, address string, page func(*registry.Response) (entries int, next string, err error)) error {
	guard := newPager()
	for address != "" {
		r, err := ask(ctx, address)
		if err != nil {
			return err
		}
		if r.Status != http.StatusOK {
			return statusError(r)
		}
		entries, next, err := page(r)
		if err != nil {
			return err
		}
		if err := guard.add(r.Body, entries); err != nil {
			return err
		}
		if address, err = guard.follow(r.URL, next); err != nil {
			return err
		}
	}
	return nil
}

// maxListed is how many values a page of a list has at most. A registry without pages sends catalogWhole names at once.
const maxListed = 4 * catalogWhole

// A notListError is the error for an answer that is no list, though its status says that all is well.
type notListError struct {
	address string
	why     error
}

func (e *notListError) Error() string {
	return e.address + ": the answer is no JSON of a list: " + e.why.Error()
}
func (e *notListError) Unwrap() error { return e.why }

func isNoList(err error) bool {
	var e *notListError
	return errors.As(err, &e)
}

// decode reads a list.
func decode(r *registry.Response, v any) error {
	if source.CountValues(r.Body, maxListed) > maxListed {
		return fmt.Errorf("%s: %w", r.URL.Redacted(), &source.TooMany{Limit: maxListed})
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf")))
	err := json.Unmarshal(text, v)
	var other *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case bytes.HasPrefix(text, []byte("<")):
		err = errors.New("it is a page for a browser")
	case errors.As(err, &other):
		err = fmt.Errorf("a JSON %s is where it should not be%s", other.Value, after(said(r.Body)))
	}
	return &notListError{r.URL.Redacted(), err}
}

// decodeMember reads a list that is in an object. The object must have one of some members, which may be null.
func decodeMember(r *registry.Response, v any, members ...string) error {
	if err := decode(r, v); err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf")), &object); err != nil {
		return &notListError{r.URL.Redacted(), err}
	}
	for _, name := range members {
		if _, ok := object[name]; ok {
			return nil
		}
	}
	return &notListError{r.URL.Redacted(), fmt.Errorf("it has no member %s%s", members[0], after(said(r.Body)))}
}

func after(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}

func isMissing(err error) bool { return isStatus(err, http.StatusNotFound) }

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}
