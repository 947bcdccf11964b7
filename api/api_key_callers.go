package api

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

const apiKeyPrefix = "ifk_"

var wellFormedKey = regexp.MustCompile(`^` + apiKeyPrefix + `[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`)

// keyCaller is what never changes of an API key. That it still serves, and as what, is asked by each transaction.
type keyCaller struct {
	hash string // as it is stored
	Org  uuid.UUID
	User uuid.UUID // as whom it acts
	ID   uuid.UUID
}

type keyCallerKey struct{}

// apiKey is the key that the request is made with; false: a person makes it.
func apiKey(ctx context.Context) (keyCaller, bool) {
	k, ok := ctx.Value(keyCallerKey{}).(keyCaller)
	return k, ok
}

// authenticateKey puts the key's caller into the context, or refuses: 401 for one that is none or serves no more, which is not
// said; 404 in another organization, 403 outside organizations.
func (s *Server) authenticateKey(ctx huma.Context, next func(huma.Context), raw string) {
	org, outside := uuid.Nil, !strings.Contains(ctx.Operation().Path, "{org_id}")
	if !outside {
		org, _ = uuid.Parse(ctx.Param("org_id")) // what is none is refused further on
	}
	k, err := s.keyCaller(ctx, raw, org)
	if outside && isSQLState(err, "P0002") {
		err = refuse("key_not_allowed", "")
	}
	_, w := humago.Unwrap(ctx)
	if err != nil {
		writeProblem(w, s.problem(ctx.Context(), err)) // what a handler returns is written by huma
		return
	}
	next(huma.WithValue(huma.WithValue(ctx, keyCallerKey{}, k), sessionKey{}, token.Session{User: k.User, ID: k.ID}))
	if w.(*answer).status != http.StatusUnauthorized && k.Org == org {
		s.keyUses.note(k, time.Now())
	}
}

// begin_api_key has looked the key up: this says what it has found.
const selectKeyCaller = `
select app.org_id() as org, app.user_id() as user, app.subject()::uuid as id`

// keyCaller looks a key up, once. What is no key costs one flush, so an address that sends many has to wait.
func (s *Server) keyCaller(ctx huma.Context, raw string, org uuid.UUID) (keyCaller, error) {
	if !wellFormedKey.MatchString(raw) {
		return keyCaller{}, refuse("unauthorized", "")
	}
	hash := tokenHash(raw)
	if k, ok := s.keyCallers.get(hash); ok && org != uuid.Nil {
		return k, nil
	}
	a := &attempt{limits: s.limits, header: ctx}
	if !a.take(s.limits.tokens, "api-key "+network(ctx.Context().Value(addressKey{}).(netip.Addr))) {
		return keyCaller{}, refuse("rate_limited", "")
	}
	timed, cancel := context.WithTimeout(ctx.Context(), requestTimeout)
	defer cancel()
	k, err := tenant.Row[keyCaller](timed, s.db, tenant.Key(hash, org), selectKeyCaller)
	if err == nil {
		k.hash = hash
		s.keyCallers.put(k)
	}
	if !isSQLState(err, "28000") {
		a.settle(http.StatusOK)
	}
	return k, err
}

// keyCallersLimit bounds the memory of keyCallers: about 300 bytes each.
const keyCallersLimit = 10_000

// keyCallers remembers keys that were looked up, by their hash.
type keyCallers struct {
	mu   sync.RWMutex
	keys map[string]keyCaller
}

func newKeyCallers() *keyCallers { return &keyCallers{keys: map[string]keyCaller{}} }

func (c *keyCallers) get(hash string) (keyCaller, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, ok := c.keys[hash]
	return k, ok
}

// put makes room by forgetting everything: the next request with each key looks it up once more.
func (c *keyCallers) put(k keyCaller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= keyCallersLimit {
		clear(c.keys)
	}
	c.keys[k.hash] = k
}
