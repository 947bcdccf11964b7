package policies

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// asLesserKey is olga's with the role VIEWER.
func asLesserKey() string {
	return "select app.begin_api_key('hash/acme/olga/less', '" + organization("acme").String() + "')"
}

// TestAttack_100_AKeyRecordsAndSeesWhatIsItsOwn: not what its person does without it, nor with another key.
func TestAttack_100_AKeyRecordsAndSeesWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	event := func(actor, key string) string {
		return "insert into app.audit_events (org_id, id, actor_id, api_key_id, action, request_id, address) values (" + sqlOrganization("acme") +
			", gen_random_uuid(), " + actor + ", " + key + ", 'dataset.created', '', '')"
	}
	require.Empty(t, as(t, conn, asMember("olga", "acme"), event(quoted("olga"), "null")).code())
	require.Empty(t, run(t, conn, "commit").code())
	require.Empty(t, as(t, conn, asLesserKey(), event("app.user_id()", "app.subject()::uuid")).code())
	for _, forged := range []string{event("app.user_id()", "null"), event(quoted("anna"), "app.subject()::uuid"), event("app.user_id()", "'"+id("api_keys/acme/olga").String()+"'")} {
		requireRefused(t, as(t, conn, asLesserKey(), forged), rowDenied)
	}
	requireRefused(t, as(t, conn, asMember("olga", "acme"), event(quoted("olga"), "'"+id("api_keys/acme/olga").String()+"'")), rowDenied)

	require.Empty(t, as(t, conn, asLesserKey(), event("app.user_id()", "app.subject()::uuid")+"; commit").code())
	require.Equal(t, int64(1), as(t, conn, asLesserKey(), "select from app.audit_events").rows)
	require.Greater(t, as(t, conn, asKey("olga", "acme"), "select from app.audit_events").rows, int64(2), "an OWNER sees all")
	require.Zero(t, as(t, conn, asKey("anna", "acme"), "select from app.audit_events").rows)
	for _, change := range []string{"update app.audit_events set action = 'x.y'", "delete from app.audit_events"} {
		requireRefused(t, as(t, conn, asKey("olga", "acme"), change), denied)
	}
}

// TestARevokedKeyStaysRevoked, and one that is rotated ends within 7 days.
func TestARevokedKeyStaysRevoked(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	key := "where org_id = " + sqlOrganization("acme") + " and id = '" + id("api_keys/acme/anna").String() + "'"
	require.Equal(t, int64(1), as(t, conn, asMember("anna", "acme"), "update app.api_keys set revoked_at = now() + interval '1 day' "+key+"; commit; begin; "+
		asMember("anna", "acme")+"; select from app.api_keys "+key).rows)
	for _, later := range []string{"null", "'infinity'", "now() + interval '8 days'"} {
		requireRefused(t, as(t, conn, asMember("anna", "acme"), "update app.api_keys set revoked_at = "+later+" "+key), rowDenied)
	}
	require.Equal(t, int64(1), as(t, conn, asMember("anna", "acme"), "update app.api_keys set revoked_at = now() "+key).rows)
	require.Empty(t, run(t, conn, "commit").code())
	for _, later := range []string{"null", "now()", "now() + interval '1 day'"} {
		require.Zero(t, as(t, conn, asMember("olga", "acme"), "update app.api_keys set revoked_at = "+later+" "+key).rows)
	}
	require.Equal(t, "28000", run(t, conn, "rollback; begin; "+asKey("anna", "acme")).code())
}

// TestAMemberAndTheirKeyAnswerInTurn: one connection and one prepared statement serve two database roles.
func TestAMemberAndTheirKeyAnswerInTurn(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	for _, mode := range planModes {
		conn := connect(t, db, login)
		require.Empty(t, run(t, conn, "set plan_cache_mode = "+mode).code())
		for i := range 30 {
			begin, members := asMember("olga", "acme"), true
			if i%3 > 0 {
				begin, members = asKey("olga", "acme"), false
			}
			require.Empty(t, run(t, conn, "rollback; begin; "+begin).code())
			rows, _ := conn.Query(t.Context(), "select name from app.datasets where org_id = $1", organization("acme"))
			names, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			require.Len(t, names, 11)
			require.True(t, strings.HasPrefix(names[0], "acme/"))
			_, err = conn.Exec(t.Context(), "select from app.memberships where org_id = $1", organization("acme"))
			require.Equal(t, members, err == nil)
		}
	}
}
