package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerEmail() {
	tags := []string{"addresses"}
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "verify-email", Method: http.MethodPost, Path: "/api/v1/auth/verify-email", Tags: tags,
		Summary: "Show that mail to an address arrives, by the token in it", Security: public, Errors: []int{403, 409, 410},
		Description: "Completes a sign-up, verifies a user's address, or moves a user to a new one. A sign-up and an account need their password, " +
			"and a sign-up is answered with a session: who has only the mail may not be who has signed up. A token serves once."}), s.verifyEmail)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "request-verification", Method: http.MethodPost, Path: "/api/v1/users/me/verification", Tags: tags,
		Summary: "Have the mail sent again that verifies one's address", DefaultStatus: http.StatusAccepted, Errors: []int{409}}), s.requestVerification)
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "change-email", Method: http.MethodPost, Path: "/api/v1/users/me/email", Tags: tags,
		Summary: "Change one's address", DefaultStatus: http.StatusAccepted, Errors: []int{403},
		Description: "A token goes to the new address, and a notice to the present one, which stays until verify-email is given the token. " +
			"Whether the new address is taken is told to who receives mail there."}), s.changeEmail)
}

// EmailVerification is a token from a mail.
type EmailVerification struct {
	Token    string `json:"token" maxLength:"100"`
	Password string `json:"password,omitempty" maxLength:"128" doc:"Of a sign-up the one that was chosen, of an account the one that it has; not of a change of address"`
}

// VerifiedEmail is whose address is verified.
type VerifiedEmail struct {
	User    User    `json:"user"`
	Session *Tokens `json:"session,omitempty" doc:"Of a sign-up"`
}

func (s *Server) verifyEmail(ctx context.Context, in *struct {
	Client
	Body EmailVerification
}) (*struct{ Body VerifiedEmail }, error) {
	token, err := s.lookAt(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	caller := tenant.Bearer(tokenHash(in.Body.Token), token.Kind)
	out := &struct{ Body VerifiedEmail }{}
	switch token.Kind {
	case "registration":
		if err := chosen(ctx, token, in.Body.Password); err != nil {
			return nil, err
		}
		var signedIn *SignedIn
		if signedIn, err = s.signIn(ctx, caller, token.UserID, 1, in.Client); err == nil {
			out.Body = VerifiedEmail{signedIn.User, &signedIn.Tokens}
		}
		if isSQLState(err, "23505") { // somebody has completed theirs first
			err = refuse("token_invalid", "")
		}
	case "verification":
		if err := s.knownByPassword(ctx, token.Email, in.Body.Password); err != nil {
			return nil, err
		}
		out.Body.User, err = tenant.Row[User](ctx, s.db, caller, recordVerification, token.UserID, newID(), in.device, in.address)
	case "email_change":
		out.Body.User, err = tenant.Row[User](ctx, s.db, caller, copyEmail, token.UserID, newID(), in.device, in.address)
		if isSQLState(err, "23505") {
			err = refuse("email_taken", "")
		}
	default:
		err = refuse("token_invalid", "")
	}
	return out, err
}

// chosen compares with the password of a registration. Whoever clicks on the link in a mail that they did not ask for would
// else make an account with a stranger's password.
func chosen(ctx context.Context, token storedToken, chosen string) error {
	if err := ofAccount(ctx, token.Email); err != nil {
		return err
	}
	return samePassword(ctx, chosen, token.PasswordHash, "a sign-up needs the password that was chosen in it")
}

// knownByPassword: an address is verified for whose account it is. Whoever signed up with a stranger's address, before there was mail,
// would else have it verified by the stranger.
func (s *Server) knownByPassword(ctx context.Context, email, current string) error {
	if err := ofAccount(ctx, email); err != nil {
		return err
	}
	stored, err := tenant.Row[storedCredentials](ctx, s.db, tenant.Unknown(email), selectCredentials, email)
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse("token_invalid", "")
	}
	if err != nil {
		return err
	}
	return samePassword(ctx, current, stored.PasswordHash, "an address is verified with the password of its account")
}

// begin_token has moved the user; these are what goes with it. member_emails has copies, as memberships have of the name.
const (
	recordVerification = `
with event as (
  insert into app.security_events (user_id, id, kind, device, address) values ($1, $2, 'email_verified', $3, $4))
` + selectMe
	copyEmail = `
with copied as (
  update app.member_emails set email = app.subject() where org_id = any (app.org_ids()) and user_id = $1),
event as (
  insert into app.security_events (user_id, id, kind, device, address) values ($1, $2, 'email_changed', $3, $4))
` + selectMe
)

func (s *Server) requestVerification(ctx context.Context, _ *struct{}) (*struct{ Body Accepted }, error) {
	me, err := tenant.Row[User](ctx, s.db, person(ctx), selectMe, session(ctx).User)
	if err != nil {
		return nil, err
	}
	if me.EmailVerified {
		return nil, refuse("email_verified", "")
	}
	return &struct{ Body Accepted }{Accepted{"We have sent a mail to your address."}}, s.mail(ctx, me.Email, s.verificationMails(me.ID, me.Email))
}

// EmailChange is a new address and the proof that it is asked for by whose account it is.
type EmailChange struct {
	NewEmail        string `json:"new_email" format:"email" pattern:"^[^@<> ]+@[^@<> ]+$" maxLength:"254" example:"ada@example.org"`
	CurrentPassword string `json:"current_password" minLength:"1" maxLength:"128"`
}

func (s *Server) changeEmail(ctx context.Context, in *struct {
	Body EmailChange
}) (*struct{ Body Accepted }, error) {
	me, email := session(ctx).User, normalized(in.Body.NewEmail)
	if err := checkAddress(email, "body.new_email"); err != nil {
		return nil, err
	}
	if err := ofAccount(ctx, me.String()); err != nil {
		return nil, err
	}
	proved, err := s.provePassword(ctx, in.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	if email == proved.Email {
		return nil, refuse("invalid", "", Fault{Location: "body.new_email", Message: "it is your address"})
	}
	change := s.emailChangeMails(me, email, proved.PasswordHash)
	return &struct{ Body Accepted }{Accepted{"We have sent a mail to the new address, and one to the present one."}},
		s.mail(ctx, email, func(ctx context.Context) ([]mail.Message, error) {
			toNew, err := change(ctx)
			return append(toNew, s.mails.emailChangeNotice(proved.Email, email)), err
		})
}
