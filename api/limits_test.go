package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// loginFrom is a login by whom a trusted proxy says is at addr.
func (s *server) loginFrom(addr, email, password string) answer {
	s.t.Helper()
	return s.nobody().post(auth+"login", credentials(email, password), "X-Forwarded-For", addr)
}

// loginsAtOnce are n logins, and what became of them.
func loginsAtOnce(n int, login func(i int) answer) (statuses map[int]int) {
	requests := make([]func() answer, n)
	for i := range requests {
		requests[i] = func() answer { return login(i) }
	}
	statuses = map[int]int{}
	for _, a := range atOnce(requests...) {
		statuses[a.status]++
	}
	return statuses
}

// TestAttack_080_ManyLogins: at one account from many addresses, and at many accounts from one.
func TestAttack_080_ManyLogins(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	for _, email := range []string{"ada@example.com", "unknown@example.com"} {
		one := loginsAtOnce(30, func(i int) answer { return s.loginFrom(fmt.Sprintf("192.0.2.%d", i), email, "wrong horse battery") })
		require.Equal(t, map[int]int{http.StatusUnauthorized: 5, http.StatusTooManyRequests: 25}, one, email)
	}
	many := loginsAtOnce(50, func(i int) answer {
		return s.loginFrom(fmt.Sprintf("2001:db8:1:2::%x", i+1), fmt.Sprintf("%d@example.com", i), "wrong horse battery")
	})
	require.Equal(t, map[int]int{http.StatusUnauthorized: 20, http.StatusTooManyRequests: 30}, many)
}

// lock uses up what an account has, as strangers would.
func (s *server) lock(email string) {
	s.t.Helper()
	for i := range 5 {
		s.loginFrom(fmt.Sprintf("198.51.100.%d", i), email, "wrong horse battery").refused(http.StatusUnauthorized, "bad_credentials")
	}
}

// TestAttack_080_ARefusedLoginCostsNothing: no hash, no statement, and the same answer for a known and an unknown address.
// Not parallel, as 081.
func TestAttack_080_ARefusedLoginCostsNothing(t *testing.T) {
	s := newServer(t)
	s.register("ada@example.com")
	s.lock("ada@example.com")
	s.lock("unknown@example.com")
	s.force("alter table app.users rename to nobodys") // whoever asks it gets a 500
	var known, unknown answer
	work := hashes(func() {
		known = s.loginFrom("203.0.113.1", "ada@example.com", "correct horse battery")
		unknown = s.loginFrom("203.0.113.2", "unknown@example.com", "correct horse battery")
	})
	require.Zero(t, work)
	for _, a := range []answer{known, unknown} {
		a.refused(http.StatusTooManyRequests, "rate_limited")
		require.Equal(t, "1", a.header.Get("Retry-After"))
		require.Equal(t, `"address";r=19;t=60, "account";r=0;t=1`, a.header.Get("RateLimit"))
	}
	requireSameAnswer(t, known, unknown)
}

// TestAttack_080_AnOwnerIsNotLockedOut where they have signed in from before; nobody else is let in there.
func TestAttack_080_AnOwnerIsNotLockedOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com") // at 127.0.0.1
	s.lock("ada@example.com")
	s.loginFrom("203.0.113.1", "ada@example.com", "correct horse battery").refused(http.StatusTooManyRequests, "rate_limited")
	s.loginFrom("127.0.0.1", "ada@example.com", "correct horse battery").is(http.StatusOK)
	guesses := loginsAtOnce(10, func(int) answer { return s.loginFrom("127.0.0.1", "ada@example.com", "wrong horse battery") })
	require.Equal(t, map[int]int{http.StatusUnauthorized: 5, http.StatusTooManyRequests: 5}, guesses)
}

func TestAWaitIsOverAtItsTimeAndGrows(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.lock("ada@example.com")
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		a := s.loginFrom("203.0.113.1", "ada@example.com", "wrong horse battery")
		a.refused(http.StatusTooManyRequests, "rate_limited")
		require.Equal(t, fmt.Sprint(wait.Seconds()), a.header.Get("Retry-After"))
		s.clock.Add(int64(wait))
		s.loginFrom("203.0.113.2", "ada@example.com", "wrong horse battery").refused(http.StatusUnauthorized, "bad_credentials")
	}
}

func TestALimitedOperationSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	for _, c := range []struct {
		password string
		status   int
		left     string
	}{
		{"wrong horse battery", http.StatusUnauthorized, `"address";r=19;t=60, "account";r=4;t=900`},
		{"short", http.StatusUnprocessableEntity, `"address";r=18;t=60`},
		{"correct horse battery", http.StatusOK, `"address";r=18;t=60, "account";r=3;t=900`},
		// Where the owner has signed in from, they have a count of their own. An eighth of a failure is left of the success.
		{"correct horse battery", http.StatusOK, `"address";r=17;t=8, "account";r=4;t=900`},
	} {
		a := s.loginFrom("203.0.113.1", "ada@example.com", c.password)
		require.Equal(t, c.status, a.status)
		require.Equal(t, c.left, a.header.Get("RateLimit"))
		require.Contains(t, `"address";q=20;w=1200, "account";q=5;w=4500`, a.header.Get("RateLimit-Policy"))
	}
}

func TestTokensThatAreNotKnownAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	for range 100 {
		p.post(accept, object{"token": "ifi_guessed"}).refused(http.StatusNotFound, "not_found")
		s.refresh("ifr_guessed").refused(http.StatusUnauthorized, "session_ended")
	}
	p.post(accept, object{"token": "ifi_guessed"}).refused(http.StatusTooManyRequests, "rate_limited")
	s.refresh(p.refresh).refused(http.StatusTooManyRequests, "rate_limited")
	s.nobody().post(auth+"refresh", object{"refresh_token": p.refresh}, "X-Forwarded-For", "203.0.113.1").is(http.StatusOK)
}

func TestGuessesAtThePasswordOfASessionAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signedIn(s.register("ada@example.com"))
	change := func(from, current, next string) answer {
		return p.post(myPassword, object{"current_password": current, "new_password": next}, "X-Forwarded-For", from)
	}
	a := change("203.0.113.1", "correct horse battery", "Football99")
	a.refused(http.StatusUnprocessableEntity, "password_common")
	require.Contains(t, string(a.body), "body.new_password")
	for i := range 5 {
		change(fmt.Sprintf("198.51.100.%d", i), "wrong horse battery", "another horse battery").refused(http.StatusForbidden, "wrong_password")
	}
	change("203.0.113.1", "correct horse battery", "another horse battery").refused(http.StatusTooManyRequests, "rate_limited")
}

func TestASessionShowsTheAddressThatAProxySays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	p := s.signedIn(s.loginFrom("2001:db8:1:2::5", "ada@example.com", "correct horse battery").is(http.StatusOK))
	require.Contains(t, string(p.get("/api/v1/users/me/sessions").body), `"address":"2001:db8:1:2::5"`)
}
