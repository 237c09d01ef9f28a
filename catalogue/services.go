package catalogue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// Names of a page of the catalog that are asked for: at first, and of a registry that has no pages.
const (
	catalogPage  = 1_000
	catalogWhole = 100_000
)

// listRegistry lists a plain registry. Its catalog is in no standard, and may name repositories that are gone. Registries
// differ in how many names they give:
//
//   - most give a part, with a link to the next one, and some refuse a request for more than they give: they are asked again,
//     without a number.
//   - one without pages gives as many names as it is asked for, and does not say that there are more: it is asked for many.
//   - those of Google have no catalog, and name in the list of tags what is below a repository.
func (s *service) listRegistry(ctx context.Context, add func([]string) error) error {
	full, err := s.listCatalog(ctx, catalogPage, add)
	if isStatus(err, http.StatusBadRequest) {
		full, err = s.listCatalog(ctx, 0, add)
	}
	if isStatus(err, refusals...) && s.namespace != "" {
		if found, below := s.listBelow(ctx, add); found {
			return below
		}
	}
	if err != nil || !full {
		return err
	}
	full, err = s.listCatalog(ctx, catalogWhole, add)
	if full || isStatus(err, http.StatusBadRequest) {
		err = fmt.Errorf("the registry gives as many names as it is asked for, %d, and no next page: there may be more", catalogWhole)
	}
	return err
}

// refusals are what registries answer that have no catalog, or show it to few.
var refusals = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusNotImplemented}

// listCatalog reports full if there is one page only, and that has as many names as were asked for: it may be cut off. It asks
// for no number if n is 0.
func (s *service) listCatalog(ctx context.Context, n int, add func([]string) error) (full bool, err error) {
	address, number := "/v2/_catalog", 0
	if n > 0 {
		address += fmt.Sprintf("?n=%d", n)
	}
	err = pages(ctx, s.fromRegistry(""), address, func(r *registry.Response) (int, string, error) {
		var list struct{ Repositories []string }
		if err := decodeMember(r, &list, "repositories"); err != nil {
			return 0, "", err
		}
		next := nextLink(r.Header)
		number++
		full = n > 0 && number == 1 && next == "" && len(list.Repositories) >= n
		return len(list.Repositories), next, add(list.Repositories)
	})
	return full, err
}

// listBelow lists the repositories below the namespace by the lists of tags of a registry of Google. It reports whether the
// registry is one. What is below a repository with the suffix is not looked at.
func (s *service) listBelow(ctx context.Context, add func([]string) error) (found bool, err error) {
	left := []string{s.namespace}
	for n := 0; len(left) > 0; n++ {
		if n+len(left) > maxRepositories {
			return true, fmt.Errorf("there are more than %d repositories", maxRepositories)
		}
		name := left[0]
		left = left[1:]
		var below []string
		err := pages(ctx, s.fromRegistry(name), "/v2/"+name+"/tags/list", func(r *registry.Response) (int, string, error) {
			var list struct{ Child []string }
			if err := decode(r, &list); err != nil {
				return 0, "", err
			}
			for _, child := range list.Child {
				if full := name + "/" + child; !strings.Contains(child, "/") && validRepository(s.host, full) {
					below = append(below, full)
				}
			}
			return len(list.Child), nextLink(r.Header), nil
		})
		switch {
		case n == 0 && (err != nil || len(below) == 0):
			return false, nil
		case err != nil && !isMissing(err):
			return true, err
		}
		if err := add(below); err != nil {
			return true, err
		}
		for _, name := range below {
			if !strings.HasSuffix(name, suffix) {
				left = append(left, name)
			}
		}
	}
	return true, nil
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
		if err := decodeMember(r, &list, "results"); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list.Results))
		for i, result := range list.Results {
			names[i] = namespace + "/" + result.Name
		}
		return len(names), list.Next, add(names)
	})
}

// harborAPI begins the addresses of Harbor's interface.
const harborAPI = "/api/v2.0"

// listHarbor lists the repositories of a project, or of all projects that the user sees. Older ones list those project by
// project only.
func (s *service) listHarbor(ctx context.Context, add func([]string) error) error {
	project, _, _ := strings.Cut(s.namespace, "/")
	if project != "" {
		return s.harborNames(ctx, "/projects/"+url.PathEscape(project)+"/repositories", add)
	}
	err := s.harborNames(ctx, "/repositories", add)
	if !isMissing(err) {
		return err
	}
	var projects []string
	if other := s.harborNames(ctx, "/projects", func(names []string) error {
		projects = append(projects, names...)
		return nil
	}); other != nil {
		return errors.Join(err, other)
	}
	for _, project := range projects {
		if err := ignoreMissing(s.harborNames(ctx, "/projects/"+url.PathEscape(project)+"/repositories", add)); err != nil {
			return err
		}
	}
	return nil
}

// harborNames reads the names in a list of Harbor. Link leads to the next page, or X-Total-Count says that there is one.
func (s *service) harborNames(ctx context.Context, of string, add func([]string) error) error {
	const size = 100
	page, seen := 1, 0
	address := func() string { return fmt.Sprintf("%s%s?page=%d&page_size=%d", harborAPI, of, page, size) }
	return pages(ctx, s.fromAPI, address(), func(r *registry.Response) (int, string, error) {
		var list []struct{ Name string }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list))
		for i, named := range list {
			names[i] = named.Name
		}
		seen += len(names)
		page++
		next := nextLink(r.Header)
		if total, err := strconv.Atoi(r.Header.Get("X-Total-Count")); next == "" && err == nil && seen < total && len(names) > 0 {
			next = address()
		}
		return len(names), next, add(names)
	})
}

// listGitHub lists the container packages of an organization, else of a user. GitHub Enterprise Server has its interface in a
// place of its own.
func (s *service) listGitHub(ctx context.Context, add func([]string) error) (err error) {
	owner, _, _ := strings.Cut(s.namespace, "/")
	if owner == "" {
		return errNamespace(s, "OWNER")
	}
	places := []string{"/orgs/", "/users/"}
	if s.api.Base.Host != githubAPI {
		places = append(places, "/api/v3/orgs/", "/api/v3/users/")
	}
	for _, place := range places {
		listed := s.githubPackages(ctx, place+url.PathEscape(owner), strings.ToLower(owner), add)
		if !isMissing(listed) && (!isNoList(listed) || s.api.Base.Host == githubAPI) {
			return listed
		}
		if err == nil || strings.HasPrefix(place, "/users/") {
			err = listed
		}
	}
	return err
}

func (s *service) githubPackages(ctx context.Context, of, owner string, add func([]string) error) error {
	return pages(ctx, s.fromAPI, of+"/packages?package_type=container&per_page=100", func(r *registry.Response) (int, string, error) {
		var list []struct{ Name string }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		names := make([]string, len(list))
		for i, pkg := range list {
			names[i] = owner + "/" + pkg.Name
		}
		return len(names), nextLink(r.Header), add(names)
	})
}

// listQuay lists the repositories of a namespace of Quay, whose catalog is empty for most. Quay's applications are no images.
func (s *service) listQuay(ctx context.Context, add func([]string) error) error {
	namespace, _, _ := strings.Cut(s.namespace, "/")
	if namespace == "" {
		return errNamespace(s, "NAMESPACE")
	}
	first := "/api/v1/repository?public=true&namespace=" + url.QueryEscape(namespace)
	return pages(ctx, s.fromAPI, first, func(r *registry.Response) (int, string, error) {
		var list struct {
			Repositories []struct{ Namespace, Name, Kind string }
			Next         string `json:"next_page"`
		}
		if err := decodeMember(r, &list, "repositories"); err != nil {
			return 0, "", err
		}
		var names []string
		for _, named := range list.Repositories {
			if named.Kind == "" || named.Kind == "image" {
				names = append(names, named.Namespace+"/"+named.Name)
			}
		}
		next := ""
		if list.Next != "" {
			next = first + "&next_page=" + url.QueryEscape(list.Next)
		}
		return len(list.Repositories), next, add(names)
	})
}
