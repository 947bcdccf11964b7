package postgrestest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Tables is a setup for [Main] that makes the tables of sql/ without policies: what is tested then is the conditions of the
// statements themselves. The package is two folders below the top.
func Tables(ctx context.Context, admin *pgx.Conn) error {
	files, err := filepath.Glob("../../sql/0*.sql")
	if err != nil {
		return err
	}
	for _, name := range append([]string{"../../sql/roles.sql"}, files...) {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		up, _, _ := strings.Cut(string(text), "---- create above")
		if _, err := admin.PgConn().Exec(ctx, up).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}

// Unreferenced opens a database of its own in which chunks can be stored without users, organizations and datasets.
func Unreferenced(t testing.TB, settings ...string) *pgx.Conn {
	conn, err := pgx.Connect(t.Context(), Database(t).URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	for _, setting := range append(settings, "session_replication_role = replica", "jit = off", "max_parallel_workers_per_gather = 0",
		"timezone = 'America/New_York'", "datestyle = 'German'") { // answers must not depend on the last two
		_, err = conn.Exec(t.Context(), "set "+setting)
		require.NoError(t, err)
	}
	return conn
}
