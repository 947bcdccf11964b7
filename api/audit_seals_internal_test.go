package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/tenant"
)

// TestSealingStopsWhereTheDatabaseDoesNotSeal: in time, with what is left not sealed.
func TestSealingStopsWhereTheDatabaseDoesNotSeal(t *testing.T) {
	t.Parallel()
	db, err := tenant.Open(t.Context(), postgrestest.Database(t).URL("insightforge"), tenant.Options{})
	require.NoError(t, err)
	defer db.Close()
	s := &Server{db: db, seals: newSeals()}
	org := uuid.New()
	s.seals.add(org)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.sealUntil(ended)
	require.Equal(t, []uuid.UUID{org}, s.seals.take())
	require.Empty(t, s.seals.take())

	s.seals.add(org, uuid.New())
	begun := time.Now()
	s.SealEvents(ended)
	require.Less(t, time.Since(begun), 2*sealLast)
	require.Empty(t, s.seals.take())
}
