package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Limits for what a server says of an error, in bytes.
const (
	maxErrorBody = 64 << 10
	maxErrorText = 400
)

// A plainTransport puts what a registry or a token service says of an error into words. Otherwise messages would quote objects
// of JSON in the form of Go, and whole pages of HTML.
type plainTransport struct{ next http.RoundTripper }

func (t plainTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || response.StatusCode < http.StatusBadRequest || r.Method == http.MethodHead || !speaksToClients(r) {
		return response, err
	}
	if err := keepBody(response, maxErrorBody); err != nil {
		return response, nil // the status says enough
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	plain := plainBody(body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(plain)), int64(len(plain))
	return response, nil
}

// speaksToClients reports whether a request is of the distribution API, or for a token.
func speaksToClients(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v2/") || r.Context().Value(waitingKey{}) != nil
}

// A registryError is one of the errors of the distribution API.
type registryError struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
	Detail  any    `json:"detail,omitempty"`
}

// plainBody returns the body of an error with its details as text. A body of another form becomes a short text.
func plainBody(body []byte) []byte {
	var document struct {
		Errors []registryError `json:"errors"`
	}
	if decode(body, &document) == nil && len(document.Errors) > 0 {
		for i := range document.Errors {
			e := &document.Errors[i]
			e.Code, e.Message = cut(e.Code), cut(e.Message)
			text := cut(plainValue(e.Detail))
			if e.Detail = nil; text != "" && text != e.Message {
				e.Detail = text
			}
		}
		if text, err := json.Marshal(document); err == nil {
			return text
		}
	}
	return []byte(cut(plainText(body)))
}

// decode keeps numbers as they are written.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

func cut(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + " …"
	}
	return text
}

var (
	titleForm = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	unseen    = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>|<[^>]*>`)
)

// plainText returns what people read of an error: of a page its title, of an object its message.
func plainText(body []byte) string {
	var object map[string]any
	if decode(body, &object) == nil {
		var all []string
		for _, member := range []string{"__type", "code", "error", "message", "error_description", "detail", "details", "title"} {
			if text := plainValue(object[member]); text != "" && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
		if len(all) > 0 {
			return strings.Join(all, ": ")
		}
		return plainValue(object)
	}
	text := string(body)
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "<") {
		return trimmed
	}
	if title := titleForm.FindStringSubmatch(text); title != nil && strings.TrimSpace(title[1]) != "" {
		return html.UnescapeString(title[1])
	}
	return html.UnescapeString(unseen.ReplaceAllString(text, " "))
}

// outOfSpace is ENOSPC, as the file system driver of the Distribution project reports it.
const outOfSpace = "28"

// plainValue puts a value of JSON into words: "Action push, Name a/b". Empty members are left out.
func plainValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if !v {
			return ""
		}
		return "yes"
	case []any:
		var all []string
		for _, element := range v {
			if text := plainValue(element); text != "" {
				all = append(all, text)
			}
		}
		return strings.Join(all, "; ")
	case map[string]any:
		return plainObject(v)
	}
	return fmt.Sprint(v) // a number
}

func plainObject(object map[string]any) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text := plainValue(object[key])
		switch {
		case text == "":
			continue
		case key == "Err" && text == outOfSpace:
			text = "no space left on device"
		}
		all = append(all, key+" "+text)
	}
	return strings.Join(all, ", ")
}
