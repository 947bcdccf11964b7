package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/insightforge/insightforge/api/tenant"
)

// Problem is the body of every error answer (RFC 9457). Code is stable; clients decide by it.
type Problem struct {
	Type   string  `json:"type" example:"/api/errors#not_found" doc:"Where the code is explained"`
	Title  string  `json:"title" example:"Not found"`
	Status int     `json:"status" example:"404"`
	Code   string  `json:"code" example:"not_found" doc:"Stable; one of docs/errors.md"`
	Detail string  `json:"detail,omitempty" doc:"What is wrong with this request"`
	Errors []Fault `json:"errors,omitempty" nullable:"false" doc:"Where it is wrong; never with the value that was sent"`
	Policy string  `json:"policy,omitempty" example:"memberships_update" doc:"The row-level-security policy that refused; only for OWNER and ADMIN"`

	Quota *ExceededQuota `json:"quota,omitempty" doc:"Which quota has no room; of quota_exceeded"`

	retryAfter string
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Location string `json:"location,omitempty" example:"body.measures[0].column"`
	Code     string `json:"code,omitempty" example:"unknown_column"`
	Message  string `json:"message"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus makes a Problem a huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders makes a Problem a huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter != "" {
		h.Set("Retry-After", p.retryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// ContentType is huma's hook for the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// refuse makes the problem of a code in problemKinds.
func refuse(code, detail string, faults ...Fault) *Problem {
	kind, ok := problemKinds[code]
	if !ok {
		slog.Error("problem without an entry in problemKinds", "code", code)
		code, kind = "internal", problemKinds["internal"]
	}
	return &Problem{
		Type: "/api/errors#" + code, Title: kind.title, Status: kind.status, Code: code, Detail: detail, Errors: faults,
		retryAfter: kind.retryAfter,
	}
}

// codeOfStatus are the codes of what huma and the router refuse themselves.
var codeOfStatus = map[int]string{
	http.StatusBadRequest: "bad_request", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden",
	http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed",
	http.StatusRequestTimeout: "request_timeout", http.StatusConflict: "conflict", http.StatusGone: "token_invalid", http.StatusPreconditionFailed: "precondition_failed",
	http.StatusRequestEntityTooLarge: "payload_too_large", http.StatusUnsupportedMediaType: "unsupported_media_type",
	http.StatusUnprocessableEntity: "invalid", http.StatusTooManyRequests: "rate_limited", http.StatusServiceUnavailable: "unavailable", http.StatusGatewayTimeout: "timeout",
}

// maxFaults is how many of the things that are wrong with a request are told.
const maxFaults = 20

// newProblem replaces huma.NewError: no value that was sent comes back (a password among them), and of an internal
// error nothing is told.
func newProblem(status int, message string, errs ...error) huma.StatusError {
	code, ok := codeOfStatus[status]
	if message == "cannot read request body" { // huma's 500 for a body that breaks off
		return refuse("bad_request", message)
	}
	if !ok || status == http.StatusInternalServerError {
		if status != 0 { // huma asks for an empty one when it learns the type
			slog.Error("internal error", "message", message, "error", errors.Join(errs...))
		}
		return refuse("internal", "")
	}
	if status == http.StatusUnsupportedMediaType { // huma's text repeats the header
		return refuse(code, "")
	}
	var faults []Fault
	for _, err := range errs[:min(len(errs), maxFaults)] {
		var detailer huma.ErrorDetailer
		if errors.As(err, &detailer) {
			d := detailer.ErrorDetail()
			message, _, _ := strings.Cut(d.Message, ": ") // what follows is a parser's text, which may quote the value
			faults = append(faults, Fault{Message: message, Location: shortened(d.Location)})
		} else if err != nil && status < 500 {
			faults = append(faults, Fault{Message: "malformed"})
		}
	}
	return refuse(code, message, faults...)
}

// shortened bounds a location: it may be made of a property name that the client chose.
func shortened(location string) string {
	if len(location) > 200 {
		return strings.ToValidUTF8(location[:200], "") + "…"
	}
	return location
}

// problem is the one place where an error of a handler becomes an answer.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	var p *Problem
	var refused *tenant.RefusedError
	if errors.As(err, &p) {
		return p
	}
	p = fromDatabase(err)
	if errors.As(err, &refused) {
		p.Policy = s.refusing(ctx, refused)
	}
	if p.Status >= http.StatusInternalServerError {
		slog.ErrorContext(ctx, "request failed", "code", p.Code, "error", err, "request_id", requestID(ctx))
	}
	return p
}
