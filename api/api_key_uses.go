package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/insightforge/insightforge/api/tenant"
)

// Uses of API keys are written once a minute, apart from the requests: a request that only reads writes nothing.
const (
	keyUsesEvery = time.Minute
	keyUsesLimit = 10_000          // keys of one minute; what more there are is seen when they are used again
	keyUsesStop  = 5 * time.Second // for the last ones, when the server stops
)

// keyUses are the keys that were used since they were last written, and when.
type keyUses struct {
	mu   sync.Mutex
	last map[keyCaller]time.Time
}

func newKeyUses() *keyUses { return &keyUses{last: map[keyCaller]time.Time{}} }

func (u *keyUses) note(k keyCaller, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.last[k]; ok || len(u.last) < keyUsesLimit {
		u.last[k] = at
	}
}

// take empties it.
func (u *keyUses) take() map[keyCaller]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.last
	u.last = map[keyCaller]time.Time{}
	return taken
}

// WriteKeyUses writes down when API keys were used. When ctx ends, it writes what is left.
func (s *Server) WriteKeyUses(ctx context.Context) {
	tick := time.NewTicker(keyUsesEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			s.writeKeyUses(ctx)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyUsesStop)
	defer cancel()
	s.writeKeyUses(last)
}

// As the caller who has named the key by its hash, who may update nothing else of it. Another server may have been later.
const updateKeyUse = `
update app.api_keys set last_used_at = $3 where org_id = $1 and secret_hash = $2 and (last_used_at is null or last_used_at < $3)`

// writeKeyUses writes each in a transaction of its own, and keeps those that could not be written for the next time.
func (s *Server) writeKeyUses(ctx context.Context) {
	var failed int
	var last error
	for k, at := range s.keyUses.take() {
		if _, err := tenant.Exec(ctx, s.db, tenant.Unknown(k.hash), updateKeyUse, k.Org, k.hash, at); err != nil {
			s.keyUses.noteAgain(k, at)
			failed, last = failed+1, err
		}
	}
	if last != nil {
		slog.ErrorContext(ctx, "when API keys were used could not be written", "keys", failed, "error", last)
	}
}

// noteAgain keeps what could not be written, unless the key was used since.
func (u *keyUses) noteAgain(k keyCaller, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.last[k]; !ok && len(u.last) < keyUsesLimit {
		u.last[k] = at
	}
}
