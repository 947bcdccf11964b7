package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	verifyEmail = auth + "verify-email"
	resetBegin  = auth + "password-reset"
	resetEnd    = auth + "password-reset/confirm"
	myEmail     = "/api/v1/users/me/email"
	mySend      = "/api/v1/users/me/verification"
)

func signUp(email, password string) object {
	body := credentials(email, password)
	body["full_name"] = "Ada Lovelace"
	return body
}

// asksToSignUp and gets the token by mail.
func (m mailing) asksToSignUp(email, password string) string {
	m.t.Helper()
	m.nobody().post(auth+"register", signUp(email, password)).is(http.StatusAccepted)
	return m.token(email, confirm)
}

// signedUp is somebody who has, with an address that is proved.
func (m mailing) signedUp(email, password string) person {
	m.t.Helper()
	token := m.asksToSignUp(email, password)
	verified := m.nobody().post(verifyEmail, object{"token": token, "password": password}).is(http.StatusOK)
	return person{s: m.server, email: email, token: verified["session"].(object)["access_token"].(string)}
}

func (s *server) users() (n int) {
	s.t.Helper()
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from app.users").Scan(&n))
	return n
}

func TestASignUpIsCompletedByItsMailAndItsPassword(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	m.nobody().post(auth+"register", signUp("Ada@Example.com", theirPassword)).is(http.StatusAccepted)
	token := m.token("ada@example.com", confirm)
	require.Zero(t, m.users())
	m.nobody().post(auth+"login", credentials("ada@example.com", theirPassword)).refused(http.StatusUnauthorized, "bad_credentials")
	m.nobody().post(verifyEmail, object{"token": token}).refused(http.StatusForbidden, "wrong_password")
	m.nobody().post(verifyEmail, object{"token": token, "password": "wrong horse battery"}).refused(http.StatusForbidden, "wrong_password")
	require.Zero(t, m.users())

	verified := m.nobody().post(verifyEmail, object{"token": token, "password": theirPassword}).is(http.StatusOK)
	user := verified["user"].(object)
	require.Equal(t, "ada@example.com", user["email"])
	require.Equal(t, true, user["email_verified"])
	p := person{s: m.server, token: verified["session"].(object)["access_token"].(string)}
	require.Equal(t, user, p.get(me).is(http.StatusOK))
	require.Equal(t, []string{"login"}, p.kinds())
	m.nobody().post(auth+"login", credentials("ada@example.com", theirPassword)).is(http.StatusOK)
	m.nobody().post(verifyEmail, object{"token": token, "password": theirPassword}).refused(http.StatusGone, "token_invalid")
	var left string
	require.NoError(t, m.admin.QueryRow(t.Context(), "select password_hash from app.one_time_tokens").Scan(&left))
	require.Empty(t, left, "a used token keeps no password")
}

// TestAttack_081_MailTellsNothing: whatever has a mail sent answers the same for an address that is known and one that is not,
// after the same work. Not parallel: hashes are counted for the whole process.
func TestAttack_081_MailTellsNothing(t *testing.T) {
	m := newMailing(t)
	ada, bob, unknown := m.newPerson("Ada"), m.newPerson("Bob"), newEmail()
	bob.setPassword()
	for name, ask := range map[string]func(from, email string) answer{
		"register": func(from, email string) answer {
			return m.nobody().post(auth+"register", signUp(email, theirPassword), "X-Forwarded-For", from)
		},
		"login": func(from, email string) answer { return m.loginFrom(from, email, "wrong horse battery") },
		"password-reset": func(from, email string) answer {
			return m.nobody().post(resetBegin, object{"email": email}, "X-Forwarded-For", from)
		},
		"change-email": func(from, email string) answer {
			m.force("delete from app.sessions where user_id = $1", bob.id)
			return bob.again().post(myEmail, object{"new_email": email, "current_password": theirPassword}, "X-Forwarded-For", from)
		},
	} {
		var one, other answer
		first := hashes(func() { one = ask("192.0.2.1", ada.email) })
		second := hashes(func() { other = ask("192.0.2.2", unknown) })
		require.Equal(t, first, second, name)
		if name == "change-email" { // the second change of bob's
			one.header.Del("RateLimit")
			other.header.Del("RateLimit")
		}
		requireSameAnswer(t, one, other)
	}
	m.queue.Wait()
	got := map[string][]string{}
	for range len(m.smtp.Mails) {
		next := m.smtp.Next(t)
		got[next.To] = append(got[next.To], next.Subject)
	}
	require.ElementsMatch(t, []string{known, newOne, known}, got[ada.email])
	require.ElementsMatch(t, []string{confirm, confirmNew}, got[unknown])
	require.Equal(t, []string{notice, notice}, got[bob.email])
}

// TestASquatterGetsNoAccount: whoever signs up with another's address has no part in the account that its owner makes, and the
// owner who follows the stranger's mail makes none with the stranger's password.
func TestASquatterGetsNoAccount(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	email := newEmail()
	squatters := m.asksToSignUp(email, "squatting horse battery")
	owners := m.asksToSignUp(email, theirPassword)
	m.nobody().post(verifyEmail, object{"token": squatters, "password": theirPassword}).refused(http.StatusForbidden, "wrong_password")
	require.Zero(t, m.users())
	m.nobody().post(verifyEmail, object{"token": owners, "password": theirPassword}).is(http.StatusOK)

	m.nobody().post(verifyEmail, object{"token": squatters, "password": "squatting horse battery"}).refused(http.StatusGone, "token_invalid")
	m.nobody().post(auth+"login", credentials(email, "squatting horse battery")).refused(http.StatusUnauthorized, "bad_credentials")
	m.nobody().post(auth+"login", credentials(email, theirPassword)).is(http.StatusOK)
	require.Equal(t, 1, m.users())
}

// TestASquatterOfBeforeIsPutOut: one who signed up while no mail was sent loses the account to who has the address.
func TestASquatterOfBeforeIsPutOut(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Mallory")
	p.setPassword()
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	m.nobody().post(resetEnd, object{"token": m.token(p.email, newOne), "new_password": "another horse battery"}).is(http.StatusNoContent)
	m.refresh(p.refresh).refused(http.StatusUnauthorized, "session_ended")
	m.nobody().post(auth+"login", credentials(p.email, theirPassword)).refused(http.StatusUnauthorized, "bad_credentials")
	require.Equal(t, true, p.get(me).is(http.StatusOK)["email_verified"])
}

// changesTo has the person ask for another address and gets the token.
func (m mailing) changesTo(p person, email string) string {
	m.t.Helper()
	p.post(myEmail, object{"new_email": email, "current_password": theirPassword}).is(http.StatusAccepted)
	token := m.token(email, confirmNew)
	require.Contains(m.t, m.mail(p.email, notice).Text, email)
	return token
}

func TestAnAddressMovesWhenMailToTheNewOneIsAnswered(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	o, email := m.newOrganization(), newEmail()
	p := o.admin
	p.setPassword()
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	reset := m.token(p.email, newOne)
	p.post(myEmail, object{"new_email": email, "current_password": "wrong horse battery"}).refused(http.StatusForbidden, "wrong_password")
	p.post(myEmail, object{"new_email": p.email, "current_password": theirPassword}).refused(http.StatusUnprocessableEntity, "invalid")
	token := m.changesTo(p, email)
	require.Equal(t, p.email, p.get(me).is(http.StatusOK)["email"])

	moved := m.nobody().post(verifyEmail, object{"token": token}).is(http.StatusOK)["user"].(object)
	require.Equal(t, email, moved["email"])
	require.Equal(t, true, moved["email_verified"])
	require.Equal(t, moved, p.get(me).is(http.StatusOK))
	require.Equal(t, []string{"email_changed"}, p.kinds())
	require.Contains(t, string(o.owner.get(o.path("/members")).body), email)
	require.NotContains(t, string(o.owner.get(o.path("/members")).body), p.email)
	m.successor(p.refresh)
	m.nobody().post(resetEnd, object{"token": reset, "new_password": "another horse battery"}).refused(http.StatusGone, "token_invalid")
	m.nobody().post(auth+"login", credentials(email, theirPassword)).is(http.StatusOK)
	m.nobody().post(auth+"login", credentials(p.email, theirPassword)).refused(http.StatusUnauthorized, "bad_credentials")
	m.noMail()
}

func TestAnAddressThatIsTakenIsToldToWhoHasIt(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p, email := m.newPerson("Ada"), newEmail()
	p.setPassword()
	token := m.changesTo(p, email)
	m.signedUp(email, theirPassword) // meanwhile
	m.nobody().post(verifyEmail, object{"token": token}).refused(http.StatusConflict, "email_taken")
	require.Equal(t, p.email, p.get(me).is(http.StatusOK)["email"])

	p.post(myEmail, object{"new_email": email, "current_password": theirPassword}).is(http.StatusAccepted)
	require.Empty(t, aToken.FindString(m.mail(email, known).Text))
	m.mail(p.email, notice)
}

// TestAnotherPasswordEndsWhatWasAskedForWithTheOneBefore: a thief's change of address, and a reset that was not needed.
func TestAnotherPasswordEndsWhatWasAskedForWithTheOneBefore(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	p.setPassword()
	change := m.changesTo(p, newEmail())
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	reset := m.token(p.email, newOne)
	p.change("another horse battery")().is(http.StatusNoContent)
	m.nobody().post(verifyEmail, object{"token": change}).refused(http.StatusGone, "token_invalid")
	m.nobody().post(resetEnd, object{"token": reset, "new_password": "third horse battery"}).refused(http.StatusGone, "token_invalid")
	require.Equal(t, p.email, p.get(me).is(http.StatusOK)["email"])
}

// TestWhoJoinsWhileTheirAddressMovesHasTheNewOneThere: the copy in the organization is not of the moment before.
func TestWhoJoinsWhileTheirAddressMovesHasTheNewOneThere(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p, email := m.newPerson("Ada"), newEmail()
	p.setPassword()
	token := m.changesTo(p, email)
	answers := m.inTurn(p,
		func() answer { return m.nobody().post(verifyEmail, object{"token": token}) },
		func() answer { return p.post("/api/v1/organizations", object{"name": "Acme"}) })
	answers[0].is(http.StatusOK)
	answers[1].is(http.StatusCreated)
	require.Equal(t, email, p.get(answers[1].header.Get("Location") + "/members").items()[0]["email"])
}

// uses are a good token of each kind, and the request that uses it.
func (m mailing) uses() map[string]func() answer {
	m.t.Helper()
	p, q, r, email := m.newPerson("Ada"), m.newPerson("Bob"), m.newPerson("Cid"), newEmail()
	q.setPassword()
	r.setPassword()
	registration := m.asksToSignUp(email, theirPassword)
	p.unverified()
	p.setPassword()
	p.post(mySend, nil).is(http.StatusAccepted)
	verification := m.token(p.email, confirm)
	change := m.changesTo(q, newEmail())
	m.nobody().post(resetBegin, object{"email": r.email}).is(http.StatusAccepted)
	reset := m.token(r.email, newOne)
	return map[string]func() answer{
		"registration": func() answer {
			return m.nobody().post(verifyEmail, object{"token": registration, "password": theirPassword})
		},
		"verification": func() answer {
			return m.nobody().post(verifyEmail, object{"token": verification, "password": theirPassword})
		},
		"email_change": func() answer { return m.nobody().post(verifyEmail, object{"token": change}) },
		"password_reset": func() answer {
			return m.nobody().post(resetEnd, object{"token": reset, "new_password": "another horse battery"})
		},
	}
}

func TestOfTwentyUsesOfATokenAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	for kind, use := range m.uses() {
		statuses := map[int]int{}
		for _, a := range atOnce(slices.Repeat([]func() answer{use}, 20)...) {
			statuses[a.status]++
		}
		require.Equal(t, 1, statuses[http.StatusOK]+statuses[http.StatusNoContent], "%s: %v", kind, statuses)
		require.Equal(t, 19, statuses[http.StatusGone]+statuses[http.StatusTooManyRequests], "%s: %v", kind, statuses) // 429: a password goes with it
		use().refused(http.StatusGone, "token_invalid")
	}
}

func TestATokenEndsAtItsTime(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	uses := m.uses()
	for kind, lifetime := range map[string]string{"registration": "24 hours", "verification": "24 hours", "email_change": "24 hours", "password_reset": "30 minutes"} {
		var exact bool
		require.NoError(t, m.admin.QueryRow(t.Context(), "select bool_and(expires_at = created_at + $2::interval) from app.one_time_tokens where kind = $1", kind, lifetime).Scan(&exact))
		require.True(t, exact, kind)
	}
	m.force("update app.one_time_tokens set expires_at = now(), expires_on = to_char(now() at time zone 'UTC', 'YYYY-MM-DD')")
	before := m.dump()
	for _, use := range uses {
		use().refused(http.StatusGone, "token_invalid")
	}
	require.Equal(t, before, m.dump())
}

// TestATokenServesItsPurposeOnly, and an unknown one is told from a used one by nothing.
func TestATokenServesItsPurposeOnly(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	p.unverified()
	p.setPassword()
	p.post(mySend, nil).is(http.StatusAccepted)
	verification := m.token(p.email, confirm)
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	reset := m.token(p.email, newOne)
	before := m.dump()
	var answers []answer
	for i, token := range []string{reset, "ifv_unknown", "", "ifp_'; drop table app.users; --", p.refresh, "\x00"} {
		answers = append(answers, m.nobody().post(verifyEmail, object{"token": token}, "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i)))
	}
	for i, token := range []string{verification, "ifp_unknown", ""} {
		answers = append(answers, m.nobody().post(resetEnd, object{"token": token, "new_password": "another horse battery"}, "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i)))
	}
	for _, a := range answers {
		a.refused(http.StatusGone, "token_invalid")
		requireSameAnswer(t, answers[0], a)
	}
	m.nobody().post(accept, object{"token": verification}).refused(http.StatusUnauthorized, "unauthorized")
	p.post(accept, object{"token": verification}).refused(http.StatusNotFound, "not_found")
	m.refresh(reset).refused(http.StatusUnauthorized, "session_ended")
	require.Equal(t, before, m.dump())
	m.nobody().post(verifyEmail, object{"token": verification, "password": theirPassword}).is(http.StatusOK)
}

// TestAskingAgainLeavesTheTokensOfBefore: a stranger who asks for more takes nothing from who has one.
func TestAskingAgainLeavesTheTokensOfBefore(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	m.nobody().post(resetBegin, object{"email": p.email}).is(http.StatusAccepted)
	token := m.token(p.email, newOne)
	for range 4 {
		m.nobody().post(resetBegin, object{"email": p.email}, "X-Forwarded-For", "192.0.2.1").is(http.StatusAccepted)
		m.token(p.email, newOne)
	}
	m.nobody().post(resetBegin, object{"email": p.email}, "X-Forwarded-For", "192.0.2.1").refused(http.StatusTooManyRequests, "rate_limited")
	m.nobody().post(resetEnd, object{"token": token, "new_password": "another horse battery"}).is(http.StatusNoContent)
	m.nobody().post(auth+"login", credentials(p.email, "another horse battery")).is(http.StatusOK)
}

func TestExpiredTokensAreRemovedByTheirDay(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	m.force(`insert into app.one_time_tokens (token_hash, kind, email, user_id, created_at, expires_at, expires_on)
		select encode(sha256(days::text::bytea), 'hex'), 'verification', 'ada@example.com', gen_random_uuid(), t, t, to_char(t at time zone 'UTC', 'YYYY-MM-DD')
		from generate_series(-1, 6) days, lateral (select now() - make_interval(days => days)) e(t)`)
	m.asksToSignUp(newEmail(), theirPassword)
	m.queue.Wait()
	var left int
	require.NoError(t, m.admin.QueryRow(t.Context(), "select count(*) from app.one_time_tokens where kind = 'verification'").Scan(&left))
	require.Equal(t, 2, left, "tomorrow's and today's")
}

// TestAnAddressIsWhereItsMailGoes: two of them are not one mailbox, whatever a mail server reads into them.
func TestAnAddressIsWhereItsMailGoes(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	o, p := m.newOrganization(), m.newPerson("Ada")
	for _, email := range []string{"ada(eve)@example.com", "\tada@example.com", `"ada"@example.com`, "ada@[127.0.0.1]", "ada@example.com\r\n"} {
		for _, a := range []answer{
			m.nobody().post(auth+"register", signUp(email, theirPassword)), p.post(myEmail, object{"new_email": email, "current_password": theirPassword}),
			o.owner.post(o.path("/invitations"), object{"email": email, "role": "VIEWER"}),
		} {
			require.Equal(t, http.StatusUnprocessableEntity, a.status, "%q", email)
		}
	}
	kate := m.signedUp("kate@example.com", theirPassword)
	m.nobody().post(resetBegin, object{"email": "\u212aate@example.com"}).is(http.StatusAccepted) // a Kelvin sign, which is k in small letters
	m.token(kate.email, newOne)
	m.noMail()
}
