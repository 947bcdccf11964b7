package audit_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		return migrate.Run(ctx, admin, files, func(string) {})
	})
}

// connect gives a superuser's connection to a database of this test's own.
func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.Database(t).URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// exec runs a script of constant text.
func exec(t *testing.T, conn *pgx.Conn, script string) {
	t.Helper()
	_, err := conn.PgConn().Exec(t.Context(), script).ReadAll()
	require.NoError(t, err, script)
}

// expected is what policies/ says.
func expected(t *testing.T) *audit.Saved {
	t.Helper()
	saved, err := audit.Expected(os.DirFS("../../policies"))
	require.NoError(t, err)
	return saved
}
