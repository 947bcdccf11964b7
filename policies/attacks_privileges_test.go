package policies

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks with what PostgreSQL can do besides reading and writing rows.

// everybody are the ways in; the last is none.
var everybody = map[string]string{
	"OWNER": asMember("olga", "acme"), "person": asPerson("anna"), "address": asUnknown("anna@example.com"), "login role": "select 1",
	"API key": asKey("olga", "acme"),
	"sealer":  "select app.begin_seal(" + sqlOrganization("acme") + ")",
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

// TestAttack_015_AViewIsNotGranted: what a view of a superuser shows, and that no view within reach is served.
func TestAttack_015_AViewIsNotGranted(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	const view = "drop view if exists app.names; create view app.names %s as select name from app.datasets; grant select on app.names to insightforge_api; "
	for _, planted := range []struct {
		sql  string
		seen int64
	}{
		{fmt.Sprintf(view, ""), 33}, // of three organizations
		{fmt.Sprintf(view, "") + "alter view app.names owner to insightforge_owner", 0},
		{fmt.Sprintf(view, "with (security_invoker)"), 11},
	} {
		require.Empty(t, run(t, admin, planted.sql).code())
		require.Equal(t, planted.seen, as(t, conn, asMember("olga", "acme"), "select from app.names").rows, planted.sql)
		require.Empty(t, run(t, conn, "rollback").code())
		requireNotServed(t, db, "insightforge_api may SELECT the view app.names (view_reachable)")
	}
}

// TestAttack_016_AMaterializedViewIsNotGranted: it holds the rows of all, and can have no policy.
func TestAttack_016_AMaterializedViewIsNotGranted(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	require.Empty(t, run(t, admin, "create materialized view app.names as select name from app.datasets; grant select on app.names to insightforge_api").code())
	require.Equal(t, int64(33), run(t, conn, "begin; "+asMember("olga", "acme")+"; select from app.names").rows)
	require.Empty(t, run(t, conn, "rollback").code())
	require.Equal(t, "42809", run(t, admin, "alter table app.names enable row level security").code())
	requireNotServed(t, db, "app.names is a materialized view (materialized_view)")
}

// requireNotServed: the server would refuse to start on db, and say why.
func requireNotServed(t *testing.T, db postgrestest.DB, why string) {
	t.Helper()
	require.ErrorContains(t, migrate.Check(t.Context(), connect(t, db, login), files, false), why)
}

// TestAttack_017_NoDefinerFunctionToHijack: nobody can put an object in front of another's name, and no function of ours
// runs as somebody else.
func TestAttack_017_NoDefinerFunctionToHijack(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t,
		"create temp table datasets (id uuid)", "create temp view datasets as select 1", "create temp sequence datasets",
		"select * into temp datasets from generate_series(1, 2)",
		"create table app.mine (id uuid)", "create table public.mine (id uuid)", "create schema mine", "create view app.mine as select 1",
		"create function app.mine() returns int language sql as 'select 1'", "create function public.mine() returns int language sql as 'select 1'",
		"create operator app.= (function = uuid_eq, leftarg = uuid, rightarg = uuid)", "create type app.mine as (a int)")
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_proc where pronamespace = 'app'::regnamespace and prosecdef"))
}

// TestAttack_025_ACommandWithoutAPolicy touches nothing and says nothing, except INSERT; that no rows were touched becomes
// 403 or 404 is TestAccess in package api.
func TestAttack_025_ACommandWithoutAPolicy(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	for _, command := range []struct{ name, sql, code string }{
		{"update", "update app.datasets set name = 'x'", ""},
		{"delete", "delete from app.datasets", ""},
		{"insert", "insert into app.datasets (org_id, id, name, created_by) values (" + sqlOrganization("acme") + ", " + sqlID("new") + ", 'x', " + quoted("olga") + ")", "42501"},
		{"select", "select from app.datasets", ""},
	} {
		require.Positive(t, as(t, conn, asMember("olga", "acme"), command.sql).rows)
		require.Empty(t, run(t, conn, "rollback").code())
		require.Empty(t, run(t, admin, "drop policy datasets_"+command.name+" on app.datasets").code())
		got := as(t, conn, asMember("olga", "acme"), command.sql)
		require.Equal(t, command.code, got.code(), command.name)
		require.Zero(t, got.rows, command.name)
		require.Empty(t, run(t, conn, "rollback").code())
		requireNotServed(t, db, "insightforge_api and insightforge_key may "+strings.ToUpper(command.name)+" app.datasets, and no policy says which rows (policy_missing)")
	}
}

func TestAttack_029_Truncate(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "truncate app.datasets", "truncate app.datasets cascade", "truncate only app.analysis_runs")
	requireNobodyHas(t, "TRUNCATE")
}

func TestAttack_030_References(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "create table public.oracle (org_id uuid, id uuid, foreign key (org_id, id) references app.datasets)",
		"create temp table oracle (org_id uuid, id uuid, foreign key (org_id, id) references app.datasets)",
		"alter table app.questions add foreign key (org_id, id) references app.datasets")
	requireNobodyHas(t, "REFERENCES")
}

func TestAttack_031_Trigger(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "create trigger mine before update on app.datasets execute function suppress_redundant_updates_trigger()",
		"alter table app.datasets disable trigger all", "create rule mine as on update to app.datasets do instead nothing",
		"create event trigger mine on ddl_command_start execute function mine()")
	requireNobodyHas(t, "TRIGGER")
}

// requireNobodyHas a privilege on any table.
func requireNobodyHas(t *testing.T, privilege string) {
	t.Helper()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_class c, pg_roles r
		where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and r.rolname ~ '^insightforge' and r.rolname <> 'insightforge_owner'
		  and has_table_privilege(r.oid, c.oid, $1)`, privilege))
}

func TestAttack_035_NoLeakproofFunctions(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "alter function app.org_id() leakproof", "alter function app.org_id() immutable")
	db := postgrestest.Database(t)
	owner, admin := connect(t, db, superuser), connect(t, db, superuser)
	requireRefused(t, run(t, owner, "set role insightforge_owner; alter function app.org_id() leakproof"), "only superuser can define a leakproof function")
	require.Zero(t, value[int64](t, admin, "select count(*) from pg_proc where pronamespace = 'app'::regnamespace and proleakproof"))
}

// TestAttack_037_ExplainIsForNobody: EXPLAIN tells a member how many rows another organization has. No statement of the
// program is one, and none can be run from inside a SELECT.
func TestAttack_037_ExplainIsForNobody(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin, conn := connect(t, db, superuser), connect(t, db, login)
	_, err := admin.Exec(t.Context(), "insert into app.datasets (org_id, id, name, created_by) select $1, gen_random_uuid(), 'x', $2 from generate_series(1, 489)",
		organization("gamma"), user("zoe"))
	require.NoError(t, err)
	require.Empty(t, run(t, admin, "analyze app.datasets").code())
	require.Empty(t, as(t, conn, asMember("vera", "acme"), "select 1").code())
	plan := value[string](t, conn, "explain (format json) select from app.datasets where org_id = "+sqlOrganization("gamma"))
	require.Contains(t, plan, `"Plan Rows": 500`, "what would be told")

	for _, inside := range []string{"query_to_xml('explain select from app.datasets', true, true, '')", "ts_stat('explain select from app.datasets')"} {
		require.Contains(t, []string{"0A000", "42P11"}, as(t, conn, asMember("vera", "acme"), "select "+inside).code())
	}
	require.NoError(t, filepath.WalkDir("../api", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NotRegexp(t, `(?i)\bexplain\b`, string(text), path)
		return err
	}))
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

func TestAttack_044_NoChannelBetweenTenants(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "select pg_notify('channel', 'secret')", "select pg_notify('channel', name) from app.datasets",
		"select pg_logical_emit_message(true, 'a', 'secret')")
}

func TestAttack_045_AdvisoryLocks(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "select pg_advisory_lock(1)", "select pg_advisory_lock_shared(1)", "select pg_advisory_xact_lock(1, 2)",
		"select pg_advisory_xact_lock_shared(1)", "select pg_try_advisory_lock(1)", "select pg_try_advisory_xact_lock(1)", "select pg_advisory_unlock_all()")
}

func TestAttack_046_LargeObjects(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t,
		"select lo_from_bytea(0, 'secret')", "select lo_create(0)", "select lo_creat(-1)", "select lo_get(1)", "select lo_put(1, 0, 'x')",
		"select lo_open(1, 131072)", "select loread(1, 1)", "select lowrite(1, 'x')", "select lo_unlink(1)", "select lo_import('/etc/passwd')",
		"select lo_export(1, '/tmp/stolen')", "select from pg_largeobject")
}

func TestOtherSessionsAreOutOfReach(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, other := connect(t, db, login), connect(t, db, login)
	require.Empty(t, as(t, other, asMember("zed", "beta"), "select 'secret'").code())
	const others = " from pg_stat_activity where usename = 'insightforge' and pid <> pg_backend_pid()"
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "select pg_terminate_backend(pid)"+others), "") // 15 says it in other words than 16
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

// TestEveryTableHasOnePolicyForEachRoleAndCommand: permissive, complete, named for its table and command. Members and their
// keys may have it together.
func TestEveryTableHasOnePolicyForEachRoleAndCommand(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	rows, _ := admin.Query(t.Context(), `select polname::text from pg_policy p join pg_class c on c.oid = p.polrelid
		where not polpermissive or polcmd = '*' or 0 = any (polroles)
		  or cardinality(polroles) <> 1 and not polroles <@ array['insightforge_api'::regrole::oid, 'insightforge_key'::regrole::oid]
		  or polcmd = 'w' and (polqual is null or polwithcheck is null)
		  or polname !~ ('^' || relname || '_' || case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end || '(_user|_auth|_key|_sealer)?$')`)
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, wrong)
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'
		and relname <> 'schema_version' and not (relrowsecurity and relforcerowsecurity)`))
}
