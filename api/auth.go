package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

func (s *Server) registerAuth() {
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "register", Method: http.MethodPost, Path: "/api/v1/auth/register", Tags: []string{"auth"},
		Summary: "Sign up", DefaultStatus: http.StatusCreated, Security: public, Errors: []int{409}, Responses: registerResponses(s.api),
		Description: "Where the server sends mail (202): the same answer for every address, and a mail. Nobody is a user before the token in it is " +
			"given to verify-email. Where it does not (201; 409 for an address that is taken): a user whose address is not verified."}), s.register)
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/api/v1/auth/login", Tags: []string{"auth"},
		Summary: "Log in", Security: public, Errors: []int{401}}), s.login)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "refresh", Method: http.MethodPost, Path: "/api/v1/auth/refresh", Tags: []string{"auth"},
		Summary: "Exchange a refresh token for new tokens", Security: public, Errors: []int{401},
		Description: "Each refresh makes the next refresh token. For 10 seconds the one before is taken too and answered with the same next one, " +
			"so that two tabs, or a repeated request, do not log a user out; a use after that, or of an older one, ends the session. " +
			"A session ends 7 days after its last refresh and 30 days after its login."}), s.refresh)
	operation(s, huma.Operation{OperationID: "logout", Method: http.MethodPost, Path: "/api/v1/auth/logout", Tags: []string{"auth"},
		Summary: "End this session", DefaultStatus: http.StatusNoContent,
		Description: outlives}, s.logout)
}

// registerResponses are two kinds of success.
func registerResponses(api huma.API) map[string]*huma.Response {
	body := func(of any, hint string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(of), true, hint)}}
	}
	return map[string]*huma.Response{
		"201": {Description: "Created: there is no mail, so this is a session", Content: body(SignedIn{}, "SignedIn")},
		"202": {Description: "Accepted: a mail says how to go on", Content: body(Accepted{}, "Accepted")},
	}
}

// Credentials are what a person signs in with.
type Credentials struct {
	Email    string `json:"email" format:"email" pattern:"^[^@<> ]+@[^@<> ]+$" maxLength:"254" example:"ada@example.com"`
	Password string `json:"password" minLength:"8" maxLength:"128" example:"correct horse battery"`
}

// Registration is a new user.
type Registration struct {
	Credentials
	FullName string `json:"full_name" minLength:"1" maxLength:"200" pattern:"\\S" example:"Ada Lovelace"`
}

// Tokens are what a session is used with.
type Tokens struct {
	AccessToken  string `json:"access_token" doc:"For Authorization: Bearer"`
	RefreshToken string `json:"refresh_token" doc:"For the next refresh, within 7 days"`
	TokenType    string `json:"token_type" example:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token expires" example:"600"`
}

// RefreshToken is what new tokens are got with.
type RefreshToken struct {
	RefreshToken string `json:"refresh_token" maxLength:"200"`
}

// SignedIn is a new session.
type SignedIn struct {
	User User `json:"user"`
	Tokens
}

// Accepted is said of what goes on by mail. It is the same for every address.
type Accepted struct {
	Message string `json:"message"`
}

// registered is what a sign-up answers: 201 with a session, or 202, where the address has to be proved first.
type registered struct {
	Status int
	Body   any // *SignedIn or Accepted
}

const insertUser = `
insert into app.users (id, email, full_name, password_hash) values ($1, $2, $3, $4)`

func (s *Server) register(ctx context.Context, in *struct {
	Client
	Body Registration
}) (*registered, error) {
	if err := checkPassword(in.Body.Password, "body.password"); err != nil {
		return nil, err
	}
	email := normalized(in.Body.Email)
	if err := checkAddress(email, "body.email"); err != nil {
		return nil, err
	}
	if err := ofAccount(ctx, email); err != nil {
		return nil, err
	}
	hash, err := password.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if s.mails.Proving {
		return &registered{http.StatusAccepted, Accepted{"We have sent a mail to this address that says how to go on."}},
			s.mail(ctx, email, s.registrationMails(email, in.Body.FullName, hash))
	}
	signedIn, err := s.registerUnproved(ctx, email, in.Body.FullName, hash, in.Client)
	return &registered{http.StatusCreated, signedIn}, err
}

// registerUnproved makes a user at once, where no mail can be sent: who develops against this server has no mailbox.
func (s *Server) registerUnproved(ctx context.Context, email, fullName, hash string, from Client) (*SignedIn, error) {
	id := newID()
	_, err := tenant.Exec(ctx, s.db, tenant.Unknown(email), insertUser, id, email, fullName, hash)
	if isSQLState(err, "23505") {
		return nil, refuse("email_taken", "")
	}
	if err != nil {
		return nil, err
	}
	_ = s.mail(ctx, email, s.verificationMails(id, email)) // can be asked for again
	return s.signIn(ctx, tenant.Person(id), id, 1, from)
}

const selectCredentials = `
select id, password_hash, revision from app.users where email = $1`

type storedCredentials struct {
	ID           uuid.UUID
	PasswordHash string
	Revision     int32
}

func (s *Server) login(ctx context.Context, in *struct {
	Client
	Body Credentials
}) (*struct{ Body *SignedIn }, error) {
	email := normalized(in.Body.Email)
	if err := ofAccount(ctx, email); err != nil {
		return nil, err
	}
	user, err := tenant.Row[storedCredentials](ctx, s.db, tenant.Unknown(email), selectCredentials, email)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	ok, err := password.Matches(ctx, in.Body.Password, user.PasswordHash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("bad_credentials", "")
	}
	signedIn, err := s.signIn(ctx, tenant.Person(user.ID), user.ID, user.Revision, in.Client)
	return &struct{ Body *SignedIn }{signedIn}, err
}

// The revision says that the password is still the one that was compared; the lock makes a change of it wait, and end this
// session too. Sessions that have expired go when there is a new one.
const (
	insertSession = `
with me as (
  select id, email, full_name, email_verified_at is not null as email_verified, created_at, updated_at, revision
  from app.users where id = $2 and revision = $6 for share)` + beginSession
	beginSession = `,
session as (
  insert into app.sessions (id, user_id, device, address) select $1, id, $4, $5 from me),
expired as (
  delete from app.sessions where user_id = $2 and expires_at <= now()),
event as (
  insert into app.security_events (user_id, id, kind, session_id, device, address) select id, $3, 'login', $1, $4, $5 from me)
select id, email, full_name, email_verified, created_at, updated_at, revision from me`
)

// signIn makes a session of user, who is the caller.
func (s *Server) signIn(ctx context.Context, caller tenant.Caller, user uuid.UUID, revision int32, from Client) (*SignedIn, error) {
	session := token.Session{User: user, ID: newID()}
	u, err := tenant.Row[User](ctx, s.db, caller, insertSession, session.ID, user, newID(), from.device, from.address, revision)
	if errors.Is(err, pgx.ErrNoRows) {
		err = refuse("retry", "")
	}
	if err != nil {
		return nil, err
	}
	return s.signedIn(u, session)
}

// signedIn is the answer to who has begun a session.
func (s *Server) signedIn(u User, session token.Session) (*SignedIn, error) {
	tokens, err := s.tokens(session, 1)
	return &SignedIn{User: u, Tokens: tokens}, err
}

// Refreshes of one token queue at the row's lock. The first raises the generation; each of the others finds, when it is its
// turn, that its token is now the one before, which for 10 s has the same successor.
const advanceSession = `
update app.sessions set generation = $2 + 1, device = $3, address = $4,
  refreshed_at = case generation when $2 then now() else refreshed_at end,
  expires_at = case generation when $2 then now() + interval '7 days' else expires_at end
where id = $1 and expires_at > now() and created_at > now() - interval '30 days'
  and (generation = $2 or generation = $2 + 1 and refreshed_at > now() - interval '10 seconds')
returning user_id, generation`

func (s *Server) refresh(ctx context.Context, in *struct {
	Client
	Body RefreshToken
}) (*struct{ Body Tokens }, error) {
	id, generation, err := s.keys.ParseRefresh(in.Body.RefreshToken)
	if err != nil {
		return nil, refuse("session_ended", "")
	}
	next, err := tenant.Row[struct {
		UserID     uuid.UUID
		Generation int32
	}](ctx, s.db, tenant.Unknown(id.String()), advanceSession, id, generation, in.device, in.address)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.notRefreshed(ctx, id, generation, in.Client)
	}
	if err != nil {
		return nil, err
	}
	tokens, err := s.tokens(token.Session{User: next.UserID, ID: id}, next.Generation)
	return &struct{ Body Tokens }{tokens}, err
}

const selectSessionUser = `
select user_id from app.sessions where id = $1`

// Whoever has an old token and whoever has its successors cannot both be the owner. What makes it old stays so: generations
// only rise.
const endReusedSession = `
with ended as (
  delete from app.sessions where user_id = $1 and id = $2
    and (generation > $3 + 1 or generation = $3 + 1 and refreshed_at <= now() - interval '10 seconds')
  returning id)
insert into app.security_events (user_id, id, kind, session_id, device, address) select $1, $4, 'refresh_token_reused', id, $5, $6 from ended`

// notRefreshed ends the session if its token was used before, as its user, who is told in the security events.
func (s *Server) notRefreshed(ctx context.Context, id uuid.UUID, generation int32, from Client) error {
	of, err := tenant.Row[struct{ UserID uuid.UUID }](ctx, s.db, tenant.Unknown(id.String()), selectSessionUser, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse("session_ended", "")
	}
	if err != nil {
		return err
	}
	_, err = tenant.Exec(ctx, s.db, tenant.Person(of.UserID), endReusedSession, of.UserID, id, generation, newID(), from.device, from.address)
	if err != nil {
		return err
	}
	return refuse("session_ended", "")
}

func (s *Server) logout(ctx context.Context, in *Client) (*struct{}, error) {
	_, err := s.endSession(ctx, session(ctx).ID, "logout", *in)
	return nil, err
}

func (s *Server) tokens(session token.Session, generation int32) (Tokens, error) {
	access, err := s.keys.Access(session, time.Now())
	return Tokens{
		AccessToken: access, RefreshToken: s.keys.Refresh(session.ID, generation),
		TokenType: "Bearer", ExpiresIn: int(token.AccessLifetime.Seconds()),
	}, err
}

// normalized is the form in which addresses are stored and compared.
func normalized(email string) string { return strings.ToLower(email) }
