package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/oidc"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

func (s *Server) registerOIDC() {
	const path = "/api/v1/auth/oidc"
	operation(s, huma.Operation{OperationID: "get-oidc", Method: http.MethodGet, Path: path, Tags: []string{"auth"},
		Summary: "Get the OpenID Connect issuer whose ID tokens sign people in", Security: public}, s.getOIDC)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "login-with-oidc", Method: http.MethodPost, Path: path, Tags: []string{"auth"},
		Summary: "Log in, or sign up, with an ID token", Security: public, Errors: []int{401, 403, 404},
		Description: "The client gets the token from the issuer, with the scopes openid, email and profile, and hands it over within 10 minutes; it signs in " +
			"once. Who has signed in with this issuer and subject before is signed in, whatever the address there has become. Else the user " +
			"with the address, which the issuer must have verified, is linked with the identity; there a password that was set by somebody " +
			"who never showed that the address is theirs is removed, and their sessions end. Else a user is made, who has no password.\n\n" +
			"The nonce is what the client has sent to the issuer with its request, at random and new each time. It protects the client: " +
			"a token that somebody else has got, and slips to it, has another one. The token then must have it, and a token with a nonce is not accepted without it."}), s.loginWithOIDC)
}

// OIDC is how people sign in elsewhere.
type OIDC struct {
	Enabled  bool   `json:"enabled"`
	Issuer   string `json:"issuer,omitempty" example:"https://accounts.example.com" doc:"Where its discovery document is: /.well-known/openid-configuration"`
	ClientID string `json:"client_id,omitempty"`
}

func (s *Server) getOIDC(context.Context, *struct{}) (*struct{ Body OIDC }, error) {
	if s.issuer == nil {
		return &struct{ Body OIDC }{}, nil
	}
	return &struct{ Body OIDC }{OIDC{true, s.issuer.URL, s.issuer.ClientID}}, nil
}

// IDToken is what the issuer says about a person.
type IDToken struct {
	IDToken string `json:"id_token" minLength:"1" maxLength:"16384"`
	Nonce   string `json:"nonce,omitempty" minLength:"1" maxLength:"200" doc:"What was sent to the issuer as nonce; leave it out if nothing was"`
}

func (s *Server) loginWithOIDC(ctx context.Context, in *struct {
	Client
	Body IDToken
}) (*struct{ Body *SignedIn }, error) {
	if s.issuer == nil {
		return nil, refuse("oidc_not_configured", "")
	}
	who, err := s.issuer.Verify(ctx, in.Body.IDToken, in.Body.Nonce)
	if err != nil {
		return nil, notVerified(err)
	}
	who.Email = normalized(who.Email)
	for range 3 { // of several first sign-ins at once one makes the user, one links the identity, and the others find it
		var found *SignedIn
		found, err = s.signInAs(ctx, who, in.Client)
		if !errors.Is(err, pgx.ErrNoRows) {
			return &struct{ Body *SignedIn }{found}, err
		}
	}
	return nil, refuse("retry", "")
}

func notVerified(err error) error {
	var invalid oidc.InvalidError
	switch {
	case errors.As(err, &invalid):
		return refuse("id_token_invalid", invalid.Error())
	case errors.Is(err, oidc.ErrUnverified):
		return refuse("address_unverified", "")
	case errors.Is(err, oidc.ErrUnavailable):
		return refuse("issuer_unavailable", "")
	}
	return err
}

const selectIdentity = `
select user_id from app.external_identities where key = $1`

// signInAs begins a session of the identity's user, or else of the address's. pgx.ErrNoRows: what was found has changed since.
func (s *Server) signInAs(ctx context.Context, who oidc.Identity, from Client) (*SignedIn, error) {
	session := token.Session{ID: newID()}
	var u User
	known, err := tenant.Row[struct{ UserID uuid.UUID }](ctx, s.db, tenant.Unknown(who.Key()), selectIdentity, who.Key())
	switch {
	case err == nil:
		session.User = known.UserID
		u, err = tenant.Row[User](ctx, s.db, tenant.Person(session.User), useIdentity, session.ID, session.User, who.Token, from.device, from.address, who.Key())
	case errors.Is(err, pgx.ErrNoRows):
		u, err = s.link(ctx, who, &session, from)
	}
	if isSQLState(err, "23505") { // the event of this login, whose id is the token's
		err = refuse("id_token_used", "")
	}
	if err != nil {
		return nil, err
	}
	return s.signedIn(u, session)
}

// The identity's row is locked: who removes it waits, or was first. Its user is named by it, not by who began.
const useIdentity = `
with used as (
  update app.external_identities set used_at = now() where user_id = $2 and key = $6 returning user_id),
me as (
  select u.id, u.email, u.full_name, u.email_verified_at is not null as email_verified, u.created_at, u.updated_at, u.revision
  from app.users u join used on u.id = used.user_id for share of u)` + beginSession

// Where there is no user with the address there is one afterwards, whom nobody has shown to be theirs, with no password:
// the next statement is what makes it this person's. No row: somebody makes one at this moment.
const insertAddress = `
with made as (
  insert into app.users (id, email, full_name, password_hash) values ($1, $2, $3, '') on conflict (email) do nothing returning id)
select id, false as verified from made
union all select id, email_verified_at is not null from app.users where email = $2`

// Whoever has registered an address before, and never showed that it is theirs, may be somebody who waits for its owner to
// come. What they could sign in with goes: the password now; then, as logins with it that are under way hold a lock on the
// row, in a statement that begins after them, sessions and other identities.
const (
	claimUser = `
with was as materialized (
  select id, has_password from app.users where id = $1 for update)
update app.users u set password_hash = '', revision = u.revision + 1
from was where u.id = was.id returning was.has_password`
	insertIdentity = `
with owner as materialized (
  select id, email, full_name, true as email_verified, created_at, updated_at, revision
  from app.users where id = $2 and email = $8 and email_verified_at is not null for share),
linked as (
  insert into app.external_identities (issuer, subject, user_id, id, email) select $6, $7, id, $9, email from owner
  on conflict (key) do nothing returning user_id),
ended as (
  delete from app.sessions where user_id = $2 and $10),
removed as (
  delete from app.external_identities where user_id = $2 and $10),
told as (
  insert into app.security_events (user_id, id, kind, session_id, device, address)
  select user_id, e.id, e.kind, $1, $4, $5 from linked, (values ($9::uuid, 'identity_linked', true), ($12::uuid, 'account_claimed', $11::boolean)) e(id, kind, so) where e.so),
me as (
  select o.* from owner o join linked on o.id = linked.user_id)` + beginSession
)

// link makes the identity the address's user's and begins a session there.
func (s *Server) link(ctx context.Context, who oidc.Identity, session *token.Session, from Client) (u User, err error) {
	user, err := tenant.Row[struct {
		ID       uuid.UUID
		Verified bool
	}](ctx, s.db, tenant.Unknown(who.Email), insertAddress, newID(), who.Email, who.Name)
	if err != nil {
		return u, err
	}
	session.User = user.ID
	caller := tenant.Person(user.ID)
	if !user.Verified {
		caller = tenant.Claimant(user.ID, who.Email)
	}
	err = s.db.Tx(ctx, caller, func(tx *tenant.Tx) (err error) {
		var was struct{ HasPassword bool }
		if !user.Verified {
			if was, err = tenant.TxRow[struct{ HasPassword bool }](ctx, tx, claimUser, user.ID); err != nil {
				return err
			}
		}
		u, err = tenant.TxRow[User](ctx, tx, insertIdentity, session.ID, user.ID, who.Token, from.device, from.address,
			who.Issuer, who.Subject, who.Email, newID(), !user.Verified, was.HasPassword, newID())
		return err
	})
	if isSQLState(err, "P0002") { // somebody has shown it to be theirs meanwhile
		err = pgx.ErrNoRows
	}
	return u, err
}
