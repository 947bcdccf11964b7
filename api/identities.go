package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerIdentities() {
	const path = "/api/v1/users/me/identities"
	tags := []string{"sessions"}
	operation(s, huma.Operation{OperationID: "list-identities", Method: http.MethodGet, Path: path, Tags: tags,
		Summary: "List the external identities that sign the user in"}, s.listIdentities)
	operation(s, huma.Operation{OperationID: "remove-identity", Method: http.MethodDelete, Path: path + "/{identity_id}", Tags: tags,
		Summary: "Remove one of one's external identities", DefaultStatus: http.StatusNoContent, Errors: []int{409},
		Description: "The last one of a user without a password stays. Sessions that it began go on. If the issuer still has the user's address for it, " +
			"the next sign-in with it links it again."}, s.removeIdentity)
}

// ExternalIdentity is a person at an OpenID Connect issuer, who is signed in as this user.
type ExternalIdentity struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	Issuer     string    `json:"issuer" example:"https://accounts.example.com"`
	Subject    string    `json:"subject" doc:"What the issuer knows the person by"`
	Email      string    `json:"email" doc:"The address that the issuer had verified when the identity was linked"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at" doc:"The last login with it"`
}

const selectIdentities = `
select id, issuer, subject, email, created_at, used_at as last_used_at
from app.external_identities where user_id = $1 and id < $2 order by id desc limit $3`

func (s *Server) listIdentities(ctx context.Context, in *struct{ Page }) (*listed[ExternalIdentity], error) {
	rows, err := tenant.Rows[ExternalIdentity](ctx, s.db, person(ctx), selectIdentities, session(ctx).User, in.before, in.Limit+1)
	return page(in.Page, rows, func(i ExternalIdentity) uuid.UUID { return i.ID }), err
}

// The user's identities are locked first, and in one order: two that are removed at once would else both find the other
// still there.
const (
	deleteIdentity = `
with mine as materialized (
  select id from app.external_identities where user_id = $1 order by id for update),
gone as (
  delete from app.external_identities where user_id = $1 and id = $2
    and (exists (select from mine where id <> $2) or (select has_password from app.users where id = $1))
  returning user_id)
insert into app.security_events (user_id, id, kind, session_id, device, address) select user_id, $3, 'identity_removed', $4, $5, $6 from gone`
	selectIdentityLeft = `
select 1 as revision, 'last_way_in' as code from app.external_identities where user_id = $1 and id = $2`
)

func (s *Server) removeIdentity(ctx context.Context, in *struct {
	Client
	IdentityID uuid.UUID `path:"identity_id" format:"uuid"`
}) (*struct{}, error) {
	me := session(ctx)
	touched, err := tenant.Exec(ctx, s.db, person(ctx), deleteIdentity, me.User, in.IdentityID, newID(), me.ID, in.device, in.address)
	if err == nil && touched == 0 {
		err = s.untouched(ctx, person(ctx), deleteIdentity, nil, selectIdentityLeft, me.User, in.IdentityID)
	}
	return nil, err
}
