package cli

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

const anOrganization = "01900000-0000-7000-8000-000000000001"

// plantOrganization is one with the default quotas.
func plantOrganization(t *testing.T, conn *pgx.Conn) {
	exec(t, conn, `insert into app.users (id, email, full_name, password_hash) values ('01900000-0000-7000-8000-000000000002', 'ada@example.com', 'Ada', '');
		insert into app.organizations (id, name, created_by) values ('`+anOrganization+`', 'Acme', '01900000-0000-7000-8000-000000000002');
		insert into app.quotas (org_id) values ('`+anOrganization+`')`)
}

func limitsOf(t *testing.T, conn *pgx.Conn) (limits []int64) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "select array[members, datasets, stored_bytes, questions_per_day] from app.quotas").Scan(&limits))
	return limits
}

func TestAnOperatorSetsTheLimitsThatAreGiven(t *testing.T) {
	db := postgrestest.Database(t)
	admin := connect(t, db.URL(superuser))
	plantOrganization(t, admin)
	t.Setenv("DATABASE_URL", db.URL(superuser))
	require.Equal(t, 0, Main([]string{"quota", anOrganization}, sqlFiles))
	require.Equal(t, []int64{1000, 1000, 100 << 30, 10000}, limitsOf(t, admin))
	require.Equal(t, 0, Main([]string{"quota", anOrganization, "--members", "7", "--stored-bytes=5000000000000"}, sqlFiles))
	require.Equal(t, []int64{7, 1000, 5000000000000, 10000}, limitsOf(t, admin))
	require.Equal(t, 0, Main([]string{"quota", anOrganization, "--datasets", "0", "--questions-per-day", "2147483647"}, sqlFiles))
	require.Equal(t, []int64{7, 0, 5000000000000, 2147483647}, limitsOf(t, admin))
}

func TestALimitIsNotSetWhereItCannotBe(t *testing.T) {
	db := postgrestest.Database(t)
	admin := connect(t, db.URL(superuser))
	plantOrganization(t, admin)
	t.Setenv("DATABASE_URL", db.URL(superuser))
	for _, args := range [][]string{{}, {"acme"}, {"--members", "1"}, {anOrganization, "--members"}, {anOrganization, "--members", "-1"},
		{anOrganization, "--members", "2147483648"}, {anOrganization, "--members", "many"}, {anOrganization, "now"}, {anOrganization, "--users", "1"}} {
		require.Equal(t, 2, Main(append([]string{"quota"}, args...), sqlFiles), args)
	}
	require.Equal(t, 0, Main([]string{"quota", "--help"}, sqlFiles))
	said := saidOnStderr(t, func() {
		require.Equal(t, 1, Main([]string{"quota", "01900000-0000-7000-8000-00000000000f", "--members", "1"}, sqlFiles))
	})
	require.Contains(t, said, "there is no organization")
	for _, user := range []string{"insightforge", "deployer", "stranger"} {
		t.Setenv("DATABASE_URL", db.URL(user))
		said := saidOnStderr(t, func() { require.Equal(t, 1, Main([]string{"quota", anOrganization, "--members", "1"}, sqlFiles)) })
		require.Contains(t, said, user+" is bound by the policies")
	}
	require.Equal(t, []int64{1000, 1000, 100 << 30, 10000}, limitsOf(t, admin))
}
