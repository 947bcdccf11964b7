package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/oidc"
	"github.com/insightforge/insightforge/api/oidc/oidctest"
	"github.com/insightforge/insightforge/api/token"
)

const oidcLogin = auth + "oidc"

// newIssuer is an issuer, and a server that trusts it.
func newIssuer(t *testing.T) (*oidctest.Issuer, *server) {
	t.Helper()
	from := oidctest.New(t)
	issuer, err := oidc.New(from.URL, oidctest.ClientID, from.Transport())
	require.NoError(t, err)
	return from, newServerTrusting(t, issuer, keys())
}

func (s *server) loginWithOIDC(idToken string) answer {
	s.t.Helper()
	return s.nobody().post(oidcLogin, object{"id_token": idToken})
}

// in is who a login has signed in.
func (s *server) in(a answer) person {
	s.t.Helper()
	tokens := a.is(http.StatusOK)
	p := s.signedIn(tokens)
	user := tokens["user"].(object)
	p.id, p.email, p.name, p.refresh = uuid.MustParse(user["id"].(string)), user["email"].(string), user["full_name"].(string), tokens["refresh_token"].(string)
	return p
}

// users is how many there are.

func TestWhoIsVouchedForSignsUpAndIn(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	a := s.nobody().post(oidcLogin, object{"id_token": from.Token("1", "Ada@Example.com", oidctest.Claim("nonce", "n")), "nonce": "n"}, "User-Agent", "Firefox")
	ada := s.in(a)
	require.Equal(t, []any{"ada@example.com", "Ada Lovelace"}, []any{ada.email, ada.name})
	require.Equal(t, a.object()["user"], ada.get(me).is(http.StatusOK))
	ada.post("/api/v1/organizations", object{"name": "Acme"}).is(http.StatusCreated)
	require.Equal(t, "Firefox", ada.get(mySessions).items()[0]["device"])
	s.successor(ada.refresh)

	again := s.in(s.loginWithOIDC(from.Token("1", "Ada@Example.com")))
	require.Equal(t, ada.id, again.id)
	require.ElementsMatch(t, []string{"login", "identity_linked", "login"}, again.kinds())
	var verified bool
	require.NoError(t, s.admin.QueryRow(t.Context(), "select email_verified_at is not null and password_hash = '' from app.users").Scan(&verified))
	require.True(t, verified)
}

func TestThePersonIsTheSubjectWhateverTheAddressBecomes(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	bob := s.in(s.loginWithOIDC(from.Token("2", "bob@example.com")))
	moved := s.in(s.loginWithOIDC(from.Token("1", "bob@example.com")))
	require.Equal(t, ada.id, moved.id)
	require.Equal(t, "ada@example.com", moved.email)
	require.NotEqual(t, ada.id, bob.id)
	require.Equal(t, 2, s.users())
}

func TestAPersonWhoHasShownTheirAddressIsLinked(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	p := s.newPerson("Ada")
	p.setPassword()
	linked := s.in(s.loginWithOIDC(from.Token("1", strings.ToUpper(p.email))))
	require.Equal(t, p.id, linked.id)
	require.Equal(t, "Ada", linked.name)
	s.successor(p.refresh)
	s.nobody().post(auth+"login", credentials(p.email, theirPassword)).is(http.StatusOK)
	require.NotContains(t, linked.kinds(), "account_claimed")
	identities := linked.get(myIdentities).items()
	require.Len(t, identities, 1)
	require.Equal(t, []any{from.URL, "1"}, []any{identities[0]["issuer"], identities[0]["subject"]})
}

// TestAPreHijackedAccountIsItsOwnersAlone: somebody registers an address that is not theirs, and waits. When its owner signs in they keep nothing:
// no password, no session, no identity.
func TestAPreHijackedAccountIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	squatter := s.signedIn(s.register("ada@example.com"))
	tokens := s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery")).is(http.StatusOK)
	s.force("insert into app.external_identities (issuer, subject, user_id, id, email) select $1, 'squatter', id, $2, 'evil@example.com' from app.users", from.URL, uuid.New())

	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	require.Equal(t, 1, s.users())
	s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery")).refused(http.StatusUnauthorized, "bad_credentials")
	s.refresh(tokens["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
	require.Len(t, ada.get(mySessions).items(), 1)
	require.Contains(t, ada.kinds(), "account_claimed")
	other := s.in(s.loginWithOIDC(from.Token("squatter", "evil@example.com")))
	require.NotEqual(t, ada.id, other.id)

	// The access token that is left of the squatter's session makes no new way in.
	squatter.post(myPassword, object{"current_password": "correct horse battery", "new_password": "another horse battery"}).refused(http.StatusUnauthorized, "session_ended")
	squatter.delete(myIdentities+"/"+ada.get(myIdentities).items()[0]["id"].(string)).refused(http.StatusConflict, "last_way_in")
}

// TestNotStopped_AnOrganizationOfTheSquatter: its owner finds it, and in it whomever the squatter has made an OWNER.
func TestNotStopped_AnOrganizationOfTheSquatter(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	squatter := s.signedIn(s.register("ada@example.com"))
	o := &organization{s: s, owner: squatter, id: uuid.MustParse(squatter.post("/api/v1/organizations", object{"name": "Trap"}).id())}
	accomplice := o.newMember("OWNER")
	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	require.Equal(t, "OWNER", ada.get(o.path("")).is(http.StatusOK)["role"])
	accomplice.get(o.path("")).is(http.StatusOK)
}

// TestALoginOfTheSquatterUnderWayLeavesNoSession, whichever of the two has the user's row first.
func TestALoginOfTheSquatterUnderWayLeavesNoSession(t *testing.T) {
	t.Parallel()
	for _, squatterFirst := range []bool{true, false} {
		from, s := newIssuer(t)
		p := s.newPerson("Ada")
		p.unverified()
		p.setPassword()
		login := func() answer { return s.nobody().post(auth+"login", credentials(p.email, theirPassword)) }
		owner := func() answer { return s.loginWithOIDC(from.Token("1", p.email)) }
		var claimed answer
		if squatterFirst {
			answers := s.inTurn(p, login, owner)
			s.refresh(answers[0].is(http.StatusOK)["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
			claimed = answers[1]
		} else {
			answers := s.inTurn(p, owner, login)
			answers[1].refused(http.StatusServiceUnavailable, "retry")
			claimed = answers[0]
		}
		require.Len(t, s.in(claimed).get(mySessions).items(), 1)
	}
}

// TestTwentyFirstSignInsAtOnceMakeOneUser: with a token each all are signed in, with one token one is.
func TestTwentyFirstSignInsAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	for round := range 5 {
		subject, address := fmt.Sprint(round), fmt.Sprintf("%d@example.com", round)
		var each, one []func() answer
		same := from.Token("same "+subject, "same"+address)
		for range 20 {
			raw := from.Token(subject, address)
			each = append(each, func() answer { return s.loginWithOIDC(raw) })
			one = append(one, func() answer { return s.loginWithOIDC(same) })
		}
		ids := map[uuid.UUID]int{}
		for _, a := range atOnce(each...) {
			ids[s.in(a).id]++
		}
		require.Len(t, ids, 1)
		statuses := map[int]int{}
		for _, a := range atOnce(one...) {
			statuses[a.status]++
		}
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnauthorized: 19}, statuses)
		require.Equal(t, 2*(round+1), s.users())
		s.clock.Add(int64(time.Hour)) // of the limits
	}
}

func TestAnIDTokenSignsInOnce(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	raw := from.Token("1", "ada@example.com")
	ada := s.in(s.loginWithOIDC(raw))
	s.loginWithOIDC(raw).refused(http.StatusUnauthorized, "id_token_used")
	ada.post(auth+"logout-everywhere", nil).is(http.StatusNoContent)
	s.loginWithOIDC(raw).refused(http.StatusUnauthorized, "id_token_used")
	require.Empty(t, ada.get(mySessions).items())
	s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
}

// TestWhatIsNotAcceptedSaysWhy, and makes nobody.
func TestWhatIsNotAcceptedSaysWhy(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	problem := s.loginWithOIDC(from.Token("1", "ada@example.com", oidctest.Claim("aud", "another"))).refused(http.StatusUnauthorized, "id_token_invalid")
	require.Equal(t, "the token is for another client", problem["detail"])
	s.loginWithOIDC("nonsense").refused(http.StatusUnauthorized, "id_token_invalid")
	s.loginWithOIDC(from.Token("1", "ada@example.com", oidctest.Claim("email_verified", false))).refused(http.StatusForbidden, "address_unverified")
	s.loginWithOIDC("").refused(http.StatusUnprocessableEntity, "invalid")
	s.loginWithOIDC(strings.Repeat("a", 16385)).refused(http.StatusUnprocessableEntity, "invalid")
	s.nobody().post(oidcLogin, object{"id_token": from.Token("1", "ada@example.com"), "nonce": "n"}).refused(http.StatusUnauthorized, "id_token_invalid")
	require.Zero(t, s.users())
}

func TestAServerServesWhileItsIssuerIsDown(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	from.Answer(oidctest.Discovery, oidctest.Down)
	a := s.loginWithOIDC(from.Token("1", "ada@example.com"))
	a.refused(http.StatusServiceUnavailable, "issuer_unavailable")
	require.Equal(t, "10", a.header.Get("Retry-After"))
	s.register("ada@example.com")
}

func TestAServerWithoutAnIssuerSaysSo(t *testing.T) {
	t.Parallel()
	from, with := newIssuer(t)
	require.Equal(t, object{"enabled": true, "issuer": from.URL, "client_id": oidctest.ClientID}, with.nobody().get(oidcLogin).is(http.StatusOK))
	without := newServer(t)
	require.Equal(t, object{"enabled": false}, without.nobody().get(oidcLogin).is(http.StatusOK))
	without.loginWithOIDC(from.Token("1", "ada@example.com")).refused(http.StatusNotFound, "oidc_not_configured")
}

// TestIDTokensAreLimitedByAddress as refresh tokens are.
func TestIDTokensAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	for range 100 {
		s.loginWithOIDC("nonsense").refused(http.StatusUnauthorized, "id_token_invalid")
	}
	s.loginWithOIDC(from.Token("1", "ada@example.com")).refused(http.StatusTooManyRequests, "rate_limited")
}

// TestAttack_068_AnIDTokenIsNoAccessToken, whatever it says, and an access token is no ID token: not even where the issuer has
// our name, our audience, our typ or the id of our key.
func TestAttack_068_AnIDTokenIsNoAccessToken(t *testing.T) {
	t.Parallel()
	from, s := newIssuer(t)
	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	own := keys().Public()[0].KeyID
	ours := []oidctest.Change{oidctest.Claim("iss", "insightforge"), oidctest.Claim("aud", []string{"insightforge-api", oidctest.ClientID}),
		oidctest.Claim("sub", ada.id.String()), oidctest.Claim("sid", uuid.NewString()), oidctest.Header("typ", "at+jwt"), oidctest.Header("kid", own)}
	for some := range 1 << len(ours) {
		var changes []oidctest.Change
		for i, change := range ours {
			if some&(1<<i) != 0 {
				changes = append(changes, change)
			}
		}
		person{s: s, token: from.Token("1", "ada@example.com", changes...)}.get(me).refused(http.StatusUnauthorized, "unauthorized")
	}
	access, err := keys().Access(token.Session{User: ada.id, ID: uuid.New()}, time.Now())
	require.NoError(t, err)
	for _, raw := range []string{access, ada.refresh} {
		s.loginWithOIDC(raw).refused(http.StatusUnauthorized, "id_token_invalid")
	}
	s.refresh(from.Token("1", "ada@example.com")[:200]).refused(http.StatusUnauthorized, "session_ended")
}

// TestAttack_081_WhoHasNoPasswordAnswersTheSame as somebody unknown, after the same work. Not parallel: hashes are counted for
// the whole process.
func TestAttack_081_WhoHasNoPasswordAnswersTheSame(t *testing.T) {
	from, s := newIssuer(t)
	ada := s.in(s.loginWithOIDC(from.Token("1", "ada@example.com")))
	login := func(from, email string) (a answer) {
		require.EqualValues(t, 1, hashes(func() { a = s.loginFrom(from, email, "correct horse battery") }))
		a.refused(http.StatusUnauthorized, "bad_credentials")
		return a
	}
	requireSameAnswer(t, login("192.0.2.1", "ada@example.com"), login("192.0.2.2", "bob@example.com"))
	ada.post(myPassword, object{"current_password": "correct horse battery", "new_password": "another horse battery"}).refused(http.StatusForbidden, "wrong_password")
}
