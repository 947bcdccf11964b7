package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerPassword() {
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "change-password", Method: http.MethodPost, Path: "/api/v1/users/me/password", Tags: []string{"sessions"},
		Summary: "Change one's password, and end one's other sessions", DefaultStatus: http.StatusNoContent, Errors: []int{403},
		Description: "Their refresh tokens serve no more; this session goes on. Access tokens last at most 10 minutes and are not recalled."}), s.changePassword)
}

// PasswordChange is a new password and the proof that it is asked for by who has the old one.
type PasswordChange struct {
	CurrentPassword string `json:"current_password" minLength:"1" maxLength:"128"`
	NewPassword     string `json:"new_password" minLength:"8" maxLength:"128" example:"correct horse battery"`
}

// The session must still be there: an access token outlives it, and is not to be made a new password of.
const selectAddress = `
select u.email from app.users u join app.sessions s on s.user_id = u.id where u.id = $1 and s.id = $2`

// The revision says that the password is still the one that was compared. Logins with it that are under way hold a lock
// on the row, so the second statement, which begins after them, sees their sessions as well.
const (
	updatePassword = `
update app.users set password_hash = $2, updated_at = now(), revision = revision + 1
where id = $1 and revision = $3 and exists (select from app.sessions where user_id = $1 and id = $4)`
	endOtherSessions = `
with ended as (delete from app.sessions where user_id = $1 and id <> $2)
insert into app.security_events (user_id, id, kind, session_id, device, address) values ($1, $3, 'password_changed', $2, $4, $5)`
)

func (s *Server) changePassword(ctx context.Context, in *struct {
	Client
	Body PasswordChange
}) (*struct{}, error) {
	me := session(ctx)
	if err := checkPassword(in.Body.NewPassword, "body.new_password"); err != nil {
		return nil, err
	}
	if err := ofAccount(ctx, me.User.String()); err != nil {
		return nil, err
	}
	proved, err := s.provePassword(ctx, in.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	hash, err := password.Hash(ctx, in.Body.NewPassword)
	if err != nil {
		return nil, err
	}
	return nil, s.db.Tx(ctx, person(ctx), func(tx *tenant.Tx) error {
		touched, err := tx.Exec(ctx, updatePassword, me.User, hash, proved.Revision, me.ID)
		if err == nil && touched == 0 {
			err = refuse("retry", "")
		}
		if err != nil {
			return err
		}
		_, err = tx.Last().Exec(ctx, endOtherSessions, me.User, me.ID, newID(), in.device, in.address)
		return err
	})
}

// provenUser is the caller, who has shown their password.
type provenUser struct {
	Email string
	storedCredentials
}

// provePassword compares with the caller's password. Whoever uses the answer has to see that it still is the password.
func (s *Server) provePassword(ctx context.Context, current string) (provenUser, error) {
	me := session(ctx)
	user, err := tenant.Row[struct{ Email string }](ctx, s.db, person(ctx), selectAddress, me.User, me.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		err = refuse("session_ended", "")
	}
	if err != nil {
		return provenUser{}, err
	}
	stored, err := tenant.Row[storedCredentials](ctx, s.db, tenant.Unknown(user.Email), selectCredentials, user.Email)
	if err != nil {
		return provenUser{}, err
	}
	return provenUser{user.Email, stored}, samePassword(ctx, current, stored.PasswordHash, "")
}

// samePassword refuses another password than the one with this hash.
func samePassword(ctx context.Context, given, hash, detail string) error {
	ok, err := password.Matches(ctx, given, hash)
	if err == nil && !ok {
		err = refuse("wrong_password", detail)
	}
	return err
}

// checkPassword refuses a new password that many people use. What else it is made of is nobody's business: its length is
// checked with the rest of the body.
func checkPassword(p, location string) error {
	if password.Common(p) {
		return refuse("password_common", "", Fault{Location: location, Code: "password_common", Message: "too many people use it"})
	}
	return nil
}
