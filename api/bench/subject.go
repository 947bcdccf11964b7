package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// subject is the server that is measured, a person who uses it, and its database from below.
type subject struct {
	*server
	*client
	admin *pgx.Conn // as the superuser
	bin   string    // PostgreSQL's programs
}

func newSubject(ctx context.Context, dataDir string) (_ *subject, err error) {
	say("starting a server in %s", dataDir)
	s := &subject{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.server, err = start(ctx, dataDir); err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	// The server's own connections log parameters from their next start on: see captured.
	if _, err := s.admin.Exec(ctx, "alter database insightforge set log_error_verbosity = 'default'; create schema bench"); err != nil {
		return nil, err
	}
	if err := s.restart(ctx); err != nil {
		return nil, err
	}
	s.client, err = register(ctx, s.server.addr)
	return s, err
}

func (s *subject) connect(ctx context.Context) error {
	url, err := s.databaseURL("postgres")
	if err != nil {
		return err
	}
	if s.admin, err = pgx.Connect(ctx, url); err != nil {
		return err
	}
	return s.admin.QueryRow(ctx, "select setting from pg_config where name = 'BINDIR'").Scan(&s.bin)
}

// restart gives a new process, whose peak of memory is its own.
func (s *subject) restart(ctx context.Context) (err error) {
	_ = s.admin.Close(ctx)
	if err := s.stop(); err != nil {
		return err
	}
	if s.server, err = start(ctx, s.dataDir); err != nil {
		return err
	}
	if s.client != nil {
		s.client.addr = s.server.addr
	}
	return s.connect(ctx)
}

// close stops the server; what it leaves behind is the run's to remove.
func (s *subject) close() {
	if s == nil {
		return
	}
	if s.admin != nil {
		_ = s.admin.Close(context.Background())
	}
	if s.server != nil {
		if err := s.stop(); err != nil {
			say("%v", err)
		}
	}
}

// settle writes what is still to be written, so that the next sample does not pay for the last.
func (s *subject) settle(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, "vacuum analyze")
	if err == nil {
		_, err = s.admin.Exec(ctx, "checkpoint")
	}
	return err
}

// tool runs one of PostgreSQL's programs on the server's database and returns what it wrote.
func (s *subject) tool(ctx context.Context, user, name string, args ...string) (string, error) {
	url, err := s.databaseURL(user)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.bin, name)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s is missing: install PostgreSQL's client programs (%s)", path, name)
	}
	out, err := exec.CommandContext(ctx, path, append(args, url)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), nil
}
