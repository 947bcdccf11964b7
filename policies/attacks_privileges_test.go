package policies

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks with what PostgreSQL can do besides reading and writing rows.

// everybody are the ways in; the last is none.
var everybody = map[string]string{
	"OWNER": asMember("olga", "acme"), "person": asPerson("anna"), "address": asUnknown("anna@example.com"), "login role": "select 1",
}

// requireNobodyMay runs each script as everybody.
func requireNobodyMay(t *testing.T, scripts ...string) {
	t.Helper()
	conn := connect(t, postgrestest.Database(t), login)
	for _, script := range scripts {
		for who, begin := range everybody {
			got := as(t, conn, begin, script)
			require.Equal(t, "42501", got.code(), "%s: %s", who, script)
		}
	}
}

func TestAttack_017_NobodyCreatesAnything(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t,
		"create temp table datasets (id uuid)", "create temp view datasets as select 1",
		"create table app.mine (id uuid)", "create table public.mine (id uuid)", "create schema mine", "create view app.mine as select 1",
		"create function app.mine() returns int language sql as 'select 1'", "create function public.mine() returns int language sql as 'select 1'",
		"create type app.mine as (a int)", "create role mine",
		"select pg_read_file('/etc/passwd')", "select pg_ls_dir('.')")
}

func TestAttack_018_NoDefinerFunctions(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_proc where pronamespace = 'app'::regnamespace and prosecdef"))
}

func TestAttack_029_030_031_TruncateReferencesTrigger(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "truncate app.datasets", "truncate app.datasets cascade", "truncate only app.analysis_runs",
		"create temp table oracle (org_id uuid, id uuid, foreign key (org_id, id) references app.datasets)",
		"alter table app.datasets disable row level security", "alter table app.datasets no force row level security",
		"drop policy datasets_select on app.datasets", "create policy mine on app.datasets using (true)", "drop table app.questions")
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_class c, pg_roles r, unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
		where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and r.rolname ~ '^insightforge' and r.rolname <> 'insightforge_owner'
		  and has_table_privilege(r.oid, c.oid, privilege)`))
}

func TestAttack_035_NoLeakproofFunctions(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "alter function app.org_id() leakproof", "alter function app.org_id() immutable")
	db := postgrestest.Database(t)
	owner, admin := connect(t, db, superuser), connect(t, db, superuser)
	requireRefused(t, run(t, owner, "set role insightforge_owner; alter function app.org_id() leakproof"), "only superuser can define a leakproof function")
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_proc where pronamespace = 'app'::regnamespace and proleakproof"))
}

func TestAttack_039_StatisticsAreHidden(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	require.Positive(t, run(t, admin, "analyze; select from pg_stats where schemaname = 'app'").rows)
	require.Zero(t, as(t, conn, asMember("olga", "acme"), "select from pg_stats where schemaname = 'app'").rows)
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "select from pg_statistic"), denied)
}

func TestAttack_040_NothingCounts(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_class where relkind = 'S' and relnamespace = 'app'::regnamespace"))
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relnamespace = 'app'::regnamespace and a.attidentity <> ''`))
}

func TestAttack_044_045_046_ChannelsBetweenTenants(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t,
		"select pg_notify('channel', 'secret')",
		"select pg_advisory_lock(1)", "select pg_advisory_xact_lock(1, 2)", "select pg_try_advisory_lock(1)", "select pg_advisory_unlock_all()",
		"select lo_from_bytea(0, 'secret')", "select lo_create(0)", "select lo_creat(-1)", "select lo_get(1)", "select lo_put(1, 0, 'x')",
		"select lo_open(1, 131072)", "select loread(1, 1)", "select lowrite(1, 'x')", "select lo_unlink(1)", "select lo_import('/etc/passwd')",
		"select pg_logical_emit_message(true, 'a', 'secret')")
}

func TestOtherSessionsAreOutOfReach(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, other := connect(t, db, login), connect(t, db, login)
	require.Empty(t, as(t, other, asMember("zed", "beta"), "select 'secret'").code())
	const others = " from pg_stat_activity where usename = 'insightforge' and pid <> pg_backend_pid()"
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "select pg_terminate_backend(pid)"+others), "must be a member of the role")
	require.Zero(t, as(t, conn, asMember("olga", "acme"), "select"+others+" and query like '%secret%'").rows)
}

func TestAttack_048_NoReplication(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "select pg_create_logical_replication_slot('mine', 'pgoutput')")
}

func TestAttack_049_NoTableBehindAnother(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_class where relkind in ('p', 'v', 'm', 'f') and relnamespace = 'app'::regnamespace"))
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_inherits where inhparent in (select oid from pg_class where relnamespace = 'app'::regnamespace)"))
}

func TestAttack_050_ANewTableIsUnreachable(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	const table = "set role insightforge_owner; create table app.forgotten (org_id uuid); insert into app.forgotten values (" // as its migration
	require.Empty(t, run(t, admin, table+sqlOrganization("acme")+")").code())
	for _, begin := range everybody {
		requireRefused(t, as(t, conn, begin, "select from app.forgotten"), denied)
	}
	require.Empty(t, run(t, admin, `alter table app.forgotten enable row level security, force row level security;
		grant select, insert on app.forgotten to insightforge_api`).code())
	require.Zero(t, as(t, conn, asMember("olga", "acme"), "select from app.forgotten").rows, "granted, and still without a policy")
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "insert into app.forgotten values ("+sqlOrganization("acme")+")"), rowDenied)
}

func TestAttack_051_ANewFunctionIsNotForPublic(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	require.Empty(t, run(t, admin, "set role insightforge_owner; create function app.forgotten() returns int language sql return 1").code())
	for _, begin := range everybody {
		requireRefused(t, as(t, conn, begin, "select app.forgotten()"), denied)
	}
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_proc f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
		where f.pronamespace = 'app'::regnamespace and a.grantee = 0`))
}

// TestEveryTableHasOnePolicyForEachRoleAndCommand: permissive, complete, named for its table and command.
func TestEveryTableHasOnePolicyForEachRoleAndCommand(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	rows, _ := admin.Query(t.Context(), `select polname::text from pg_policy p join pg_class c on c.oid = p.polrelid
		where not polpermissive or polcmd = '*' or cardinality(polroles) <> 1 or 0 = any (polroles)
		  or polcmd = 'w' and (polqual is null or polwithcheck is null)
		  or polname !~ ('^' || relname || '_' || case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end || '(_user|_auth|_key)?$')`)
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'
		and relname <> 'schema_version' and not (relrowsecurity and relforcerowsecurity)`))
}
