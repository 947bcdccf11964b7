package migrate

import (
	"net/url"
	"os"
	osexec "os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// TestTernReachesTheSameDatabase: what tern.conf tells DBAs to run, as a member of the owner. What is missing then is the
// note of what the database was made from, and migrating adds it.
func TestTernReachesTheSameDatabase(t *testing.T) {
	name := empty(t)
	setUp(t, name)
	runTern(t, name, "migrate", "--config", "tern.conf", "--migrations", "sql")
	runTern(t, name, "code", "install", "policies", "--config", "tern.conf")

	wrong, err := audit.Refusals(t.Context(), connect(t, "insightforge", name))
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.ErrorContains(t, check(t, "insightforge", name), "run `insightforge migrate`")
	said, err := steps(t, "deployer", name)
	require.NoError(t, err)
	require.Equal(t, []string{"policies: installing"}, said)
	require.NoError(t, check(t, "insightforge", name))
}

func runTern(t *testing.T, database string, args ...string) {
	t.Helper()
	u, err := url.Parse(postgrestest.URL("deployer", database))
	require.NoError(t, err)
	cmd := osexec.CommandContext(t.Context(), "go", append([]string{"tool", "tern"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "PGHOST="+u.Query().Get("host"), "PGPORT="+u.Query().Get("port"), "PGUSER=deployer", "PGDATABASE="+database,
		"PGOPTIONS=-c role=insightforge_owner")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
