package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/internal/scratch"
)

const holdVariable = "POSTGRES_TEST_HOLD"

// TestMain also is the process that tests kill: with a directory in its environment it starts PostgreSQL there and
// stays until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(holdVariable); dir != "" {
		hold(dir)
	}
	os.Setenv("INSIGHTFORGE_TEST_SECRET", "do not pass on")
	os.Exit(m.Run())
}

func hold(dir string) {
	s, err := Start(context.Background(), dir, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(readPidFile(s.data).pid)
	select {}
}

// startHolder runs another process of ours that holds dir, and gives the postmaster's process id.
func startHolder(t *testing.T, dir string) (holder *exec.Cmd, postmaster int) {
	holder = exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdVariable+"="+dir)
	out, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	t.Cleanup(func() {
		holder.Process.Kill()
		holder.Wait()
		require.NoError(t, stopOrphan(context.Background(), filepath.Join(dir, "postgres")))
	})
	_, err = fmt.Fscanln(out, &postmaster)
	require.NoError(t, err)
	return holder, postmaster
}

// reachable is a new directory below parents that every user can pass.
func reachable(t *testing.T) string {
	dir, err := os.MkdirTemp(scratch.Dir(), "insightforge-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "data")
}

// private is a new directory below one that only this account can pass.
func private(t *testing.T) string {
	dir := reachable(t)
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o700))
	return dir
}

func mustStart(t *testing.T, dir string) *Server {
	s, err := Start(t.Context(), dir, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

func connect(t *testing.T, s *Server) *pgx.Conn {
	conn, err := pgx.Connect(t.Context(), s.URL("postgres", "postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// write commits a row that read finds.
func write(t *testing.T, s *Server) {
	_, err := connect(t, s).Exec(t.Context(), "create table kept as select 42 as n")
	require.NoError(t, err)
}

func requireKept(t *testing.T, s *Server) {
	t.Helper()
	var n int
	require.NoError(t, connect(t, s).QueryRow(t.Context(), "select n from kept").Scan(&n))
	require.Equal(t, 42, n)
}
