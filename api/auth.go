package api

import (
	"context"
	"errors"
	"net/http"
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
		Summary: "Sign up", DefaultStatus: http.StatusCreated, Security: public, Errors: []int{409}}), s.register)
	operation(s, s.limited(s.limits.passwords, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/api/v1/auth/login", Tags: []string{"auth"},
		Summary: "Log in", Security: public, Errors: []int{401}}), s.login)
	operation(s, s.limited(s.limits.tokens, huma.Operation{OperationID: "refresh", Method: http.MethodPost, Path: "/api/v1/auth/refresh", Tags: []string{"auth"},
		Summary: "Exchange a refresh token for new tokens", Security: public, Errors: []int{401},
		Description: "A refresh token serves once. A second use ends the session."}), s.refresh)
	operation(s, huma.Operation{OperationID: "logout", Method: http.MethodPost, Path: "/api/v1/auth/logout", Tags: []string{"auth"},
		Summary: "End this session", DefaultStatus: http.StatusNoContent,
		Description: "Its refresh token serves no more. Access tokens last at most 10 minutes and are not recalled."}, s.logout)
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
	RefreshToken string `json:"refresh_token" doc:"Serves once, at refresh, within 7 days"`
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

const insertUser = `
insert into app.users (id, email, full_name, password_hash) values ($1, $2, $3, $4)`

func (s *Server) register(ctx context.Context, in *struct{ Body Registration }) (*struct{ Body SignedIn }, error) {
	if err := checkPassword(in.Body.Password); err != nil {
		return nil, err
	}
	email := normalized(in.Body.Email)
	if err := ofAccount(ctx, email); err != nil {
		return nil, err
	}
	hash, err := password.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	id := newID()
	_, err = tenant.Exec(ctx, s.db, tenant.Unknown(email), insertUser, id, email, in.Body.FullName, hash)
	if isSQLState(err, "23505") {
		return nil, refuse("email_taken", "")
	}
	if err != nil {
		return nil, err
	}
	return s.signIn(ctx, id)
}

const selectCredentials = `
select id, password_hash from app.users where email = $1`

func (s *Server) login(ctx context.Context, in *struct{ Body Credentials }) (*struct{ Body SignedIn }, error) {
	email := normalized(in.Body.Email)
	if err := ofAccount(ctx, email); err != nil {
		return nil, err
	}
	user, err := tenant.Row[struct {
		ID           uuid.UUID
		PasswordHash string
	}](ctx, s.db, tenant.Unknown(email), selectCredentials, email)
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
	return s.signIn(ctx, user.ID)
}

const insertSession = `
with session as (insert into app.sessions (id, user_id) values ($1, $2))
select id, email, full_name, created_at, updated_at, revision from app.users where id = $2`

func (s *Server) signIn(ctx context.Context, user uuid.UUID) (*struct{ Body SignedIn }, error) {
	session := token.Session{User: user, ID: newID()}
	u, err := tenant.Row[User](ctx, s.db, tenant.Person(user), insertSession, session.ID, user)
	if err != nil {
		return nil, err
	}
	tokens, err := s.tokens(session, 1)
	if err != nil {
		return nil, err
	}
	return &struct{ Body SignedIn }{SignedIn{User: u, Tokens: tokens}}, nil
}

// A token of an earlier generation was used before: whoever has it and whoever has its successor cannot both be the
// owner, so the session ends.
const (
	advanceSession = `
update app.sessions set generation = generation + 1, refreshed_at = now(), expires_at = now() + interval '7 days'
where id = $1 and generation = $2 and expires_at > now()
returning user_id, generation`
	endSession = `
delete from app.sessions where id = $1 and (generation > $2 or expires_at <= now())`
)

func (s *Server) refresh(ctx context.Context, in *struct{ Body RefreshToken }) (*struct{ Body Tokens }, error) {
	id, generation, err := s.keys.ParseRefresh(in.Body.RefreshToken)
	if err != nil {
		return nil, refuse("session_ended", "")
	}
	caller := tenant.Unknown(id.String())
	next, err := tenant.Row[struct {
		UserID     uuid.UUID
		Generation int32
	}](ctx, s.db, caller, advanceSession, id, generation)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := tenant.Exec(ctx, s.db, caller, endSession, id, generation); err != nil {
			return nil, err
		}
		return nil, refuse("session_ended", "")
	}
	if err != nil {
		return nil, err
	}
	tokens, err := s.tokens(token.Session{User: next.UserID, ID: id}, next.Generation)
	return &struct{ Body Tokens }{tokens}, err
}

const deleteSession = `
delete from app.sessions where id = $1`

func (s *Server) logout(ctx context.Context, _ *struct{}) (*struct{}, error) {
	_, err := tenant.Exec(ctx, s.db, person(ctx), deleteSession, session(ctx).ID)
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
