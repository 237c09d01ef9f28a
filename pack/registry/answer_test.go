package registry

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Each challenge is read, whichever stand in one line.
func TestSplitChallenges(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		``:                           nil,
		`Basic realm="x"`:            {`Basic realm="x"`},
		`Negotiate, Basic realm="x"`: {`Negotiate`, `Basic realm="x"`},
		`Negotiate,Basic realm=x`:    {`Negotiate`, `Basic realm=x`},
		`Basic realm="a, Bearer b", Bearer realm="https://r/t",service="s", scope="a:b:c,d"`: {`Basic realm="a, Bearer b"`, `Bearer realm="https://r/t", service="s", scope="a:b:c,d"`},
		`NTLM , , Negotiate YII=, Bearer realm = "x" , service = s`:                          {`NTLM`, `Negotiate YII=`, `Bearer realm = "x", service = s`},
		`Basic realm="quo\"te, Negotiate"`:                                                   {`Basic realm="quo\"te, Negotiate"`},
		`Basic realm="open, Negotiate`:                                                       {`Basic realm="open, Negotiate`},
		`realm="x"`:                                                                          nil,
		"Digest realm=\"x\",\tnonce=\"a=b\", algorithm=MD5":                                  {`Digest realm="x", nonce="a=b", algorithm=MD5`},
	} {
		if got := splitChallenges([]string{line}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// A registry that offers a way to log in that there is can be used, in whichever order and lines. One that offers no such way is
// told apart from one that refuses.
func TestLogins(t *testing.T) {
	t.Parallel()
	const bearer = `Bearer realm="http://auth.test/token",service="s"`
	for name, c := range map[string]struct {
		challenges []string
		want       string // Authorization of the request
		joined     bool
	}{
		"basic":             {[]string{`Basic realm="x"`}, "Basic dTpw", false},
		"one line":          {[]string{`Negotiate, Basic realm="x"`}, "Basic dTpw", true},
		"one line, bearer":  {[]string{`Negotiate, ` + bearer}, "Bearer t", true},
		"two lines":         {[]string{`Negotiate`, bearer}, "Bearer t", false},
		"another one first": {[]string{`Digest realm="x", nonce="y", ` + bearer + `, Negotiate`}, "Bearer t", true},
		"none that is":      {[]string{`Negotiate, NTLM`}, "", false},
	} {
		h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/token":
				_, _ = io.WriteString(w, `{"token":"t"}`)
			case r.Header.Get("Authorization") == "":
				w.Header()["Www-Authenticate"] = c.challenges
				w.WriteHeader(http.StatusUnauthorized)
			case r.URL.Path != "/v2/":
				_, _ = io.WriteString(w, `{"mediaType":"application/vnd.oci.image.manifest.v1+json"}`)
			}
		}}
		k := &Keychain{}
		guard := Registry{Transport: serve(t, h.ServeHTTP), Keychain: k}.transport()
		_, err := remote.Get(reference(t, "registry.test/a:1"), remote.WithContext(t.Context()), remote.WithTransport(guard),
			remote.WithAuth(&authn.Basic{Username: "u", Password: "p"}))
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "registry.test wants clients to log in with Negotiate or NTLM\n") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := h.got["registry.test"]; err != nil || len(got) == 0 || got[0] != c.want {
			t.Errorf("%s: it got %q, %v", name, got, err)
		}
		if k.JoinedChallenges("registry.test") != c.joined {
			t.Errorf("%s: joined %v", name, !c.joined)
		}
	}
}

// A manifest is of the type that it says, whatever the registry calls it.
func TestTypedTransport(t *testing.T) {
	t.Parallel()
	const config = `"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},`
	for text, want := range map[string]types.MediaType{
		`{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`:                                           types.OCIImageIndex,
		`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",` + config + `"layers":[]}`: types.DockerManifestSchema2,
		`{"schemaVersion":2,` + config + `"layers":[]}`:                                                                    types.OCIManifestSchema1,
		`{"schemaVersion":2,"config":{"mediaType":"application/vnd.docker.container.image.v1+json"},"layers":[]}`:          types.DockerManifestSchema2,
		`{"schemaVersion":2,"manifests":[]}`:                                                                               types.OCIImageIndex,
		`{"schemaVersion":1,"fsLayers":[],"signatures":[]}`:                                                                types.DockerManifestSchema1Signed,
		`{"schemaVersion":1,"fsLayers":[]}`:                                                                                types.DockerManifestSchema1,
		`{"schemaVersion":2,"mediaType":7,"manifests":[]}`:                                                                 types.OCIImageIndex,
		`{"schemaVersion":2,` + config + `"layers":[],"manifests":[]}`:                                                     "", // the one or the other
		`{}`:                           "",
		`{"config":"x","layers":true}`: "",
	} {
		for _, served := range []string{"application/octet-stream", "", "text/plain", "application/vnd.oci.image.manifest.v1+json", "application/json; charset=utf-8"} {
			guard := Registry{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				w.Header()["Content-Type"] = nil // which keeps the server from guessing
				if served != "" {
					w.Header().Set("Content-Type", served)
				}
				_, _ = io.WriteString(w, text)
			})}.transport()
			got, err := remote.Get(reference(t, "registry.test/a:1"), remote.WithContext(t.Context()), remote.WithTransport(guard))
			if err != nil {
				t.Errorf("%s as %q: %v", text, served, err)
				continue
			}
			expected := want
			if want == "" {
				expected = types.MediaType(served)
			}
			if got.MediaType != expected || string(got.Manifest) != text {
				t.Errorf("%s as %q is %q: %s", text, served, got.MediaType, got.Manifest)
			}
		}
	}
	for _, text := range []string{"<html><title>Log in</title></html>", "[]", "7"} {
		guard := Registry{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				_, _ = io.WriteString(w, text)
			}
		})}.transport()
		_, err := remote.Get(reference(t, "registry.test/a:1"), remote.WithContext(t.Context()), remote.WithTransport(guard))
		var none *notManifestError
		if !errors.As(err, &none) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A base image is looked up also if its registry leaves out headers.
func TestHeadWithoutHeaders(t *testing.T) {
	t.Parallel()
	const text = `{"schemaVersion":2,"manifests":[]}`
	r := Registry{Insecure: true, Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" && r.Method == http.MethodGet {
			_, _ = io.WriteString(w, text)
		}
	})}
	got, err := r.Head(t.Context(), "registry.test/a:1")
	if err != nil || !strings.HasPrefix(got, "sha256:") {
		t.Errorf("%q, %v", got, err)
	}
}

// What a server says of an error is put into words.
func TestPlainBody(t *testing.T) {
	t.Parallel()
	plain := func(code, message, detail string) string {
		e := registryError{Code: code, Message: message}
		if detail != "" {
			e.Detail = detail
		}
		text, _ := json.Marshal(map[string][]registryError{"errors": {e}})
		return string(text)
	}
	for body, want := range map[string]string{
		`{"errors":[{"code":"DENIED","message":"no","detail":[{"Type":"repository","Class":"","Name":"a/b","Action":"push"}]}]}`: plain("DENIED", "no", "Action push, Name a/b, Type repository"),
		`{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Enclosed":{"Op":"mkdir","Path":"/x","Err":28}}}]}`: plain("UNKNOWN", "unknown error",
			"DriverName filesystem, Enclosed Err no space left on device, Op mkdir, Path /x"),
		`{"errors":[{"code":"DENIED","message":"no","detail":null}]}`:            plain("DENIED", "no", ""),
		`{"errors":[{"code":"DENIED","message":"no","detail":"no"}]}`:            plain("DENIED", "no", ""),
		`{"errors":[{"code":"DENIED","message":"no","detail":12345678901}]}`:     plain("DENIED", "no", "12345678901"),
		`{"errors":[{"code":"X","message":"` + strings.Repeat("y", 500) + `"}]}`: plain("X", strings.Repeat("y", 400)+" …", ""),
		`{"errors":[]}`: ``,
		`{"details":"incorrect username or password"}`:                                        `incorrect username or password`,
		`{"error":"invalid_grant","error_description":"expired"}`:                             `invalid_grant: expired`,
		`{"a":{"b":[1,"x"]}}`:                                                                 `a b 1; x`,
		"<html>\r\n<head><title>413 Request Entity Too Large</title></head><body></body>":     `413 Request Entity Too Large`,
		"<html><body><h1>Sorry</h1><script>alert(1)</script><p>come &lt;later&gt;</p></html>": `Sorry come <later>`,
		"just\n  a text\xff": "just a text\uFFFD",
		"":                   "",
	} {
		if got := string(plainBody([]byte(body))); got != want {
			t.Errorf("%s:\n%s, want\n%s", body, got, want)
		}
	}
}

// No answer of a registry is shown in the form of Go, and hints fit what it says.
func TestHints(t *testing.T) {
	t.Parallel()
	const noCredentials = "\nthere are no credentials for registry.test: log in with seedpack login registry.test, in a workflow with docker/login-action"
	for _, c := range []struct {
		status int
		body   string
		hint   string
	}{
		{401, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Action":"push"}]}]}`, noCredentials},
		{403, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied","detail":{"Name":"quota"}}]}`, noCredentials},
		{403, `{"errors":[{"code":"DENIED","message":"adding 1.2 GiB of storage resource, which when updated to current usage of 9 GiB will exceed the configured upper limit of 10.0 GiB."}]}`, FullHint},
		{403, `{"errors":[{"code":"DENIED","message":"Quota exceeded for the project"}]}`, FullHint},
		{400, `{"errors":[{"code":"QUOTA_EXCEEDED","message":"no"}]}`, FullHint},
		{500, `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Enclosed":{"Err":28}}}]}`, FullHint},
		{500, `filesystem: write /x: no space left on device`, FullHint},
		{507, ``, FullHint},
		{413, `<html><head><title>413 Request Entity Too Large</title></head></html>`, LargeHint},
		{404, `{"errors":[{"code":"NAME_UNKNOWN","message":"x"}]}`, repositoryMissing("registry.test/quota/exceeded")},
		{400, `{"errors":[{"code":"MANIFEST_INVALID","message":"x","detail":{"a":{"b":1}}}]}`, ""},
		{429, `{"errors":[{"code":"TOOMANYREQUESTS","message":"rate limit exceeded"}]}`, ""},
		{500, `{"errors":[{"code":"UNKNOWN","message":"x"}]}`, ""},
	} {
		r := Registry{Insecure: true, Transport: noRetries{serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}
		})}}
		err := r.Preflight(t.Context(), "registry.test/quota/exceeded:1")
		var te *transport.Error
		if !errors.As(err, &te) {
			t.Fatal(err)
		}
		if hint := (Registry{}).pushHint("registry.test/quota/exceeded", err); hint != c.hint || !strings.HasSuffix(err.Error(), hint) || strings.Contains(err.Error(), "map[") {
			t.Errorf("%d %s:\n%v\nwant the hint %s", c.status, c.body, err, c.hint)
		}
		if IsFull(err) != (c.hint == FullHint) {
			t.Errorf("%d %s: full %v", c.status, c.body, IsFull(err))
		}
	}
}

// noRetries makes a busy server one that asks for more patience than there is.
type noRetries struct{ next http.RoundTripper }

func (t noRetries) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil {
		response.Header.Set("Retry-After", "3600")
	}
	return response, err
}
