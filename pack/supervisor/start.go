//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// start starts the job. Its output goes to the given files. An error is about the image, and its text says so.
func start(spec *wire.Spec, who *account, secrets map[string][]byte, stdout, stderr *os.File) (int, error) {
	if len(spec.Args) == 0 {
		return 0, errors.New("there is no command to run")
	}
	if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
		return 0, fmt.Errorf("working directory: %w", err)
	}
	// The job inherits the directory. If it were entered as the user, the error would not show which of the two was not
	// allowed.
	if err := os.Chdir(spec.Dir); err != nil {
		return 0, fmt.Errorf("working directory: %w", err)
	}
	env := environment(spec.Env, secrets, who.home)
	path, err := lookPath(spec.Args[0], env["PATH"])
	if err != nil {
		return 0, err
	}
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	attr := &syscall.ProcAttr{
		Env:   assignments(env),
		Files: []uintptr{stdin.Fd(), stdout.Fd(), stderr.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	if os.Geteuid() == 0 {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid), Groups: who.groups}
	}
	defer raiseOOMScore()()
	pid, err := forkPatiently(path, withSecrets(spec.Args, secrets), attr)
	if err != nil {
		return 0, explain(path, who, err)
	}
	return pid, nil
}

// startFaults say that the machine has too many processes or open files now, or cannot read the program.
var startFaults = []syscall.Errno{syscall.EAGAIN, syscall.ENFILE, syscall.EIO}

// startPatience is how long the machine may lack processes or open files before the job is given up.
const startPatience = 5 * time.Second

func forkPatiently(path string, args []string, attr *syscall.ProcAttr) (pid int, err error) {
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if pid, err = forkBehind(path, args, attr); !isMachineFault(err, startFaults...) || time.Since(begin) > startPatience {
			return pid, err
		}
	}
}

// withSecrets replaces each wire.SecretRef by its value.
func withSecrets(args []string, secrets map[string][]byte) []string {
	full := slices.Clone(args)
	for name, value := range secrets {
		for i := range full {
			full[i] = strings.ReplaceAll(full[i], wire.SecretRef(name), string(value))
		}
	}
	return full
}

// raiseOOMScore makes the kernel end the job before the supervisor. The job inherits the score. It returns a function
// that restores the score.
func raiseOOMScore() func() {
	const file = "/proc/self/oom_score_adj"
	old, err := os.ReadFile(file)
	if err != nil || os.WriteFile(file, []byte("900"), 0o644) != nil {
		return func() {}
	}
	return func() { _ = os.WriteFile(file, old, 0o644) }
}

// forkBehind forks from a thread of lower priority, which the job inherits. So the supervisor still runs if the job's
// processes fill the machine. The job also inherits that the thread cannot trace. The thread ends after it, because
// neither can be undone without a privilege.
func forkBehind(path string, args []string, attr *syscall.ProcAttr) (pid int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		standBehind()
		dropTracing()
		pid, err = syscall.ForkExec(path, args, attr)
	}()
	<-done
	return pid, err
}

// standBehind lowers the priority of a thread. If the container has its own share of the processor, the thread gets the
// idle class, which gives way to the supervisor at once. Next to others it has the share of the container: a job took
// no longer next to three busy processes. Without such a share, the idle class would give way to the whole machine, so
// the thread only gets a lower nice value. Thousands of processes then delay the supervisor.
func standBehind() {
	const niceness, idle = 10, 5 // SCHED_IDLE, sched(7)
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
	if findGroup("cpu").dir != "" {
		var none int32
		_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, idle, uintptr(unsafe.Pointer(&none)))
	}
}

// environment returns the variables with their values. The last of several values counts.
func environment(assigned []string, secrets map[string][]byte, home string) map[string]string {
	env := map[string]string{"HOME": home, "PATH": defaultPath}
	for _, a := range assigned {
		if name, value, ok := strings.Cut(a, "="); ok {
			env[name] = value
		}
	}
	for name, value := range secrets {
		env[name] = string(value)
	}
	return env
}

func assignments(env map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// lookPath finds the program in the same way as execvp(3).
func lookPath(name, path string) (string, error) {
	if name == "" {
		return "", errors.New("the command begins with an empty word")
	}
	if strings.Contains(name, "/") {
		return name, isProgram(name)
	}
	var found error
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(dir) {
			file = "./" + file
		}
		err := isProgram(file)
		if err == nil {
			return file, nil
		}
		if found == nil && !errors.Is(err, os.ErrNotExist) {
			found = err
		}
	}
	if found != nil {
		return "", found
	}
	return "", fmt.Errorf("%q: not found in PATH %q", name, path)
}
