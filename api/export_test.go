package api

import (
	"context"
	"time"
)

// LimitClock is what the limits of s take for the time, before s serves.
func (s *Server) LimitClock(now func() time.Time) { s.limits.now = now }

// NewKeyToken is an API key's token that nothing has.
func NewKeyToken() string { return apiKeyToken(newID()) }

// WriteKeyUsesNow writes what else is written after a minute.
func (s *Server) WriteKeyUsesNow(ctx context.Context) { s.writeKeyUses(ctx) }
