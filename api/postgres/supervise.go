package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	maxFailures = 5 // in a row
	firstPause  = 100 * time.Millisecond
)

// errBlocked: backends of a killed postmaster still hold its shared memory. They end when they next talk to their
// client, which may be long after.
var errBlocked = errors.New("processes of the postmaster before have not ended yet")

// supervise keeps a postmaster running until Stop, or until it fails to start too often in a row.
func (s *Server) supervise() {
	runtime.LockOSThread() // and never unlocked while a child lives: it dies with this thread
	defer close(s.done)
	defer s.release()
	for failures := 0; ; {
		up, err := s.run()
		if s.ctx.Err() != nil {
			return
		}
		switch {
		case up:
			failures = 0
		case errors.Is(err, errBlocked):
			endOrphans(s.data)
		default:
			failures++
		}
		if failures == maxFailures || failures > 0 && !s.isReady() {
			s.err = fmt.Errorf("PostgreSQL in %s does not start: %w", s.dir, err)
			return
		}
		s.options.Log.Warn("PostgreSQL ended, starting it again", "dir", s.dir, "error", err)
		s.sleep(firstPause << failures)
	}
}

func (s *Server) isReady() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

func (s *Server) sleep(d time.Duration) {
	select {
	case <-s.ctx.Done():
	case <-time.After(d):
	}
}

// run starts one postmaster and returns when it has ended: whether it answered, and why it ended.
func (s *Server) run() (up bool, err error) {
	start, err := s.log.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	cmd := s.postmaster()
	if err := cmd.Start(); err != nil {
		return false, err
	}
	exited := make(chan struct{})
	var status error
	go func() {
		status = cmd.Wait()
		close(exited)
	}()
	if up = s.awaitReady(cmd.Process.Pid, exited); up {
		s.options.Log.Info("PostgreSQL is ready", "version", s.binary.major, "dir", s.dir, "pid", cmd.Process.Pid,
			"as", s.account.name)
		s.setReady()
	}
	select {
	case <-exited:
	case <-s.ctx.Done():
		cmd.Process.Signal(s.shutdown())
		<-exited
	}
	return up, s.reason(status, start)
}

func (s *Server) postmaster() *exec.Cmd {
	args := []string{"-D", s.data}
	for _, setting := range s.settings() {
		args = append(args, "-c", setting)
	}
	cmd := s.account.command(context.Background(), s.dir, s.binary.path("postgres"), args...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	dieWithThread(cmd.SysProcAttr, s.shutdown())
	return cmd
}

// awaitReady waits until the postmaster answers, has ended, or is to end.
func (s *Server) awaitReady(pid int, exited <-chan struct{}) bool {
	for {
		select {
		case <-exited:
			return false
		case <-s.ctx.Done():
			return false
		case <-time.After(poll):
			if readPidFile(s.data) == (pidFile{pid, "ready"}) && s.answers() {
				return true
			}
		}
	}
}

func (s *Server) answers() bool {
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, s.URL("postgres", "template1"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// reason says why a postmaster ended: its exit status and what it last wrote to the log since start.
func (s *Server) reason(status error, start int64) error {
	end, err := s.log.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	text := make([]byte, min(end-start, 16<<10))
	if _, err := s.log.ReadAt(text, end-int64(len(text))); err != nil {
		return err
	}
	if bytes.Contains(text, []byte("pre-existing shared memory block")) {
		return errBlocked
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := lines[len(lines)-1]
	for _, line := range lines {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			last = line
		}
	}
	return fmt.Errorf("%v: %s (see %s)", status, last, s.log.Name())
}
