package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

// A tellingRegistry repeats the password that it is sent wherever it can: in errors, in labels, in media types.
type tellingRegistry struct {
	password string
	content  map[string][]byte // by the end of the path
}

const configMediaType = "application/vnd.oci.image.config.v1+json"

func newTellingRegistry(password string) *tellingRegistry {
	r := &tellingRegistry{password, map[string][]byte{"/v2/": []byte("{}"),
		"/v2/_catalog": []byte(`{"repositories":["a-1.0.0-seed","b-1.0.0-seed","c-1.0.0-seed"]}`)}}
	texts := []string{password, url.QueryEscape(password), strconv.Quote(password), base64.StdEncoding.EncodeToString([]byte("bob:" + password))}
	said, _ := json.Marshal("x " + strings.Join(texts, " y ")) // of strings alone
	job := func(more string) string {
		return fmt.Sprintf(`{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": %s, "description": %[1]s,
"maintainer": {"name": %[1]s, "email": "a@example.com"}, "timeout": 10, "interface": {"command": "run", "settings": [{"name": "S"}]%s}}}`, said, more)
	}
	r.image("a-1.0.0-seed", configMediaType, job(""))
	r.image("c-1.0.0-seed", "x/"+password, job(""))
	r.image("d-1.0.0-seed", configMediaType, strings.ReplaceAll(job(`, "unknown": `+string(said)), `"x `, `"other `))
	r.image("wrong", configMediaType, job(`, "inputs": {"files": [{"name": `+string(said)+`, "mediaTypes": [`+string(said)+`]}]}`))
	r.image("old", configMediaType, fmt.Sprintf(`{"seedVersion": "0.1.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": %s, "description": %[1]s,
"maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 10, "interface": {"cmd": %[1]s, "inputData": {"files": [{"name": %[1]s, "odd": %[1]s}]}}}}`, said))
	return r
}

// image adds an image with one tag.
func (r *tellingRegistry) image(repository, configType, label string) {
	text, _ := json.Marshal(label)
	config := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{"Labels":{"com.ngageoint.seed.manifest":%s,"org.opencontainers.image.source":%[1]s}}}`, text)
	digest := func(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }
	kind, _ := json.Marshal(configType)
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":%s,"digest":%q,"size":%d},"layers":[]}`,
		kind, digest(config), len(config))
	at := "/v2/" + repository
	r.content[at+"/tags/list"] = []byte(`{"tags":["1.0.0"]}`)
	r.content[at+"/manifests/1.0.0"], r.content[at+"/manifests/"+digest(manifest)] = manifest, manifest
	r.content[at+"/blobs/"+digest(config)] = config
}

func (r *tellingRegistry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	content, ok := r.content[q.URL.Path]
	switch sent := q.Header.Get("Authorization"); {
	case sent == "":
		w.Header().Set("Www-Authenticate", `Basic realm="r"`)
		w.WriteHeader(http.StatusUnauthorized)
	case !ok:
		text, _ := json.Marshal("no " + sent + " " + r.password)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%s}]}`, text)
	default:
		if strings.Contains(q.URL.Path, "/manifests/") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		}
		_, _ = w.Write(content)
	}
}

// No command shows the password of a registry that repeats it in its answers, however it is spelled there. The files of export,
// the manifests of migrate and the cache of discover are what the image holds.
func TestNoCommandShowsPasswords(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 3))
	n := 10
	if testing.Short() {
		n = 2
	}
	for i := range n {
		password := hostileSecret(r, i)
		server := httptest.NewServer(newTellingRegistry(password))
		host := strings.TrimPrefix(server.URL, "http://")
		t.Setenv("DOCKER_AUTH_CONFIG", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("bob:"+password))))
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, seed.ManifestFile), []byte(`{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "T", "description": "D",
"maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 10, "interface": {"command": "run"}}}`), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range tellingCommands(host, dir) {
			var out bytes.Buffer
			Run(context.Background(), args, Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
			noPassword(t, args, out.String(), password)
		}
		err := filepath.WalkDir(filepath.Join(dir, "site"), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			noPassword(t, []string{path}, string(text), password)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		server.Close()
	}
}

// tellingCommands are the commands that show what images say.
func tellingCommands(host, dir string) (all [][]string) {
	add := func(args ...string) { all = append(all, args) }
	a, d, wrong, old := host+"/a-1.0.0-seed:1.0.0", host+"/d-1.0.0-seed:1.0.0", host+"/wrong:1.0.0", host+"/old:1.0.0"
	add("discover", host, "--kind", "registry", "--html", filepath.Join(dir, "site"))
	for _, format := range []string{formatText, formatJSON, formatSilo} {
		add("discover", host, "--kind", "registry", "--format", format)
	}
	for _, format := range formats {
		add("verify", a, wrong, host+"/none:1", "--verbose", "--format", format)
		add("lint", dir, "--base", "published", "--registry", host, "--format", format)
	}
	for _, format := range []string{formatText, formatJSON, formatMarkdown, formatGitHub} {
		add("diff", a, d, "--format", format)
		add("diff", a, dir, "--format", format)
	}
	add("migrate", old, "-o", filepath.Join(dir, "new"))
	add("migrate", old, "--format", formatJSON)
	add("migrate", old, "--format", formatGitHub)
	add("export", a, "--to", "slurm", "-o", filepath.Join(dir, "text"))
	add("export", a, "--to", "slurm", "-o", filepath.Join(dir, "json"), "--format", formatJSON)
	add("export", wrong, "--to", "cwl", "-o", filepath.Join(dir, "wrong"))
	add("bump", dir, "--base", "published", "--registry", host)
	return all
}

func noPassword(t *testing.T, args []string, text, password string) {
	t.Helper()
	spelled := oracle(password)
	spelled["base64"] = base64.StdEncoding.EncodeToString([]byte("bob:" + password))
	for how, s := range spelled {
		if at := strings.Index(text, s); at >= 0 {
			t.Fatalf("%q shows %q (%s): …%q…", args, password, how, text[max(0, at-200):min(len(text), at+len(s)+40)])
		}
	}
}
