//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// This file tests discover as a step of the action, on a registry of this process.

// memoryRegistry starts a registry and returns its host. A path in refused gets 403.
func memoryRegistry(t *testing.T, refused string) string {
	t.Helper()
	keep := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused != "" && r.Method == http.MethodGet && strings.Contains(r.URL.Path, refused) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		keep.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// pushLabelled pushes an image without layers. An empty label is none.
func pushLabelled(t *testing.T, reference, label string) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	config, err := empty.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	if label != "" {
		config.Config.Labels = map[string]string{"com.ngageoint.seed.manifest": label}
	}
	img, err := mutate.ConfigFile(empty.Image, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
}

func labelOf(t *testing.T, title string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"seedVersion": "1.0.0", "job": map[string]any{"name": "x", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": title}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDiscoverStep proves that a step finds images, writes its pages into the workspace only, gives numbers as outputs, and
// shows nothing that a runner would obey.
func TestDiscoverStep(t *testing.T) {
	t.Parallel()
	host := memoryRegistry(t, "")
	pushLabelled(t, host+"/geo/x-1.0.0-seed:1.0.0", labelOf(t, "::set-output name=a::b\n##[error]| <b>[x](y)"))
	pushLabelled(t, host+"/geo/x-1.0.0-seed:latest", labelOf(t, "::set-output name=a::b\n##[error]| <b>[x](y)")) // the same image
	pushLabelled(t, host+"/geo/y-1.0.0-seed:1.0.0", "")
	r := newStep(t, map[string]string{"README": ""})
	if status := r.action("INPUT_COMMAND=discover", "INPUT_REGISTRY="+host+"/geo", "INPUT_HTML=site", "INPUT_CACHE=cache"); status != 0 {
		t.Fatalf("exit %d\n%s", status, r.printed)
	}
	outputs := r.outputs()
	for name, want := range map[string]string{"images": "1", "skipped": "1", "complete": "true", "html": "site"} {
		if outputs[name] != want {
			t.Errorf("output %s is %q, not %q", name, outputs[name], want)
		}
	}
	if !strings.Contains(outputs["result"], `"reference":"`+host+`/geo/x-1.0.0-seed:1.0.0"`) || strings.Contains(outputs["result"], "\n") {
		t.Errorf("result is %s", outputs["result"])
	}
	summary := string(r.written("STEP_SUMMARY"))
	for _, want := range []string{"1 job in 1 image, 1 skipped", host + "/geo/x-1.0.0-seed:1.0.0 | latest | ", "y-1.0.0-seed:1.0.0 | it has no label com.ngageoint.seed.manifest"} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary does not say %q:\n%s", want, summary)
		}
	}
	if strings.Contains(summary, "<b>") || strings.Contains(summary, "[x](y)") {
		t.Errorf("the summary has foreign markup:\n%s", summary)
	}
	for _, c := range workflowCommands(r.printed) {
		if c.name == "set-output" || c.name == "error" {
			t.Errorf("the runner obeys %v", c)
		}
	}
	for _, file := range []string{"site/index.html", "site/jobs/" + strings.ReplaceAll(host, ":", "_") + "/geo/x.html", "cache/references.json"} {
		readText(t, filepath.Join(r.workspace, file))
	}
	for _, input := range []string{"INPUT_HTML=../site", "INPUT_CACHE=/tmp/elsewhere", "INPUT_REFERENCES=/etc/passwd"} {
		if status := r.action("INPUT_COMMAND=discover", "INPUT_REGISTRY="+host, input); status != 2 || !strings.Contains(string(r.printed), "outside") {
			t.Errorf("%s: exit %d\n%s", input, status, r.printed)
		}
	}
}

// TestDiscoverStepIncomplete proves that a step fails if something could not be read, and says what. It counts as not complete.
func TestDiscoverStepIncomplete(t *testing.T) {
	t.Parallel()
	host := memoryRegistry(t, "/y-1.0.0-seed/")
	pushLabelled(t, host+"/geo/x-1.0.0-seed:1.0.0", labelOf(t, "x"))
	pushLabelled(t, host+"/geo/y-1.0.0-seed:1.0.0", labelOf(t, "y"))
	r := newStep(t, map[string]string{"README": ""})
	if status := r.action("INPUT_COMMAND=discover", "INPUT_REGISTRY="+host+"/geo"); status != 3 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	if outputs := r.outputs(); outputs["complete"] != "false" || outputs["images"] != "1" {
		t.Errorf("outputs are %v", outputs)
	}
	r.wantAnnotation("error", "the catalogue is not complete", "403")
	if summary := string(r.written("STEP_SUMMARY")); !strings.Contains(summary, "This is not all") {
		t.Errorf("the summary is %s", summary)
	}
	if status := r.action("INPUT_COMMAND=discover"); status != 2 || !strings.Contains(fmt.Sprint(r.annotations()), "write where to search") {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
}
