package catalogue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/seed"
)

// attachSmoke attaches a result as pack does.
func (f *fake) attachSmoke(repository, digest, result string) string {
	f.t.Helper()
	statement := pack.TestResult{Digest: digest, Result: result}
	content, err := statement.Statement()
	if err != nil {
		f.t.Fatal(err)
	}
	refers, err := registry.Registry{}.Attach(f.t.Context(), f.host+"/"+repository, digest, registry.Statement{
		Predicate: pack.TestResultPredicate, Content: content, Annotations: map[string]string{pack.SmokeAnnotation: result}})
	if err != nil {
		f.t.Fatal(err)
	}
	return refers
}

// What pack attaches is found, with one request an image, in registries with the referrers API and in those without. Of several
// results the worst counts. The result of an image for several platforms is that of its index.
func TestSmokeResult(t *testing.T) {
	t.Parallel()
	withoutAPI := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/referrers/") {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	for what, before := range map[string]func(http.ResponseWriter, *http.Request) bool{"with the API": nil, "without": withoutAPI} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.swap(before)
			good, bad := f.job("geo", "good", "1.0.0", "1.0.0"), f.job("geo", "bad", "1.0.0", "1.0.0")
			doubtful := f.job("geo", "doubtful", "1.0.0", "1.0.0")
			f.job("geo", "none", "1.0.0", "1.0.0")
			of := func(arch string) v1.Image {
				return configured(t, func(c *v1.ConfigFile) {
					c.Architecture, c.Config.Labels = arch, map[string]string{seed.Label: string(manifestOf("several", "1.0.0", "1.0.0"))}
				})
			}
			several := f.push("geo/several-1.0.0-seed", "1.0.0", index(map[string]v1.Image{"linux/amd64": of("amd64"), "linux/arm64": of("arm64")}, "linux/amd64", "linux/arm64"))
			refers := f.attachSmoke("geo/good-1.0.0-seed", good, pack.TestPassed)
			f.attachSmoke("geo/bad-1.0.0-seed", bad, pack.TestFailed)
			f.attachSmoke("geo/bad-1.0.0-seed", bad, pack.TestPassed)
			f.attachSmoke("geo/bad-1.0.0-seed", bad, pack.TestWarned)
			f.attachSmoke("geo/doubtful-1.0.0-seed", doubtful, pack.TestWarned)
			f.attachSmoke("geo/doubtful-1.0.0-seed", doubtful, pack.TestPassed)
			f.attachSmoke("geo/several-1.0.0-seed", several, pack.TestPassed)
			if before != nil { // the tags that stand for the API
				for name, digest := range map[string]string{"good": good, "bad": bad, "doubtful": doubtful, "several": several} {
					repository := "geo/" + name + "-1.0.0-seed"
					f.tags[repository] = append(f.tags[repository], referrersTag(digest))
				}
			}
			f.asked()
			found := f.find("", Options{Attachments: true})
			asked := f.asked()
			got := map[string]string{}
			for n := range found.Images {
				got[found.Images[n].Seed().Job.Name] = found.Images[n].Smoke
			}
			if want := map[string]string{"good": "passed", "bad": "failed", "doubtful": "inconclusive", "none": "", "several": "passed"}; fmt.Sprint(got) != fmt.Sprint(want) || !found.Complete {
				t.Errorf("results are %v, want %v; failures are %v", got, want, found.Failures)
			}
			i := slices.IndexFunc(found.Images, func(i Image) bool { return i.Seed().Job.Name == "good" })
			equal(t, "attachments", found.Images[i].Attachments, []Attachment{{pack.TestResultPredicate, refers}})
			if n := countAsked(asked, "/referrers/") + countAsked(asked, "/manifests/sha256-"); before == nil && n != 5 || before != nil && countAsked(asked, "/manifests/sha256-") != 4 {
				t.Errorf("what refers to 5 images took %d requests: %q", n, asked)
			}
			if n := countAsked(asked, "/manifests/"+refers) + countAsked(asked, "/blobs/") - 5; n != 0 {
				t.Errorf("%d documents were read: %q", n, asked)
			}
			if found := f.find("", Options{}); slices.ContainsFunc(found.Images, func(i Image) bool { return i.Smoke != "" }) {
				t.Error("there are results that were not asked for")
			}
		})
	}
}

func countAsked(asked []string, part string) (n int) {
	for _, request := range asked {
		if strings.Contains(request, part) {
			n++
		}
	}
	return n
}

// Only what says exactly what pack would say is a result. A list that cannot be read whole says none.
func TestSmokeResultHostile(t *testing.T) {
	t.Parallel()
	said := func(result string) string {
		return fmt.Sprintf(`"annotations": {"in-toto.io/predicate-type": "https://in-toto.io/attestation/test-result/v0.1", "io.seedpack.smoke": %s}`, result)
	}
	one := func(n int, members string) string {
		return fmt.Sprintf(`{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:%064x", "size": 7, %s}`, n, members)
	}
	passed := said(`"PASSED"`)
	many := func(n int) (all []string) {
		for i := range n {
			all = append(all, one(i, passed))
		}
		return all
	}
	for what, c := range map[string]struct {
		list []string
		want string
	}{
		"passed":                    {[]string{one(1, passed)}, "passed"},
		"several":                   {[]string{one(1, passed), one(2, said(`"FAILED"`)), one(3, said(`"WARNED"`))}, "failed"},
		"with other documents":      {[]string{one(1, `"artifactType": "application/vnd.example"`), one(2, passed)}, "passed"},
		"another type of artifact":  {[]string{one(1, `"artifactType": "application/vnd.oci.empty.v1+json", `+passed)}, "passed"},
		"256":                       {many(256), "passed"},
		"another test":              {[]string{one(1, `"annotations": {"in-toto.io/predicate-type": "https://in-toto.io/attestation/test-result/v0.1"}`)}, ""},
		"another predicate":         {[]string{one(1, `"annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1", "io.seedpack.smoke": "PASSED"}`)}, ""},
		"no predicate":              {[]string{one(1, `"annotations": {"io.seedpack.smoke": "PASSED"}`)}, ""},
		"lower case":                {[]string{one(1, said(`"passed"`))}, ""},
		"blanks":                    {[]string{one(1, said(`" PASSED"`)), one(2, said(`"PASSED\n"`))}, ""},
		"markup":                    {[]string{one(1, said(`"<b>PASSED</b>"`))}, ""},
		"nothing":                   {[]string{one(1, said(`""`))}, ""},
		"null":                      {[]string{one(1, said(`null`))}, ""},
		"a member of each object":   {[]string{one(1, said(`"constructor"`))}, ""},
		"no digest":                 {[]string{`{"digest": "sha256:x", ` + passed + `}`, `{` + passed + `}`}, ""},
		"a long text":               {[]string{one(1, said(`"`+strings.Repeat("PASSED", 10_000)+`"`))}, ""},
		"more than are listed":      {append(many(256), one(256, said(`"FAILED"`))), ""},
		"a result beyond the limit": {append(many(300), one(301, passed)), ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			digest := f.job("geo", "a", "1.0.0", "1.0.0")
			f.swap(on("/v2/geo/a-1.0.0-seed/referrers/"+digest, text(http.StatusOK, `{"schemaVersion": 2, "manifests": [`+strings.Join(c.list, ", ")+`]}`)))
			found := f.find("", Options{Attachments: true})
			if len(found.Images) != 1 || !found.Complete || found.Images[0].Smoke != c.want {
				t.Fatalf("the result is %+v, want %q; failures are %v", found.Images, c.want, found.Failures)
			}
			if len(found.Images[0].Attachments) > maxAttachments {
				t.Errorf("%d attachments are listed", len(found.Images[0].Attachments))
			}
		})
	}
}

// A list with what is no list in it, or one that is too long, says no result, and its image is found all the same.
func TestSmokeResultUnreadable(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"a number":  text(http.StatusOK, `{"manifests": [{"digest": "sha256:`+strings.Repeat("0", 64)+`", "annotations": {"io.seedpack.smoke": 1}}]}`),
		"too long":  text(http.StatusOK, `{"manifests": [], "x": "`+strings.Repeat("x", maxManifest)+`"}`),
		"a bomb":    bomb(http.StatusOK, `{"manifests": [`),
		"forbidden": text(http.StatusForbidden, `{}`),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			digest := f.job("geo", "a", "1.0.0", "1.0.0")
			f.swap(on("/v2/geo/a-1.0.0-seed/referrers/"+digest, answer))
			found := f.find("", Options{Attachments: true})
			if len(found.Images) != 1 || found.Images[0].Smoke != "" {
				t.Errorf("found are %+v, failures %v", found.Images, found.Failures)
			}
		})
	}
}

// A result may be over several pages. If a page is not read because there are so many, there is none.
func TestSmokeResultPages(t *testing.T) {
	t.Parallel()
	for of, want := range map[int]string{100: "failed", 200: ""} {
		f := newFake(t)
		digest := f.job("geo", "a", "1.0.0", "1.0.0")
		address := "/v2/geo/a-1.0.0-seed/referrers/" + digest
		f.swap(on(address, func(w http.ResponseWriter, r *http.Request) {
			page, result := strings.TrimPrefix(r.URL.RawQuery, "page="), "PASSED"
			if page == "" {
				w.Header().Set("Link", fmt.Sprintf(`<%s?page=1>; rel="next"`, address))
			} else {
				result = "FAILED"
			}
			list := []map[string]any{}
			for n := range of {
				list = append(list, map[string]any{"digest": fmt.Sprintf("sha256:%064x", n),
					"annotations": map[string]string{predicateType: pack.TestResultPredicate, pack.SmokeAnnotation: result}})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"manifests": list})
		}))
		if found := f.find("", Options{Attachments: true}); found.Images[0].Smoke != want {
			t.Errorf("with %d on each page, the result is %q, not %q", of, found.Images[0].Smoke, want)
		}
	}
}

// A catalogue from a file has one of the results, or none.
func TestSmokeResultFromFile(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0", 64)
	for said, want := range map[string]string{`"passed"`: "passed", `"inconclusive"`: "inconclusive", `"failed"`: "failed", `"PASSED"`: "", `"<b>"`: "", `"skipped"`: "", `null`: ""} {
		c, err := Decode(strings.NewReader(fmt.Sprintf(`{"schemaVersion": 1, "registries": ["r.example"], "complete": true, "images": [{"reference": "r.example/a-1.0.0-seed:1.0.0",
			"name": "a-1.0.0-seed:1.0.0", "digest": %q, "smoke": %s, "manifest": %s}], "skipped": []}`, digest, said, manifestOf("a", "1.0.0", "1.0.0"))))
		if err != nil || c.Images[0].Smoke != want {
			t.Errorf("%s gives %+v, %v", said, c, err)
		}
	}
}
