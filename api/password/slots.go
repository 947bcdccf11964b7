package password

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

const (
	slots   = 2   // hashes at once: 92 MiB
	waiting = 256 // requests that wait for one, some seconds; each is a few KiB
)

// ErrBusy is returned at once where too many wait for a slot already.
var ErrBusy = errors.New("too many passwords are waiting to be hashed")

var (
	queue = make(chan struct{}, slots+waiting)
	free  = func() chan *process {
		c := make(chan *process, slots)
		for range slots {
			c <- nil // started when it is needed
		}
		return c
	}()
	hashed atomic.Int64
)

// Hashed is how many passwords this process has had hashed.
func Hashed() int64 { return hashed.Load() }

// derive waits for a slot, as long as ctx lasts.
func derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case queue <- struct{}{}:
		defer func() { <-queue }()
	default:
		return nil, ErrBusy
	}
	select {
	case p := <-free:
		defer func() { free <- p }()
		hashed.Add(1)
		var key []byte
		var err error
		if p, key, err = p.derive(password, salt); err != nil {
			slog.Warn("hashing a password beside the requests instead of in a process of its own", "error", err)
			return argon(password, salt), nil
		}
		return key, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
