package policies

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks by who has found an SQL injection, beyond the catalogue. What such a one can do all the same is in
// notstopped_test.go.

// TestAnArgumentOfBeginIsNeverSQL: begin_* put their arguments, and what they find in tables, into SET statements.
func TestAnArgumentOfBeginIsNeverSQL(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	for _, quoting := range []string{"on", "off"} {
		for _, hostile := range []string{
			"'; reset role; set local app.role = 'OWNER'; --", "''; reset role; --", `\'; reset role; --`, `\\'; reset role; --`, "E'\\''; reset role", "$$; reset role; $$",
			"%L", "%s%I", "\u02bc; reset role; --", "", "a\nb",
		} {
			require.Empty(t, run(t, conn, "rollback; set standard_conforming_strings = "+quoting+"; begin").code())
			_, err := conn.Exec(t.Context(), "select app.begin_auth($1)", hostile)
			require.NoError(t, err)
			require.Equal(t, []string{"insightforge_auth", "", hostile}, value[[]string](t, conn,
				"select array[current_user, current_setting('app.role'), current_setting('app.subject')]::text[]"))

			_, err = admin.Exec(t.Context(), "update app.users set email = lower($1) || 'xx@', full_name = $1 || 'x' where id = $2", hostile, user("noor"))
			require.NoError(t, err)
			require.Empty(t, run(t, conn, "rollback; begin").code())
			_, err = conn.Exec(t.Context(), "select app.begin_organization($1, $2, $3)", user("noor"), id("new"), hostile+"x")
			require.NoError(t, err)
			require.Equal(t, []string{"insightforge_api", id("new").String(), ""}, value[[]string](t, conn,
				"select array[current_user, current_setting('app.org_id'), current_setting('app.subject')]::text[]"))

			require.Empty(t, run(t, conn, "rollback; begin").code())
			_, err = conn.Exec(t.Context(), "select app.begin_api_key($1, $2)", hostile, organization("acme"))
			require.Equal(t, "28000", sqlState(err))
			require.Empty(t, run(t, conn, "rollback; begin").code())
			_, err = conn.Exec(t.Context(), "select app.begin_service_account($1, $2, $3, $4, $5)", user("olga"), organization("acme"), id("new"), hostile, "x")
			require.Equal(t, "IF007", sqlState(err))
			require.Empty(t, run(t, conn, "rollback; begin").code())
			_, err = conn.Exec(t.Context(), "select app.begin_service_account($1, $2, $3, $4, $5)", user("olga"), organization("acme"), id("new"), "VIEWER", hostile+"x")
			require.NoError(t, err)
			require.Equal(t, []string{"insightforge_api", "OWNER", user("olga").String()}, value[[]string](t, conn,
				"select array[current_user, current_setting('app.role'), current_setting('app.user_id')]::text[]"))
			_, err = admin.Exec(t.Context(), "update app.one_time_tokens set email = lower($1) || 'new@' where token_hash = $2", hostile, tokenHash("email_change/noor"))
			require.NoError(t, err)
			require.Empty(t, run(t, conn, "rollback; begin").code())
			_, err = conn.Exec(t.Context(), "select app.begin_token($1, $2)", tokenHash("email_change/noor"), "email_change")
			require.NoError(t, err)
			require.Equal(t, []string{"insightforge_user", "", strings.ToLower(hostile) + "new@"}, value[[]string](t, conn,
				"select array[current_user, current_setting('app.role'), current_setting('app.subject')]::text[]"))
		}
	}
}

// TestSQLInsideASelectChangesNothing: functions that run a text as SQL do so with the caller's rights, and only queries.
func TestSQLInsideASelectChangesNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	beta := organization("beta").String()
	for _, inner := range []string{
		"select set_config('app.org_id', '" + beta + "', true)", "set local app.org_id = '" + beta + "'", "reset role", "set local role insightforge_user",
		asMember("zed", "beta"), "select password_hash from app.users", "delete from app.datasets", "lock table app.datasets", "listen x", "notify x", "prepare p as select 1",
		"commit", "copy app.datasets to program 'cat'", "do $$begin end$$",
	} {
		for _, outer := range []string{"select query_to_xml($1, true, true, '')", "select query_to_xmlschema($1, true, true, '')",
			"select ts_stat($1)", "select ts_rewrite('a'::tsquery, $1)"} {
			require.Empty(t, as(t, conn, asMember("olga", "acme"), "select 1").code())
			_, err := conn.Exec(t.Context(), outer, inner)
			require.Error(t, err, "%s: %s", outer, inner)
			require.Regexp(t, "SQLSTATE (42501|0A000|42P11|22000)", err.Error(), "%s: %s", outer, inner)
		}
	}
	require.Empty(t, as(t, conn, asMember("olga", "acme"), "select 1").code())
	own := value[string](t, conn, "select table_to_xml('app.datasets', true, true, '')::text || schema_to_xml('app', true, true, '')::text")
	require.Contains(t, own, "acme/olga")
	require.NotContains(t, own, "beta")
}

func TestNobodyBecomesAnotherRole(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "set session authorization postgres", "set role postgres", "set role insightforge_owner", "set local role pg_read_all_data",
		"set local session_replication_role = replica", "grant insightforge_owner to insightforge", "create role mine", "alter role insightforge superuser",
		"alter role insightforge_api bypassrls", "alter role insightforge_owner set row_security = on", "comment on role insightforge is 'x'",
		"select from pg_authid", "select from pg_shadow")
}

func TestNobodyChangesTheSchema(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "alter table app.datasets disable row level security", "alter table app.datasets no force row level security",
		"drop policy datasets_select on app.datasets", "create policy mine on app.datasets using (true)", "alter policy datasets_select on app.datasets using (true)",
		"drop table app.questions", "drop owned by insightforge_api", "alter table app.questions owner to insightforge_api", "comment on schema app is 'x'", "comment on table app.datasets is 'x'",
		"create index on app.datasets (name)", "create statistics app.mine on org_id, name from app.datasets", "create publication mine for table app.datasets",
		"create or replace function app.role() returns text language sql return 'OWNER'", "drop function app.role() cascade",
		"create extension pg_trgm schema app", "create extension dblink schema app", "select from app.schema_version")
}

func TestNobodyReachesTheMachine(t *testing.T) {
	t.Parallel()
	requireNobodyMay(t, "select pg_read_file('/etc/passwd')", "select pg_read_binary_file('base')", "select pg_ls_dir('.')", "select pg_stat_file('.')",
		"select pg_ls_logdir()", "select pg_ls_waldir()", "select pg_ls_tmpdir()", "select from pg_hba_file_rules", "select from pg_file_settings",
		"copy (select 1) to program 'id'", "copy (select 1) to '/tmp/stolen'", "load 'auto_explain'", "load '/tmp/mine.so'",
		"set local dynamic_library_path = '/tmp'", "set local session_preload_libraries = '/tmp/mine.so'", "set local log_statement = 'none'", "set local temp_file_limit = -1",
		"select pg_reload_conf()", "select pg_rotate_logfile()", "select pg_switch_wal()", "select pg_stat_reset()", "select pg_promote()",
		"select pg_create_restore_point('x')", "select pg_replication_origin_create('x')", "do $$begin end$$", "checkpoint")
}
