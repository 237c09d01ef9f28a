package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/xeipuuv/gojsonschema"
)

// writeSchema writes the schema of manifests as seedpack prints it, so that both sides validate by the same.
func writeSchema(seedpack, path string) error {
	text, err := exec.Command(seedpack, "schema", "manifest").Output()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// validateAll is what the engine of the older CLI takes for the schema alone: no positions, no rules. The schema is read
// once, which the older CLI does for each manifest, and all processors are used.
func validateAll(schemaPath, dir string) error {
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		return err
	}
	schema, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(text))
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "seed.manifest.json"))
	if err != nil {
		return err
	}
	queue, failed := make(chan string), make(chan error, len(paths))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for path := range queue {
				failed <- validate(schema, path)
			}
		})
	}
	for _, path := range paths {
		queue <- path
	}
	close(queue)
	workers.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func validate(schema *gojsonschema.Schema, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(text))
	if err != nil {
		return err
	}
	if !result.Valid() {
		return fmt.Errorf("%s: %v", path, result.Errors())
	}
	return nil
}
