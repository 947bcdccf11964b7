package postgres

import (
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

func TestNobodyElseReachesTheCluster(t *testing.T) {
	t.Parallel()
	s := mustStart(t, reachable(t))
	for _, dir := range []string{s.data, s.socket} {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), dir)
	}
	info, err := os.Stat(s.dir)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o067, "others nothing, the group at most passage")

	var addresses string
	require.NoError(t, connect(t, s).QueryRow(t.Context(), "show listen_addresses").Scan(&addresses))
	require.Empty(t, addresses)
}

func TestCommitsAreDurable(t *testing.T) {
	t.Parallel()
	conn := connect(t, mustStart(t, private(t)))
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		require.NoError(t, conn.QueryRow(t.Context(), "select current_setting($1)", setting).Scan(&value))
		require.Equal(t, "on", value, setting)
	}
}

func TestTheTerminalsInterruptReachesOnlyUs(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	group, err := syscall.Getpgid(readPidFile(s.data).pid)
	require.NoError(t, err)
	require.NotEqual(t, syscall.Getpgrp(), group)
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
	require.True(t, mustStart(t, dir).Created(), "the directory is free again")
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
