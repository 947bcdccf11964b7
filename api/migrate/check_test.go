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

// TestCheckNamesAFault, each in a database of its own.
func TestCheckNamesAFault(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct{ sql, finding string }{
		{"alter table app.datasets disable row level security", "insightforge_api may reach app.datasets, which lacks enabled and forced row-level security"},
		{"alter table app.sessions no force row level security", "insightforge_auth may reach app.sessions, which lacks enabled and forced row-level security"},
		{"drop policy datasets_select on app.datasets", "insightforge_api may SELECT app.datasets, which has 0 policies"},
		{"drop policy datasets_insert on app.datasets; create policy datasets_insert on app.datasets for insert to insightforge_api",
			"insightforge_api may INSERT app.datasets, which has 0 policies"},
		{"drop policy datasets_update on app.datasets; create policy datasets_update on app.datasets for update to insightforge_api using (org_id = app.org_id())",
			"insightforge_api may UPDATE app.datasets, which has 0 policies"},
		{"create policy second on app.datasets for select to insightforge_api using (true)", "insightforge_api may SELECT app.datasets, which has 2 policies"},
		{"create policy other on app.datasets as restrictive for select to insightforge_api using (true)", "policy other on app.datasets is RESTRICTIVE"},
		{"create policy other on app.datasets to insightforge_api using (true)", "policy other on app.datasets is FOR ALL"},
		{"create policy other on app.datasets for select using (true)", "policy other on app.datasets is for PUBLIC"},

		{"grant delete on app.organizations to insightforge_api", "insightforge_api may DELETE app.organizations, which has 0 policies"},
		{"grant update (name) on app.analyses to insightforge_api", "insightforge_api may UPDATE app.analyses, which has 0 policies"},
		{"grant select on app.users to public", "insightforge_api may SELECT app.users, which has 0 policies"},
		{"grant select on app.datasets to insightforge", "insightforge may SELECT app.datasets, which has 0 policies"},
		{"grant select on app.datasets to insightforge_key", "insightforge_key may SELECT app.datasets, which has 0 policies"},
		{"create table app.forgotten (); grant select on app.forgotten to insightforge_api", "insightforge_api may reach app.forgotten, which lacks enabled and forced row-level security"},
		{"create table public.forgotten (); grant insert on public.forgotten to insightforge", "insightforge may reach public.forgotten, which lacks enabled and forced row-level security"},
		{"grant truncate on app.datasets to insightforge_api", "insightforge_api may TRUNCATE app.datasets"},
		{"grant references on app.datasets to insightforge_user", "insightforge_user may REFERENCES app.datasets"},
		{"grant trigger on app.datasets to insightforge_auth", "insightforge_auth may TRIGGER app.datasets"},
		{"create table app.parts (org_id uuid) partition by hash (org_id); grant select on app.parts to insightforge_api", "insightforge_api may SELECT app.parts, which is a partitioned table"},
		{"alter table app.questions owner to insightforge_api", "insightforge_api owns app.questions"},

		{"alter function app.org_id() immutable", "app.org_id() is IMMUTABLE, not STABLE"},
		{"alter function app.org_as(text[]) volatile", "app.org_as(text[]) is VOLATILE, not STABLE"},
		{"create function app.definer() returns int security definer language sql as 'select 1'; grant execute on function app.definer() to insightforge_api",
			"insightforge_api may execute app.definer(), which is SECURITY DEFINER"},
		{"create function app.leaky() returns int leakproof language sql as 'select 1'; grant execute on function app.leaky() to insightforge_user",
			"insightforge_user may execute app.leaky(), which is LEAKPROOF"},
		{"grant execute on function app.begin_request(uuid, uuid) to insightforge_api", "insightforge_api may execute app.begin_request(uuid,uuid): a second begin would be allowed"},
		{"grant execute on function app.begin_organization(uuid, uuid, text) to public", "insightforge_auth may execute app.begin_organization(uuid,uuid,text): a second begin would be allowed"},
		{"grant execute on function pg_catalog.set_config(text, text, boolean) to public", "set_config or DO is open to PUBLIC"},
		{"grant execute on function pg_catalog.set_config(text, text, boolean) to insightforge_user", "set_config"},
		{"grant create on schema app to insightforge_api", "insightforge_api may create objects in schema app"},
		{"grant temporary on database {database} to public", "insightforge_api may create temporary objects in this database"},
		{"grant create on database {database} to insightforge", "insightforge may create schemas in this database"},

		{"comment on schema app is 'sha256:0'", "another schema or other policies than this program: run `insightforge migrate`"},
		{"comment on schema app is null", "another schema or other policies than this program: run `insightforge migrate`"},
	} {
		t.Run(fault.sql, func(t *testing.T) {
			t.Parallel()
			name := postgrestest.Database(t).Name
			exec(t, "postgres", name, strings.ReplaceAll(fault.sql, "{database}", name))
			require.ErrorContains(t, check(t, "insightforge", name), fault.finding)
		})
	}
}

// TestAttack_002_ALoginRoleThatIsMore than a login role, BYPASSRLS or superuser say, is refused.
func TestAttack_002_ALoginRoleThatIsMore(t *testing.T) {
	t.Parallel()
	name := postgrestest.Database(t).Name
	for role, finding := range map[string]string{
		"super":      "the login role super is a superuser",
		"bypassing":  "the login role bypassing is BYPASSRLS",
		"inheriting": "the login role inheriting is INHERIT",
		"creating":   "the login role creating is CREATEROLE",
		"reading":    "reading is a member of pg_read_all_data",
		"owning":     "owning is a member of insightforge_owner",
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
