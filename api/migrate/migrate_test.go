package migrate

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// The tests that change roles do not run in parallel: roles are the cluster's.

func TestASuperuserMigratesAnEmptyDatabase(t *testing.T) {
	name := empty(t)
	said, err := steps(t, "postgres", name)
	require.NoError(t, err)
	numbered, err := fs.Glob(files.Migrations, "0*.sql")
	require.NoError(t, err)
	require.Len(t, said, len(numbered)+2, "roles, each migration, policies: %q", said)
	require.Equal(t, "roles: sql/roles.sql", said[0])
	require.Equal(t, "policies: installing", said[len(said)-1])
	require.NoError(t, check(t, "insightforge", name))
}

func TestMigratingAgainDoesNothing(t *testing.T) {
	name := empty(t)
	_, err := steps(t, "postgres", name)
	require.NoError(t, err)
	before := catalog(t, name)
	said, err := steps(t, "postgres", name)
	require.NoError(t, err)
	require.Empty(t, said)
	require.Equal(t, before, catalog(t, name))
}

// catalog is which version of which row of the catalog says what there is.
func catalog(t *testing.T, name string) (rows []string) {
	t.Helper()
	found, _ := connect(t, "postgres", name).Query(t.Context(), `
		select 'class ' || c || xmin from (select xmin, oid::text as c from pg_class where relnamespace = 'app'::regnamespace) r
		union all select 'policy ' || oid || xmin from pg_policy union all select 'function ' || oid || xmin from pg_proc where pronamespace = 'app'::regnamespace
		union all select 'schema ' || oid || xmin from pg_namespace where nspname = 'app' order by 1`)
	rows, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	return rows
}

func TestTheConnectionKeepsNoRole(t *testing.T) {
	name := empty(t)
	conn := connect(t, "postgres", name)
	require.NoError(t, Run(t.Context(), conn, files, func(string) {}))
	var own bool
	require.NoError(t, conn.QueryRow(t.Context(), "select current_user = session_user").Scan(&own))
	require.True(t, own)
}

func TestAMemberOfTheOwnerMigratesAfterRolesSQL(t *testing.T) {
	name := empty(t)
	setUp(t, name)
	said, err := steps(t, "deployer", name)
	require.NoError(t, err)
	require.NotContains(t, said, "roles: sql/roles.sql")
	require.NoError(t, check(t, "insightforge", name))

	var others int
	require.NoError(t, connect(t, "postgres", name).QueryRow(t.Context(), `
		select count(*) from pg_class where relnamespace = 'app'::regnamespace and relowner <> 'insightforge_owner'::regrole`).Scan(&others))
	require.Zero(t, others, "everything belongs to insightforge_owner")
}

func TestRolesSQLTwiceChangesNothing(t *testing.T) {
	name := empty(t)
	_, err := steps(t, "postgres", name)
	require.NoError(t, err)
	setUp(t, name)
	setUp(t, name)
	require.NoError(t, check(t, "insightforge", name))
}

func TestWithoutTheRolesItSaysWhatToDo(t *testing.T) {
	name := empty(t)
	_, err := steps(t, "deployer", name)
	require.EqualError(t, err, "the database roles are missing: run sql/roles.sql once in this database as an administrator, or migrate as a superuser")
	setUp(t, name)
	_, err = steps(t, "stranger", name)
	require.ErrorContains(t, err, "connect as a superuser, as insightforge_owner, or as a member of it")
}

// TestOtherPoliciesAreInstalled: a change of a policy alone reaches a database that has every migration.
func TestOtherPoliciesAreInstalled(t *testing.T) {
	name := empty(t)
	older := fstest.MapFS{}
	names, err := fs.Glob(files.Policies, "*.sql")
	require.NoError(t, err)
	for _, policy := range names {
		text, err := fs.ReadFile(files.Policies, policy)
		require.NoError(t, err)
		older[policy] = &fstest.MapFile{Data: slices.Concat(text, []byte("\n-- as it was\n"))}
	}
	conn := connect(t, "postgres", name)
	require.NoError(t, Run(t.Context(), conn, Files{files.Migrations, older}, func(string) {}))
	require.ErrorContains(t, check(t, "insightforge", name), "another schema or other policies than this program")

	exec(t, "postgres", name, "create policy left_over on app.datasets for select to insightforge_api using (true)")
	exec(t, "postgres", name, "grant truncate on app.datasets to insightforge_api; grant execute on function app.begin_user(uuid) to insightforge_api")
	said, err := steps(t, "postgres", name)
	require.NoError(t, err)
	require.Equal(t, []string{"roles: sql/roles.sql", "policies: installing"}, said)
	require.NoError(t, check(t, "insightforge", name), "and what was left over is gone")
}

func TestAFailedInstallationChangesNothing(t *testing.T) {
	t.Parallel()
	name := postgrestest.Database(t).Name
	before := catalog(t, name)
	broken := fstest.MapFS{"install.sql": {Data: []byte("drop policy datasets_select on app.datasets; select 1/0;")}}
	conn := connect(t, "deployer", name)
	require.ErrorContains(t, Run(t.Context(), conn, Files{files.Migrations, broken}, func(string) {}), "22012")
	require.Equal(t, before, catalog(t, name))
}

// TestAnOrganizationOfBeforeHasQuotas: the owner, who migrates, is bound by forced row-level security.
func TestAnOrganizationOfBeforeHasQuotas(t *testing.T) {
	name := empty(t)
	setUp(t, name)
	conn := connect(t, "deployer", name)
	none := fstest.MapFS{"install.sql": {Data: []byte("select 1;")}}
	require.NoError(t, Run(t.Context(), conn, Files{before(t, "quotas"), none}, func(string) {}))
	exec(t, "postgres", name, `insert into app.users (id, email, full_name, password_hash) values (gen_random_uuid(), 'ada@example.com', 'Ada', '');
		insert into app.organizations (id, name, created_by) select gen_random_uuid(), 'Acme', id from app.users`)
	_, err := steps(t, "deployer", name)
	require.NoError(t, err)
	require.NoError(t, check(t, "insightforge", name))
	var limit int
	require.NoError(t, connect(t, "postgres", name).QueryRow(t.Context(), "select members from app.quotas").Scan(&limit))
	require.Equal(t, 1000, limit)
}

// before are the migrations before the one with this name.
func before(t *testing.T, migration string) fs.FS {
	t.Helper()
	names, err := fs.Glob(files.Migrations, "0*.sql")
	require.NoError(t, err)
	earlier := fstest.MapFS{}
	for _, name := range append([]string{"roles.sql"}, names...) {
		if strings.HasSuffix(name, "_"+migration+".sql") {
			return earlier
		}
		text, err := fs.ReadFile(files.Migrations, name)
		require.NoError(t, err)
		earlier[name] = &fstest.MapFile{Data: text}
	}
	require.Fail(t, "no such migration")
	return nil
}

// TestInvitationsOfBeforeHaveTheirNames: the owner, whom the policies bind, fills in what the invited are shown.
func TestInvitationsOfBeforeHaveTheirNames(t *testing.T) {
	name := empty(t)
	setUp(t, name)
	none := fstest.MapFS{"install.sql": {Data: []byte("select 1;")}}
	require.NoError(t, Run(t.Context(), connect(t, "deployer", name), Files{before(t, "invitations"), none}, func(string) {}))
	exec(t, "postgres", name, `
		insert into app.users (id, email, full_name, password_hash) values (md5('ada')::uuid, 'ada@example.com', 'Ada', 'x');
		insert into app.organizations (id, name, created_by) values (md5('acme')::uuid, 'Acme', md5('ada')::uuid);
		insert into app.invitations (org_id, id, email, role, invited_by, token_hash) values (md5('acme')::uuid, md5('i')::uuid, 'bob@example.com', 'VIEWER', md5('ada')::uuid, 'x')`)

	_, err := steps(t, "deployer", name)
	require.NoError(t, err)
	require.NoError(t, check(t, "insightforge", name), "the policies bind the owner again")
	var shown string
	require.NoError(t, connect(t, "postgres", name).QueryRow(t.Context(), "select organization_name || ' by ' || invited_by_name from app.invitations").Scan(&shown))
	require.Equal(t, "Acme by Ada", shown)
}
