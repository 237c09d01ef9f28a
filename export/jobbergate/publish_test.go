package jobbergate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

// This file publishes to a server that answers as the API of Jobbergate does.

// A server keeps templates in memory.
type server struct {
	mutex     sync.Mutex
	templates map[string]*entry
	asked     []string
	// fault answers a request in another way: METHOD PATH, and status and detail.
	fault       string
	faultStatus int
	faultDetail any
}

type entry struct {
	Name        string         `json:"name"`
	Identifier  string         `json:"identifier"`
	Description string         `json:"description"`
	Variables   map[string]any `json:"template_vars"`
	Owner       string         `json:"owner_email"`
	Archived    bool           `json:"is_archived"`
	Files       []stored       `json:"template_files"`
	workflow    string
	runtime     string
}

type stored struct {
	Filename string `json:"filename"`
	Type     string `json:"file_type"`
	text     string
}

const (
	token = "to.k-en"
	email = "me@example.com"
)

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	path, ok := strings.CutPrefix(r.URL.Path, "/jobbergate/job-script-templates")
	s.asked = append(s.asked, r.Method+" "+path)
	switch {
	case !ok:
		answer(w, 404, "Not Found")
	case r.Header.Get("Authorization") != "Bearer "+token:
		answer(w, 401, "Unauthorized")
	case s.fault != "" && strings.HasPrefix(r.Method+" "+path, s.fault):
		answer(w, s.faultStatus, s.faultDetail)
	case path == "" && r.Method == http.MethodPost:
		s.create(w, r)
	default:
		identifier, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		e := s.templates[identifier]
		if e == nil {
			answer(w, 404, "Could not find the template")
			return
		}
		s.change(w, r, e, rest)
	}
}

func answer(w http.ResponseWriter, status int, detail any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"detail": detail})
}

// valid holds the members of a request to the rules of the API.
func valid(e *entry) any {
	for name, text := range map[string]string{"name": e.Name, "identifier": e.Identifier, "description": e.Description} {
		if n := len([]rune(text)); n > 255 || n == 0 && name == "name" {
			return []map[string]any{{"loc": []string{"body", name}, "msg": "wrong length"}}
		}
	}
	if strings.Trim(e.Identifier, "0123456789") == "" || strings.Contains(e.Identifier, " ") {
		return "identifier"
	}
	return nil
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	e := &entry{Owner: email}
	if err := json.NewDecoder(r.Body).Decode(e); err != nil || valid(e) != nil {
		answer(w, 422, valid(e))
		return
	}
	if s.templates[e.Identifier] != nil {
		answer(w, 409, "Job script template with the same identifier already exists")
		return
	}
	s.templates[e.Identifier] = e
	w.WriteHeader(201)
	_ = json.NewEncoder(w).Encode(e)
}

func (s *server) change(w http.ResponseWriter, r *http.Request, e *entry, rest string) {
	if r.Method != http.MethodGet && e.Owner != email {
		answer(w, 403, "Mismatch on attribute(s): owner_email")
		return
	}
	switch {
	case rest == "" && r.Method == http.MethodGet:
	case rest == "" && r.Method == http.MethodPut:
		if err := json.NewDecoder(r.Body).Decode(e); err != nil || valid(e) != nil {
			answer(w, 422, valid(e))
			return
		}
	case rest == "upload/template/ENTRYPOINT" && r.Method == http.MethodPut:
		name, text, _ := upload(r)
		e.Files = slices.DeleteFunc(e.Files, func(f stored) bool { return f.Filename == name })
		e.Files = append(e.Files, stored{name, "ENTRYPOINT", text})
	case rest == "upload/workflow" && r.Method == http.MethodPut:
		_, text, runtime := upload(r)
		if runtime == "" && e.workflow == "" {
			answer(w, 400, "Runtime configuration is required when the workflow file does not exist")
			return
		}
		e.workflow, e.runtime = text, runtime
	case strings.HasPrefix(rest, "upload/template/") && r.Method == http.MethodDelete:
		e.Files = slices.DeleteFunc(e.Files, func(f stored) bool { return f.Filename == strings.TrimPrefix(rest, "upload/template/") })
	default:
		answer(w, 405, "Method Not Allowed")
		return
	}
	_ = json.NewEncoder(w).Encode(e)
}

func upload(r *http.Request) (name, text, runtime string) {
	file, header, err := r.FormFile("upload_file")
	if err != nil {
		return "", "", ""
	}
	all, _ := io.ReadAll(file)
	return header.Filename, string(all), r.FormValue("runtime_config")
}

func testJob(t *testing.T, more string) (*export.Job, *export.Package) {
	t.Helper()
	j := export.New(seed.Parse([]byte(`{"seedVersion": "1.0.0", "job": {"name": "trial", "jobVersion": "1.0.0", "packageVersion": "2.0.0", "title": "t", "description": "`+strings.Repeat("long ", 100)+`",
		"maintainer": {"name": "n", "email": "n@example.com"}, "timeout": 60, "interface": {"command": "x ${S}", "inputs": {"json": [{"name": "S", "type": "string"}, {"name": "L", "type": "array", "required": false}, {"name": "B", "type": "boolean"}]}`+more+`}}}`)),
		export.Image{Reference: "example.com/trial:1"}, export.Options{})
	return j, Target.Export(j)
}

func TestPublish(t *testing.T) {
	t.Parallel()
	s := &server{templates: map[string]*entry{}}
	host := httptest.NewServer(s)
	t.Cleanup(host.Close)
	c := &Client{URL: host.URL + "/", Token: token, HTTP: host.Client()}
	j, p := testJob(t, "")
	for i, want := range []string{"GET /trial, POST , PUT /trial/upload/template/ENTRYPOINT, PUT /trial/upload/workflow", "GET /trial, PUT /trial, PUT /trial/upload/template/ENTRYPOINT, PUT /trial/upload/workflow"} {
		s.asked = nil
		created, err := c.Publish(context.Background(), j, p, "trial")
		if err != nil || created != (i == 0) || strings.Join(s.asked, ", ") != want {
			t.Fatalf("created %v, %v, asked %q", created, err, s.asked)
		}
	}
	e := s.templates["trial"]
	if e.Name != "trial 1.0.0" || len([]rune(e.Description)) != 255 || !strings.HasPrefix(e.Description, "1.0.0, package 2.0.0: long") || !strings.HasSuffix(e.Description, "…") ||
		e.Variables["SeedImage"] != "example.com/trial:1" || e.Variables["SeedRuntime"] != "auto" {
		t.Errorf("%+v", e)
	}
	if len(e.Files) != 1 || e.Files[0].text != p.Files[2].Text || e.workflow != p.Files[1].Text || e.runtime != `{"default_template": "job.sh.j2", "output_directory": "."}` {
		t.Errorf("%+v %s", e.Files, e.runtime)
	}
	// An archived template comes back, and scripts of former versions go.
	e.Archived, e.Files = true, append(e.Files, stored{"old name.j2", "ENTRYPOINT", ""})
	if _, err := c.Publish(context.Background(), j, p, "trial"); err != nil || e.Archived || len(e.Files) != 1 {
		t.Errorf("%v %+v", err, e)
	}
	e.Owner = "other@example.com"
	var owner *OwnerError
	if _, err := c.Publish(context.Background(), j, p, "trial"); !errors.As(err, &owner) || owner.Owner != "other@example.com" {
		t.Error(err)
	}
	for _, identifier := range []string{"", "123", "1_000", "-5", "+7", "٣", "²", "a b", "a\u00a0b", "a\x1bb", "a/b", ".", "..", strings.Repeat("x", 256)} {
		s.asked = nil
		if _, err := c.Publish(context.Background(), j, p, identifier); err == nil || len(s.asked) > 0 {
			t.Errorf("%q: %v, asked %q", identifier, err, s.asked)
		}
	}
}

// An answer may hold the token in another spelling, or so that it would be cut within. Neither shows a part of it.
func TestPublishHidesToken(t *testing.T) {
	t.Parallel()
	const token = `tok"en+of\Jobbergate/0123456789`
	quoted := strconv.Quote(token)
	for name, detail := range map[string]any{
		"plain": token, "quoted": "got " + quoted, "quoted twice": strconv.Quote(quoted), "in a list": []string{token}, "in an object": map[string]string{"input": quoted},
		"URL-encoded": url.QueryEscape(token), "base64": base64.StdEncoding.EncodeToString([]byte("user:" + token)), "cut": strings.Repeat("x", 485) + token,
	} {
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, 401, detail) }))
		t.Cleanup(host.Close)
		j, p := testJob(t, "")
		_, err := (&Client{URL: host.URL, Token: token, HTTP: host.Client()}).Publish(context.Background(), j, p, "trial")
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, part := range []string{"Jobbergate/", "0123456", "Sm9iYmVyZ2", "pvYmJlcmdhdG", "Kb2JiZXJnYXRl", `tok"en`, "tok%22en"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Every answer that refuses says what to do, and none has the token.
func TestPublishRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault  string
		status int
		detail any
		says   string
	}{
		{"GET", 401, "Token expired " + token, "the token in JOBBERGATE_TOKEN is missing, wrong or has expired"},
		{"GET", 403, "Not permitted", "jobbergate:job-templates:create, :update and :read"},
		{"POST", 400, "The token has no email", "the token has no email address"},
		{"POST", 409, "taken", "409 Conflict: taken"},
		{"POST", 422, []string{"name"}, `422 Unprocessable Entity: ["name"]`},
		{"PUT /trial/upload/template", 400, "Invalid syntax\nline 2", "400 Bad Request: Invalid syntax line 2"},
		{"PUT /trial/upload/template", 413, "too large", "takes no files of that size"},
		{"PUT /trial/upload/workflow", 500, "oops", "500 Internal Server Error: oops"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.fault, tt.status), func(t *testing.T) {
			t.Parallel()
			s := &server{templates: map[string]*entry{}, fault: tt.fault, faultStatus: tt.status, faultDetail: tt.detail}
			host := httptest.NewServer(s)
			t.Cleanup(host.Close)
			j, p := testJob(t, "")
			_, err := (&Client{URL: host.URL, Token: token, HTTP: host.Client()}).Publish(context.Background(), j, p, "trial")
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), token) {
				t.Error(err)
			}
			var part *PartError
			if is := errors.As(err, &part); is != (s.templates["trial"] != nil) || is && !strings.HasSuffix(err.Error(), `the template "trial" was created, and not all of its files were uploaded: publish again, or delete it`) {
				t.Errorf("the server has %+v: %v", s.templates["trial"], err)
			}
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	j, p := testJob(t, "")
	if _, err := (&Client{URL: gone.URL, Token: token, HTTP: http.DefaultClient}).Publish(context.Background(), j, p, "trial"); err == nil || strings.Contains(err.Error(), token) {
		t.Error(err)
	}
}

// render renders a template as the server does: with the values alone, and below data if that fails.
const render = `
import json, sys
from jinja2.sandbox import SandboxedEnvironment
from jinja2 import UndefinedError
source, values = json.load(sys.stdin)
template = SandboxedEnvironment().from_string(source)
out = []
for v in values:
    try:
        out.append(template.render(**v))
    except UndefinedError:
        out.append(template.render(data=v))
print(json.dumps(out))
`

// needJinja renders a template with several sets of values.
func needJinja(t *testing.T, source string, values []map[string]any) []string {
	t.Helper()
	python := "/usr/bin/python3" // Debian's, which has the package
	if exec.Command(python, "-c", "import jinja2").Run() != nil {
		needs.Lacks(t, "python3-jinja2 is missing: make test installs it")
	}
	input, err := json.Marshal([]any{source, values})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", render)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Bash gets from a rendered script the values that went in, and only those. Directives stand before the first command.
func TestRender(t *testing.T) {
	t.Parallel()
	_, p := testJob(t, "")
	hostile := "it's \"{{ 7*7 }}\" $(touch canary) `x` {% raw %} {# \\ \n#SBATCH --time=1\n'\r\n\r'x\r"
	rendered := needJinja(t, p.Files[2].Text, []map[string]any{
		{"S": hostile, "L": "[1, 2]", "B": "true"},
		{"S": "x", "L": []any{1, "it's"}, "B": true, "OUTPUT_DIR": nil},
		{},
	})
	want := [][]string{{"S=" + hostile, "L=[1, 2]", "B=true"}, {"S=x", `L=[1, "it\u0027s"]`, "B=true"}, nil}
	for i, text := range rendered {
		if strings.Contains(text, "\r") {
			t.Errorf("%d: sbatch refuses scripts with line ends of Windows", i)
		}
		head, rest, _ := strings.Cut(text, "set --\n")
		for line := range strings.Lines(head) {
			if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
				t.Errorf("%q stands before the first command", line)
			}
		}
		values, launcher, _ := strings.Cut(rest, "\n#: The Seed job")
		if strings.Contains(launcher, "{%") || !strings.HasSuffix(strings.TrimSpace(launcher), `main "$@"`) {
			t.Errorf("the launcher was changed")
		}
		dir := t.TempDir()
		cmd := exec.Command("bash", "-c", "set --\n"+values+"\n[ $# -eq 0 ] || printf '%s\\0' \"$@\"")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, values)
		}
		got := strings.Split(string(out), "\x00")
		if got = got[:len(got)-1]; !slices.Equal(got, want[i]) {
			t.Errorf("%d: %q, want %q", i, got, want[i])
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%d: a value was executed", i)
		}
	}
}

// The workflow is Python, asks for each value by its name, and has no braces in what it asks.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	_, p := testJob(t, `, "mounts": [{"name": "M", "path": "/x{y}\\\"'\"\n}"}], "settings": [{"name": "key", "secret": true}, {"name": "host"}]`)
	script := `
import ast, json, sys
tree = ast.parse(sys.stdin.read())
print(json.dumps([[c.func.id] + [ast.literal_eval(a) for a in c.args] + [[k.arg, ast.literal_eval(k.value)] for k in c.keywords] for c in ast.walk(tree) if isinstance(c, ast.Call)]))`
	cmd := exec.Command("python3", "-c", script)
	cmd.Stdin = strings.NewReader(p.Files[1].Text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		if _, lacks := exec.LookPath("python3"); lacks != nil && os.Getenv("SEEDPACK_STRICT") == "" {
			t.Skip("no python3")
		}
		t.Fatalf("%v\n%s", err, out)
	}
	want := `[["Directory", "OUTPUT_DIR", "OUTPUT_DIR: Empty or new directory for the outputs"], ["Text", "S", "S: Input, a string"], ["Text", "L", "L: Input, a JSON array. Optional", ["default", ""]], ["List", "B", "B: Input, a JSON boolean", ["choices", ["true", "false"]]], ["Text", "HOST", "HOST: Setting"], ["Directory", "Mount_M", "Mount_M: Directory that is mounted at /x(y)\\\"'\" )", ["exists", true]]]`
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
