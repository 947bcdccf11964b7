package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/token"
)

func TestKeysAreListedRotatedAndRevoked(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DATA_DIR", dir)
	path := filepath.Join(dir, "keys.json")
	keys := func(args ...string) int { return Main(append([]string{"keys"}, args...), migrate.Files{}) }
	require.Equal(t, 1, keys("rotate"), "there are none to rotate, and none are made in what may be the wrong directory")
	require.NoFileExists(t, path)

	_, err := token.LoadOrCreate(path)
	require.NoError(t, err)
	for _, args := range [][]string{{}, {"rotated"}, {"rotate", "now"}} {
		require.Equal(t, 2, keys(args...))
	}
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 0, keys("list"))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)

	require.Equal(t, 0, keys("rotate"))
	listed, err := token.List(path)
	require.NoError(t, err)
	require.Equal(t, token.Retiring, listed[0].State)
	require.Equal(t, 0, keys("revoke"))
	listed, err = token.List(path)
	require.NoError(t, err)
	require.Equal(t, token.Revoked, listed[0].State)
}
