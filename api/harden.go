package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
)

// HTTPServer serves handler within bounds of time and of the size of headers: a client that sends slowly, or nothing more,
// is let go. A streamed body has deadlines of its own.
func HTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

type requestIDKey struct{}

// requestID is the X-Request-Id of the answer, for the log.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// hardened gives every answer an X-Request-Id and safe headers, bounds its time, and turns what the router refuses and
// what panics into problem documents.
func hardened(mux *http.ServeMux, trusted proxies) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		r = trusted.from(r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
		a := &answer{ResponseWriter: w, request: r}
		defer a.recovered()
		if len(r.TransferEncoding) > 0 { // with a length as well, which net/http hides, what follows may be smuggled past a proxy
			h.Set("Connection", "close")
		}
		if encoded(r) {
			writeProblem(w, refuse("unsupported_media_type", ""))
			return
		}
		mux.ServeHTTP(a, r)
	})
}

// encoded reports whether the body is compressed; nothing here unpacks one.
func encoded(r *http.Request) bool {
	encoding := r.Header.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// answer is a response that can still become a problem document.
type answer struct {
	http.ResponseWriter
	request  *http.Request
	begun    bool
	status   int // 0: not yet
	replaced bool
}

// WriteHeader replaces the router's refusals: where it has found no handler, it answers 404 or 405 as text/plain.
func (a *answer) WriteHeader(status int) {
	a.begun, a.status = true, status
	if code, ok := codeOfStatus[status]; ok && a.request.Pattern == "" {
		a.replaced = true
		writeProblem(a.ResponseWriter, refuse(code, ""))
		return
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(body []byte) (int, error) {
	a.begun = true
	if a.replaced {
		return len(body), nil
	}
	return a.ResponseWriter.Write(body)
}

// Unwrap lets http.ResponseController set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// recovered answers a panic. What has begun cannot be mended: the connection is closed, so that it does not look whole.
func (a *answer) recovered() {
	cause := recover()
	switch cause {
	case nil:
		return
	case http.ErrAbortHandler: // on purpose, and told already
		panic(cause)
	}
	slog.Error("panic", "cause", cause, "path", a.request.URL.Path, "request_id", requestID(a.request.Context()), "stack", string(debug.Stack()))
	if a.begun {
		panic(http.ErrAbortHandler)
	}
	writeProblem(a.ResponseWriter, refuse("internal", ""))
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Del("Content-Length")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// errorsPage is what a problem's type leads to.
func errorsPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(errorsMarkdown()))
}
