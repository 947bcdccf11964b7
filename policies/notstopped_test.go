package policies

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// What the policies do not stop, as docs/threat-model.md says it: each of these attacks succeeds. One that fails one day
// is good news, and the document is to be changed.

// TestNotStopped_StackedStatements: who sends several statements of their own is whoever they say they are.
func TestNotStopped_StackedStatements(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	vera := asMember("vera", "acme")
	require.Equal(t, int64(11), as(t, conn, vera, "reset role; "+asMember("zed", "beta")+"; select from app.datasets where name ~ '^beta/'").rows)
	require.Equal(t, int64(1), as(t, conn, vera, "set local role insightforge_auth; set local app.subject = 'zed@example.com'; select password_hash from app.users").rows)
	require.Equal(t, int64(11), as(t, conn, vera, "set local app.org_id = "+sqlOrganization("gamma")+"; select from app.datasets where name ~ '^gamma/'").rows)
	require.Equal(t, int64(11), as(t, conn, vera, "set local app.role = 'OWNER'; delete from app.datasets").rows)
	require.Empty(t, as(t, conn, vera, "reset role; alter role insightforge password 'x'; alter role insightforge set statement_timeout = 1").code())
	require.Empty(t, run(t, conn, "rollback").code()) // roles are the cluster's
}

// TestNotStopped_WhatAStatementLeavesBehind on a pooled connection, or holds: one whole statement at a time is enough.
func TestNotStopped_WhatAStatementLeavesBehind(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, other := connect(t, db, login), connect(t, db, login)
	require.Empty(t, as(t, conn, asMember("olga", "acme"), "declare c cursor with hold for select name from app.datasets; commit").code())
	require.Equal(t, int64(11), as(t, conn, asMember("zed", "beta"), "fetch all from c").rows, "olga's rows")
	require.Empty(t, run(t, conn, "rollback").code())

	// The server's own prepared statement, under its name, with another text: the next caller runs it.
	require.Equal(t, []string{"alan of acme"}, readAs(t, conn, "olga", "acme", "select full_name from app.memberships where org_id = $1 and full_name ~ '^alan'", organization("acme")))
	name := value[string](t, conn, "select name from pg_prepared_statements where statement ~ 'alan' and name like 'stmtcache%'")
	require.Empty(t, as(t, conn, asMember("vera", "beta"), "deallocate "+name+"; prepare "+name+"(uuid) as select 'planted by vera'; commit").code())
	require.Equal(t, []string{"planted by vera"}, readAs(t, conn, "olga", "acme", "select full_name from app.memberships where org_id = $1 and full_name ~ '^alan'", organization("acme")))

	require.Empty(t, as(t, conn, asMember("olga", "acme"), "listen c; commit").code())
	require.Empty(t, as(t, other, asMember("zed", "beta"), "notify c, 'from beta'; commit").code())
	heard, err := conn.WaitForNotification(t.Context())
	require.NoError(t, err)
	require.Equal(t, "from beta", heard.Payload)

	require.Empty(t, as(t, conn, asMember("vera", "acme"), "lock table app.datasets in access exclusive mode").code())
	require.Equal(t, "55P03", as(t, other, asMember("zed", "beta"), "set local lock_timeout = 1; select from app.datasets").code())
}

// TestNotStopped_SettingsOfARole: one whole statement notes settings for the role that it runs as. They open nothing, being
// read only when such a role logs in; but the server does not start until they are reset.
func TestNotStopped_SettingsOfARole(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	require.Empty(t, as(t, conn, asMember("vera", "acme"), "alter role insightforge_api set row_security = off; reset role").code())
	require.ErrorContains(t, migrate.Check(t.Context(), conn, files, false), "settings are stored for role insightforge_api: row_security=off")
	require.Empty(t, run(t, conn, "rollback").code()) // roles are the cluster's
}

// TestNotStopped_TotalsAreSeen: a SELECT tells how large the tables of all organizations are together.
func TestNotStopped_TotalsAreSeen(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn := connect(t, db, login)
	require.Empty(t, run(t, connect(t, db, superuser), "analyze app.datasets").code())
	for sql, total := range map[string]float64{
		"select reltuples from pg_class where oid = 'app.datasets'::regclass": 33,
		"select pg_relation_size('app.datasets')":                             8192,
	} {
		require.Empty(t, as(t, conn, asMember("vera", "acme"), "select 1").code())
		require.Equal(t, total, value[float64](t, conn, sql))
	}
}

// TestNotStopped_ASuperuser reads everything, and so does who may become the owner.
func TestNotStopped_ASuperuser(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin := connect(t, db, superuser)
	require.Equal(t, int64(33), run(t, admin, "select from app.datasets").rows)
	require.Equal(t, int64(33), run(t, admin, "set role insightforge_owner; alter table app.datasets no force row level security; select from app.datasets").rows)
}
