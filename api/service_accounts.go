package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerServiceAccounts() {
	operation(s, audited("service_account.created", lasting(huma.Operation{OperationID: "create-service-account", Method: http.MethodPost, Path: "/api/v1/organizations/{org_id}/service-accounts",
		Tags: []string{"members"}, Summary: "Create a service account", DefaultStatus: http.StatusCreated,
		Description: "OWNER: with any of these roles. ADMIN: ANALYST or VIEWER. A service account is a member that is no person: it has no address and " +
			"no password, is never OWNER, and acts through API keys that are made for it. It stays when whoever made it goes. list-members shows it; " +
			"update-member and remove-member change and remove it, its keys with it."})), s.createServiceAccount)
}

// MemberKind tells people from service accounts.
type MemberKind string

// Schema makes MemberKind one component of the OpenAPI.
func (MemberKind) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: []any{"person", "service"}}
	s.PrecomputeMessages()
	r.Map()["MemberKind"] = s
	return &huma.Schema{Ref: "#/components/schemas/MemberKind"}
}

// NewServiceAccount is one to be made.
type NewServiceAccount struct {
	Name string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Nightly import"`
	Role Role   `json:"role" doc:"Not OWNER"`
}

// begin_service_account has made it; the statement records that and reads it.
const insertServiceAccountEvent = `
with account as (
  select user_id, kind, full_name, role, null::text as email, created_at, updated_at, revision from app.memberships where org_id = $1 and user_id = $2),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $3, app.user_id(), app.subject()::uuid, 'service_account.created', user_id, jsonb_build_object('name', full_name, 'role', role), $4, $5
  from account)
select user_id, kind, full_name, role, email, created_at, updated_at, revision from account`

const selectMember = `
select user_id, kind, full_name, role, null::text as email, created_at, updated_at, revision from app.memberships where org_id = $1 and user_id = $2`

func (s *Server) createServiceAccount(ctx context.Context, in *struct {
	InOrganization
	IdempotencyKey
	Body NewServiceAccount
}) (*made[Member], error) {
	asks(ctx, in.Body)
	if _, ok := apiKey(ctx); ok { // the transaction would be the person's
		return nil, refuse("key_not_allowed", "")
	}
	if in.Body.Role == "OWNER" {
		return nil, errNeverOwner
	}
	id := newID()
	out, err := create(ctx, s, creation[Member]{
		id: id, caller: tenant.ServiceMaker(session(ctx).User, in.OrgID, id, string(in.Body.Role), in.Body.Name), path: inOrganization(in.OrgID) + "/members",
		key: in.IdempotencyKey, request: in.Body,
		insert: func(tx *tenant.Tx) (Member, error) {
			return tenant.TxRow[Member](ctx, tx.Last(), insertServiceAccountEvent, recorded(ctx, in.OrgID, id)...)
		},
		get: func(id uuid.UUID) (Member, error) {
			return tenant.Row[Member](ctx, s.db, member(ctx, in.OrgID), selectMember, in.OrgID, id)
		},
	})
	out.ETag = etag(out.Body.Revision)
	return out, err
}
