package mail_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/mail/mailtest"
)

// sender is a function.
type sender func(context.Context, mail.Message) error

func (s sender) Send(ctx context.Context, m mail.Message) error { return s(ctx, m) }

func queue(t *testing.T, s mail.Sender, o mail.Options) *mail.Queue {
	t.Helper()
	o.Spread = -1
	q := mail.NewQueue(s, o)
	t.Cleanup(func() { q.Close(context.Background()) })
	return q
}

// soon are five retries within the test's time.
var soon = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}

func put(t *testing.T, q *mail.Queue, messages ...mail.Message) {
	t.Helper()
	require.True(t, q.Reserve())
	q.Put(made(messages...))
}

func TestATemporaryFailureIsTriedAgainAndAPermanentOneIsNot(t *testing.T) {
	t.Parallel()
	s := mailtest.Serve(t, false)
	q := queue(t, smtp(t, s, s.URL("smtp")), mail.Options{Retries: soon})
	s.Refuse(450, 421, 451)
	put(t, q, hello)
	require.Equal(t, hello.To, s.Next(t).To)

	s.Refuse(550)
	put(t, q, hello, mail.Message{To: "next@example.com", Subject: "x", Text: "x"})
	require.Equal(t, "next@example.com", s.Next(t).To)
	require.Empty(t, s.Mails)
}

// TestAFailureIsLoggedWithoutTheToken that the server repeats. Not parallel: the log is the process's.
func TestAFailureIsLoggedWithoutTheToken(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	s := mailtest.Serve(t, false)
	q := mail.NewQueue(smtp(t, s, s.URL("smtp")), mail.Options{Retries: soon, Spread: -1})
	s.Refuse(550, 450)
	put(t, q, hello, hello)
	s.Next(t)
	q.Close(t.Context())
	require.Contains(t, log.String(), "permanent=true")
	require.Contains(t, log.String(), "not sent yet")
	require.Contains(t, log.String(), hello.To)
	require.NotContains(t, log.String(), "ifv_")
	require.NotContains(t, log.String(), mailtest.Password)
}

func TestAMailThatCannotBeMadeIsMadeAgain(t *testing.T) {
	t.Parallel()
	sent := make(chan mail.Message, 1)
	q := queue(t, sender(func(_ context.Context, m mail.Message) error { sent <- m; return nil }), mail.Options{Retries: soon})
	tries := 0
	require.True(t, q.Reserve())
	q.Put(func(context.Context) ([]mail.Message, error) {
		if tries++; tries < 3 {
			return nil, errors.New("no database")
		}
		return []mail.Message{hello}, nil
	})
	require.Equal(t, hello, <-sent)
}

func TestAQueueHasAnEndAndEachMailGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	q := queue(t, sender(func(context.Context, mail.Message) error { <-held; return nil }), mail.Options{Places: 20})
	for range 20 {
		put(t, q, hello)
	}
	require.False(t, q.Reserve())
	close(held)
	require.Eventually(t, q.Reserve, 10*time.Second, time.Millisecond)
	q.Release()
}

func TestAPanicLosesItsMailOnly(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	q := mail.NewQueue(sender(func(_ context.Context, m mail.Message) error {
		if m.Subject == "" {
			panic("no subject")
		}
		sent.Add(1)
		return nil
	}), mail.Options{Spread: -1})
	put(t, q, mail.Message{})
	put(t, q, hello)
	q.Close(t.Context())
	require.EqualValues(t, 1, sent.Load())
}

// TestWhatIsQueuedIsSentBeforeTheEnd: what has not begun yet, and what waits for its next try.
func TestWhatIsQueuedIsSentBeforeTheEnd(t *testing.T) {
	t.Parallel()
	failed, sent := make(chan struct{}), make(chan mail.Message, 1)
	var tries atomic.Int32
	s := sender(func(_ context.Context, m mail.Message) error {
		if tries.Add(1) == 1 {
			close(failed)
			return errors.New("try again in an hour")
		}
		sent <- m
		return nil
	})
	q := mail.NewQueue(s, mail.Options{Retries: []time.Duration{time.Hour}, Spread: -1})
	put(t, q, hello)
	<-failed
	q.Close(t.Context())
	require.Equal(t, hello, <-sent)
	require.False(t, q.Reserve())

	q = mail.NewQueue(s, mail.Options{Spread: 1000 * time.Hour})
	put(t, q, hello)
	q.Close(t.Context())
	require.Equal(t, hello, <-sent)
}

func TestAnEndThatIsNotWaitedForCutsOff(t *testing.T) {
	t.Parallel()
	q := mail.NewQueue(sender(func(ctx context.Context, _ mail.Message) error { <-ctx.Done(); return ctx.Err() }), mail.Options{Spread: -1})
	put(t, q, hello)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q.Close(ctx)
	require.False(t, q.Reserve())
}
