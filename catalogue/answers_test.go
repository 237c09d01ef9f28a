package catalogue

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Answers of registries and services that differ from those of the fakes. Each is what a real one gives.

// serve answers by path. A handler gives the status and the body, and may set headers.
func serve(answers map[string]func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		do := answers[r.URL.EscapedPath()]
		if do == nil {
			return false
		}
		do(w, r)
		return true
	}
}

// text is an answer with a status.
func text(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Registries give as many names as they like: Distribution refuses a number above its limit, and others end a list without a
// link though its last page is full.
func TestCatalogNumbers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for n := range 250 {
		f.tags[fmt.Sprintf("job-%04d-1.0.0-seed", n)] = nil
	}
	const limit = 100
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if r.URL.Path != "/v2/_catalog" || err != nil || n <= limit {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"errors": []any{map[string]any{"code": "PAGINATION_NUMBER_INVALID", "message": "invalid number of results requested", "detail": map[string]int{"n": n}}}})
		return true
	})
	progress := Progress{}
	found := f.find("", Options{Kind: Plain, Progress: func(now Progress) { progress = now }})
	if !found.Complete || progress.Candidates != 250 {
		t.Errorf("%d of 250 repositories are found, failures are %v", progress.Candidates, found.Failures)
	}

	// Two pages of 1,000 names, and no link at the end.
	f = newFake(t)
	f.swap(on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if r.URL.Query().Get("last") == "" {
			w.Header().Set("Link", `</v2/_catalog?n=1000&last=x>; rel="next"`)
		} else {
			from = catalogPage
		}
		names := make([]string, catalogPage)
		for n := range names {
			names[n] = fmt.Sprintf("other-%d", from+n)
		}
		answer(w, map[string]any{"repositories": names})
	}))
	if found := f.find("", Options{Kind: Plain}); !found.Complete {
		t.Errorf("two full pages: %v", found.Failures)
	}
	if asked := f.asked(); len(asked) != 3 { // the API, and two pages
		t.Errorf("requests are %q", asked)
	}
}

// What says that all is well and is no list is not taken for an empty one.
func TestNoList(t *testing.T) {
	t.Parallel()
	const catalog, hub, harbor = "/v2/_catalog", "/v2/namespaces/geo/repositories", "/api/v2.0/projects/geo/repositories"
	for name, c := range map[string]struct {
		kind       Kind
		path, body string
		want       string // part of the failure; empty: it is an empty list
	}{
		"an error":              {Plain, catalog, `{"errors": [{"code": "UNAUTHORIZED", "message": "log in first"}]}`, "it has no member repositories: log in first"},
		"another object":        {Plain, catalog, `{}`, "it has no member repositories"},
		"a page":                {Plain, catalog, ` <!doctype html><title>Log in</title>`, "it is a page for a browser"},
		"nothing":               {Plain, catalog, `null`, "it has no member repositories"},
		"null":                  {Plain, catalog, `{"repositories": null}`, ""},
		"other names":           {Plain, catalog, `{"repositories": {"a": 1}}`, "a JSON object is where it should not be"},
		"tags of nothing":       {Plain, "/v2/geo/a-1.0.0-seed/tags/list", `{"name": "geo/a-1.0.0-seed", "tags": null}`, ""},
		"tags without a member": {Plain, "/v2/geo/a-1.0.0-seed/tags/list", `{"name": "geo/a-1.0.0-seed"}`, ""},
		"tags that are none":    {Plain, "/v2/geo/a-1.0.0-seed/tags/list", `{"errors": [{"code": "X", "message": "busy"}]}`, "list the tags: "},
		"hub, an error":         {DockerHub, hub, `{"message": "try again", "errinfo": {}}`, "it has no member results: try again"},
		"hub, nothing":          {DockerHub, hub, `{"count": 0, "next": null, "previous": null, "results": []}`, ""},
		"hub, null":             {DockerHub, hub, `{"count": 0, "next": null, "results": null}`, ""},
		"harbor, null":          {Harbor, harbor, `null`, ""},
		"harbor, an error":      {Harbor, harbor, `{"errors": [{"code": "UNKNOWN", "message": "no database"}]}`, "a JSON object is where it should not be: no database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.job("geo", "a", "1.0.0", "1.0.0")
			f.swap(serve(map[string]func(http.ResponseWriter, *http.Request){c.path: text(http.StatusOK, c.body)}))
			found := f.find("geo", Options{Kind: c.kind})
			switch {
			case len(found.Images) > 0:
				t.Errorf("there are images: %q", names(found))
			case c.want == "" && !found.Complete:
				t.Errorf("an empty list fails: %v", found.Failures)
			case c.want != "" && (len(found.Failures) != 1 || !strings.Contains(found.Failures[0].Error(), c.want)):
				t.Errorf("failures are %v", found.Failures)
			}
		})
	}
}

// A service that has had too many requests says when it takes more. That is said, and no token is asked for.
func TestSpent(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(time.Hour).UTC()
	epoch := strconv.FormatInt(at.Unix(), 10)
	for name, c := range map[string]struct {
		kind   Kind
		path   string
		status int
		header map[string]string
		body   string
		at     bool
	}{
		"docker hub":                {DockerHub, "/v2/namespaces/geo/repositories", 429, map[string]string{"X-Retry-After": epoch}, `{"detail": "Rate limit exceeded", "error": false}`, true},
		"docker hub, in seconds":    {DockerHub, "/v2/namespaces/geo/repositories", 429, map[string]string{"Retry-After": "3600"}, `{"message": "too many requests"}`, true},
		"github":                    {GitHub, "/orgs/geo/packages", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": epoch}, `{"message": "API rate limit exceeded for 192.0.2.1."}`, true},
		"github, a secondary limit": {GitHub, "/orgs/geo/packages", 403, map[string]string{"Retry-After": "3600", "X-RateLimit-Remaining": "9"}, `{"message": "You have exceeded a secondary rate limit."}`, true},
		"gitlab":                    {GitLab, "/api/v4/groups/geo/registry/repositories", 429, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": epoch}, "Retry later\n", true},
		"a window":                  {Plain, "/v2/_catalog", 429, map[string]string{"RateLimit-Remaining": "0;w=21600"}, `{"errors": [{"code": "TOOMANYREQUESTS", "message": "pull rate limit"}]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.swap(serve(map[string]func(http.ResponseWriter, *http.Request){c.path: func(w http.ResponseWriter, _ *http.Request) {
				for key, value := range c.header {
					w.Header().Set(key, value)
				}
				text(c.status, c.body)(w, nil)
			}}))
			found := f.find("geo", Options{Kind: c.kind, API: "http://" + f.host})
			if len(found.Failures) != 1 {
				t.Fatalf("failures are %v", found.Failures)
			}
			said := found.Failures[0].Error()
			if !strings.Contains(said, "it takes no more requests before ") || strings.Contains(said, "set ") || strings.Contains(said, "--kind") {
				t.Errorf("it says %s", said)
			}
			if c.at && !strings.Contains(said, at.Format("15:04")) && !strings.Contains(said, at.Add(time.Minute).Format("15:04")) {
				t.Errorf("it is %s, and it says %s", at, said)
			}
			if asked := f.asked(); len(asked) > 2 {
				t.Errorf("it was asked again: %q", asked)
			}
		})
	}
}

// A registry that stops answering is not asked for each of its images, and what was not read is counted.
func TestLostRegistry(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	const all = 300
	for n := range all {
		f.tags[fmt.Sprintf("job-%04d-1.0.0-seed", n)] = []string{"1.0.0"}
	}
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		w.Header().Set("Retry-After", "3600")
		return refuse(w, http.StatusTooManyRequests, "toomanyrequests")
	})
	found := f.find("", Options{Kind: Plain})
	reads := 0
	for _, request := range f.asked() {
		if strings.Contains(request, "/manifests/") {
			reads++
		}
	}
	if reads < maxUnanswered || reads > maxUnanswered+parallel {
		t.Errorf("%d images were asked for", reads)
	}
	last, unread := found.Failures[len(found.Failures)-1], 0
	for _, failure := range found.Failures {
		if failure.Place == f.host {
			last = failure
		}
	}
	if _, err := fmt.Sscanf(last.Err.Error(), "images or repositories not read: %d: it did not answer 32 requests in a row", &unread); err != nil || unread+reads != all {
		t.Errorf("of %d images %d were asked for, and it says %v", all, reads, last)
	}
	if found.Complete {
		t.Error("it is complete")
	}
}

// What one repository refuses is not what the registry is: others are read, and how to log in is said once.
func TestPrivateRepositories(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for n := range 50 {
		f.tags[fmt.Sprintf("private-%04d-1.0.0-seed", n)] = []string{"1.0.0"}
	}
	f.job("", "zz", "1.0.0", "1.0.0")
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/private-") && refuse(w, http.StatusForbidden, "denied")
	})
	found := f.find("", Options{Kind: Plain})
	equal(t, "images", names(found), []string{"zz-1.0.0-seed:1.0.0"})
	hints := 0
	for _, failure := range found.Failures {
		hints += strings.Count(failure.Error(), "log in with seedpack login "+f.host)
	}
	if len(found.Failures) != 50 || hints != 1 {
		t.Errorf("%d failures, %d hints", len(found.Failures), hints)
	}
}

// Other ways of listing: an older Harbor, GitHub Enterprise Server, Quay, and registries of Google.
func TestOtherServices(t *testing.T) {
	t.Parallel()
	type answers = map[string]func(http.ResponseWriter, *http.Request)
	gone := text(http.StatusNotFound, `{"errors": [{"code": "NOT_FOUND", "message": "path not found"}]}`)
	for name, c := range map[string]struct {
		kind      Kind
		namespace string
		serve     answers
		images    []string
	}{
		"harbor without a list of all": {Harbor, "", answers{
			"/api/v2.0/repositories": gone, "/api/v2.0/projects": text(200, `[{"name": "library"}, {"name": "geo", "metadata": {"public": "true"}}]`),
			"/api/v2.0/projects/library/repositories": text(200, `null`), "/api/v2.0/projects/geo/repositories": text(200, `[{"name": "geo/a-1.0.0-seed"}, {"name": "geo/deep/b-1.0.0-seed"}]`),
		}, []string{"geo/a-1.0.0-seed:1.0.0", "geo/deep/b-1.0.0-seed:1.0.0"}},
		"github enterprise server": {GitHub, "geo", answers{
			"/orgs/geo/packages": text(200, "<!doctype html><title>Sign in</title>"), "/users/geo/packages": text(404, "<!doctype html>"),
			"/api/v3/orgs/geo/packages": text(200, `[{"name": "a-1.0.0-seed", "package_type": "container", "visibility": "private"}, {"name": "deep/b-1.0.0-seed"}]`),
		}, []string{"geo/a-1.0.0-seed:1.0.0", "geo/deep/b-1.0.0-seed:1.0.0"}},
		"quay": {Quay, "geo", answers{"/api/v1/repository": func(w http.ResponseWriter, r *http.Request) {
			switch query := r.URL.Query(); {
			case query.Get("namespace") != "geo" || query.Get("public") != "true":
				text(400, `{"error": "namespace"}`)(w, r)
			case query.Get("next_page") == "":
				text(200, `{"repositories": [{"namespace": "geo", "name": "a-1.0.0-seed", "description": null, "is_public": true, "kind": "image", "state": "NORMAL"}, {"namespace": "geo", "name": "x-seed", "kind": "application"}], "next_page": "gAA/A=="}`)(w, r)
			case query.Get("next_page") == "gAA/A==":
				text(200, `{"repositories": [{"namespace": "geo", "name": "deep/b-1.0.0-seed", "kind": "image"}]}`)(w, r)
			}
		}}, []string{"geo/a-1.0.0-seed:1.0.0", "geo/deep/b-1.0.0-seed:1.0.0"}},
		"google": {Plain, "geo", answers{
			"/v2/_catalog":      text(404, `{"errors": [{"code": "NAME_UNKNOWN", "message": "no catalog"}]}`),
			"/v2/geo/tags/list": text(200, `{"child": ["a-1.0.0-seed", "deep", "../x", "b/c"], "manifest": {}, "name": "geo", "tags": []}`), "/v2/geo/deep/tags/list": text(200, `{"child": ["b-1.0.0-seed"], "name": "geo/deep", "tags": []}`),
		}, []string{"geo/a-1.0.0-seed:1.0.0", "geo/deep/b-1.0.0-seed:1.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.job("geo", "a", "1.0.0", "1.0.0")
			f.job("geo/deep", "b", "1.0.0", "1.0.0")
			f.swap(serve(c.serve))
			found := f.find(c.namespace, Options{Kind: c.kind, API: "http://" + f.host})
			equal(t, "images", names(found), c.images)
			if !found.Complete {
				t.Errorf("failures are %v", found.Failures)
			}
		})
	}
}

// A token that was not sent may be why little was found: that is said also if nothing was refused.
func TestWithheldToken(t *testing.T) {
	t.Parallel()
	search := &finder{opt: Options{Getenv: env("HARBOR_USERNAME=u", "HARBOR_PASSWORD=p")}}
	s := &service{target: target{host: "harbor.example.com"}, kind: Harbor}
	if _, err := search.header(t.Context(), s, &url.URL{Scheme: "https", Host: "harbor.example.com"}); err != nil || s.withheld != harborUsername || !s.anonymous {
		t.Errorf("withheld is %q, anonymous %v, %v", s.withheld, s.anonymous, err)
	}
	search.listed(s)
	if len(search.found.Notes) != 1 || !strings.Contains(search.found.Notes[0], "say so with --kind harbor") {
		t.Errorf("notes are %q", search.found.Notes)
	}
}

// A next page at the same place may be written with the usual port.
func TestFollow(t *testing.T) {
	t.Parallel()
	page := &url.URL{Scheme: "https", Host: "registry.example.com", Path: "/v2/_catalog"}
	for link, want := range map[string]string{
		"/v2/_catalog?last=a": "https://registry.example.com/v2/_catalog?last=a", "?last=a": "https://registry.example.com/v2/_catalog?last=a",
		"https://registry.example.com:443/v2/_catalog?last=a": "https://registry.example.com/v2/_catalog?last=a",
		"https://Registry.Example.com/v2/_catalog?last=a":     "https://registry.example.com/v2/_catalog?last=a",
		"https://u:p@registry.example.com/v2/_catalog?last=a": "https://registry.example.com/v2/_catalog?last=a",
		"https://registry.example.com:8443/v2/_catalog":       "", "http://registry.example.com/v2/_catalog?last=a": "", "//evil.example/v2/_catalog": "",
		"https://registry.example.com.evil.example/": "", "javascript:x": "", "https://registry.example.com@evil.example/": "",
	} {
		next, err := newPager().follow(page, link)
		if next != want || (err == nil) != (want != "") {
			t.Errorf("%s leads to %q, %v; want %q", link, next, err, want)
		}
	}
}

// bomb is an answer that is small as it is sent, and large as it is read.
func bomb(status int, start string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, start)
		_, _ = io.Copy(z, io.LimitReader(repeat(" "), 16<<20))
		_ = z.Close()
	}
}

// What refers to an image may be listed over several pages. That nothing refers to it is not the same as that nobody asked.
func TestReferrerPages(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	digest := f.job("geo", "a", "1.0.0", "1.0.0")
	one := func(n int) string {
		return fmt.Sprintf(`{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
			"digest": "sha256:%064x", "size": 7, "artifactType": "application/vnd.example.%d"}]}`, n, n)
	}
	address := "/v2/geo/a-1.0.0-seed/referrers/" + digest
	f.swap(on(address, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if n < 2 {
			w.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, address, n+1))
		}
		_, _ = io.WriteString(w, one(n))
	}))
	want := []Attachment{}
	for n := range 3 {
		want = append(want, Attachment{fmt.Sprintf("application/vnd.example.%d", n), fmt.Sprintf("sha256:%064x", n)})
	}
	equal(t, "attachments", f.find("", Options{Attachments: true}).Images[0].Attachments, want)
	for what, body := range map[string]string{"none": `{"schemaVersion": 2, "manifests": []}`, "null": `{"schemaVersion": 2, "manifests": null}`, "a page of a web server": "<!doctype html>"} {
		f.swap(on(address, text(http.StatusOK, body)))
		found := f.find("", Options{Attachments: true})
		if !found.Complete || found.Images[0].Attachments == nil || len(found.Images[0].Attachments) > 0 {
			t.Errorf("%s: %+v, failures are %v", what, found.Images[0].Attachments, found.Failures)
		}
		for asked, want := range map[*Catalogue]bool{found: true, f.find("", Options{}): false} {
			text, err := json.Marshal(asked)
			if err != nil || strings.Contains(string(text), `"attachments":[]`) != want {
				t.Errorf("%s: asked is %v, and the JSON is %s, %v", what, want, text, err)
			}
		}
	}
}

// A platform may be asked for with the variant that others leave out.
func TestPlatformVariant(t *testing.T) {
	t.Parallel()
	images := []descriptor{{Digest: "amd64", Platform: &platform{"linux", "amd64", ""}}, {Digest: "arm64", Platform: &platform{"linux", "arm64", "v8"}},
		{Digest: "armv7", Platform: &platform{"linux", "arm", "v7"}}}
	for want, digest := range map[string]string{"": "amd64", "linux/arm64": "arm64", "linux/arm64/v8": "arm64", "linux/arm/v7": "armv7", "linux/s390x": "amd64"} {
		if got := choose(images, want).Digest; got != digest {
			t.Errorf("%q chooses %s, not %s", want, got, digest)
		}
	}
}
