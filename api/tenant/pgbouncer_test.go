package tenant

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestManyTenantsThroughPgBouncer(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	cfg, err := configure(database.PgBouncer(t, "insightforge", 4)+"&default_query_exec_mode="+os.Getenv("MODE"), Options{MaxConns: 32})
	require.NoError(t, err)
	newCrowd(t, database, cfg).play(t)
}
