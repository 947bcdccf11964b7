package api_test

import (
	"cmp"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/oidc/oidctest"
)

const myIdentities = "/api/v1/users/me/identities"

// addIdentity links one, and returns its id.
func (p person) addIdentity(subject string) string {
	p.s.t.Helper()
	id := uuid.Must(uuid.NewV7())
	p.s.force("insert into app.external_identities (issuer, subject, user_id, id, email) values ('https://issuer.example', $1, $2, $3, $4)",
		subject+" "+p.id.String(), p.id, id, cmp.Or(p.email, newEmail()))
	return id.String()
}

func TestIdentitiesAreListedAndRemovedByTheirUserOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, mallory := s.newPerson("Ada"), s.newPerson("Mallory")
	one, two := ada.addIdentity("one"), ada.addIdentity("two")
	mallory.addIdentity("three")
	mallory.addIdentity("four")
	mallory.delete(myIdentities+"/"+one).refused(http.StatusNotFound, "not_found")

	first := ada.get(myIdentities + "?limit=1").is(http.StatusOK)
	require.Equal(t, two, first["items"].([]any)[0].(object)["id"])
	second := ada.get(myIdentities + "?limit=1&cursor=" + first["next_cursor"].(string)).items()
	require.Equal(t, one, second[0]["id"])

	ada.delete(myIdentities + "/" + one).is(http.StatusNoContent)
	ada.delete(myIdentities+"/"+one).refused(http.StatusNotFound, "not_found")
	require.Equal(t, []string{"identity_removed"}, ada.kinds())
	require.Len(t, ada.get(myIdentities).items(), 1)
	require.Len(t, mallory.get(myIdentities).items(), 2)
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	p := newServer(t).newPerson("Ada")
	only := p.addIdentity("one")
	p.delete(myIdentities+"/"+only).refused(http.StatusConflict, "last_way_in")
	require.Empty(t, p.kinds())
	p.setPassword()
	p.delete(myIdentities + "/" + only).is(http.StatusNoContent)
	require.Empty(t, p.get(myIdentities).items())
}

func TestOfTwoIdentitiesRemovedAtOnceOneStays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 20 {
		p := s.newPerson("Ada")
		one, two := p.addIdentity("one"), p.addIdentity("two")
		statuses := map[int]int{}
		for _, a := range atOnce(func() answer { return p.delete(myIdentities + "/" + one) }, func() answer { return p.delete(myIdentities + "/" + two) }) {
			statuses[a.status]++
		}
		require.Equal(t, map[int]int{http.StatusNoContent: 1, http.StatusConflict: 1}, statuses)
		require.Len(t, p.get(myIdentities).items(), 1)
	}
}

// TestARemovedIdentitySignsNobodyIn who has another address now; who still has it is linked again.
func TestARemovedIdentitySignsNobodyIn(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	ada.setPassword()
	ada.delete(myIdentities + "/" + ada.get(myIdentities).items()[0]["id"].(string)).is(http.StatusNoContent)
	other := s.in(s.loginWithOIDC(from.Token("1", "another@example.com")))
	require.NotEqual(t, ada.id, other.id)
	again := s.in(s.loginWithOIDC(from.Token("2", "ada@example.com", oidctest.Claim("name", "Somebody"))))
	require.Equal(t, ada.id, again.id)
	require.Equal(t, "Ada Lovelace", again.name)
}
