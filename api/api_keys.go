package api

import (
	"context"
	"crypto/rand"
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

func (s *Server) registerAPIKeys() {
	const path, one = "/api/v1/organizations/{org_id}/api-keys", "/api/v1/organizations/{org_id}/api-keys/{key_id}"
	tags := []string{"api keys"}
	operation(s, audited("api_key.created", lasting(huma.Operation{OperationID: "create-api-key", Method: http.MethodPost, Path: path, Tags: tags,
		Summary: "Create an API key", DefaultStatus: http.StatusCreated,
		Description: "For oneself, up to one's own role: OWNER, ADMIN, ANALYST. For a service account: OWNER; ADMIN with the role ANALYST or VIEWER. " +
			"The key is shown once, here. It acts as its member with the lower of its own role and the one that the member has at the moment, and goes " +
			"with the member. There is no Idempotency-Key, as nothing could show the key again: a repeated request makes another key."})), s.createAPIKey)
	operation(s, huma.Operation{OperationID: "list-api-keys", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the API keys", Description: "OWNER: all. ADMIN: own, and those that no OWNER has created. ANALYST: own."}, s.listAPIKeys)
	operation(s, audited("api_key.revoked", huma.Operation{OperationID: "revoke-api-key", Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "Revoke an API key", DefaultStatus: http.StatusNoContent, Errors: []int{409},
		Description: "Whoever sees a key may revoke it. It serves no more from the next request on."}), s.revokeAPIKey)
	operation(s, audited("api_key.rotated", lasting(huma.Operation{OperationID: "rotate-api-key", Method: http.MethodPost, Path: one + "/rotate", Tags: tags,
		Summary: "Replace an API key", DefaultStatus: http.StatusCreated, Errors: []int{409},
		Description: "Makes a key with the same name, role and member, and has the old one serve for overlap_hours more. Own keys, and those of " +
			"service accounts, as for create-api-key."})), s.rotateAPIKey)
}

// APIKey is what a program signs in with, as a member.
type APIKey struct {
	ID          uuid.UUID  `json:"id" format:"uuid" doc:"It is in the key as well"`
	Name        string     `json:"name"`
	Role        Role       `json:"role" doc:"At most; less while the member has less"`
	UserID      uuid.UUID  `json:"user_id" format:"uuid" doc:"The member that it acts as"`
	Kind        MemberKind `json:"kind" doc:"Of that member"`
	CreatedBy   uuid.UUID  `json:"created_by" format:"uuid"`
	CreatorRole Role       `json:"creator_role" doc:"When it was created"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	LastUsedAt  *time.Time `json:"last_used_at" doc:"To the minute or two"`
	RevokedAt   *time.Time `json:"revoked_at" doc:"From then on it serves no more; after a rotation this may be ahead"`
}

// APIKeyWithToken is a new key with what it is used by.
type APIKeyWithToken struct {
	APIKey
	Key string `json:"key" example:"ifk_0190163f4e7c7b1a9c5d2e8f6a4b3c1d_…" doc:"For Authorization: Bearer. Shown once"`
}

// KeyLifetime is how long a key serves.
type KeyLifetime struct {
	ExpiresInDays int `json:"expires_in_days,omitempty" minimum:"1" maximum:"365" default:"90"`
}

// NewAPIKey is a key to be made.
type NewAPIKey struct {
	Name             string     `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" example:"nightly import"`
	Role             Role       `json:"role"`
	ServiceAccountID *uuid.UUID `json:"service_account_id,omitempty" format:"uuid" nullable:"false" doc:"The user_id of a service account; without it the key is for oneself"`
	KeyLifetime
}

// KeyRotation is how a key is replaced.
type KeyRotation struct {
	OverlapHours *int `json:"overlap_hours,omitempty" minimum:"0" maximum:"168" default:"24" nullable:"false" doc:"How long the old key serves on"`
	KeyLifetime
}

const apiKeyFields = `id, name, role, user_id, kind, created_by, creator_role, created_at, expires_at, last_used_at, revoked_at`

// As whom the key acts must be a member now: the foreign key and the policy both ask.
const insertAPIKey = `
with made as (
  insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at)
  select $1, $2, m.user_id, m.kind, app.user_id(), app.role(), $4, $5, $6, now() + make_interval(days => $7)
  from app.memberships m where m.org_id = $1 and m.user_id = coalesce($3, app.user_id())
  returning ` + apiKeyFields + `),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, after, request_id, address)
  select $1, $8, app.user_id(), app.subject()::uuid, 'api_key.created', id,
    jsonb_build_object('name', name, 'role', role, 'user_id', user_id, 'expires_at', expires_at), $9, $10
  from made)
select ` + apiKeyFields + ` from made`

func (s *Server) createAPIKey(ctx context.Context, in *struct {
	InOrganization
	Body NewAPIKey
}) (*made[APIKeyWithToken], error) {
	asks(ctx, in.Body)
	id := newID()
	token := apiKeyToken(id)
	k, err := tenant.Row[APIKey](ctx, s.db, member(ctx, in.OrgID), insertAPIKey,
		recorded(ctx, in.OrgID, id, in.Body.ServiceAccountID, in.Body.Name, in.Body.Role, tokenHash(token), in.Body.ExpiresInDays)...)
	return madeAPIKey(in.OrgID, k, token), neverOwner(err)
}

func madeAPIKey(org uuid.UUID, k APIKey, token string) *made[APIKeyWithToken] {
	return &made[APIKeyWithToken]{Location: inOrganization(org) + "/api-keys/" + k.ID.String(), Body: APIKeyWithToken{k, token}}
}

// neverOwner explains the constraint by which a service account, and a key of one, is never OWNER.
func neverOwner(err error) error {
	if isSQLState(err, "23514") {
		return errNeverOwner
	}
	return err
}

var errNeverOwner = refuse("invalid", "", Fault{Location: "body.role", Message: "a service account is never OWNER"})

const selectAPIKeys = `
select ` + apiKeyFields + ` from app.api_keys where org_id = $1 and id < $2 order by id desc limit $3`

func (s *Server) listAPIKeys(ctx context.Context, in *struct {
	InOrganization
	Page
}) (*listed[APIKey], error) {
	caller := member(ctx, in.OrgID)
	rows, err := tenant.Rows[APIKey](ctx, s.db, caller, selectAPIKeys, in.OrgID, in.before, in.Limit+1)
	if err == nil && len(rows) == 0 {
		err = s.may(ctx, caller, selectMayHaveKeys)
	}
	return page(in.Page, rows, func(k APIKey) uuid.UUID { return k.ID }), err
}

const selectMayHaveKeys = `
select app.org_as('OWNER', 'ADMIN', 'ANALYST') is not null as allowed`

// KeyPath names a key.
type KeyPath struct {
	InOrganization
	KeyID uuid.UUID `path:"key_id" format:"uuid"`
}

const revokeAPIKey = `
with revoked as (
  update app.api_keys set revoked_at = now() where org_id = $1 and id = $2 and (revoked_at is null or revoked_at > now())
  returning id, name, role, user_id)
insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, request_id, address)
select $1, $3, app.user_id(), app.subject()::uuid, 'api_key.revoked', id,
  jsonb_build_object('name', name, 'role', role, 'user_id', user_id), $4, $5
from revoked`

func (s *Server) revokeAPIKey(ctx context.Context, in *KeyPath) (*struct{}, error) {
	caller := member(ctx, in.OrgID)
	touched, err := tenant.Exec(ctx, s.db, caller, revokeAPIKey, recorded(ctx, in.OrgID, in.KeyID)...)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, caller, revokeAPIKey, nil, selectAPIKeyState, in.OrgID, in.KeyID)
	}
	return nil, err
}

// Whoever sees a key may end it, so one that is seen and untouched has ended.
const selectAPIKeyState = `
select 1 as revision, 'api_key_ended' as code from app.api_keys where org_id = $1 and id = $2`

// The insert comes first: where a policy refuses, it is that one's. A key that is rotated twice at once waits here, and is
// then no longer one to rotate.
const rotateAPIKey = `
with old as materialized (
  select org_id, id, user_id, kind, name, role, expires_at from app.api_keys
  where org_id = $1 and id = $2 and revoked_at is null and expires_at > now() for update),
made as (
  insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at)
  select org_id, $3, user_id, kind, app.user_id(), app.role(), name, role, $4, now() + make_interval(days => $5) from old
  returning ` + apiKeyFields + `),
ending as (
  update app.api_keys k set revoked_at = now() + make_interval(hours => $6) from old where k.org_id = $1 and k.id = old.id
  returning k.revoked_at),
event as (
  insert into app.audit_events (org_id, id, actor_id, api_key_id, action, object_id, before, after, request_id, address)
  select $1, $7, app.user_id(), app.subject()::uuid, 'api_key.rotated', $2, jsonb_build_object('expires_at', old.expires_at, 'revoked_at', null),
    jsonb_build_object('name', made.name, 'role', made.role, 'user_id', made.user_id, 'revoked_at', ending.revoked_at,
      'successor_id', made.id, 'expires_at', made.expires_at), $8, $9
  from made, old, ending)
select ` + apiKeyFields + ` from made`

func (s *Server) rotateAPIKey(ctx context.Context, in *struct {
	KeyPath
	Body KeyRotation
}) (*made[APIKeyWithToken], error) {
	caller, id := member(ctx, in.OrgID), newID()
	token := apiKeyToken(id)
	k, err := tenant.Row[APIKey](ctx, s.db, caller, rotateAPIKey,
		recorded(ctx, in.OrgID, in.KeyID, id, tokenHash(token), in.Body.ExpiresInDays, in.Body.OverlapHours)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, caller, rotateAPIKey, nil, selectAPIKeyState, in.OrgID, in.KeyID)
	}
	return madeAPIKey(in.OrgID, k, token), err
}

// apiKeyToken names its key, so that one that is found can be found in the list, and has 256 random bits; the prefix makes a
// leaked one recognisable to scanners.
func apiKeyToken(id uuid.UUID) string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return apiKeyPrefix + hex.EncodeToString(id[:]) + "_" + base64.RawURLEncoding.EncodeToString(secret)
}

// may tells an empty list from one that the policy hides.
func (s *Server) may(ctx context.Context, caller tenant.Caller, statement string) error {
	row, err := tenant.Row[struct{ Allowed bool }](ctx, s.db, caller, statement)
	if err == nil && !row.Allowed {
		err = refuse("forbidden", "")
	}
	return err
}
