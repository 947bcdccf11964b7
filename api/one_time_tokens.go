package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/tenant"
)

// oneTimeToken is 256 random bits; the prefix makes a leaked one recognisable to scanners: ifv_ proves an address, ifp_ resets
// a password, ifi_ accepts an invitation.
func oneTimeToken(prefix string) string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(secret)
}

// What a mail needs is written by whoever is named by its address, without having shown anything, and read back by whoever has
// the token. Nothing here is taken from who asks but the address, and, in a registration, what is worth nothing without it.
const (
	insertRegistration = `
insert into app.one_time_tokens (token_hash, kind, email, user_id, full_name, password_hash, expires_at, expires_on)
select $2, 'registration', $1, $3, $4, $5, t, to_char(t at time zone 'UTC', 'YYYY-MM-DD') from (values (now() + interval '24 hours')) e(t)
where not exists (select from app.users where email = $1)`
	insertVerification = `
insert into app.one_time_tokens (token_hash, kind, email, user_id, expires_at, expires_on)
select $2, 'verification', u.email, u.id, t, to_char(t at time zone 'UTC', 'YYYY-MM-DD') from app.users u, (values (now() + interval '24 hours')) e(t)
where u.email = $1 and u.id = $3`
	insertEmailChange = `
insert into app.one_time_tokens (token_hash, kind, email, user_id, password_hash, expires_at, expires_on)
select $2, 'email_change', $1, $3, $4, t, to_char(t at time zone 'UTC', 'YYYY-MM-DD') from (values (now() + interval '24 hours')) e(t)
where not exists (select from app.users where email = $1)`
	insertPasswordReset = `
insert into app.one_time_tokens (token_hash, kind, email, user_id, password_hash, expires_at, expires_on)
select $2, 'password_reset', u.email, u.id, u.password_hash, t, to_char(t at time zone 'UTC', 'YYYY-MM-DD') from app.users u, (values (now() + interval '30 minutes')) e(t)
where u.email = $1`
)

// tokenMails has a token made by insert for an address and put into a mail; otherwise it is what is sent where insert made none.
func (s *Server) tokenMails(email, prefix, insert string, with func(to, token string) mail.Message, otherwise []mail.Message, args ...any) messages {
	return func(ctx context.Context) ([]mail.Message, error) {
		token := oneTimeToken(prefix)
		touched, err := tenant.Exec(ctx, s.db, tenant.Mailer(email), insert, append([]any{email, tokenHash(token)}, args...)...)
		if err != nil {
			return nil, err
		}
		s.removeExpiredTokens(ctx)
		if touched == 0 {
			return otherwise, nil
		}
		return []mail.Message{with(email, token)}, nil
	}
}

func (s *Server) registrationMails(email, fullName, hash string) messages {
	return s.tokenMails(email, "ifv_", insertRegistration, s.mails.registration, []mail.Message{s.mails.account(email)}, newID(), fullName, hash)
}

func (s *Server) verificationMails(user uuid.UUID, email string) messages {
	return s.tokenMails(email, "ifv_", insertVerification, s.mails.verification, nil, user)
}

func (s *Server) emailChangeMails(user uuid.UUID, newEmail, passwordHash string) messages {
	return s.tokenMails(newEmail, "ifv_", insertEmailChange, s.mails.emailChange, []mail.Message{s.mails.emailChangeTaken(newEmail)}, user, passwordHash)
}

func (s *Server) passwordResetMails(email string) messages {
	return s.tokenMails(email, "ifp_", insertPasswordReset, s.mails.passwordReset, nil)
}

// It has no WHERE: who names a day sees no row. The policy says which: those that have expired on it.
const deleteExpiredTokens = `
delete from app.one_time_tokens`

// keptDays is for how long servers may all have been down without a token being forgotten.
const keptDays = 7

// removeExpiredTokens removes those of the days before, once a day. It is tried again the next day.
func (s *Server) removeExpiredTokens(ctx context.Context) {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	if before := s.expiredBefore.Swap(today.Unix()); before == today.Unix() {
		return
	}
	for days := range keptDays {
		day := today.AddDate(0, 0, -1-days).Format(time.DateOnly)
		if _, err := tenant.Exec(ctx, s.db, tenant.Unknown(day), deleteExpiredTokens); err != nil {
			s.expiredBefore.Store(0)
			return
		}
	}
}

const selectOneTimeToken = `
select kind, email, user_id, coalesce(password_hash, '') as password_hash from app.one_time_tokens
where token_hash = $1 and used_at is null and expires_at > now()`

type storedToken struct {
	Kind, Email  string
	UserID       uuid.UUID
	PasswordHash string
}

// lookAt reads a token without using it, so that what is costly is done for good ones only.
func (s *Server) lookAt(ctx context.Context, token string) (storedToken, error) {
	hash := tokenHash(token)
	stored, err := tenant.Row[storedToken](ctx, s.db, tenant.Unknown(hash), selectOneTimeToken, hash)
	if errors.Is(err, pgx.ErrNoRows) {
		err = refuse("token_invalid", "")
	}
	return stored, err
}
