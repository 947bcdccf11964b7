package token

import (
	"sync"
	"time"
)

// verifiedLimit bounds the memory of the cache: about 600 bytes a token.
const verifiedLimit = 10_000

// verified remembers tokens whose signature was checked. The whole token is the key, so no other token can stand in.
type verified struct {
	mu     sync.RWMutex
	tokens map[string]verifiedToken
}

type verifiedToken struct {
	session Session
	expires time.Time
}

func newVerified() *verified { return &verified{tokens: map[string]verifiedToken{}} }

func (v *verified) get(raw string, now time.Time) (Session, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	t, ok := v.tokens[raw]
	return t.session, ok && now.Before(t.expires)
}

// put makes room by forgetting everything: the next request of each caller verifies once more.
func (v *verified) put(raw string, session Session, expires time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.tokens) >= verifiedLimit {
		clear(v.tokens)
	}
	v.tokens[raw] = verifiedToken{session, expires}
}
