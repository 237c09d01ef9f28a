// Base makes the image that example jobs are built FROM, as an OCI layout: Debian's static busybox under the names of its
// commands, with what a small Linux system has around it. It stands in for busybox:1.36 where no registry can be reached.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: base BUSYBOX DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "base:", err)
		os.Exit(1)
	}
}

// write puts the image of a busybox program into a layout, named latest. One that is there already stays untouched,
// so that whatever caches by its files keeps its cache.
func write(busybox, dir string) error {
	img, err := image(busybox)
	if err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	if path, err := layout.FromPath(dir); err == nil {
		if _, err := path.Image(digest); err == nil {
			return nil
		}
	}
	// Written beside and renamed, so that what stands under the name is whole.
	fresh := dir + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(dir)); err != nil {
		return err
	}
	path, err := layout.Write(fresh, empty.Index)
	if err != nil {
		return err
	}
	named := map[string]string{"org.opencontainers.image.ref.name": "latest"}
	if err := path.AppendImage(img, layout.WithAnnotations(named)); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// image has one layer and no times in it: the same busybox gives the same digest.
func image(busybox string) (v1.Image, error) {
	program, err := os.ReadFile(busybox)
	if err != nil {
		return nil, err
	}
	list, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", busybox, err)
	}
	var files bytes.Buffer
	if err := writeTar(&files, program, strings.Fields(string(list))); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			Cmd: []string{"sh"},
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(img, layer)
}

const passwd = `root:x:0:0:root:/root:/bin/sh
job:x:1000:1000:job:/home/job:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
`

const group = `root:x:0:
job:x:1000:
nobody:x:65534:
`

// writeTar lays out the root file system.
func writeTar(w io.Writer, busybox []byte, commands []string) error {
	t := tar.NewWriter(w)
	for _, h := range directories() {
		if err := t.WriteHeader(h); err != nil {
			return err
		}
	}
	files := []struct {
		name string
		mode int64
		body []byte
	}{
		{"bin/busybox", 0o755, busybox},
		{"etc/group", 0o644, []byte(group)},
		{"etc/passwd", 0o644, []byte(passwd)},
	}
	for _, f := range files {
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.body))}); err != nil {
			return err
		}
		if _, err := t.Write(f.body); err != nil {
			return err
		}
	}
	for _, c := range commands {
		if c == "busybox" {
			continue
		}
		if err := t.WriteHeader(link("bin/"+c, "busybox")); err != nil {
			return err
		}
	}
	// Scripts that begin with #!/usr/bin/env look for it there.
	if err := t.WriteHeader(link("usr/bin/env", "../../bin/env")); err != nil {
		return err
	}
	return t.Close()
}

func directories() []*tar.Header {
	var headers []*tar.Header
	for _, name := range []string{"bin", "dev", "etc", "home", "proc", "sys", "usr", "usr/bin", "var"} {
		headers = append(headers, &tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
	}
	return append(headers,
		&tar.Header{Typeflag: tar.TypeDir, Name: "home/job/", Mode: 0o755, Uid: 1000, Gid: 1000},
		&tar.Header{Typeflag: tar.TypeDir, Name: "root/", Mode: 0o700},
		&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777},
		&tar.Header{Typeflag: tar.TypeDir, Name: "var/tmp/", Mode: 0o1777},
	)
}

func link(name, target string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
}
