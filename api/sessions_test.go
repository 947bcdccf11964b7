package api_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	mySessions = "/api/v1/users/me/sessions"
	myEvents   = "/api/v1/users/me/security-events"
	myPassword = "/api/v1/users/me/password"
)

// generation of a session, 0 when it is gone.
func (s *server) generation(session uuid.UUID) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select coalesce((select generation from app.sessions where id = $1), 0)", session).Scan(&n))
	return n
}

// kinds of the person's security events, newest first.
func (p person) kinds() (kinds []string) {
	p.s.t.Helper()
	for _, event := range p.get(myEvents).items() {
		kinds = append(kinds, event["kind"].(string))
	}
	return kinds
}

// successor of a refresh token.
func (s *server) successor(token string) string {
	s.t.Helper()
	return s.refresh(token).is(http.StatusOK)["refresh_token"].(string)
}

// TestOfFortyRefreshesAtOnceOneRotates, and all are told the same: whichever answer a tab keeps, it has the token that serves
// next.
func TestOfFortyRefreshesAtOnceOneRotates(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 3 {
		p := s.newPerson("Ada")
		tokens := map[any]int{}
		for _, a := range atOnce(slices.Repeat([]func() answer{func() answer { return s.refresh(p.refresh) }}, 40)...) {
			tokens[a.is(http.StatusOK)["refresh_token"]]++
		}
		require.Len(t, tokens, 1)
		require.Equal(t, 2, s.generation(p.session))
		for token := range tokens {
			s.successor(token.(string))
		}
		require.Empty(t, p.kinds())
	}
}

func TestTheTokenBeforeHasTheSameSuccessorForTenSeconds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	next := s.successor(p.refresh)
	require.Equal(t, next, s.successor(p.refresh))
	s.force("update app.sessions set refreshed_at = now() - interval '9 seconds'")
	require.Equal(t, next, s.successor(p.refresh))
	s.force("update app.sessions set refreshed_at = refreshed_at - interval '1 second'") // which that use has not put off

	s.refresh(p.refresh).refused(http.StatusUnauthorized, "session_ended")
	s.refresh(next).refused(http.StatusUnauthorized, "session_ended")
	require.Equal(t, []string{"refresh_token_reused"}, p.kinds())
}

// TestAttack_077_AnOldRefreshTokenEndsTheSession at once, that one only, and its user is told.
func TestAttack_077_AnOldRefreshTokenEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	other := p.again()
	third := s.successor(s.successor(p.refresh))

	s.nobody().post(auth+"refresh", object{"refresh_token": p.refresh}, "User-Agent", "thief/1.0").refused(http.StatusUnauthorized, "session_ended")
	s.refresh(third).refused(http.StatusUnauthorized, "session_ended")
	s.successor(other.refresh)
	events := p.get(myEvents).items()
	require.Len(t, events, 1)
	require.Equal(t, "refresh_token_reused", events[0]["kind"])
	require.Equal(t, p.session.String(), events[0]["session_id"])
	require.Equal(t, "thief/1.0", events[0]["device"])
	require.Equal(t, "127.0.0.1", events[0]["address"])
}

func TestAReuseWhileTheSessionIsRefreshedEndsItOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 10 {
		p := s.newPerson("Ada")
		current := s.successor(s.successor(p.refresh))
		reuse, refresh := func() answer { return s.refresh(p.refresh) }, func() answer { return s.refresh(current) }
		answers := atOnce(reuse, refresh, reuse, refresh)
		for _, a := range []answer{answers[0], answers[2]} {
			a.refused(http.StatusUnauthorized, "session_ended")
		}
		for _, a := range []answer{answers[1], answers[3]} {
			if a.status == http.StatusOK {
				s.refresh(a.object()["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
			} else {
				a.refused(http.StatusUnauthorized, "session_ended")
			}
		}
		require.Zero(t, s.generation(p.session))
		require.Equal(t, []string{"refresh_token_reused"}, p.kinds())
	}
}

func TestASessionRevokedWhileItIsRefreshedIsGone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 10 {
		p := s.newPerson("Ada")
		answers := atOnce(
			func() answer { return s.refresh(p.refresh) },
			func() answer { return p.delete(mySessions + "/" + p.session.String()) },
			func() answer { return s.refresh(p.refresh) })
		answers[1].is(http.StatusNoContent)
		for _, a := range []answer{answers[0], answers[2]} {
			if a.status == http.StatusOK {
				s.refresh(a.object()["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
			}
		}
		require.Zero(t, s.generation(p.session))
		require.Equal(t, []string{"session_revoked"}, p.kinds())
	}
}

func TestASessionEndsSevenDaysAfterItsLastRefresh(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	next := s.successor(p.refresh)
	s.force("update app.sessions set refreshed_at = refreshed_at - interval '7 days' + interval '1 minute', expires_at = expires_at - interval '7 days' + interval '1 minute'")
	next = s.successor(next)
	s.force("update app.sessions set refreshed_at = refreshed_at - interval '7 days', expires_at = expires_at - interval '7 days'")
	s.refresh(next).refused(http.StatusUnauthorized, "session_ended")
	require.Empty(t, p.get(mySessions).items())
	require.Empty(t, p.kinds())
}

func TestASessionEndsThirtyDaysAfterItsLogin(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	s.force("update app.sessions set created_at = now() - interval '30 days' + interval '1 hour'")
	next := s.successor(p.refresh)
	expires, err := time.Parse(time.RFC3339, p.get(mySessions).items()[0]["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), expires, time.Minute)

	s.force("update app.sessions set created_at = created_at - interval '1 hour'")
	s.refresh(next).refused(http.StatusUnauthorized, "session_ended")
	require.Empty(t, p.get(mySessions).items())
}

func TestALoginForgetsSessionsThatHaveExpired(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	other := s.newPerson("Bob")
	s.force("update app.sessions set expires_at = now() - interval '1 second'")
	ada := s.signedIn(s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery")).is(http.StatusOK))
	require.Len(t, ada.get(mySessions).items(), 1)
	require.Equal(t, 1, s.generation(other.session), "another's")
	var n int
	require.NoError(t, s.admin.QueryRow(t.Context(), "select count(*) from app.sessions").Scan(&n))
	require.Equal(t, 2, n)
}

func TestSessionsAreListedWithDeviceAddressAndLastUse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.register("ada@example.com")
	login := s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery"), "User-Agent", "Firefox").is(http.StatusOK)
	ada := s.signedIn(login)
	s.force("update app.sessions set created_at = created_at - interval '1 hour', refreshed_at = refreshed_at - interval '1 hour'")

	sessions := ada.get(mySessions).items()
	require.Len(t, sessions, 2)
	require.Equal(t, "Firefox", sessions[0]["device"])
	require.Equal(t, "127.0.0.1", sessions[0]["address"])
	require.Equal(t, []any{true, false}, []any{sessions[0]["current"], sessions[1]["current"]})
	require.Equal(t, sessions[0]["created_at"], sessions[0]["last_used_at"])

	s.nobody().post(auth+"refresh", object{"refresh_token": login["refresh_token"]}, "User-Agent", "Firefox 2").is(http.StatusOK)
	refreshed := ada.get(mySessions).items()[0]
	require.Equal(t, "Firefox 2", refreshed["device"])
	require.Greater(t, refreshed["last_used_at"], sessions[0]["last_used_at"])
	require.Equal(t, sessions[0]["created_at"], refreshed["created_at"])

	first := ada.get(mySessions + "?limit=1").is(http.StatusOK)
	second := ada.get(mySessions + "?limit=1&cursor=" + first["next_cursor"].(string)).items()
	require.Equal(t, sessions[1]["id"], second[0]["id"])
}

func TestADeviceIsPrintableTextOfBoundedLength(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for sent, stored := range map[string]string{
		"":                              "",
		"<script>alert(1)</script>":     "<script>alert(1)</script>",
		strings.Repeat("é", 300):        strings.Repeat("é", 200),
		"a\tb\u202ec\u0085d\xff":        "abcd",
		"'; drop table app.sessions --": "'; drop table app.sessions --",
	} {
		p := s.newPerson("Ada")
		s.nobody().post(auth+"refresh", object{"refresh_token": p.refresh}, "User-Agent", sent).is(http.StatusOK)
		require.Equal(t, stored, p.get(mySessions).items()[0]["device"])
	}
}

func TestARevokedSessionIsNotRefreshedAndAnothersIsNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p, stranger := s.newPerson("Ada"), s.newPerson("Mallory")
	other := p.again()
	stranger.delete(mySessions+"/"+p.session.String()).refused(http.StatusNotFound, "not_found")
	s.successor(p.refresh)

	other.delete(mySessions + "/" + p.session.String()).is(http.StatusNoContent)
	other.delete(mySessions+"/"+p.session.String()).refused(http.StatusNotFound, "not_found")
	s.refresh(p.refresh).refused(http.StatusUnauthorized, "session_ended")
	s.successor(other.refresh)
	require.Equal(t, []string{"session_revoked"}, p.kinds())
	require.Empty(t, stranger.kinds())
	require.Len(t, stranger.get(mySessions).items(), 1)
}

func TestALogoutEverywhereEndsEverySessionOfTheUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p, stranger := s.newPerson("Ada"), s.newPerson("Bob")
	other := p.again()
	p.post(auth+"logout-everywhere", nil).is(http.StatusNoContent)
	for _, session := range []person{p, other} {
		s.refresh(session.refresh).refused(http.StatusUnauthorized, "session_ended")
	}
	s.successor(stranger.refresh)
	require.Equal(t, []string{"sessions_revoked"}, p.kinds())
}

func TestAChangeOfThePasswordEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	p.setPassword()
	other := p.again()
	p.post(myPassword, object{"current_password": "wrong horse battery", "new_password": "another horse battery"}).refused(http.StatusForbidden, "wrong_password")
	p.post(myPassword, object{"current_password": theirPassword, "new_password": "short"}).refused(http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, 1, s.generation(other.session))

	p.change("another horse battery")().is(http.StatusNoContent)
	s.refresh(other.refresh).refused(http.StatusUnauthorized, "session_ended")
	s.successor(p.refresh)
	require.Equal(t, []string{"password_changed"}, p.kinds())
	s.nobody().post(auth+"login", credentials(p.email, theirPassword)).refused(http.StatusUnauthorized, "bad_credentials")
	s.nobody().post(auth+"login", credentials(p.email, "another horse battery")).is(http.StatusOK)
	p.change("another horse battery")().refused(http.StatusForbidden, "wrong_password")
}

// TestAnAccessTokenOfAnEndedSessionChangesNoPassword, although it still opens the rest.
func TestAnAccessTokenOfAnEndedSessionChangesNoPassword(t *testing.T) {
	t.Parallel()
	p := newServer(t).newPerson("Ada")
	p.setPassword()
	p.post(auth+"logout", nil).is(http.StatusNoContent)
	p.change("another horse battery")().refused(http.StatusUnauthorized, "session_ended")
	p.get(me).is(http.StatusOK)
}

// TestALoginWithThePasswordOfBeforeLeavesNoSession, whichever of the two has the user's row first.
func TestALoginWithThePasswordOfBeforeLeavesNoSession(t *testing.T) {
	t.Parallel()
	for _, loginFirst := range []bool{true, false} {
		s := newServer(t)
		p := s.newPerson("Ada")
		p.setPassword()
		login := func() answer { return s.nobody().post(auth+"login", credentials(p.email, theirPassword)) }
		if loginFirst {
			answers := s.inTurn(p, login, p.change("another horse battery"))
			answers[1].is(http.StatusNoContent)
			s.refresh(answers[0].is(http.StatusOK)["refresh_token"]).refused(http.StatusUnauthorized, "session_ended")
		} else {
			answers := s.inTurn(p, p.change("another horse battery"), login)
			answers[0].is(http.StatusNoContent)
			answers[1].refused(http.StatusServiceUnavailable, "retry")
		}
		sessions := p.get(mySessions).items()
		require.Len(t, sessions, 1)
		require.Equal(t, true, sessions[0]["current"])
	}
}

// TestOfTwoChangesOfAPasswordAtOnceOneIsMade: the other has compared with a password that is gone.
func TestOfTwoChangesOfAPasswordAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	p.setPassword()
	answers := s.inTurn(p, p.change("first horse battery"), p.again().change("second horse battery"))
	answers[0].is(http.StatusNoContent)
	answers[1].refused(http.StatusServiceUnavailable, "retry")
	s.nobody().post(auth+"login", credentials(p.email, "first horse battery")).is(http.StatusOK)
	require.Equal(t, []string{"login", "password_changed"}, p.kinds())
}

// change is a request for another password than theirPassword.
func (p person) change(to string) func() answer {
	return func() answer {
		return p.post(myPassword, object{"current_password": theirPassword, "new_password": to})
	}
}

// inTurn makes the requests wait for the person's row, one behind the other, and then lets them go on.
func (s *server) inTurn(p person, requests ...func() answer) []answer {
	s.t.Helper()
	return s.behind("select from app.users where id = $1 for update", []any{p.id}, requests...)
}

// behind has requests wait, in their order, for a lock that somebody holds.
func (s *server) behind(lock string, args []any, requests ...func() answer) []answer {
	s.t.Helper()
	s.force("begin")
	s.force(lock, args...)
	answers := make([]answer, len(requests))
	var done sync.WaitGroup
	for i, request := range requests {
		done.Go(func() { answers[i] = request() })
		require.Eventually(s.t, func() bool { return s.waiting() == i+1 }, 10*time.Second, 5*time.Millisecond)
	}
	s.force("commit")
	done.Wait()
	return answers
}

// waiting is how many transactions of this database wait for a lock.
func (s *server) waiting() (n int) {
	s.force("select pg_stat_clear_snapshot()")
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").Scan(&n))
	return n
}

func TestLoginsAndLogoutsAreRecordedForTheirUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signedIn(s.register("ada@example.com"))
	again := s.signedIn(s.nobody().post(auth+"login", credentials("ada@example.com", "correct horse battery"), "User-Agent", "Firefox").is(http.StatusOK))
	again.post(auth+"logout", nil).is(http.StatusNoContent)
	again.post(auth+"logout", nil).is(http.StatusNoContent) // there is nothing left to end
	require.Equal(t, []string{"logout", "login", "login"}, ada.kinds())
	events := ada.get(myEvents).items()
	require.Equal(t, "Firefox", events[1]["device"])
	require.Equal(t, events[0]["session_id"], events[1]["session_id"])

	page := ada.get(myEvents + "?limit=2").is(http.StatusOK)
	rest := ada.get(myEvents + "?limit=2&cursor=" + page["next_cursor"].(string)).items()
	require.Equal(t, []object{events[2]}, rest)
	require.Empty(t, s.newPerson("Mallory").kinds())
}
