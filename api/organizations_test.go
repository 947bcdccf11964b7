package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const myOrganizations = "/api/v1/organizations"

// deletedAgo has the organization deleted, in the past.
func (o *organization) deletedAgo(interval string) {
	o.s.t.Helper()
	o.s.force("update app.organizations set deleted_at = now() - $2::interval where id = $1", o.id, interval)
}

func (o *organization) undelete() {
	o.s.t.Helper()
	o.s.force("update app.organizations set deleted_at = null where id = $1", o.id)
}

// event is the newest of an organization: its action, what was before and what is after.
func (o *organization) event() (action string, before, after object) {
	o.s.t.Helper()
	var b, a []byte
	require.NoError(o.s.t, o.s.admin.QueryRow(o.s.t.Context(), `select action, coalesce(before, '{}'), coalesce(after, '{}') from app.audit_events
		where org_id = $1 order by id desc limit 1`, o.id).Scan(&action, &b, &a))
	require.NoError(o.s.t, json.Unmarshal(b, &before))
	require.NoError(o.s.t, json.Unmarshal(a, &after))
	return action, before, after
}

func TestASlugIsMadeOfTheName(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Ada")
	for name, slug := range map[string]string{
		"Acme":                     `^acme-[0-9a-f]{12}$`,
		" Büro  für Öl & Gas, 2 ":  `^buro-fur-ol-gas-2-[0-9a-f]{12}$`,
		"北京":                       `^[0-9a-f]{12}$`,
		"'; drop table x":          `^drop-table-x-[0-9a-f]{12}$`,
		strings.Repeat("long ", 9): `^long-long-long-long-long-long-[0-9a-f]{12}$`,
	} {
		made := p.post(myOrganizations, object{"name": name}).is(http.StatusCreated)
		require.Regexp(t, slug, made["slug"])
		require.Equal(t, "UTC", made["time_zone"])
	}
}

func TestOrganizationsOfOneNameHaveSlugsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	one, other := s.newOrganization(), s.newOrganization()
	slug := one.owner.get(one.path("")).object()["slug"]
	require.NotEqual(t, slug, other.owner.get(other.path("")).object()["slug"])
	action, _, after := one.event()
	require.Equal(t, "organization.created", action)
	require.Equal(t, object{"name": "Acme", "slug": slug}, after)
}

// TestATakenSlugTellsNothingElse: the answer is the same for a live and a deleted organization, and has nothing of it; one's own
// may be set again.
func TestATakenSlugTellsNothingElse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	other.owner.patch(other.path(""), object{"slug": "northwind"}).is(http.StatusOK)
	live := o.owner.patch(o.path(""), object{"slug": "northwind", "name": "Renamed"})
	live.refused(http.StatusConflict, "slug_taken")
	other.deletedAgo("40 days")
	require.Equal(t, string(live.body), string(o.admin.patch(o.path(""), object{"slug": "northwind"}).body))
	require.NotContains(t, string(live.body), other.id.String())
	require.Equal(t, "Acme", o.owner.get(o.path("")).object()["name"], "nothing is half done")

	o.admin.patch(o.path(""), object{"slug": "acme-1"}).is(http.StatusOK)
	o.admin.patch(o.path(""), object{"slug": "acme-1"}).is(http.StatusOK)
}

// TestATriedSlugIsCounted: a hundred taken ones, then one every six seconds.
func TestATriedSlugIsCounted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	taken := object{"slug": other.owner.get(other.path("")).object()["slug"]}
	for range 100 {
		o.owner.patch(o.path(""), taken).refused(http.StatusConflict, "slug_taken")
	}
	o.owner.patch(o.path(""), taken).refused(http.StatusTooManyRequests, "rate_limited")
	s.clock.Add(int64(6 * time.Second))
	o.owner.patch(o.path(""), taken).refused(http.StatusConflict, "slug_taken")
}

func TestOnesOwnOrganizationIsFoundByItsSlug(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.newOrganization(), s.newOrganization()
	o.s.force("insert into app.memberships (org_id, user_id, role, full_name) values ($1, $2, 'VIEWER', 'x')", other.id, o.owner.id)
	o.owner.patch(o.path(""), object{"slug": "acme"}).is(http.StatusOK)
	found := o.owner.get(myOrganizations + "?slug=acme").items()
	require.Len(t, found, 1)
	require.Equal(t, o.id.String(), found[0]["id"])
	require.Len(t, o.owner.get(myOrganizations).items(), 2)
	require.Empty(t, other.owner.get(myOrganizations+"?slug=acme").items(), "of others nothing is found")
}

func TestAMergePatchChangesWhatItNames(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	before := o.owner.get(o.path("")).object()
	for _, change := range []object{{"name": "Northwind"}, {"slug": "northwind"}, {"time_zone": "Europe/Berlin"}} {
		changed := o.owner.patch(o.path(""), change).is(http.StatusOK)
		action, was, is := o.event()
		require.Equal(t, "organization.changed", action)
		require.Equal(t, change, is, "only what is another now")
		for property, value := range change {
			require.Equal(t, value, changed[property])
			require.Equal(t, before[property], was[property])
		}
		for _, property := range []string{"name", "slug", "time_zone"} {
			if change[property] == nil {
				require.Equal(t, before[property], changed[property], "%s stays", property)
			}
		}
		before = changed
	}
	require.Equal(t, "Northwind", o.owner.patch(o.path(""), object{}).is(http.StatusOK)["name"])
	etag := o.owner.get(o.path("")).header.Get("ETag")
	o.owner.patch(o.path(""), object{"name": "Once"}, "If-Match", etag).is(http.StatusOK)
	o.owner.patch(o.path(""), object{"name": "Twice"}, "If-Match", etag).refused(http.StatusPreconditionFailed, "precondition_failed")
}

func TestSettingsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	before := o.s.dump()
	for property, values := range map[string][]any{
		"name":       {nil, "", "  ", 7},
		"slug":       {nil, "", "a", "A", "Acme", "acme-", "-acme", "a--b", "a_b", "a.b", "a b", "ácme", "acme\n", strings.Repeat("a", 49)},
		"time_zone":  {nil, "", "utc", "Local", "Mars/Olympus", "FOO+5", "Europe/../Europe/Berlin", "EST5EDT,M3.2.0,M11.1.0", "+02:00", "Europe/Berlin\x00", 2},
		"deleted_at": {nil, "2026-01-01T00:00:00Z"}, "id": {o.id.String()}, "revision": {1},
	} {
		for _, value := range values {
			a := o.owner.patch(o.path(""), object{property: value})
			problem := a.refused(http.StatusUnprocessableEntity, "invalid")
			require.Equal(t, "body."+property, problem["errors"].([]any)[0].(object)["location"], "%q", value)
		}
	}
	require.Equal(t, before, o.s.dump())
}

// TestADeletedOrganizationLetsNobodyIn, by any operation, until it is restored; then everything is as it was.
func TestADeletedOrganizationLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o := s.newOrganization()
	dataset, stranger := o.dataset(o.analyst), s.newPerson("Mallory")
	asked, operations := map[string]func(person) answer{}, operations(t)
	for _, l := range lines() {
		if op := operations[l.operation]; strings.Contains(op.path, "{org_id}") && l.operation != "restore-organization" {
			r := l.make(o, o.colleague)
			asked[l.operation+" "+l.on] = func(p person) answer { return op.send(p, o.id.String(), r) }
		}
	}
	o.owner.delete(o.path("")).is(http.StatusNoContent)

	for line, ask := range asked {
		for _, p := range []person{o.owner, o.admin, o.analyst, o.viewer} {
			a := ask(p)
			require.Equal(t, http.StatusGone, a.status, "%s: %s", line, a.body)
			a.refused(http.StatusGone, "organization_deleted")
		}
		ask(stranger).refused(http.StatusNotFound, "not_found")
	}
	for _, p := range []person{o.owner, o.viewer} {
		require.Empty(t, p.get(myOrganizations).items())
	}
	o.owner.post(o.path("/restore"), nil).is(http.StatusOK)
	o.analyst.get(dataset).is(http.StatusOK)
	require.Len(t, o.viewer.get(myOrganizations).items(), 1)
}

func TestAnOwnerRestoresWithinThirtyDays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, stranger := s.newOrganization(), s.newPerson("Mallory")
	restore := o.path("/restore")
	o.owner.post(restore, nil).refused(http.StatusConflict, "organization_not_deleted")

	o.owner.delete(o.path("")).is(http.StatusNoContent)
	o.deletedAgo("29 days 23 hours 59 minutes")
	for _, p := range []person{o.admin, o.analyst, o.viewer} {
		p.post(restore, nil).refused(http.StatusForbidden, "forbidden")
	}
	requireSameAnswer(t, stranger.post(restore, nil), stranger.post("/api/v1/organizations/"+uuid.NewString()+"/restore", nil))
	restored := o.owner.post(restore, nil).is(http.StatusOK)
	require.Equal(t, "OWNER", restored["role"])
	require.NotContains(t, restored, "deleted_at")

	o.deletedAgo("30 days")
	o.owner.post(restore, nil).refused(http.StatusGone, "restoration_over")
	o.owner.get(o.path("")).refused(http.StatusGone, "organization_deleted")
}

// TestAttack_100_AKeyRestoresNothing: neither one that the server remembers nor one that was revoked since.
func TestAttack_100_AKeyRestoresNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	key := o.newKeyOf(o.owner, "OWNER")
	key.get(o.path("/datasets")).is(http.StatusOK)
	o.owner.delete(o.path("")).is(http.StatusNoContent)
	key.post(o.path("/restore"), nil).refused(http.StatusForbidden, "key_not_allowed")
	o.s.force("update app.api_keys set revoked_at = now()")
	key.post(o.path("/restore"), nil).refused(http.StatusForbidden, "key_not_allowed")
	o.owner.get(o.path("")).refused(http.StatusGone, "organization_deleted")
}

func TestOnlyAnOwnerDeletesAndItIsOnTheRecord(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, p := range []person{o.admin, o.analyst, o.viewer} {
		p.delete(o.path("")).refused(http.StatusForbidden, "forbidden")
	}
	require.Equal(t, "organizations_update", o.admin.delete(o.path("")).object()["policy"])
	o.owner.delete(o.path("")).is(http.StatusNoContent)
	action, _, _ := o.event()
	require.Equal(t, "organization.deleted", action)
	o.owner.delete(o.path("")).refused(http.StatusGone, "organization_deleted")
	o.owner.post(o.path("/restore"), nil).is(http.StatusOK)
	action, _, _ = o.event()
	require.Equal(t, "organization.restored", action)
}

func TestDeletedOrganizationsAreListedForTheirOwners(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, live := s.newOrganization(), s.newOrganization()
	s.force("insert into app.memberships (org_id, user_id, role, full_name) values ($1, $2, 'OWNER', 'x')", live.id, o.owner.id)
	o.owner.delete(o.path("")).is(http.StatusNoContent)
	for _, p := range []person{o.admin, o.analyst, o.viewer} {
		require.Empty(t, p.get(myOrganizations+"?deleted=true").items())
	}
	listed := o.owner.get(myOrganizations + "?deleted=true").items()
	require.Len(t, listed, 1)
	require.Equal(t, o.id.String(), listed[0]["id"])
	var times [2]time.Time
	for i, property := range []string{"deleted_at", "purge_after"} {
		var err error
		times[i], err = time.Parse(time.RFC3339, listed[0][property].(string))
		require.NoError(t, err)
	}
	require.Equal(t, 30*24*time.Hour, times[1].Sub(times[0]))
	listed = o.owner.get(myOrganizations).items()
	require.Len(t, listed, 1)
	require.Equal(t, live.id.String(), listed[0]["id"])
	require.NotContains(t, listed[0], "deleted_at")
}

// TestOfADeletionAndChangesAtOnceNothingIsHalfDone: who was in before it may finish, nobody gets in after it.
func TestOfADeletionAndChangesAtOnceNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for range 20 {
		answers := atOnce(
			func() answer { return o.owner.delete(o.path("")) },
			func() answer { return o.owner.delete(o.path("")) },
			func() answer { return o.admin.patch(o.path(""), object{"name": "Renamed"}) },
		)
		deleted := 0
		for _, a := range answers {
			require.Less(t, a.status, 500, "%s", a.body)
			if a.status == http.StatusNoContent {
				deleted++
			} else if a.status >= 400 {
				a.refused(http.StatusGone, "organization_deleted")
			}
		}
		require.Equal(t, 1, deleted)
		answers = atOnce(
			func() answer { return o.owner.post(o.path("/restore"), nil) },
			func() answer { return o.owner.post(o.path("/restore"), nil) },
		)
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusConflict}, []int{answers[0].status, answers[1].status})
	}
}

// TestTodayIsThatOfTheOrganization: 26 hours are between two of the zones, so that it is never the same day in both.
func TestTodayIsThatOfTheOrganization(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	days := map[string]bool{}
	for _, zone := range []string{"Pacific/Kiritimati", "Etc/GMT+12"} {
		o.owner.patch(o.path(""), object{"time_zone": zone}).is(http.StatusOK)
		location, err := time.LoadLocation(zone)
		require.NoError(t, err)
		before := time.Now().In(location).Format(time.DateOnly)
		answered := o.analyst.post(dataset+"/questions", object{"question": "how many rows today"}).is(http.StatusOK)
		filter := answered["interpretation"].(object)["filters"].([]any)[0].(object)
		require.Contains(t, []string{before, time.Now().In(location).Format(time.DateOnly)}, filter["value"])
		days[filter["value"].(string)] = true
	}
	require.Len(t, days, 2)
}
