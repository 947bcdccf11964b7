package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/password"
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

func TestACommonPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, common := range []string{"sunshine1", "Football99", "qwertyuiop"} {
		ada := credentials("ada@example.com", common)
		ada["full_name"] = "Ada"
		a := s.nobody().post(auth+"register", ada)
		faults := a.refused(http.StatusUnprocessableEntity, "password_common")["errors"].([]any)
		require.Equal(t, "body.password", faults[0].(object)["location"])
		require.NotContains(t, strings.ToLower(string(a.body)), strings.ToLower(common))
	}
	s.register("ada@example.com")
}

// TestAttack_081_AnUnknownAddressAnswersTheSame after the same work. Not parallel: hashes are counted for the whole process.
func TestAttack_081_AnUnknownAddressAnswersTheSame(t *testing.T) {
	s := newServer(t)
	s.register("ada@example.com")
	login := func(from, email string) (a answer) {
		require.EqualValues(t, 1, hashes(func() { a = s.loginFrom(from, email, "wrong horse battery") }))
		a.refused(http.StatusUnauthorized, "bad_credentials")
		return a
	}
	wrong := login("192.0.2.1", "ada@example.com")
	unknown := login("192.0.2.2", "bob@example.com")
	requireSameAnswer(t, wrong, unknown)
}

// hashes is how many passwords f has had hashed.
func hashes(f func()) int64 {
	before := password.Hashed()
	f()
	return password.Hashed() - before
}

// requireSameAnswer: byte for byte, but for what names the request, or counts those before it.
func requireSameAnswer(t *testing.T, a, b answer) {
	t.Helper()
	require.Equal(t, a.status, b.status)
	require.Equal(t, string(a.body), string(b.body))
	for _, h := range []http.Header{a.header, b.header} {
		h.Del("X-Request-Id")
		h.Del("Date")
		h.Del("RateLimit")
	}
	require.Equal(t, a.header, b.header)
}

// TestAttack_082_ALongPasswordIsNotHashed. Not parallel, as 081.
func TestAttack_082_ALongPasswordIsNotHashed(t *testing.T) {
	s := newServer(t)
	work := hashes(func() {
		for _, operation := range []string{"register", "login"} {
			for length, code := range map[int]string{129: "invalid", 60_000: "invalid", 1 << 20: "payload_too_large"} {
				body := credentials("ada@example.com", strings.Repeat("p", length))
				if operation == "register" {
					body["full_name"] = "Ada"
				}
				a := s.nobody().post(auth+operation, body)
				require.Equal(t, code, a.object()["code"], "%s", a.body)
			}
		}
	})
	require.Zero(t, work)
}

// TestAttack_079_ALoggedOutSessionIsNotRefreshed; another session of the same person is.
func TestAttack_079_ALoggedOutSessionIsNotRefreshed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first := s.register("ada@example.com")
	other := s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery")).is(http.StatusOK)
	s.signedIn(first).post(auth+"logout", nil).is(http.StatusNoContent)

	s.refresh(first["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
	s.refresh(other["refresh_token"]).is(http.StatusOK)
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

func TestAttack_087_APasswordNeverComesBack(t *testing.T) {
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
