package tenant

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// servers is how many connections the tests' pgbouncer has to the database.
const servers = 4

// TestManyTenantsThroughPgBouncer is TestManyTenantsOnFewConnections with a connection for each caller, to a pgbouncer
// in transaction mode which has 4 to the database: each transaction, and each look, meets another one.
func TestManyTenantsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	url := database.PgBouncer(t, "insightforge", servers) + "&default_query_exec_mode=cache_describe"
	cfg, err := configure(url, Options{MaxConns: int32(len(crowd{}.callers))})
	require.NoError(t, err)
	c := newCrowd(t, database, cfg)
	c.play(t)
	requireServersClean(t, c.db.pool)
}

// requireServersClean looks at all of pgbouncer's connections, each held by a transaction.
func requireServersClean(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	seen := map[int]bool{}
	for range servers {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		defer tx.Rollback(t.Context())
		require.NoError(t, leftover(t.Context(), tx.Conn()))
		var backend, named, cursors int
		require.NoError(t, tx.QueryRow(t.Context(), `select pg_backend_pid(), (select count(*) from pg_prepared_statements where name <> ''),
			(select count(*) from pg_cursors where is_holdable)`).Scan(&backend, &named, &cursors))
		require.Zero(t, named, "prepared statements left")
		require.Zero(t, cursors, "cursors left")
		seen[backend] = true
	}
	require.Len(t, seen, servers)
}

// TestTheDefaultModeIsRefusedBehindPgBouncer which does not keep prepared statements for its clients (before 1.21, or
// max_prepared_statements = 0): it would serve one request at a time and fail at the second connection.
func TestTheDefaultModeIsRefusedBehindPgBouncer(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t).PgBouncer(t, "insightforge", servers)
	for range 2 { // the first start, and another one
		_, err := Open(t.Context(), url, Options{MaxConns: 16})
		require.ErrorContains(t, err, "default_query_exec_mode=cache_describe")
	}
	for range 2 {
		db, err := Open(t.Context(), url+"&default_query_exec_mode=cache_describe", Options{MaxConns: 16})
		require.NoError(t, err)
		db.Close()
	}
}
