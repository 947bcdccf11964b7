package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const auth = "/api/v1/auth/"

func credentials(email, password string) object {
	return object{"email": email, "password": password}
}

func (s *server) register(email string) object {
	s.t.Helper()
	ada := credentials(email, "correct horse battery")
	ada["full_name"] = "Ada Lovelace"
	return s.nobody().post(auth+"register", ada).is(http.StatusCreated)
}

func (s *server) refresh(token any) answer {
	s.t.Helper()
	return s.nobody().post(auth+"refresh", object{"refresh_token": token})
}

func (s *server) signedIn(tokens object) person {
	return person{s: s, token: tokens["access_token"].(string)}
}

func TestWhoSignsUpCanLogInAndCreateAnOrganization(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	registered := s.register("Ada@Example.com")
	user := registered["user"].(object)
	require.Equal(t, "ada@example.com", user["email"])
	require.Equal(t, user, s.signedIn(registered).get("/api/v1/users/me").is(http.StatusOK))

	loggedIn := s.nobody().post(auth+"login", credentials("ADA@example.com", "correct horse battery")).is(http.StatusOK)
	require.Equal(t, user, loggedIn["user"])
	require.Equal(t, "Bearer", loggedIn["token_type"])
	made := s.signedIn(loggedIn).post("/api/v1/organizations", object{"name": "Acme"})
	require.Equal(t, "OWNER", made.is(http.StatusCreated)["role"])
	require.Equal(t, "OWNER", s.signedIn(registered).get(made.header.Get("Location")).is(http.StatusOK)["role"])
}

func TestAnAddressSignsUpOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	again := credentials("ADA@example.com", "another password")
	again["full_name"] = "Mallory"
	s.nobody().post(auth+"register", again).refused(http.StatusConflict, "email_taken")
	s.nobody().post(auth+"login", credentials("ada@example.com", "another password")).refused(http.StatusUnauthorized, "bad_credentials")
}

func TestAWrongPasswordAndAnUnknownAddressAnswerTheSame(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	wrong := s.nobody().post(auth+"login", credentials("ada@example.com", "wrong horse battery"))
	unknown := s.nobody().post(auth+"login", credentials("bob@example.com", "wrong horse battery"))
	wrong.refused(http.StatusUnauthorized, "bad_credentials")
	require.Equal(t, string(wrong.body), string(unknown.body))
	require.Equal(t, wrong.status, unknown.status)
}

func TestARefreshTokenServesOnceAndASecondUseEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.register("ada@example.com")
	second := s.refresh(first["refresh_token"]).is(http.StatusOK)
	s.signedIn(second).get("/api/v1/users/me").is(http.StatusOK)
	third := s.refresh(second["refresh_token"]).is(http.StatusOK)

	s.refresh(second["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
	s.refresh(third["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
}

func TestOfTwoUsesAtOnceOfARefreshTokenOneSucceeds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 10 {
		p := s.newPerson("Ada")
		request := func() answer { return s.refresh(p.refresh) }
		answers := atOnce(request, request)
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusUnauthorized}, []int{answers[0].status, answers[1].status})
	}
}

func TestAnotherLoginOutlivesALogout(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.register("ada@example.com")
	other := s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery")).is(http.StatusOK)
	s.signedIn(first).post(auth+"logout", nil).is(http.StatusNoContent)

	s.refresh(first["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
	s.refresh(other["refresh_token"]).is(http.StatusOK)
}

func TestAnExpiredSessionIsNotRefreshed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	s.force("update app.sessions set expires_at = now() - interval '1 second'")
	s.refresh(p.refresh).refused(http.StatusUnauthorized, "session_ended")
}

func TestNoTokenStandsInForAnother(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	s.refresh(p.token).refused(http.StatusUnprocessableEntity, "invalid") // too long to be one
	s.refresh("ifr_nonsense").refused(http.StatusUnauthorized, "session_ended")
	person{s: s, token: p.refresh}.get("/api/v1/users/me").refused(http.StatusUnauthorized, "unauthorized")
	s.refresh(p.refresh).is(http.StatusOK)
}

func TestForgedAccessTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	parts := strings.Split(p.token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	for _, token := range []string{
		none + "." + parts[1] + ".", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + parts[2][:80] + "AAAAAA",
		p.token + ".", "x", p.token + " " + p.token,
	} {
		person{s: s, token: token}.get("/api/v1/users/me").refused(http.StatusUnauthorized, "unauthorized")
	}
	s.nobody().get("/api/v1/users/me", "Authorization", "Basic "+p.token).refused(http.StatusUnauthorized, "unauthorized")
	s.nobody().get("/api/v1/users/me?access_token="+p.token).refused(http.StatusUnauthorized, "unauthorized")
	s.nobody().get("/api/v1/users/me", "Authorization", "bearer "+p.token).is(http.StatusOK)
}

func TestAUserWhoIsGoneIsNotSignedIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	s.force("delete from app.sessions where user_id = $1", p.id)
	s.force("delete from app.users where id = $1", p.id)
	p.get("/api/v1/users/me").refused(http.StatusUnauthorized, "unauthorized")
	p.post("/api/v1/organizations", object{"name": "Acme"}).refused(http.StatusUnauthorized, "unauthorized")
}

func TestAPasswordNeverComesBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const secret = "s3cret-horse"
	long := strings.Repeat(secret, 20)
	for _, body := range []any{
		credentials("ada@example.com", long), credentials("ada@example.com", "s3c"), credentials(secret, secret), credentials(secret, long),
		object{"email": "ada@example.com", "password": object{"is": secret}}, object{"email": "ada@example.com", "password": []string{secret}},
		object{"email": "ada@example.com", "password": secret, "remember": secret}, `{"email":"ada@example.com","password":"` + secret,
		`{"email":"ada@example.com","password":"` + secret + `"}{`, `{"email":"ada@example.com","Password":"` + secret + `"}`, `"` + secret + `"`,
	} {
		for _, operation := range []string{"register", "login"} {
			a := s.nobody().post(auth+operation, body)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, a.status, "%s", a.body)
			require.NotContains(t, string(a.body), secret[:6])
		}
	}
}
