package policies

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// TestNobodyRaisesALimit: whoever has found an SQL injection locks the row of quotas, as the server does, and changes nothing of
// it, nor of what is counted of questions.
func TestNobodyRaisesALimit(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for _, person := range []string{"olga", "adam", "anna", "vera"} {
		begin := asMember(person, "acme")
		require.Equal(t, int64(1), as(t, conn, begin, "select from app.quotas for update").rows, "only acme's")
		require.Zero(t, as(t, conn, begin, fmt.Sprintf("select from app.quotas where org_id = %s for update", sqlOrganization("beta"))).rows)
		for _, change := range []string{
			"update app.quotas set members = 2000000000", "update app.quotas set datasets = default", "update app.quotas set stored_bytes = stored_bytes + 1",
			"update app.quotas set questions_per_day = 0", "update app.quotas set org_id = " + sqlOrganization("beta"), "delete from app.quotas",
			"insert into app.quotas (org_id, members) select org_id, 2000000000 from app.quotas on conflict (org_id) do update set members = excluded.members",
			"insert into app.quotas (org_id) values (gen_random_uuid())",
			"merge into app.quotas q using (select 1) one on true when matched then update set members = 2000000000", "truncate app.quotas",
			"delete from app.questions_asked", "update app.questions_asked set at = '2000-01-01'",
			"insert into app.questions_asked (org_id, id, at) select org_id, id, '2000-01-01' from app.questions_asked",
		} {
			requireRefused(t, as(t, conn, begin, change), "permission denied")
		}
		requireRefused(t, as(t, conn, begin, "update app.quotas set locked_at = now()"), rowDenied)
	}
	for _, begin := range []string{asPerson("olga"), asUnknown("olga@example.com")} {
		requireRefused(t, as(t, conn, begin, "select from app.quotas"), "permission denied")
	}
}

// TestAFounderHasTheDefaults: a person in the middle of founding an organization chooses no limit either.
func TestAFounderHasTheDefaults(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	begin := fmt.Sprintf("select app.begin_organization(%s, %s, 'x')", quoted("noor"), sqlID("new"))
	require.Equal(t, int64(1), as(t, conn, begin, "select from app.quotas where members = 1000 and datasets = 1000 and stored_bytes = 107374182400 and questions_per_day = 10000").rows)
	requireRefused(t, as(t, conn, asPerson("noor"), fmt.Sprintf("insert into app.quotas (org_id) values (%s)", sqlOrganization("acme"))), rowDenied)
}
