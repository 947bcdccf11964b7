package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// The least that a client has to read, bytes a second on average, not counting how long the database takes. While it reads, an
// export keeps a connection and a snapshot; a download some memory.
const (
	exportRate   = 256 << 10
	downloadRate = 32 << 10
)

// patientWriter gives a client as much time as it needs, as long as it reads at the rate.
type patientWriter struct {
	rate     int64
	w        http.ResponseWriter
	deadline interface{ SetWriteDeadline(time.Time) error }
	bytes    int64
	waited   time.Duration
}

func newPatientWriter(w http.ResponseWriter, rate int64) *patientWriter {
	return &patientWriter{rate: rate, w: w, deadline: http.NewResponseController(w)}
}

func (p *patientWriter) Write(b []byte) (n int, err error) {
	begun := time.Now()
	patience := readPause + time.Duration(p.bytes/p.rate)*time.Second - p.waited
	_ = p.deadline.SetWriteDeadline(begun.Add(patience))
	n, err = p.w.Write(b)
	p.waited += time.Since(begun)
	p.bytes += int64(n)
	return n, err
}

// endStream ends a file that was written, or not. What fails before the first byte is a problem; after it the connection is
// closed, so that nobody takes what has arrived for the whole.
func (s *Server) endStream(ctx context.Context, w http.ResponseWriter, body *patientWriter, err error) {
	switch {
	case err == nil:
	case body.bytes == 0:
		for _, header := range []string{"Content-Disposition", "Content-Encoding"} {
			w.Header().Del(header)
		}
		writeProblem(w, s.problem(ctx, err))
	default:
		slog.WarnContext(ctx, "file not finished", "error", err, "bytes", body.bytes, "request_id", requestID(ctx))
		panic(http.ErrAbortHandler)
	}
}
