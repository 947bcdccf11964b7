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

func (s *Server) registerOrganizations() {
	const path, one = "/api/v1/organizations", "/api/v1/organizations/{org_id}"
	tags := []string{"organizations"}
	operation(s, audited("organization.created", huma.Operation{OperationID: "create-organization", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Create an organization and be its OWNER", DefaultStatus: http.StatusCreated}), s.createOrganization)
	operation(s, huma.Operation{OperationID: "list-organizations", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the organizations of the signed-in user"}, s.listOrganizations)
	operation(s, huma.Operation{OperationID: "get-organization", Method: http.MethodGet, Path: one, Tags: tags,
		Summary: "Get an organization"}, s.getOrganization)
	operation(s, audited("organization.changed", huma.Operation{OperationID: "update-organization", Method: http.MethodPatch, Path: one, Tags: tags,
		Summary: "Change an organization", Description: "OWNER, ADMIN.", Errors: []int{412}}), s.updateOrganization)
}

// Organization is a tenant, as one of its members sees it.
type Organization struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	Role      Role      `json:"role" doc:"The caller's role in it"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Revision  int32     `json:"-"`
}

// OrganizationName is what is given for an organization.
type OrganizationName struct {
	Name string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Acme"`
}

// inOrganization is where the resources of an organization are.
func inOrganization(org uuid.UUID) string { return "/api/v1/organizations/" + org.String() }

// InOrganization is the path of every tenant resource.
type InOrganization struct {
	OrgID uuid.UUID `path:"org_id" format:"uuid"`
}

const selectOrganization = `
select id, name, app.role() as role, created_at, updated_at, revision from app.organizations where id = $1`

// begin_organization has made it.
const recordOrganization = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $2, app.user_id(), app.subject()::uuid, 'organization.created', id, jsonb_build_object('name', name), $3, $4
  from app.organizations where id = $1)` + selectOrganization

func (s *Server) createOrganization(ctx context.Context, in *struct {
	IdempotencyKey
	Body OrganizationName
}) (*made[Organization], error) {
	id := newID()
	out, err := create(ctx, s, creation[Organization]{
		id: id, caller: tenant.Founder(session(ctx).User, id, in.Body.Name), path: "/api/v1/organizations", key: in.IdempotencyKey, request: in.Body,
		insert: func(tx *tenant.Tx) (Organization, error) {
			return tenant.TxRow[Organization](ctx, tx.Last(), recordOrganization, recorded(ctx, id)...)
		},
		get: func(id uuid.UUID) (Organization, error) {
			return tenant.Row[Organization](ctx, s.db, member(ctx, id), selectOrganization, id)
		},
	})
	out.ETag = etag(out.Body.Revision)
	if err == nil {
		changed(ctx, out.Body.ID)
	}
	return out, err
}

const selectOrganizations = `
select o.id, o.name, m.role, o.created_at, o.updated_at, o.revision
from app.organizations o join app.memberships m on m.org_id = o.id
where o.id = any (app.org_ids()) and m.org_id = any (app.org_ids()) and m.user_id = $1 and o.id < $2
order by o.id desc limit $3`

func (s *Server) listOrganizations(ctx context.Context, in *struct{ Page }) (*listed[Organization], error) {
	rows, err := tenant.Rows[Organization](ctx, s.db, person(ctx), selectOrganizations, session(ctx).User, in.before, in.Limit+1)
	return page(in.Page, rows, func(o Organization) uuid.UUID { return o.ID }), err
}

func (s *Server) getOrganization(ctx context.Context, in *InOrganization) (*found[Organization], error) {
	o, err := tenant.Row[Organization](ctx, s.db, member(ctx, in.OrgID), selectOrganization, in.OrgID)
	return &found[Organization]{etag(o.Revision), o}, err
}

// was is locked and read before the change, so that the event has the name that is changed, not one that somebody has changed
// meanwhile.
const updateOrganization = `
with was as materialized (
  select id, name from app.organizations where id = $1 for update),
changed as (
  update app.organizations o set name = $2, updated_at = now(), revision = revision + 1
  from was where o.id = $1 and o.id = was.id and ($3::integer is null or o.revision = $3)
  returning o.id, o.name, o.created_at, o.updated_at, o.revision, was.name as old_name),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $4, app.user_id(), app.subject()::uuid, 'organization.changed', id, jsonb_build_object('name', old_name), jsonb_build_object('name', name), $5, $6
  from changed)
select id, name, app.role() as role, created_at, updated_at, revision from changed`

func (s *Server) updateOrganization(ctx context.Context, in *struct {
	InOrganization
	IfMatch
	Body OrganizationName
}) (*found[Organization], error) {
	asks(ctx, in.Body)
	caller, want := member(ctx, in.OrgID), in.revision()
	o, err := tenant.Row[Organization](ctx, s.db, caller, updateOrganization, recorded(ctx, in.OrgID, in.Body.Name, want)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, caller, updateOrganization, want, selectOrganizationRevision, in.OrgID)
	}
	return &found[Organization]{etag(o.Revision), o}, err
}

const selectOrganizationRevision = `
select revision, 'forbidden' as code from app.organizations where id = $1`
