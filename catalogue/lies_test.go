package catalogue

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// A registry that lies costs bounded memory, and is told from one that is whole.
func TestLies(t *testing.T) {
	t.Parallel()
	config := func(size string) string {
		return `{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:` + strings.Repeat("0", 64) + `","size":` + size + `},"layers":[]}`
	}
	for name, c := range map[string]struct {
		lie     func(w http.ResponseWriter, r *http.Request) bool
		failure string
		skipped string
	}{
		"pages that go in a circle": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `</v2/_catalog?n=1000>; rel="next"`)
			answer(w, map[string]any{"repositories": []string{"a-1.0.0-seed"}})
		}), failure: "the list goes in a circle: its next page is one that it gave before"},
		"pages that repeat under new addresses": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`</v2/_catalog?last=%sx>; rel="next"`, r.URL.Query().Get("last")))
			answer(w, map[string]any{"repositories": []string{"a-1.0.0-seed"}})
		}), failure: "the list goes in a circle: it gives a page that it gave before"},
		"a next page elsewhere": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<http://other.example/v2/_catalog>; rel="next"`)
			answer(w, map[string]any{"repositories": []string{"a-1.0.0-seed"}})
		}), failure: "the list goes on at http://other.example, which is not followed"},
		"a catalog without an end": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(repeat("x"), 1<<30))
		}), failure: "8388608 bytes"},
		"a catalog that is no JSON": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "<html>") }),
			failure: "the answer is no JSON of a list"},
		"another manifest than the header says": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
			_, _ = io.WriteString(w, `{}`)
		}), failure: "gives what has the digest"},
		"a configuration of 1 GB, said": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, config("1073741824")) }),
			skipped: "its image configuration has 1073741824 bytes, more than 8388608"},
		"a configuration of 1 GB, not said": {lie: either(on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, config("500")) }),
			on("/v2/a-1.0.0-seed/blobs/sha256:"+strings.Repeat("0", 64), func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(w, io.LimitReader(repeat("x"), 1<<30))
			})), skipped: "its image configuration has more than 500 bytes"},
		"a negative size": {lie: either(on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, config("-1")) }),
			on("/v2/a-1.0.0-seed/blobs/sha256:"+strings.Repeat("0", 64), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1073741824")
				_, _ = io.Copy(w, io.LimitReader(repeat("x"), 1<<30))
			})), skipped: "its image configuration has more than 8388608 bytes"},
		"a digest that leads elsewhere": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(config("500"), "sha256:"+strings.Repeat("0", 64), "../../../../etc/passwd", 1))
		}), skipped: `it names "../../../../etc/passwd", which is no digest`},
		"a catalog of 16 MB in a few bytes":         {lie: on("/v2/_catalog", bomb(200, `{"repositories": [], "x": "`)), failure: "8388608 bytes"},
		"an error of 16 MB in a few bytes":          {lie: on("/v2/_catalog", bomb(403, `{"message": "`)), failure: "403 Forbidden"},
		"a list of tags of 16 MB in a few bytes":    {lie: on("/v2/a-1.0.0-seed/tags/list", bomb(200, `{"tags": [`)), failure: "8388608 bytes"},
		"an image manifest of 16 MB in a few bytes": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", bomb(200, `{`)), skipped: "its image manifest has more than 4194304 bytes"},
		"a configuration of 16 MB in a few bytes": {lie: either(on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, config("500")) }),
			on("/v2/a-1.0.0-seed/blobs/sha256:"+strings.Repeat("0", 64), bomb(200, `{`))), skipped: "its image configuration has more than 500 bytes"},
		"tags without end that are no images": {lie: on("/v2/a-1.0.0-seed/tags/list", func(w http.ResponseWriter, r *http.Request) {
			from, _ := strconv.Atoi(r.URL.Query().Get("from"))
			tags := make([]string, 10_000)
			for n := range tags {
				tags[n] = fmt.Sprintf("sha256-%064x.sig", from+n)
			}
			w.Header().Set("Link", fmt.Sprintf(`</v2/a-1.0.0-seed/tags/list?from=%d>; rel="next"`, from+len(tags)))
			answer(w, map[string]any{"tags": tags})
		}), failure: "there are more than 10000 tags"},
		"a page in place of an image manifest": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", text(200, "<!doctype html>")), failure: "it is text/html"},
		"a redirect that goes in a circle": {lie: on("/v2/a-1.0.0-seed/manifests/1.0.0", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}), failure: "redirects"},
		"headers of other case, and a type of another thing": {lie: on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["content-type"] = []string{"text/html"}
			answer(w, map[string]any{"repositories": []string{"a-1.0.0-seed"}})
		})},
		"100,000 tags": {lie: on("/v2/a-1.0.0-seed/tags/list", func(w http.ResponseWriter, r *http.Request) {
			tags := make([]string, 100_000)
			for n := range tags {
				tags[n] = fmt.Sprintf("0.0.%d", n)
			}
			answer(w, map[string]any{"tags": tags})
		}), failure: "there are more than 10000 tags"},
	} {
		if testing.Short() && name == "100,000 tags" {
			continue // it takes 10,000 requests, which the race detector makes slow
		}
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.job("", "a", "1.0.0", "1.0.0")
			f.swap(either(c.lie, func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/manifests/0.0.") { // of the many tags
					w.WriteHeader(http.StatusNotFound)
					return true
				}
				return false
			}))
			before := allocated()
			found := f.find("", Options{Kind: Plain})
			if used := allocated() - before; used > 512<<20 {
				t.Errorf("it took %d MB", used>>20)
			}
			if c.failure == "" && c.skipped == "" && (len(found.Images) != 1 || !found.Complete) {
				t.Errorf("%d images, failures are %v", len(found.Images), found.Failures)
			}
			if c.failure != "" && (found.Complete || len(found.Failures) != 1 || !strings.Contains(found.Failures[0].Error(), c.failure)) {
				t.Errorf("failures are %v", found.Failures)
			}
			if c.skipped != "" && (len(found.Skipped) != 1 || found.Skipped[0].Reason != c.skipped) {
				t.Errorf("skipped are %+v, failures are %v", found.Skipped, found.Failures)
			}
		})
	}
}

// allocated returns the bytes that have been allocated so far, freed ones included.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// on answers requests for one path.
func on(path string, do func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path || r.Method != http.MethodGet {
			return false
		}
		do(w, r)
		return true
	}
}

func either(all ...func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		for _, do := range all {
			if do(w, r) {
				return true
			}
		}
		return false
	}
}

// repeat is a reader without an end.
type repeat string

func (s repeat) Read(b []byte) (int, error) {
	for n := range b {
		b[n] = s[n%len(s)]
	}
	return len(b), nil
}

// What is busy is asked again after the time that it wants.
func TestBusy(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("", "a", "1.0.0", "1.0.0")
	refused := map[string]bool{}
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		if refused[r.URL.Path] {
			return false
		}
		refused[r.URL.Path] = true
		w.Header().Set("Retry-After", "0")
		w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[len(refused)%2])
		return true
	})
	found := f.find("", Options{})
	equal(t, "images", names(found), []string{"a-1.0.0-seed:1.0.0"})
	if !found.Complete || len(refused) < 5 {
		t.Errorf("%d requests were refused once, failures are %v", len(refused), found.Failures)
	}
}

// The token of a service goes to its own host only, and to none that merely calls itself so.
func TestTokens(t *testing.T) {
	t.Parallel()
	var elsewhere []http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere = append(elsewhere, r.Header.Clone()) }))
	t.Cleanup(other.Close)
	f := newFake(t)
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			w.Header().Set("Location", other.URL+"/stolen")
			w.WriteHeader(http.StatusFound)
			return true
		}
		return false
	})
	found := f.find("geo", Options{Kind: GitLab, API: "http://" + f.host, Getenv: env("GITLAB_TOKEN=secret")})
	if len(elsewhere) > 0 || found.Complete || !strings.Contains(found.Failures[0].Error(), "302") {
		t.Errorf("a redirect was followed: %q, %v", elsewhere, found.Failures)
	}
	for _, c := range []struct {
		kind, said Kind
		host, base string
		api        string
		want       bool
	}{
		{GitHub, Auto, "ghcr.io", "https://api.github.com", "", true},
		{GitHub, GitHub, "evil.example", "https://evil.example", "", true}, // the user says that it is a GitHub
		{DockerHub, Auto, "docker.io", "https://hub.docker.com", "", true},
		{GitLab, Auto, "registry.gitlab.com", "https://gitlab.com", "", true},
		{GitLab, Auto, "evil.example", "https://evil.example", "", false},
		{GitLab, Auto, "evil.example", "https://gitlab.example.com", "", false},
		{GitLab, GitLab, "registry.example.com", "https://gitlab.example.com", "", true},
		{GitLab, GitLab, "registry.example.com", "https://gitlab.evil.net", "", false},
		{GitLab, GitLab, "registry.example.com", "https://gitlab.elsewhere.net", "https://gitlab.elsewhere.net", true},
		{GitLab, Auto, "ci.example.net", "https://git.example.net", "", true}, // CI_SERVER_HOST
		{Harbor, Auto, "evil.example", "https://evil.example", "", false},
		{Harbor, Harbor, "harbor.example.com", "https://harbor.example.com", "", true},
		{GitLab, Auto, "127.0.0.1:5000", "http://127.0.0.1:5000", "", true},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		search := &finder{opt: Options{Kind: c.said, API: c.api, Getenv: env("GITLAB_TOKEN=t", "GITHUB_TOKEN=t", "DOCKERHUB_TOKEN=t", "HARBOR_USERNAME=u", "HARBOR_PASSWORD=p", "CI_SERVER_HOST=git.example.net")}}
		s := &service{target: target{host: c.host}, kind: c.kind}
		header, err := search.header(t.Context(), s, base)
		if err != nil {
			t.Fatal(err)
		}
		sent := header.Get("Private-Token") != "" || header.Get("Authorization") != ""
		if sent != c.want || sent == (s.withheld != "") {
			t.Errorf("%+v: sent is %v, withheld %q", c, sent, s.withheld)
		}
	}
	search := &finder{opt: Options{Kind: GitLab, API: "http://gitlab.example.com", Getenv: env("GITLAB_TOKEN=t")}}
	if _, err := search.header(t.Context(), &service{target: target{host: "registry.example.com"}, kind: GitLab}, &url.URL{Scheme: "http", Host: "gitlab.example.com"}); err == nil {
		t.Error("a token is sent without encryption")
	}
}

// Names from a list become parts of addresses only if they can be names of repositories.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, name := range []string{"../../x-seed", "a/../b-seed", "a?x=-seed", "a#-seed", "A-seed", "a b-seed", "a%2fb-seed", "//x-seed", "-seed", "a:1-seed", "a@sha256:0-seed", "x\n-seed", strings.Repeat("a", 300) + "-seed"} {
		f.tags[name] = []string{"1"}
	}
	f.job("", "a", "1.0.0", "1.0.0")
	f.tags["a-1.0.0-seed"] = append(f.tags["a-1.0.0-seed"], "../../../x", "a b", "-x", "", strings.Repeat("1", 200), "sha256-"+strings.Repeat("0", 64)+".sig")
	found := f.find("", Options{Kind: Plain})
	equal(t, "images", names(found), []string{"a-1.0.0-seed:1.0.0"})
	if len(found.Failures)+len(found.Skipped) > 0 {
		t.Errorf("%v %+v", found.Failures, found.Skipped)
	}
	if requests := f.asked(); len(requests) != 5 {
		t.Errorf("requests are %q", requests)
	}
}

// Links are followed as registries write them.
func TestNextLink(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`</v2/_catalog?last=geo%2Fbulk&n=100>; rel="next"`:                      "/v2/_catalog?last=geo%2Fbulk&n=100",
		`</v2/_catalog?last=a,b>; rel=next`:                                     "/v2/_catalog?last=a,b",
		`<https://x.example/1>; rel="first", <https://x.example/3>; rel="next"`: "https://x.example/3",
		`<https://x.example/3>; title="a, b"; rel="last next"`:                  "https://x.example/3",
		`/v2/_catalog?next_page=gAAA; rel="next"`:                               "/v2/_catalog?next_page=gAAA",
		`<https://x.example/1>; rel="prev"`:                                     "",
		`<https://x.example/1>`:                                                 "",
		`rel="next"`:                                                            "",
		``:                                                                      "",
	} {
		if got := nextLink(http.Header{"Link": {value}}); got != want {
			t.Errorf("%s: %q, not %q", value, got, want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`</v2/_catalog?last=a,b>; rel=next, <x>; rel="prev"`)
	f.Add(`x; rel="next`)
	f.Fuzz(func(t *testing.T, value string) {
		target := nextLink(http.Header{"Link": {value}})
		if !strings.Contains(value, target) || target != "" && !strings.Contains(strings.ToLower(value), "next") {
			t.Errorf("%q leads to %q", value, target)
		}
		guard := newPager()
		page := &url.URL{Scheme: "https", Host: "registry.example", Path: "/v2/_catalog"}
		next, err := guard.follow(page, target)
		if err != nil || next == "" {
			return
		}
		if u, err := url.Parse(next); err != nil || u.Scheme != page.Scheme || u.Host != page.Host {
			t.Errorf("%q leads to %q, %v", value, next, err)
		}
	})
}

// Scores are those of the specification. Case does not count, terms are split at blanks and plus signs, and equal scores are
// sorted by name.
func TestSearch(t *testing.T) {
	t.Parallel()
	image := func(repository string, change func(*seed.Job)) Image {
		_, short, _ := strings.Cut(repository, "/")
		return Image{Reference: "registry.example.com/" + repository + ":1.0.0", Name: repository + ":1.0.0",
			Manifest: manifestOf(strings.TrimSuffix(short, "-1.0.0-seed"), "1.0.0", "1.0.0", func(j *seed.Job) {
				j.Title, j.Description, j.Maintainer = "", "", seed.Maintainer{}
				change(j)
			})}
	}
	all := Catalogue{Images: []Image{
		image("geo/tiler-1.0.0-seed", func(j *seed.Job) { j.Title = "Cuts GeoTIFF" }),
		image("geo/a-1.0.0-seed", func(j *seed.Job) { j.Tags = []string{"tiff", "geotiff"} }),
		image("tiff/b-1.0.0-seed", func(j *seed.Job) { j.Description = "TIFF to PNG" }),
		image("x/c-1.0.0-seed", func(j *seed.Job) { j.Maintainer.Organization = "Tiff & Sons" }),
		image("x/d-1.0.0-seed", func(j *seed.Job) { j.Title, j.Description = "TIFF", "tiff" }),
		image("x/e-1.0.0-seed", func(*seed.Job) {}),
	}}
	for query, want := range map[string]string{
		"tiff":     "tiff/b 16, geo/a 11, x/d 11, geo/tiler 6, x/c 6",
		"TIFF png": "tiff/b 22, geo/a 11, x/d 11, geo/tiler 6, x/c 6",
		"tiff+png": "tiff/b 22, geo/a 11, x/d 11, geo/tiler 6, x/c 6",
		"geo":      "geo/a 21, geo/tiler 16",
		"tiler":    "geo/tiler 21",
		"64":       "geo/a 1, geo/tiler 1, tiff/b 1, x/c 1, x/d 1, x/e 1",
		" + ":      "geo/tiler, geo/a, tiff/b, x/c, x/d, x/e",
	} {
		c := Catalogue{Images: append([]Image(nil), all.Images...)}
		c.Search(query)
		var got []string
		for n := range c.Images {
			text := strings.TrimSuffix(c.Images[n].Name, "-1.0.0-seed:1.0.0")
			if terms := Terms(query); len(terms) > 0 {
				text += fmt.Sprintf(" %d", c.Images[n].score(terms))
			}
			got = append(got, text)
		}
		equal(t, query, strings.Join(got, ", "), want)
	}
	c := Catalogue{Images: append([]Image(nil), all.Images...)}
	if c.Search("zebra"); len(c.Images) != 0 {
		t.Errorf("zebra is in %q", names(&c))
	}
}

// Of each job the highest version is kept, by SemVer. A repository that is not named after its manifest is a job of its own.
func TestLatest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, v := range [][2]string{{"1.2.0", "1.0.0"}, {"1.10.0", "1.0.0"}, {"1.10.0", "1.0.0-rc.1"}, {"1.9.0", "2.0.0"}, {"1.10.0", "0.9.0"}} {
		f.job("geo", "a", v[0], v[1])
	}
	f.push("geo/a-1.10.0-seed", "latest", labelled(t, seed.Label, string(manifestOf("a", "1.10.0", "1.0.0"))))
	f.push("geo/impostor-1.0.0-seed", "1", labelled(t, seed.Label, string(manifestOf("a", "99.0.0", "1.0.0"))))
	f.job("other", "a", "0.1.0", "1.0.0")
	found := f.find("", Options{})
	found.Latest()
	equal(t, "latest", names(found), []string{"geo/a-1.10.0-seed:1.0.0", "geo/impostor-1.0.0-seed:1", "other/a-0.1.0-seed:1.0.0"})
}
