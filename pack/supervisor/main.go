//go:build linux

// Supervisor runs a job inside its image and reports on it. It is the first process in the container of a smoke run. So
// it is a separate program that needs nothing from the image. Package bin holds it, built for the platforms of Linux.
//
// Its spec is in wire.SpecVariable, or else in wire.SpecFile. Its report goes to wire.ReportDir. If it could write the
// report, it exits with 0, because only then does the engine keep what a step has written. It is no security boundary:
// a job that runs as root shares the container with it. So the caller has a clock of its own, which lines in the output
// of the supervisor start and stop: wire.Begun and wire.Settled.
package main

//go:generate go test ./bin -run TestPrograms -update

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A place says in which directories a supervisor works. Tests use others than containers.
type place struct{ spec, report, root string }

func main() {
	refuseTracing()
	at := place{wire.SpecFile, wire.ReportDir, "/"}
	if len(os.Args) == 3 && (os.Args[1] == wire.ProbeArgument || os.Args[1] == wire.CleanArgument) {
		os.Exit(serveEngine(os.Args[1], os.Args[2]))
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
	nonce := readNonce()
	if err := at.supervise(nonce); err != nil {
		os.Exit(failed(err, nonce))
	}
}

// failed says why the supervisor fails, and returns its exit status.
func failed(err error, nonce string) int {
	fmt.Fprintln(os.Stderr, "supervisor:", err)
	if !isMachineFault(err, syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM) {
		return 1
	}
	fmt.Print(wire.FailedMark(nonce), strings.Join(strings.Fields(err.Error()), " "), "\n")
	return wire.StatusMachine
}

// isMachineFault reports whether an error is one of those that only the machine is to blame for.
func isMachineFault(err error, faults ...syscall.Errno) bool {
	errno := syscall.Errno(0)
	return errors.As(err, &errno) && slices.Contains(faults, errno)
}

func (at place) supervise(nonce string) error {
	spec, err := at.readSpec()
	if err != nil {
		return err
	}
	spec.Nonce = nonce
	// Otherwise a job could write the report. A directory of the host may belong to the job's user.
	if err := errors.Join(os.MkdirAll(at.report, 0o700), takeFor(at.report, spec.Owner), os.Chmod(at.report, 0o700)); err != nil {
		return err
	}
	bound := spec.Owner != ""
	if bound {
		// A job that is root may move a directory of the host, or put another one in its place. This one stays.
		dir, err := os.Open(at.report)
		if err != nil {
			return err
		}
		defer dir.Close()
		at.report = fmt.Sprintf("/proc/self/fd/%d/.", dir.Fd())
	}
	if spec.OutputDir != "" {
		if err := os.Chmod(spec.OutputDir, 0o777); err != nil {
			return err
		}
	}
	// The supervisor must not end because of output that is not read, or because of a signal of a job that is root. It
	// uses a handler, because the job would inherit SIG_IGN.
	signal.Notify(make(chan os.Signal, 1))
	hidden, err := readSecrets(spec.SecretFiles)
	if err != nil {
		return err
	}
	if spec.Lifeline {
		go endWithCaller(os.Stdin)
	}
	o, err := at.runJob(spec, hidden)
	if err != nil {
		return err
	}
	if spec.OutputDir != "" {
		if err := inventory(o, spec, hidden); err != nil {
			return fmt.Errorf("list %s: %w", spec.OutputDir, err)
		}
	}
	if !bound {
		if err := at.restore(); err != nil {
			return err
		}
	}
	if len(spec.Archive) > 0 {
		if err := at.create(wire.ArchiveFile, func(w io.Writer) error { return writeArchive(w, spec) }); err != nil {
			return err
		}
	}
	if spec.Discard && os.Chdir(spec.OutputDir) == nil {
		discard(o)
	}
	if err := at.create(wire.ReportFile, o.WriteReport); err != nil || !bound {
		return err
	}
	return handOver(spec, at.report)
}

// restore makes the directory of the report again if a job that is root has put something else in its place, or in that of
// the directory around it. The job has ended.
func (at place) restore() error {
	for _, dir := range []string{filepath.Dir(at.report), at.report} {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() {
			continue
		}
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
			return err
		}
	}
	return nil
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

// create writes a file of the report. It replaces anything at that path, because a job that is root may have put it there.
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
