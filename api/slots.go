package api

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
)

// How long a request waits for a slot before it is told to come back. Whoever has sent a whole file waits patiently.
const (
	queryWait  = 5 * time.Second
	uploadWait = 10 * time.Minute
)

// slots bounds how many connections long work holds at once, altogether and for one organization: the rest of the pool
// stays free for the requests that take a millisecond, and one organization cannot keep the others from querying.
type slots struct {
	all  *semaphore.Weighted
	each int64 // of an organization
	mu   sync.Mutex
	orgs map[uuid.UUID]*orgSlots
}

type orgSlots struct {
	held *semaphore.Weighted
	refs int // holders and waiters
}

// newSlots leaves half of a pool of that many connections free, and gives an organization half of the other half.
func newSlots(connections int) *slots {
	all := int64(max(1, connections/2))
	return &slots{all: semaphore.NewWeighted(all), each: max(1, all/2), orgs: map[uuid.UUID]*orgSlots{}}
}

// take waits for a slot, the organization's own first: its other requests wait there and not in everybody's way. It has
// to be had before the transaction begins.
func (s *slots) take(ctx context.Context, org uuid.UUID, wait time.Duration) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	own := s.enter(org)
	if err := own.held.Acquire(ctx, 1); err != nil {
		s.leave(org, own)
		return nil, refuse("busy", "")
	}
	if err := s.all.Acquire(ctx, 1); err != nil {
		own.held.Release(1)
		s.leave(org, own)
		return nil, refuse("busy", "")
	}
	return func() {
		s.all.Release(1)
		own.held.Release(1)
		s.leave(org, own)
	}, nil
}

// spare waits for a slot that is no organization's: background work keeps none of its queries waiting, and is bounded itself.
func (s *slots) spare(ctx context.Context, wait time.Duration) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := s.all.Acquire(ctx, 1); err != nil {
		return nil, refuse("busy", "")
	}
	return func() { s.all.Release(1) }, nil
}

func (s *slots) enter(org uuid.UUID) *orgSlots {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, ok := s.orgs[org]
	if !ok {
		own = &orgSlots{held: semaphore.NewWeighted(s.each)}
		s.orgs[org] = own
	}
	own.refs++
	return own
}

func (s *slots) leave(org uuid.UUID, own *orgSlots) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.refs--; own.refs == 0 {
		delete(s.orgs, org)
	}
}
