package postgres

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// asRoot is the account expected of root; everybody else runs postgres as themselves.
func asRoot(name string) string {
	if os.Geteuid() != 0 {
		return "this account"
	}
	return name
}

func TestRootBecomesTheUserPostgresWhereThatCanReachTheDirectory(t *testing.T) {
	t.Parallel()
	s := mustStart(t, reachable(t))
	require.Equal(t, asRoot("user postgres"), s.account.name)
	write(t, s)
	requireKept(t, s)
}

func TestRootUsesAUserNamespaceWhereTheUserPostgresCannotReachTheDirectory(t *testing.T) {
	t.Parallel()
	s := mustStart(t, private(t))
	require.Equal(t, asRoot("user namespace"), s.account.name)
	write(t, s)
	requireKept(t, s)
}

func TestADirectoryStaysUsableWhenItsParentsAreClosedAndOpened(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := mustStart(t, dir)
	write(t, s)
	for _, mode := range []os.FileMode{0o700, 0o755} {
		require.NoError(t, s.Stop(t.Context()))
		require.NoError(t, os.Chmod(filepath.Dir(dir), mode))
		s = mustStart(t, dir)
		require.Equal(t, asRoot("user namespace"), s.account.name, "once the directory is ours it stays so")
		requireKept(t, s)
	}
}

func TestOurEnvironmentsSecretsAreNotPassedOn(t *testing.T) {
	t.Parallel()
	conn := connect(t, mustStart(t, private(t)))
	_, err := conn.Exec(t.Context(), "create temporary table environment (line text); copy environment from program 'env'")
	require.NoError(t, err)
	var environment string
	require.NoError(t, conn.QueryRow(t.Context(), "select string_agg(line, ' ') from environment").Scan(&environment))
	require.Contains(t, environment, "TZ=UTC")
	require.NotContains(t, environment, "INSIGHTFORGE_TEST_SECRET")
}
