package pack

import (
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/disk"
)

// checkLayout refuses pipes and the like in the place of files of an OCI layout, which BuildKit's client would open and wait for.
// What is missing there is for the client to say.
func checkLayout(dir string) error {
	paths := []string{filepath.Join(dir, "index.json"), filepath.Join(dir, "oci-layout")}
	blobs := filepath.Join(dir, blobsDir)
	kinds, _ := os.ReadDir(blobs) // see above
	for _, kind := range kinds {
		files, _ := os.ReadDir(filepath.Join(blobs, kind.Name()))
		for _, f := range files {
			if !f.Type().IsRegular() {
				paths = append(paths, filepath.Join(blobs, kind.Name(), f.Name()))
			}
		}
	}
	return disk.Check(paths...)
}
