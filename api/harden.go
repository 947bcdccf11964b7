package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

type requestIDKey struct{}

// requestID is the X-Request-Id of the answer, for the log.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// hardened gives every answer an X-Request-Id and safe headers, bounds its time, and turns what the router refuses and
// what panics into problem documents.
func hardened(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		defer recovered(w, r)
		if _, pattern := mux.Handler(r); pattern == "" {
			w = &refusedByRouter{ResponseWriter: w}
		}
		mux.ServeHTTP(w, r)
	})
}

// recovered answers a panic. A handler that has begun to answer cannot be mended: its connection is closed.
func recovered(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	slog.Error("panic", "cause", cause, "path", r.URL.Path, "request_id", requestID(r.Context()), "stack", string(debug.Stack()))
	writeProblem(w, refuse("internal", ""))
}

// refusedByRouter replaces the router's text/plain 404 and 405.
type refusedByRouter struct {
	http.ResponseWriter
	replaced bool
}

func (w *refusedByRouter) WriteHeader(status int) {
	if code, ok := codeOfStatus[status]; ok {
		w.replaced = true
		writeProblem(w.ResponseWriter, refuse(code, ""))
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *refusedByRouter) Write(body []byte) (int, error) {
	if w.replaced {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Del("Content-Length")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// errorsPage is what a problem's type leads to.
func errorsPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(ErrorsMarkdown()))
}
