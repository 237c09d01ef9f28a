package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// hostileRegistry serves answers by the end of the path. An answer of size -1 has no end that its header says.
func hostileRegistry(t *testing.T, answers map[string]func(w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for part, answer := range answers {
			if strings.Contains(r.URL.Path, part) {
				answer(w, r)
				return
			}
		}
		if r.URL.Path == "/v2/" {
			_, _ = io.WriteString(w, "{}")
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// text answers with a text of a media type.
func text(mediaType, body string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = io.WriteString(w, body)
	}
}

// endless answers with as much as is taken, up to 1 GB. If it says how much there is, that is 1 GB.
func endless(mediaType, head, item string, says bool) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		if says {
			w.Header().Set("Content-Length", fmt.Sprint(1<<30))
		}
		_, _ = io.WriteString(w, head)
		block := strings.Repeat(item, 1<<20/len(item))
		for n := 0; n < 1<<30; n += len(block) {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}
}

// manyImages returns a command that discovers images, all of them at once. The label of each has a number; more is another one.
func manyImages(label func(n int) string, more string) func(t *testing.T, dir string) []string {
	return func(t *testing.T, dir string) []string {
		const images = 18
		a := map[string]func(w http.ResponseWriter, r *http.Request){}
		var names []string
		for n := range images {
			h, name := &hugeImage{}, fmt.Sprintf("x%d-1.0.0-seed", n)
			names = append(names, strconv.Quote(name))
			image := h.image(strings.Replace(config(label(n), ""), `"Labels":{`, fmt.Sprintf(`"Labels":{"more":"%d%s",`, n, more), 1), `,"layers":[]`)
			for sum, content := range h.blobs {
				a[sum] = text("application/octet-stream", string(content))
				if strings.Contains(image, sum) {
					a["/"+name+"/manifests/1.0.0"] = text(manifestType, string(content))
				}
			}
			a["/"+name+"/tags/list"] = text("application/json", `{"tags":["1.0.0"]}`)
		}
		a["/_catalog"] = text("application/json", `{"repositories":[`+strings.Join(names, ",")+`]}`)
		return []string{"discover", hostileRegistry(t, a), "--kind", "registry", "--html", filepath.Join(dir, "site"), "--format", "silo"}
	}
}

func hostileRegistries() []hostileInput {
	type answers = map[string]func(w http.ResponseWriter, r *http.Request)
	const name = "/x/my-job-1.0.0-seed:1.0.0"
	verify := func(a answers) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string { return []string{"verify", hostileRegistry(t, a) + name} }
	}
	discover := func(a answers) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			return []string{"discover", hostileRegistry(t, a), "--format", "json"}
		}
	}
	catalog := text("application/json", `{"repositories":["x/my-job-1.0.0-seed"]}`)
	served := func(h *hugeImage) answers {
		a := answers{}
		for sum, content := range h.blobs {
			mediaType := manifestType
			if bytes.Contains(content, []byte(`"rootfs"`)) {
				mediaType = "application/octet-stream"
			}
			a[sum] = text(mediaType, string(content))
		}
		return a
	}
	return []hostileInput{
		{name: "registry with a manifest of 1 GB", args: verify(answers{"/manifests/": endless(manifestType, `{"layers":[`, `{},`, true)})},
		{name: "registry with a manifest without end", args: verify(answers{"/manifests/": endless(manifestType, `{"layers":[`, `{},`, false)})},
		{name: "registry with a manifest of empty layers", says: "values", args: verify(answers{"/manifests/": text(manifestType, fill(4*mega, `{"schemaVersion":2,"layers":[`, `{}`, `]}`))})},
		{name: "registry with an index of empty images", says: "values", args: verify(answers{"/manifests/": text(indexType, fill(8*mega, `{"schemaVersion":2,"manifests":[`, `{}`, `]}`))})},
		{name: "registry with errors without end", args: verify(answers{"/manifests/": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			endless("application/json", `{"errors":[`, `{},`, false)(w, r)
		}})},
		{name: "registry with a configuration without end", args: func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			h.image(config("{}", ""), `,"layers":[]`)
			a := served(h)
			for part, answer := range a {
				if !bytes.Contains(h.blobs[part], []byte(`"rootfs"`)) {
					a["/manifests/"] = answer
				}
			}
			return []string{"verify", hostileRegistry(t, answers{"/manifests/": a["/manifests/"], "/blobs/": endless("application/octet-stream", `{"history":[`, `{},`, false)}) + name}
		}},
		{name: "registry with a token without end", args: func(t *testing.T, dir string) []string {
			var host string
			host = hostileRegistry(t, answers{"/token": endless("application/json", `{"token":"`, "x", false), "/v2/": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+host+`/token",service="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			}})
			return []string{"verify", host + name}
		}},
		{name: "catalog without end", args: discover(answers{"/_catalog": endless("application/json", `{"repositories":[`, `"a",`, false)})},
		{name: "catalog of empty names", args: discover(answers{"/_catalog": text("application/json", fill(8*mega, `{"repositories":[`, `""`, `]}`))})},
		{name: "catalog of other values", args: discover(answers{"/_catalog": text("application/json", fill(8*mega, `{"other":[`, `{}`, `]}`))})},
		{name: "tags without end", args: discover(answers{"/_catalog": catalog, "/tags/list": endless("application/json", `{"tags":[`, `"a",`, false)})},
		{name: "tags of millions", args: discover(answers{"/_catalog": catalog, "/tags/list": text("application/json", fill(8*mega, `{"tags":[`, `""`, `]}`))})},
		{name: "many images with large manifests", any: true, args: manyImages(func(n int) string {
			return fill(mega/8, fmt.Sprintf(`{"seedVersion":"1.0.0","job":{"name":"x%d","interface":{"inputs":{"files":[`, n), `{}`, `]}}}}`)
		}, "")},
		{name: "many images with mistakes", any: true, args: manyImages(func(n int) string {
			return fill(mega/8, fmt.Sprintf(`{"job":{"name":"x%d","tags":[`, n), `1`, `]}}`)
		}, "")},
		{name: "many images with large configurations", any: true, args: manyImages(func(n int) string { return goodJob("") }, strings.Repeat("x", 7*mega))},
		{name: "tags in ever more pages", args: discover(answers{"/_catalog": catalog, "/tags/list": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`</v2/x/my-job-1.0.0-seed/tags/list?last=%sx>; rel="next"`, r.URL.Query().Get("last")))
			text("application/json", fmt.Sprintf(`{"tags":["-%d"]}`, len(r.URL.Query().Get("last"))))(w, r)
		}})},
	}
}
