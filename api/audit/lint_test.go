package audit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
)

// withoutFault are the lints that no statement can provoke, each with the test that it has instead.
var withoutFault = map[string]string{
	"server_fixes":          "TestAttack_061_AnOutdatedServerIsNamed",
	"crosses_organizations": "TestARowOfAnotherOrganizationIsAFinding",
	"drift_grid":            "TestAnOutcomeThatIsNotExpectedIsAFinding",
}

// TestEachLintFindsItsFault: on the clean database there is nothing; a fault is found by its lint, by no other and once; the
// statement that the finding gives clears it. A fault is a file in testdata/faults: ID.sql, or ID.variant.sql for one more.
func TestEachLintFindsItsFault(t *testing.T) {
	t.Parallel()
	conn, want := connect(t), expected(t)
	require.Empty(t, findings(t, conn, want), "the clean database")
	paths, err := filepath.Glob("testdata/faults/*.sql")
	require.NoError(t, err)
	tried := map[string]bool{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		id, _, _ := strings.Cut(name, ".")
		tried[id] = true
		t.Run(name, func(t *testing.T) {
			object, fault := readFault(t, conn, path)
			exec(t, conn, "begin; set local search_path = pg_catalog; "+fault)
			defer exec(t, conn, "rollback")
			found := findings(t, conn, want)
			require.Len(t, found, 1)
			require.Equal(t, id, found[0].ID)
			require.Equal(t, object, found[0].Objects[0])
			require.Equal(t, audit.Lints[id].Level, found[0].Level)
			if found[0].Mend == "" {
				require.Equal(t, "audit_chain", id, "a finding that no statement clears")
				return
			}
			exec(t, conn, found[0].Mend)
			require.Empty(t, findings(t, conn, want), "after: %s", found[0].Mend)
		})
	}
	for id := range audit.Lints {
		require.NotEqual(t, tried[id], withoutFault[id] != "", id)
	}
}

// readFault gives the object that the finding is about, and the SQL.
func readFault(t *testing.T, conn *pgx.Conn, path string) (object, sql string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	header, sql, _ := strings.Cut(string(text), "\n")
	object, ok := strings.CutPrefix(header, "-- finds: ")
	require.True(t, ok)
	var database string
	require.NoError(t, conn.QueryRow(t.Context(), "select current_database()").Scan(&database))
	return strings.ReplaceAll(object, "{database}", database), sql
}

// findings are those of the catalog and of the grid, without what the server's version lacks.
func findings(t *testing.T, conn *pgx.Conn, want *audit.Saved) (found []audit.Finding) {
	t.Helper()
	r, err := audit.Look(t.Context(), conn, want)
	require.NoError(t, err)
	exec(t, conn, "begin") // inside one, a warning
	rows, err := audit.LookAtRows(t.Context(), conn)
	require.NoError(t, err)
	for _, f := range append(r.Findings, rows...) {
		if f.ID != "server_fixes" {
			found = append(found, f)
		}
	}
	return found
}
