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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var bouncers atomic.Int32

// PgBouncer puts a pgbouncer in transaction mode in front of the database, with so many connections to it, and returns
// how pgx reaches it as a user. It keeps no prepared statements for its clients, and ends with the test or this process.
// Where it is not installed the test is skipped, or fails if the environment says CI.
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
	port := fmt.Sprint(6432 + bouncers.Add(1))
	file := filepath.Join(query.Get("host"), "pgbouncer."+port+".ini") // a directory that PostgreSQL's account may enter
	settings := []string{
		"[databases]", fmt.Sprintf("%s = host=%s port=%s user=%s", db.Name, query.Get("host"), query.Get("port"), user),
		"[pgbouncer]", "unix_socket_dir=" + query.Get("host"), "listen_port=" + port, "pidfile=" + file + ".pid", "auth_type=any", "pool_mode=transaction",
		fmt.Sprint("default_pool_size=", connections), "server_login_retry=1", "log_connections=0", "log_disconnections=0", forgetful(binary),
	}
	if err := os.WriteFile(file, []byte(strings.Join(settings, "\n")), 0o644); err != nil {
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

// forgetful is the setting with which a pgbouncer that could keep prepared statements for its clients does not, like
// all before 1.21, which do not know the setting.
func forgetful(binary string) string {
	var major, minor int
	version, _ := exec.Command(binary, "--version").Output()
	if _, err := fmt.Sscanf(string(version), "PgBouncer %d.%d", &major, &minor); err == nil && major == 1 && minor < 21 {
		return ""
	}
	return "max_prepared_statements=0"
}

// startPgBouncer runs it as PostgreSQL's account, because it refuses root, and again when it ends by itself, as 1.18 can
// when a request is cancelled. A shell ends it when the test does, or this process: the shell's standard input ends then.
func startPgBouncer(t testing.TB, binary, file string) {
	t.Helper()
	const script = `while [ -e "$1" ]; do "$0" "$1"; sleep 0.1; done &
		cat
		exec 2>/dev/null # nobody reads it any more: a message would be our end
		read pid <"$1.pid" && rm "$1" && kill -9 $pid && wait
		kill -9 0`
	shell := server.Command(context.Background(), "/bin/sh", "-c", script, binary, file)
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
		_ = shell.Wait() // it kills itself
		if again := bytes.Count(log.Bytes(), []byte("process up")) - 1; t.Failed() || again != 0 {
			t.Logf("pgbouncer was started again %d times\n%s", again, log.Bytes())
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
