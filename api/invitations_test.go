package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const accept = "/api/v1/invitations/accept"

func TestAnInvitationMakesAMemberOfItsRole(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ANALYST")
	require.Equal(t, "ANALYST", p.post(accept, object{"token": invitation["token"]}).is(http.StatusOK)["role"])
	require.Equal(t, "Acme", p.get(o.path("")).is(http.StatusOK)["name"])
	o.dataset(p)
	p.patch(o.path(""), object{"name": "Mine"}).refused(http.StatusForbidden, "forbidden")
	require.NotNil(t, o.owner.get(o.path("/invitations")).items()[0]["accepted_at"])
}

func TestAttack_105_AnInvitationIsForItsAddressOnly(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p, thief := o.s.newPerson("Nora New"), o.s.newPerson("Theo Thief")
	token := o.invite(o.owner, p.email, "OWNER")["token"]
	thief.post(accept, object{"token": token}).refused(http.StatusForbidden, "invitation_address")
	o.viewer.post(accept, object{"token": token}).refused(http.StatusForbidden, "invitation_address")
	thief.get(o.path("")).refused(http.StatusNotFound, "not_found")
	p.post(accept, object{"token": token}).is(http.StatusOK)
}

// TestAttack_105_AForwardedLinkServesNoUnverifiedAccount: whoever has the link, and signs up with the address that it was
// sent to, is told nothing of the invitation until they have shown that the address is theirs.
func TestAttack_105_AForwardedLinkServesNoUnverifiedAccount(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	thief, other := o.s.newPerson("Theo Thief"), o.s.newPerson("Otto Other")
	o.s.force("update app.users set email_verified_at = null where id = any ($1)", []string{thief.id.String(), other.id.String()})
	open, revoked := o.invite(o.owner, thief.email, "OWNER"), o.newInvitation(newEmail())
	o.owner.delete(o.invitation(revoked, "")).is(http.StatusNoContent)
	before := o.s.dump()
	thief.post(accept, object{"token": open["token"]}).refused(http.StatusForbidden, "email_unverified")
	told := thief.get("/api/v1/invitations")
	told.refused(http.StatusForbidden, "email_unverified")
	for _, a := range []answer{
		thief.post(received(open, "accept"), nil), thief.post(received(open, "decline"), nil),
		thief.post(received(revoked, "accept"), nil), thief.post(received(revoked, "decline"), nil),
	} {
		requireSameAnswer(t, told, a)
	}
	other.post(accept, object{"token": open["token"]}).refused(http.StatusForbidden, "invitation_address")
	require.Equal(t, before, o.s.dump())

	o.s.force("update app.users set email_verified_at = now() where id = $1", thief.id)
	thief.post(accept, object{"token": open["token"]}).is(http.StatusOK)
}

func TestAnInvitationToADeletedOrganizationIsGone(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "VIEWER")
	o.s.force("update app.organizations set deleted_at = now() where id = $1", o.id)
	before := o.s.dump()
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusGone, "organization_deleted")
	p.post(received(invitation, "accept"), nil).refused(http.StatusGone, "organization_deleted")
	require.Equal(t, before, o.s.dump())
	o.s.force("update app.organizations set deleted_at = null where id = $1", o.id)
	p.post(accept, object{"token": invitation["token"]}).is(http.StatusOK)
}

func TestAMemberIsToldSo(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ADMIN")
	o.force(p, "VIEWER")
	before := o.s.dump()
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "already_member")
	p.post(received(invitation, "accept"), nil).refused(http.StatusConflict, "already_member")
	o.owner.post(o.invitation(invitation, "/resend"), nil).refused(http.StatusConflict, "already_member")
	require.Equal(t, before, o.s.dump(), "the role too")
}

// invitation is the path of one, and received of what the invited does with it.
func (o *organization) invitation(i object, rest string) string {
	return o.path("/invitations/" + i["id"].(string) + rest)
}

func received(i object, what string) string {
	return "/api/v1/invitations/" + i["id"].(string) + "/" + what
}

func (o *organization) newInvitation(email string) object { return o.invite(o.owner, email, "VIEWER") }

func TestAnAddressIsTheSameInCapitals(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	capitals := p.email[:len(p.email)-len("example.com")] + "EXAMPLE.COM"
	token := o.invite(o.owner, capitals, "VIEWER")["token"]
	o.owner.post(o.path("/invitations"), object{"email": p.email, "role": "VIEWER"}).refused(http.StatusConflict, "already_invited")
	p.post(accept, object{"token": token}).is(http.StatusOK)
	o.owner.post(o.path("/invitations"), object{"email": capitals, "role": "VIEWER"}).refused(http.StatusConflict, "already_member")
}

func TestAnInvitationServesOnce(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "VIEWER")
	p.post(accept, object{"token": invitation["token"]}).is(http.StatusOK)
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_accepted")
	o.owner.delete(o.path("/invitations/"+invitation["id"].(string))).refused(http.StatusConflict, "invitation_closed")

	p.delete(o.members() + p.id.String()).is(http.StatusNoContent)
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_accepted")
}

// TestOfTwentyAcceptancesAtOnceOneSucceeds, by the token and by the id. The others are told why.
func TestOfTwentyAcceptancesAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 3 {
		p := o.s.newPerson("Nora New")
		invitation := o.invite(o.owner, p.email, "VIEWER")
		requests := make([]func() answer, 20)
		for i := range requests {
			requests[i] = func() answer { return p.post(accept, object{"token": invitation["token"]}) }
			if i%2 == 1 {
				requests[i] = func() answer { return p.post(received(invitation, "accept"), nil) }
			}
		}
		joined := 0
		for _, a := range atOnce(requests...) {
			if a.status == http.StatusOK {
				joined++
				continue
			}
			a.refused(http.StatusConflict, "invitation_accepted")
		}
		require.Equal(t, 1, joined)
		require.Equal(t, "VIEWER", o.roleOf(p))
	}
}

func TestOfARevocationAndAnAcceptanceAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 20 {
		p := o.s.newPerson("Nora New")
		invitation := o.invite(o.owner, p.email, "VIEWER")
		answers := atOnce(
			func() answer { return o.owner.delete(o.invitation(invitation, "")) },
			func() answer { return p.post(accept, object{"token": invitation["token"]}) })
		if answers[0].status == http.StatusNoContent {
			answers[1].refused(http.StatusConflict, "invitation_revoked")
			require.Empty(t, o.roleOf(p))
		} else {
			answers[0].refused(http.StatusConflict, "invitation_closed")
			answers[1].is(http.StatusOK)
		}
	}
}

// TestOfAResendAndAnAcceptanceAtOnceOneComesFirst: either the person is a member and nothing was sent, or the token has
// changed. The id serves before and after.
func TestOfAResendAndAnAcceptanceAtOnceOneComesFirst(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 20 {
		p, q := o.s.newPerson("Nora New"), o.s.newPerson("Quin New")
		byToken, byID := o.invite(o.owner, p.email, "VIEWER"), o.invite(o.owner, q.email, "VIEWER")
		answers := atOnce(
			func() answer { return o.owner.post(o.invitation(byToken, "/resend"), nil) },
			func() answer { return p.post(accept, object{"token": byToken["token"]}) },
			func() answer { return o.owner.post(o.invitation(byID, "/resend"), nil) },
			func() answer { return q.post(received(byID, "accept"), nil) })
		if answers[0].status == http.StatusOK {
			answers[1].refused(http.StatusNotFound, "not_found")
			p.post(accept, object{"token": answers[0].object()["token"]}).is(http.StatusOK)
		} else {
			answers[0].refused(http.StatusConflict, "invitation_closed")
			answers[1].is(http.StatusOK)
		}
		if answers[2].status != http.StatusOK {
			answers[2].refused(http.StatusConflict, "invitation_closed")
		}
		answers[3].is(http.StatusOK)
	}
}

func TestARevokedInvitationIsClosedAndBlocksNoNewOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ADMIN")
	o.owner.delete(o.path("/invitations/" + invitation["id"].(string))).is(http.StatusNoContent)
	o.owner.delete(o.path("/invitations/"+invitation["id"].(string))).refused(http.StatusConflict, "invitation_closed")
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_revoked")

	token := o.invite(o.owner, p.email, "VIEWER")["token"]
	require.Equal(t, "VIEWER", p.post(accept, object{"token": token}).is(http.StatusOK)["role"])
}

func TestAnExpiredInvitationIsClosedAndBlocksNoNewOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ADMIN")
	o.s.force("update app.invitations set expires_at = now() - interval '1 second' where id = $1", invitation["id"])
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_expired")

	token := o.invite(o.owner, p.email, "VIEWER")["token"]
	require.Equal(t, "VIEWER", p.post(accept, object{"token": token}).is(http.StatusOK)["role"])
}

func TestAnInvitationIsWorthNoMoreThanItsInviterIsNow(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	inviter := o.newMember("OWNER")
	for _, now := range []struct {
		inviter string
		refused []string
		joined  []string
	}{
		{"OWNER", nil, roles},
		{"ADMIN", []string{"OWNER", "ADMIN"}, []string{"ANALYST", "VIEWER"}},
		{"ANALYST", roles, nil},
		{"VIEWER", roles, nil},
		{"", roles, nil},
	} {
		invited := func(role string) answer {
			o.force(inviter, "OWNER")
			p := o.s.newPerson("Nora New")
			token := o.invite(inviter, p.email, role)["token"]
			o.force(inviter, now.inviter)
			return p.post(accept, object{"token": token})
		}
		for _, role := range now.refused {
			invited(role).refused(http.StatusForbidden, "inviter_lost_right")
		}
		for _, role := range now.joined {
			require.Equal(t, role, invited(role).is(http.StatusOK)["role"])
		}
	}
}

func TestAnAdminSeesAndMakesInvitationsBelowAdminOnly(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, role := range []string{"OWNER", "ADMIN"} {
		o.admin.post(o.path("/invitations"), object{"email": newEmail(), "role": role}).refused(http.StatusForbidden, "forbidden")
	}
	for _, role := range roles {
		o.invite(o.owner, newEmail(), role)
	}
	require.Len(t, o.owner.get(o.path("/invitations")).items(), 4)
	var seen []any
	for _, invitation := range o.admin.get(o.path("/invitations")).items() {
		seen = append(seen, invitation["role"])
		require.NotContains(t, invitation, "token")
	}
	require.Equal(t, []any{"VIEWER", "ANALYST"}, seen)
}

func TestAnUnknownInvitationIsNotFound(t *testing.T) {
	t.Parallel()
	p := newServer(t).newPerson("Nora New")
	p.post(accept, object{"token": "ifi_nothing"}).refused(http.StatusNotFound, "not_found")
	p.post(accept, object{"token": ""}).refused(http.StatusNotFound, "not_found")
}

// A second open invitation would let whoever holds the first choose between two roles.
func TestTwoInvitationsAtOnceToOneAddressMakeOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 10 {
		email := newEmail()
		request := func() answer { return o.owner.post(o.path("/invitations"), object{"email": email, "role": "VIEWER"}) }
		answers := atOnce(request, request)
		require.ElementsMatch(t, []int{http.StatusCreated, http.StatusConflict}, []int{answers[0].status, answers[1].status})
	}
}

func TestAnInvitationThatIsSentAgainHasANewTokenAndSevenDays(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, expired := range []bool{false, true} {
		p := o.s.newPerson("Nora New")
		first := o.invite(o.owner, p.email, "ANALYST")
		if expired {
			o.s.force("update app.invitations set created_at = now() - interval '8 days', expires_at = now() - interval '1 day' where id = $1", first["id"])
		}
		again := o.admin.post(o.invitation(first, "/resend"), nil).is(http.StatusOK)
		require.Equal(t, first["id"], again["id"])
		require.Equal(t, "open", again["state"])
		require.Equal(t, o.admin.id.String(), again["invited_by"])
		require.NotNil(t, again["resent_at"])
		require.Greater(t, again["expires_at"], first["expires_at"])
		p.post(accept, object{"token": first["token"]}).refused(http.StatusNotFound, "not_found")
		require.Equal(t, "ANALYST", p.post(accept, object{"token": again["token"]}).is(http.StatusOK)["role"])
	}
}

// TestWhoSendsAgainIsTheInviter: their right is what counts from then on.
func TestWhoSendsAgainIsTheInviter(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	inviter, p, q := o.newMember("OWNER"), o.s.newPerson("Nora New"), o.s.newPerson("Quin New")
	saved, lost := o.invite(inviter, p.email, "VIEWER"), o.invite(o.owner, q.email, "VIEWER")
	saved = o.owner.post(o.invitation(saved, "/resend"), nil).is(http.StatusOK)
	lost = inviter.post(o.invitation(lost, "/resend"), nil).is(http.StatusOK)
	o.force(inviter, "")
	p.post(accept, object{"token": saved["token"]}).is(http.StatusOK)
	q.post(accept, object{"token": lost["token"]}).refused(http.StatusForbidden, "inviter_lost_right")
}

func TestAClosedInvitationIsNotSentAgain(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p, q := o.s.newPerson("Nora New"), o.s.newPerson("Quin New")
	accepted, declined, revoked := o.newInvitation(p.email), o.newInvitation(q.email), o.newInvitation(newEmail())
	p.post(accept, object{"token": accepted["token"]}).is(http.StatusOK)
	q.post(received(declined, "decline"), nil).is(http.StatusNoContent)
	o.owner.delete(o.invitation(revoked, "")).is(http.StatusNoContent)
	before := o.s.dump()
	for _, closed := range []object{accepted, declined, revoked} {
		o.owner.post(o.invitation(closed, "/resend"), nil).refused(http.StatusConflict, "invitation_closed")
		o.owner.delete(o.invitation(closed, "")).refused(http.StatusConflict, "invitation_closed")
	}
	require.Equal(t, before, o.s.dump())
}

func TestAnExpiredInvitationIsNotSentAgainBesideAnOpenOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	email := newEmail()
	expired := o.newInvitation(email)
	o.s.force("update app.invitations set expires_at = now() where id = $1", expired["id"])
	open := o.newInvitation(email)
	o.owner.post(o.invitation(expired, "/resend"), nil).refused(http.StatusConflict, "already_invited")
	o.owner.delete(o.invitation(open, "")).is(http.StatusNoContent)
	o.owner.post(o.invitation(expired, "/resend"), nil).is(http.StatusOK)
}

// Of an invitation and a resend at once to one address the second has to see the first.
func TestAResendAndAnInvitationAtOnceLeaveOneOpen(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 10 {
		email := newEmail()
		expired := o.newInvitation(email)
		o.s.force("update app.invitations set expires_at = now() where id = $1", expired["id"])
		answers := atOnce(
			func() answer { return o.owner.post(o.invitation(expired, "/resend"), nil) },
			func() answer { return o.owner.post(o.path("/invitations"), object{"email": email, "role": "VIEWER"}) })
		if answers[0].status == http.StatusOK {
			answers[1].refused(http.StatusConflict, "already_invited")
		} else {
			answers[0].refused(http.StatusConflict, "already_invited")
			answers[1].is(http.StatusCreated)
		}
	}
}

func TestAnInvitationIsSentAgainOnceAMinute(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	invitation := o.newInvitation(newEmail())
	again := func() answer { return o.owner.post(o.invitation(invitation, "/resend"), nil) }
	statuses := map[int]int{}
	for _, a := range atOnce(again, again, again, again) {
		statuses[a.status]++
	}
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusTooManyRequests: 3}, statuses)
	a := again()
	a.refused(http.StatusTooManyRequests, "rate_limited")
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Greater(t, wait, 0)
	require.LessOrEqual(t, wait, 60)
	o.s.force("update app.invitations set resent_at = now() - interval '1 minute' where id = $1", invitation["id"])
	again().is(http.StatusOK)
}

func TestAResendIsOnTheRecordWithoutItsToken(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	first := o.newInvitation(newEmail())
	again := o.admin.post(o.invitation(first, "/resend"), nil, "X-Forwarded-For", "203.0.113.7").is(http.StatusOK)
	var after object
	var actor, address, text string
	require.NoError(t, o.s.admin.QueryRow(t.Context(), `select after, actor_id, address, e::text from app.audit_events e
		where org_id = $1 and action = 'invitation.resent' and object_id = $2`, o.id, first["id"]).Scan(&after, &actor, &address, &text))
	require.Equal(t, first["email"], after["email"])
	require.Equal(t, []string{o.admin.id.String(), "203.0.113.7"}, []string{actor, address})
	require.NotContains(t, text, again["token"])
}

func TestInvitationsAreListedByState(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p, q := o.s.newPerson("Nora New"), o.s.newPerson("Quin New")
	of := map[string]object{"open": o.newInvitation(newEmail()), "accepted": o.newInvitation(p.email), "revoked": o.newInvitation(newEmail()),
		"declined": o.newInvitation(q.email), "expired": o.newInvitation(newEmail())}
	p.post(accept, object{"token": of["accepted"]["token"]}).is(http.StatusOK)
	o.owner.delete(o.invitation(of["revoked"], "")).is(http.StatusNoContent)
	q.post(received(of["declined"], "decline"), nil).is(http.StatusNoContent)
	o.s.force("update app.invitations set expires_at = now() where id = $1", of["expired"]["id"])
	for state, invitation := range of {
		items := o.admin.get(o.path("/invitations?state=" + state)).items()
		require.Len(t, items, 1, state)
		require.Equal(t, invitation["id"], items[0]["id"])
		require.Equal(t, state, items[0]["state"])
	}
	require.Len(t, o.admin.get(o.path("/invitations")).items(), 5)
	o.admin.get(o.path("/invitations?state=closed")).refused(http.StatusUnprocessableEntity, "invalid")
	o.viewer.get(o.path("/invitations?state=open")).refused(http.StatusForbidden, "forbidden")
}
