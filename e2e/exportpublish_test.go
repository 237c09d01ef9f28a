package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/cli"
)

// TestExportPublish proves that export publishes to Jobbergate, that its exit status says why it did not, and that the token is
// printed nowhere.
func TestExportPublish(t *testing.T) {
	t.Parallel()
	const token = "swordfish-token"
	tests := []struct {
		name, owner string // of a template that is there
		refuse      int    // what the server answers to all
		status      int
		says        string
	}{
		{"new", "", 0, 0, "created the template image-watermark at http://"},
		{"own", "me@example.com", 0, 0, "updated the template image-watermark at http://"},
		{"of another", "other@example.com", 0, 1, `the template "image-watermark" is other@example.com's`},
		{"expired", "", 401, 3, "the token in JOBBERGATE_TOKEN is missing, wrong or has expired"},
		{"broken", "", 502, 3, "502 Bad Gateway"},
		{"moved", "", 307, 3, "307 Temporary Redirect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				answer := func(status int, detail string) {
					w.Header().Set("Location", "http://127.0.0.1:1/")
					w.WriteHeader(status)
					_ = json.NewEncoder(w).Encode(map[string]string{"detail": detail, "owner_email": tt.owner})
				}
				switch {
				case r.Header.Get("Authorization") != "Bearer "+token || !strings.HasPrefix(r.URL.Path, "/jobbergate/job-script-templates"):
					answer(418, "wrong request")
				case tt.refuse != 0:
					answer(tt.refuse, "no, "+token)
				case r.Method == http.MethodGet && tt.owner == "":
					answer(404, "not found")
				case r.Method == http.MethodPut && tt.owner == "other@example.com":
					answer(403, "Mismatch on attribute(s): owner_email")
				default:
					answer(200, "")
				}
			}))
			t.Cleanup(host.Close)
			var out, said bytes.Buffer
			getenv := func(name string) string { return map[string]string{"JOBBERGATE_TOKEN": token}[name] }
			status := cli.Run(context.Background(), []string{"export", "--to", "jobbergate", "testdata/jobs/image-watermark", "-o", filepath.Join(t.TempDir(), "out"), "--publish", host.URL},
				cli.Process{Stdin: &bytes.Buffer{}, Stdout: &out, Stderr: &said, Getenv: getenv})
			if all := out.String() + said.String(); status != tt.status || !strings.Contains(all, tt.says) || strings.Contains(all, token) {
				t.Errorf("status %d, want %d %q: %s", status, tt.status, tt.says, all)
			}
		})
	}
}
