package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAChangeOfAnotherRevisionIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for path, body := range map[string]object{
		o.path(""): {"name": "Renamed"}, dataset: {"name": "Renamed"}, "/api/v1/users/me": {"full_name": "Ada"},
	} {
		first := o.owner.get(path).header.Get("ETag")
		require.Regexp(t, `^"[0-9]+"$`, first)
		changed := o.owner.patch(path, body, "If-Match", first)
		changed.is(http.StatusOK)
		second := changed.header.Get("ETag")
		require.NotEqual(t, first, second)
		require.Equal(t, second, o.owner.get(path).header.Get("ETag"))

		before := o.s.dump()
		for _, stale := range []string{first, `"0"`, `"-1"`, `"99999999999999999999"`, "nonsense", second[1 : len(second)-1], "W/" + second, `"` + second + `"`} {
			o.owner.patch(path, body, "If-Match", stale).refused(http.StatusPreconditionFailed, "precondition_failed")
		}
		require.Equal(t, before, o.s.dump())
		o.owner.patch(path, body, "If-Match", second).is(http.StatusOK)
		o.owner.patch(path, body, "If-Match", "*").is(http.StatusOK)
		o.owner.patch(path, body).is(http.StatusOK)
	}
}

func TestAMembersRoleOfAnotherRevisionIsNotChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	viewer := o.members() + o.viewer.id.String()
	first := o.owner.patch(viewer, object{"role": "ANALYST"}).header.Get("ETag")
	second := o.owner.patch(viewer, object{"role": "ADMIN"}, "If-Match", first).header.Get("ETag")
	o.owner.patch(viewer, object{"role": "OWNER"}, "If-Match", first).refused(http.StatusPreconditionFailed, "precondition_failed")
	require.Equal(t, "ADMIN", o.roleOf(o.viewer))
	o.owner.patch(viewer, object{"role": "VIEWER"}, "If-Match", second).is(http.StatusOK)
}

func TestOfTwoChangesAtOnceOfOneRevisionOneSucceeds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 10 {
		tag := o.owner.get(o.path("")).header.Get("ETag")
		request := func() answer { return o.owner.patch(o.path(""), object{"name": "Renamed"}, "If-Match", tag) }
		answers := atOnce(request, request)
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusPreconditionFailed}, []int{answers[0].status, answers[1].status})
	}
}

func TestWhoMayNotChangeLearnsNoRevision(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	p := o.s.newPerson("Otto Outsider")
	p.patch(o.path(""), object{"name": "Mine"}, "If-Match", `"99"`).refused(http.StatusNotFound, "not_found")
	p.patch(o.dataset(o.owner), object{"name": "Mine"}, "If-Match", `"99"`).refused(http.StatusNotFound, "not_found")
	o.viewer.patch(o.path(""), object{"name": "Mine"}, "If-Match", `"1"`).refused(http.StatusForbidden, "forbidden")
}
