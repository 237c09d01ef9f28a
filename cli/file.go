package cli

import "os"

// newFile is the mode of files that are written for programs to read. They are written with disk.Roots.WriteFile.
const newFile = 0o644

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
