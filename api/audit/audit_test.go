package audit_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
)

func TestTheMigratedDatabaseIsClean(t *testing.T) {
	t.Parallel()
	r, err := audit.Run(t.Context(), connect(t), audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.Empty(t, withoutServer(r))
	require.Empty(t, r.NotTried)
	require.GreaterOrEqual(t, cells(r.Grid), 500)
}

func cells(g *audit.Grid) (n int) {
	for _, table := range g.Tables {
		n += len(table.Lines) * len(g.Callers)
	}
	return n
}

func withoutServer(r *audit.Report) (found []audit.Finding) {
	for _, f := range r.Findings {
		if f.ID != "server_fixes" {
			found = append(found, f)
		}
	}
	return found
}

// TestAnAuditLeavesNothingBehind: not a row, not an object, not a role, not an open transaction.
func TestAnAuditLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	const all = `select md5(string_agg(line, ',' order by line)) from (
		select 'u' || id::text from app.users union all select 'd' || id::text from app.datasets union all select 'r' || oid::text from pg_roles
		union all select 'c' || oid::text || relforcerowsecurity::text from pg_class union all select 'p' || oid::text || polname from pg_policy) l(line)`
	before := value[*string](t, conn, all)
	_, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.Equal(t, before, value[*string](t, conn, all))
	require.Equal(t, byte('I'), conn.PgConn().TxStatus())
	require.True(t, value[bool](t, conn, "select current_user = session_user and session_user = 'postgres'"))
}

// TestAnOutcomeThatIsNotExpectedIsAFinding, where every definition is as expected.
func TestAnOutcomeThatIsNotExpectedIsAFinding(t *testing.T) {
	t.Parallel()
	want := expected(t)
	for _, table := range want.Grid.Tables {
		for _, line := range table.Lines {
			if table.Table == "datasets" && line.Command == "delete" && line.Row == "own" {
				line.Cells[slices.Index(want.Grid.Callers, "ANALYST")] = audit.NoRows
			}
		}
	}
	r, err := audit.Run(t.Context(), connect(t), audit.Options{Expected: want})
	require.NoError(t, err)
	found := withoutServer(r)
	require.Len(t, found, 1)
	require.Equal(t, "drift_grid", found[0].ID)
	require.Equal(t, []string{"table app.datasets"}, found[0].Objects)
	require.Equal(t, []string{"ANALYST may now DELETE datasets of their own"}, found[0].Effects)
}

// TestARowOfAnotherOrganizationIsAFinding, also where neither a lint nor a file knows why.
func TestARowOfAnotherOrganizationIsAFinding(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "begin")
	defer exec(t, conn, "rollback")
	trial, err := audit.Plant(t.Context(), conn)
	require.NoError(t, err)
	r, err := audit.Look(t.Context(), conn, nil)
	require.NoError(t, err)
	r.Findings = nil
	exec(t, conn, `do $$ begin execute format('create or replace function app.org_as(variadic roles text[]) returns uuid stable language sql return %L::uuid',
		(select id from app.organizations where name = 'beta')); end $$`)
	grid, err := trial.Try(t.Context(), "datasets")
	require.NoError(t, err)
	r.Tried(grid, nil)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "crosses_organizations", r.Findings[0].ID)
	require.Contains(t, r.Findings[0].Effects, "every member may now SELECT datasets of another organization that they are members of")
}

// TestAStatementWithoutWhereThatReachesOthersIsAFinding: where the row is named, the policy of SELECT hides it.
func TestAStatementWithoutWhereThatReachesOthersIsAFinding(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "begin; alter policy datasets_delete on app.datasets using (true)")
	defer exec(t, conn, "rollback")
	trial, err := audit.Plant(t.Context(), conn)
	require.NoError(t, err)
	grid, err := trial.Try(t.Context(), "datasets")
	require.NoError(t, err)
	r := &audit.Report{}
	r.Tried(grid, nil)
	require.Equal(t, []string{"crosses_organizations"}, ids(r.Findings))
	require.Equal(t, []string{"every member may now DELETE datasets of every organization in a statement without WHERE",
		"every API key may now DELETE datasets of every organization in a statement without WHERE"}, r.Findings[0].Effects)
}

// TestASuperuserRunsNoCodeOfOthers: whoever may become the owner of the tables could else wait for an audit.
func TestASuperuserRunsNoCodeOfOthers(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, `create sequence public.ran;
		create function app.spy() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin perform nextval('public.ran'); return new; end $$;
		alter function app.spy() owner to insightforge_owner; revoke execute on function app.spy() from public;
		create trigger spy before insert on app.users for each row execute function app.spy()`)
	const times = "select case when is_called then last_value else 0 end from public.ran"
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.Contains(t, r.NotTried, "(drift_function, trigger_or_rule)")
	require.Zero(t, value[int64](t, conn, times))
	_, err = audit.Run(t.Context(), conn, audit.Options{Expected: expected(t), Trust: true})
	require.NoError(t, err)
	require.Positive(t, value[int64](t, conn, times), "a sequence is not rolled back, so that this test can fail")
}

// TestWhatTheCatalogSaysIsToldWhereNothingCanBeTried: foreign keys are checked as the owner of the tables.
func TestWhatTheCatalogSaysIsToldWhereNothingCanBeTried(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "alter schema app owner to insightforge")
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.True(t, r.Failed)
	require.Contains(t, r.NotTried, "planting rows: ERROR: permission denied for schema app")
	require.Contains(t, ids(withoutServer(r)), "ownership")
}

func ids(findings []audit.Finding) (ids []string) {
	for _, f := range findings {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestTheEffectsOfAPolicyAreToldWithIt(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "alter policy datasets_delete on app.datasets using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'))")
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	found := withoutServer(r)
	require.Len(t, found, 1)
	require.Equal(t, "drift_policy", found[0].ID)
	require.Contains(t, found[0].Effects, "VIEWER may now DELETE datasets of the own organization")
	require.Contains(t, found[0].Effects, "ANALYST may now DELETE datasets of others in the own organization")
}

// TestWhatIsAcceptedExplainsNothing: what callers may do because of it would be accepted unseen.
func TestWhatIsAcceptedExplainsNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "alter policy datasets_delete on app.datasets using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'))")
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t), Accepted: []string{"drift_policy", "server_fixes"}})
	require.NoError(t, err)
	found := withoutServer(r)
	require.Equal(t, []string{"drift_policy", "drift_grid"}, ids(found))
	require.Empty(t, found[0].Effects)
	require.Contains(t, found[1].Effects, "VIEWER may now DELETE datasets of the own organization")
	errors, warnings := r.Counts()
	require.Equal(t, []int{1, 0}, []int{errors, warnings})
}

// TestAGrantThatEveryTableDependsOnExplainsAll: one finding with the statement that mends it, not one more for each table.
func TestAGrantThatEveryTableDependsOnExplainsAll(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, "revoke usage on schema app from insightforge_api")
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	found := withoutServer(r)
	require.Equal(t, []string{"drift_grant"}, ids(found))
	require.Contains(t, found[0].Effects, "every member may no longer SELECT datasets of the own organization")
}

// value is the only value of a query.
func value[T any](t *testing.T, conn *pgx.Conn, sql string) (v T) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&v))
	return v
}

// TestSettingsOfALoginChangeNothing: the catalog writes its expressions as the session's settings say, and yet nothing differs.
func TestSettingsOfALoginChangeNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, `set quote_all_identifiers = on; set intervalstyle = iso_8601; set datestyle = german; set timezone = 'Asia/Tokyo'; set bytea_output = escape;
		set default_transaction_read_only = on; set default_transaction_isolation = serializable; set statement_timeout = 1; set search_path = app`)
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.Empty(t, withoutServer(r))
	require.Empty(t, r.NotTried)
}

// TestTheNameOfAColumnIsNoStatement: its owner, who is no superuser, would else run it as the superuser who audits.
func TestTheNameOfAColumnIsNoStatement(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	exec(t, conn, `set role insightforge_owner; alter table app.users add column "1; reset session authorization; create schema s; commit; --" text; reset role`)
	r, err := audit.Run(t.Context(), conn, audit.Options{Expected: expected(t)})
	require.NoError(t, err)
	require.False(t, value[bool](t, conn, "select to_regnamespace('s') is not null"))
	require.Contains(t, r.NotTried, "(drift_column)")
	require.Len(t, withoutServer(r), 1)
	require.Equal(t, "drift_column", r.Findings[0].ID)
	_, err = audit.Run(t.Context(), conn, audit.Options{Expected: expected(t), Trust: true})
	require.NoError(t, err)
	require.False(t, value[bool](t, conn, "select to_regnamespace('s') is not null"))
}
