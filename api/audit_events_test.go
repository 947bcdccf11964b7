package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// unaudited are the operations that change something and write no event, each with the reason.
var unaudited = map[string]string{
	"update-me":         "one's own: security events, and the revision",
	"logout":            "one's own session: security events",
	"revoke-session":    "one's own session: security events",
	"logout-everywhere": "one's own sessions: security events",
	"change-password":   "one's own password: security events",
	"query-dataset":     "changes nothing",
	"ask-question":      "the question is kept itself, with who asked",
	"create-analysis":   "analyses are not on the record: they have their creator, and change no rights and no data",
	"delete-analysis":   "analyses are not on the record",
	"create-run":        "a run is kept itself, with who ran it",
	"remove-identity":   "one's own: security events",

	"request-verification": "one's own address: security events, once it is verified",
	"change-email":         "one's own address: security events, once it is changed",
}

// reading are the operations that change nothing and are on the record all the same.
var reading = []string{"export-audit-events", "export-organization"}

// TestEveryChangeIsOnTheRecord: each operation that changes something writes exactly one event with the id of its request, or is
// unaudited; and each refusal that a member is told is one as well. Over every line of the access grid.
func TestEveryChangeIsOnTheRecord(t *testing.T) {
	t.Parallel()
	operations := operations(t)
	for id := range unaudited {
		require.Contains(t, operations, id)
	}
	for id, operation := range operations {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			o := newServer(t).newOrganization()
			for _, l := range lines() {
				if l.operation == id {
					t.Run(l.on, func(t *testing.T) { l.requireEvents(o.in(t), operation) })
				}
			}
		})
	}
}

func (l line) requireEvents(o *organization, op described) {
	t := o.s.t
	_, free := unaudited[l.operation]
	audited := (op.method != http.MethodGet || slices.Contains(reading, l.operation)) && !free
	for _, column := range columns {
		caller := o.caller(column)
		a := op.send(o.with(caller, column), o.id.String(), l.make(o, caller))
		refused := a.status == http.StatusForbidden || a.status == http.StatusConflict && a.object()["code"] == "last_owner"
		if !strings.Contains(op.path, "{org_id}") || l.operation == "restore-organization" && a.object()["code"] != "key_not_allowed" { // whose it would be is not known; nobody gets into a deleted one
			refused = false
		}
		want := 0
		if audited && (a.status < 300 || refused) {
			want = 1
		}
		require.Equal(t, want, o.s.eventsOf(a), "%s: %d %s", column, a.status, a.body)
	}
}

// eventsOf is how many events have the id of a request.
func (s *server) eventsOf(a answer) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select count(*) from app.audit_events where request_id = $1", a.header.Get("X-Request-Id")).Scan(&n))
	return n
}

// happening is one thing that somebody does, and the event that is to come of it.
type happening struct {
	operation     string
	by            person
	do            func() answer
	action        string
	object        any // an id, or nil
	before, after any // object, or nil
	refusal       any // a code, or nil
}

// TestEventsSayWhoDidWhat has a line for each audited operation done, and one for it refused.
func TestEventsSayWhoDidWhat(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	met := map[string]int{}
	for _, h := range slices.Concat(o.happenMembers(), o.happenInvitations(), o.happenOrganizations(), o.happenDatasets(), o.happenKeys(), o.happenOwnership()) {
		a := h.do()
		require.NotEqual(t, h.refusal == nil, a.status >= 300, "%s: %s", h.action, a.body)
		org := o.id.String()
		if h.operation == "create-organization" {
			org, h.object, h.after = a.id(), a.id(), object{"name": "Another", "slug": a.object()["slug"]}
		}
		switch h.object {
		case "new":
			h.object = a.id()
		case "account":
			h.object = a.object()["user_id"]
		}
		e := o.s.event(o.eventReader(h.by, org), org, a)
		require.Equal(t, h.action, e["action"])
		require.Equal(t, object{"user_id": h.by.id.String(), "full_name": o.s.nameIn(org, h.by)}, e["actor"], h.action)
		require.Equal(t, h.object, e["object_id"], h.action)
		require.Equal(t, h.before, only(e["before"], h.before), h.action)
		require.Equal(t, h.after, only(e["after"], h.after), h.action)
		require.Equal(t, h.refusal, e["refusal"], h.action)
		require.Equal(t, map[bool]string{true: "done", false: "refused"}[h.refusal == nil], e["outcome"])
		require.Equal(t, "127.0.0.1", e["address"])
		require.Nil(t, e["api_key_id"])
		at, err := time.Parse(time.RFC3339, e["at"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, time.Minute)
		require.NotRegexp(t, "if[ik]_", fmt.Sprint(e))
		if h.refusal == nil {
			met[h.operation] |= 1
		} else {
			met[h.operation] |= 2
		}
	}
	// What cannot be refused to a member: founding is no member's, accepting neither, exporting is everybody's.
	// Others' invitations are not there, and who may not restore an organization is not let in to have it written down.
	never := []string{"create-organization", "accept-invitation", "accept-received-invitation", "decline-invitation", "export-audit-events",
		"restore-organization", "resend-invitation", "revoke-api-key"}
	for id, operation := range operations(t) {
		_, free := unaudited[id]
		_, public := exempt[id]
		if operation.method == http.MethodGet && !slices.Contains(reading, id) || free || public {
			continue
		}
		want := 3
		if slices.Contains(never, id) {
			want = 1
		}
		if id == "revoke-invitation" { // whoever sees one may revoke it, and others are told 404
			want = 1
		}
		require.Equal(t, want, met[id], "lines of %s", id)
	}
}

// eventReader reads all events of an organization: its OWNER, for what others did.
func (o *organization) eventReader(by person, org string) person {
	if org == o.id.String() {
		return o.owner
	}
	return by
}

// event is the one that a request has written.
func (s *server) event(p person, org string, a answer) object {
	s.t.Helper()
	var found []object
	for _, e := range p.get("/api/v1/organizations/" + org + "/audit-events?limit=100").items() {
		if e["request_id"] == a.header.Get("X-Request-Id") {
			found = append(found, e)
		}
	}
	require.Len(s.t, found, 1, "%s", a.body)
	return found[0]
}

// nameIn is a member's, nil for who is none.
func (s *server) nameIn(org string, p person) any {
	s.t.Helper()
	var name *string
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), "select (select full_name from app.memberships where org_id = $1 and user_id = $2)", org, p.id).Scan(&name))
	if name == nil {
		return nil
	}
	return *name
}

func (o *organization) happenMembers() []happening {
	owner, analyst, viewer, leaver := o.owner.id.String(), o.newMember("ANALYST"), o.newMember("VIEWER"), o.newMember("VIEWER")
	role := func(p person, whom, to string) func() answer {
		return func() answer { return p.patch(o.members()+whom, object{"role": to}) }
	}
	remove := func(p person, whom string) func() answer {
		return func() answer { return p.delete(o.members() + whom) }
	}
	a, v, l := analyst.id.String(), viewer.id.String(), leaver.id.String()
	return []happening{
		{"update-member", o.admin, role(o.admin, a, "VIEWER"), "member.role_changed", a, object{"role": "ANALYST"}, object{"role": "VIEWER"}, nil},
		{"update-member", o.admin, role(o.admin, owner, "VIEWER"), "member.role_changed", owner, nil, object{"role": "VIEWER"}, "forbidden"}, // 0 rows
		{"update-member", o.admin, role(o.admin, a, "OWNER"), "member.role_changed", a, nil, object{"role": "OWNER"}, "forbidden"},           // 42501
		{"update-member", o.viewer, role(o.viewer, o.viewer.id.String(), "OWNER"), "member.role_changed", o.viewer.id.String(), nil, object{"role": "OWNER"}, "forbidden"},
		{"update-member", o.owner, role(o.owner, owner, "VIEWER"), "member.role_changed", owner, nil, object{"role": "VIEWER"}, "last_owner"},
		{"remove-member", o.owner, remove(o.owner, v), "member.removed", v, object{"role": "VIEWER", "full_name": "New VIEWER"}, nil, nil},
		{"remove-member", leaver, remove(leaver, l), "member.left", l, object{"role": "VIEWER", "full_name": "New VIEWER"}, nil, nil},
		{"remove-member", o.analyst, remove(o.analyst, owner), "member.removed", owner, nil, nil, "forbidden"},
		{"remove-member", o.owner, remove(o.owner, owner), "member.removed", owner, nil, nil, "last_owner"},
	}
}

func (o *organization) happenInvitations() []happening {
	email, other, guest := newEmail(), newEmail(), o.s.newPerson("Gus Guest")
	invite := func(p person, email, role string) func() answer {
		return func() answer { return p.post(o.path("/invitations"), object{"email": email, "role": role}) }
	}
	open, forGuest := o.invite(o.owner, newEmail(), "VIEWER"), o.invite(o.owner, guest.email, "ANALYST")
	joins, declines := o.s.newPerson("Jo Joiner"), o.s.newPerson("Dee Decliner")
	toJoin, toDecline := o.invite(o.owner, joins.email, "VIEWER"), o.invite(o.owner, declines.email, "VIEWER")
	return []happening{
		{"create-invitation", o.admin, invite(o.admin, email, "VIEWER"), "invitation.created", "new", nil, object{"email": email, "role": "VIEWER"}, nil},
		{"create-invitation", o.admin, invite(o.admin, other, "ADMIN"), "invitation.created", nil, nil, object{"email": other, "role": "ADMIN"}, "forbidden"},
		{"create-invitation", o.analyst, invite(o.analyst, other, "VIEWER"), "invitation.created", nil, nil, object{"email": other, "role": "VIEWER"}, "forbidden"},
		{"revoke-invitation", o.admin, func() answer { return o.admin.delete(o.path("/invitations/") + open["id"].(string)) },
			"invitation.revoked", open["id"], object{"email": open["email"], "role": "VIEWER"}, nil, nil},
		{"accept-invitation", guest, func() answer { return guest.post("/api/v1/invitations/accept", object{"token": forGuest["token"]}) },
			"invitation.accepted", forGuest["id"], nil, object{"role": "ANALYST"}, nil},
		{"accept-received-invitation", joins, func() answer { return joins.post(received(toJoin, "accept"), nil) },
			"invitation.accepted", toJoin["id"], nil, object{"role": "VIEWER"}, nil},
		{"resend-invitation", o.admin, func() answer { return o.admin.post(o.invitation(toDecline, "/resend"), nil) },
			"invitation.resent", toDecline["id"], nil, object{"email": declines.email, "role": "VIEWER"}, nil},
		{"decline-invitation", declines, func() answer { return declines.post(received(toDecline, "decline"), nil) },
			"invitation.declined", toDecline["id"], object{"role": "VIEWER"}, nil, nil},
	}
}

func (o *organization) happenOrganizations() []happening {
	id := o.id.String()
	rename := func(p person, name string) func() answer {
		return func() answer { return p.patch(o.path(""), object{"name": name}) }
	}
	return []happening{
		{"create-organization", o.viewer, func() answer { return o.viewer.post("/api/v1/organizations", object{"name": "Another"}) },
			"organization.created", "", nil, object{"name": "Another"}, nil},
		{"update-organization", o.admin, rename(o.admin, "Zenith"), "organization.changed", id, object{"name": "Acme"}, object{"name": "Zenith"}, nil},
		{"update-organization", o.viewer, rename(o.viewer, "Mine"), "organization.changed", id, nil, object{"name": "Mine"}, "forbidden"},
		{"export-audit-events", o.viewer, func() answer { return o.viewer.get(o.path("/audit-events/export?action=member.left")) },
			"audit_events.exported", id, nil, object{"action": "member.left"}, nil},
	}
}

// only are the members of what was recorded that want has as well: others are times.
func only(recorded, want any) any {
	r, ok := recorded.(object)
	w, both := want.(object)
	if !ok || !both {
		return recorded
	}
	some := object{}
	for name := range w {
		some[name] = r[name]
	}
	return some
}

func (o *organization) happenKeys() []happening {
	keys, accounts := o.path("/api-keys"), o.path("/service-accounts")
	mine := o.path("/api-keys/" + o.ownKey(o.analyst))
	return []happening{
		{"create-api-key", o.admin, func() answer { return o.admin.post(keys, object{"name": "import", "role": "ANALYST"}) },
			"api_key.created", "new", nil, object{"name": "import", "role": "ANALYST", "user_id": o.admin.id.String()}, nil},
		{"create-api-key", o.viewer, func() answer { return o.viewer.post(keys, object{"name": "import", "role": "VIEWER"}) },
			"api_key.created", nil, nil, object{"name": "import", "role": "VIEWER", "expires_in_days": json.Number("90")}, "forbidden"},
		{"rotate-api-key", o.owner, func() answer { return o.owner.post(mine+"/rotate", object{}) }, "api_key.rotated", lastOf(mine), nil, nil, "forbidden"},
		{"rotate-api-key", o.analyst, func() answer { return o.analyst.post(mine+"/rotate", object{}) },
			"api_key.rotated", lastOf(mine), object{"revoked_at": nil}, object{"name": "x", "role": "VIEWER"}, nil},
		{"revoke-api-key", o.owner, func() answer { return o.owner.delete(mine) },
			"api_key.revoked", lastOf(mine), object{"name": "x", "role": "VIEWER", "user_id": o.analyst.id.String()}, nil, nil},
		{"create-service-account", o.admin, func() answer { return o.admin.post(accounts, object{"name": "Import", "role": "VIEWER"}) },
			"service_account.created", "account", nil, object{"name": "Import", "role": "VIEWER"}, nil},
		{"create-service-account", o.admin, func() answer { return o.admin.post(accounts, object{"name": "Import", "role": "ADMIN"}) },
			"service_account.created", nil, nil, object{"name": "Import", "role": "ADMIN"}, "forbidden"},
	}
}

// happenOwnership comes last: the OWNER is one again after each.
func (o *organization) happenOwnership() []happening {
	id, heir := o.id.String(), o.viewer.id.String()
	transfer := func() answer {
		defer o.force(o.owner, "OWNER")
		return o.transfer(o.owner, o.viewer, "")
	}
	restore := func(p person) answer { return p.post(o.path("/restore"), nil) }
	return []happening{
		{"export-organization", o.owner, func() answer { return o.owner.get(o.path("/export")) }, "organization.exported", id, nil, nil, nil},
		{"export-organization", o.admin, func() answer { return o.admin.get(o.path("/export")) }, "organization.exported", id, nil, nil, "forbidden"},
		{"delete-organization", o.owner, func() answer { defer restore(o.owner); return o.owner.delete(o.path("")) }, "organization.deleted", id, nil, nil, nil},
		{"delete-organization", o.admin, func() answer { return o.admin.delete(o.path("")) }, "organization.deleted", id, nil, nil, "forbidden"},
		{"restore-organization", o.owner, func() answer { o.owner.delete(o.path("")); return restore(o.owner) }, "organization.restored", id, nil, nil, nil},
		{"transfer-ownership", o.admin, func() answer { return o.transfer(o.admin, o.viewer, "") },
			"organization.ownership_transferred", id, nil, object{"user_id": heir}, "forbidden"},
		{"transfer-ownership", o.owner, transfer, "organization.ownership_transferred", heir, object{"role": "VIEWER"}, object{"role": "OWNER", "actor_role": "ADMIN"}, nil},
	}
}

func (o *organization) happenDatasets() []happening {
	dataset := o.dataset(o.colleague)
	id := lastOf(dataset)
	rename := func(p person, name string) func() answer {
		return func() answer { return p.patch(dataset, object{"name": name}) }
	}
	column := func(p person, change object) func() answer {
		return func() answer { return p.patch(columnPath(dataset, rain), change) }
	}
	remove := func(p person) func() answer { return func() answer { return p.delete(dataset) } }
	renew := func(p person, mode string) func() answer {
		return func() answer { return p.renew(dataset, mode, weather) }
	}
	retype := func(p person) func() answer {
		return func() answer { return p.retype(dataset, object{"columns": []object{{"name": "rain", "type": "text"}}}) }
	}
	version := o.inactive(o.colleague)
	its, kept := lastOf(datasetOf(version)), o.sourced(o.colleague)
	post := func(p person, path string) func() answer { return func() answer { return p.post(path, nil) } }
	erase := func(p person, path string) func() answer { return func() answer { return p.delete(path) } }
	number := func(n int) object { return object{"version": json.Number(strconv.Itoa(n))} }
	running, viewers := o.importOf(o.colleague, "running"), o.importOf(o.viewer, "running")
	cancel := func(p person, path string) func() answer { return func() answer { return p.post(path+"/cancel", nil) } }
	return []happening{
		{"activate-version", o.analyst, post(o.analyst, version+"/activate"), "dataset.version_activated", its, nil, nil, "forbidden"},
		{"activate-version", o.colleague, post(o.colleague, version+"/activate"), "dataset.version_activated", its, number(1), number(2), nil},
		{"activate-version", o.admin, post(o.admin, datasetOf(version)+"/versions/1/activate"), "dataset.version_activated", its, number(2), number(1), nil},
		{"delete-version", o.viewer, erase(o.viewer, version), "dataset.version_deleted", its, nil, nil, "forbidden"},
		{"delete-version", o.owner, erase(o.owner, version), "dataset.version_deleted", its, number(2), nil, nil},
		{"restore-version", o.viewer, post(o.viewer, version+"/restore"), "dataset.version_restored", its, nil, nil, "forbidden"},
		{"restore-version", o.admin, post(o.admin, version+"/restore"), "dataset.version_restored", its, nil, number(2), nil},
		{"delete-version", o.colleague, erase(o.colleague, version), "dataset.version_deleted", its, number(2), nil, nil},
		{"purge-version", o.analyst, post(o.analyst, version+"/purge"), "dataset.version_purged", its, nil, nil, "forbidden"},
		{"purge-version", o.colleague, post(o.colleague, version+"/purge"), "dataset.version_purged", its,
			object{"version": json.Number("2"), "row_count": json.Number("6")}, nil, nil},
		{"delete-version-source", o.analyst, erase(o.analyst, kept+"/source"), "dataset.source_deleted", lastOf(datasetOf(kept)), nil, nil, "forbidden"},
		{"delete-version-source", o.colleague, erase(o.colleague, kept+"/source"), "dataset.source_deleted", lastOf(datasetOf(kept)),
			object{"version": json.Number("1"), "bytes": json.Number(strconv.Itoa(len(weather)))}, nil, nil},
		{"create-dataset", o.analyst, func() answer { return o.upload(o.analyst, weather) }, "dataset.created", "new", nil, object{"name": "weather"}, nil},
		{"create-dataset", o.viewer, func() answer { return o.upload(o.viewer, weather) }, "dataset.created", nil, nil, object{"name": "weather"}, "forbidden"},
		{"update-dataset", o.analyst, rename(o.analyst, "Mine"), "dataset.changed", id, nil, object{"name": "Mine"}, "forbidden"},
		{"update-dataset", o.colleague, rename(o.colleague, "Rain"), "dataset.changed", id, object{"name": "weather"}, object{"name": "Rain"}, nil},
		{"create-version", o.viewer, renew(o.viewer, "append"), "dataset.appended", id, nil, nil, "forbidden"},
		{"create-version", o.viewer, renew(o.viewer, "replace"), "dataset.replaced", id, nil, nil, "forbidden"},
		{"create-version", o.colleague, renew(o.colleague, "append"), "dataset.appended", id, number(1), number(2), nil},
		{"create-version", o.owner, renew(o.owner, "replace"), "dataset.replaced", id, number(2), number(3), nil},
		{"change-types", o.viewer, retype(o.viewer), "dataset.types_changed", id, nil, object{"columns": []any{object{"name": "rain", "type": "text"}}}, "forbidden"},
		{"change-types", o.owner, retype(o.owner), "dataset.types_changed", id, number(3), number(4), nil},
		{"update-column", o.analyst, column(o.analyst, object{"unit": "mm"}), "column.changed", id, nil, object{"unit": "mm"}, "forbidden"},
		{"update-column", o.owner, column(o.owner, object{"name": "wet", "visibility": "analysts"}), "column.changed", id,
			object{"column_id": json.Number("2"), "name": "rain", "visibility": "everyone"}, object{"column_id": json.Number("2"), "name": "wet", "visibility": "analysts"}, nil},
		{"cancel-import", o.colleague, cancel(o.colleague, running), "import.cancelled", lastOf(running), nil, nil, nil},
		{"cancel-import", o.viewer, cancel(o.viewer, viewers), "import.cancelled", lastOf(viewers), nil, nil, "forbidden"},
		{"delete-dataset", o.viewer, remove(o.viewer), "dataset.deleted", id, nil, nil, "forbidden"},
		{"delete-dataset", o.owner, remove(o.owner), "dataset.deleted", id, object{"name": "Rain"}, nil, nil},
	}
}

// TestWhatChangedNothingIsNotOnTheRecord: what is not found, stale, invalid, a conflict or a replay.
func TestWhatChangedNothingIsNotOnTheRecord(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	stranger, dataset := o.s.newPerson("Sam Stranger"), o.dataset(o.owner)
	for _, a := range []answer{
		o.owner.delete(o.members() + stranger.id.String()),
		o.owner.delete(o.path("/datasets/") + uuid.NewString()),
		o.owner.patch(dataset, object{"name": "x"}, "If-Match", `"9"`),
		o.owner.patch(dataset, object{"name": ""}),
		o.owner.post(o.path("/invitations"), object{"email": o.admin.email, "role": "VIEWER"}),
		stranger.patch(o.path(""), object{"name": "x"}),
		stranger.delete(dataset),
		stranger.get(o.path("/audit-events/export")),
		o.owner.post("/api/v1/invitations/accept", object{"token": "none"}),
	} {
		require.GreaterOrEqual(t, a.status, 400)
		require.Zero(t, o.s.eventsOf(a), "%s", a.body)
	}
	first := o.owner.post("/api/v1/organizations", object{"name": "Once"}, "Idempotency-Key", "once")
	require.Equal(t, 1, o.s.eventsOf(first))
	again := o.owner.post("/api/v1/organizations", object{"name": "Once"}, "Idempotency-Key", "once")
	require.Equal(t, first.id(), again.id())
	require.Zero(t, o.s.eventsOf(again))
}

// TestEventsOfChangesAtOnceAreAChain: each has as before what the one before it had as after.
func TestEventsOfChangesAtOnceAreAChain(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, member := o.dataset(o.owner), o.newMember("VIEWER")
	var changes []func() answer
	for i := range 8 {
		changes = append(changes,
			func() answer { return o.owner.patch(o.path(""), object{"name": fmt.Sprint("org ", i)}) },
			func() answer { return o.admin.patch(dataset, object{"name": fmt.Sprint("dataset ", i)}) },
			func() answer { return o.owner.patch(o.members()+member.id.String(), object{"role": roles[i%4]}) })
	}
	for _, a := range atOnce(changes...) {
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, 1, o.s.eventsOf(a))
	}
	for action, begins := range map[string]object{"organization.changed": {"name": "Acme"}, "dataset.changed": {"name": "weather"}, "member.role_changed": {"role": "VIEWER"}} {
		left := map[string]string{} // by before
		var after []string
		for _, e := range o.owner.get(o.path("/audit-events?action=" + action)).items() {
			after = append(after, fmt.Sprint(e["before"], e["after"]))
			left[fmt.Sprint(e["before"])] += "-"
			left[fmt.Sprint(e["after"])] += "+"
		}
		require.Len(t, after, 8, action)
		ends := 0
		for value, steps := range left { // as often reached as left, but for the ends
			balance := strings.Count(steps, "+") - strings.Count(steps, "-")
			if value == fmt.Sprint(begins) {
				balance++
			}
			require.Contains(t, []int{0, 1}, balance, "%s: %v", action, after)
			ends += balance
		}
		require.Equal(t, 1, ends, "%s: %v", action, after)
	}
}

func TestARefusedCallerCannotFloodTheRecord(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	refusals := func() (n int) {
		require.NoError(t, o.s.admin.QueryRow(t.Context(), "select count(*) from app.audit_events where refusal is not null and actor_id = $1", o.viewer.id).Scan(&n))
		return n
	}
	try := func() { o.viewer.patch(o.path(""), object{"name": "Mine"}).refused(http.StatusForbidden, "forbidden") }
	for range 70 {
		try()
	}
	require.Equal(t, 60, refusals())
	o.s.clock.Add(int64(time.Minute))
	try()
	try()
	require.Equal(t, 61, refusals())
	require.Equal(t, 1, o.s.eventsOf(o.analyst.patch(o.path(""), object{"name": "Mine"})), "another member's are")
}

// TestWhatCannotBeRecordedIsRefusedAllTheSame: the answer to a refused change does not depend on the record.
func TestWhatCannotBeRecordedIsRefusedAllTheSame(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	try := func() answer { return o.viewer.patch(o.path(""), object{"name": "Mine"}) }
	o.s.force("alter table app.audit_events add constraint no_refusals check (refusal is null) not valid")
	a := try()
	a.refused(http.StatusForbidden, "forbidden")
	require.Zero(t, o.s.eventsOf(a))

	o.s.force("create function app.wait() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end'")
	o.s.force("create trigger waits before insert on app.audit_events for each row when (new.refusal is not null) execute function app.wait()")
	begun := time.Now()
	try().refused(http.StatusForbidden, "forbidden")
	require.Less(t, time.Since(begun), 20*time.Second)
}

// TestWithoutItsEventNothingIsChanged: where the record cannot be written, what belongs on it does not happen.
func TestWithoutItsEventNothingIsChanged(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	invitation, forGuest, guest := o.invite(o.owner, newEmail(), "VIEWER")["id"].(string), object(nil), o.s.newPerson("Gus Guest")
	forGuest = o.invite(o.owner, guest.email, "VIEWER")
	o.s.force("drop policy audit_events_insert on app.audit_events")
	before := o.s.dumpBesideImports()
	for _, a := range []answer{
		o.owner.patch(o.path(""), object{"name": "x"}), o.owner.post("/api/v1/organizations", object{"name": "x"}),
		o.owner.patch(o.members()+o.viewer.id.String(), object{"role": "ADMIN"}), o.owner.delete(o.members() + o.viewer.id.String()),
		o.owner.post(o.path("/invitations"), object{"email": newEmail(), "role": "VIEWER"}), o.owner.delete(o.path("/invitations/") + invitation),
		guest.post("/api/v1/invitations/accept", object{"token": forGuest["token"]}),
		o.upload(o.owner, weather), o.owner.patch(dataset, object{"name": "x"}), o.owner.delete(dataset),
	} {
		require.GreaterOrEqual(t, a.status, 400, "%s", a.body)
	}
	require.Equal(t, before, o.s.dumpBesideImports())
}

func TestEventsAreFiltered(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.analyst)
	o.owner.patch(dataset, object{"name": "One"}).is(http.StatusOK)
	o.analyst.patch(dataset, object{"name": "Two"}).is(http.StatusOK)
	o.viewer.patch(dataset, object{"name": "Three"}).refused(http.StatusForbidden, "forbidden")
	o.owner.patch(o.path(""), object{"name": "Zenith"}).is(http.StatusOK)
	all := o.owner.get(o.path("/audit-events?limit=100")).items()
	require.Equal(t, []any{"organization.changed", "dataset.changed", "dataset.changed", "dataset.changed", "dataset.created", "organization.created"}, field(all, "action"))
	middle := url.QueryEscape(all[2]["at"].(string))
	expected := map[string][]any{}
	for filter, want := range map[string][]int{
		"":                                     {0, 1, 2, 3, 4, 5},
		"actor_id=" + o.owner.id.String():      {0, 3, 5},
		"action=dataset.changed":               {1, 2, 3},
		"object_id=" + lastOf(dataset):         {1, 2, 3, 4},
		"object_id=" + o.id.String():           {0, 5},
		"outcome=refused":                      {1},
		"outcome=done":                         {0, 2, 3, 4, 5},
		"since=" + middle:                      {0, 1, 2},
		"until=" + middle:                      {3, 4, 5},
		"since=" + middle + "&until=" + middle: {},
		"action=dataset.changed&outcome=done&actor_id=" + o.owner.id.String(): {3},
		"action=none":                  {},
		"actor_id=" + uuid.NewString(): {},
	} {
		ids := []any{}
		for _, i := range want {
			ids = append(ids, all[i]["id"])
		}
		require.Equal(t, ids, field(o.owner.get(o.path("/audit-events?"+filter)).items(), "id"), filter)
		slices.Reverse(ids)
		expected[filter] = ids
	}
	for filter, ids := range expected {
		exported := field(o.owner.export(o, filter), "id")
		for len(exported) > 0 && !slices.Contains(field(all, "id"), exported[len(exported)-1]) { // exports
			exported = exported[:len(exported)-1]
		}
		require.Equal(t, ids, exported, filter)
	}
	require.Equal(t, []any{all[1]["id"]}, field(o.viewer.get(o.path("/audit-events")).items(), "id"), "one's own, in the beginning")
	for _, wrong := range []string{"actor_id=x", "outcome=perhaps", "since=yesterday", "limit=0", "cursor=x", "cursor=AAAA", "actor=x"} {
		o.owner.get(o.path("/audit-events?"+wrong)).refused(http.StatusUnprocessableEntity, "invalid")
	}
}

func field(items []object, name string) []any {
	values := []any{}
	for _, item := range items {
		values = append(values, item[name])
	}
	return values
}

// export is the lines of one.
func (p person) export(o *organization, filter string) (events []object) {
	p.s.t.Helper()
	a := p.get(o.path("/audit-events/export?" + filter))
	require.Equal(p.s.t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(p.s.t, "application/x-ndjson", a.header.Get("Content-Type"))
	lines := json.NewDecoder(strings.NewReader(string(a.body)))
	lines.UseNumber()
	for {
		var e object
		err := lines.Decode(&e)
		if err == io.EOF {
			require.Equal(p.s.t, len(events), strings.Count(string(a.body), "\n"))
			return events
		}
		require.NoError(p.s.t, err)
		events = append(events, e)
	}
}

func TestPagesOfFilteredEventsKeepTheFilter(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for i := range 5 {
		o.owner.patch(o.path(""), object{"name": fmt.Sprint(i)}).is(http.StatusOK)
		o.viewer.patch(o.path(""), object{"name": "x"}).refused(http.StatusForbidden, "forbidden")
	}
	var names []any
	next := o.path("/audit-events?limit=2&action=organization.changed&outcome=done")
	for next != "" {
		a := o.owner.get(next)
		for _, e := range a.items() {
			names = append(names, e["after"].(object)["name"])
		}
		next, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	}
	require.Equal(t, []any{"4", "3", "2", "1", "0"}, names)
}

func TestAnExportIsTheListFromTheOldest(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.many(o, 1234)
	exported := o.owner.export(o, "")
	require.Len(t, exported, 1+1234+1)
	require.Equal(t, "audit_events.exported", exported[len(exported)-1]["action"], "it is on the record itself")
	var listed []object
	for next := o.path("/audit-events?limit=100"); next != ""; {
		a := o.owner.get(next)
		listed = append(listed, a.items()...)
		next, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	}
	slices.Reverse(listed)
	for i := range exported {
		delete(exported[i], "seal")
		delete(listed[i], "seal")
	}
	require.Equal(t, exported, listed)
	require.Empty(t, o.viewer.export(o, "")[1:], "of the others nothing but their own export")
}

// many are events that somebody has put there: of the OWNER, a millisecond apart, an hour ago.
func (s *server) many(o *organization, n int) {
	s.t.Helper()
	s.force(`insert into app.audit_events (org_id, id, at, actor_id, action, after, request_id, address)
		select $1, gen_random_uuid(), now() - interval '50 minutes' + i * interval '1 millisecond', $2, 'dataset.changed', jsonb_build_object('name', repeat('n', 200)), 'x', ''
		from generate_series(1, $3) i`, o.id, o.owner.id, n)
}

// TestAnExportThatBreaksOffDoesNotLookWhole: the database goes away in the middle.
func TestAnExportThatBreaksOffDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.many(o, 40_000)
	request, err := http.NewRequestWithContext(t.Context(), "GET", o.s.URL+o.path("/audit-events/export"), nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+o.owner.token)
	response, err := o.s.Client().Transport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	body := bufio.NewReader(response.Body)
	_, err = body.ReadString('\n')
	require.NoError(t, err)
	var ended int // the export among them: more of it is left than fits between a server and a client that does not read
	require.NoError(t, o.s.admin.QueryRow(t.Context(), `select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`).Scan(&ended))
	require.Positive(t, ended)
	_, err = io.Copy(io.Discard, body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotEmpty(t, o.viewer.export(o, "")) // the slot is free again
}

func TestEventsAreSealedWithinSeconds(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.dataset(o.owner)
	o.viewer.patch(o.path(""), object{"name": "Mine"}).refused(http.StatusForbidden, "forbidden")
	sealed := func() (numbers []any) {
		for _, e := range o.owner.get(o.path("/audit-events")).items() {
			if seal, ok := e["seal"].(object); ok {
				require.Len(t, seal["hash"], 64)
				numbers = append(numbers, seal["number"])
			}
		}
		return numbers
	}
	require.Eventually(t, func() bool { return len(sealed()) == 3 }, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, []any{json.Number("3"), json.Number("2"), json.Number("1")}, sealed())
	require.Nil(t, o.viewer.get(o.path("/audit-events")).items()[0]["seal"], "how many others there are is not theirs to know")
	require.Equal(t, sealed()[0], o.owner.export(o, "")[2]["seal"].(object)["number"])
}

// TestWhatIsWrittenBeforeTheServerStopsIsSealed.
func TestWhatIsWrittenBeforeTheServerStopsIsSealed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o := s.newOrganization()
	o.owner.patch(o.path(""), object{"name": "Zenith"}).is(http.StatusOK)
	s.stopSealing()
	var unsealed int
	require.NoError(t, s.admin.QueryRow(t.Context(), "select (select count(*) from app.audit_events) - (select count(*) from app.audit_seals)").Scan(&unsealed))
	require.Zero(t, unsealed)
}
