package tenant

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// organizations of the tests; each has an OWNER and three datasets that are named after it.
const organizations = 8

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		if err := migrate.Run(ctx, admin, files, func(string) {}); err != nil {
			return err
		}
		_, err := admin.Exec(ctx, fmt.Sprintf(`
			create temp table n as select i, lpad(to_hex(i), 32, '0')::uuid as person, lpad(to_hex(i), 32, 'f')::uuid as org from generate_series(1, %d) i;
			insert into app.users (id, email, full_name, password_hash) select person, i || '@example.com', i, 'x' from n;
			insert into app.organizations (id, name, created_by) select org, 'org ' || i, person from n;
			insert into app.memberships (org_id, user_id, role, full_name) select org, person, 'OWNER', i from n;
			insert into app.datasets (org_id, id, name, created_by) select org, gen_random_uuid(), 'org ' || i, person from n, generate_series(1, 3);
			drop table n`, organizations))
		return err
	})
}

// person and org are the n-th user and organization, from 1.
func person(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("%032x", n)) }

func org(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("ffffffffffffffffffffffffffffffff%x", n)[1:33])
}

// owner is the OWNER of the n-th organization.
func owner(n int) Caller { return Member(person(n), org(n)) }

// open is a pool of one connection, unless opt says otherwise.
func open(t *testing.T, database postgrestest.DB, opt Options) *DB {
	t.Helper()
	if opt.MaxConns == 0 {
		opt.MaxConns = 1
	}
	db, err := Open(t.Context(), database.URL("insightforge"), opt)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func connect(t *testing.T, database postgrestest.DB) *pgx.Conn {
	t.Helper()
	admin, err := pgx.Connect(t.Context(), database.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { admin.Close(context.Background()) })
	return admin
}

// requireClean takes every connection of the pool and finds nothing of an earlier caller on any.
func requireClean(t *testing.T, db *DB) {
	t.Helper()
	for range db.pool.Config().MaxConns {
		conn, err := db.pool.Acquire(t.Context())
		require.NoError(t, err)
		defer conn.Release()
		require.Equal(t, byte('I'), conn.Conn().PgConn().TxStatus())
		var own bool
		var variables string
		require.NoError(t, conn.QueryRow(t.Context(), `select current_user = session_user,
			(select concat(current_setting('app.user_id', true), current_setting('app.org_id', true), current_setting('app.role', true),
			  current_setting('app.subject', true), current_setting('app.org_ids', true)))`).Scan(&own, &variables))
		require.True(t, own, "a role is left")
		require.Empty(t, variables, "a variable is left")
	}
}

// dataset is a row of app.datasets.
type dataset struct {
	Name string
}

const (
	selectDatasets = "select name from app.datasets"
	insertDataset  = "insert into app.datasets (org_id, id, name, created_by) values ($1, $2, $3, $4)"
)

func requireCode(t *testing.T, code string, err error) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, code, pg.Code)
}

func count(t *testing.T, admin *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, admin.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}
