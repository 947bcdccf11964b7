package migrate

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// pooled connects through a pgbouncer, as the server does for its check.
func pooled(t *testing.T, user string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(postgrestest.Database(t).PgBouncer(t, user, 2))
	require.NoError(t, err)
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestADatabaseIsCheckedThroughPgBouncer(t *testing.T) {
	require.NoError(t, Check(t.Context(), pooled(t, "insightforge"), files, false))
}

func TestMigratingThroughPgBouncerIsRefused(t *testing.T) {
	require.ErrorContains(t, Run(t.Context(), pooled(t, "postgres"), files, func(string) {}), "this is a pooler")
}
