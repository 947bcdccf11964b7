package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerInvitations() {
	const path = "/api/v1/organizations/{org_id}/invitations"
	tags := []string{"invitations"}
	operation(s, s.limited(nil, huma.Operation{OperationID: "create-invitation", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Invite an address", DefaultStatus: http.StatusCreated, Errors: []int{409},
		Description: "OWNER: to any role. ADMIN: to ANALYST or VIEWER. The token goes to the address by mail and lasts seven days. Where the server sends " +
			"no mail, it is shown once, here: hand it to the person you invite."}), s.createInvitation)
	operation(s, huma.Operation{OperationID: "list-invitations", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the invitations", Description: "OWNER: all. ADMIN: those to ANALYST or VIEWER. Others: none."}, s.listInvitations)
	operation(s, huma.Operation{OperationID: "revoke-invitation", Method: http.MethodDelete, Path: path + "/{invitation_id}", Tags: tags,
		Summary: "Revoke an invitation", DefaultStatus: http.StatusNoContent, Errors: []int{409}}, s.revokeInvitation)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "accept-invitation", Method: http.MethodPost, Path: "/api/v1/invitations/accept", Tags: tags,
		Summary: "Accept an invitation to one's own address", Errors: []int{403, 404, 409}}), s.acceptInvitation)
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
	Token *string `json:"token" doc:"Shown once; null where it goes by mail"`
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
insert into app.invitations (org_id, id, email, role, invited_by, token_hash)
select $1, $2, $3, $4, $5, $6
where not exists (select from app.member_emails where org_id = $1 and email = $3)
  and not exists (select from app.invitations where org_id = $1 and email = $3
    and accepted_at is null and revoked_at is null and expires_at > now())
returning id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at`

func (s *Server) createInvitation(ctx context.Context, in *struct {
	InOrganization
	Body NewInvitation
}) (*struct{ Body InvitationWithToken }, error) {
	token, email := oneTimeToken("ifi_"), normalized(in.Body.Email)
	if err := s.reserveInvitation(ctx, email); err != nil {
		return nil, err
	}
	var i Invitation
	err := s.db.Tx(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) (err error) {
		if _, err := tx.Exec(ctx, lockOrganization, in.OrgID); err != nil {
			return err
		}
		i, err = tenant.TxRow[Invitation](ctx, tx.Last(), insertInvitation,
			in.OrgID, newID(), email, in.Body.Role, session(ctx).User, tokenHash(token))
		return err
	})
	if err != nil {
		s.releaseMail()
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.notInvited(ctx, in.OrgID, email)
	}
	if err != nil {
		return nil, err
	}
	s.putMail(ctx, s.invitationMails(member(ctx, in.OrgID), in.OrgID, i, token))
	return &struct{ Body InvitationWithToken }{InvitationWithToken{i, s.shown(token)}}, nil
}

// reserveInvitation takes a place for the mail, so that there is no invitation without one.
func (s *Server) reserveInvitation(ctx context.Context, email string) error {
	if err := checkAddress(email, "body.email"); err != nil {
		return err
	}
	if err := ofSender(ctx); err != nil {
		return err
	}
	return s.reserveMail(ctx, email)
}

// shown is what the inviter sees of a token: nothing where the mail with it proves the address.
func (s *Server) shown(token string) *string {
	if s.mails.Proving {
		return nil
	}
	return &token
}

const selectInviter = `
select o.name, m.full_name from app.organizations o join app.memberships m on m.org_id = $1 and m.user_id = $2 where o.id = $1`

// invitationMails tell the invited who invites them, as long as that is a member.
func (s *Server) invitationMails(inviter tenant.Caller, org uuid.UUID, i Invitation, token string) messages {
	return func(ctx context.Context) ([]mail.Message, error) {
		by, err := tenant.Row[struct{ Name, FullName string }](ctx, s.db, inviter, selectInviter, org, i.InvitedBy)
		if isSQLState(err, "P0002") {
			return nil, nil
		}
		return []mail.Message{s.mails.invitation(i.Email, by.FullName, by.Name, i.Role, token)}, err
	}
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
update app.invitations set revoked_at = now()
where org_id = $1 and id = $2 and revoked_at is null and accepted_at is null`

func (s *Server) revokeInvitation(ctx context.Context, in *struct {
	InOrganization
	InvitationID uuid.UUID `path:"invitation_id" format:"uuid"`
}) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, revokeInvitation, in.OrgID, in.InvitationID)
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

// begin_invitation has done it all; the statement reads the organization that the caller is in now.
const selectJoinedOrganization = `
select id, name, app.role() as role, created_at, updated_at, revision from app.organizations where id = app.org_id()`

func (s *Server) acceptInvitation(ctx context.Context, in *struct {
	Body InvitationToken
}) (*found[Organization], error) {
	caller := tenant.Invitee(session(ctx).User, tokenHash(in.Body.Token))
	o, err := tenant.Row[Organization](ctx, s.db, caller, selectJoinedOrganization)
	if isSQLState(err, "23505") {
		return nil, refuse("already_member", "")
	}
	return &found[Organization]{etag(o.Revision), o}, err
}

// tokenHash is what is stored of a token: it has too many bits to be guessed, so a plain hash is enough.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
