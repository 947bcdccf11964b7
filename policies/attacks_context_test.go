package policies

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/tenant"
)

// The numbers are those of the catalogue of attacks, section 1. Attacks on what a transaction knows of its caller.

const (
	denied    = "permission denied"
	rowDenied = "violates row-level security policy"
)

func TestAttack_001_TheOwnerOfTheTablesSeesNoRows(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Positive(t, run(t, admin, "select from app.datasets").rows)
	require.Zero(t, run(t, admin, "set role insightforge_owner; select from app.datasets").rows)
	require.Zero(t, run(t, admin, "delete from app.datasets").rows)
	requireRefused(t, run(t, admin, "set row_security = off; select from app.datasets"), "would be affected by row-level security")
}

func TestAttack_003_RowSecurityOff(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, begin := range []string{asMember("olga", "acme"), asPerson("anna"), asUnknown("anna@example.com")} {
		require.Empty(t, as(t, conn, begin, "select id from app.invitations where org_id is null").code())
		requireRefused(t, as(t, conn, begin, "set local row_security = off; select id from app.invitations where org_id is null"),
			"would be affected by row-level security")
	}
}

func TestAttack_004_AStatementWithoutBegin(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	requireRefused(t, run(t, conn, "select from app.datasets"), denied)
	require.Empty(t, run(t, conn, "begin; "+asMember("olga", "acme")+"; commit").code())
	requireRefused(t, run(t, conn, "select from app.datasets"), denied)
	requireRefused(t, run(t, conn, "begin; select from app.datasets"), denied)
}

func TestAttack_005_EmptyStringTrap(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	require.Nil(t, value[*string](t, conn, "select current_setting('app.org_id', true)"))
	require.Equal(t, int64(11), as(t, conn, asMember("olga", "acme"), "select from app.datasets").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Empty(t, run(t, conn, "reset all").code())

	require.Equal(t, "", value[string](t, conn, "select current_setting('app.org_id', true)"), "the trap: not null any more")
	got := run(t, conn, "begin; set local role insightforge_api; select from app.datasets where org_id = app.org_id() or true")
	require.Empty(t, got.code(), "''::uuid would be 22P02")
	require.Zero(t, got.rows)
	got = run(t, conn, "rollback; begin; set local app.role = 'OWNER'; set local role insightforge_api; select from app.datasets")
	require.Empty(t, got.code(), "a role without an organization")
	require.Zero(t, got.rows)
}

func TestAttack_006_SettingsForTheSession(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, variable := range []string{"user_id", "org_id", "role", "subject", "org_ids"} {
		require.Empty(t, as(t, conn, asMember("olga", "acme"), "commit").code())
		require.Empty(t, value[string](t, conn, "select coalesce(current_setting($1, true), '')", "app."+variable))
	}
	require.True(t, value[bool](t, conn, "select current_user = session_user"))
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "select set_config('app.org_id', 'x', false)"), denied)
}

func TestAttack_007_ARolledBackSavepointUndoesNoContext(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	got := as(t, conn, asMember("olga", "acme"), "savepoint s; select from app.datasets; rollback to s; select from app.datasets")
	require.Equal(t, int64(11), got.rows)
	requireRefused(t, run(t, conn, "rollback; begin; savepoint s; "+asMember("olga", "acme")+"; rollback to s; select from app.datasets"), denied)
}

func TestAttack_008_SetConfigInsideASelect(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	beta := organization("beta").String()
	for _, injected := range []string{
		"select name from app.datasets where false union all select set_config('app.org_id', '" + beta + "', true) union all select name from app.datasets",
		"select name from app.datasets where set_config('app.org_id', '" + beta + "', true) is not null",
		"with c as materialized (select pg_catalog.set_config('app.role', 'OWNER', true)) select from c, app.datasets",
		"update app.datasets set name = set_config('app.org_id', '" + beta + "', true)",
	} {
		requireRefused(t, as(t, conn, asMember("anna", "acme"), injected), "permission denied for function set_config")
	}
	requireRefused(t, run(t, conn, "rollback; select set_config('app.org_id', '"+beta+"', false)"), "permission denied for function set_config")
	requireRefused(t, as(t, conn, asMember("anna", "acme"), "update pg_settings set setting = 'x' where name = 'app.org_id'"), denied)
}

func TestAttack_010_StackedStatements(t *testing.T) {
	t.Parallel()
	db, err := tenant.Open(t.Context(), postgrestest.Database(t).URL(login), tenant.Options{MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	anna := tenant.Member(user("anna"), organization("acme"))
	const stacked = "select 1 as n; reset role; set app.role = 'OWNER'"

	_, err = tenant.Exec(t.Context(), db, anna, stacked)
	require.ErrorContains(t, err, "42601")
	_, err = tenant.Rows[struct{ N int }](t.Context(), db, anna, stacked)
	require.ErrorContains(t, err, "42601")
	err = db.Tx(t.Context(), anna, func(tx *tenant.Tx) error {
		if _, err := tx.Exec(t.Context(), "select 1"); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), stacked)
		return err
	})
	require.ErrorContains(t, err, "42601")
}

func TestAttack_011_ASecondBegin(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	second := []string{
		asMember("zed", "beta"), asPerson("zed"), asUnknown("zed@example.com"),
		fmt.Sprintf("select app.begin_organization('%s', '%s', 'x')", user("anna"), id("new")),
		fmt.Sprintf("select app.begin_restoration('%s', '%s')", user("anna"), organization("delta")),
		fmt.Sprintf("select app.begin_invitation('%s', 'hash/acme/OWNER/open')", user("noor")), asKey("zed", "beta"),
		fmt.Sprintf("select app.begin_service_account('%s', '%s', '%s', 'VIEWER', 'x')", user("zed"), organization("beta"), id("account")),
		asBearer("anna", "verification"),
	}
	for _, first := range []string{asMember("anna", "acme"), asPerson("anna"), asUnknown("anna@example.com"), asKey("anna", "acme"),
		fmt.Sprintf("select app.begin_service_account('%s', '%s', '%s', 'VIEWER', 'x')", user("olga"), organization("acme"), id("account")),
		fmt.Sprintf("select app.begin_organization('%s', '%s', 'x')", user("anna"), id("founded")), asBearer("noor", "verification")} {
		for _, begin := range second {
			requireRefused(t, as(t, conn, first, begin), "permission denied for function begin_")
		}
	}
}

func TestAttack_013_AnOrganizationThatOneIsNoMemberOf(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, begin := range []string{asMember("olga", "gamma"), asMember("noor", "acme"), asMember("olga", "nowhere"), asMember("nobody", "acme")} {
		require.Equal(t, "P0002", run(t, conn, "rollback; begin; "+begin).code())
		require.Equal(t, "25P02", run(t, conn, "select 1").code(), "the transaction is lost")
	}
	require.Equal(t, "28000", run(t, conn, "rollback; begin; "+asPerson("nobody")).code())
}

func TestAttack_042_ContextFunctionsAreStable(t *testing.T) {
	t.Parallel()
	admin := connect(t, postgrestest.Database(t), superuser)
	require.Equal(t, int64(6), value[int64](t, admin, `select count(*) from pg_proc where pronamespace = 'app'::regnamespace
		and proname in ('org_id', 'user_id', 'role', 'subject', 'org_ids', 'org_as')
		and provolatile = 's' and proparallel = 's' and not prosecdef and not proleakproof and proconfig is null`))
}

func TestAttack_043_CursorsEndWithTheirTransaction(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	require.Empty(t, as(t, conn, asMember("olga", "acme"), "declare c cursor for select name from app.datasets; fetch 1 from c").code())
	requireRefused(t, run(t, conn, asMember("zed", "beta")), denied)
	require.Equal(t, "34000", as(t, conn, asMember("zed", "beta"), "fetch 1 from c").code())
}

// One connection serves one caller after the other with the same prepared statements: each gets an own answer.
func TestPreparedPlansServeCallersInTurn(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	turns := []struct {
		person, org      string
		datasets, emails int
	}{
		{"olga", "acme", 11, 8}, {"vera", "acme", 11, 0}, {"vera", "beta", 11, 5}, {"olga", "beta", 11, 0},
		{"zed", "gamma", 11, 0}, {"zoe", "gamma", 11, 2}, {"adam", "acme", 11, 8}, {"anna", "acme", 11, 0},
	}
	for _, mode := range []string{"auto", "force_custom_plan", "force_generic_plan"} {
		conn := connect(t, db, login)
		require.Empty(t, run(t, conn, "set plan_cache_mode = "+mode).code())
		for i := range 10 * len(turns) {
			turn := turns[i*3%len(turns)]
			read := func(sql string, args ...any) []string { return readAs(t, conn, turn.person, turn.org, sql, args...) }
			require.Len(t, read("select name from app.datasets where name like $1", turn.org+"/%"), turn.datasets)
			require.Len(t, read("select name from app.datasets"), turn.datasets, "without the organization")
			require.Len(t, read("select email from app.member_emails where org_id = $1", organization(turn.org)), turn.emails)
			require.Len(t, read("select email from app.member_emails"), turn.emails, "without the organization")
		}
	}
}

// readAs runs one prepared statement in a member's transaction.
func readAs(t *testing.T, conn *pgx.Conn, person, org, sql string, args ...any) (texts []string) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), "select app.begin_request($1, $2)", user(person), organization(org))
	require.NoError(t, err)
	rows, _ := tx.Query(t.Context(), sql, args...)
	texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return texts
}
