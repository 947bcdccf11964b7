package api_test

import (
	"net/http"
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
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_closed")
	o.owner.delete(o.path("/invitations/"+invitation["id"].(string))).refused(http.StatusConflict, "invitation_closed")

	p.delete(o.members() + p.id.String()).is(http.StatusNoContent)
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_closed")
}

func TestOfTwoWhoAcceptAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 10 {
		p := o.s.newPerson("Nora New")
		token := o.invite(o.owner, p.email, "VIEWER")["token"]
		request := func() answer { return p.post(accept, object{"token": token}) }
		answers := atOnce(request, request)
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusConflict}, []int{answers[0].status, answers[1].status})
	}
}

func TestARevokedInvitationIsClosedAndBlocksNoNewOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ADMIN")
	o.owner.delete(o.path("/invitations/" + invitation["id"].(string))).is(http.StatusNoContent)
	o.owner.delete(o.path("/invitations/"+invitation["id"].(string))).refused(http.StatusConflict, "invitation_closed")
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_closed")

	token := o.invite(o.owner, p.email, "VIEWER")["token"]
	require.Equal(t, "VIEWER", p.post(accept, object{"token": token}).is(http.StatusOK)["role"])
}

func TestAnExpiredInvitationIsClosedAndBlocksNoNewOne(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Nora New")
	invitation := o.invite(o.owner, p.email, "ADMIN")
	o.s.force("update app.invitations set expires_at = now() - interval '1 second' where id = $1", invitation["id"])
	p.post(accept, object{"token": invitation["token"]}).refused(http.StatusConflict, "invitation_closed")

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
