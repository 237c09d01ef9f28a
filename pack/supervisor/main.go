//go:build linux

// Supervisor runs a job inside its image and reports on it. It is the first process of a smoke run's container, so it
// is a program of its own that needs nothing there: package bin holds it, built for the platforms of Linux.
//
// It is told what to do by wire.SpecVariable, or else wire.SpecFile, and answers in wire.ReportDir. It always exits 0 when
// it could answer, since the engine keeps what a step wrote only then. It is no security boundary: a job that runs as root
// shares the container with it.
package main

//go:generate go test ./bin -run TestPrograms -update

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A place is where a supervisor works; tests have others than containers.
type place struct{ spec, report, root string }

func main() {
	at := place{wire.SpecFile, wire.ReportDir, "/"}
	if len(os.Args) == 2 && os.Args[1] == readTestArg {
		readTest(os.Stdin, os.Stdout)
		return
	}
	supervised := os.Getenv(childVariable) != ""
	if os.Getpid() != 1 && !supervised {
		os.Exit(superviseBehind())
	}
	if supervised {
		go endWithParent(os.Getppid())
	}
	if len(os.Args) == 4 {
		at = place{os.Args[1], os.Args[2], os.Args[3]}
	}
	if err := at.supervise(); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
}

func (at place) supervise() error {
	spec, err := at.readSpec()
	if err != nil {
		return err
	}
	// The report of a job that can write there would not be ours.
	if err := os.Chmod(at.report, 0o700); err != nil {
		return err
	}
	if spec.OutputDir != "" {
		if err := os.Chmod(spec.OutputDir, 0o777); err != nil {
			return err
		}
	}
	// Neither output that nobody reads nor a job that is root shall end the supervisor. Handlers, not SIG_IGN, which the job would
	// inherit.
	signal.Notify(make(chan os.Signal, 1))
	secrets, err := readSecrets(spec.SecretFiles)
	if err != nil {
		return err
	}
	o := at.runJob(spec, secrets)
	if spec.OutputDir != "" {
		if err := inventory(o, spec, secrets); err != nil {
			return fmt.Errorf("list %s: %w", spec.OutputDir, err)
		}
	}
	if len(spec.Archive) > 0 {
		if err := at.create(wire.ArchiveFile, func(w io.Writer) error { return writeArchive(w, spec) }); err != nil {
			return err
		}
	}
	return at.write(o)
}

func (at place) readSpec() (*wire.Spec, error) {
	text, err := []byte(os.Getenv(wire.SpecVariable)), error(nil)
	if len(text) == 0 {
		if text, err = os.ReadFile(at.spec); err != nil {
			return nil, err
		}
	}
	spec := new(wire.Spec)
	if err := json.Unmarshal(text, spec); err != nil {
		return nil, fmt.Errorf("what to run: %w", err)
	}
	return spec, nil
}

// readSecrets gives the values of the variables.
func readSecrets(files map[string]string) (map[string][]byte, error) {
	secrets := map[string][]byte{}
	for name, file := range files {
		value, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w", name, err)
		}
		if bytes.IndexByte(value, 0) >= 0 {
			return nil, fmt.Errorf("secret %s: a variable cannot hold a NUL byte", name)
		}
		secrets[name] = value
	}
	return secrets, nil
}

// write puts the report in place of whatever stands there: a job that is root may have been busy.
func (at place) write(o *wire.Outcome) error {
	err := at.create(wire.FilesFile, o.WriteFiles)
	if err != nil {
		return err
	}
	return at.create(wire.ReportFile, o.WriteReport)
}

func (at place) create(name string, write func(io.Writer) error) error {
	path := filepath.Join(at.report, name)
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}
