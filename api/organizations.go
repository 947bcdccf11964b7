package api

import (
	"context"
	"errors"
	"net/http"
	"time"
	_ "time/tzdata" // what a time zone is called does not depend on the machine

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
	operation(s, audited("organization.changed", s.limited(s.limits.tokens, huma.Operation{OperationID: "update-organization", Method: http.MethodPatch, Path: one, Tags: tags,
		Summary: "Change an organization", Errors: []int{409, 412},
		Description: "OWNER, ADMIN. What is omitted stays. Slugs are public names: 409 slug_taken says that some organization has it."})), s.updateOrganization)
	operation(s, audited("organization.deleted", huma.Operation{OperationID: "delete-organization", Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "Delete an organization", DefaultStatus: http.StatusNoContent,
		Description: "OWNER. From now on nobody gets in (410 organization_deleted). For 30 days an OWNER can restore it; then the operator removes it " +
			"for good, its audit events too."}), s.deleteOrganization)
	operation(s, audited("organization.restored", lasting(huma.Operation{OperationID: "restore-organization", Method: http.MethodPost, Path: one + "/restore", Tags: tags,
		Summary: "Restore a deleted organization", Description: "OWNER. Everything is as it was.", Errors: []int{409}})), s.restoreOrganization)
}

// Organization is a tenant, as one of its members sees it.
type Organization struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Name       string     `json:"name"`
	Slug       string     `json:"slug" example:"acme" doc:"No other organization has it"`
	TimeZone   string     `json:"time_zone" example:"Europe/Berlin" doc:"When its days begin"`
	Role       Role       `json:"role" doc:"The caller's role in it"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	DeletedAt  *time.Time `json:"deleted_at,omitempty" doc:"Only for a deleted one"`
	PurgeAfter *time.Time `json:"purge_after,omitempty" doc:"Only for a deleted one: until then an OWNER can restore it"`
	Revision   int32      `json:"-"`
}

// OrganizationName is what is given for an organization.
type OrganizationName struct {
	Name string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Acme"`
}

// OrganizationChange is a merge patch of an organization.
type OrganizationChange struct {
	Name     Opt[string] `json:"name,omitempty,omitzero" minLength:"1" maxLength:"200" pattern:"\\S" example:"Acme"`
	Slug     Opt[string] `json:"slug,omitempty,omitzero" minLength:"2" maxLength:"48" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" example:"acme" doc:"A public name: lower-case letters, digits and single hyphens"`
	TimeZone Opt[string] `json:"time_zone,omitempty,omitzero" minLength:"1" maxLength:"64" pattern:"^[A-Z]" example:"Europe/Berlin" doc:"A name of the IANA time zone database"`
}

// Resolve refuses time zones that are not in the IANA database. PostgreSQL also knows abbreviations and rules of one's own.
func (c *OrganizationChange) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	zone := c.TimeZone.value
	if zone == nil {
		return nil
	}
	if _, err := time.LoadLocation(*zone); err != nil || *zone == "Local" {
		return []error{&huma.ErrorDetail{Location: at.With("time_zone"), Message: "not a time zone of the IANA database"}}
	}
	return nil
}

// inOrganization is where the resources of an organization are.
func inOrganization(org uuid.UUID) string { return "/api/v1/organizations/" + org.String() }

// InOrganization is the path of every tenant resource.
type InOrganization struct {
	OrgID uuid.UUID `path:"org_id" format:"uuid"`
}

// organizationColumns are those of an Organization o besides the role.
const organizationColumns = `o.id, o.name, o.slug, o.time_zone, o.created_at, o.updated_at, o.deleted_at,
  o.deleted_at + interval '30 days' as purge_after, o.revision`

const selectOrganization = `
select app.role() as role, ` + organizationColumns + ` from app.organizations o where o.id = $1`

// The caller is in the organization that app.begin_organization has just made, or app.begin_restoration has restored.
const (
	recordOrganization = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $2, app.user_id(), app.subject()::uuid, 'organization.created', o.id, jsonb_build_object('name', o.name, 'slug', o.slug), $3, $4
  from app.organizations o where o.id = $1)` + selectOrganization
	recordRestoration = `
with event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, request_id, address)
  values ($1, $2, app.user_id(), app.subject()::uuid, 'organization.restored', $1, $3, $4))` + selectOrganization
)

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
select m.role, ` + organizationColumns + `
from app.organizations o join app.memberships m on m.org_id = o.id
where o.id = any (app.org_ids()) and m.org_id = any (app.org_ids()) and m.user_id = $1 and o.id < $2
  and case when $4 then o.deleted_at is not null and m.role = 'OWNER' else o.deleted_at is null end
  and ($5::text is null or o.slug = $5)
order by o.id desc limit $3`

func (s *Server) listOrganizations(ctx context.Context, in *struct {
	Page
	Slug    string `query:"slug" maxLength:"48" doc:"Only the one with this slug"`
	Deleted bool   `query:"deleted" doc:"Instead of the others, the deleted ones that the caller can restore, as their OWNER"`
}) (*listed[Organization], error) {
	var slug *string
	if in.Slug != "" {
		slug = &in.Slug
	}
	rows, err := tenant.Rows[Organization](ctx, s.db, person(ctx), selectOrganizations, session(ctx).User, in.before, in.Limit+1, in.Deleted, slug)
	return page(in.Page, rows, func(o Organization) uuid.UUID { return o.ID }), err
}

func (s *Server) getOrganization(ctx context.Context, in *InOrganization) (*found[Organization], error) {
	o, err := tenant.Row[Organization](ctx, s.db, member(ctx, in.OrgID), selectOrganization, in.OrgID)
	return &found[Organization]{etag(o.Revision), o}, err
}

// The event has what is another now. was comes first, by the join: a row that this statement has changed cannot be locked any more.
const updateOrganization = `
with was as materialized (
  select name, slug, time_zone from app.organizations where id = $1 for update),
changed as (
  update app.organizations o set name = coalesce($2, o.name), slug = coalesce($3, o.slug), time_zone = coalesce($4, o.time_zone),
    updated_at = now(), revision = o.revision + 1
  from was where o.id = $1 and ($5::integer is null or o.revision = $5)
  returning o.*),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $6, app.user_id(), app.subject()::uuid, 'organization.changed', o.id,
    jsonb_strip_nulls(jsonb_build_object('name', nullif(was.name, o.name), 'slug', nullif(was.slug, o.slug), 'time_zone', nullif(was.time_zone, o.time_zone))),
    jsonb_strip_nulls(jsonb_build_object('name', nullif(o.name, was.name), 'slug', nullif(o.slug, was.slug), 'time_zone', nullif(o.time_zone, was.time_zone))),
    $7, $8
  from changed o, was)
select app.role() as role, ` + organizationColumns + ` from changed o`

func (s *Server) updateOrganization(ctx context.Context, in *struct {
	InOrganization
	IfMatch
	Body OrganizationChange
}) (*found[Organization], error) {
	asks(ctx, in.Body)
	caller, want, b := member(ctx, in.OrgID), in.revision(), in.Body
	o, err := tenant.Row[Organization](ctx, s.db, caller, updateOrganization,
		recorded(ctx, in.OrgID, b.Name.value, b.Slug.value, b.TimeZone.value, want)...)
	switch {
	case isSQLState(err, "23505"):
		err = refuse("slug_taken", "")
	case errors.Is(err, pgx.ErrNoRows):
		err = s.untouched(ctx, caller, updateOrganization, want, selectOrganizationRevision, in.OrgID)
	}
	return &found[Organization]{etag(o.Revision), o}, err
}

const selectOrganizationRevision = `
select revision, 'forbidden' as code from app.organizations where id = $1`

const deleteOrganization = `
with gone as (
  update app.organizations set deleted_at = now(), updated_at = now(), revision = revision + 1 where id = $1
  returning id)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, request_id, address)
select $1, $2, app.user_id(), app.subject()::uuid, 'organization.deleted', id, $3, $4 from gone`

func (s *Server) deleteOrganization(ctx context.Context, in *InOrganization) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, deleteOrganization, recorded(ctx, in.OrgID)...)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, caller, deleteOrganization, nil, selectOrganizationRevision, in.OrgID)
	}
	return nil, err
}

func (s *Server) restoreOrganization(ctx context.Context, in *InOrganization) (*found[Organization], error) {
	if _, ok := apiKey(ctx); ok { // the transaction would be the person's
		return nil, refuse("key_not_allowed", "")
	}
	caller := tenant.Restorer(session(ctx).User, in.OrgID)
	o, err := tenant.Row[Organization](ctx, s.db, caller, recordRestoration, recorded(ctx, in.OrgID)...)
	return &found[Organization]{etag(o.Revision), o}, err
}
