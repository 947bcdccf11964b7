package migrate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestCheckAcceptsTheMigratedDatabase(t *testing.T) {
	t.Parallel()
	name := postgrestest.Database(t).Name
	require.NoError(t, check(t, "insightforge", name))
	require.NoError(t, check(t, "sound", name))
}

// TestCheckNamesAFault, each in a database of its own. That each rule finds its fault is tested in api/audit.
func TestCheckNamesAFault(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct{ sql, finding string }{
		{"alter table app.datasets disable row level security", "app.datasets has no row-level security (rls_disabled)"},
		{"drop policy datasets_select on app.datasets", "insightforge_api and insightforge_key may SELECT app.datasets, and no policy says which rows (policy_missing)"},
		{"grant select on app.datasets to insightforge", "insightforge may SELECT app.datasets, and no policy says which rows (policy_missing)"},
		{"create table public.forgotten (); grant insert on public.forgotten to insightforge", "public.forgotten has no row-level security (rls_disabled)"},
		{"grant truncate on app.datasets to insightforge_api", "insightforge_api may TRUNCATE on app.datasets (grant_unsafe)"},
		{"grant execute on function app.begin_organization(uuid, uuid, text) to public", "PUBLIC may execute app.begin_organization(uuid, uuid, text) (public_rights)"},
		{"grant execute on function pg_catalog.set_config(text, text, boolean) to insightforge_user", "insightforge_user may call set_config (set_config_open)"},
		{"grant temporary on database {database} to public", "PUBLIC has TEMPORARY in database {database} (public_rights)"},
		{"comment on schema app is 'sha256:0'", "another schema or other policies than this program: run `insightforge migrate`"},
		{"comment on schema app is null", "another schema or other policies than this program: run `insightforge migrate`"},
	} {
		t.Run(fault.sql, func(t *testing.T) {
			t.Parallel()
			name := postgrestest.Database(t).Name
			exec(t, "postgres", name, strings.ReplaceAll(fault.sql, "{database}", name))
			require.ErrorContains(t, check(t, "insightforge", name), strings.ReplaceAll(fault.finding, "{database}", name))
		})
	}
}

// TestAttack_002_ALoginRoleThatIsMore than a login role, BYPASSRLS or superuser say, is refused.
func TestAttack_002_ALoginRoleThatIsMore(t *testing.T) {
	t.Parallel()
	name := postgrestest.Database(t).Name
	for role, finding := range map[string]string{
		"super":      "role super is a superuser (role_attribute)",
		"bypassing":  "role bypassing is BYPASSRLS (role_attribute)",
		"inheriting": "role inheriting has INHERIT",
		"creating":   "role creating is CREATEROLE",
		"reading":    "role reading is a member of pg_read_all_data",
		"owning":     "role owning is a member of insightforge_owner",
		"configured": "settings are stored for role configured: app.role=OWNER",
	} {
		require.ErrorContains(t, check(t, role, name), finding)
	}
}

func TestAnOpenSetConfigCanBeAccepted(t *testing.T) {
	t.Parallel()
	name := postgrestest.Database(t).Name
	exec(t, "postgres", name, "grant execute on function pg_catalog.set_config(text, text, boolean) to public")
	conn := connect(t, "insightforge", name)
	require.ErrorContains(t, Check(t.Context(), conn, files, false), "ALLOW_SET_CONFIG=true")
	require.NoError(t, Check(t.Context(), conn, files, true))
	exec(t, "postgres", name, "grant truncate on app.datasets to insightforge_api")
	require.ErrorContains(t, Check(t.Context(), conn, files, true), "TRUNCATE", "the rest is still checked")
}

func TestAnEmptyDatabaseIsRefused(t *testing.T) {
	name := empty(t)
	require.ErrorContains(t, check(t, "insightforge", name), "run `insightforge migrate`")
}

// What was changed by hand may be as complete as what it replaces, so no rule about policies would find it.
func TestAChangeByHandIsRefusedUntilItIsPutBack(t *testing.T) {
	t.Parallel()
	for _, change := range []string{
		"alter policy datasets_select on app.datasets using (org_id = app.org_as('OWNER', 'VIEWER'))",
		"grant update (created_at) on app.datasets to insightforge_api",
		"create or replace function app.role() returns text stable parallel safe language sql return 'OWNER'",
	} {
		database := postgrestest.Database(t).Name
		require.NoError(t, check(t, "insightforge", database), change)
		exec(t, "postgres", database, change)
		require.ErrorContains(t, check(t, "insightforge", database), "changed by hand", change)
		_, err := steps(t, "postgres", database)
		require.NoError(t, err, change)
		require.NoError(t, check(t, "insightforge", database), change)
	}
}
