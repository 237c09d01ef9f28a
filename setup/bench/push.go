package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	pushRounds = 3
	pushMB     = 500
)

// pushManifest is of a job whose image is one large file.
const pushManifest = `{
  "seedVersion": "1.0.0",
  "job": {
    "name": "large",
    "jobVersion": "1.0.0",
    "packageVersion": "1.0.0",
    "title": "A large image",
    "description": "Holds one file that cannot be compressed.",
    "maintainer": { "name": "John Doe", "email": "jdoe@example.com" },
    "timeout": 10,
    "resources": {
      "scalar": [{ "name": "cpus", "value": 1 }, { "name": "mem", "value": 64 }, { "name": "disk", "value": 1 }]
    }
  }
}
`

const pushDockerfile = "FROM scratch\nCOPY large /large\nUSER 1000\nENTRYPOINT [\"/large\"]\n"

// pushes build and push an image of one large file, each time another, so that neither daemon nor registry has any of it.
func pushes(t tools, dir string) (group, error) {
	registry := os.Getenv("SEEDPACK_TEST_REGISTRY")
	if registry == "" {
		return group{}, errors.New("SEEDPACK_TEST_REGISTRY is not set: make bench sets it")
	}
	mb, err := fromEnv("SEEDPACK_BENCH_MB", pushMB)
	if err != nil {
		return group{}, err
	}
	rounds, err := fromEnv("SEEDPACK_BENCH_PUSHES", pushRounds)
	if err != nil {
		return group{}, err
	}
	theirs, ours := filepath.Join(dir, "push-buildctl"), filepath.Join(dir, "push-seedpack")
	for _, job := range []string{theirs, ours} {
		err := errors.Join(os.Mkdir(job, 0o755), os.WriteFile(filepath.Join(job, "Dockerfile"), []byte(pushDockerfile), 0o644),
			os.WriteFile(filepath.Join(job, "seed.manifest.json"), []byte(pushManifest), 0o644))
		if err != nil {
			return group{}, err
		}
	}
	return group{rounds: rounds, cold: true, sides: []*side{
		{name: fmt.Sprintf("buildctl build and push of %d MB", mb), prepare: func(round int) ([]string, error) {
			return t.buildctlPush(theirs, fmt.Sprintf("%s/buildctl-%d/large", registry, round)), fill(filepath.Join(theirs, "large"), mb)
		}},
		{name: "seedpack pack of it, smoke off, pushed, read back and named", most: 1.1, prepare: func(round int) ([]string, error) {
			args := []string{t.seedpack, "pack", ours, "--builder", t.addr, "--progress", "quiet", "--smoke", "off",
				"--push", "--registry", fmt.Sprintf("%s/seedpack-%d", registry, round)}
			return args, fill(filepath.Join(ours, "large"), mb)
		}},
	}}, nil
}

// buildctlPush sets what seedpack sets: files are dated, the image is pushed by its digest, and has its manifest in a label.
func (t tools) buildctlPush(job, repository string) []string {
	return []string{t.buildctl, "--addr", t.addr, "build", "--progress", "plain", "--frontend", "dockerfile.v0",
		"--local", "context=" + job, "--local", "dockerfile=" + job, "--opt", "build-arg:SOURCE_DATE_EPOCH=0",
		"--opt", "label:com.ngageoint.seed.manifest=" + pushManifest,
		"--output", "type=image,name=" + repository + ",push=true,push-by-digest=true,oci-mediatypes=true,rewrite-timestamp=true"}
}

// fill writes a file of new random content.
func fill(path string, mb int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = io.CopyN(w, rand.NewChaCha8(seed), int64(mb)*1_000_000)
	return errors.Join(err, w.Flush(), f.Close())
}
