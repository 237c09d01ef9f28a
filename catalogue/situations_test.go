package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seedpack/seedpack/seed"
)

// What is said below is what a user is told of a registry: which images there are, which are skipped and why, and what could not
// be read. Every situation has the job a besides, which must be found in all of them unless nothing can be listed.

const besides = "a-1.0.0-seed:1.0.0"

// A situation is something that registries do.
type situation struct {
	name  string
	build func(*fake)
	opt   Options

	images  []string // besides the job a
	skipped string   // part of the reason of the only one
	failure string   // part of the only one
}

func (c situation) run(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("", "a", "1.0.0", "1.0.0")
	c.build(f)
	c.opt.Kind = Plain
	found := f.find("", c.opt)
	got := slices.DeleteFunc(names(found), func(name string) bool { return name == besides })
	if len(got) == len(found.Images) {
		t.Error("the job besides is not found")
	}
	equal(t, "images", got, append([]string{}, c.images...))
	if (len(found.Skipped) == 0) != (c.skipped == "") || len(found.Skipped) > 1 || c.skipped != "" && !strings.Contains(found.Skipped[0].Reason, c.skipped) {
		t.Errorf("skipped are %+v, want %q", found.Skipped, c.skipped)
	}
	if (len(found.Failures) == 0) != (c.failure == "") || len(found.Failures) > 1 || c.failure != "" && !strings.Contains(found.Failures[0].Error(), c.failure) {
		t.Errorf("failures are %v, want %q", found.Failures, c.failure)
	}
	if found.Complete != (c.failure == "") {
		t.Errorf("complete is %v", found.Complete)
	}
}

// x is the repository of the image that a situation is about.
const x = "x-1.0.0-seed"

var only = []string{x + ":1.0.0"}

// put stores a text as a manifest or a blob, without a check.
func (f *fake) put(path, mediaType, text string) {
	r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(text))
	r.Header.Set("Content-Type", mediaType)
	if strings.Contains(path, "/blobs/uploads/") {
		r.Method = http.MethodPost
	}
	w := httptest.NewRecorder()
	f.keep.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		f.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

func (f *fake) blob(text string) descriptor {
	digest := digestOf([]byte(text), "")
	f.put("/v2/"+x+"/blobs/uploads/?digest="+digest, "application/octet-stream", text)
	return descriptor{MediaType: "application/vnd.oci.image.config.v1+json", Digest: digest, Size: int64(len(text))}
}

// manifest stores a manifest under a tag, or under its digest only, and returns its descriptor.
func (f *fake) manifest(tag, mediaType string, v any) descriptor {
	text, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		if err != nil {
			f.t.Fatal(err)
		}
		text = string(raw)
	}
	d := descriptor{MediaType: mediaType, Digest: digestOf([]byte(text), ""), Size: int64(len(text))}
	at := d.Digest
	if tag != "" {
		at = tag
		f.mu.Lock()
		f.tags[x] = append(f.tags[x], tag)
		f.mu.Unlock()
	}
	f.put("/v2/"+x+"/manifests/"+at, mediaType, text)
	return d
}

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	dockerList  = "application/vnd.docker.distribution.manifest.list.v2+json"
)

func configOf(label string) string {
	text, _ := json.Marshal(map[string]any{"os": "linux", "architecture": "amd64", "config": map[string]any{"Labels": map[string]string{seed.Label: label}}})
	return string(text)
}

func ofJob() string { return string(manifestOf("x", "1.0.0", "1.0.0")) }

// image stores an image of job x, after a change of its configuration's descriptor.
func (f *fake) image(tag string, change func(*descriptor)) descriptor {
	config := f.blob(configOf(ofJob()))
	if change != nil {
		change(&config)
	}
	return f.manifest(tag, ociManifest, map[string]any{"schemaVersion": 2, "mediaType": ociManifest, "config": config, "layers": []any{}})
}

func (f *fake) indexOf(tag, mediaType string, of ...descriptor) descriptor {
	return f.manifest(tag, mediaType, map[string]any{"schemaVersion": 2, "mediaType": mediaType, "manifests": of})
}

// TestImageSituations are forms in which registries hold images, honest and broken ones.
func TestImageSituations(t *testing.T) {
	t.Parallel()
	wrong := "sha256:" + strings.Repeat("0", 64)
	config := func(text string) func(*fake) {
		return func(f *fake) {
			f.manifest("1.0.0", ociManifest, map[string]any{"schemaVersion": 2, "config": f.blob(text), "layers": []any{}})
		}
	}
	for _, c := range []situation{
		{name: "an image", build: func(f *fake) { f.image("1.0.0", nil) }, images: only},
		{name: "an index in an index", build: func(f *fake) { f.indexOf("1.0.0", ociIndex, f.indexOf("", ociIndex, f.image("", nil))) }, images: only},
		{name: "an index in a Docker list", build: func(f *fake) { f.indexOf("1.0.0", dockerList, f.indexOf("", ociIndex, f.image("", nil))) }, images: only},
		{name: "five indexes", build: func(f *fake) {
			d := f.image("", nil)
			for n := range 5 {
				d = f.indexOf(strings.Repeat("1.0.0", n/4), ociIndex, d)
			}
		}, skipped: "more than 4 indexes lead to its image"},
		{name: "an index of nothing", build: func(f *fake) { f.indexOf("1.0.0", ociIndex) }, skipped: hasNoImage},
		{name: "an index of null", build: func(f *fake) {
			f.manifest("1.0.0", ociIndex, `{"schemaVersion": 2, "mediaType": "`+ociIndex+`", "manifests": null}`)
		}, skipped: hasNoImage},
		{name: "an index of an attestation", build: func(f *fake) {
			d := f.image("", nil)
			d.Platform = &platform{"unknown", "unknown", ""}
			f.indexOf("1.0.0", ociIndex, d)
		}, skipped: hasNoImage},
		{name: "an artifact before the image", build: func(f *fake) {
			d := f.image("", func(d *descriptor) { d.MediaType = "application/vnd.example" })
			d.ArtifactType = "application/vnd.example"
			f.indexOf("1.0.0", ociIndex, d, f.image("", nil))
		}, images: only},
		{name: "an index whose image is gone", build: func(f *fake) {
			f.indexOf("1.0.0", ociIndex, f.image("", nil))
			f.swap(on("/v2/"+x+"/manifests/"+f.image("", nil).Digest, text(404, `{"errors": [{"code": "MANIFEST_UNKNOWN"}]}`)))
		}, skipped: isGone},
		{name: "a configuration that is gone", build: func(f *fake) {
			f.image("1.0.0", nil)
			f.swap(on("/v2/"+x+"/blobs/"+f.blob(configOf(ofJob())).Digest, text(404, `{"errors": [{"code": "BLOB_UNKNOWN"}]}`)))
		}, skipped: isGone},
		{name: "another configuration", build: func(f *fake) {
			f.image("1.0.0", nil)
			f.swap(on("/v2/"+x+"/blobs/"+f.blob(configOf(ofJob())).Digest, text(200, `{}`)))
		}, failure: "has the digest"},
		{name: "a size too small", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Size = 9 }) }, skipped: "more than 9 bytes"},
		{name: "a size too large", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Size++ }) }, images: only},
		{name: "no size", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Size = 0 }) }, images: only},
		{name: "no media type", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.MediaType = "" }) }, images: only},
		{name: "no digest", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Digest = "" }) }, skipped: `it names "", which is no digest`},
		{name: "another algorithm", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Digest = "md5:" + strings.Repeat("0", 32) }) }, skipped: "which is no digest"},
		{name: "upper case in a digest", build: func(f *fake) {
			f.image("1.0.0", func(d *descriptor) { d.Digest = "sha256:" + strings.Repeat("A", 64) })
		}, skipped: "which is no digest"},
		{name: "a digest of nothing", build: func(f *fake) { f.image("1.0.0", func(d *descriptor) { d.Digest = wrong }) }, skipped: isGone},
		{name: "a chart", build: func(f *fake) {
			f.image("1.0.0", func(d *descriptor) { d.MediaType = "application/vnd.cncf.helm.config.v1+json" })
		}, skipped: "it is no container image"},
		{name: "an artifact", build: func(f *fake) {
			f.image("1.0.0", func(d *descriptor) { d.MediaType = "application/vnd.oci.empty.v1+json" })
		}, skipped: "it is no container image"},
		{name: "a manifest that is no JSON", build: func(f *fake) { f.manifest("1.0.0", ociManifest, `{"a" 1}`) }, failure: "the answer is no manifest"},
		{name: "an empty configuration", build: config(`{}`), skipped: hasNoLabel},
		{name: "a configuration of null", build: config(`null`), skipped: hasNoLabel},
		{name: "a configuration that is no JSON", build: config(`<html>`), skipped: "its image configuration is no JSON"},
		{name: "labels of null", build: config(`{"config": {"Labels": null}}`), skipped: hasNoLabel},
		{name: "labels that are a list", build: config(`{"config": {"Labels": ["a"]}}`), skipped: "its image configuration is no JSON"},
		{name: "labels of the builder only", build: config(`{"container_config": {"Labels": {"com.ngageoint.seed.manifest": "{}"}}}`), skipped: hasNoLabel},
		{name: "the label of another case", build: config(`{"config": {"Labels": {"com.ngageoint.seed.Manifest": "{}"}}}`), skipped: hasNoLabel},
		{name: "one digest under several tags", build: func(f *fake) { f.image("1.0.0", nil); f.image("1.0", nil); f.image("Latest", nil) }, images: []string{x + ":1.0", x + ":1.0.0", x + ":Latest"}},
		{name: "a repository of another name", build: func(f *fake) {
			f.push("other-9.9.9-seed", "7", configured(f.t, func(c *v1.ConfigFile) { c.Config.Labels = map[string]string{seed.Label: ofJob()} }))
		}, images: []string{"other-9.9.9-seed:7"}},
	} {
		t.Run(c.name, c.run)
	}
}

// TestLabelSituations are encodings of the label, and what else is in its place.
func TestLabelSituations(t *testing.T) {
	t.Parallel()
	job := ofJob()
	escaped := func(s string) string { q, _ := json.Marshal(s); return string(q[1 : len(q)-1]) }
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(job), "", "\t"); err != nil {
		t.Fatal(err)
	}
	const noSeed = "holds no Seed manifest"
	for _, c := range []struct{ name, label, skipped string }{
		{"plain", job, ""}, {"escaped", escaped(job), ""}, {"escaped twice", escaped(escaped(job)), ""}, {"a JSON string", `"` + escaped(job) + `"`, ""},
		{"a mark of byte order", "\ufeff" + job, ""}, {"a mark of byte order, escaped", "\ufeff" + escaped(job), ""}, {"blanks around", " \r\n" + job + "\n\n", ""},
		{"indented", pretty.String(), ""}, {"Windows lines", strings.ReplaceAll(pretty.String(), "\n", "\r\n"), ""}, {"slashes escaped", strings.ReplaceAll(job, "/", `\/`), ""},
		{"nothing", "", "the label is empty"}, {"blanks", "  ", "the label is empty"}, {"null", "null", "the label holds null"}, {"a list", "[" + job + "]", "the label holds a JSON array"}, {"a number", "1", "the label holds a number"}, {"a text", "hello", "not JSON"},
		{"cut", job[:len(job)-2], "not JSON"}, {"two", job + job, "not JSON"}, {"another object", `{"a": 1}`, noSeed}, {"a job that is a list", `{"job": [1]}`, noSeed},
		{"a job without a name", `{"seedVersion": "1.0.0", "job": {}}`, noSeed}, {"a blank name", `{"job": {"name": " "}}`, noSeed}, {"a name that is a number", `{"job": {"name": 1}}`, noSeed},
	} {
		s := situation{name: c.name, skipped: c.skipped, build: func(f *fake) {
			f.manifest("1.0.0", ociManifest, map[string]any{"schemaVersion": 2, "config": f.blob(configOf(c.label)), "layers": []any{}})
		}}
		if c.skipped == "" {
			s.images = only
		}
		t.Run(c.name, s.run)
	}
}

// TestListSituations are lists of repositories and tags, as registries give them.
func TestListSituations(t *testing.T) {
	t.Parallel()
	const tagsOf, catalog = "/v2/" + x + "/tags/list", "/v2/_catalog"
	linked := func(path, link, body string) func(*fake) {
		return func(f *fake) {
			f.image("1.0.0", nil)
			f.swap(on(path, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", strings.ReplaceAll(link, "HOST", f.host))
				if r.URL.Query().Get("last") != "" {
					w.Header().Del("Link")
				}
				text(200, body)(w, r)
			}))
		}
	}
	again := func(path string, status int, after string) func(*fake) {
		return func(f *fake) {
			f.image("1.0.0", nil)
			var asked atomic.Bool
			f.swap(on(path, func(w http.ResponseWriter, r *http.Request) {
				if !asked.Swap(true) {
					if after != "" {
						w.Header().Set("Retry-After", after)
					}
					w.WriteHeader(status)
					return
				}
				f.swap(nil)
				f.ServeHTTP(w, r)
			}))
		}
	}
	one, both := `{"name": "`+x+`", "tags": ["1.0.0"]}`, `{"repositories": ["a-1.0.0-seed", "`+x+`"]}`
	for _, c := range []situation{
		{name: "a next page with the same tags", build: linked(tagsOf, `</v2/`+x+`/tags/list?last=1.0.0>; rel="next"`, one), images: only, failure: "in a circle"},
		{name: "an absolute link", build: linked(tagsOf, `<http://HOST/v2/`+x+`/tags/list?last=1.0.0>; rel="next"`, one), images: only, failure: "in a circle"},
		{name: "a link without brackets", build: linked(tagsOf, `/v2/`+x+`/tags/list?last=1.0.0; rel=next`, one), images: only, failure: "in a circle"},
		{name: "a link elsewhere", build: linked(tagsOf, `<https://evil.example/>; rel="next"`, one), images: only, failure: "which is not followed"},
		{name: "a link of another scheme", build: linked(tagsOf, `<https://HOST/v2/>; rel="next"`, one), images: only, failure: "which is not followed"},
		{name: "a link that is no address", build: linked(tagsOf, `<http://[::1>; rel="next"`, one), images: only, failure: "no address"},
		{name: "a link to the page before", build: linked(tagsOf, `</v2/>; rel="prev"`, one), images: only},
		{name: "a catalog that ignores last", build: linked(catalog, `</v2/_catalog?last=x>; rel="next"`, both), images: only, failure: "in a circle"},
		{name: "the same tag twice", build: linked(tagsOf, "", `{"tags": ["1.0.0", "1.0.0"]}`), images: only},
		{name: "the same repository twice", build: linked(catalog, "", `{"repositories": ["`+x+`", "a-1.0.0-seed", "`+x+`"]}`), images: only},
		{name: "tags that are numbers", build: linked(tagsOf, "", `{"tags": [1]}`), failure: "list the tags"},
		{name: "a repository that is hidden", build: linked(tagsOf, "", `{"name": "x", "tags": null}`)},
		{name: "names in upper case", build: linked(catalog, "", `{"repositories": ["X-1.0.0-seed", "a-1.0.0-seed"]}`)},
		{name: "names with the suffix inside", build: linked(catalog, "", `{"repositories": ["x-seed/y", "x-seeds", "seed", "a-1.0.0-seed"]}`)},
		{name: "busy, with seconds", build: again(tagsOf, 429, "0"), images: only},
		{name: "busy, with a date", build: again(tagsOf, 429, "Mon, 02 Jan 2006 15:04:05 GMT"), images: only},
		{name: "busy, and it does not say how long", build: again(tagsOf, 429, ""), images: only},
		{name: "down, with seconds", build: again(tagsOf, 503, "0"), images: only},
		{name: "down, and it does not say how long", build: again(tagsOf, 503, ""), images: only},
		{name: "a broken gateway", build: again(tagsOf, 502, ""), images: only},
		{name: "an error inside", build: again(tagsOf, 500, ""), images: only},
		{name: "a time that is none", build: again(tagsOf, 429, "soon"), images: only},
		{name: "busy for hours", build: again(tagsOf, 429, "7200"), failure: "it takes no more requests before"},
		{name: "a catalog that is busy", build: again(catalog, 503, "0"), images: only},
		{name: "a manifest that is busy", build: again("/v2/"+x+"/manifests/1.0.0", 429, "0"), images: only},
		{name: "tags that are forbidden", build: func(f *fake) {
			f.image("1.0.0", nil)
			f.swap(on(tagsOf, text(403, `{"errors": [{"code": "DENIED", "message": "no"}]}`)))
		}, failure: "403 Forbidden: no"},
		{name: "a manifest that is forbidden", build: func(f *fake) {
			f.image("1.0.0", nil)
			f.swap(on("/v2/"+x+"/manifests/1.0.0", text(401, `{}`)))
		}, failure: "log in with seedpack login"},
		{name: "a tag that is gone", build: func(f *fake) { f.tags[x] = []string{"1.0.0"} }, skipped: isGone},
		{name: "tags that are none", build: func(f *fake) {
			f.image("1.0.0", nil)
			f.tags[x] = append(f.tags[x], "../1", " ", "-1", strings.Repeat("x", 129))
		}, images: only},
		{name: "many pages of tags", build: func(f *fake) {
			for n := range 30 {
				f.image(fmt.Sprintf("1.0.%02d", n), nil)
			}
			all := slices.Clone(f.tags[x])
			f.swap(on(tagsOf, func(w http.ResponseWriter, r *http.Request) {
				from, _ := strconv.Atoi(r.URL.Query().Get("from"))
				if from < len(all)-7 {
					w.Header().Set("Link", fmt.Sprintf(`<?from=%d>; rel="next"`, from+7))
				}
				answer(w, map[string]any{"tags": all[from:min(from+7, len(all))]})
			}))
		}, images: func() (all []string) {
			for n := range 30 {
				all = append(all, fmt.Sprintf("%s:1.0.%02d", x, n))
			}
			return all
		}()},
	} {
		t.Run(c.name, c.run)
	}
}

// The platforms of an image are those that its indexes name. If they name none, the image says its own.
func TestIndexPlatforms(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	arm := f.image("", nil)
	arm.Platform = &platform{"linux", "arm64", "v8"}
	inner := f.indexOf("", ociIndex, arm, f.image("", nil))
	f.indexOf("1.0.0", ociIndex, f.image("", nil))
	f.indexOf("1.0.1", ociIndex, inner)
	inner.Platform = &platform{"linux", "s390x", ""}
	f.indexOf("1.0.2", ociIndex, inner)
	found := f.find("", Options{Kind: Plain})
	if len(found.Images) != 3 {
		t.Fatalf("%+v %v", found.Skipped, found.Failures)
	}
	for n, want := range [][]string{{"linux/amd64"}, {"linux/arm64"}, {"linux/s390x", "linux/arm64"}} {
		equal(t, found.Images[n].Name, found.Images[n].Platforms, want)
	}
}
