package api_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func (o *organization) transfer(from, to person, role string) answer {
	o.s.t.Helper()
	body := object{"user_id": to.id}
	if role != "" {
		body["role"] = role
	}
	return from.post(o.path("/transfer-ownership"), body)
}

func TestOwnershipGoesToAMember(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	heir := o.transfer(o.owner, o.viewer, "").is(http.StatusOK)
	require.Equal(t, "OWNER", heir["role"])
	require.Equal(t, o.viewer.id.String(), heir["user_id"])
	require.Equal(t, o.viewer.email, heir["email"])
	require.Equal(t, []string{"ADMIN", "OWNER"}, []string{o.roleOf(o.owner), o.roleOf(o.viewer)})
	action, before, after := o.event()
	require.Equal(t, "organization.ownership_transferred", action)
	require.Equal(t, object{"role": "VIEWER"}, before)
	require.Equal(t, object{"role": "OWNER", "actor_role": "ADMIN"}, after)

	o.transfer(o.owner, o.analyst, "").refused(http.StatusForbidden, "forbidden")
	o.transfer(o.viewer, o.owner, "ANALYST").is(http.StatusOK)
	require.Equal(t, []string{"OWNER", "ANALYST"}, []string{o.roleOf(o.owner), o.roleOf(o.viewer)})
	o.transfer(o.owner, o.newMember("OWNER"), "VIEWER").is(http.StatusOK)
	require.Equal(t, "VIEWER", o.roleOf(o.owner))
}

func TestATransferThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	account := o.newServiceAccount("ADMIN")
	before := s.dump()
	o.transfer(o.owner, o.owner, "").refused(http.StatusUnprocessableEntity, "invalid")
	o.transfer(o.owner, o.admin, "OWNER").refused(http.StatusUnprocessableEntity, "invalid")
	errors := o.transfer(o.owner, account, "").refused(http.StatusUnprocessableEntity, "invalid")["errors"].([]any)
	require.Equal(t, object{"location": "body.user_id", "message": "a service account is never OWNER"}, errors[0])
	o.transfer(o.owner, other.viewer, "").refused(http.StatusNotFound, "not_found")
	o.transfer(o.owner, person{id: uuid.New()}, "").refused(http.StatusNotFound, "not_found")
	for _, p := range []person{o.admin, o.analyst, o.viewer} {
		o.transfer(p, o.colleague, "").refused(http.StatusForbidden, "forbidden")
		o.transfer(p, o.owner, "").refused(http.StatusForbidden, "forbidden")
	}
	require.Equal(t, before, s.dump())
}

// TestAnOwnerRemains, whatever two of them do at once: one transfers to somebody or to the other, who demotes, removes, leaves or
// transfers. Each of them is an OWNER again before the next turn.
func TestAnOwnerRemainsWhenOwnershipMovesAtOnce(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	a, b := o.owner, o.newMember("OWNER")
	acts := []func(by, other person) answer{
		func(by, other person) answer { return o.transfer(by, other, "VIEWER") },
		func(by, _ person) answer { return o.transfer(by, o.colleague, "VIEWER") },
		func(by, other person) answer {
			return by.patch(o.members()+other.id.String(), object{"role": "VIEWER"})
		},
		func(by, other person) answer { return by.delete(o.members() + other.id.String()) },
		func(by, _ person) answer { return by.delete(o.members() + by.id.String()) },
	}
	for range 5 {
		for _, first := range acts[:2] {
			for _, second := range acts {
				answers := atOnce(func() answer { return first(a, b) }, func() answer { return second(b, a) })
				require.Positive(t, o.owners(), "%s\n%s", answers[0].body, answers[1].body)
				for _, a := range answers {
					if a.status >= 500 { // roles have changed since it began
						a.refused(http.StatusServiceUnavailable, "retry")
					}
				}
				o.force(o.colleague, "ANALYST")
				o.force(a, "OWNER")
				o.force(b, "OWNER")
			}
		}
	}
}

// TestWhoHasLeftIsNoMember in the list of the others.
func TestWhoHasLeftIsNoMember(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.analyst.delete(o.members() + o.analyst.id.String()).is(http.StatusNoContent)
	for _, member := range o.viewer.get(o.path("/members")).items() {
		require.NotEqual(t, o.analyst.id.String(), member["user_id"])
	}
	action, _, _ := o.event()
	require.Equal(t, "member.left", action)
	o.owner.delete(o.members()+o.owner.id.String()).refused(http.StatusConflict, "last_owner")
}

// TestWhoGivesTheOwnershipAwayDoesNotEndTheNewOwner in the same moment, of whom the other statement's snapshot does not know.
func TestWhoGivesTheOwnershipAwayDoesNotEndTheNewOwner(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, end := range []func() answer{
		func() answer { return o.owner.delete(o.members() + o.admin.id.String()) },
		func() answer { return o.owner.patch(o.members()+o.admin.id.String(), object{"role": "VIEWER"}) },
	} {
		for _, first := range []bool{true, false} {
			o.force(o.owner, "OWNER")
			o.force(o.admin, "ADMIN")
			requests := []func() answer{func() answer { return o.transfer(o.owner, o.admin, "VIEWER") }, end}
			if !first {
				slices.Reverse(requests)
			}
			o.s.behind("select from app.memberships where org_id = $1 and user_id = $2 for update", []any{o.id, o.owner.id}, requests...)
			require.Positive(t, o.owners())
		}
		for range 15 {
			o.force(o.owner, "OWNER")
			o.force(o.admin, "ADMIN")
			atOnce(func() answer { return o.transfer(o.owner, o.admin, "VIEWER") }, end)
			require.Positive(t, o.owners())
		}
	}
}
