package catalogue

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// A paged is a list of a service, which is cut into pages as the service does it.
type paged struct {
	names []string
	size  int // entries of a page, whatever is asked for
}

// page returns the entries of the page that a request asks for, its number, and whether there are more.
func (p paged) page(r *http.Request) (names []string, page int, more bool) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	from := min((page-1)*p.size, len(p.names))
	to := min(from+p.size, len(p.names))
	return p.names[from:to], page, to < len(p.names)
}

// refuse answers as services do.
func refuse(w http.ResponseWriter, status int, message string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	answer(w, map[string]string{"message": message})
	return true
}

// nextPage returns the address of the page after this one.
func nextPage(r *http.Request, page int) string {
	query := r.URL.Query()
	query.Set("page", strconv.Itoa(page+1))
	return r.URL.Path + "?" + query.Encode()
}

// hub is Docker Hub: an absolute address of the next page or null, and a name without its namespace.
func hub(namespace string, p paged, token string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		path, ok := strings.CutPrefix(r.URL.Path, "/v2/namespaces/")
		switch {
		case r.URL.Path == "/v2/auth/token":
			answer(w, map[string]string{"access_token": token})
			return true
		case !ok:
			return false
		case path != namespace+"/repositories":
			return refuse(w, http.StatusNotFound, "object not found")
		case token != "" && r.Header.Get("Authorization") != "Bearer "+token:
			return refuse(w, http.StatusUnauthorized, "unauthorized")
		case r.URL.Query().Get("page_size") != "100":
			return refuse(w, http.StatusBadRequest, "page_size")
		}
		names, page, more := p.page(r)
		results := []map[string]any{}
		for _, name := range names {
			results = append(results, map[string]any{"name": name, "namespace": namespace, "repository_type": "image"})
		}
		list := map[string]any{"count": len(p.names), "next": nil, "previous": nil, "results": results}
		if more {
			list["next"] = "http://" + r.Host + nextPage(r, page)
		}
		answer(w, list)
		return true
	}
}

// gitlab is GitLab: a challenge that names its token service, groups and projects, Link or only X-Next-Page.
func gitlab(host string, groups, projects map[string]paged, token string, links bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/jwt/auth" {
			answer(w, map[string]string{"token": "registry-token"})
			return true
		}
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v4/")
		if !ok {
			if strings.HasPrefix(r.URL.Path, "/v2/") && r.Header.Get("Authorization") != "Bearer registry-token" {
				w.Header().Set("Www-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/jwt/auth",service="container_registry"`, r.Host))
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			return false
		}
		if token != "" && r.Header.Get("Private-Token") != token && r.Header.Get("Job-Token") != token {
			return refuse(w, http.StatusUnauthorized, "401 Unauthorized")
		}
		kind, rest, _ := strings.Cut(rest, "/")
		id, what, _ := strings.Cut(rest, "/")
		id, _ = url.PathUnescape(id)
		of := map[string]map[string]paged{"groups": groups, "projects": projects}[kind]
		p, ok := of[id]
		if !ok || what != "registry/repositories" {
			return refuse(w, http.StatusNotFound, "404 Not Found")
		}
		names, page, more := p.page(r)
		list := []map[string]any{}
		for n, name := range names {
			list = append(list, map[string]any{"id": n, "name": "", "path": name, "location": host + "/" + name})
		}
		w.Header().Set("X-Next-Page", "")
		if more {
			w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
			if links {
				w.Header().Set("Link", fmt.Sprintf(`<http://%s%s>; rel="next", <http://%s/x?page=1>; rel="first"`, r.Host, nextPage(r, page), r.Host))
			}
		}
		answer(w, list)
		return true
	}
}

// harbor is Harbor: Link is relative, or there is only X-Total-Count. Its _catalog is for administrators.
func harbor(projects map[string]paged, login string, links bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		switch path := r.URL.Path; {
		case path == "/api/v2.0/ping":
			_, _ = w.Write([]byte("Pong"))
			return true
		case path == "/v2/_catalog":
			return refuse(w, http.StatusUnauthorized, "unauthorized to list catalog")
		case !strings.HasPrefix(path, "/api/v2.0/projects/"):
			return false
		}
		if login != "" && r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(login)) {
			return refuse(w, http.StatusForbidden, "forbidden")
		}
		project := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/v2.0/projects/"), "/repositories")
		p, ok := projects[project]
		if !ok {
			return refuse(w, http.StatusNotFound, "project not found")
		}
		names, page, more := p.page(r)
		list := []map[string]any{}
		for _, name := range names {
			list = append(list, map[string]any{"name": name, "artifact_count": 1})
		}
		w.Header().Set("X-Total-Count", strconv.Itoa(len(p.names)))
		if more && links {
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, nextPage(r, page)))
		}
		answer(w, list)
		return true
	}
}

// github is GitHub: organizations and users, Link, and 400 for a token that cannot read packages.
func github(owners map[string]paged, token string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v2/") {
			return false
		}
		switch sent := r.Header.Get("Authorization"); {
		case sent == "":
			return refuse(w, http.StatusUnauthorized, "Requires authentication")
		case sent != "Bearer "+token:
			return refuse(w, http.StatusBadRequest, "Invalid argument.")
		}
		p, ok := owners[strings.TrimSuffix(strings.Trim(r.URL.Path, "/"), "/packages")]
		if !ok || r.URL.Query().Get("package_type") != "container" {
			return refuse(w, http.StatusNotFound, "Not Found")
		}
		names, page, more := p.page(r)
		list := []map[string]any{}
		for _, name := range names {
			list = append(list, map[string]any{"name": name, "package_type": "container"})
		}
		if more {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s>; rel="next", <http://%s/last>; rel="last"`, r.Host, nextPage(r, page), r.Host))
		}
		answer(w, list)
		return true
	}
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// many returns names with two of interest at the ends.
func many(prefix string) paged {
	all := []string{prefix + "a-1.0.0-seed"}
	for n := range 9 {
		all = append(all, fmt.Sprintf("%sother-%d", prefix, n))
	}
	return paged{append(all, prefix+"b-1.0.0-seed"), 3}
}

// Each service lists over several pages what it has, and what it refuses is said with what can be done.
func TestServices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve     func(f *fake) func(http.ResponseWriter, *http.Request) bool
		namespace string
		kind      Kind
		env       func(string) string
		api       bool
		failure   string // part of it
	}{
		"docker hub": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return hub("geo", many(""), "") }, namespace: "geo", kind: DockerHub},
		"docker hub, with a token": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return hub("geo", many(""), "jwt") },
			namespace: "geo", kind: DockerHub, env: env("DOCKERHUB_TOKEN=jwt")},
		"docker hub, with an access token": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return hub("geo", many(""), "jwt") },
			namespace: "geo", kind: DockerHub, env: env("DOCKERHUB_TOKEN=dckr_pat_x", "DOCKERHUB_USERNAME=jane"), api: true},
		"docker hub, refused": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return hub("geo", many(""), "jwt") },
			namespace: "geo", kind: DockerHub, failure: "set DOCKERHUB_TOKEN"},
		"docker hub, no namespace": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return hub("geo", many(""), "") },
			kind: DockerHub, failure: "lists only what is below a namespace"},
		"gitlab group": {serve: func(f *fake) func(http.ResponseWriter, *http.Request) bool {
			return gitlab(f.host, map[string]paged{"geo": many("geo/")}, nil, "secret", true)
		}, namespace: "geo", env: env("GITLAB_TOKEN=secret")},
		"gitlab project, without links, in a job": {serve: func(f *fake) func(http.ResponseWriter, *http.Request) bool {
			return gitlab(f.host, nil, map[string]paged{"geo/tools": many("geo/tools/")}, "job", false)
		}, namespace: "geo/tools", env: env("CI_JOB_TOKEN=job")},
		"gitlab, refused": {serve: func(f *fake) func(http.ResponseWriter, *http.Request) bool {
			return gitlab(f.host, map[string]paged{"geo": many("geo/")}, nil, "secret", true)
		}, namespace: "geo", failure: "set GITLAB_TOKEN"},
		"gitlab, nothing there": {serve: func(f *fake) func(http.ResponseWriter, *http.Request) bool { return gitlab(f.host, nil, nil, "", true) },
			namespace: "geo", failure: "404 Not Found"},
		"harbor": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return harbor(map[string]paged{"geo": many("geo/")}, "robot:secret", true)
		}, namespace: "geo", env: env("HARBOR_USERNAME=robot", "HARBOR_PASSWORD=secret")},
		"harbor, without links": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return harbor(map[string]paged{"geo": many("geo/")}, "", false)
		}, namespace: "geo"},
		"harbor, refused": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return harbor(map[string]paged{"geo": many("geo/")}, "robot:secret", true)
		}, namespace: "geo", failure: "set HARBOR_USERNAME and HARBOR_PASSWORD"},
		"harbor as a plain registry": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool { return harbor(nil, "", true) },
			namespace: "geo", kind: Plain, failure: "say with --kind what the registry is (it was taken for registry), or name its repositories with --repository"},
		"github organization": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return github(map[string]paged{"orgs/geo": many("")}, "secret")
		}, namespace: "geo", kind: GitHub, env: env("GITHUB_TOKEN=secret")},
		"github user": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return github(map[string]paged{"users/geo": many("")}, "secret")
		}, namespace: "geo", kind: GitHub, env: env("GITHUB_TOKEN=secret"), api: true},
		"github, another token": {serve: func(*fake) func(http.ResponseWriter, *http.Request) bool {
			return github(map[string]paged{"orgs/geo": many("")}, "secret")
		}, namespace: "geo", kind: GitHub, env: env("GITHUB_TOKEN=registry"), failure: "set GITHUB_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			namespace := c.namespace
			if namespace == "" {
				namespace = "geo"
			}
			f.job(namespace, "a", "1.0.0", "1.0.0")
			f.job(namespace, "b", "1.0.0", "1.0.0")
			f.swap(c.serve(f))
			opt := Options{Kind: c.kind, Getenv: c.env}
			if c.api {
				opt.API = "http://" + f.host
			}
			found := f.find(c.namespace, opt)
			if c.failure != "" {
				if found.Complete || len(found.Failures) != 1 || !strings.Contains(found.Failures[0].Error(), c.failure) {
					t.Errorf("failures: %v", found.Failures)
				}
				return
			}
			if len(found.Failures) > 0 {
				t.Fatal(found.Failures)
			}
			equal(t, "images", names(found), []string{namespace + "/a-1.0.0-seed:1.0.0", namespace + "/b-1.0.0-seed:1.0.0"})
		})
	}
}

// A registry beside a web server that answers everything is a plain registry.
func TestDetectWebServer(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("geo", "a", "1.0.0", "1.0.0")
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v2/") {
			return false
		}
		_, _ = w.Write([]byte("<!doctype html><title>Welcome</title>"))
		return true
	})
	equal(t, "images", names(f.find("geo", Options{})), []string{"geo/a-1.0.0-seed:1.0.0"})
}

// A registry does not lead to the addresses where clouds keep secrets, as the service that it belongs to either.
func TestServiceAtLinkLocalAddress(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"169.254.169.254", "[fe80::1]", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]"} {
		f := newFake(t)
		f.swap(func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Www-Authenticate", `Bearer realm="http://`+host+`/jwt/auth",service="container_registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
		found := f.find("group", Options{})
		if len(found.Failures) != 1 || !strings.Contains(found.Failures[0].Error(), "a link-local address, which no other host may lead to") {
			t.Errorf("%s: %v", host, found.Failures)
		}
	}
}

// A token goes to hosts of the same owner only.
func TestSameSite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"gitlab.example.com", "registry.example.com", true},
		{"GitLab.example.com", "registry.example.com:5050", true},
		{"example.com", "registry.example.com", true},
		{"localhost", "localhost:5000", true},
		{"gitlab.corp.internal", "registry.corp.internal", true},
		{"10.0.0.1", "10.0.0.1:5000", true},
		{"10.0.0.1", "11.0.0.1", false},
		{"gitlab.example.com", "registry.example.org", false},
		{"gitlab.co.uk", "registry.co.uk", false},
		{"mine.github.io", "other.github.io", false},
		{"gitlab.com", "registry.com", false},
		{"gitlab", "registry", false},
		{"com", "registry.com", false},
	} {
		if got := sameSite(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}
