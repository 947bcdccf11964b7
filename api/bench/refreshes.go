package bench

import (
	"context"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"
)

const (
	refreshesLost = "refreshes: sessions lost by 40 at once"

	tabs = 40
)

// refreshes has forty tabs refresh one token at once, again and again, and counts the times that they did not all get the one
// successor, which then serves.
func (b *bench) refreshes(ctx context.Context, s *subject) error {
	c := &client{addr: s.server.addr, email: s.email, password: s.password}
	token, session, err := c.refreshToken(ctx)
	if err != nil {
		return err
	}
	lost, rounds := 0, b.tries/tabs
	for range rounds {
		before, err := s.generation(ctx, session)
		if err != nil {
			return err
		}
		successors, err := c.refreshAll(ctx, token)
		if err != nil {
			return err
		}
		after, err := s.generation(ctx, session)
		if err != nil {
			return err
		}
		if len(successors) == 1 && after == before+1 {
			for token = range successors {
			}
			continue
		}
		lost++
		if token, session, err = c.refreshToken(ctx); err != nil {
			return err
		}
	}
	note := fmt.Sprintf("of %d: one rotation and %d equal answers each", rounds, tabs)
	b.add(figure(refreshesLost, float64(lost), "sessions", goal{"≤", 0}, note))
	return nil
}

// refreshToken of a new session.
func (c *client) refreshToken(ctx context.Context) (token, session string, err error) {
	var signedIn struct {
		RefreshToken string `json:"refresh_token"`
		AccessToken  string `json:"access_token"`
	}
	if err := c.send(ctx, http.MethodPost, "/api/v1/auth/login", map[string]string{"email": c.email, "password": c.password}, &signedIn); err != nil {
		return "", "", err
	}
	as := &client{addr: c.addr, token: signedIn.AccessToken}
	var sessions struct {
		Items []struct {
			ID      string
			Current bool
		}
	}
	err = as.send(ctx, http.MethodGet, "/api/v1/users/me/sessions", nil, &sessions)
	for _, s := range sessions.Items {
		if s.Current {
			session = s.ID
		}
	}
	return signedIn.RefreshToken, session, err
}

// refreshAll refreshes a token in every tab at once and returns the tokens that they got.
func (c *client) refreshAll(ctx context.Context, token string) (map[string]bool, error) {
	var all errgroup.Group
	start, got := make(chan struct{}), make([]string, tabs)
	for i := range got {
		all.Go(func() error {
			<-start
			var refreshed struct {
				RefreshToken string `json:"refresh_token"`
			}
			err := c.send(ctx, http.MethodPost, "/api/v1/auth/refresh", map[string]string{"refresh_token": token}, &refreshed)
			got[i] = refreshed.RefreshToken
			return err
		})
	}
	close(start)
	err := all.Wait()
	successors := map[string]bool{}
	for _, token := range got {
		successors[token] = true
	}
	return successors, err
}

// generation of a session, 0 when it is gone.
func (s *subject) generation(ctx context.Context, session string) (n int, err error) {
	err = s.admin.QueryRow(ctx, "select coalesce((select generation from app.sessions where id = $1), 0)", session).Scan(&n)
	return n, err
}
