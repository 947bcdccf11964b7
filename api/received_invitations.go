package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerReceivedInvitations() {
	const path = "/api/v1/invitations"
	tags := []string{"invitations"}
	operation(s, huma.Operation{OperationID: "list-received-invitations", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the open invitations to the signed-in user", Description: "To the user's own address, which has to be verified.", Errors: []int{403}}, s.listReceivedInvitations)
	operation(s, audited("invitation.accepted", s.limited(s.limits.tokens, lasting(huma.Operation{OperationID: "accept-invitation", Method: http.MethodPost, Path: path + "/accept", Tags: tags,
		Summary: "Accept an invitation by its token", Errors: []int{403, 404, 409, 410},
		Description: "The invitation is to the user's own address, which has to be verified."}))), s.acceptInvitation)
	operation(s, audited("invitation.accepted", lasting(huma.Operation{OperationID: "accept-received-invitation", Method: http.MethodPost, Path: path + "/{invitation_id}/accept", Tags: tags,
		Summary: "Accept an invitation to the signed-in user", Errors: []int{409, 410},
		Description: "Without a token: the verified address proves as much."})), s.acceptReceivedInvitation)
	operation(s, audited("invitation.declined", huma.Operation{OperationID: "decline-invitation", Method: http.MethodPost, Path: path + "/{invitation_id}/decline", Tags: tags,
		Summary: "Decline an invitation to the signed-in user", DefaultStatus: http.StatusNoContent, Errors: []int{409}}), s.declineInvitation)
}

// InvitationToken accepts an invitation.
type InvitationToken struct {
	Token string `json:"token" maxLength:"100"`
}

// ReceivedInvitation is an invitation as the invited sees it.
type ReceivedInvitation struct {
	ID               uuid.UUID `json:"id" format:"uuid"`
	OrganizationName string    `json:"organization_name" doc:"When it was sent"`
	InvitedByName    string    `json:"invited_by_name" doc:"When it was sent"`
	Role             Role      `json:"role"`
	CreatedAt        time.Time `json:"created_at"`
	ExpiresAt        time.Time `json:"expires_at"`
}

const selectReceivedInvitations = `
select id, organization_name, invited_by_name, role, created_at, expires_at from app.invitations
where email = app.subject() and accepted_at is null and revoked_at is null and declined_at is null and expires_at > now() and id < $1
order by id desc limit $2`

func (s *Server) listReceivedInvitations(ctx context.Context, in *struct{ Page }) (*listed[ReceivedInvitation], error) {
	rows, err := tenant.Rows[ReceivedInvitation](ctx, s.db, tenant.Addressee(session(ctx).User), selectReceivedInvitations, in.before, in.Limit+1)
	return page(in.Page, rows, func(i ReceivedInvitation) uuid.UUID { return i.ID }), err
}

func (s *Server) acceptInvitation(ctx context.Context, in *struct {
	Body InvitationToken
}) (*found[Organization], error) {
	out, err := s.join(ctx, tenant.Invitee(session(ctx).User, tokenHash(in.Body.Token)))
	if isSQLState(err, "P0002") {
		err = refuse("not_found", "no invitation has this token; where it was sent again, the latest token serves")
	}
	return out, err
}

// ReceivedInvitationPath names an invitation to the signed-in user.
type ReceivedInvitationPath struct {
	InvitationID uuid.UUID `path:"invitation_id" format:"uuid"`
}

func (s *Server) acceptReceivedInvitation(ctx context.Context, in *ReceivedInvitationPath) (*found[Organization], error) {
	return s.join(ctx, tenant.InviteeOf(session(ctx).User, in.InvitationID))
}

// begin_invitation has done it all, and has left the invitation's id in app.subject(); the statement reads the organization that
// the caller is in now.
const selectJoinedOrganization = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, action, object_id, after, request_id, address)
  values (app.org_id(), $1, app.user_id(), 'invitation.accepted', app.subject()::uuid, jsonb_build_object('role', app.role()), $2, $3))
select app.role() as role, ` + organizationColumns + ` from app.organizations o where o.id = app.org_id()`

func (s *Server) join(ctx context.Context, caller tenant.Caller) (*found[Organization], error) {
	o, err := tenant.Row[Organization](ctx, s.db, caller, selectJoinedOrganization, recorded(ctx)...)
	if isSQLState(err, "23505") {
		return nil, refuse("already_member", "")
	}
	if err == nil {
		changed(ctx, o.ID)
	}
	return &found[Organization]{etag(o.Revision), o}, err
}

const declineInvitation = `
with declined as (
  update app.invitations set declined_at = now()
  where org_id = app.org_id() and id = $1 and email = app.subject()
    and accepted_at is null and revoked_at is null and declined_at is null and expires_at > now()
  returning id, role),
event as (
  insert into app.audit_events (org_id, id, actor_id, action, object_id, before, request_id, address)
  select app.org_id(), $2, app.user_id(), 'invitation.declined', id, jsonb_build_object('role', role), $3, $4 from declined)
select app.org_id() as org_id from declined`

func (s *Server) declineInvitation(ctx context.Context, in *ReceivedInvitationPath) (*struct{}, error) {
	caller := tenant.AddresseeOf(session(ctx).User, in.InvitationID)
	of, err := tenant.Row[struct{ OrgID uuid.UUID }](ctx, s.db, caller, declineInvitation, recorded(ctx, in.InvitationID)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.notDeclined(ctx, caller, in.InvitationID)
	}
	if err == nil {
		changed(ctx, of.OrgID)
	}
	return nil, err
}

const selectReceivedState = `
select ` + invitationState + ` as state from app.invitations where org_id = app.org_id() and id = $1 and email = app.subject()`

// notDeclined says what came before. What is closed, or has expired, is open again only when somebody has just sent it.
func (s *Server) notDeclined(ctx context.Context, caller tenant.Caller, id uuid.UUID) error {
	row, err := tenant.Row[struct{ State string }](ctx, s.db, caller, selectReceivedState, id)
	switch {
	case err != nil:
		return err
	case row.State == "open":
		return refuse("retry", "")
	default:
		return refuse("invitation_"+row.State, "")
	}
}
