package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
)

const (
	watchEvery   = 250 * time.Millisecond // how often it is looked how far an import is that runs here
	watchRead    = time.Second            // how often its row is read: that of others, and whether the watcher still may
	watchSilence = 15 * time.Second       // after which a comment says that the stream lives
	watchWrite   = 10 * time.Second       // how long a client may take to receive an event
	watchersOf   = 20                     // one organization, at a time, in this process
	retryWatch   = 2 * time.Second        // how soon a client is to connect again

	lastEvent = "finished" // the last event, and its id
)

// watchers are how many streams there are.
type watchers struct {
	mu      sync.Mutex
	of      map[uuid.UUID]int // organizations
	stopped chan struct{}     // closed when the server stops
	stop    sync.Once
}

func newWatchers() *watchers {
	return &watchers{of: map[uuid.UUID]int{}, stopped: make(chan struct{})}
}

// StopWatching ends the streams, which a server that shuts down would wait for.
func (s *Server) StopWatching() { s.watchers.stop.Do(func() { close(s.watchers.stopped) }) }

func (w *watchers) enter(org uuid.UUID) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[org] == watchersOf {
		return nil, refuse("too_many_watchers", "")
	}
	w.of[org]++
	return func() { w.leave(org) }, nil
}

func (w *watchers) leave(org uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[org]--; w.of[org] == 0 {
		delete(w.of, org)
	}
}

func (s *Server) watchImport(ctx context.Context, in *struct {
	ImportPath
	LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"As a client sends it that connects again"`
}) (*huma.StreamResponse, error) {
	if err := s.sessionLasts(ctx); err != nil {
		return nil, err
	}
	i, err := s.readImport(ctx, &in.ImportPath)
	if err != nil {
		return nil, err
	}
	if in.LastEventID == lastEvent && i.State != "running" {
		return &huma.StreamResponse{Body: func(out huma.Context) { out.SetStatus(http.StatusNoContent) }}, nil
	}
	leave, err := s.watchers.enter(in.OrgID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer leave()
		s.watch(ctx, newEventStream(out), &in.ImportPath, i)
	}}, nil
}

// watch sends i, each change of it, and its end. Where it cannot go on the stream ends without that, and the client, who connects
// again, is told why.
func (s *Server) watch(ctx context.Context, stream *eventStream, in *ImportPath, i Import) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for read := time.Now(); ; {
		here := s.imports.find(in.OrgID, in.ImportID)
		if err := stream.send(i.at(here)); err != nil || i.State != "running" {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.watchers.stopped:
			return
		case <-here.over():
		case <-tick.C:
			if time.Since(read) < watchRead {
				continue
			}
		}
		var err error
		if i, err = s.watched(ctx, in); err != nil {
			return
		}
		read = time.Now()
	}
}

// watched reads an import again for somebody who is still signed in.
func (s *Server) watched(ctx context.Context, in *ImportPath) (Import, error) {
	if err := s.sessionLasts(ctx); err != nil {
		return Import{}, err
	}
	return s.readImport(ctx, in)
}

// eventStream writes server-sent events.
type eventStream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	told       string    // the last event's, but for when the import was last heard of
	at         time.Time // of what was written last
}

// newEventStream begins the answer. The read that notices that the client leaves gets no deadline: it would take that for leaving.
func newEventStream(out huma.Context) *eventStream {
	_, w := humago.Unwrap(out)
	out.SetHeader("Content-Type", "text/event-stream")
	out.SetHeader("X-Accel-Buffering", "no") // of a proxy
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Time{})
	return &eventStream{w: w, connection: connection}
}

// send writes an event if there is something new, and a comment if there has been nothing for long.
func (e *eventStream) send(i Import) error {
	data, heard := text(i), i
	heard.UpdatedAt = time.Time{}
	told := text(heard)
	switch {
	case i.State != "running":
		return e.write(fmt.Sprintf("id: %s\nevent: %[1]s\ndata: %s\n\n", lastEvent, data))
	case told != e.told:
		e.told = told
		return e.write(fmt.Sprintf("retry: %d\nevent: progress\ndata: %s\n\n", retryWatch.Milliseconds(), data))
	case time.Since(e.at) >= watchSilence:
		return e.write(": " + i.Stage + "\n\n")
	}
	return nil
}

func text(i Import) string {
	data, err := json.Marshal(i)
	if err != nil {
		panic(err) // it was read from the database
	}
	return string(data)
}

func (e *eventStream) write(text string) error {
	e.at = time.Now()
	_ = e.connection.SetWriteDeadline(e.at.Add(watchWrite))
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.connection.Flush()
}
