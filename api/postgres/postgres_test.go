package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSecondStartKeepsTheData(t *testing.T) {
	t.Parallel()
	dir := private(t)
	first := mustStart(t, dir)
	require.Equal(t, asRoot("user namespace"), first.account.name, "the user postgres cannot reach the directory")
	require.True(t, first.Created())
	write(t, first)
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Err())

	second := mustStart(t, dir)
	require.False(t, second.Created())
	requireKept(t, second)
}

func TestOneProcessUsesADirectoryAtATime(t *testing.T) {
	t.Parallel()
	dir := private(t)
	holder, _ := startHolder(t, dir)
	_, err := Start(t.Context(), dir, Options{})
	require.ErrorContains(t, err, dir+" is in use by process "+strconv.Itoa(holder.Process.Pid)+":")
}

func TestARunningServer(t *testing.T) {
	t.Parallel()
	s := mustStart(t, reachable(t))
	conn := connect(t, s)
	text := func(sql string) (value string) {
		require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value))
		return value
	}
	t.Run("as root, runs as the user postgres, who can reach the directory", func(t *testing.T) {
		require.Equal(t, asRoot("user postgres"), s.account.name)
	})
	t.Run("is reached by nobody else", func(t *testing.T) {
		require.Equal(t, os.FileMode(0o700), mode(t, s.data))
		require.Equal(t, os.FileMode(0o700), mode(t, s.socket))
		require.Zero(t, mode(t, s.dir)&0o067, "others nothing, the group at most passage")
		require.Empty(t, text("show listen_addresses"))
	})
	t.Run("keeps what is committed", func(t *testing.T) {
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			require.Equal(t, "on", text("show "+setting), setting)
		}
	})
	t.Run("does not get the terminal's interrupt", func(t *testing.T) {
		group, err := syscall.Getpgid(readPidFile(s.data).pid)
		require.NoError(t, err)
		require.NotEqual(t, syscall.Getpgrp(), group)
	})
	t.Run("does not get our environment's secrets", func(t *testing.T) {
		_, err := conn.Exec(t.Context(), "create temporary table environment (line text); copy environment from program 'env'")
		require.NoError(t, err)
		environment := text("select string_agg(line, ' ') from environment")
		require.Contains(t, environment, "TZ=UTC")
		require.NotContains(t, environment, "INSIGHTFORGE_TEST_SECRET")
	})
}

func mode(t *testing.T, path string) os.FileMode {
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestADirectoryWithALongPathWorks(t *testing.T) {
	t.Parallel()
	s := mustStart(t, filepath.Join(private(t), strings.Repeat("long", 30)))
	require.NotContains(t, s.socket, s.dir)
	write(t, s)
	requireKept(t, s)
	require.NoError(t, s.Stop(t.Context()))
	require.NoDirExists(t, s.socket)
}

func TestAnInterruptedInitdbIsStartedOver(t *testing.T) {
	t.Parallel()
	dir := private(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres.new"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres.new", "PG_VERSION"), []byte("15\n"), 0o600))
	require.True(t, mustStart(t, dir).Created())
}

func TestAFailedInitdbLeavesNoCluster(t *testing.T) {
	t.Parallel()
	dir, binaries := private(t), t.TempDir()
	fakeInstall(t, binaries, "postgres (PostgreSQL) 17.2")
	fake(t, filepath.Join(binaries, "initdb"), "echo no space left >&2; exit 1")
	require.NoError(t, os.Chmod(filepath.Dir(binaries), 0o755))
	_, err := start(t.Context(), dir, Options{}, []string{binaries})
	require.ErrorContains(t, err, "no space left")
	require.NoDirExists(t, filepath.Join(dir, "postgres"))
	released, err := lock(dir)
	require.NoError(t, err)
	released.Close()
}

func TestAStartThatIsCancelledLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := private(t)
	require.NoError(t, mustStart(t, dir).Stop(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx, dir, Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, readPidFile(filepath.Join(dir, "postgres")).pid)
	require.False(t, mustStart(t, dir).Created())
}

func TestTheLogIsEmptiedWhenItHasGrownTooLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgres.log")
	for _, c := range []struct{ size, want int64 }{{maxLog, maxLog}, {maxLog + 1, 0}} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, c.size))
		f, err := openLog(path)
		require.NoError(t, err)
		defer f.Close()
		info, err := f.Stat()
		require.NoError(t, err)
		require.Equal(t, c.want, info.Size())
	}
}
