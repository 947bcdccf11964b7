// Package postgres runs a private PostgreSQL as a child process: no configuration, no TCP port, a Unix socket that only
// this account reaches. The cluster lives in a directory that lasts; either side may be killed without loss.
package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Options of Start. The zero value is right for a server.
type Options struct {
	Log       *slog.Logger // starts, restarts and ends; nil: none
	Throwaway bool         // for tests: nothing is synced to disk, and a power cut would lose the cluster
}

// Server is a running PostgreSQL. It is restarted when it dies by itself.
type Server struct {
	dir     string // absolute
	data    string // dir/postgres
	socket  string // the socket's directory
	created bool
	options Options
	binary  install
	account account
	lock    *os.File
	log     *os.File // dir/postgres.log

	ctx      context.Context // ends when Stop was asked for
	stop     context.CancelFunc
	ready    chan struct{} // closed when it first answers
	setReady func()
	done     chan struct{} // closed when it has ended for good
	err      error         // set before done is closed
}

// Start finds PostgreSQL's binaries, creates a cluster in dir/postgres on first use, starts it and waits until it
// answers. One process at a time may use dir; a postgres that a killed process left behind in it is stopped first.
//
// dir is created with mode 0700. Started as root, postgres runs as the user postgres if that user can reach dir (dir
// itself is opened to its group for that, mode 0710), else in a user namespace.
func Start(ctx context.Context, dir string, options Options) (*Server, error) {
	return start(ctx, dir, options, searchPath())
}

func start(ctx context.Context, dir string, options Options, search []string) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{dir: dir, data: filepath.Join(dir, "postgres"), options: options,
		ready: make(chan struct{}), done: make(chan struct{})}
	s.setReady = sync.OnceFunc(func() { close(s.ready) })
	s.ctx, s.stop = context.WithCancel(context.Background())
	if s.lock, err = lock(dir); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, search); err != nil {
		s.release()
		return nil, err
	}
	go s.supervise()
	if err := s.awaitFirst(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// prepare does all that comes before the first postmaster.
func (s *Server) prepare(ctx context.Context, search []string) (err error) {
	if err = stopOrphan(ctx, s.data); err != nil {
		return err
	}
	if s.binary, err = find(ctx, search, s.data); err != nil {
		return err
	}
	if s.account, err = chooseAccount(s.dir, s.data, s.binary); err != nil {
		return err
	}
	if s.log, err = openLog(filepath.Join(s.dir, "postgres.log")); err != nil {
		return err
	}
	if s.created, err = s.initialize(ctx); err != nil {
		return err
	}
	s.socket, err = s.makeSocketDir()
	return err
}

func (s *Server) awaitFirst(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		return s.err
	case <-ctx.Done():
		s.stop()
		<-s.done
		return fmt.Errorf("starting PostgreSQL in %s: %w", s.dir, ctx.Err())
	}
}

// URL is how pgx reaches a database as a user; no password is asked for.
func (s *Server) URL(user, database string) string { return socketURL(s.socket, user, database) }

func socketURL(socket, user, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database}
	u.RawQuery = url.Values{"host": {socket}, "port": {port}}.Encode()
	return u.String()
}

// Exists tells whether dir has a cluster, which Start would make otherwise.
func Exists(dir string) bool {
	major, err := clusterMajor(filepath.Join(dir, "postgres"))
	return err != nil || major > 0
}

// RunningURL is [Server.URL] of the PostgreSQL that another process runs in dir (Start says [ErrInUse] then). It waits
// until that one answers, or until ctx ends.
func RunningURL(ctx context.Context, dir, user, database string) (string, error) {
	data := filepath.Join(dir, "postgres")
	for {
		if lines := pidFileLines(data); len(lines) >= 8 && lines[7] == "ready" {
			return socketURL(lines[4], user, database), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("PostgreSQL in %s belongs to another process and is not ready: %w", dir, ctx.Err())
		case <-time.After(poll):
		}
	}
}

// Command prepares another program to run as PostgreSQL's account does: as root is not, and with none of our secrets.
func (s *Server) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return s.account.command(ctx, s.dir, name, args...)
}

// Created says whether this start made the cluster.
func (s *Server) Created() bool { return s.created }

// Done is closed when PostgreSQL has ended for good: after Stop, or when it could not be restarted (see Err).
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says why PostgreSQL ended, once Done is closed; nil after Stop.
func (s *Server) Err() error { return s.err }

// Stop shuts PostgreSQL down: transactions in progress are rolled back, everything committed is on disk. When ctx ends
// first the shutdown goes on by itself, and the next Start waits for it.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return fmt.Errorf("PostgreSQL in %s is still shutting down: %w", s.dir, ctx.Err())
	}
}

// release gives dir back.
func (s *Server) release() {
	if s.socket != "" {
		os.RemoveAll(s.socket)
	}
	if s.log != nil {
		s.log.Close()
	}
	s.lock.Close()
}

// shutdown is the signal that ends a postmaster: fast for a cluster to keep, immediate for one to throw away.
func (s *Server) shutdown() syscall.Signal {
	if s.options.Throwaway {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}
