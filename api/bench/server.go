package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout = time.Minute
	stopTimeout  = 45 * time.Second // longer than the server takes to cut off its requests and its database
)

// server is this program's binary serving in a process of its own, so that its memory and its start are a server's.
type server struct {
	addr    string
	dataDir string
	started time.Duration // from the process's start until /readyz answered 200
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has been waited for
}

// start serves dataDir on a free port and waits until the server is ready.
func start(ctx context.Context, dataDir string) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(dataDir + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &server{addr: addr, dataDir: dataDir, cmd: exec.Command(program, "serve"), exited: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), "ADDR="+addr, "DATA_DIR="+dataDir, "DATABASE_URL=", "TRUSTED_PROXIES=127.0.0.1")
	s.cmd.Stderr = log
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.started = time.Since(begun)
	return s, nil
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func (s *server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for !s.ready(ctx) {
		select {
		case <-s.exited:
			text, _ := os.ReadFile(s.dataDir + ".log")
			return fmt.Errorf("the server ended: %s", bytes.TrimSpace(text))
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (s *server) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false // not listening yet
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the server and its database and waits for them.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = s.cmd.Process.Kill()
		<-s.exited
		return errors.New("the server did not stop and was killed")
	}
}

// databaseURL reaches the server's private PostgreSQL as user. The socket's directory stands in the fifth line of the
// file that the postmaster writes.
func (s *server) databaseURL(user string) (string, error) {
	text, err := os.ReadFile(filepath.Join(s.dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 5 {
		return "", errors.New("postmaster.pid is not complete")
	}
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/insightforge",
		RawQuery: url.Values{"port": {lines[3]}, "host": {lines[4]}}.Encode()}
	return u.String(), nil
}

// memoryOf is a line of /proc/PID/status: VmHWM, the most physical memory that the process has held, or RssAnon, what it
// holds without what it shares with others that run the same program; in bytes. Elsewhere than on Linux: os.ErrNotExist.
func memoryOf(pid int, line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`(?m)^` + line + `:\s+(\d+) kB$`).FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("no %s in /proc/PID/status", line)
	}
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes << 10, err
}

// peakMemory is the most that the server's process has held, its program included, and what the processes that hash its
// passwords hold now besides that program.
func (s *server) peakMemory() (int64, error) {
	peak, err := memoryOf(s.cmd.Process.Pid, "VmHWM")
	if err != nil {
		return 0, err
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, process := range processes {
		command, _ := os.ReadFile(process) // it may have ended
		status, _ := os.ReadFile(filepath.Dir(process) + "/status")
		if bytes.HasPrefix(command, []byte("insightforge: passwords")) && bytes.Contains(status, fmt.Appendf(nil, "\nPPid:\t%d\n", s.cmd.Process.Pid)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(process)))
			held, err := memoryOf(pid, "RssAnon")
			if err != nil {
				return 0, err
			}
			peak += held
		}
	}
	return peak, err
}
