package mail

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"runtime/debug"
	"sync"
	"time"
)

// Options of a [Queue]; the zero value is right for a server.
type Options struct {
	Places  int             // mails under way or waiting; 0: 1,000
	Retries []time.Duration // waits before each further try; nil: 5 s to 10 min, 18 min in all
	Spread  time.Duration   // each mail begins at some time within this; 0: half a second, negative: at once
}

// Queue makes and sends mails in the background, so that who asks for one does not learn from the time it takes whether there
// was any. It is in memory, and has an end: what it does not send by then is lost, and asked for again. Tokens would else be
// on a disk.
type Queue struct {
	Options
	sender  Sender
	working chan struct{} // a few at a time
	ctx     context.Context
	cancel  context.CancelFunc
	closing chan struct{}

	mu     sync.Mutex
	taken  int
	closed bool
	empty  sync.WaitGroup
}

// working mails at a time: connections to the SMTP server, and to the database for what is in them.
const working = 4

// NewQueue returns a queue that sends by sender. It has to be closed.
func NewQueue(sender Sender, o Options) *Queue {
	if o.Places == 0 {
		o.Places = 1000
	}
	if o.Spread == 0 {
		o.Spread = 500 * time.Millisecond
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
	}
	q := &Queue{Options: o, sender: sender, working: make(chan struct{}, working), closing: make(chan struct{})}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

// Reserve takes a place, for [Queue.Put] or [Queue.Release]. False: there is none.
func (q *Queue) Reserve() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.taken == q.Places {
		return false
	}
	q.taken++
	q.empty.Add(1)
	return true
}

// Release gives a place back that is not needed.
func (q *Queue) Release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken--
	q.empty.Done()
}

// Put has messages made and sent, in a place that was reserved, some time after it returns.
func (q *Queue) Put(messages func(context.Context) ([]Message, error)) {
	go func() {
		defer q.Release()
		defer func() {
			if cause := recover(); cause != nil {
				slog.Error("panic", "cause", cause, "stack", string(debug.Stack()))
			}
		}()
		if q.Spread > 0 {
			q.pause(rand.N(q.Spread))
		}
		var made []Message
		q.try("making a mail", func(ctx context.Context) (err error) {
			made, err = messages(ctx)
			return err
		})
		for _, m := range made {
			q.try(fmt.Sprintf("a mail to %s, %q", Line(m.To), m.Subject), func(ctx context.Context) error { return q.sender.Send(ctx, m) })
		}
	}()
}

// jobTimeout bounds one try.
const jobTimeout = time.Minute

// try tries until it succeeds, cannot succeed, or has failed often enough.
func (q *Queue) try(what string, do func(context.Context) error) {
	for n := 0; ; n++ {
		err := q.once(do)
		if err == nil {
			return
		}
		permanent := Permanent(err)
		if permanent || n == len(q.Retries) || q.ended() {
			slog.Error("not sent: "+what, "permanent", permanent, "tries", n+1, "error", withoutTokens(err))
			return
		}
		slog.Warn("not sent yet: "+what, "next", q.Retries[n].String(), "error", withoutTokens(err))
		q.pause(q.Retries[n])
	}
}

func (q *Queue) once(do func(context.Context) error) error {
	select {
	case q.working <- struct{}{}:
		defer func() { <-q.working }()
	case <-q.ctx.Done():
		return q.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(q.ctx, jobTimeout)
	defer cancel()
	return do(ctx)
}

// token is one of ours. A server may repeat in its refusal what it refuses.
var token = regexp.MustCompile(`if[a-z]_[\w-]+`)

func withoutTokens(err error) string { return token.ReplaceAllString(err.Error(), "…") }

// pause ends early where the queue does.
func (q *Queue) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-q.closing:
	}
}

func (q *Queue) ended() bool {
	select {
	case <-q.closing:
		return true
	default:
		return false
	}
}

// Wait returns when nothing is under way, as long as nothing is put in meanwhile.
func (q *Queue) Wait() { q.empty.Wait() }

// Close takes no more, tries once more what waits, and returns when nothing is left, or ctx ends: the rest is lost.
func (q *Queue) Close(ctx context.Context) {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.closing)
	}
	q.mu.Unlock()
	done := make(chan struct{})
	go func() {
		q.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		slog.Error("mails are lost: the server stops", "error", ctx.Err())
	}
	q.cancel()
	<-done // what uses the database has ended
}
