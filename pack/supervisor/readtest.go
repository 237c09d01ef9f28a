//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	readTestArg   = "read-test"
	nobody        = 65534
	readTestLimit = 30 * time.Second
)

// tryReading lets another user open the files. Whether that works depends on modes, owners, ACLs and all parent
// directories, so it is tried. The names go to a separate process, which answers with one byte for each.
func tryReading(files []wire.File, uid, gid int) error {
	names, answers, err := startReadTest(uid, gid)
	if err != nil {
		return fmt.Errorf("start a process of user %d: %w", uid, err)
	}
	defer answers.Close()
	_ = answers.SetReadDeadline(time.Now().Add(readTestLimit))
	go func() {
		w := bufio.NewWriter(names)
		for _, f := range files {
			kind := "-"
			switch {
			case f.Mode.IsDir():
				kind = "d"
			case f.Mode.IsRegular():
				kind = "f"
			}
			_, _ = w.WriteString(kind + f.Name + "\x00")
		}
		_ = w.Flush()
		names.Close()
	}()
	r := bufio.NewReader(answers)
	for i := range files {
		answer, err := r.ReadByte()
		if err != nil {
			return fmt.Errorf("the process of user %d ended early: %w", uid, err)
		}
		files[i].ReadableByOther = answer == 'y'
	}
	return nil
}

// another returns an ID that is not the job's: that of nobody, unless the job is nobody.
func another(id int) int {
	if id == nobody {
		return nobody - 1
	}
	return nobody
}

// startReadTest starts this program as the other user, in the current directory. The process ends when its input ends.
func startReadTest(uid, gid int) (names, answers *os.File, err error) {
	in, names, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	answers, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer out.Close()
	_, err = syscall.ForkExec("/proc/self/exe", []string{"supervisor", readTestArg}, &syscall.ProcAttr{
		Files: []uintptr{in.Fd(), out.Fd(), 2},
		Sys:   &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}},
	})
	if err != nil {
		names.Close()
		answers.Close()
	}
	return names, answers, err
}

// readTest runs as the other user.
func readTest(in io.Reader, out io.Writer) {
	r, w := bufio.NewReader(in), bufio.NewWriter(out)
	defer w.Flush()
	for {
		entry, err := r.ReadString(0)
		if err != nil {
			return
		}
		answer := byte('n')
		if name := strings.TrimSuffix(entry[1:], "\x00"); entry[0] == 'f' && canOpen(name, 0) ||
			entry[0] == 'd' && canOpen(name+"/.", syscall.O_DIRECTORY) {
			answer = 'y'
		}
		_ = w.WriteByte(answer)
	}
}

func canOpen(name string, flag int) bool {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|flag, 0)
	if err == nil {
		_ = syscall.Close(fd)
	}
	return err == nil
}
