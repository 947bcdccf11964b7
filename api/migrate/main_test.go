package migrate

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

var files = Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}

// TestMain also creates the login roles that tests find wanting: roles are the cluster's, so each has its own.
func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		if err := Run(ctx, admin, files, func(string) {}); err != nil {
			return err
		}
		_, err := admin.Exec(ctx, `
			create role deployer login;
			grant insightforge_owner to deployer;
			create role stranger login;
			create role sound login noinherit;
			create role super login noinherit superuser;
			create role bypassing login noinherit bypassrls;
			create role inheriting login inherit;
			create role creating login noinherit createrole createdb;
			create role reading login noinherit;
			create role owning login noinherit;
			create role configured login noinherit;
			grant insightforge_auth, insightforge_user, insightforge_api, insightforge_key to sound, bypassing, inheriting, creating, reading, owning, configured;
			grant pg_read_all_data to reading;
			grant insightforge_owner to owning;
			alter role configured set app.role = 'OWNER'`)
		return err
	})
}

// connect connects to a database as a user.
func connect(t *testing.T, user, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(user, database))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// empty makes a database without anything in it, named after the test.
func empty(t *testing.T) (name string) {
	t.Helper()
	name = strings.ToLower(t.Name())
	admin := connect(t, "postgres", "postgres")
	_, err := admin.Exec(t.Context(), "create database "+name+" template template0")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "drop database "+name+" with (force)")
		require.NoError(t, err)
	})
	return name
}

func exec(t *testing.T, user, database, script string) {
	t.Helper()
	_, err := connect(t, user, database).PgConn().Exec(t.Context(), script).ReadAll()
	require.NoError(t, err)
}

// setUp runs sql/roles.sql, as the administrator does.
func setUp(t *testing.T, database string) {
	t.Helper()
	roles, err := os.ReadFile("../../sql/roles.sql")
	require.NoError(t, err)
	exec(t, "postgres", database, string(roles))
}

// steps runs the migration and returns what it said.
func steps(t *testing.T, user, database string) (said []string, err error) {
	t.Helper()
	err = Run(t.Context(), connect(t, user, database), files, func(line string) { said = append(said, line) })
	return said, err
}

func check(t *testing.T, user, database string) error {
	t.Helper()
	return Check(t.Context(), connect(t, user, database), files, false)
}
