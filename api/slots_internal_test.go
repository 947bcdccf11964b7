package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAnOrganizationCannotTakeEverySlot(t *testing.T) {
	t.Parallel()
	s := newSlots(8) // 4 in all, 2 for one
	greedy, other := uuid.New(), uuid.New()
	releases := []func(){}
	for _, c := range []struct {
		org uuid.UUID
		ok  bool
	}{{greedy, true}, {greedy, true}, {greedy, false}, {other, true}, {other, true}, {other, false}, {uuid.New(), false}} {
		if !c.ok {
			_, err := s.take(t.Context(), c.org, time.Millisecond)
			require.ErrorContains(t, err, "busy")
			continue
		}
		release, err := s.take(t.Context(), c.org, time.Minute)
		require.NoError(t, err)
		releases = append(releases, release)
	}
	for _, release := range releases {
		release()
	}
	require.Empty(t, s.orgs, "nothing is kept of an organization without requests")
	release, err := s.take(t.Context(), greedy, time.Minute)
	require.NoError(t, err)
	release()
}
