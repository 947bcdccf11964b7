package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"
)

const ownersLost = "owners: tries that left none"

// owners has two OWNERs end each other at once, again and again, by every pair of what can end one, and counts the organizations
// that are without one then.
func (b *bench) owners(ctx context.Context, s *subject) error {
	other, err := register(ctx, s.server.addr)
	if err != nil {
		return err
	}
	if err := errors.Join(s.signIn(ctx), s.makeOwners(ctx, other)); err != nil {
		return err
	}
	left, failed := map[int]int{}, 0
	for i := range b.tries {
		statuses, err := together(
			func() (int, error) { return endings[i%len(endings)](ctx, s.client, other.user, s.org) },
			func() (int, error) { return endings[i/len(endings)%len(endings)](ctx, other, s.user, s.org) })
		if err != nil {
			return err
		}
		for _, status := range statuses {
			if status >= http.StatusInternalServerError {
				failed++
			}
		}
		n, err := s.countOwners(ctx)
		if err != nil {
			return err
		}
		left[n]++
		if err := s.makeOwners(ctx, other); err != nil {
			return err
		}
	}
	note := fmt.Sprintf("of %d: one left after %d, two after %d; %d answers were 5xx", b.tries, left[1], left[2], failed)
	b.add(figure(ownersLost, float64(left[0]), "tries", goal{"≤", 0}, note))
	return nil
}

// endings are what an OWNER may do about another one, or about being one. They return the status of the answer.
var endings = []func(ctx context.Context, by *client, other, org string) (int, error){
	func(ctx context.Context, by *client, other, org string) (int, error) {
		return by.status(ctx, http.MethodPatch, "/api/v1/organizations/"+org+"/members/"+other, `{"role": "VIEWER"}`)
	},
	func(ctx context.Context, by *client, other, org string) (int, error) {
		return by.status(ctx, http.MethodDelete, "/api/v1/organizations/"+org+"/members/"+other, "")
	},
	func(ctx context.Context, by *client, _, org string) (int, error) {
		return by.status(ctx, http.MethodDelete, "/api/v1/organizations/"+org+"/members/"+by.user, "")
	},
	func(ctx context.Context, by *client, _, org string) (int, error) {
		return by.status(ctx, http.MethodPatch, "/api/v1/organizations/"+org+"/members/"+by.user, `{"role": "ANALYST"}`)
	},
	func(ctx context.Context, by *client, other, org string) (int, error) {
		return by.status(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/transfer-ownership", `{"user_id": "`+other+`", "role": "VIEWER"}`)
	},
}

// together runs two requests at once.
func together(one, other func() (int, error)) (statuses [2]int, err error) {
	var both errgroup.Group
	start := make(chan struct{})
	for i, request := range []func() (int, error){one, other} {
		both.Go(func() (err error) {
			<-start
			statuses[i], err = request()
			return err
		})
	}
	close(start)
	return statuses, both.Wait()
}

// makeOwners makes both OWNER of the subject's organization.
func (s *subject) makeOwners(ctx context.Context, other *client) error {
	_, err := s.admin.Exec(ctx, `insert into app.memberships (org_id, user_id, role, full_name) select $1, unnest($2::uuid[]), 'OWNER', 'Bench'
		on conflict (org_id, user_id) do update set role = 'OWNER'`, s.org, []string{s.user, other.user})
	return err
}

func (s *subject) countOwners(ctx context.Context) (n int, err error) {
	err = s.admin.QueryRow(ctx, "select count(*) from app.memberships where org_id = $1 and role = 'OWNER'", s.org).Scan(&n)
	return n, err
}

// status of the answer to a request with a JSON body, or none.
func (c *client) status(ctx context.Context, method, path, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
