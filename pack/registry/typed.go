package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A typedTransport sets the media type of a manifest to what the manifest itself says. Proxies and simple servers send another
// type or none, and a registry could lie.
type typedTransport struct{ next http.RoundTripper }

func (t typedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || response.StatusCode != http.StatusOK || !strings.Contains(r.URL.Path, "/manifests/") {
		return response, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	said := response.Header.Get("Content-Type")
	kind, ok := typeOf(text)
	if !ok {
		return nil, &notManifestError{said}
	}
	if kind != "" {
		response.Header.Set("Content-Type", string(kind))
	}
	return response, nil
}

// A notManifestError is the error for an answer that is not a manifest at all, such as the page of a proxy.
type notManifestError struct{ said string }

func (e *notManifestError) Error() string {
	if e.said == "" {
		return "the answer is no manifest: it is not JSON, and has no type"
	}
	return fmt.Sprintf("the answer is no manifest: it is %s, and not a JSON object", e.said)
}

// typeOf returns the media type of an image manifest or an index: the one that it names, or else the one that its members make
// clear. It is empty if they do not. Not ok is what is no JSON object.
func typeOf(text []byte) (_ types.MediaType, ok bool) {
	var m struct {
		MediaType     json.RawMessage
		SchemaVersion json.RawMessage
		Config        *struct{ MediaType types.MediaType }
		Layers        json.RawMessage
		Manifests     json.RawMessage
		FSLayers      json.RawMessage
		Signatures    json.RawMessage
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return "", len(bytes.TrimSpace(text)) > 0 && bytes.TrimSpace(text)[0] == '{' && json.Valid(text)
	}
	var named types.MediaType
	if json.Unmarshal(m.MediaType, &named) == nil && named != "" {
		return named, true
	}
	image, index := m.Config != nil && m.Layers != nil, m.Manifests != nil
	switch {
	case image && index:
		return "", true // it could pass for the one or the other
	case index:
		return types.OCIImageIndex, true
	case image && m.Config.MediaType == types.DockerConfigJSON:
		return types.DockerManifestSchema2, true
	case image:
		return types.OCIManifestSchema1, true
	case m.FSLayers != nil && m.Signatures != nil:
		return types.DockerManifestSchema1Signed, true
	case m.FSLayers != nil:
		return types.DockerManifestSchema1, true
	}
	return "", true
}
