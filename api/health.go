package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/token"
)

func (s *Server) registerHealth() {
	tags := []string{"health"}
	operation(s, huma.Operation{OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: tags,
		Summary: "Is the process alive?", Security: public}, s.getHealth)
	operation(s, huma.Operation{OperationID: "get-readiness", Method: http.MethodGet, Path: "/readyz", Tags: tags,
		Summary: "Does the database answer?", Security: public}, s.getReadiness)
	operation(s, huma.Operation{OperationID: "get-jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json", Tags: tags,
		Summary: "The public keys of access tokens", Security: public,
		Description: "The one that signs, the one that will, and those whose tokens may still be valid."}, s.getJWKS)
}

// Health is the answer of the health checks.
type Health struct {
	Status string `json:"status" example:"ok"`
}

func (s *Server) getHealth(context.Context, *struct{}) (*struct{ Body Health }, error) {
	return &struct{ Body Health }{Health{"ok"}}, nil
}

func (s *Server) getReadiness(ctx context.Context, _ *struct{}) (*struct{ Body Health }, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		slog.WarnContext(ctx, "not ready", "error", err)
		return nil, refuse("unavailable", "")
	}
	return &struct{ Body Health }{Health{"ok"}}, nil
}

// JWKS is a set of public keys (RFC 7517).
type JWKS struct {
	Keys []token.JWK `json:"keys" nullable:"false"`
}

// jwksAnswer may be kept for 5 minutes: a key is retiring for longer than that.
type jwksAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         JWKS
}

func (s *Server) getJWKS(context.Context, *struct{}) (*jwksAnswer, error) {
	return &jwksAnswer{"public, max-age=300", JWKS{s.keys.Public()}}, nil
}
