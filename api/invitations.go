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
	const one = path + "/{invitation_id}"
	tags := []string{"invitations"}
	operation(s, audited("invitation.created", s.limited(nil, lasting(huma.Operation{OperationID: "create-invitation", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Invite an address", DefaultStatus: http.StatusCreated, Errors: []int{409},
		Description: "OWNER: to any role. ADMIN: to ANALYST or VIEWER. The token goes to the address by mail and lasts seven days; whoever accepts has to have " +
			"verified the address. Where the server sends no mail, the token is shown once, here: hand it to the person you invite."}))), s.createInvitation)
	operation(s, huma.Operation{OperationID: "list-invitations", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the invitations", Description: "OWNER: all. ADMIN: those to ANALYST or VIEWER. Others: none."}, s.listInvitations)
	operation(s, audited("invitation.revoked", huma.Operation{OperationID: "revoke-invitation", Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "Revoke an invitation", DefaultStatus: http.StatusNoContent, Errors: []int{409}}), s.revokeInvitation)
	operation(s, audited("invitation.resent", s.limited(nil, lasting(huma.Operation{OperationID: "resend-invitation", Method: http.MethodPost, Path: one + "/resend", Tags: tags,
		Summary: "Send an invitation again", Errors: []int{409, 429},
		Description: "For whoever may invite to its role. An open one, or one that has expired, gets a new token, and seven days from now; the token before serves no " +
			"more. Whoever sends it is its inviter from then on. Once a minute."}))), s.resendInvitation)
}

// Invitation is an offer of membership to an address.
type Invitation struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Email      string     `json:"email" format:"email"`
	Role       Role       `json:"role"`
	State      string     `json:"state" enum:"open,accepted,revoked,declined,expired"`
	InvitedBy  uuid.UUID  `json:"invited_by" format:"uuid" doc:"Who sent it last, and whose right to invite is looked up when it is accepted"`
	CreatedAt  time.Time  `json:"created_at"`
	ResentAt   *time.Time `json:"resent_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	AcceptedAt *time.Time `json:"accepted_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	DeclinedAt *time.Time `json:"declined_at"`
}

// The columns of an Invitation.
const (
	invitationState = `
case when accepted_at is not null then 'accepted' when revoked_at is not null then 'revoked' when declined_at is not null then 'declined'
  when expires_at > now() then 'open' else 'expired' end`
	invitationColumns = `
id, email, role, ` + invitationState + ` as state, invited_by, created_at, resent_at, expires_at, accepted_at, revoked_at, declined_at`
)

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

// Of two invitations to one address at once the second has to see the first: it waits here, in a statement of its own,
// and the next one takes its snapshot after that. Who may not invite locks nothing. Rows that only name the organization are
// made meanwhile: who accepts holds an invitation and makes a membership, and would else wait for who sends it again.
const lockOrganization = `
select id from app.organizations where id = $1 for no key update`

// A member and an open invitation are in the way; an expired, revoked or declined one is not. The names are for the
// invited, who may read neither table.
const insertInvitation = `
with invited as (
  insert into app.invitations (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name)
  select $1, $2, $3, $4, $5, $6, o.name, m.full_name
  from app.organizations o, app.memberships m
  where o.id = $1 and m.org_id = $1 and m.user_id = $5
    and not exists (select from app.member_emails where org_id = $1 and email = $3)
    and not exists (select from app.invitations where org_id = $1 and email = $3
      and accepted_at is null and revoked_at is null and declined_at is null and expires_at > now())
  returning id, email, role, invited_by, created_at, resent_at, expires_at, accepted_at, revoked_at, declined_at),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $7, app.user_id(), app.subject()::uuid, 'invitation.created', id, jsonb_build_object('email', email, 'role', role), $8, $9
  from invited)
select ` + invitationColumns + ` from invited`

func (s *Server) createInvitation(ctx context.Context, in *struct {
	InOrganization
	Body NewInvitation
}) (*struct{ Body InvitationWithToken }, error) {
	asks(ctx, in.Body)
	token, email := oneTimeToken("ifi_"), normalized(in.Body.Email)
	if err := s.reserveInvitation(ctx, email); err != nil {
		return nil, err
	}
	var i Invitation
	err := s.db.Tx(ctx, member(ctx, in.OrgID), func(tx *tenant.Tx) (err error) {
		if _, err := tx.Exec(ctx, lockOrganization, in.OrgID); err != nil {
			return err
		}
		i, err = tenant.TxRow[Invitation](ctx, tx, insertInvitation,
			recorded(ctx, in.OrgID, newID(), email, in.Body.Role, session(ctx).User, tokenHash(token))...)
		if err != nil {
			return err
		}
		return roomToJoin(ctx, tx, in.OrgID)
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

// invitationMails tell the invited who invites them, as long as that is a member, and the organization is there.
func (s *Server) invitationMails(inviter tenant.Caller, org uuid.UUID, i Invitation, token string) messages {
	return func(ctx context.Context) ([]mail.Message, error) {
		by, err := tenant.Row[struct{ Name, FullName string }](ctx, s.db, inviter, selectInviter, org, i.InvitedBy)
		var begin *tenant.BeginError
		if errors.As(err, &begin) {
			return nil, nil
		}
		return []mail.Message{s.mails.invitation(i.Email, by.FullName, by.Name, i.Role, token)}, err
	}
}

const selectExpectedMembers = `
select row((select count(*) from app.memberships m where m.org_id = $1) + (select count(*) from app.invitations i where i.org_id = $1
    and i.accepted_at is null and i.revoked_at is null and i.declined_at is null and i.expires_at > now()), q.members::bigint) as members
from app.quotas q where q.org_id = $1`

// roomToJoin refuses an invitation when all who are invited, as far as the caller sees them, could not join. Who joins is
// counted again.
func roomToJoin(ctx context.Context, tx *tenant.Tx, org uuid.UUID) error {
	u, err := tenant.TxRow[struct{ Members Quota }](ctx, tx, selectExpectedMembers, org)
	if err != nil {
		return err
	}
	return Usage{Members: u.Members}.exceeded(Usage{Members: Quota{Used: 1}})
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
select ` + invitationColumns + `
from app.invitations where org_id = $1 and id < $2 and ($4 = '' or ` + invitationState + ` = $4)
order by id desc limit $3`

func (s *Server) listInvitations(ctx context.Context, in *struct {
	InOrganization
	Page
	State string `query:"state" enum:"open,accepted,revoked,declined,expired" doc:"Only these; without it all"`
}) (*listed[Invitation], error) {
	caller := member(ctx, in.OrgID)
	rows, err := tenant.Rows[Invitation](ctx, s.db, caller, selectInvitations, in.OrgID, in.before, in.Limit+1, in.State)
	if err == nil && len(rows) == 0 {
		err = s.may(ctx, caller, selectMayInvite)
	}
	return page(in.Page, rows, func(i Invitation) uuid.UUID { return i.ID }), err
}

const selectMayInvite = `
select app.org_as('OWNER', 'ADMIN') is not null as allowed`

const revokeInvitation = `
with revoked as (
  update app.invitations set revoked_at = now()
  where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null and declined_at is null
  returning id, email, role)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $3, app.user_id(), app.subject()::uuid, 'invitation.revoked', id, jsonb_build_object('email', email, 'role', role), $4, $5
from revoked`

// InvitationPath names an invitation of an organization.
type InvitationPath struct {
	InOrganization
	InvitationID uuid.UUID `path:"invitation_id" format:"uuid"`
}

func (s *Server) revokeInvitation(ctx context.Context, in *InvitationPath) (*struct{}, error) {
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

// was is locked, so that whoever accepts or revokes at that moment comes before or after.
const resendInvitation = `
with was as materialized (
  select id, email from app.invitations
  where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null and declined_at is null
    and (resent_at is null or resent_at <= now() - interval '1 minute') for update),
changed as (
  update app.invitations i set token_hash = $3, expires_at = now() + interval '7 days', resent_at = now(),
    invited_by = m.user_id, organization_name = o.name, invited_by_name = m.full_name
  from was, app.organizations o, app.memberships m
  where i.org_id = $1 and i.id = was.id and o.id = $1 and m.org_id = $1 and m.user_id = app.user_id()
    and not exists (select from app.member_emails where org_id = $1 and email = was.email)
    and not exists (select from app.invitations where org_id = $1 and email = was.email and id <> was.id
      and accepted_at is null and revoked_at is null and declined_at is null and expires_at > now())
  returning i.id, i.email, i.role, i.invited_by, i.created_at, i.resent_at, i.expires_at, i.accepted_at, i.revoked_at, i.declined_at),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $4, app.user_id(), app.subject()::uuid, 'invitation.resent', c.id,
    jsonb_build_object('email', c.email, 'role', c.role), $5, $6
  from changed c)
select ` + invitationColumns + ` from changed`

func (s *Server) resendInvitation(ctx context.Context, in *InvitationPath) (*struct{ Body InvitationWithToken }, error) {
	caller, token := member(ctx, in.OrgID), oneTimeToken("ifi_")
	if err := ofSender(ctx); err != nil {
		return nil, err
	}
	if !s.mails.Queue.Reserve() {
		return nil, refuse("busy", "")
	}
	var i Invitation
	err := s.db.Tx(ctx, caller, func(tx *tenant.Tx) (err error) {
		if _, err := tx.Exec(ctx, lockOrganization, in.OrgID); err != nil {
			return err
		}
		i, err = tenant.TxRow[Invitation](ctx, tx, resendInvitation, recorded(ctx, in.OrgID, in.InvitationID, tokenHash(token))...)
		if err != nil {
			return err
		}
		return ofRecipient(ctx, i.Email)
	})
	if err != nil {
		s.releaseMail()
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.notResent(ctx, caller, in.OrgID, in.InvitationID)
	}
	if err != nil {
		return nil, err
	}
	s.putMail(ctx, s.invitationMails(caller, in.OrgID, i, token))
	return &struct{ Body InvitationWithToken }{InvitationWithToken{i, s.shown(token)}}, nil
}

// retry: what was in the way is not there any more.
const selectNotResent = `
select case when i.accepted_at is not null or i.revoked_at is not null or i.declined_at is not null then 'invitation_closed'
    when exists (select from app.member_emails where org_id = $1 and email = i.email) then 'already_member'
    when exists (select from app.invitations o where o.org_id = $1 and o.email = i.email and o.id <> i.id
      and o.accepted_at is null and o.revoked_at is null and o.declined_at is null and o.expires_at > now()) then 'already_invited'
    when i.resent_at > now() - interval '1 minute' then 'rate_limited' else 'retry' end as code,
  coalesce(extract(epoch from i.resent_at + interval '1 minute' - now()), 0)::float8 as wait
from app.invitations i where i.org_id = $1 and i.id = $2`

// notResent: whoever sees an invitation may send it again.
func (s *Server) notResent(ctx context.Context, caller tenant.Caller, org, id uuid.UUID) error {
	row, err := tenant.Row[struct {
		Code string
		Wait float64 // s
	}](ctx, s.db, caller, selectNotResent, org, id)
	switch {
	case err != nil:
		return err
	case row.Code == "rate_limited":
		return tooSoon(time.Duration(row.Wait * float64(time.Second)))
	default:
		return refuse(row.Code, "")
	}
}

// tokenHash is what is stored of a token: it has too many bits to be guessed, so a plain hash is enough.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
