package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

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
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answers %d %s", e.Address, e.Status, http.StatusText(e.Status))
	if e.Said != "" {
		text += ": " + e.Said
	}
	return text
}

func statusError(r *registry.Response) error {
	address := *r.URL
	address.User, address.RawQuery = nil, ""
	return &StatusError{Address: address.String(), Status: r.Status, Said: said(r.Body)}
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
	switch s.kind {
	case DockerHub:
		return s.listDockerHub(ctx, add)
	case GitLab:
		return s.listGitLab(ctx, add)
	case Harbor:
		return s.listHarbor(ctx, add)
	case GitHub:
		return s.listGitHub(ctx, add)
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

func decode(r *registry.Response, v any) error {
	if source.CountValues(r.Body, maxListed) > maxListed {
		return fmt.Errorf("%s: %w", r.URL.Redacted(), &source.TooMany{Limit: maxListed})
	}
	if err := json.Unmarshal(bytes.TrimPrefix(r.Body, []byte("\xef\xbb\xbf")), v); err != nil {
		return fmt.Errorf("%s: the answer is no JSON of a list: %w", r.URL.Redacted(), err)
	}
	return nil
}

// Names of a page of the catalog that are asked for: at first, and of a registry that has no pages.
const (
	catalogPage  = 1_000
	catalogWhole = 100_000
)

// listRegistry lists a plain registry. Its catalog is in no standard, and may name repositories that are gone. A registry
// without pages gives as many names as it is asked for, and does not say that there are more. So it is asked for many.
func (s *service) listRegistry(ctx context.Context, add func([]string) error) error {
	full, err := s.listCatalog(ctx, catalogPage, add)
	if err != nil || !full {
		return err
	}
	full, err = s.listCatalog(ctx, catalogWhole, add)
	if err == nil && full {
		err = fmt.Errorf("the registry gives as many names as it is asked for, %d, and no next page: there may be more", catalogWhole)
	}
	return err
}

// listCatalog reports full if the last page has as many names as were asked for: it may be cut off.
func (s *service) listCatalog(ctx context.Context, n int, add func([]string) error) (full bool, err error) {
	err = pages(ctx, s.fromRegistry(""), fmt.Sprintf("/v2/_catalog?n=%d", n), func(r *registry.Response) (int, string, error) {
		var list struct{ Repositories []string }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		next := nextLink(r.Header)
		full = next == "" && len(list.Repositories) >= n
		return len(list.Repositories), next, add(list.Repositories)
	})
	return full, err
}

func (s *service) listDockerHub(ctx context.Context, add func([]string) error) error {
	namespace, _, _ := strings.Cut(s.namespace, "/")
	if namespace == "" {
		return errNamespace(s, "NAMESPACE")
	}
	first := "/v2/namespaces/" + url.PathEscape(namespace) + "/repositories?page_size=100"
	return pages(ctx, s.fromAPI, first, func(r *registry.Response) (int, string, error) {
		var list struct {
			Next    string
			Results []struct{ Name string }
		}
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list.Results))
		for i, result := range list.Results {
			names[i] = namespace + "/" + result.Name
		}
		return len(names), list.Next, add(names)
	})
}

// listHarbor lists the repositories of a project, or of all projects that the user sees.
func (s *service) listHarbor(ctx context.Context, add func([]string) error) error {
	const size = 100
	project, _, _ := strings.Cut(s.namespace, "/")
	path := "/api/v2.0/repositories"
	if project != "" {
		path = "/api/v2.0/projects/" + url.PathEscape(project) + "/repositories"
	}
	page, seen := 1, 0
	return pages(ctx, s.fromAPI, fmt.Sprintf("%s?page=%d&page_size=%d", path, page, size), func(r *registry.Response) (int, string, error) {
		var list []struct{ Name string }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list))
		for i, repository := range list {
			names[i] = repository.Name
		}
		seen += len(names)
		next := nextLink(r.Header)
		if total, err := strconv.Atoi(r.Header.Get("X-Total-Count")); next == "" && err == nil && seen < total && len(names) > 0 {
			page++
			next = fmt.Sprintf("%s?page=%d&page_size=%d", path, page, size)
		}
		return len(names), next, add(names)
	})
}

// listGitLab lists the repositories of a group with its subgroups, else of a project, else of all projects of a user.
func (s *service) listGitLab(ctx context.Context, add func([]string) error) error {
	if s.namespace == "" {
		return errNamespace(s, "GROUP")
	}
	id := url.PathEscape(s.namespace)
	err := s.gitlabRepositories(ctx, "/api/v4/groups/"+id, add)
	if !isMissing(err) {
		return err
	}
	missing := err
	if err = s.gitlabRepositories(ctx, "/api/v4/projects/"+id, add); !isMissing(err) {
		return err
	}
	if strings.Contains(s.namespace, "/") {
		return errors.Join(missing, err)
	}
	var projects []int64
	err = pages(ctx, s.fromAPI, "/api/v4/users/"+id+"/projects?per_page=100", func(r *registry.Response) (int, string, error) {
		var list []struct{ ID int64 }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		for _, project := range list {
			projects = append(projects, project.ID)
		}
		return len(list), gitlabNext(r), nil
	})
	if isMissing(err) {
		return missing
	}
	for _, project := range projects {
		if err == nil {
			err = ignoreMissing(s.gitlabRepositories(ctx, "/api/v4/projects/"+strconv.FormatInt(project, 10), add))
		}
	}
	return err
}

func (s *service) gitlabRepositories(ctx context.Context, of string, add func([]string) error) error {
	return pages(ctx, s.fromAPI, of+"/registry/repositories?per_page=100", func(r *registry.Response) (int, string, error) {
		var list []struct{ Location, Path string }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list))
		for i, repository := range list {
			names[i] = repository.Path
			if _, name, ok := strings.Cut(repository.Location, "/"); ok {
				names[i] = name
			}
		}
		return len(names), gitlabNext(r), add(names)
	})
}

// gitlabNext returns the next page from Link, or from X-Next-Page, which is empty on the last page.
func gitlabNext(r *registry.Response) string {
	if next := nextLink(r.Header); next != "" {
		return next
	}
	page, err := strconv.Atoi(r.Header.Get("X-Next-Page"))
	if err != nil {
		return ""
	}
	query := r.URL.Query()
	query.Set("page", strconv.Itoa(page))
	return r.URL.EscapedPath() + "?" + query.Encode()
}

// listGitHub lists the container packages of an organization, else of a user.
func (s *service) listGitHub(ctx context.Context, add func([]string) error) error {
	owner, _, _ := strings.Cut(s.namespace, "/")
	if owner == "" {
		return errNamespace(s, "OWNER")
	}
	list := func(kind string) error {
		first := "/" + kind + "/" + url.PathEscape(owner) + "/packages?package_type=container&per_page=100"
		return pages(ctx, s.fromAPI, first, func(r *registry.Response) (int, string, error) {
			var list []struct{ Name string }
			if err := decode(r, &list); err != nil {
				return 0, "", err
			}
			names := make([]string, len(list))
			for i, pkg := range list {
				names[i] = strings.ToLower(owner) + "/" + pkg.Name
			}
			return len(names), nextLink(r.Header), add(names)
		})
	}
	err := list("orgs")
	if isMissing(err) {
		err = list("users")
	}
	return err
}

func isMissing(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == http.StatusNotFound
}

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}
