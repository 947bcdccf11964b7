package policies

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks on the record of who did what, by whoever can send a statement of their choice as a member.

// event is an INSERT of one, with these values for organization, actor and more columns.
func event(org, actor, columns, values string) string {
	return fmt.Sprintf("insert into app.audit_events (org_id, id, actor_id, action, request_id, address%s) values (%s, gen_random_uuid(), %s, 'member.removed', 'x', ''%s)",
		columns, org, actor, values)
}

func TestAttack_111_AuditEventsStayAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	const all = "select md5(string_agg(t::text, '' order by t::text)) from (select e::text as t from app.audit_events e union all select s::text from app.audit_seals s) r"
	before := value[string](t, admin, all)
	callers := []string{asMember("olga", "acme"), asMember("adam", "acme"), asMember("anna", "acme"), asMember("vera", "acme"), asPerson("olga"), asUnknown("olga@example.com"),
		"select app.begin_seal(" + sqlOrganization("acme") + ")"}
	for _, begin := range callers {
		for _, table := range []string{"app.audit_events", "app.audit_seals"} {
			for _, attack := range []string{
				"update %s set org_id = org_id", "delete from %s", "truncate %s", "truncate %s cascade", "alter table %s disable row level security",
				"merge into %s t using (select) s on true when matched then delete",
				"create trigger x before insert on %s for each row execute function suppress_redundant_updates_trigger()",
			} {
				requireRefused(t, as(t, conn, begin, fmt.Sprintf(attack, table)), "")
			}
		}
	}
	require.Empty(t, run(t, conn, "rollback").code())
	require.Equal(t, before, value[string](t, admin, all))
}

func TestAttack_111_AnEventIsWrittenInOnesOwnNameAndNow(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	acme, me := sqlOrganization("acme"), quoted("anna")
	anna := asMember("anna", "acme")
	require.Empty(t, as(t, conn, anna, event(acme, me, "", "")).code())
	requireRefused(t, as(t, conn, anna, event(acme, quoted("olga"), "", "")), rowDenied)                    // another actor
	requireRefused(t, as(t, conn, anna, event(acme, me, ", at", ", '2001-01-01'")), denied)                 // another time
	requireRefused(t, as(t, conn, anna, event(sqlOrganization("beta"), me, "", "")), rowDenied)             // where she is an OWNER, but not now
	requireRefused(t, as(t, conn, anna, event(sqlOrganization("gamma"), me, "", "")), rowDenied)            // where she is not
	requireRefused(t, as(t, conn, anna, event(acme, me, ", api_key_id", ", gen_random_uuid()")), rowDenied) // by a key that there is not
	requireRefused(t, as(t, conn, asPerson("anna"), event(acme, me, "", "")), "")                           // without the organization
	requireRefused(t, as(t, conn, asUnknown("anna@example.com"), event(acme, me, "", "")), denied)
	requireRefused(t, as(t, conn, "select app.begin_seal("+acme+")", event(acme, me, "", "")), denied)
	require.Equal(t, "P0002", as(t, conn, asMember("zoe", "acme"), event(acme, quoted("zoe"), "", "")).code()) // no member
	onConflict := fmt.Sprintf("insert into app.audit_events (org_id, id, actor_id, action, request_id, address) values (%s, %s, %s, 'member.removed', 'x', '') on conflict (org_id, id) do update set address = 'y'",
		acme, sqlID("audit_events/acme/anna"), me)
	requireRefused(t, as(t, conn, anna, onConflict), denied)
}

func TestAttack_111_NobodyElseSeals(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	seal := func(org, event string) string {
		return fmt.Sprintf("insert into app.audit_seals (org_id, number, event_id, hash) values (%s, 999, %s, sha256(''))", org, event)
	}
	acme, unsealed := sqlOrganization("acme"), sqlID("unsealed/acme/olga")
	for _, begin := range []string{asMember("olga", "acme"), asPerson("olga"), asUnknown("olga@example.com")} {
		requireRefused(t, as(t, conn, begin, seal(acme, unsealed)), denied)
	}
	sealer := "select app.begin_seal(" + acme + ")"
	require.Empty(t, as(t, conn, sealer, seal(acme, unsealed)).code())
	requireRefused(t, as(t, conn, sealer, seal(sqlOrganization("beta"), sqlID("unsealed/beta/olga"))), rowDenied)
	require.Equal(t, "23503", as(t, conn, sealer, seal(acme, sqlID("no event"))+"; set constraints all immediate").code())
	require.Equal(t, "23505", as(t, conn, sealer, seal(acme, sqlID("audit_events/acme/olga"))).code()) // sealed already
	for _, table := range []string{"users", "organizations", "memberships", "member_emails", "invitations", "datasets", "dataset_chunks", "analyses", "questions"} {
		requireRefused(t, as(t, conn, sealer, "select from app."+table), denied)
	}
}
