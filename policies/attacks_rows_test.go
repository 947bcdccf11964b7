package policies

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks on the rows of others, told from the viewpoints of anna, an ANALYST, and olga, an OWNER, of acme.

// sqlID is an id as SQL.
func sqlID(name string) string { return "'" + id(name).String() + "'" }

func sqlOrganization(name string) string { return sqlID("organizations/" + name) }

func TestAttack_019_KeysTellNothingAcrossOrganizations(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	// As anna, with the id of beta's dataset: there is nothing in the way.
	got := as(t, conn, asMember("anna", "acme"), fmt.Sprintf("insert into app.datasets (org_id, id, name, created_by) values (%s, %s, 'x', %s)",
		sqlOrganization("acme"), sqlID("datasets/beta/alan"), quoted("anna")))
	require.Empty(t, got.code())

	require.Empty(t, run(t, conn, "rollback").code())
	require.Zero(t, value[int64](t, admin, `select count(*) from pg_index i join pg_class c on c.oid = i.indrelid
		where c.relnamespace = 'app'::regnamespace and i.indisunique
		  and exists (select from pg_attribute where attrelid = c.oid and attname = 'org_id')
		  and (select attname from pg_attribute where attrelid = c.oid and attnum = i.indkey[0]) <> 'org_id'`),
		"every key of a tenant table begins with org_id")
}

func TestAttack_021_OnConflictReachesNoForeignRow(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	const insert = "insert into app.datasets (org_id, id, name, created_by) values (%s, %s, 'taken', %s) on conflict (org_id, id) do update set name = 'taken'"
	// As anna, with the id of beta's dataset: her own is made.
	require.Empty(t, as(t, conn, asMember("anna", "acme"), fmt.Sprintf(insert, sqlOrganization("acme"), sqlID("datasets/beta/alan"), quoted("anna"))+"; commit").code())
	require.Equal(t, "beta/alan", value[string](t, admin, "select name from app.datasets where org_id = $1 and id = $2", organization("beta"), id("datasets/beta/alan")))
	// As anna, with beta named.
	requireRefused(t, as(t, conn, asMember("anna", "acme"), fmt.Sprintf(insert, sqlOrganization("beta"), sqlID("datasets/beta/alan"), quoted("anna"))), rowDenied)
	// As anna, on a colleague's.
	requireRefused(t, as(t, conn, asMember("anna", "acme"), fmt.Sprintf(insert, sqlOrganization("acme"), sqlID("datasets/acme/alan"), quoted("anna"))), rowDenied)
}

func TestAttack_022_ADeletionCascadesWithinItsOrganization(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	const analyses = "select count(*) from app.analyses where org_id = $1"
	before := value[int64](t, admin, analyses, organization("beta"))
	twin := fmt.Sprintf("insert into app.datasets (org_id, id, name, created_by) values (%s, %s, 'twin', %s)", sqlOrganization("acme"), sqlID("datasets/beta/alan"), quoted("olga"))
	require.Equal(t, int64(12), as(t, conn, asMember("olga", "acme"), twin+"; delete from app.datasets").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Zero(t, value[int64](t, admin, analyses, organization("acme")))
	require.Equal(t, before, value[int64](t, admin, analyses, organization("beta")))

	require.Zero(t, value[int64](t, admin, `select count(*) from pg_constraint k
		where k.contype = 'f' and k.connamespace = 'app'::regnamespace
		  and exists (select from pg_attribute where attrelid = k.conrelid and attname = 'org_id')
		  and exists (select from pg_attribute where attrelid = k.confrelid and attname = 'org_id')
		  and not exists (select from generate_subscripts(k.conkey, 1) i
		    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[i] and a.attname = 'org_id'
		    join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[i] and b.attname = 'org_id')`),
		"every reference between tenant tables stays in the organization")
}

func TestAttack_023_ARowStaysInItsOrganization(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, table := range []string{"datasets", "memberships", "invitations", "analyses", "dataset_versions", "dataset_chunks"} {
		requireRefused(t, as(t, conn, asMember("olga", "acme"), "update app."+table+" set org_id = "+sqlOrganization("beta")), denied)
	}
}

func TestAttack_024_StatementsWithoutWhere(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	require.Zero(t, as(t, conn, asMember("vera", "acme"), "update app.datasets set name = 'x'").rows)
	require.Equal(t, int64(1), as(t, conn, asMember("anna", "acme"), "delete from app.datasets").rows)
	require.Equal(t, int64(11), as(t, conn, asMember("olga", "acme"), "update app.datasets set name = 'x'").rows)
	require.Equal(t, int64(11), as(t, conn, asMember("olga", "acme"), "delete from app.datasets").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Equal(t, int64(22), value[int64](t, admin, "select count(*) from app.datasets where name ~ '^(beta|gamma)/'"))
}

func TestAttack_027_Merge(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	const merge = `merge into app.datasets d using (values (%s::uuid, %s::uuid)) s(org_id, id) on d.org_id = s.org_id and d.id = s.id
		when matched then update set name = 'taken' when not matched then insert (org_id, id, name, created_by) values (s.org_id, s.id, 'new', %s)`
	beta, colleague, own := sqlID("datasets/beta/alan"), sqlID("datasets/acme/alan"), sqlID("datasets/acme/anna")
	for _, attempt := range []struct{ org, id, refusal string }{
		{"acme", beta, ""}, {"beta", beta, rowDenied}, {"acme", colleague, rowDenied}, {"acme", own, ""},
	} {
		got := as(t, conn, asMember("anna", "acme"), fmt.Sprintf(merge, sqlOrganization(attempt.org), attempt.id, quoted("anna")))
		if attempt.refusal == "" {
			require.Equal(t, int64(1), got.rows)
		} else {
			require.Equal(t, "42501", got.code())
			require.Contains(t, got.err.Message, "row-level security policy")
		}
	}
	require.Zero(t, as(t, conn, asMember("vera", "acme"), `merge into app.datasets d using (values (1)) s(n) on true when matched then do nothing`).rows)
	got := as(t, conn, asMember("anna", "acme"), `merge into app.datasets d using (values (1)) s(n) on true when matched then delete`)
	requireRefused(t, got, "row-level security policy")
}

func TestAttack_028_Copy(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	require.Equal(t, "0A000", as(t, conn, asMember("olga", "acme"), "copy app.datasets (org_id, id, name, created_by) from stdin").code())
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "copy (select name from app.datasets) to '/tmp/stolen'"), "COPY to a file")
	requireRefused(t, as(t, conn, asMember("olga", "acme"), "copy (select name from app.datasets) to program 'cat'"), "external program")
	require.Equal(t, int64(11), as(t, conn, asMember("olga", "acme"), "copy (select name from app.datasets) to stdout").rows)
}

func TestAttack_032_ColumnsThatAreSecret(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, list := range []string{"password_hash", "*", "u", "row_to_json(u)", "u::text", "(u).password_hash", "max(password_hash)"} {
		requireRefused(t, as(t, conn, asPerson("anna"), "select "+list+" from app.users u"), denied)
	}
	for _, list := range []string{"token_hash", "*", "i", "row_to_json(i)"} {
		requireRefused(t, as(t, conn, asMember("olga", "acme"), "select "+list+" from app.invitations i"), denied)
	}
	requireRefused(t, as(t, conn, asPerson("anna"), "select from app.users order by password_hash"), denied)
	requireRefused(t, as(t, conn, asPerson("anna"), "select from app.users where password_hash like 'h%'"), denied)
	requireRefused(t, as(t, conn, asPerson("anna"), "update app.users set full_name = 'x' returning password_hash"), denied)
}

func TestAttack_033_NobodyMakesARowInAnothersName(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, insert := range []string{
		"datasets (org_id, id, name, created_by) values (%[1]s, %[2]s, 'x', %[3]s)",
		"analyses (org_id, id, dataset_id, name, query, created_by) values (%[1]s, %[2]s, %[4]s, 'x', '{}', %[3]s)",
		"analysis_runs (org_id, id, analysis_id, created_by, result) values (%[1]s, %[2]s, %[5]s, %[3]s, '{}')",
		"invitations (org_id, id, invited_by, email, role, token_hash) values (%[1]s, %[2]s, %[3]s, left(%[4]s || %[5]s, 9), 'VIEWER', 'x')",
	} {
		forged := fmt.Sprintf("insert into app."+insert, sqlOrganization("acme"), sqlID("new"), quoted("alan"), sqlID("datasets/acme/alan"), sqlID("analyses/acme/alan"))
		requireRefused(t, as(t, conn, asMember("olga", "acme"), forged), rowDenied)
	}
}

func TestAttack_034_ErrorsTellNothingOfForeignRows(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, condition := range []string{
		"1 / (case when name like 'beta/%' then 0 else 1 end) = 1",
		"(case when name like 'beta/%' then name else '1' end)::integer = 1",
		"1 / (case when org_id <> " + sqlOrganization("acme") + " then 0 else 1 end) = 1",
	} {
		got := as(t, conn, asMember("olga", "acme"), "select from app.datasets where "+condition)
		require.Empty(t, got.code())
		require.Equal(t, int64(11), got.rows)
	}
	got := as(t, conn, asMember("olga", "acme"), "select from app.datasets where 1 / (case when name like 'acme/%' then 0 else 1 end) = 1")
	require.Equal(t, "22012", got.code(), "one's own rows do answer")
}

func TestAttack_036_ErrorsShowNoRow(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	const insert = "insert into app.datasets (org_id, id, name, created_by) values (%s, %s, %s, %s)"
	for code, script := range map[string]string{
		"23505": fmt.Sprintf(insert, sqlOrganization("acme"), sqlID("datasets/acme/olga"), "'secret'", quoted("olga")),
		"23514": fmt.Sprintf(insert, sqlOrganization("acme"), sqlID("new"), "''", quoted("olga")),
		"23502": fmt.Sprintf(insert, sqlOrganization("acme"), sqlID("new"), "null", quoted("olga")),
		"42501": fmt.Sprintf(insert, sqlOrganization("beta"), sqlID("new"), "'secret'", quoted("olga")),
	} {
		got := as(t, conn, asMember("olga", "acme"), script)
		require.Equal(t, code, got.code())
		require.Empty(t, got.err.Detail)
		require.NotContains(t, got.err.Message, "secret")
	}
}
