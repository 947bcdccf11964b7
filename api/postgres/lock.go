package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const poll = 2 * time.Millisecond

// ErrInUse is why Start refuses a directory that another process has.
var ErrInUse = errors.New("in use")

// lock takes dir for this process. The kernel gives it back when the process ends, however it ends.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := os.ReadFile(f.Name())
		err = fmt.Errorf("%s is %w by process %s: stop it first or choose another DATA_DIR",
			dir, ErrInUse, strings.TrimSpace(string(holder)))
	}
	if err == nil {
		err = errors.Join(f.Truncate(0), writeStart(f, strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func writeStart(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// pidFile is what a postmaster says about itself in postmaster.pid.
type pidFile struct {
	pid    int
	status string // "starting", "ready", "stopping"
}

// readPidFile returns zeros when there is no such file or it is not written yet.
func readPidFile(data string) pidFile {
	lines := pidFileLines(data)
	if lines == nil {
		return pidFile{}
	}
	pid, _ := strconv.Atoi(lines[0])
	if len(lines) < 8 {
		return pidFile{pid: pid}
	}
	return pidFile{pid, lines[7]}
}

func pidFileLines(data string) []string {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

// stopOrphan ends a postmaster that a killed process left behind in data, and waits for it. The caller holds the lock,
// so no living process of ours uses it.
func stopOrphan(ctx context.Context, data string) error {
	pid := readPidFile(data).pid
	if pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return nil
	}
	if !runsIn(pid, data) {
		return disown(data, pid)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping PostgreSQL (process %d), left behind in %s: %w", pid, data, err)
	}
	for runsIn(pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL (process %d), left behind in %s, to end: %w", pid, data, ctx.Err())
		case <-time.After(poll):
		}
	}
	return nil
}

// disown puts our own process in place of one that has the number of a postmaster long dead, as happens after a
// restart of a container: postgres would take it for a rival, but never its own parent. The rest of the file stays,
// for from it postgres learns whether backends of that postmaster still run.
func disown(data string, pid int) error {
	path := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old := strconv.Itoa(pid)
	return os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+strings.TrimPrefix(string(text), old)), 0o600)
}
