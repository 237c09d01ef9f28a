package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/sync/errgroup"
)

const (
	repositories   = 2_000
	discoverRounds = 3
	siteJobs       = 10_000
)

// A counted registry counts what it is asked.
type counted struct {
	host     string
	requests atomic.Int64
}

func count(next http.Handler) (*counted, func()) {
	c := &counted{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		next.ServeHTTP(w, r)
	}))
	c.host = strings.TrimPrefix(server.URL, "http://")
	return c, server.Close
}

// discovers measures a first and a second look at 2,000 repositories, in two registries. Said prints how many requests they took.
func discovers(t tools, dir string) (groups []group, said, stop func(), err error) {
	real := os.Getenv("SEEDPACK_TEST_REGISTRY")
	if real == "" {
		return nil, nil, func() {}, errors.New("SEEDPACK_TEST_REGISTRY is not set: make bench sets it")
	}
	debian, stopDebian := count(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: real}))
	memory, stopMemory := count(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	stop = func() { stopDebian(); stopMemory() }
	looks := []*looked{{counted: debian, name: "docker-registry"}, {counted: memory, name: "go-containerregistry's registry"}}
	for _, l := range looks {
		if err := fillRegistry(l.host, "bench-discover", repositories); err != nil {
			return nil, nil, stop, err
		}
		look := func(round int) ([]string, error) {
			l.begun = append(l.begun, l.requests.Load())
			cache := filepath.Join(dir, fmt.Sprintf("cache-%s-%d", l.host, round))
			return []string{t.seedpack, "discover", l.host + "/bench-discover", "--kind", "registry", "--cache", cache}, nil
		}
		groups = append(groups, group{rounds: discoverRounds, cold: true, sides: []*side{
			{name: fmt.Sprintf("discover, first look at %d repositories of %s", repositories, l.name), prepare: look},
			{name: "discover, second look", prepare: look},
		}})
	}
	return groups, func() {
		fmt.Println()
		for _, l := range looks {
			l.say()
		}
	}, stop, nil
}

// A looked is a registry, and how many requests it had got when each look began: a first, a second, a first again.
type looked struct {
	*counted
	name  string
	begun []int64
}

func (l *looked) say() {
	ends := append(l.begun[1:len(l.begun):len(l.begun)], l.requests.Load())
	var most [2]int64
	for n, begun := range l.begun {
		most[n%2] = max(most[n%2], ends[n]-begun)
	}
	fmt.Printf("discover asks %s %d times at the first look at %d images, and %d times at the second; besides the list, at most %d and %d\n",
		l.name, most[0], repositories, most[1], 4*repositories, repositories)
}

// fillRegistry pushes n images without layers, each of another job.
func fillRegistry(host, namespace string, n int) error {
	const parallel = 8
	var group errgroup.Group
	group.SetLimit(parallel)
	for i := range n {
		group.Go(func() error {
			return pushJob(host, fmt.Sprintf("%s/job-%04d-1.0.0-seed", namespace, i), benchManifest(i))
		})
	}
	return group.Wait()
}

func pushJob(host, repository string, manifest []byte) error {
	config, err := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
		"config": map[string]any{"Labels": map[string]string{"com.ngageoint.seed.manifest": string(manifest)}}})
	if err != nil {
		return err
	}
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(config))
	place, err := send(http.MethodPost, fmt.Sprintf("http://%s/v2/%s/blobs/uploads/", host, repository), "", nil)
	if err != nil {
		return err
	}
	u, err := url.Parse(place)
	if err != nil {
		return err
	}
	u.Scheme, u.Host = "http", host
	query := u.Query()
	query.Set("digest", digest)
	u.RawQuery = query.Encode()
	if _, err := send(http.MethodPut, u.String(), "application/octet-stream", config); err != nil {
		return err
	}
	const mediaType = "application/vnd.oci.image.manifest.v1+json"
	image, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaType, "layers": []any{},
		"config": map[string]any{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}})
	if err != nil {
		return err
	}
	_, err = send(http.MethodPut, fmt.Sprintf("http://%s/v2/%s/manifests/1.0.0", host, repository), mediaType, image)
	return err
}

// send returns the place that an answer names.
func send(method, address, mediaType string, body []byte) (place string, err error) {
	r, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s\n%s", method, address, answer.Status, said)
	}
	return answer.Header.Get("Location"), err
}

var benchWords = strings.Fields("cut mask convert detect resample mosaic extract watermark compute count cloud ship vegetation water road roof forest crop river coast raster vector radar optical")

// benchManifest is of a job that differs from others as real ones do.
func benchManifest(n int) []byte {
	word := func(k int) string { return benchWords[(n*7+k*k*13+k)%len(benchWords)] }
	types := []string{"image/tiff", "image/png", "image/jp2", "text/csv", "application/geo+json", "application/x-hdf5"}
	text, _ := json.Marshal(map[string]any{"seedVersion": "1.0.0", "job": map[string]any{
		"name": fmt.Sprintf("job-%04d", n), "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": fmt.Sprintf("%s %s %s %d", word(1), word(2), word(3), n),
		"description": fmt.Sprintf("Takes a scene number %d, and %s the %s of each %s. Then it %s the %s, with a threshold of %d percent.", n, word(4), word(5), word(6), word(7), word(8), n%100),
		"tags":        []string{word(2), word(5), word(9)}, "maintainer": map[string]any{"name": "Jane Doe", "email": fmt.Sprintf("jane%d@example.com", n%50), "organization": "Institute " + word(n%9)},
		"timeout": 3600, "resources": map[string]any{"scalar": []any{map[string]any{"name": "cpus", "value": n%4 + 1}, map[string]any{"name": "mem", "value": 64 * (n%20 + 1)}, map[string]any{"name": "disk", "value": 10}}},
		"interface": map[string]any{"command": "run ${SCENE} ${OUTPUT_DIR}", "inputs": map[string]any{"files": []any{map[string]any{"name": "SCENE", "mediaTypes": []string{types[n%6]}}}},
			"outputs":  map[string]any{"files": []any{map[string]any{"name": "RESULT", "mediaType": types[n/6%6], "pattern": "*.out"}}},
			"settings": []any{map[string]any{"name": fmt.Sprintf("SETTING_%d", n%200)}}},
		"errors": []any{map[string]any{"code": 1, "name": "bad-" + word(3), "title": "Bad " + word(3), "description": "The " + word(3) + " cannot be read.", "category": "data"}}}})
	return text
}

// site makes the pages of 10,000 jobs, and lets a browser open and search them.
func site(t tools, dir string) (group, func() error, error) {
	images := make([]map[string]any, siteJobs)
	for n := range images {
		name := fmt.Sprintf("bench/job-%04d-1.0.0-seed:1.0.0", n)
		images[n] = map[string]any{"reference": "registry.example.com/" + name, "name": name, "digest": fmt.Sprintf("sha256:%064x", n), "platforms": []string{"linux/amd64"},
			"size": n, "lint": map[string]int{"errors": 0, "warnings": 0}, "manifest": json.RawMessage(benchManifest(n))}
	}
	text, err := json.Marshal(map[string]any{"schemaVersion": 1, "registries": []string{"registry.example.com"}, "complete": true, "images": images, "skipped": []any{}})
	if err != nil {
		return group{}, nil, err
	}
	file, pages := filepath.Join(dir, "catalogue.json"), filepath.Join(dir, "site")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return group{}, nil, err
	}
	show := func() error {
		cmd := exec.Command("node", "testdata/browser/bench.mjs", "file://"+pages+"/")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	}
	return group{rounds: discoverRounds, sides: []*side{
		{name: fmt.Sprintf("discover FILE --query, %d jobs", siteJobs), args: []string{t.seedpack, "discover", file, "--query", "cloud mask"}},
		{name: fmt.Sprintf("discover FILE --html, %d jobs", siteJobs), args: []string{t.seedpack, "discover", file, "--html", pages, "--query", ""}},
	}}, show, nil
}
