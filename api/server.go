// Package api is the HTTP API: one file a resource, the statement beside the handler that runs it.
package api

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/docs"
	"github.com/insightforge/insightforge/api/oidc"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

// Version of the API and of this program.
const Version = "0.1.0"

// requestTimeout bounds a request that is not an upload; a query is stopped by the database before that.
const requestTimeout = 30 * time.Second

// Server answers the API's requests.
type Server struct {
	db        *tenant.DB
	keys      *token.Keys
	expand    string // the function that unnests a chunk: app.expand, or unnest where that is missing
	tempDir   string // where uploads are spooled
	maxUpload int64  // bytes
	slots     *slots // for what holds a connection long
	exports   *slots // besides: an export takes as long as its reader does
	downloads *slots // likewise; they hold memory and no connection
	imports   *imports
	watchers  *watchers
	limits    *limits
	issuer    *oidc.Issuer // nil: none
	refusals  *refusals
	seals     *seals
	mails     Mails
	profiles  profiles
	api       huma.API

	keyCallers *keyCallers
	keyUses    *keyUses

	expiredBefore atomic.Int64 // the day, in Unix seconds, on which one-time tokens that expired before were last removed
}

// NewServer returns a server on db, a pool of so many connections. tempDir is where uploads are spooled, maxUpload their
// limit in bytes. mails is how it writes to people. What trustedProxies say about a client's address is believed.
func NewServer(db *tenant.DB, connections int, keys *token.Keys, expand, tempDir string, maxUpload int64, mails Mails, trustedProxies ...netip.Prefix) *Server {
	return &Server{db: db, keys: keys, expand: expand, tempDir: tempDir, maxUpload: maxUpload, slots: newSlots(connections),
		exports: newSlots(connections / 4), downloads: newSlots(maxDownloads * 2), limits: newLimits(trustedProxies), keyCallers: newKeyCallers(), keyUses: newKeyUses(),
		refusals: newRefusals(), imports: newImports(), watchers: newWatchers(), seals: newSeals(), mails: mails, profiles: newProfiles()}
}

// Trust has the server sign in whom issuer vouches for; before it serves.
func (s *Server) Trust(issuer *oidc.Issuer) { s.issuer = issuer }

func init() {
	// Without it {"role":"VIEWER","Role":"OWNER"} passes validation and stores OWNER.
	huma.ValidateStrictCasing = true
	huma.NewError = newProblem
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return newProblem(status, message, errs...)
	}
}

// Handler routes and hardens: every answer that is an error is a problem document.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.api = humago.New(mux, humaConfig())
	s.registerAll()
	docs.Register(mux, "/api/openapi.json", "/api/docs", "/api/redoc")
	mux.HandleFunc("GET /api/errors", errorsPage)
	mux.Handle("GET /{$}", http.RedirectHandler("/api/docs", http.StatusFound))
	return hardened(mux, s.limits.trusted)
}

func humaConfig() huma.Config {
	cfg := huma.DefaultConfig("InsightForge", Version)
	cfg.Info.Description = "Multi-tenant analytics: organizations upload tables, query them, save analyses and ask questions in plain language. " +
		"Lists answer {items, next_cursor}, rows of data {columns, rows, next_cursor}; every error is a problem document with a stable code; ids are UUIDv7; times are RFC 3339 in UTC."
	cfg.Info.License = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access_token of login, register or refresh; 10 minutes. Or an API key (ifk_…): within its organization, " +
			"and not for members, invitations, keys and the organization itself."},
	}
	cfg.OpenAPIPath = "/api/openapi"
	cfg.DocsPath, cfg.SchemasPath = "", "" // our own pages, without a CDN
	cfg.CreateHooks = nil                  // $schema links are built from the Host header
	json := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshalStrictly}
	cfg.Formats = map[string]huma.Format{"application/json": json, "json": json}
	cfg.DefaultFormat = "application/json" // whatever Accept says: there is only one
	cfg.RejectUnknownQueryParameters = true
	return cfg
}

func (s *Server) registerAll() {
	s.registerHealth()
	s.registerAuth()
	s.registerUsers()
	s.registerSessions()
	s.registerPassword()
	s.registerOIDC()
	s.registerIdentities()
	s.registerPasswordReset()
	s.registerEmail()
	s.registerOrganizations()
	s.registerPermissions()
	s.registerUsage()
	s.registerExport()
	s.registerMembers()
	s.registerOwnership()
	s.registerInvitations()
	s.registerReceivedInvitations()
	s.registerServiceAccounts()
	s.registerAPIKeys()
	s.registerAuditEvents()
	s.registerDatasets()
	s.registerColumns()
	s.registerUploads()
	s.registerNewVersions()
	s.registerVersions()
	s.registerImports()
	s.registerRows()
	s.registerDownloads()
	s.registerQueries()
	s.registerProfiles()
	s.registerAnalyses()
	s.registerRuns()
	s.registerQuestions()
}

// public marks an operation that needs no token.
var public = []map[string][]string{}

// streamed marks an operation that reads its body itself and takes as long as that takes.
const streamed = -1

// maxBody is the largest body of an operation that does not say otherwise, bytes: much can be wrong with a large one.
const maxBody = 64 << 10

// operation registers a handler. It needs a token unless op.Security is public; a body is at most maxBody and a request
// lasts at most 30 s unless op.BodyReadTimeout is streamed; an error that the handler returns becomes a problem in one
// place.
func operation[I, O any](s *Server, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.Errors = append(op.Errors, 422, 503, 504)
	op.MaxBodyBytes = cmp.Or(op.MaxBodyBytes, maxBody)
	if op.Method == http.MethodPost || op.Method == http.MethodPatch {
		op.Errors = append(op.Errors, 400, 408, 413, 415)
	}
	if op.Security == nil {
		op.Security = []map[string][]string{{"bearer": {}}}
		op.Middlewares = append(op.Middlewares, s.authenticate)
		op.Errors = append(op.Errors, 401, 403) // 403: to API keys, what is a person's own
		if strings.Contains(op.Path, "{") {
			op.Errors = append(op.Errors, 404)
		}
		if strings.Contains(op.Path, "{org_id}") {
			op.Errors = append(op.Errors, 410, 429) // 429: to who sends many wrong API keys
		}
	}
	slices.Sort(op.Errors)
	op.Errors = slices.Compact(op.Errors)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		if op.BodyReadTimeout != streamed {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, requestTimeout)
			defer cancel()
		}
		err := s.signedInStill(ctx, op)
		var out *O
		if err == nil {
			out, err = handler(ctx, in)
		}
		if err != nil {
			problem := s.problem(ctx, err)
			s.settle(ctx, err, problem)
			return nil, problem
		}
		s.settle(ctx, nil, nil)
		return out, nil
	})
}

type sessionKey struct{}

// authenticate puts the session of the access token into the context, or answers 401. An API key is one too.
func (s *Server) authenticate(ctx huma.Context, next func(huma.Context)) {
	raw, ok := bearer(ctx.Header("Authorization"))
	if strings.HasPrefix(raw, apiKeyPrefix) {
		s.authenticateKey(ctx, next, raw)
		return
	}
	session, err := s.keys.Verify(raw, time.Now())
	if !ok || err != nil {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
		_ = huma.WriteErr(s.api, ctx, http.StatusUnauthorized, "")
		return
	}
	next(huma.WithValue(ctx, sessionKey{}, session))
}

func bearer(header string) (string, bool) {
	const scheme = "Bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return header[len(scheme):], true
}

// session is who makes the request; only in operations that need a token. With an API key the user is as whom it acts: what
// is done is theirs, but a transaction is begun by member only.
func session(ctx context.Context) token.Session { return ctx.Value(sessionKey{}).(token.Session) }

// member is the caller inside an organization.
func member(ctx context.Context, org uuid.UUID) tenant.Caller {
	if k, ok := apiKey(ctx); ok {
		return tenant.Key(k.hash, org)
	}
	return tenant.Member(session(ctx).User, org)
}

// person is the caller without an organization. An API key is no person, and in no organization it is not found.
func person(ctx context.Context) tenant.Caller {
	if k, ok := apiKey(ctx); ok {
		return tenant.Key(k.hash, uuid.Nil)
	}
	return tenant.Person(session(ctx).User)
}
