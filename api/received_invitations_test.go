package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const mine = "/api/v1/invitations"

// TestThePendingInvitationsOfMine: to one's own address, from every organization, the open ones.
func TestThePendingInvitationsOfMine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acme, other, p := s.newOrganization(), s.newOrganization(), s.newPerson("Nora New")
	other.owner.patch(other.path(""), object{"name": "Other"}).is(http.StatusOK)
	require.Empty(t, p.get(mine).items())
	first, second := acme.invite(acme.owner, p.email, "ADMIN"), other.invite(other.admin, p.email, "VIEWER")
	acme.newInvitation(newEmail())
	items := p.get(mine).items()
	require.Len(t, items, 2)
	require.Equal(t, object{"id": second["id"], "organization_name": "Other", "invited_by_name": "New ADMIN", "role": "VIEWER",
		"created_at": second["created_at"], "expires_at": second["expires_at"]}, items[0])
	require.Equal(t, []any{first["id"], "Acme", "Olga Owner", "ADMIN"}, []any{items[1]["id"], items[1]["organization_name"], items[1]["invited_by_name"], items[1]["role"]})
	page := p.get(mine + "?limit=1").object()
	require.Equal(t, first["id"], p.get(mine + "?limit=1&cursor=" + page["next_cursor"].(string)).items()[0]["id"])

	require.Empty(t, acme.owner.get(mine).items(), "others do not see them")
	other.owner.delete(other.invitation(second, "")).is(http.StatusNoContent)
	s.force("update app.invitations set expires_at = now() where id = $1", first["id"])
	require.Empty(t, p.get(mine).items())
}

// TestTheNamesAreThoseOfWhenItWasSent: the organization's and the inviter's of that moment.
func TestTheNamesAreThoseOfWhenItWasSent(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.newInvitation(p.email)
	o.owner.patch(o.path(""), object{"name": "Renamed"}).is(http.StatusOK)
	require.Equal(t, "Acme", p.get(mine).items()[0]["organization_name"])
	o.admin.post(o.invitation(invitation, "/resend"), nil).is(http.StatusOK)
	again := p.get(mine).items()[0]
	require.Equal(t, []any{"Renamed", "New ADMIN"}, []any{again["organization_name"], again["invited_by_name"]})
}

func TestAReceivedInvitationIsAcceptedByItsID(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ANALYST")
	require.Equal(t, "ANALYST", p.post(received(invitation, "accept"), nil).is(http.StatusOK)["role"])
	o.dataset(p)
	p.post(received(invitation, "accept"), nil).refused(http.StatusConflict, "invitation_accepted")
	require.Empty(t, p.get(mine).items())
}

// TestAnotherAddressesInvitationIsAnAbsentOne, whoever asks: a stranger, or who has made it.
func TestAnotherAddressesInvitationIsAnAbsentOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	invitation, absent := o.newInvitation(newEmail()), object{"id": uuid.NewString()}
	thief := o.s.newPerson("Theo Thief")
	before := o.s.dump()
	for _, p := range []person{thief, o.owner} {
		for _, what := range []string{"accept", "decline"} {
			foreign := p.post(received(invitation, what), nil)
			foreign.refused(http.StatusNotFound, "not_found")
			requireSameAnswer(t, foreign, p.post(received(absent, what), nil))
		}
	}
	require.Equal(t, before, o.s.dump())
}

func TestAReceivedInvitationIsRefusedAsItsToken(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for code, change := range map[string]func(person, object){
		"invitation_revoked":  func(_ person, i object) { o.owner.delete(o.invitation(i, "")).is(http.StatusNoContent) },
		"invitation_declined": func(p person, i object) { p.post(received(i, "decline"), nil).is(http.StatusNoContent) },
		"invitation_expired": func(_ person, i object) {
			o.s.force("update app.invitations set expires_at = now() where id = $1", i["id"])
		},
	} {
		p := o.s.newPerson("Nora New")
		invitation := o.newInvitation(p.email)
		change(p, invitation)
		before := o.s.dump()
		p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, code)
		p.post(received(invitation, "accept"), nil).refused(http.StatusConflict, code)
		p.post(received(invitation, "decline"), nil).refused(http.StatusConflict, code)
		require.Equal(t, before, o.s.dump())
	}
	inviter, p := o.newMember("ADMIN"), o.s.newPerson("Nora New")
	invitation := o.invite(inviter, p.email, "VIEWER")
	o.force(inviter, "ANALYST")
	p.post(received(invitation, "accept"), nil).refused(http.StatusForbidden, "inviter_lost_right")
}

func TestADeclinedInvitationIsOnTheRecordAndBlocksNoNewOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.newInvitation(p.email)
	p.post(received(invitation, "decline"), nil).is(http.StatusNoContent)
	require.Empty(t, p.get(mine).items())
	listed := o.owner.get(o.path("/invitations")).items()[0]
	require.Equal(t, "declined", listed["state"])
	require.NotNil(t, listed["declined_at"])
	require.Nil(t, listed["revoked_at"])
	var events int
	require.NoError(t, o.s.admin.QueryRow(t.Context(), `select count(*) from app.audit_events
		where org_id = $1 and action = 'invitation.declined' and object_id = $2 and actor_id = $3`, o.id, invitation["id"], p.id).Scan(&events))
	require.Equal(t, 1, events)
	p.post(received(o.newInvitation(p.email), "accept"), nil).is(http.StatusOK)
}

func TestOfADeclineAndAnAcceptanceAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 10 {
		p := o.s.newPerson("Nora New")
		invitation := o.newInvitation(p.email)
		answers := atOnce(
			func() answer { return p.post(received(invitation, "decline"), nil) },
			func() answer { return p.post(accept, object{"token": invitation["token"]}) })
		if answers[0].status == http.StatusNoContent {
			answers[1].refused(http.StatusConflict, "invitation_declined")
			require.Empty(t, o.roleOf(p))
		} else {
			answers[0].refused(http.StatusConflict, "invitation_accepted")
			answers[1].is(http.StatusOK)
		}
	}
}
