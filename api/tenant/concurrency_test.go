package tenant

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// TestManyTenantsOnFewConnections: 32 callers of 8 organizations on 4 connections play 50,000 transactions (5,000 under
// the race detector), see [crowd]. Whatever happens to a transaction, nobody reads another organization's row, and no
// connection comes back with anything of its caller: each is looked at when it is given back, and the pool at the end.
func TestManyTenantsOnFewConnections(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	cfg, err := configure(database.URL("insightforge"), Options{MaxConns: 4})
	require.NoError(t, err)
	newCrowd(t, database, cfg).play(t)
}

// TestALeftoverIsSeen: the look at a connection that is given back finds what the product never leaves.
func TestALeftoverIsSeen(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	conn, err := db.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	require.NoError(t, leftover(t.Context(), conn.Conn()))
	for _, set := range []string{"role = insightforge_user", "jit = off", "plan_cache_mode = force_generic_plan"} {
		_, err = conn.Exec(t.Context(), "set "+set)
		require.NoError(t, err)
		require.ErrorIs(t, leftover(t.Context(), conn.Conn()), errLeftover, set)
		_, err = conn.Exec(t.Context(), "reset all; reset role")
		require.NoError(t, err)
		require.NoError(t, leftover(t.Context(), conn.Conn()))
	}
	_, err = conn.Exec(t.Context(), "set app.org_id = 'x'")
	require.NoError(t, err)
	require.ErrorIs(t, leftover(t.Context(), conn.Conn()), errLeftover)
}
