package api

import (
	"net/http"
	"time"
)

// exportRate is the least that a client of an export has to read, bytes a second on average, not counting how long the
// database takes: while it reads, it keeps a connection and a snapshot.
const exportRate = 256 << 10

// patientWriter gives a client as much time as it needs, as long as it reads exportRate.
type patientWriter struct {
	w        http.ResponseWriter
	deadline interface{ SetWriteDeadline(time.Time) error }
	bytes    int64
	waited   time.Duration
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	return &patientWriter{w: w, deadline: http.NewResponseController(w)}
}

func (p *patientWriter) Write(b []byte) (n int, err error) {
	begun := time.Now()
	patience := readPause + time.Duration(p.bytes/exportRate)*time.Second - p.waited
	_ = p.deadline.SetWriteDeadline(begun.Add(patience))
	n, err = p.w.Write(b)
	p.waited += time.Since(begun)
	p.bytes += int64(n)
	return n, err
}
