package catalogue

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// GitLab has more places for repositories than a group.
func TestGitLabPlaces(t *testing.T) {
	t.Parallel()
	const api = "/api/v4/"
	list := func(f *fake, locations ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			all := []map[string]any{}
			for n, name := range locations {
				all = append(all, map[string]any{"id": n, "name": "", "path": name, "location": f.host + "/" + name, "status": nil, "cleanup_policy_started_at": nil})
			}
			answer(w, all)
		}
	}
	missing := text(http.StatusNotFound, `{"message": "404 Group Not Found"}`)
	refused := text(http.StatusUnauthorized, `{"message": "401 Unauthorized"}`)
	for name, c := range map[string]struct {
		namespace string
		env       func(string) string
		serve     func(f *fake) map[string]func(http.ResponseWriter, *http.Request)
		images    []string
		failure   string
	}{
		"deeper than a project": {namespace: "geo/tools/raster", images: []string{"geo/tools/raster/a-1.0.0-seed:1.0.0"}, serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){
				api + "groups/geo%2Ftools%2Fraster/registry/repositories": missing, api + "projects/geo%2Ftools%2Fraster/registry/repositories": missing,
				api + "projects/geo%2Ftools/registry/repositories": list(f, "geo/tools/raster/a-1.0.0-seed", "geo/tools/vector/b-1.0.0-seed"),
			}
		}},
		"a job's token is good for the project": {namespace: "geo/tools", env: env("CI_JOB_TOKEN=x"), images: []string{"geo/tools/raster/a-1.0.0-seed:1.0.0"}, serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){
				api + "groups/geo%2Ftools/registry/repositories":   refused,
				api + "projects/geo%2Ftools/registry/repositories": list(f, "geo/tools/raster/a-1.0.0-seed"),
			}
		}},
		"a user's token is refused": {namespace: "geo/tools", env: env("GITLAB_TOKEN=x"), failure: "set GITLAB_TOKEN to a token", serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){
				api + "groups/geo%2Ftools/registry/repositories":   refused,
				api + "projects/geo%2Ftools/registry/repositories": func(http.ResponseWriter, *http.Request) { f.t.Error("it asks on") },
			}
		}},
		"what is private is not there": {namespace: "geo/tools", failure: "if it is private, set GITLAB_TOKEN", serve: func(*fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){api + "groups/geo%2Ftools/registry/repositories": missing, api + "projects/geo%2Ftools/registry/repositories": missing}
		}},
		"a user whose other project has no registry": {namespace: "geo", images: []string{"geo/tools/raster/a-1.0.0-seed:1.0.0"}, serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){
				api + "groups/geo/registry/repositories": missing, api + "projects/geo/registry/repositories": missing,
				api + "users/geo/projects":               text(http.StatusOK, `[{"id": 7}, {"id": 8}, {"id": 9}]`),
				api + "projects/7/registry/repositories": text(http.StatusForbidden, `{"message": "403 Forbidden"}`),
				api + "projects/8/registry/repositories": missing, api + "projects/9/registry/repositories": list(f, "geo/tools/raster/a-1.0.0-seed"),
			}
		}},
		"a group that was renamed": {namespace: "geo", images: []string{"geo/tools/raster/a-1.0.0-seed:1.0.0"}, serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){
				api + "groups/geo/registry/repositories": func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "http://"+f.host+api+"groups/5/registry/repositories?per_page=100")
					w.WriteHeader(http.StatusMovedPermanently)
				},
				api + "groups/5/registry/repositories": list(f, "geo/tools/raster/a-1.0.0-seed"),
			}
		}},
		"keyset pages": {namespace: "geo", images: []string{"geo/tools/raster/a-1.0.0-seed:1.0.0"}, serve: func(f *fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){api + "groups/geo/registry/repositories": func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("id_before") == "" {
					w.Header().Set("Link", fmt.Sprintf(`<http://%s%sgroups/geo/registry/repositories?id_before=1&pagination=keyset>; rel="next"`, f.host, api))
					list(f, "geo/other")(w, r)
					return
				}
				list(f, "geo/tools/raster/a-1.0.0-seed")(w, r)
			}}
		}},
		"behind a login page": {namespace: "geo", failure: "which is not followed", serve: func(*fake) map[string]func(http.ResponseWriter, *http.Request) {
			return map[string]func(http.ResponseWriter, *http.Request){api + "groups/geo/registry/repositories": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://sso.example.com/login?token=x")
				w.WriteHeader(http.StatusFound)
			}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.job("geo/tools/raster", "a", "1.0.0", "1.0.0")
			f.swap(serve(c.serve(f)))
			found := f.find(c.namespace, Options{Kind: GitLab, API: "http://" + f.host, Getenv: c.env})
			if c.failure != "" {
				if len(found.Failures) != 1 || !strings.Contains(found.Failures[0].Error(), c.failure) || strings.Contains(found.Failures[0].Error(), "token=x") {
					t.Errorf("failures are %v", found.Failures)
				}
				return
			}
			equal(t, "images", names(found), c.images)
			if !found.Complete {
				t.Errorf("failures are %v", found.Failures)
			}
		})
	}
}

// GitLab may be below a path of its host. Its registry says where.
func TestGitLabRoot(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("geo", "a", "1.0.0", "1.0.0")
	inner := gitlab(f.host, map[string]paged{"geo": {[]string{"geo/a-1.0.0-seed"}, 3}}, nil, "", true)
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasPrefix(r.URL.Path, "/git/"):
			r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/git"), strings.TrimPrefix(r.URL.RawPath, "/git")
			return inner(w, r)
		case strings.HasPrefix(r.URL.Path, "/v2/") && r.Header.Get("Authorization") == "":
			w.Header().Set("Www-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/git/jwt/auth",service="container_registry"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	})
	found := f.find("geo", Options{})
	equal(t, "images", names(found), []string{"geo/a-1.0.0-seed:1.0.0"})
	if !found.Complete {
		t.Errorf("failures are %v", found.Failures)
	}
}
