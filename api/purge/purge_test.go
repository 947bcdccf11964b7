package purge_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/purge"
)

// The database has the rows of api/audit/planted.sql, and an event of each organization. omega was deleted 31 days ago, delta 29.
func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		if err := migrate.Run(ctx, admin, files, func(string) {}); err != nil {
			return err
		}
		planted, err := os.ReadFile("../audit/planted.sql")
		if err != nil {
			return err
		}
		_, err = admin.Exec(ctx, strings.ReplaceAll(string(planted), "{salt}", "")+`; create role deployer login; create role bypassing login bypassrls;
			grant insightforge_owner to deployer, bypassing;
			insert into app.audit_events (org_id, id, actor_id, action, request_id, address)
			select id, gen_random_uuid(), created_by, 'organization.deleted', '', '' from app.organizations`)
		return err
	})
}

func connect(t *testing.T, db postgrestest.DB, user string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL(user))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, script string) {
	t.Helper()
	_, err := conn.PgConn().Exec(t.Context(), script).ReadAll()
	require.NoError(t, err, script)
}

// organization is the id of the one with this name.
func organization(t *testing.T, admin *pgx.Conn, name string) (id uuid.UUID) {
	t.Helper()
	require.NoError(t, admin.QueryRow(t.Context(), "select id from app.organizations where name = $1", name).Scan(&id))
	return id
}

func deletedAgo(t *testing.T, admin *pgx.Conn, name, interval string) {
	t.Helper()
	exec(t, admin, "update app.organizations set deleted_at = now() - interval '"+interval+"' where name = '"+name+"'")
}

// mentions are the tables of schema app that have rows with this text anywhere in them, and how many.
func mentions(t *testing.T, admin *pgx.Conn, text string) map[string]int64 {
	t.Helper()
	rows, err := admin.Query(t.Context(), "select format('%I.%I', 'app', relname) from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'p', 'm')")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	found := map[string]int64{}
	for _, table := range tables {
		var n int64
		require.NoError(t, admin.QueryRow(t.Context(), "select count(*) from "+table+" t where t::text like '%' || $1 || '%'", text).Scan(&n))
		if n > 0 {
			found[table] = n
		}
	}
	return found
}

// rows are all that there are.
func rows(t *testing.T, admin *pgx.Conn) map[string]int64 {
	t.Helper()
	return mentions(t, admin, "")
}

// TestNoRowOfAPurgedOrganizationIsLeftAnywhere, in tables that were made later neither, and each is reported; of the other
// organizations and of the people nothing is removed.
func TestNoRowOfAPurgedOrganizationIsLeftAnywhere(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), "postgres")
	exec(t, admin, `create table app.later (org_id uuid not null, dataset_id uuid not null, foreign key (org_id, dataset_id) references app.datasets);
		create table app."Even Later" (org_id uuid not null references app.organizations);
		insert into app.later select org_id, id from app.datasets; insert into app."Even Later" select id from app.organizations`)
	acme, others := organization(t, admin, "acme"), map[string]map[string]int64{"@example.com": mentions(t, admin, "@example.com")}
	for _, name := range []string{"beta", "gamma", "delta"} {
		id := organization(t, admin, name).String()
		others[id] = mentions(t, admin, id)
	}
	of := mentions(t, admin, acme.String())
	var tenantTables int
	require.NoError(t, admin.QueryRow(t.Context(), `select count(distinct attrelid) from pg_attribute a join pg_class c on c.oid = a.attrelid
		where relnamespace = 'app'::regnamespace and relkind = 'r' and attname = 'org_id'`).Scan(&tenantTables))
	require.Len(t, of, tenantTables+1, "acme has rows in every table of organizations: plant some in a new one")
	deletedAgo(t, admin, "acme", "30 days")

	r, err := purge.Run(t.Context(), admin, purge.Options{Organization: &acme})
	require.NoError(t, err)
	require.Empty(t, mentions(t, admin, acme.String()))
	delete(others["@example.com"], "app.invitations") // theirs are not people's
	for text, before := range others {
		after := mentions(t, admin, text)
		for table, n := range before {
			require.Equal(t, n, after[table], "%s in %s", text, table)
		}
	}
	require.Len(t, r.Organizations, 1, "omega was due, and not named")
	require.Equal(t, []any{acme, "acme", "acme"}, []any{r.Organizations[0].ID, r.Organizations[0].Name, r.Organizations[0].Slug})
	reported := map[string]int64{}
	for _, table := range r.Organizations[0].Tables {
		reported[table.Name] = table.Rows
	}
	require.Equal(t, of, reported)
}

func TestWhatIsNotDueStays(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), "postgres")
	deletedAgo(t, admin, "omega", "29 days 23 hours 59 minutes")
	before := rows(t, admin)
	r, err := purge.Run(t.Context(), admin, purge.Options{})
	require.NoError(t, err)
	require.Empty(t, r.Organizations)
	for name, why := range map[string]string{"acme": "is not deleted", "delta": "can be restored until", "omega": "can be restored until"} {
		id := organization(t, admin, name)
		_, err := purge.Run(t.Context(), admin, purge.Options{Organization: &id})
		require.ErrorContains(t, err, why)
	}
	nothing := uuid.New()
	_, err = purge.Run(t.Context(), admin, purge.Options{Organization: &nothing})
	require.ErrorContains(t, err, "there is no organization "+nothing.String())
	require.Equal(t, before, rows(t, admin))
}

func TestADryRunCountsWhatIsRemovedThen(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), "postgres")
	deletedAgo(t, admin, "beta", "32 days")
	before := rows(t, admin)
	dry, err := purge.Run(t.Context(), admin, purge.Options{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, before, rows(t, admin))
	r, err := purge.Run(t.Context(), admin, purge.Options{})
	require.NoError(t, err)
	require.Equal(t, dry.Organizations, r.Organizations)
	require.Equal(t, []string{"beta", "omega"}, []string{r.Organizations[0].Name, r.Organizations[1].Name}, "the one that was deleted first")
}

func TestAUserWhomThePoliciesBindPurgesNothing(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin := connect(t, db, "postgres")
	before := rows(t, admin)
	for _, user := range []string{"deployer", "insightforge"} {
		_, err := purge.Run(t.Context(), connect(t, db, user), purge.Options{})
		require.ErrorIs(t, err, purge.ErrNotAllowed)
	}
	require.Equal(t, before, rows(t, admin))
	r, err := purge.Run(t.Context(), connect(t, db, "bypassing"), purge.Options{})
	require.NoError(t, err)
	require.Len(t, r.Organizations, 1)
}

func TestAnOrganizationThatCannotBePurgedStaysWhole(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), "postgres")
	exec(t, admin, "create table app.foreign_rows (organization uuid references app.organizations); insert into app.foreign_rows select id from app.organizations where name = 'omega'")
	before := rows(t, admin)
	_, err := purge.Run(t.Context(), admin, purge.Options{})
	require.ErrorContains(t, err, "nothing of it was removed")
	require.Equal(t, before, rows(t, admin))
}

// restoring is a transaction of omega's OWNER that began a microsecond before the 30 days were over; a purge that begins now is one
// after they were.
func restoring(t *testing.T, db postgrestest.DB, admin *pgx.Conn) (conn *pgx.Conn, restore string) {
	conn = connect(t, db, "insightforge")
	exec(t, conn, "begin")
	var began time.Time
	require.NoError(t, conn.QueryRow(t.Context(), "select now()").Scan(&began))
	omega := organization(t, admin, "omega")
	_, err := admin.Exec(t.Context(), "update app.organizations set deleted_at = $2::timestamptz - interval '30 days' + interval '1 microsecond' where id = $1", omega, began)
	require.NoError(t, err)
	var owner uuid.UUID
	require.NoError(t, admin.QueryRow(t.Context(), "select user_id from app.memberships where org_id = $1 and role = 'OWNER'", omega).Scan(&owner))
	return conn, "select app.begin_restoration('" + owner.String() + "', '" + omega.String() + "')"
}

// waiting until so many sessions of the database wait for others.
func waiting(t *testing.T, admin *pgx.Conn, sessions int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := admin.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`).Scan(&n)
		return err == nil && n == sessions
	}, 10*time.Second, time.Millisecond)
}

func purging(t *testing.T, db postgrestest.DB) <-chan []purge.Organization {
	done, conn := make(chan []purge.Organization, 1), connect(t, db, "postgres")
	go func() {
		r, err := purge.Run(t.Context(), conn, purge.Options{})
		if err != nil {
			t.Error(err)
		}
		done <- r.Organizations
	}()
	return done
}

func TestAPurgeThatWaitsForARestorationRemovesNothing(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin := connect(t, db, "postgres")
	conn, restore := restoring(t, db, admin)
	before := rows(t, admin)
	exec(t, conn, restore)
	done := purging(t, db)
	waiting(t, admin, 1)
	exec(t, conn, "commit")
	require.Empty(t, <-done)
	require.Equal(t, before, rows(t, admin))
}

func TestARestorationThatWaitsForAPurgeRestoresNothing(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, holding := connect(t, db, "postgres"), connect(t, db, "postgres")
	conn, restore := restoring(t, db, admin)
	omega := organization(t, admin, "omega")
	exec(t, holding, "begin; select from app.memberships for update") // the purge waits here, halfway
	done := purging(t, db)
	waiting(t, admin, 1)
	restored := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), restore)
		restored <- err
	}()
	waiting(t, admin, 2)
	exec(t, holding, "rollback")
	require.Len(t, <-done, 1)
	var refused *pgconn.PgError
	require.ErrorAs(t, <-restored, &refused)
	require.Equal(t, "IF041", refused.Code)
	require.Empty(t, mentions(t, admin, omega.String()))
}
