package policies

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

var update = flag.Bool("update", false, "write the golden files as the database answers now")

// TestGrid runs every command on every kind of row of every table as every kind of caller, and compares what happened
// with the golden files: grid.txt is for people, expected.json is what an audit compares a live database with.
func TestGrid(t *testing.T) {
	t.Parallel()
	r, err := audit.Run(t.Context(), connect(t, postgrestest.Database(t), superuser), audit.Options{})
	require.NoError(t, err)
	requireGolden(t, "testdata/grid.txt", r.Grid.Text())
	r.Major = 0 // one file for every major: 15 to 18 write these expressions alike
	saved, err := r.Saved.JSON()
	require.NoError(t, err)
	requireGolden(t, "expected.json", string(saved))
}

// requireGolden compares with a file, or writes it.
func requireGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if this is meant: go test ./policies -update, and read the difference")
}
