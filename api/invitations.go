package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerInvitations() {
	const path = "/api/v1/organizations/{org_id}/invitations"
	tags := []string{"invitations"}
	operation(s, audited("invitation.created", huma.Operation{OperationID: "create-invitation", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Invite an address", DefaultStatus: http.StatusCreated, Errors: []int{409},
		Description: "OWNER: to any role. ADMIN: to ANALYST or VIEWER. The token is shown once, here, and lasts seven days: hand it to the person " +
			"you invite. As long as no mail is sent, a token shown to the inviter does not prove that whoever registers with the address owns it."}), s.createInvitation)
	operation(s, huma.Operation{OperationID: "list-invitations", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the invitations", Description: "OWNER: all. ADMIN: those to ANALYST or VIEWER. Others: none."}, s.listInvitations)
	operation(s, audited("invitation.revoked", huma.Operation{OperationID: "revoke-invitation", Method: http.MethodDelete, Path: path + "/{invitation_id}", Tags: tags,
		Summary: "Revoke an invitation", DefaultStatus: http.StatusNoContent, Errors: []int{409}}), s.revokeInvitation)
	operation(s, audited("invitation.accepted", s.limited(s.limits.tokens, huma.Operation{OperationID: "accept-invitation", Method: http.MethodPost, Path: "/api/v1/invitations/accept", Tags: tags,
		Summary: "Accept an invitation to one's own address", Errors: []int{403, 404, 409}})), s.acceptInvitation)
}

// Invitation is an offer of membership to an address.
type Invitation struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Email      string     `json:"email" format:"email"`
	Role       Role       `json:"role"`
	InvitedBy  uuid.UUID  `json:"invited_by" format:"uuid"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	AcceptedAt *time.Time `json:"accepted_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

// InvitationWithToken is an invitation with the token that accepts it.
type InvitationWithToken struct {
	Invitation
	Token string `json:"token" doc:"Shown once"`
}

// NewInvitation is whom to invite, to what.
type NewInvitation struct {
	Email string `json:"email" format:"email" pattern:"^[^@<> ]+@[^@<> ]+$" maxLength:"254"`
	Role  Role   `json:"role"`
}

// InvitationToken accepts an invitation.
type InvitationToken struct {
	Token string `json:"token" maxLength:"100"`
}

// Of two invitations to one address at once the second has to see the first: it waits here, in a statement of its own,
// and the next one takes its snapshot after that. Who may not invite locks nothing.
const lockOrganization = `
select id from app.organizations where id = $1 for update`

// A member and an open invitation are in the way; an expired or revoked one is not.
const insertInvitation = `
with invited as (
  insert into app.invitations (org_id, id, email, role, invited_by, token_hash)
  select $1, $2, $3, $4, $5, $6
  where not exists (select from app.member_emails where org_id = $1 and email = $3)
    and not exists (select from app.invitations where org_id = $1 and email = $3
      and accepted_at is null and revoked_at is null and expires_at > now())
  returning id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $7, app.user_id(), app.subject()::uuid, 'invitation.created', id, jsonb_build_object('email', email, 'role', role), $8, $9
  from invited)
select id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at from invited`

func (s *Server) createInvitation(ctx context.Context, in *struct {
	InOrganization
	Body NewInvitation
}) (*struct{ Body InvitationWithToken }, error) {
	asks(ctx, in.Body)
	token, email := invitationToken(), normalized(in.Body.Email)
	var i Invitation
	err := s.db.Tx(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) (err error) {
		if _, err := tx.Exec(ctx, lockOrganization, in.OrgID); err != nil {
			return err
		}
		i, err = tenant.TxRow[Invitation](ctx, tx.Last(), insertInvitation,
			recorded(ctx, in.OrgID, newID(), email, in.Body.Role, session(ctx).User, tokenHash(token))...)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.notInvited(ctx, in.OrgID, email)
	}
	return &struct{ Body InvitationWithToken }{InvitationWithToken{i, token}}, err
}

const selectMemberByEmail = `
select exists (select from app.member_emails where org_id = $1 and email = $2) as member`

// notInvited says what was in the way: the inserting role reads both, so there is nothing to hide from it.
func (s *Server) notInvited(ctx context.Context, org uuid.UUID, email string) error {
	row, err := tenant.Row[struct{ Member bool }](ctx, s.db, member(ctx, org), selectMemberByEmail, org, email)
	if err != nil {
		return err
	}
	if row.Member {
		return refuse("already_member", "")
	}
	return refuse("already_invited", "")
}

const selectInvitations = `
select id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
from app.invitations where org_id = $1 and id < $2 order by id desc limit $3`

func (s *Server) listInvitations(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[Invitation], error) {
	caller := member(ctx, in.OrgID)
	rows, err := tenant.Rows[Invitation](ctx, s.db, caller, selectInvitations, in.OrgID, in.before, in.Limit+1)
	if err == nil && len(rows) == 0 {
		err = s.mayInvite(ctx, caller)
	}
	return page(in.Page, rows, func(i Invitation) uuid.UUID { return i.ID }), err
}

const selectMayInvite = `
select app.org_as('OWNER', 'ADMIN') is not null as allowed`

// mayInvite tells an empty list from one that the policy hides.
func (s *Server) mayInvite(ctx context.Context, caller tenant.Caller) error {
	row, err := tenant.Row[struct{ Allowed bool }](ctx, s.db, caller, selectMayInvite)
	if err == nil && !row.Allowed {
		err = refuse("forbidden", "")
	}
	return err
}

const revokeInvitation = `
with revoked as (
  update app.invitations set revoked_at = now()
  where org_id = $1 and id = $2 and revoked_at is null and accepted_at is null
  returning id, email, role)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $3, app.user_id(), app.subject()::uuid, 'invitation.revoked', id, jsonb_build_object('email', email, 'role', role), $4, $5
from revoked`

func (s *Server) revokeInvitation(ctx context.Context, in *struct {
	InOrganization
	InvitationID uuid.UUID `path:"invitation_id" format:"uuid"`
}) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, revokeInvitation, recorded(ctx, in.OrgID, in.InvitationID)...)
	if err == nil && touched == 0 {
		err = s.notRevoked(ctx, caller, in.OrgID, in.InvitationID)
	}
	return nil, err
}

const selectInvitation = `
select id from app.invitations where org_id = $1 and id = $2`

// notRevoked: whoever sees an invitation may revoke it, so one that is seen and untouched is closed.
func (s *Server) notRevoked(ctx context.Context, caller tenant.Caller, org, id uuid.UUID) error {
	if _, err := tenant.Row[struct{ ID uuid.UUID }](ctx, s.db, caller, selectInvitation, org, id); err != nil {
		return err
	}
	return refuse("invitation_closed", "")
}

// begin_invitation has done it all, and has left the invitation's id in app.subject(); the statement reads the organization that
// the caller is in now.
const selectJoinedOrganization = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, action, object_id, after, request_id, address)
  values (app.org_id(), $1, app.user_id(), 'invitation.accepted', app.subject()::uuid, jsonb_build_object('role', app.role()), $2, $3))
select id, name, app.role() as role, created_at, updated_at, revision from app.organizations where id = app.org_id()`

func (s *Server) acceptInvitation(ctx context.Context, in *struct {
	Body InvitationToken
}) (*found[Organization], error) {
	caller := tenant.Invitee(session(ctx).User, tokenHash(in.Body.Token))
	o, err := tenant.Row[Organization](ctx, s.db, caller, selectJoinedOrganization, recorded(ctx)...)
	if isSQLState(err, "23505") {
		return nil, refuse("already_member", "")
	}
	if err == nil {
		changed(ctx, o.ID)
	}
	return &found[Organization]{etag(o.Revision), o}, err
}

// invitationToken is 256 random bits; the prefix makes a leaked one recognisable to scanners.
func invitationToken() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return "ifi_" + base64.RawURLEncoding.EncodeToString(secret)
}

// tokenHash is what is stored of a token: it has too many bits to be guessed, so a plain hash is enough.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
