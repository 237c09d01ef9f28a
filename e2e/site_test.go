package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/cli"
)

// This file tests the pages of seedpack discover --html in a real browser, from files and from a server.

// browse runs a script of testdata/browser. It is skipped without what make test installs.
func browse(t *testing.T, script string, args ...string) {
	t.Helper()
	needs.Variable(t, "SEEDPACK_TEST_BROWSER")
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"testdata/browser/" + script}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", script, strings.Join(args, " "), err, out)
	}
}

// discovered runs seedpack discover in this process and returns what it prints.
func discovered(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, complaints bytes.Buffer
	status := cli.Run(t.Context(), append([]string{"discover"}, args...), cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Getenv: func(string) string { return "" }})
	if status != 0 {
		t.Fatalf("discover %q: status %d\n%s", args, status, &complaints)
	}
	return out.Bytes()
}

// writeJSON writes a file for a script and returns its path.
func writeJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "value.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// An object is a JSON object of a manifest or a catalogue.
type object = map[string]any

// catalogueFile writes a catalogue of manifests. Each is an image of its own repository.
func catalogueFile(t *testing.T, images []object, skipped ...object) string {
	t.Helper()
	return writeJSON(t, object{"schemaVersion": 1, "registries": []string{"registry.example.com"}, "complete": true, "images": images, "skipped": skipped})
}

func imageOf(repository, tag string, n int, job object) object {
	name := repository + ":" + tag
	return object{"reference": "registry.example.com/" + name, "name": name, "digest": fmt.Sprintf("sha256:%064x", n), "platforms": []string{"linux/amd64"},
		"size": 1000 * (n + 1), "created": fmt.Sprintf("2026-01-%02dT00:00:00Z", n%28+1), "lint": object{"errors": 0, "warnings": n % 3},
		"manifest": object{"seedVersion": "1.0.0", "job": job}}
}

// siteJobs are jobs that differ in what the list searches, filters and sorts by.
func siteJobs() (images []object) {
	for n, c := range []struct{ name, title, in, out, tag string }{
		{"geotiff-to-png", "Convert GeoTIFF to PNG", "image/tiff", "image/png", "raster"},
		{"png-preview", "Preview of rasters", "image/tiff", "image/png", "preview"},
		{"cloud-mask", "Mask clouds", "image/tiff", "image/tiff", "raster"},
		{"csv-count", "Count rows", "text/csv", "application/json", "ä & more+"},
	} {
		images = append(images, imageOf("geo/"+c.name+"-1.0.0-seed", "1.0.0", n, siteJob(c.name, "1.0.0", c.title, c.in, c.out, c.tag, n)))
	}
	images = append(images, imageOf("geo/geotiff-to-png-1.1.0-seed", "1.0.0", 4, siteJob("geotiff-to-png", "1.1.0", "Convert GeoTIFF to PNG", "image/tiff", "image/png", "raster", 0)))
	for n, result := range map[int]string{0: "failed", 1: "inconclusive", 2: "failed", 4: "passed"} {
		images[n]["smoke"] = result
	}
	for n := range 60 {
		images = append(images, imageOf(fmt.Sprintf("bulk/job-%02d-1.0.0-seed", n), "1.0.0", n+5, siteJob(fmt.Sprintf("job-%02d", n), "1.0.0", fmt.Sprintf("Job number %d", n), "text/plain", "text/plain", "bulk", n)))
	}
	return images
}

func siteJob(name, version, title, in, out, tag string, n int) object {
	return object{"name": name, "jobVersion": version, "packageVersion": "1.0.0", "title": title, "description": "Turns " + in + " into " + out, "tags": []string{tag},
		"maintainer": object{"name": "Jane Doe", "email": "jane@example.com", "organization": "Geo & Co", "url": "https://example.com/"}, "timeout": 3600,
		"resources": object{"scalar": []object{{"name": "cpus", "value": n%2 + 1}, {"name": "mem", "value": 64 * (n + 1), "inputMultiplier": 1.5}, {"name": "disk", "value": 10}}},
		"interface": object{"command": "convert ${SCENE} ${ZOOM/#/-z } ${OUTPUT_DIR}",
			"inputs":   object{"files": []object{{"name": "SCENE", "mediaTypes": []string{in}}}, "json": []object{{"name": "ZOOM", "type": "integer", "required": false}}},
			"outputs":  object{"files": []object{{"name": "RESULT", "mediaType": out, "pattern": "*.out"}}, "json": []object{{"name": "count", "type": "integer"}}},
			"mounts":   []object{{"name": "MODELS", "path": "/opt/models"}},
			"settings": []object{{"name": "API_KEY", "secret": true}}},
		"errors": []object{{"code": 1, "name": "bad-scene", "title": "Bad scene", "description": "It cannot be read", "category": "data"}}}
}

// TestSite proves that the pages work for their readers: search finds what the command finds, in the same order; filters, sorting,
// shared addresses, keyboard, print and pages without scripts; axe finds nothing at three widths, in light and dark. The site is
// the same from files and from a server, and asks for nothing elsewhere.
func TestSite(t *testing.T) {
	t.Parallel()
	file, dir := catalogueFile(t, siteJobs(), object{"reference": "registry.example.com/geo/x-1.0.0-seed:1.0.0", "name": "geo/x-1.0.0-seed:1.0.0", "reason": "it has no label com.ngageoint.seed.manifest"}), t.TempDir()
	discovered(t, file, "--html", dir)
	queries := map[string][]string{}
	for _, query := range []string{"png", "GeoTIFF png", "tiff", "geo", "clouds+rows", "jane", "1.1.0", "bulk", "e", "inputmultiplier", "zebra", "&", `"`, "raster preview"} {
		names := []string{}
		var found struct{ Images []struct{ Reference string } }
		if err := json.Unmarshal(discovered(t, file, "--latest", "--query", query, "--format", "json"), &found); err != nil {
			t.Fatal(err)
		}
		for _, i := range found.Images {
			repository := i.Reference[:strings.LastIndex(i.Reference, "-1.")]
			names = append(names, repository)
		}
		queries[query] = names
	}
	at := func(names ...string) (all []string) {
		for _, name := range names {
			all = append(all, "registry.example.com/geo/"+name)
		}
		return all
	}
	expected := writeJSON(t, object{"queries": queries, "jobs": 64, "tiffToPNG": at("geotiff-to-png", "png-preview"), "tiffToPNGOneCPU": at("geotiff-to-png"),
		"newest": "registry.example.com/bulk/job-22", "smallest": at("png-preview")[0], "best": "Convert GeoTIFF to PNG",
		"smoke": object{"Convert GeoTIFF to PNG": "smoke passed", "Preview of rasters": "smoke inconclusive", "Mask clouds": "smoke failed", "Count rows": ""},
		"page":  "jobs/registry.example.com/geo/geotiff-to-png.html", "tagHash": "#tag=raster", "tagged": at("geotiff-to-png", "cloud-mask"),
		"commands": []string{"seedpack run registry.example.com/geo/geotiff-to-png-1.1.0-seed:1.0.0 \\\n  -i SCENE=scene.tif \\\n  -e API_KEY \\\n  -m MODELS=models/ \\\n  -o output"}})
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	t.Run("files", func(t *testing.T) { browse(t, "site.mjs", "file://"+dir+"/", expected) })
	t.Run("server", func(t *testing.T) { browse(t, "site.mjs", server.URL+"/", expected) })
}

// payloads are what a hostile manifest puts into every text that it has.
var payloads = []string{
	`<script>executed=1</script>`, `</script><script>executed=1</script>`, `"><img src=x onerror=executed=1>`, `'><svg onload=executed=1>`, `<iframe src="https://evil.example/">`,
	`</title><script>executed=1</script>`, `</textarea></pre></code><script src=//evil.example/x.js></script>`, `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
	`<base href="https://evil.example/">`, `<link rel=stylesheet href=//evil.example/x.css>`, `<style>@import "//evil.example/x.css";</style>`, `<!--`, `-->`, `<![CDATA[`, `]]>`,
	`javascript:executed=1`, `JaVaScRiPt:executed=1`, "java\tscript:executed=1", `data:text/html,<script>executed=1</script>`, `vbscript:x`, `https://evil.example/"onmouseover="executed=1`,
	`" autofocus onfocus=executed=1 x="`, `' style='background:url(//evil.example/x)`, `{{.Root}}{{"x"}}`, `${executed=1}`, "`;executed=1;`", `\u003cscript\u003eexecuted=1\u003c/script\u003e`,
	`\"));executed=1;//`, `'));executed=1;//`, "\u2028executed=1\u2029", "\u202egnp.exe", "\x1b]8;;https://evil.example\x07x", "a\x00b\x08c", "\ufeff\u200b\u2066x\u2069", `<a href="https://evil.example/" ping="https://evil.example/">x</a>`,
	`<form action="https://evil.example/"><button formaction="https://evil.example/">`, `<object data="https://evil.example/">`, `<math><mtext><table><mglyph><style><img src=x onerror=executed=1>`,
	`$(touch /tmp/executed)`, "`touch /tmp/executed`", `'; touch /tmp/executed; '`, "x\ntouch /tmp/executed\n", `__proto__`, `constructor`, strings.Repeat("long", 5000), "%0a%3cscript%3e", `../../../../etc/passwd`,
	`&lt;script&gt;executed=1&lt;/script&gt;`, `<noscript><p title="</noscript><img src=x onerror=executed=1>">`, `https://user:pass@evil.example/`,
}

// hostileSiteJob puts a payload into one part of a manifest, or into all of them.
func hostileSiteJob(payload string, part int) object {
	job := object{"name": "x", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "x", "description": "x", "tags": []string{"x"},
		"maintainer": object{"name": "x", "organization": "x", "email": "x@example.com", "url": "https://example.com", "phone": "1"}, "timeout": 60,
		"resources": object{"scalar": []object{{"name": "cpus", "value": 1}}}, "interface": object{"command": "x"}, "errors": []object{}}
	fill := []func(){
		func() { job["name"], job["jobVersion"], job["packageVersion"] = payload, payload, payload },
		func() { job["title"] = payload },
		func() { job["description"] = payload + "\n" + payload },
		func() { job["tags"] = []string{payload, "x" + payload} },
		func() {
			job["maintainer"] = object{"name": payload, "organization": payload, "email": payload, "url": payload, "phone": payload}
		},
		func() {
			job["interface"] = object{"command": payload,
				"inputs":   object{"files": []object{{"name": payload, "mediaTypes": []string{payload}}}, "json": []object{{"name": payload, "type": payload}}},
				"outputs":  object{"files": []object{{"name": payload, "mediaType": payload, "pattern": payload}}, "json": []object{{"name": payload, "key": payload, "type": payload}}},
				"mounts":   []object{{"name": payload, "path": payload, "mode": payload}},
				"settings": []object{{"name": payload}}}
		},
		func() {
			job["interface"] = object{"command": "${IN} " + payload, "inputs": object{"files": []object{{"name": "IN"}}}, "mounts": []object{{"name": "M", "path": "/" + payload}}}
		},
		func() {
			job["errors"] = []object{{"code": 1, "name": payload, "title": payload, "description": payload, "category": payload}}
		},
		func() {
			job["resources"] = object{"scalar": []object{{"name": payload, "value": 1e300}, {"name": "mem", "value": -1}, {"name": "gpus", "value": 1e18}}}
		},
	}
	if part < len(fill) {
		fill[part]()
		return job
	}
	for _, do := range fill {
		do()
	}
	return job
}

// TestHostileSite proves that no manifest puts a script, a link target, a style, a meta tag or a hidden character into a page, makes a
// request, or gets a file outside of the site: over 500 hostile manifests, each page in a real browser. Those that have a payload in
// every place are opened one by one. The others are written into a live document, which is several times as fast.
func TestHostileSite(t *testing.T) {
	t.Parallel()
	var images []object
	const parts = 10
	var skipped []object
	for n, payload := range payloads {
		skipped = append(skipped, object{"reference": payload, "name": payload, "reason": payload})
		for part := range parts {
			i := imageOf(fmt.Sprintf("h%d/x%d-seed", n, part), "1.0.0", n, hostileSiteJob(payload, part))
			i["source"], i["revision"], i["platforms"], i["created"] = payload, payload, []string{payload, "linux/amd64"}, payload
			i["attachments"] = []object{{"type": payload, "digest": payload}}
			i["smoke"] = payload
			images = append(images, i)
		}
	}
	if len(images) < 500 {
		t.Fatalf("only %d manifests", len(images))
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "site")
	discovered(t, catalogueFile(t, images, skipped...), "--html", dir)
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the site there are %v, %v", entries, err)
	}
	open, write := []string{"all.html", "skipped.html"}, []string{}
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); strings.HasPrefix(rel, "jobs/") && filepath.Ext(path) == ".html" {
			if strings.Contains(rel, fmt.Sprintf("/x%d-", parts-1)) {
				open = append(open, rel)
			} else {
				write = append(write, rel)
			}
		}
		return err
	})
	if err != nil || len(open) != len(payloads)+2 || len(open)+len(write) != len(images)+2 {
		t.Fatalf("%d and %d pages for %d images, %v", len(open), len(write), len(images), err)
	}
	browse(t, "hostile.mjs", "file://"+dir+"/", writeJSON(t, object{"open": open, "write": write}))
	if _, err := os.Stat("/tmp/executed"); err == nil {
		t.Error("a command was run")
	}
}
