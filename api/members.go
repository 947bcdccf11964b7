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

func (s *Server) registerMembers() {
	const path, one = "/api/v1/organizations/{org_id}/members", "/api/v1/organizations/{org_id}/members/{user_id}"
	tags := []string{"members"}
	operation(s, huma.Operation{OperationID: "list-members", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the members", Description: "E-mail addresses are shown to OWNER and ADMIN."}, s.listMembers)
	operation(s, audited("member.role_changed", lasting(huma.Operation{OperationID: "update-member", Method: http.MethodPatch, Path: one, Tags: tags,
		Summary: "Change a member's role", Errors: []int{409, 412},
		Description: "OWNER: any role of any member, but no service account OWNER. ADMIN: ANALYST to VIEWER and back. An organization keeps at least one OWNER."})), s.updateMember)
	operation(s, audited("member.removed", huma.Operation{OperationID: "remove-member", Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "Remove a member, or leave", DefaultStatus: http.StatusNoContent, Errors: []int{409},
		Description: "OWNER: anybody. ADMIN: ANALYST and VIEWER. Everybody: themselves. An organization keeps at least one OWNER."}), s.removeMember)
}

// Role is what a member may do in an organization.
type Role string

// Schema makes Role one component of the OpenAPI, so that clients get one type.
func (Role) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: []any{"OWNER", "ADMIN", "ANALYST", "VIEWER"}}
	s.PrecomputeMessages()
	r.Map()["Role"] = s
	return &huma.Schema{Ref: "#/components/schemas/Role"}
}

// RoleChange is what a member's role becomes.
type RoleChange struct {
	Role Role `json:"role"`
}

// Member is a person in an organization, or a service account.
type Member struct {
	UserID    uuid.UUID  `json:"user_id" format:"uuid"`
	Kind      MemberKind `json:"kind" doc:"A service account acts through API keys alone"`
	FullName  string     `json:"full_name"`
	Role      Role       `json:"role"`
	Email     *string    `json:"email,omitempty" doc:"Only for OWNER and ADMIN"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Revision  int32      `json:"-"`
}

// MemberPath names a member.
type MemberPath struct {
	InOrganization
	UserID uuid.UUID `path:"user_id" format:"uuid"`
}

const selectMembers = `
select m.user_id, m.kind, m.full_name, m.role, e.email, m.created_at, m.updated_at, m.revision
from app.memberships m left join app.member_emails e on e.org_id = $1 and e.user_id = m.user_id
where m.org_id = $1 and m.user_id < $2
order by m.user_id desc limit $3`

func (s *Server) listMembers(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[Member], error) {
	rows, err := tenant.Rows[Member](ctx, s.db, member(ctx, in.OrgID), selectMembers, in.OrgID, in.before, in.Limit+1)
	return page(in.Page, rows, func(m Member) uuid.UUID { return m.UserID }), err
}

// The OWNER rows are locked first, and in one order: two owners who demote each other at once would else both find the
// other still there. Who may not update memberships locks nothing, and touches nothing but oneself: only who began as an
// OWNER leaves as one, for who was made OWNER since is perhaps the only one.
// And who began as an OWNER must be one still: whom they have made OWNER since is not in this statement's snapshot.
//
// was is locked after them, so that the event has the role that is changed, not one that somebody has changed meanwhile; and
// before the change, by the join: a row that this statement has changed cannot be locked any more, and there would be no event.
const (
	updateMember = `
with owners as materialized (
  select user_id from app.memberships where org_id = $1 and role = 'OWNER' order by user_id for update),
was as materialized (
  select user_id, role from app.memberships where org_id = $1 and user_id = $2 and (select count(*) from owners) >= 0 for update),
changed as (
  update app.memberships m set role = $3, updated_at = now(), revision = revision + 1
  from was where m.org_id = $1 and m.user_id = $2 and ($4::integer is null or m.revision = $4)
    and (app.role() <> 'OWNER' or exists (select from owners where user_id = app.user_id()))
    and ($3 = 'OWNER' or not exists (select from owners where user_id = $2) or exists (select from owners where user_id <> $2))
  returning m.user_id, m.kind, m.full_name, m.role, m.created_at, m.updated_at, m.revision),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $5, app.user_id(), app.subject()::uuid, 'member.role_changed', c.user_id,
    jsonb_build_object('role', was.role), jsonb_build_object('role', c.role), $6, $7
  from changed c, was)
select c.user_id, c.kind, c.full_name, c.role, (select email from app.member_emails where org_id = $1 and user_id = $2) as email,
  c.created_at, c.updated_at, c.revision
from changed c`
	deleteMember = `
with owners as materialized (
  select user_id from app.memberships where org_id = $1 and role = 'OWNER' order by user_id for update),
gone as (
  delete from app.memberships m
  where m.org_id = $1 and m.user_id = $2 and (m.role <> 'OWNER' or app.role() = 'OWNER')
    and (app.role() <> 'OWNER' or exists (select from owners where user_id = app.user_id()))
    and (not exists (select from owners where user_id = $2) or exists (select from owners where user_id <> $2))
  returning m.user_id, m.role, m.full_name)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $3, app.user_id(), app.subject()::uuid, case when user_id = app.user_id() then 'member.left' else 'member.removed' end, user_id,
  jsonb_build_object('role', role, 'full_name', full_name), $4, $5
from gone`
)

func (s *Server) updateMember(ctx context.Context, in *struct {
	MemberPath
	IfMatch
	Body RoleChange
}) (*found[Member], error) {
	asks(ctx, in.Body)
	caller, want := member(ctx, in.OrgID), in.revision()
	m, err := tenant.Row[Member](ctx, s.db, caller, updateMember, recorded(ctx, in.OrgID, in.UserID, in.Body.Role, want)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, caller, updateMember, want, selectMemberRevision, in.OrgID, in.UserID)
	}
	return &found[Member]{etag(m.Revision), m}, neverOwner(err)
}

func (s *Server) removeMember(ctx context.Context, in *MemberPath) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, deleteMember, recorded(ctx, in.OrgID, in.UserID)...)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, caller, deleteMember, nil, selectMemberRevision, in.OrgID, in.UserID)
	}
	return nil, err
}

// last_owner: an OWNER was to go, or to be less, by somebody whom the policies allow that, and no other OWNER is there. If
// one is, roles have changed since the transaction began.
const selectMemberRevision = `
select m.revision, case when not (m.role = 'OWNER' and app.role() = 'OWNER') then 'forbidden'
    when exists (select from app.memberships where org_id = $1 and role = 'OWNER' and user_id <> $2) then 'retry'
    else 'last_owner' end as code
from app.memberships m where m.org_id = $1 and m.user_id = $2`
