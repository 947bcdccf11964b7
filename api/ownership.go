package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerOwnership() {
	operation(s, audited("organization.ownership_transferred", lasting(huma.Operation{OperationID: "transfer-ownership", Method: http.MethodPost, Path: "/api/v1/organizations/{org_id}/transfer-ownership",
		Tags: []string{"members"}, Summary: "Make another member OWNER in one's own place",
		Description: "OWNER. The member becomes OWNER and the caller what role says, at once or not at all. Answers the new OWNER."})), s.transferOwnership)
}

// Transfer says whose an organization becomes.
type Transfer struct {
	UserID uuid.UUID `json:"user_id" format:"uuid" doc:"A member"`
	Role   Role      `json:"role,omitempty" doc:"What the caller becomes: ADMIN, unless it says less"`
}

// Resolve refuses what would leave the caller OWNER.
func (t *Transfer) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if t.Role == "OWNER" {
		return []error{&huma.ErrorDetail{Location: at.With("role"), Message: "who gives the ownership away becomes less than OWNER"}}
	}
	return nil
}

// As in updateMember the OWNER rows are locked first, and in one order. The caller's must be among them still; then the new
// OWNER's row is locked and there, whatever becomes of the others.
const transferOwnership = `
with owners as materialized (
  select user_id from app.memberships where org_id = $1 and role = 'OWNER' order by user_id for update),
heir as materialized (
  select user_id, role from app.memberships
  where org_id = $1 and user_id = $2 and user_id <> app.user_id() and exists (select from owners where user_id = app.user_id())
  for update),
changed as (
  update app.memberships m set role = case m.user_id when $2 then 'OWNER' else $3 end, updated_at = now(), revision = revision + 1
  where m.org_id = $1 and m.user_id in ($2, app.user_id()) and app.role() = 'OWNER' and exists (select from heir)
  returning m.user_id, m.kind, m.full_name, m.role, m.created_at, m.updated_at, m.revision),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $4, app.user_id(), app.subject()::uuid, 'organization.ownership_transferred', heir.user_id,
    jsonb_build_object('role', heir.role), jsonb_build_object('role', 'OWNER', 'actor_role', $3::text), $5, $6
  from heir where exists (select from changed))
select c.user_id, c.kind, c.full_name, c.role, (select email from app.member_emails where org_id = $1 and user_id = $2) as email,
  c.created_at, c.updated_at, c.revision
from changed c where c.user_id = $2`

func (s *Server) transferOwnership(ctx context.Context, in *struct {
	InOrganization
	Body Transfer
}) (*found[Member], error) {
	asks(ctx, in.Body)
	caller, to := member(ctx, in.OrgID), in.Body.UserID
	if to == session(ctx).User {
		return nil, refuse("invalid", "", Fault{Location: "body.user_id", Message: "it is yours already"})
	}
	m, err := tenant.Row[Member](ctx, s.db, caller, transferOwnership, recorded(ctx, in.OrgID, to, cmp.Or(in.Body.Role, "ADMIN"))...)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = s.untouched(ctx, caller, transferOwnership, nil, selectHeirRevision, in.OrgID, to)
	case isSQLState(err, "23514"):
		err = refuse("invalid", "", Fault{Location: "body.user_id", Message: "a service account is never OWNER"})
	}
	return &found[Member]{etag(m.Revision), m}, err
}

// retry: the caller is an OWNER again, or was none for a moment, or the member has joined since.
const selectHeirRevision = `
select revision, case app.role() when 'OWNER' then 'retry' else 'forbidden' end as code
from app.memberships where org_id = $1 and user_id = $2`
