package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	readsBesideLogins = "p99 of reads while 200 logins wait"

	callers = 200
)

// logins compares how long a read takes while passwords are hashed without a pause and 200 callers wait for that, with
// how long it takes when nothing else happens.
func (b *bench) logins(ctx context.Context, s *subject) error {
	dataset, err := fill(ctx, s.client, 1)
	if err != nil {
		return err
	}
	path := s.datasets(dataset)
	if _, err := b.p99(ctx, s.client, path); err != nil { // connections and caches
		return err
	}
	hashed := 0
	measured, err := b.pairs(ctx, readsBesideLogins, "ms", b.samples,
		func() (p99 float64, err error) {
			n, err := beside(ctx, s.client.addr, func() error {
				p99, err = b.p99(ctx, s.client, path)
				return err
			})
			hashed += n
			return p99, err
		},
		func() (float64, error) { return b.p99(ctx, s.client, path) })
	if err != nil {
		return err
	}
	note := fmt.Sprintf("%s, %s logins/s", measured.note("ms"), number(float64(hashed)/(float64(b.samples)*b.load.Seconds())))
	b.add(figure(readsBesideLogins, measured.ratio(), "of idle", goal{"≤", 2}, note))
	return s.delete(ctx, dataset)
}

// p99 is how long one read in a hundred takes at least, in milliseconds: of one client, one read after the other.
func (b *bench) p99(ctx context.Context, c *client, path string) (float64, error) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	var took []time.Duration
	for end := time.Now().Add(b.load); time.Now().Before(end) && ctx.Err() == nil; {
		begun := time.Now()
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, c.addr, c.token); err != nil {
			return 0, err
		}
		if err := answered(reader); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begun))
	}
	if len(took) == 0 {
		return 0, errors.Join(errors.New("nothing was read"), ctx.Err())
	}
	slices.Sort(took)
	return took[len(took)*99/100].Seconds() * 1000, ctx.Err()
}

// beside runs f while the callers log in again and again, and returns how many logins were answered.
func beside(ctx context.Context, addr string, f func() error) (int, error) {
	crowdCtx, stop := context.WithCancel(ctx)
	defer stop()
	var crowd errgroup.Group
	counts := make([]int, callers)
	begun := make(chan struct{}, callers)
	for i := range counts {
		crowd.Go(func() error {
			for first := true; ; first = false {
				if first {
					begun <- struct{}{}
				}
				switch err := loginAsNobody(crowdCtx, addr); {
				case crowdCtx.Err() != nil:
					return nil
				case err != nil:
					return err
				}
				counts[i]++
			}
		})
	}
	for range callers {
		<-begun
	}
	err := f()
	stop()
	err = errors.Join(err, crowd.Wait())
	n := 0
	for _, count := range counts {
		n += count
	}
	return n, err
}

// loginAsNobody has a password hashed, for an account and from an address that have failed nowhere yet.
func loginAsNobody(ctx context.Context, addr string) error {
	name := strings.ToLower(rand.Text())
	body := fmt.Sprintf(`{"email":"%s@bench.test","password":"%s"}`, name, name)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/v1/auth/login", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", randomAddress())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("a login of nobody: %s", response.Status)
	}
	return nil
}

func randomAddress() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("2001:db8:%x:%x::1", b[:2], b[2:])
}
