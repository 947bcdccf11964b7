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

func (s *Server) registerUsers() {
	operation(s, huma.Operation{OperationID: "get-me", Method: http.MethodGet, Path: "/api/v1/users/me", Tags: []string{"users"},
		Summary: "Get the signed-in user"}, s.getMe)
	operation(s, huma.Operation{OperationID: "update-me", Method: http.MethodPatch, Path: "/api/v1/users/me", Tags: []string{"users"},
		Summary: "Change the signed-in user", Errors: []int{412}}, s.updateMe)
}

// User is a person.
type User struct {
	ID            uuid.UUID `json:"id" format:"uuid"`
	Email         string    `json:"email" format:"email"`
	FullName      string    `json:"full_name"`
	EmailVerified bool      `json:"email_verified" doc:"Whether it was shown that mail to email reaches the user"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	Revision      int32     `json:"-"`
}

// UserName is what a user is called.
type UserName struct {
	FullName string `json:"full_name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Ada Lovelace"`
}

const selectMe = `
select id, email, full_name, email_verified_at is not null as email_verified, created_at, updated_at, revision from app.users where id = $1`

func (s *Server) getMe(ctx context.Context, _ *struct{}) (*found[User], error) {
	u, err := tenant.Row[User](ctx, s.db, person(ctx), selectMe, session(ctx).User)
	return &found[User]{etag(u.Revision), u}, err
}

// The name is copied into the memberships, where the other members read it.
const updateMe = `
with me as (
  update app.users set full_name = $2, updated_at = now(), revision = revision + 1
  where id = $1 and ($3::integer is null or revision = $3)
  returning id, email, full_name, email_verified_at is not null as email_verified, created_at, updated_at, revision),
copied as (
  update app.memberships m set full_name = me.full_name, updated_at = now(), revision = m.revision + 1
  from me where m.org_id = any (app.org_ids()) and m.user_id = me.id)
select id, email, full_name, email_verified, created_at, updated_at, revision from me`

func (s *Server) updateMe(ctx context.Context, in *struct {
	IfMatch
	Body UserName
}) (*found[User], error) {
	id, want := session(ctx).User, in.revision()
	u, err := tenant.Row[User](ctx, s.db, person(ctx), updateMe, id, in.Body.FullName, want)
	if errors.Is(err, pgx.ErrNoRows) {
		err = s.untouched(ctx, person(ctx), updateMe, want, selectMeRevision, id)
	}
	return &found[User]{etag(u.Revision), u}, err
}

const selectMeRevision = `
select revision, 'forbidden' as code from app.users where id = $1`
