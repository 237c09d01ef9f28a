package catalogue

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// listGitLab lists the repositories of a group with its subgroups, else of a project, else of all projects of a user. A
// namespace may go deeper than a project: what is below it is then a part of the project's repositories.
func (s *service) listGitLab(ctx context.Context, add func([]string) error) error {
	if s.namespace == "" {
		return errNamespace(s, "GROUP")
	}
	missing := s.gitlabRepositories(ctx, "groups/"+url.PathEscape(s.namespace), add)
	if !s.mayBeProject(missing) {
		return missing
	}
	for of := s.namespace; ; of = of[:strings.LastIndex(of, "/")] {
		err := s.gitlabRepositories(ctx, "projects/"+url.PathEscape(of), add)
		if !s.mayBeProject(err) {
			return err
		}
		if strings.Count(of, "/") < 2 { // a project is in a group, or is a user's
			break
		}
	}
	if strings.Contains(s.namespace, "/") {
		return missing
	}
	return s.gitlabUser(ctx, missing, add)
}

// mayBeProject reports whether what GitLab does not give as one thing may be another. The token of a job is good for its
// project only.
func (s *service) mayBeProject(err error) bool {
	if s.api.Header.Get(jobTokenHeader) != "" && isStatus(err, http.StatusUnauthorized, http.StatusForbidden) {
		return true
	}
	return isMissing(err)
}

// gitlabUser lists the repositories of all projects of a user. Missing is the error if there is no such user.
func (s *service) gitlabUser(ctx context.Context, missing error, add func([]string) error) error {
	var projects []int64
	err := pages(ctx, s.fromAPI, s.gitlabAddress("users/"+url.PathEscape(s.namespace)+"/projects"), func(r *registry.Response) (int, string, error) {
		var list []struct{ ID int64 }
		if err := decode(r, &list); err != nil {
			return 0, "", err
		}
		for _, project := range list {
			projects = append(projects, project.ID)
		}
		return len(list), gitlabNext(r), nil
	})
	if s.mayBeProject(err) {
		return missing
	}
	for _, project := range projects {
		if err != nil {
			return err
		}
		err = s.gitlabRepositories(ctx, "projects/"+strconv.FormatInt(project, 10), add)
		if isStatus(err, http.StatusNotFound, http.StatusForbidden) {
			err = nil // the project has no registry
		}
	}
	return err
}

func (s *service) gitlabAddress(of string) string { return s.root + "/api/v4/" + of + "?per_page=100" }

func (s *service) gitlabRepositories(ctx context.Context, of string, add func([]string) error) error {
	return pages(ctx, s.fromAPI, s.gitlabAddress(of+"/registry/repositories"), func(r *registry.Response) (int, string, error) {
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
