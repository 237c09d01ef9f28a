package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seedpack/seedpack/exit"
)

// TestRedirects proves that no command follows a registry for ever, nor to the secrets of the machine's cloud.
func TestRedirects(t *testing.T) {
	t.Parallel()
	const job = "testdata/jobs/random-number"
	commands := map[string]func(host string) []string{
		"verify":        func(host string) []string { return []string{"verify", host + "/x/y-1.0.0-seed:0.1.0"} },
		"verify digest": func(host string) []string { return []string{"verify", host + "/x/y@sha256:" + strings.Repeat("0", 64)} },
		"verify smoke":  func(host string) []string { return []string{"verify", "--smoke", host + "/x/y-1.0.0-seed:0.1.0"} },
		"smoke":         func(host string) []string { return []string{"smoke", "--image", host + "/x/y-1.0.0-seed:0.1.0", job} },
		"publish":       func(host string) []string { return []string{"publish", host + "/x/y:1", "--registry", host + "/z"} },
		"preflight":     func(host string) []string { return []string{"pack", job, "--push", "--registry", host + "/z"} },
		"skip": func(host string) []string {
			return []string{"pack", job, "--push", "--registry", host + "/z", "--preflight=false", "--if-exists", "skip"}
		},
		"dry run": func(host string) []string {
			return []string{"pack", job, "--push", "--dry-run", "--registry", host + "/z"}
		},
	}
	for name, command := range commands {
		for what, c := range map[string]struct {
			place func(r *http.Request) string
			want  string
		}{
			"a circle":    {func(r *http.Request) string { return r.URL.String() }, " redirects more than 10 times"},
			"link-local":  {func(*http.Request) string { return "http://169.254.169.254/latest/meta-data/" }, "169.254.169.254"},
			"in disguise": {func(*http.Request) string { return "http://2852039166/latest/meta-data/" }, "2852039166"},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int64
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1); r.URL.Path != "/v2/" {
						http.Redirect(w, r, c.place(r), http.StatusTemporaryRedirect)
					}
				}))
				defer server.Close()
				status, out := runProgram(t, command(strings.TrimPrefix(server.URL, "http://"))...)
				if status != exit.StatusFailure || !strings.Contains(out, c.want) {
					t.Errorf("exit status %d:\n%s", status, out)
				}
				if n := asked.Load(); n > 30 { // no request after the one that was led on ten times
					t.Errorf("the registry was asked %d times", n)
				}
			})
		}
	}
}
