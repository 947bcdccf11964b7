package api

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/tenant"
)

// canonicalEvent is all of app.audit_events e as bytes, whatever the session's settings are: numbers in JSON are exact, and
// the time is one. api/audit/lints/audit_chain.sql has the same text.
const canonicalEvent = `
convert_to(jsonb_build_array(e.org_id, e.id, extract(epoch from e.at), e.actor_id, e.api_key_id, e.action, e.refusal, e.object_id,
  e.before, e.after, e.request_id, e.address)::text, 'UTF8')`

// sealEvents seals up to $2 events of an organization, in the order of time; fewer: there are no more. Of two that run at
// once the keys let one through; what it has sealed the other one does not seal again.
//
// It looks back 10 minutes from the last seal: an event is committed within the 30 s of its request. Older ones, if there are
// any, insightforge audit finds.
const sealEvents = `
with recursive head as materialized (
  select s.number, s.hash, e.at from app.audit_seals s join app.audit_events e on e.org_id = $1 and e.id = s.event_id
  where s.org_id = $1 order by s.number desc limit 1),
unsealed as materialized (
  select e.id, row_number() over (order by e.at, e.id) as n, ` + canonicalEvent + ` as content
  from app.audit_events e
  where e.org_id = $1 and e.at > coalesce((select at from head), '-infinity') - interval '10 minutes'
    and not exists (select from app.audit_seals s where s.org_id = $1 and s.event_id = e.id)
  order by e.at, e.id limit $2),
chain as (
  select u.n, u.id, coalesce(h.number, 0) + 1 as number, sha256(coalesce(h.hash, '') || u.content) as hash
  from unsealed u left join head h on true where u.n = 1
  union all
  select u.n, u.id, c.number + 1, sha256(c.hash || u.content) from chain c join unsealed u on u.n = c.n + 1)
insert into app.audit_seals (org_id, number, event_id, hash) select $1, number, id, hash from chain`

// seals are the organizations in which this server has written events that it has not sealed yet.
type seals struct {
	mu       sync.Mutex
	unsealed map[uuid.UUID]struct{}
	some     chan struct{} // has a value when there may be some
}

func newSeals() *seals {
	return &seals{unsealed: map[uuid.UUID]struct{}{}, some: make(chan struct{}, 1)}
}

func (s *seals) add(orgs ...uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, org := range orgs {
		s.unsealed[org] = struct{}{}
	}
	select {
	case s.some <- struct{}{}:
	default:
	}
}

// take empties it.
func (s *seals) take() []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	orgs := slices.Collect(maps.Keys(s.unsealed))
	clear(s.unsealed)
	return orgs
}

const (
	sealDelay   = 500 * time.Millisecond // events wait so long for others to be sealed with them
	sealPause   = 5 * time.Second        // and so long after the database did not seal them
	sealTimeout = 20 * time.Second       // of a statement: 500 ms where there were 200,000 events in 10 minutes
	sealLast    = 5 * time.Second        // for what is left when the server stops
	sealBatch   = 500
)

// SealEvents seals the audit events that this server writes, within about a second, on one connection at a time. When ctx ends
// it seals those that are left and returns. What a server that was killed has left is sealed with the organization's next event.
func (s *Server) SealEvents(ctx context.Context) {
	delay := sealDelay
	for waits(ctx, s.seals.some) && waits(ctx, time.After(delay)) {
		delay = sealDelay
		if !s.sealAll(ctx) {
			delay = sealPause
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealLast)
	defer cancel()
	s.sealUntil(last)
}

// sealUntil seals what there is, or until ctx ends or the database does not seal.
func (s *Server) sealUntil(ctx context.Context) {
	for s.sealAll(ctx) && len(s.seals.some) > 0 && ctx.Err() == nil {
		<-s.seals.some
	}
}

// waits for a value; false: ctx has ended.
func waits[T any](ctx context.Context, values <-chan T) bool {
	select {
	case <-ctx.Done():
		return false
	case <-values:
		return true
	}
}

// sealAll seals a batch of each organization. What there is more stays for the next time, and so does what fails.
func (s *Server) sealAll(ctx context.Context) (ok bool) {
	ok = true
	for _, org := range s.seals.take() {
		switch sealed, err := s.seal(ctx, org); {
		case ctx.Err() != nil || isSQLState(err, "23505"): // stopping, or another server was faster
			s.seals.add(org)
		case err != nil:
			ok = false
			slog.ErrorContext(ctx, "audit events are not sealed yet", "error", err, "org_id", org)
			s.seals.add(org)
		case sealed == sealBatch:
			s.seals.add(org)
		}
	}
	return ok
}

func (s *Server) seal(ctx context.Context, org uuid.UUID) (sealed int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, sealTimeout)
	defer cancel()
	return tenant.Exec(ctx, s.db, tenant.Sealer(org), sealEvents, org, sealBatch)
}
