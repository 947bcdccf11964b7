// Package postgrestest gives the tests of a package one throwaway PostgreSQL, and each test a database of its own.
//
//	func TestMain(m *testing.M) { postgrestest.Main(m, migrateEverything) }
//
//	func TestSomething(t *testing.T) {
//		db := postgrestest.Database(t)
//		conn, err := pgx.Connect(t.Context(), db.URL("insightforge"))
package postgrestest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/insightforge/insightforge/api/postgres"
	"github.com/insightforge/insightforge/api/postgres/internal/scratch"
)

const template = "template"

var (
	server *postgres.Server
	admin  *pgxpool.Pool // superuser, for creating and dropping databases
	made   atomic.Int64
)

// DB is a database of one test.
type DB struct{ Name string }

// URL is how pgx reaches the database as a user; no password is asked for.
func (db DB) URL(user string) string { return URL(user, db.Name) }

// URL is how pgx reaches any database of the cluster as a user.
func URL(user, database string) string { return server.URL(user, database) }

// Main runs a package's tests on one throwaway cluster and exits. setup, nil for none, gets a superuser's connection
// to the database from which those of the tests are copied; roles that it creates are the whole cluster's. The cluster
// is gone when the tests end, however they end.
func Main(m *testing.M, setup func(ctx context.Context, admin *pgx.Conn) error) {
	code, err := run(m, setup)
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M, setup func(context.Context, *pgx.Conn) error) (int, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp(scratch.Dir(), "insightforge-test-")
	if err != nil {
		return 0, err
	}
	remove, err := removeAtEnd(dir)
	if err != nil {
		return 0, err
	}
	defer remove()
	if server, err = postgres.Start(ctx, dir, postgres.Options{Throwaway: true}); err != nil {
		return 0, err
	}
	defer server.Stop(ctx)
	if admin, err = pgxpool.New(ctx, URL("postgres", "postgres")); err != nil {
		return 0, err
	}
	defer admin.Close()
	if err := prepare(ctx, setup); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// removeAtEnd has a shell remove dir when this process ends, also by a panic or kill -9: its standard input ends then.
// remove makes it do so now, and waits.
func removeAtEnd(dir string) (remove func() error, err error) {
	const script = `cat; for i in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$0" 2>/dev/null && exit; sleep 0.2; done`
	shell := exec.Command("/bin/sh", "-c", script, dir)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	return func() error {
		stdin.Close()
		return shell.Wait()
	}, nil
}

// prepare makes the template. Nothing may connect to it afterwards, or it could not be copied.
func prepare(ctx context.Context, setup func(context.Context, *pgx.Conn) error) error {
	if _, err := admin.Exec(ctx, `create database "template"`); err != nil {
		return err
	}
	if err := fill(ctx, setup); err != nil {
		return err
	}
	_, err := admin.Exec(ctx, `alter database "template" allow_connections false`)
	return err
}

func fill(ctx context.Context, setup func(context.Context, *pgx.Conn) error) error {
	if setup == nil {
		return nil
	}
	conn, err := pgx.Connect(ctx, URL("postgres", template))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return setup(ctx, conn)
}

// Database makes a database for this test, a copy of what setup made, and drops it when the test ends.
func Database(t testing.TB) DB {
	t.Helper()
	readSQL()
	db := DB{Name: "test_" + strconv.FormatInt(made.Add(1), 10)}
	if _, err := admin.Exec(t.Context(), "create database "+db.Name+` template "template" strategy file_copy`); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	// A copy has not the privileges of the original database itself.
	if _, err := admin.Exec(t.Context(), "revoke create, temporary on database "+db.Name+" from public"); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "drop database "+db.Name+" with (force)"); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	return db
}

// readSQL opens the files in sql/ and policies/, so that `go test` takes no result from its cache after one has changed: it
// notices the files that tests open, and those that setup opens come before the tests.
var readSQL = sync.OnceFunc(func() {
	root, err := os.Getwd()
	for err == nil && root != filepath.Dir(root) {
		if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
			break
		}
		root = filepath.Dir(root)
	}
	for _, dir := range []string{"sql", "policies"} {
		paths, _ := filepath.Glob(filepath.Join(root, dir, "*.sql"))
		for _, path := range paths {
			_, _ = os.ReadFile(path)
		}
	}
})
