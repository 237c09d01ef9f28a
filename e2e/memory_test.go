package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestMemoryIsBounded proves that no hostile input takes more than 256 MiB or fills a log. It measures processes, as a cgroup
// would limit them.
func TestMemoryIsBounded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the unit of the largest memory of a process is that of Linux")
	}
	fill := func(head, item, tail string) string {
		return head + strings.TrimSuffix(strings.Repeat(item+",", 1_000_000/(len(item)+1)), ",") + tail
	}
	for name, text := range map[string]string{
		"wrong types":      fill(`{"job":{"tags":[`, `1`, `]}}`),
		"missing members":  fill(`{"job":{"interface":{"outputs":{"files":[`, `{}`, `]}}}}`),
		"patterns":         fill(`{"job":{"interface":{"outputs":{"files":[`, `{"name":"a","pattern":"*"}`, `]}}}}`),
		"repeated members": fill(`{"job":{`, `"name":1`, `}}`),
		"nested":           strings.Repeat("[", 1_000_000),
		"only commas":      fill(`{"job":{"tags":[`, ``, `]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "seed.manifest.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			bounded(t, "lint", path)
		})
	}
	t.Run("label", func(t *testing.T) {
		label := `{"job":{"tags":[` + strings.Repeat("1,", 7_500_000) + `1]}}`
		bounded(t, "verify", "oci-archive:"+archiveWithLabel(t, label))
	})
}

// bounded runs the program, which must find something, and fails if it takes or prints too much.
func bounded(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("seedpack", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "GOGC=400", "GOMEMLIMIT=128MiB") // as main sets them
	_ = cmd.Run()
	const statusFindings, mostMemory, mostPrinted = 1, 256 << 20, 1 << 20
	if code := cmd.ProcessState.ExitCode(); code != statusFindings {
		t.Errorf("exit status %d: %.1000s", code, out.String())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); !ok || usage.Maxrss<<10 > mostMemory {
		t.Errorf("it took %d MiB of memory", usage.Maxrss>>10)
	}
	if out.Len() > mostPrinted {
		t.Errorf("it printed %d bytes", out.Len())
	}
}

// archiveWithLabel writes an image without files that has a label.
func archiveWithLabel(t *testing.T, label string) string {
	t.Helper()
	blobs := map[string][]byte{}
	put := func(mediaType string, content any) map[string]any {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(text))
		blobs["blobs/sha256/"+sum] = text
		return map[string]any{"mediaType": mediaType, "digest": "sha256:" + sum, "size": len(text)}
	}
	config := put("application/vnd.oci.image.config.v1+json", map[string]any{"architecture": "amd64", "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
		"config": map[string]any{"Entrypoint": []string{"/x"}, "Labels": map[string]string{"com.ngageoint.seed.manifest": label}}})
	manifest := put("application/vnd.oci.image.manifest.v1+json", map[string]any{"schemaVersion": 2, "config": config, "layers": []any{}})
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []any{manifest}})
	if err != nil {
		t.Fatal(err)
	}
	blobs["index.json"], blobs["oci-layout"] = index, []byte(`{"imageLayoutVersion":"1.0.0"}`)
	path := filepath.Join(t.TempDir(), "image.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	for name, content := range blobs {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
