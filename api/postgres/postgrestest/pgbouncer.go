package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var bouncers atomic.Int32

// PgBouncer puts a pgbouncer in transaction mode in front of the database, with so many connections to it, and returns
// how pgx reaches it as a user. It ends with the test, or with the process. Where pgbouncer is not installed the test is
// skipped; it fails instead where the environment says CI.
func (db DB) PgBouncer(t testing.TB, user string, connections int) string {
	t.Helper()
	binary, err := findPgBouncer()
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("postgrestest: CI is set, and %v", err)
	}
	if err != nil {
		t.Skip(err)
	}
	address, _ := url.Parse(db.URL(user))
	query := address.Query()
	socket, port := query.Get("host"), fmt.Sprint(6432+bouncers.Add(1))
	file := filepath.Join(socket, "pgbouncer."+port+".ini") // a directory that PostgreSQL's account may enter
	settings := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s\n[pgbouncer]\nunix_socket_dir=%[2]s\nlisten_port=%[5]s\n"+
		"auth_type=any\npool_mode=transaction\ndefault_pool_size=%[6]d\nserver_login_retry=1\n",
		db.Name, socket, query.Get("port"), user, port, connections)
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	query.Set("port", port)
	address.RawQuery = query.Encode()
	startPgBouncer(t, binary, file)
	await(t, address.String())
	return address.String()
}

// findPgBouncer looks in PATH and where Debian puts it.
func findPgBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("pgbouncer is not installed")
}

// startPgBouncer runs it as PostgreSQL's account, because it refuses root, below a shell that ends it when the test
// does, or this process: the shell's standard input ends then.
func startPgBouncer(t testing.TB, binary, file string) {
	t.Helper()
	shell := server.Command(context.Background(), "/bin/sh", "-c", `"$0" "$1" & cat; kill $!; wait`, binary, file)
	var log bytes.Buffer
	shell.Stderr = &log
	stdin, err := shell.StdinPipe()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	if err := shell.Start(); err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := shell.Wait(); err != nil || t.Failed() {
			t.Logf("pgbouncer ended: %v\n%s", err, log.Bytes())
		}
	})
}

// await waits until pgbouncer answers.
func await(t testing.TB, url string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := pgconn.Connect(t.Context(), url)
		if err == nil {
			conn.Close(t.Context())
			return
		}
		if time.Now().After(end) {
			t.Fatalf("postgrestest: pgbouncer does not answer: %v", err)
		}
	}
}
