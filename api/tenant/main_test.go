package tenant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// organizations of the tests; each has an OWNER and three datasets that are named after it.
const organizations = 8

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		if err := admin.QueryRow(ctx, selectContext).Scan(&untouched); err != nil {
			return err
		}
		if err := migrate.Run(ctx, admin, files, func(string) {}); err != nil {
			return err
		}
		_, err := admin.Exec(ctx, fmt.Sprintf(`
			create temp table n as select i, lpad(to_hex(i), 32, '0')::uuid as person, lpad(to_hex(i), 32, 'f')::uuid as org from generate_series(1, %d) i;
			insert into app.users (id, email, full_name, password_hash) select person, i || '@example.com', i, 'x' from n;
			insert into app.organizations (id, name, created_by) select org, 'org ' || i, person from n;
			insert into app.memberships (org_id, user_id, role, full_name) select org, person, 'OWNER', i from n;
			insert into app.datasets (org_id, id, name, created_by) select org, gen_random_uuid(), 'org ' || i, person from n, generate_series(1, 3);
			insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at)
			  select org, gen_random_uuid(), person, 'person', person, 'OWNER', 'x', 'OWNER', 'hash ' || i, now() + interval '1 day' from n;
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

// key is an OWNER's key of the n-th organization.
func key(n int) Caller { return Key(fmt.Sprint("hash ", n), org(n)) }

// open is a pool of one connection, unless opt says otherwise.
func open(t *testing.T, database postgrestest.DB, opt Options) *DB {
	t.Helper()
	if opt.MaxConns == 0 {
		opt.MaxConns = 1
	}
	cfg, err := configure(database.URL("insightforge"), opt)
	require.NoError(t, err)
	return openConfig(t, cfg)
}

func openConfig(t *testing.T, cfg *pgxpool.Config) *DB {
	t.Helper()
	db, err := openPool(t.Context(), cfg)
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
		require.NoError(t, leftover(t.Context(), conn.Conn()))
		var set string
		require.NoError(t, conn.QueryRow(t.Context(), selectSet).Scan(&set))
		require.Empty(t, set)
	}
}

// selectSet names every setting of PostgreSQL's own that was changed since the connection was made; pgbouncer changes one.
const selectSet = `select coalesce(string_agg(name, ', '), '') from pg_settings where source = 'session' and name <> 'application_name'`

// selectContext is what a transaction changes: the role, the variables, and settings.
const selectContext = `select concat_ws(' ', current_user = session_user,
	'app=' || concat(current_setting('app.user_id', true), current_setting('app.org_id', true), current_setting('app.role', true),
	  current_setting('app.subject', true), current_setting('app.org_ids', true)),
	current_setting('jit'), current_setting('max_parallel_workers_per_gather'), current_setting('enable_sort'), current_setting('work_mem'),
	current_setting('statement_timeout'), current_setting('plan_cache_mode'), current_setting('row_security'), current_setting('role'),
	current_setting('transaction_isolation'))`

// untouched is the context of a connection on which nothing has happened yet.
var untouched string

// leftover says what an earlier transaction left on a connection.
func leftover(ctx context.Context, conn *pgx.Conn) error {
	var left string
	if err := conn.QueryRow(ctx, selectContext).Scan(&left); err != nil {
		return err
	}
	if left != untouched {
		return fmt.Errorf("%w: %s, not %s", errLeftover, left, untouched)
	}
	return nil
}

var errLeftover = errors.New("left on a connection")

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
