package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerPasswordReset() {
	const path = "/api/v1/auth/password-reset"
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "request-password-reset", Method: http.MethodPost, Path: path, Tags: []string{"auth"},
		Summary: "Have a mail sent that lets choose a new password", DefaultStatus: http.StatusAccepted, Security: public,
		Description: "The answer is the same whether there is an account with the address or not. The token in the mail serves once, within 30 minutes."}), s.requestPasswordReset)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "reset-password", Method: http.MethodPost, Path: path + "/confirm", Tags: []string{"auth"},
		Summary: "Choose a new password, by the token in that mail", DefaultStatus: http.StatusNoContent, Security: public, Errors: []int{410},
		Description: "Ends every session of the user: log in with the new password. The address is verified by it as well."}), s.resetPassword)
}

// Address is whose password is to be reset.
type Address struct {
	Email string `json:"email" format:"email" pattern:"^[^@<> ]+@[^@<> ]+$" maxLength:"254" example:"ada@example.com"`
}

func (s *Server) requestPasswordReset(ctx context.Context, in *struct {
	Body Address
}) (*struct{ Body Accepted }, error) {
	email := normalized(in.Body.Email)
	return &struct{ Body Accepted }{Accepted{"If there is an account with this address, we have sent a mail to it."}},
		s.mail(ctx, email, s.passwordResetMails(email))
}

// PasswordReset is a token from a mail and the password to set by it.
type PasswordReset struct {
	Token       string `json:"token" maxLength:"100"`
	NewPassword string `json:"new_password" minLength:"8" maxLength:"128" example:"correct horse battery"`
}

// As in a change of the password the sessions are ended by a second statement, which sees those of logins that were under way.
const (
	replacePassword = `
update app.users set password_hash = $2, updated_at = now(), revision = revision + 1 where id = $1`
	endAllSessions = `
with ended as (delete from app.sessions where user_id = $1)
insert into app.security_events (user_id, id, kind, device, address) values ($1, $2, 'password_reset', $3, $4)`
)

func (s *Server) resetPassword(ctx context.Context, in *struct {
	Client
	Body PasswordReset
}) (*struct{}, error) {
	if err := checkPassword(in.Body.NewPassword, "body.new_password"); err != nil {
		return nil, err
	}
	token, err := s.lookAt(ctx, in.Body.Token)
	if err == nil && token.Kind != "password_reset" {
		err = refuse("token_invalid", "")
	}
	if err != nil {
		return nil, err
	}
	hash, err := password.Hash(ctx, in.Body.NewPassword)
	if err != nil {
		return nil, err
	}
	return nil, s.db.Tx(ctx, tenant.Bearer(tokenHash(in.Body.Token), token.Kind), func(tx *tenant.Tx) error {
		if _, err := tx.Exec(ctx, replacePassword, token.UserID, hash); err != nil {
			return err
		}
		_, err := tx.Last().Exec(ctx, endAllSessions, token.UserID, newID(), in.device, in.address)
		return err
	})
}
