package policies

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// The ways into an organization: founding it, and being invited.

func asFounder(person, org string) string {
	return fmt.Sprintf("select app.begin_organization('%s', '%s', 'taken over')", user(person), organization(org))
}

func asInvitee(person, tokenHash string) string {
	return fmt.Sprintf("select app.begin_invitation('%s', '%s')", user(person), tokenHash)
}

// snapshot is everything that founding and inviting may change.
func snapshot(t *testing.T, admin *pgx.Conn) string {
	t.Helper()
	return value[string](t, admin, `select concat(
		(select string_agg(o::text, ';' order by o::text) from app.organizations o), (select string_agg(m::text, ';' order by m::text) from app.memberships m),
		(select string_agg(e::text, ';' order by e::text) from app.member_emails e), (select string_agg(i::text, ';' order by i::text) from app.invitations i))`)
}

// requireNothingChanged commits what is left of a refused transaction and compares.
func requireNothingChanged(t *testing.T, conn, admin *pgx.Conn, before string) {
	t.Helper()
	run(t, conn, "commit")
	require.Equal(t, before, snapshot(t, admin))
}

func TestFoundingAnOrganizationThatExistsIsNoWayIn(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	before := snapshot(t, admin)
	for _, person := range []string{"vera", "zed", "noor", "olga"} { // a VIEWER of acme, a stranger, nobody yet, its OWNER
		require.Equal(t, "23505", run(t, conn, "begin; "+asFounder(person, "acme")).code())
		requireNothingChanged(t, conn, admin, before)
	}
	require.Equal(t, "28000", run(t, conn, "begin; "+asFounder("nobody", "new")).code())
	requireNothingChanged(t, conn, admin, before)
}

func TestAFounderIsTheOwnerOfAnEmptyOrganization(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn := connect(t, db, login)
	require.Equal(t, int64(1), run(t, conn, "begin; "+asFounder("vera", "new")+"; select from app.memberships where role = 'OWNER'").rows)
	require.Equal(t, int64(1), run(t, conn, "select from app.member_emails where email = 'vera@example.com'").rows)
	require.Zero(t, run(t, conn, "select from app.datasets").rows)
	require.Equal(t, int64(1), run(t, conn, "select from app.organizations").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Equal(t, int64(1), as(t, conn, asMember("vera", "new"), "update app.organizations set name = 'x'").rows)
}

func TestAnInvitationAdmitsItsAddressOnce(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	const token = "hash/acme/ANALYST/open"
	require.Equal(t, int64(11), run(t, conn, "begin; "+asInvitee("noor", token)+"; select from app.datasets").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Equal(t, "ANALYST", value[string](t, admin, "select role from app.memberships where org_id = $1 and user_id = $2", organization("acme"), user("noor")))
	require.Equal(t, "noor@example.com", value[string](t, admin, "select email from app.member_emails where org_id = $1 and user_id = $2", organization("acme"), user("noor")))

	before := snapshot(t, admin)
	require.Equal(t, "IF021", run(t, conn, "begin; "+asInvitee("noor", token)).code(), "a second time")
	requireNothingChanged(t, conn, admin, before)
	require.Equal(t, "23505", run(t, conn, "begin; "+asInvitee("noor", "hash/acme/OWNER/open")).code(), "another one, as a member")
	requireNothingChanged(t, conn, admin, before)
}

func TestAnInvitationIsRefused(t *testing.T) {
	t.Parallel()
	const open = "hash/acme/ANALYST/open"
	inviter := func(change string) string {
		return strings.NewReplacer("{acme}", sqlOrganization("acme"), "{olga}", quoted("olga"), "{adam}", quoted("adam")).Replace(change)
	}
	for name, refused := range map[string]struct {
		given, person, token, code string
	}{
		"to another address":                  {"", "zed", open, "IF001"},
		"to an address that only begins so":   {"update app.users set email = 'noor@example.com.evil' where full_name = 'noor'", "noor", open, "IF001"},
		"without a verified address":          {inviter("update app.users set email_verified_at = null where full_name = 'noor'"), "noor", open, "IF005"},
		"to another address, not verified":    {inviter("update app.users set email_verified_at = null where full_name = 'zed'"), "zed", open, "IF001"},
		"revoked, and not verified":           {inviter("update app.users set email_verified_at = null where full_name = 'noor'"), "noor", "hash/acme/ANALYST/revoked", "IF005"},
		"revoked":                             {"", "noor", "hash/acme/ANALYST/revoked", "IF022"},
		"revoked, and the organization gone":  {inviter("update app.organizations set deleted_at = now() where id = {acme}"), "noor", "hash/acme/ANALYST/revoked", "IF022"},
		"declined":                            {"", "noor", "hash/acme/VIEWER/declined", "IF023"},
		"expired":                             {"update app.invitations set expires_at = now()", "noor", open, "IF024"},
		"the organization was deleted":        {inviter("update app.organizations set deleted_at = now() where id = {acme}"), "noor", open, "IF004"},
		"deleted, and the inviter has left":   {inviter("with o as (update app.organizations set deleted_at = now() where id = {acme}) delete from app.memberships where org_id = {acme} and user_id = {olga}"), "noor", open, "IF004"},
		"unknown":                             {"", "noor", "hash", "P0002"},
		"an empty token":                      {"", "noor", "", "P0002"},
		"without a user":                      {"", "nobody", open, "28000"},
		"the inviter has left":                {inviter("delete from app.memberships where org_id = {acme} and user_id = {olga}"), "noor", open, "IF003"},
		"the inviter has become an ANALYST":   {inviter("update app.memberships set role = 'ANALYST' where user_id = {olga}"), "noor", open, "IF003"},
		"an ADMIN invited to OWNER":           {inviter("update app.invitations set invited_by = {adam} where org_id = {acme}"), "noor", "hash/acme/OWNER/open", "IF003"},
		"an ADMIN invited to ADMIN":           {inviter("update app.invitations set invited_by = {adam} where org_id = {acme}"), "noor", "hash/acme/ADMIN/open", "IF003"},
		"the inviter is OWNER elsewhere only": {inviter("update app.invitations set invited_by = " + quoted("zed") + " where org_id = {acme}"), "noor", open, "IF003"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.Database(t)
			conn, admin := connect(t, db, login), connect(t, db, superuser)
			if refused.given != "" {
				require.Positive(t, run(t, admin, refused.given).rows)
			}
			before := snapshot(t, admin)
			require.Equal(t, refused.code, run(t, conn, "begin; "+asInvitee(refused.person, refused.token)).code())
			requireNothingChanged(t, conn, admin, before)
		})
	}
}

func TestAnAdminMayInviteAnAnalyst(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	require.Positive(t, run(t, admin, "update app.invitations set invited_by = "+quoted("adam")+" where org_id = "+sqlOrganization("acme")).rows)
	require.Empty(t, run(t, conn, "begin; "+asInvitee("noor", "hash/acme/ANALYST/open")).code())
}

func TestARevokedInvitationStaysRevoked(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	revoked := sqlID("invitations/acme/VIEWER/revoked")
	for _, person := range []string{"olga", "adam"} {
		outcome := as(t, conn, asMember(person, "acme"), "update app.invitations set revoked_at = null where id = "+revoked)
		require.Empty(t, outcome.code())
		require.Zero(t, outcome.rows, "a closed invitation is out of an update's sight")
		requireRefused(t, as(t, conn, asMember(person, "acme"), "update app.invitations set accepted_at = null, expires_at = 'infinity' where id = "+revoked), denied)
	}
}

// TestAnIDAdmitsWhomTheTokenAdmits, if the address is verified; of others' invitations it tells nothing.
func TestAnIDAdmitsWhomTheTokenAdmits(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	conn, admin := connect(t, db, login), connect(t, db, superuser)
	before := snapshot(t, admin)
	byID := func(person, invitation string) string {
		return run(t, conn, fmt.Sprintf("begin; select app.begin_invitation('%s', null, %s)", user(person), sqlID("invitations/"+invitation))).code()
	}
	for code, refused := range map[string][2]string{
		"P0002": {"zed", "acme/ANALYST/open"}, "28000": {"nobody", "acme/ANALYST/open"}, "IF005": {"ned", "acme/VIEWER/another's"},
		"IF022": {"noor", "acme/ANALYST/revoked"}, "IF023": {"noor", "acme/VIEWER/declined"}, "IF004": {"noor", "delta/VIEWER/open"},
		"IF003": {"noor", "acme/VIEWER/orphaned"},
	} {
		require.Equal(t, code, byID(refused[0], refused[1]))
		requireNothingChanged(t, conn, admin, before)
	}
	require.Empty(t, byID("noor", "acme/ANALYST/open"))
	require.Equal(t, int64(11), run(t, conn, "select from app.datasets").rows)
	require.Empty(t, run(t, conn, "commit").code())
	require.Equal(t, "ANALYST", value[string](t, admin, "select role from app.memberships where org_id = $1 and user_id = $2", organization("acme"), user("noor")))
}

// TestAnAddresseeDeclinesAndNoMore: whoever may decline an invitation joins nothing with it, and leaves no other event.
func TestAnAddresseeDeclinesAndNoMore(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	addressee := fmt.Sprintf("select app.begin_addressee('%s', %s)", user("noor"), sqlID("invitations/acme/VIEWER/open"))
	acme, noor := sqlOrganization("acme"), quoted("noor")
	event := func(org, actor, action string) string {
		return "insert into app.audit_events (org_id, id, actor_id, action, request_id, address) values (" + org + ", " + sqlID("new") + ", " + actor + ", '" + action + "', '', '')"
	}
	require.Equal(t, int64(1), as(t, conn, addressee, event(acme, noor, "invitation.declined")).rows)
	for _, refused := range []string{
		event(sqlOrganization("beta"), noor, "invitation.declined"), event(acme, quoted("olga"), "invitation.declined"), event(acme, noor, "invitation.revoked"),
		"insert into app.memberships (org_id, user_id, role, full_name) values (" + acme + ", " + noor + ", 'VIEWER', 'x')",
		"insert into app.organizations (id, name, created_by) values (" + sqlID("new") + ", 'x', " + noor + ")",
		"update app.invitations set accepted_at = now()",
	} {
		requireRefused(t, as(t, conn, addressee, refused), rowDenied)
	}
	for _, table := range []string{"organizations", "memberships", "member_emails"} {
		require.Zero(t, as(t, conn, addressee, "select from app."+table).rows, table)
	}
	requireRefused(t, as(t, conn, addressee, "select from app.audit_events"), denied)
}
