package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// Long enough for the slowest machine: tests wait for an event, not for a time.
const patience = 5 * time.Minute

func killPostmaster(t *testing.T, s *Server) (pid int) {
	pid = readPidFile(s.data).pid
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	return pid
}

func TestAKilledPostmasterIsRestartedWithItsData(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	pool, err := pgxpool.New(t.Context(), s.URL("postgres", "postgres"))
	require.NoError(t, err)
	defer pool.Close()
	write(t, s)
	for range maxFailures + 1 {
		killed := killPostmaster(t, s)
		require.Eventually(t, func() bool {
			_, err := pool.Exec(t.Context(), "select")
			return err == nil && readPidFile(s.data).pid != killed
		}, patience, poll)
	}
	requireKept(t, s)
}

func TestABusyBackendOfAKilledPostmasterDoesNotBlockTheNext(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	conn := connect(t, s)
	ended := make(chan error)
	go func() {
		_, err := conn.Exec(context.Background(), "select count(*) from generate_series(1, 1e12::bigint)")
		ended <- err
	}()
	require.Eventually(t, func() bool {
		var busy bool
		err := connect(t, s).QueryRow(t.Context(), "select exists (select from pg_stat_activity where query ~ '1e12' "+
			"and pid <> pg_backend_pid())").Scan(&busy)
		return err == nil && busy
	}, patience, poll)
	killed := killPostmaster(t, s)
	require.Error(t, <-ended)
	require.Eventually(t, func() bool { return readPidFile(s.data).pid != killed && s.answers() }, patience, poll)
}

func TestAPostmasterThatCannotStartIsGivenUp(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	write(t, s)
	path := filepath.Join(s.data, "postgresql.conf")
	settings, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("nonsense = on\n"), 0o600))
	killPostmaster(t, s)
	<-s.Done()
	require.ErrorContains(t, s.Err(), "does not start")
	require.ErrorContains(t, s.Err(), "postgresql.conf")
	require.ErrorContains(t, s.Stop(t.Context()), "does not start")

	require.NoError(t, os.WriteFile(path, settings, 0o600))
	requireKept(t, mustStart(t, s.dir))
}

func TestTheNextStartFollowsAKillOfOurProcess(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"reachable": reachable(t), "private": private(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holder, _ := startHolder(t, dir)
			require.NoError(t, holder.Process.Kill())
			holder.Wait()
			s := mustStart(t, dir)
			require.False(t, s.Created())
		})
	}
}

func TestAPostmasterLeftBehindIsStopped(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	write(t, s)
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.account.mkdir(s.socket))
	orphan := s.account.command(t.Context(), s.dir, s.binary.path("postgres"), "-D", s.data, "-k", s.socket, "-c", "listen_addresses=")
	require.NoError(t, orphan.Start())
	require.Eventually(t, func() bool { return readPidFile(s.data) == pidFile{orphan.Process.Pid, "ready"} }, patience, poll)
	ended := make(chan error)
	go func() { ended <- orphan.Wait() }()

	next := mustStart(t, s.dir)
	require.NoError(t, <-ended, "a clean shutdown")
	requireKept(t, next)
}

func TestAnotherProcessWithTheNumberOfADeadPostmasterIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := private(t)
	s := mustStart(t, dir)
	write(t, s)
	pidPath := filepath.Join(s.data, "postmaster.pid")
	text, err := os.ReadFile(pidPath)
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))

	other := s.account.command(t.Context(), dir, "sleep", "1000") // as the same user, or postgres would not mind it
	require.NoError(t, other.Start())
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	_, rest, _ := strings.Cut(string(text), "\n")
	require.NoError(t, os.WriteFile(pidPath, []byte(strconv.Itoa(other.Process.Pid)+"\n"+rest), 0o600))
	requireKept(t, mustStart(t, dir))
	require.Empty(t, ended)
}
