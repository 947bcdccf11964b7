package api_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/mail/mailtest"
)

// mailing is a server that sends mail, through an SMTP server with TLS and a password.
type mailing struct {
	*server
	smtp *mailtest.Server
}

const webApplication = "https://app.example.com/insight"

func newMailing(t *testing.T) mailing {
	t.Helper()
	return newMailingOf(t, mail.Options{Spread: -1})
}

func newMailingOf(t *testing.T, o mail.Options) mailing {
	t.Helper()
	smtp := mailtest.Serve(t, false)
	sender, err := mail.NewSMTP(smtp.URL("smtp"), "InsightForge <noreply@example.com>", smtp.Roots)
	require.NoError(t, err)
	return mailing{newServerWith(t, nil, keys(), api.Mails{Queue: newQueue(t, sender, o), URL: webApplication, Proving: true}), smtp}
}

var aToken = regexp.MustCompile(`if[vpi]_[\w-]{43}`)

// mail is the next one, which is to somebody and about something.
func (m mailing) mail(to, subject string) mailtest.Mail {
	m.t.Helper()
	next := m.smtp.Next(m.t)
	require.Equal(m.t, to, next.To, next.Text)
	require.Equal(m.t, subject, next.Subject)
	return next
}

// token is the one of that mail.
func (m mailing) token(to, subject string) string {
	m.t.Helper()
	token := aToken.FindString(m.mail(to, subject).Text)
	require.NotEmpty(m.t, token)
	return token
}

// noMail is under way.
func (m mailing) noMail() {
	m.t.Helper()
	m.queue.Wait()
	require.Empty(m.t, m.smtp.Mails)
}

// Subjects.
const (
	confirm    = "Confirm your address"
	confirmNew = "Confirm your new address"
	notice     = "Your address is to change"
	newOne     = "Choose a new password"
	known      = "You have an account"
)

func TestALinkIsOfTheWebApplicationAndNeverOfTheHostHeader(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p := m.newPerson("Ada")
	m.nobody().post(auth+"password-reset", object{"email": p.email}, "Host", "evil.example", "X-Forwarded-Host", "evil.example").is(http.StatusAccepted)
	raw := m.mail(p.email, newOne)
	require.Contains(t, raw.Text, webApplication+"/reset-password#token=ifp_")
	require.NotContains(t, raw.Raw, "evil")
}

// TestAFullQueueIsBusyForEverybody alike, and makes nothing.
func TestAFullQueueIsBusyForEverybody(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	queue := mail.NewQueue(holding(held), mail.Options{Places: 1, Spread: -1})
	t.Cleanup(func() { close(held); queue.Close(context.Background()) })
	s := newServerWith(t, nil, keys(), api.Mails{Queue: queue, Proving: true})
	p, o := s.newPerson("Ada"), s.newOrganization()
	require.True(t, queue.Reserve())
	queue.Put(func(context.Context) ([]mail.Message, error) { return []mail.Message{{}}, nil })
	reset := func(from, email string) answer {
		return s.nobody().post(auth+"password-reset", object{"email": email}, "X-Forwarded-For", from)
	}
	registered := func(from, email string) answer {
		return s.nobody().post(auth+"register", signUp(email, theirPassword), "X-Forwarded-For", from)
	}
	for _, ask := range []func(from, email string) answer{reset, registered} {
		one, other := ask("192.0.2.1", p.email), ask("192.0.2.2", newEmail())
		one.refused(http.StatusServiceUnavailable, "busy")
		requireSameAnswer(t, one, other)
	}
	o.owner.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"}).refused(http.StatusServiceUnavailable, "busy")
	require.Empty(t, o.owner.get(o.path("/invitations")).items())
}

// holding keeps what it is to send.
type holding chan struct{}

func (h holding) Send(context.Context, mail.Message) error {
	<-h
	return nil
}

// TestNobodyIsBombedWithMail: five, and then one in twenty minutes, whoever asks, for what, from where; the same for an address
// that nobody has. Who is kept from one more has tokens that serve.
func TestNobodyIsBombedWithMail(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	p, o := m.newPerson("Ada"), m.newOrganization()
	for i, email := range []string{p.email, newEmail()} {
		from := []string{"X-Forwarded-For", "192.0.2." + string(rune('1'+i))}
		m.nobody().post(auth+"password-reset", object{"email": email}, from...).is(http.StatusAccepted)
		m.nobody().post(auth+"password-reset", object{"email": strings.ToUpper(email)}, from...).is(http.StatusAccepted)
		m.nobody().post(auth+"register", signUp(email, theirPassword), from...).is(http.StatusAccepted)
		o.owner.post(o.path("/invitations"), object{"email": email, "role": "VIEWER"}).is(http.StatusCreated)
		o.owner.post(o.path("/invitations"), object{"email": email, "role": "VIEWER"}).refused(http.StatusConflict, "already_invited") // no mail
		o.viewer.post(o.path("/invitations"), object{"email": email, "role": "OWNER"}).refused(http.StatusForbidden, "forbidden")      // no mail
		m.nobody().post(auth+"register", signUp(email, theirPassword), from...).is(http.StatusAccepted)
	}
	refused := func(email string) answer {
		return m.nobody().post(auth+"password-reset", object{"email": email}, "X-Forwarded-For", "203.0.113."+email[:1])
	}
	one := refused(p.email)
	one.refused(http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "60", one.header.Get("Retry-After"))
	m.queue.Wait()
	mails := 0
	for range len(m.smtp.Mails) {
		if m.smtp.Next(t).To == p.email {
			mails++
		}
	}
	require.Equal(t, 5, mails)
	m.clock.Add(int64(60e9))
	m.nobody().post(auth+"password-reset", object{"email": p.email}).is(http.StatusAccepted)
	a := m.nobody().post(auth+"password-reset", object{"email": p.email})
	a.refused(http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "120", a.header.Get("Retry-After"))
}

func TestAnInviterIsBounded(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 100 {
		o.invite(o.owner, newEmail(), "VIEWER")
	}
	o.owner.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"}).refused(http.StatusTooManyRequests, "rate_limited")
	o.invite(o.admin, newEmail(), "VIEWER")
}

func TestAnInvitationGoesByMailAndItsTokenToNobodyElse(t *testing.T) {
	t.Parallel()
	m := newMailing(t)
	o, email := m.newOrganization(), newEmail()
	o.s.force("update app.memberships set full_name = $2 where user_id = $1", o.owner.id, "Olga\r\nBcc: eve@example.com\x1b[2J")
	require.Nil(t, o.invite(o.owner, email, "ANALYST")["token"])
	invitation := m.mail(email, "An invitation to Acme")
	require.Contains(t, invitation.Text, `"OlgaBcc: eve@example.com[2J" invites you to "Acme" as ANALYST`)
	require.Contains(t, invitation.Text, "create an InsightForge account with this address first")
	p := m.signedUp(email, theirPassword)
	require.Equal(t, "ANALYST", p.post(accept, object{"token": aToken.FindString(invitation.Text)}).is(http.StatusOK)["role"])
}

func TestWithoutAnSMTPServerMailIsAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var log strings.Builder
	s := newServerWith(t, nil, keys(), api.Mails{Queue: newQueue(t, mail.Files{Dir: dir, Log: &log}, mail.Options{Spread: -1})})
	registered := s.register("ada@example.com")
	require.Equal(t, false, registered["user"].(object)["email_verified"])
	s.queue.Wait()
	files, err := filepath.Glob(filepath.Join(dir, "*-ada@example.com.txt"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Contains(t, string(text), "POST /api/v1/auth/verify-email")
	require.Contains(t, log.String(), string(text))

	verified := s.nobody().post(verifyEmail, object{"token": aToken.FindString(string(text)), "password": theirPassword}).is(http.StatusOK)
	require.Equal(t, true, verified["user"].(object)["email_verified"])
	require.NotContains(t, verified, "session")
	p := s.signedIn(registered)
	require.Equal(t, verified["user"], p.get(me).is(http.StatusOK))
	require.Equal(t, []string{"email_verified", "login"}, p.kinds())
	p.post(me+"/verification", nil).refused(http.StatusConflict, "email_verified")
}
