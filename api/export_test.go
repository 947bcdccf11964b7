package api

import "time"

// LimitClock is what the limits of s take for the time, before s serves.
func (s *Server) LimitClock(now func() time.Time) { s.limits.now = now }
