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
