package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MaxText is more than any text has that people write: manifests, Dockerfiles, settings. A larger file is none.
const MaxText = 16 << 20

// MaxJobText is more than a file of a job has that is parsed: its Dockerfile, its smoke file, its .dockerignore. What a parser makes
// of a text takes up to two hundred times its size.
const MaxJobText = 1 << 20

// Open opens a file for reading. It refuses at once what is no regular file: a pipe, a socket or a device may never give an end,
// and some change by being opened. /dev/stdin and /dev/fd/N are what this process was given under that number, which may be a
// pipe, and /dev/null is an empty file. The caller closes it.
func Open(path string) (*os.File, error) {
	if f, err := openGiven(path); f != nil || err != nil {
		return f, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	return checked(f, path)
}

// OpenIn opens a file in a directory for reading. It refuses what is no regular file, and links that leave the directory. The
// caller closes it.
func OpenIn(dir *os.Root, name string) (*os.File, error) {
	path := filepath.Join(dir.Name(), name)
	info, err := dir.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	return checked(f, path)
}

// ReadFile reads a whole file, as Open opens it. A file with more than limit bytes is an error.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path, limit)
}

// ReadIn reads a whole file in a directory, as OpenIn opens it. A file with more than limit bytes is an error.
func ReadIn(dir *os.Root, name string, limit int64) ([]byte, error) {
	f, err := OpenIn(dir, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, filepath.Join(dir.Name(), name), limit)
}

// ReadAll reads what is left in r, and stops one byte beyond the limit. Of a file it asks the size first, and takes the memory for
// it at once.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	var text bytes.Buffer
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			text.Grow(int(min(max(info.Size(), 0), limit)) + bytes.MinRead)
		}
	}
	_, err := text.ReadFrom(io.LimitReader(r, limit+1))
	return text.Bytes(), err
}

func readAll(r io.Reader, path string, limit int64) ([]byte, error) {
	text, err := ReadAll(r, limit)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("read %s: it has more than %d bytes", path, limit)
	}
	return text, nil
}

// IsGiven reports whether a path stands for what this process was given under a number: /dev/stdin, /dev/fd/N. What is read from
// it is gone.
func IsGiven(path string) bool {
	_, ok := descriptor(path)
	return ok
}

// IsStdin reports whether a path stands for standard input.
func IsStdin(path string) bool {
	fd, ok := descriptor(path)
	return ok && fd == 0
}

// Check refuses what Open would refuse because of its kind, for code that opens a path itself. A path with nothing there passes,
// and so do an empty one and a directory.
func Check(paths ...string) error { return check(0, paths) }

// MaxSettings is more than Docker's configuration has, and others that libraries read whole.
const MaxSettings = 1 << 20

// CheckSettings is Check for files that must not have more than MaxSettings bytes, since a library decodes them whole.
func CheckSettings(paths ...string) error {
	if err := Check(paths...); err != nil {
		return err
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > MaxSettings {
			return fmt.Errorf("read %s: it has %d bytes, more than %d", path, info.Size(), MaxSettings)
		}
	}
	return nil
}

// CheckSockets is Check for paths that may also be sockets.
func CheckSockets(paths ...string) error { return check(fs.ModeSocket, paths) }

func check(allowed fs.FileMode, paths []string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.IsDir() || info.Mode()&allowed != 0 || path == os.DevNull || IsGiven(path) {
			continue
		}
		if err := regular(path, info); err != nil {
			return err
		}
	}
	return nil
}

// checked closes a file that is none: something else may have come since it was looked at.
func checked(f *os.File, path string) (*os.File, error) {
	info, err := f.Stat()
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// regular returns an error that says what a path is, if it is no file. Directories are left to those who open them.
func regular(path string, info fs.FileInfo) error {
	what := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	default:
		what = "something else"
	}
	return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is %s, a regular file is needed", what)}
}

// openGiven opens what this process was given as /dev/stdin or /dev/fd/N, and /dev/null. It returns nil for other paths.
func openGiven(path string) (*os.File, error) {
	if path == os.DevNull {
		return os.Open(path)
	}
	fd, ok := descriptor(path)
	if !ok {
		return nil, nil
	}
	f, err := duplicate(fd, path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(&fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}, f.Close())
	}
	return f, nil
}
