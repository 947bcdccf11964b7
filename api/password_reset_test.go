package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAPasswordIsResetByTheTokenInAMail(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	p.setPassword()
	other := p.again()
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	token := m.token(p.email, newOne)
	m.nobody().post(resetEnd, object{"token": token, "new_password": "Football99"}).refused(http.StatusUnprocessableEntity, "password_common")
	m.nobody().post(resetEnd, object{"token": token, "new_password": "short"}).refused(http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, 1, m.generation(other.session))

	m.nobody().post(resetEnd, object{"token": token, "new_password": "another horse battery"}, "User-Agent", "Firefox").is(http.StatusNoContent)
	for _, session := range []person{p, other} {
		m.refresh(session.refresh).refused(http.StatusUnauthorized, "session_ended")
	}
	m.nobody().post(auth+"login", credentials(p.email, theirPassword)).refused(http.StatusUnauthorized, "bad_credentials")
	m.nobody().post(auth+"login", credentials(p.email, "another horse battery")).is(http.StatusOK)
	event := p.get(myEvents).items()[1]
	require.Equal(t, "password_reset", event["kind"])
	require.Equal(t, "Firefox", event["device"])
	require.Nil(t, event["session_id"])
	m.nobody().post(resetEnd, object{"token": token, "new_password": "third horse battery"}).refused(http.StatusGone, "token_invalid")
}

// TestALoginDuringAResetLeavesNoSession, whichever of the two has the user's row first.
func TestALoginDuringAResetLeavesNoSession(t *testing.T) {
	t.Parallel()
	for _, loginFirst := range []bool{true, false} {
		m := newMailing(t)
		p := m.newPerson("Ada")
		p.setPassword()
		m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
		token := m.token(p.email, newOne)
		requests := []func() answer{
			func() answer { return m.nobody().post(auth+"login", credentials(p.email, theirPassword)) },
			func() answer {
				return m.nobody().post(resetEnd, object{"token": token, "new_password": "another horse battery"})
			},
		}
		if !loginFirst {
			requests[0], requests[1] = requests[1], requests[0]
		}
		for _, a := range m.inTurn(p, requests...) {
			if a.status == http.StatusOK {
				m.refresh(a.object()["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
			} else if a.status != http.StatusNoContent {
				a.refused(http.StatusServiceUnavailable, "retry")
			}
		}
		require.Empty(t, p.get(mySessions).items())
	}
}

// TestATokenThatServesNoMoreCostsNoHash. Not parallel: hashes are counted for the whole process.
func TestATokenThatServesNoMoreCostsNoHash(t *testing.T) {
	m := newMailing(t)
	require.Zero(t, hashes(func() {
		for range 100 {
			m.nobody().post(resetEnd, object{"token": "ifp_guessed", "new_password": "another horse battery"}).refused(http.StatusGone, "token_invalid")
			m.nobody().post(verifyEmail, object{"token": "ifv_guessed", "password": "another horse battery"}).refused(http.StatusGone, "token_invalid")
		}
	}))
	m.nobody().post(resetEnd, object{"token": "ifp_guessed", "new_password": "another horse battery"}).refused(http.StatusTooManyRequests, "rate_limited")
}

// TestASquatterKeepsNothingAfterAReset: keys end with the sessions, and the access token that is left makes nothing that lasts.
func TestASquatterKeepsNothingAfterAReset(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	p.unverified()
	o := &organization{s: m.server, owner: p}
	o.id = uuid.MustParse(p.post("/api/v1/organizations", object{"name": "Squat"}).id())
	_, key := o.create(p, object{"name": "x", "role": "OWNER"})
	account := p.post(o.path("/service-accounts"), object{"name": "bot", "role": "ADMIN"}).is(http.StatusCreated)
	_, bot := o.create(p, object{"name": "x", "role": "ADMIN", "service_account_id": account["user_id"]})
	for _, k := range []person{key, bot} {
		k.get(o.path("/datasets")).is(http.StatusOK)
	}
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	m.nobody().post(resetEnd, object{"token": m.token(p.email, newOne), "new_password": "another horse battery"}).is(http.StatusNoContent)
	for _, k := range []person{key, bot} {
		k.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
	}
	p.post(o.path("/api-keys"), object{"name": "x", "role": "OWNER"}).refused(http.StatusUnauthorized, "session_ended")
	p.post(o.path("/invitations"), object{"email": newEmail(), "role": "OWNER"}).refused(http.StatusUnauthorized, "session_ended")
}
