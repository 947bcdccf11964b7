package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerSessions() {
	const path = "/api/v1/users/me/sessions"
	tags := []string{"sessions"}
	operation(s, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the sessions of the signed-in user"}, s.listSessions)
	operation(s, huma.Operation{OperationID: "revoke-session", Method: http.MethodDelete, Path: path + "/{session_id}", Tags: tags,
		Summary: "End one of one's sessions", DefaultStatus: http.StatusNoContent, Description: outlives}, s.revokeSession)
	operation(s, huma.Operation{OperationID: "logout-everywhere", Method: http.MethodPost, Path: "/api/v1/auth/logout-everywhere", Tags: tags,
		Summary: "End all of one's sessions, this one included", DefaultStatus: http.StatusNoContent, Description: outlives}, s.logoutEverywhere)
	operation(s, huma.Operation{OperationID: "list-security-events", Method: http.MethodGet, Path: "/api/v1/users/me/security-events", Tags: tags,
		Summary: "List what happened to the sessions, the password, the address and the external identities of the signed-in user"}, s.listSecurityEvents)
}

const outlives = "Its refresh token serves no more. Access tokens last at most 10 minutes and are not recalled."

// Client is where a request comes from: text that is shown to its user and compared with nothing.
type Client struct{ device, address string }

// Resolve reads the request.
func (c *Client) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	c.device, c.address = device(r.UserAgent()), clientAddress(r.Context())
	return nil
}

// device is a User-Agent with at most 200 characters, all of them printable.
func device(userAgent string) string {
	text := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(userAgent, "")))
	return string(text[:min(len(text), 200)])
}

// Session is a login that can still be refreshed.
type Session struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	Current    bool      `json:"current" doc:"The one that this request is made in"`
	Device     string    `json:"device" example:"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" doc:"The User-Agent of the last refresh: what the client says of itself"`
	Address    string    `json:"address" example:"203.0.113.7" doc:"From where it was last refreshed"`
	CreatedAt  time.Time `json:"created_at" doc:"The login"`
	LastUsedAt time.Time `json:"last_used_at" doc:"The last refresh: what is done in between, for at most 10 minutes, is not recorded"`
	ExpiresAt  time.Time `json:"expires_at" doc:"7 days after the last refresh, at most 30 days after the login"`
}

const selectSessions = `
select id, id = $2 as current, device, address, created_at, refreshed_at as last_used_at,
  least(expires_at, created_at + interval '30 days') as expires_at
from app.sessions where user_id = $1 and expires_at > now() and created_at > now() - interval '30 days' and id < $3
order by id desc limit $4`

func (s *Server) listSessions(ctx context.Context, in *struct{ Page }) (*listed[Session], error) {
	me := session(ctx)
	rows, err := tenant.Rows[Session](ctx, s.db, person(ctx), selectSessions, me.User, me.ID, in.before, in.Limit+1)
	return page(in.Page, rows, func(s Session) uuid.UUID { return s.ID }), err
}

func (s *Server) revokeSession(ctx context.Context, in *struct {
	Client
	SessionID uuid.UUID `path:"session_id" format:"uuid"`
}) (*struct{}, error) {
	touched, err := s.endSession(ctx, in.SessionID, "session_revoked", in.Client)
	if err == nil && touched == 0 {
		err = refuse("not_found", "")
	}
	return nil, err
}

const endSession = `
with ended as (delete from app.sessions where user_id = $1 and id = $2 returning id)
insert into app.security_events (user_id, id, kind, session_id, device, address) select $1, $3, $4, id, $5, $6 from ended`

// endSession ends one of the caller's sessions and records it as kind, if it is there.
func (s *Server) endSession(ctx context.Context, id uuid.UUID, kind string, from Client) (int64, error) {
	return tenant.Exec(ctx, s.db, person(ctx), endSession, session(ctx).User, id, newID(), kind, from.device, from.address)
}

const endSessions = `
with ended as (delete from app.sessions where user_id = $1)
insert into app.security_events (user_id, id, kind, session_id, device, address) values ($1, $2, 'sessions_revoked', $3, $4, $5)`

func (s *Server) logoutEverywhere(ctx context.Context, in *Client) (*struct{}, error) {
	me := session(ctx)
	_, err := tenant.Exec(ctx, s.db, person(ctx), endSessions, me.User, newID(), me.ID, in.device, in.address)
	return nil, err
}

// lasting marks an operation by which somebody gets what lasts. The session must still be there: who has nothing but an access token
// that outlives it, as after a password reset, has it for 10 minutes and not for longer.
func lasting(op huma.Operation) huma.Operation {
	op.Metadata = map[string]any{"lasting": true}
	return op
}

const selectOwnSession = `
select id from app.sessions where user_id = $1 and id = $2`

// signedInStill asks for what is done in the session only if op is lasting.
func (s *Server) signedInStill(ctx context.Context, op huma.Operation) error {
	if op.Metadata["lasting"] == nil {
		return nil
	}
	return s.sessionLasts(ctx)
}

// sessionLasts refuses who has logged out since the access token was made. A transaction asks that of an API key itself.
func (s *Server) sessionLasts(ctx context.Context) error {
	if _, key := apiKey(ctx); key {
		return nil
	}
	me := session(ctx)
	_, err := tenant.Row[struct{ ID uuid.UUID }](ctx, s.db, person(ctx), selectOwnSession, me.User, me.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		err = refuse("session_ended", "")
	}
	return err
}

// SecurityEvent is something that happened to a user's sessions, password, address or external identities.
type SecurityEvent struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	At        time.Time  `json:"at"`
	Kind      string     `json:"kind" enum:"login,logout,session_revoked,sessions_revoked,refresh_token_reused,password_changed,password_reset,email_verified,email_changed,identity_linked,identity_removed,account_claimed" doc:"refresh_token_reused: somebody had a refresh token that was used before, so the session was ended; account_claimed: somebody has shown that the address is theirs, which nobody had before, so the password was removed and every session ended"`
	SessionID *uuid.UUID `json:"session_id" format:"uuid" nullable:"true" doc:"The session that began or ended; of the others the one in which that was asked for; null for what was done by a token from a mail"`
	Device    string     `json:"device" doc:"The User-Agent of the request"`
	Address   string     `json:"address" doc:"Where the request came from"`
}

const selectSecurityEvents = `
select id, at, kind, session_id, device, address from app.security_events where user_id = $1 and id < $2 order by id desc limit $3`

func (s *Server) listSecurityEvents(ctx context.Context, in *struct{ Page }) (*listed[SecurityEvent], error) {
	rows, err := tenant.Rows[SecurityEvent](ctx, s.db, person(ctx), selectSecurityEvents, session(ctx).User, in.before, in.Limit+1)
	return page(in.Page, rows, func(e SecurityEvent) uuid.UUID { return e.ID }), err
}
