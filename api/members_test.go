package api_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLastOwnerIsNeitherRemovedNorDemoted(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	owner := o.members() + o.owner.id.String()
	for _, role := range roles[1:] {
		o.owner.patch(owner, object{"role": role}).refused(http.StatusConflict, "last_owner")
	}
	o.owner.delete(owner).refused(http.StatusConflict, "last_owner")
	o.owner.patch(owner, object{"role": "OWNER"}).is(http.StatusOK)

	other := o.newMember("OWNER")
	o.owner.delete(owner).is(http.StatusNoContent)
	other.delete(o.members()+other.id.String()).refused(http.StatusConflict, "last_owner")
}

func TestOfTwoOwnersWhoDemoteEachOtherAtOnceOneRemains(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 30 {
		a, b := o.newMember("OWNER"), o.newMember("OWNER")
		o.s.force("update app.memberships set role = 'VIEWER' where org_id = $1 and role = 'OWNER' and user_id <> all ($2)",
			o.id, []string{a.id.String(), b.id.String()})
		answers := atOnce(
			func() answer { return a.patch(o.members()+b.id.String(), object{"role": "ADMIN"}) },
			func() answer { return b.delete(o.members() + a.id.String()) },
		)
		require.Equal(t, 1, o.owners(), "%s\n%s", answers[0].body, answers[1].body)
		for _, a := range answers {
			require.Less(t, a.status, 500, "%s", a.body)
		}
	}
}

func TestOfTwoOwnersWhoLeaveAtOnceOneRemains(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 30 {
		a, b := o.newMember("OWNER"), o.newMember("OWNER")
		o.s.force("delete from app.memberships where org_id = $1 and role = 'OWNER' and user_id <> all ($2)",
			o.id, []string{a.id.String(), b.id.String()})
		answers := atOnce(
			func() answer { return a.delete(o.members() + a.id.String()) },
			func() answer { return b.delete(o.members() + b.id.String()) },
		)
		require.Equal(t, 1, o.owners())
		require.ElementsMatch(t, []int{http.StatusNoContent, http.StatusConflict}, []int{answers[0].status, answers[1].status})
	}
}

// atOnce makes requests that are let go together.
func atOnce(requests ...func() answer) []answer {
	answers := make([]answer, len(requests))
	var ready, done sync.WaitGroup
	ready.Add(len(requests))
	for i, request := range requests {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			answers[i] = request()
		})
	}
	done.Wait()
	return answers
}

func (o *organization) owners() (n int) {
	err := o.s.admin.QueryRow(o.s.t.Context(), "select count(*) from app.memberships where org_id = $1 and role = 'OWNER'", o.id).Scan(&n)
	require.NoError(o.s.t, err)
	return n
}

func TestAttack_075_ARemovedMembersTokenOpensNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.analyst.get(dataset).is(http.StatusOK)
	o.owner.delete(o.members() + o.analyst.id.String()).is(http.StatusNoContent)

	o.analyst.get(dataset).refused(http.StatusNotFound, "not_found")
	o.analyst.delete(dataset).refused(http.StatusNotFound, "not_found")
	o.analyst.get(o.path("")).refused(http.StatusNotFound, "not_found")
	require.Empty(t, o.analyst.get("/api/v1/organizations").items())
	o.owner.get(dataset).is(http.StatusOK)
}

func TestAttack_074_ARoleIsThatOfThisMomentNotOfTheToken(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, rename := o.dataset(o.admin), object{"name": "Renamed"}
	o.admin.patch(dataset, rename).is(http.StatusOK)
	o.owner.patch(o.members()+o.admin.id.String(), object{"role": "VIEWER"}).is(http.StatusOK)
	o.admin.patch(dataset, rename).refused(http.StatusForbidden, "forbidden")
	require.Equal(t, "VIEWER", o.admin.get(o.path("")).is(http.StatusOK)["role"])

	o.owner.patch(o.members()+o.viewer.id.String(), object{"role": "ADMIN"}).is(http.StatusOK)
	o.viewer.patch(dataset, rename).is(http.StatusOK)
}

func TestAttack_101_AnAdminMakesNobodyMoreThanAnAnalyst(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, role := range []string{"OWNER", "ADMIN"} {
		for _, p := range []person{o.admin, o.analyst, o.viewer} {
			o.admin.patch(o.members()+p.id.String(), object{"role": role}).refused(http.StatusForbidden, "forbidden")
			p.patch(o.members()+p.id.String(), object{"role": role}).refused(http.StatusForbidden, "forbidden")
		}
	}
	require.Equal(t, "ADMIN", o.roleOf(o.admin))
	analyst := o.members() + o.analyst.id.String()
	require.Equal(t, "VIEWER", o.admin.patch(analyst, object{"role": "VIEWER"}).is(http.StatusOK)["role"])
	require.Equal(t, "ANALYST", o.admin.patch(analyst, object{"role": "ANALYST"}).is(http.StatusOK)["role"])
}

func TestAttack_102_AnAdminTouchesNoOwnerAndNoAdmin(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, p := range []person{o.owner, o.newMember("OWNER"), o.newMember("ADMIN")} {
		before := o.s.dump()
		for _, role := range roles {
			o.admin.patch(o.members()+p.id.String(), object{"role": role}).refused(http.StatusForbidden, "forbidden")
		}
		o.admin.delete(o.members()+p.id.String()).refused(http.StatusForbidden, "forbidden")
		require.Equal(t, before, o.s.dump())
	}
	o.admin.delete(o.members() + o.admin.id.String()).is(http.StatusNoContent)
}

func TestAChangeOfARoleIsOnTheRecord(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.owner.patch(o.members()+o.viewer.id.String(), object{"role": "ANALYST"}).is(http.StatusOK)
	action, before, after := o.event()
	require.Equal(t, "member.role_changed", action)
	require.Equal(t, []object{{"role": "VIEWER"}, {"role": "ANALYST"}}, []object{before, after})
}

func TestAddressesAreShownToOwnersAndAdmins(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, p := range []person{o.owner, o.admin} {
		for _, member := range p.get(o.path("/members")).items() {
			require.NotEmpty(t, member["email"])
		}
	}
	for _, p := range []person{o.analyst, o.viewer} {
		a := p.get(o.path("/members"))
		require.Len(t, a.items(), 5)
		require.NotContains(t, string(a.body), "@")
	}
}

func TestANewNameReachesTheOtherMembers(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.analyst.patch("/api/v1/users/me", object{"full_name": "Ada Lovelace"}).is(http.StatusOK)
	var names []any
	for _, member := range o.viewer.get(o.path("/members")).items() {
		names = append(names, member["full_name"])
	}
	require.Contains(t, names, "Ada Lovelace")
}
