package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOwnerOrAdminIsToldWhichPolicyRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	owner, analyst := o.members()+o.owner.id.String(), o.members()+o.analyst.id.String()
	invite := object{"email": newEmail(), "role": "ADMIN"}
	for _, refused := range []struct {
		a      answer
		policy string
	}{
		{o.admin.patch(owner, object{"role": "VIEWER"}), "memberships_update"},  // USING: no row
		{o.admin.patch(analyst, object{"role": "OWNER"}), "memberships_update"}, // WITH CHECK: an error
		{o.admin.delete(owner), "memberships_delete"},                           // USING
		{o.admin.post(o.path("/invitations"), invite), "invitations_insert"},    // WITH CHECK, the second statement
		{o.admin.patch(o.members()+o.admin.id.String(), object{"role": "OWNER"}), "memberships_update"},
	} {
		require.Equal(t, refused.policy, refused.a.refused(http.StatusForbidden, "forbidden")["policy"])
	}
}

func TestNobodyElseIsToldWhichPolicyRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, analysis := o.dataset(o.colleague), o.analysis(o.colleague)
	for _, p := range []person{o.analyst, o.viewer} {
		for _, a := range []answer{
			p.patch(o.path(""), object{"name": "Renamed"}),
			p.patch(o.members()+o.owner.id.String(), object{"role": "VIEWER"}),
			p.delete(o.members() + o.owner.id.String()),
			p.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"}),
			p.get(o.path("/invitations")),
			p.patch(dataset, object{"name": "Renamed"}),
			p.delete(dataset),
			p.delete(analysis),
		} {
			require.NotContains(t, a.refused(http.StatusForbidden, "forbidden"), "policy")
		}
	}
	for _, a := range []answer{o.upload(o.viewer, weather), o.viewer.post(dataset+"/questions", object{"question": "how many rows"}), o.viewer.post(analysis+"/runs", nil)} {
		require.NotContains(t, a.refused(http.StatusForbidden, "forbidden"), "policy")
	}
}

func TestWhatNoPolicyRefusedNamesNone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	require.NotContains(t, o.owner.delete(other.dataset(other.owner)).refused(http.StatusNotFound, "not_found"), "policy")
	require.NotContains(t, o.owner.delete(o.members()+other.owner.id.String()).refused(http.StatusNotFound, "not_found"), "policy")
	require.NotContains(t, o.owner.delete(o.members()+o.owner.id.String()).refused(http.StatusConflict, "last_owner"), "policy")

	dataset := o.dataset(o.owner)
	s.force("revoke delete on app.datasets from insightforge_api")
	s.force("revoke insert on app.invitations from insightforge_api")
	require.NotContains(t, o.owner.delete(dataset).refused(http.StatusForbidden, "forbidden"), "policy")
	require.NotContains(t, o.owner.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"}).refused(http.StatusForbidden, "forbidden"), "policy")
}

// TestAskingForThePolicyDoesNotFoundAnOrganization: a founder's transaction is not begun again to ask.
func TestAskingForThePolicyDoesNotFoundAnOrganization(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Fay Founder")
	s.force("drop policy idempotency_keys_insert on app.idempotency_keys")
	p.post("/api/v1/organizations", object{"name": "Acme"}, "Idempotency-Key", "once").refused(http.StatusForbidden, "forbidden")
	require.Empty(t, p.get("/api/v1/organizations").items())
}
