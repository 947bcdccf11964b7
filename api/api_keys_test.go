package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// create makes a key by the API and returns it with who uses it.
func (o *organization) create(p person, key object) (object, person) {
	o.s.t.Helper()
	made := p.post(o.path("/api-keys"), key).is(http.StatusCreated)
	return made, person{s: o.s, id: uuid.MustParse(made["user_id"].(string)), token: made["key"].(string)}
}

// newKeyOf is the key of a person, as a person.
func (o *organization) newKeyOf(p person, role string) person {
	p.token = o.newKey(p, role)
	return p
}

func TestAKeyIsShownOnceAndActsAsItsMember(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	made, key := o.create(o.analyst, object{"name": "Import", "role": "ANALYST"})
	require.Regexp(t, `^ifk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`, key.token)
	require.Contains(t, key.token, strings.ReplaceAll(made["id"].(string), "-", ""), "which key it is can be read off it")
	require.Equal(t, o.analyst.id, key.id)

	dataset := key.get(o.dataset(key)).is(http.StatusOK)
	require.Equal(t, o.analyst.id.String(), dataset["created_by"])

	a := o.analyst.get(o.path("/api-keys"))
	require.NotContains(t, string(a.body), key.token[len(key.token)-43:])
	require.Len(t, a.items(), 1)
	delete(made, "key")
	require.Equal(t, made, a.items()[0])
	expires, err := time.Parse(time.RFC3339, made["expires_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 90), expires, 2*time.Hour)
}

func TestAKeyLastsAYearAtMost(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, days := range []int{-1, 366} {
		o.owner.post(o.path("/api-keys"), object{"name": "x", "role": "VIEWER", "expires_in_days": days}).refused(http.StatusUnprocessableEntity, "invalid")
	}
	o.create(o.owner, object{"name": "x", "role": "VIEWER", "expires_in_days": 365})
}

func TestAKeyForAnotherPersonIsNobodysToMake(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	of := func(member uuid.UUID) object {
		return object{"name": "x", "role": "VIEWER", "service_account_id": member}
	}
	for _, p := range []person{o.owner, o.admin} {
		problem := p.post(o.path("/api-keys"), of(o.viewer.id)).refused(http.StatusForbidden, "forbidden")
		require.Equal(t, "api_keys_insert", problem["policy"])
	}
	o.owner.post(o.path("/api-keys"), of(o.s.newPerson("Otto").id)).refused(http.StatusNotFound, "not_found")

	made, _ := o.create(o.analyst, object{"name": "x", "role": "VIEWER"})
	problem := o.owner.post(o.path("/api-keys/"+made["id"].(string)+"/rotate"), object{}).refused(http.StatusForbidden, "forbidden")
	require.Equal(t, "api_keys_insert", problem["policy"], "who rotates a key has the new one")
}

func TestAttack_100_AKeyHasNoMoreThanItsRole(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset, analysis := o.dataset(o.owner), o.analysis(o.owner)
	key := o.newKeyOf(o.owner, "VIEWER")
	key.get(dataset).is(http.StatusOK)
	for _, a := range []answer{
		o.upload(key, weather), key.patch(dataset, object{"name": "x"}), key.delete(dataset), key.delete(analysis), key.post(analysis+"/runs", nil),
		key.post(dataset+"/questions", object{"question": "how many rows"}),
		key.post(o.path("/analyses"), object{"name": "x", "dataset_id": lastOf(dataset), "query": count}),
	} {
		a.refused(http.StatusForbidden, "forbidden")
	}
	o.owner.get(dataset).is(http.StatusOK)
}

func TestAttack_100_AKeyHasNoMoreThanItsMemberHasNow(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	key := o.newKeyOf(o.analyst, "OWNER") // from better days
	o.upload(key, weather).is(http.StatusCreated)
	o.owner.patch(o.members()+o.analyst.id.String(), object{"role": "VIEWER"}).is(http.StatusOK)
	o.upload(key, weather).refused(http.StatusForbidden, "forbidden")
	key.get(o.path("/datasets")).is(http.StatusOK)
	require.Equal(t, "VIEWER", key.get(o.path("/permissions")).is(http.StatusOK)["role"])
}

func TestAttack_100_ARemovedMembersKeysAreGone(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	key := o.newKeyOf(o.analyst, "ANALYST")
	key.get(o.path("/datasets")).is(http.StatusOK)
	o.owner.delete(o.members() + o.analyst.id.String()).is(http.StatusNoContent)
	key.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
	o.force(o.analyst, "ANALYST")
	key.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
}

func TestAttack_100_ARevokedOrExpiredKeyServesNoMore(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	made, key := o.create(o.owner, object{"name": "x", "role": "OWNER"})
	key.get(o.path("/datasets")).is(http.StatusOK)
	path := o.path("/api-keys/" + made["id"].(string))
	o.owner.delete(path).is(http.StatusNoContent)
	key.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
	key.get(o.path("/datasets/"+uuid.NewString())).refused(http.StatusUnauthorized, "unauthorized")
	o.owner.delete(path).refused(http.StatusConflict, "api_key_ended")
	o.owner.post(path+"/rotate", object{}).refused(http.StatusConflict, "api_key_ended")

	expired := o.newKeyOf(o.owner, "OWNER")
	expired.get(o.path("/datasets")).is(http.StatusOK)
	o.s.force("update app.api_keys set expires_at = now() where secret_hash = encode(sha256($1), 'hex')", []byte(expired.token))
	expired.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
}

func TestAttack_100_ARotatedKeyServesForItsOverlapOnly(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	made, old := o.create(o.admin, object{"name": "x", "role": "ANALYST"})
	path := o.path("/api-keys/" + made["id"].(string))
	o.admin.post(path+"/rotate", object{"overlap_hours": 169}).refused(http.StatusUnprocessableEntity, "invalid")
	next := o.admin.post(path+"/rotate", object{}).is(http.StatusCreated)
	for _, field := range []string{"name", "role", "user_id"} {
		require.Equal(t, made[field], next[field])
	}
	old.get(o.path("/datasets")).is(http.StatusOK)
	person{s: o.s, token: next["key"].(string)}.get(o.path("/datasets")).is(http.StatusOK)
	o.admin.post(path+"/rotate", object{}).refused(http.StatusConflict, "api_key_ended")

	o.s.force("update app.api_keys set revoked_at = revoked_at - interval '24 hours' where id = $1", made["id"])
	old.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
	o.admin.post(o.path("/api-keys/"+next["id"].(string)+"/rotate"), object{"overlap_hours": 0}).is(http.StatusCreated)
	person{s: o.s, token: next["key"].(string)}.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
}

func TestAKeyRotatedTwiceAtOnceHasOneSuccessor(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	made, _ := o.create(o.owner, object{"name": "x", "role": "OWNER"})
	var statuses [8]int
	var group errgroup.Group
	for i := range statuses {
		group.Go(func() error {
			statuses[i] = o.owner.post(o.path("/api-keys/"+made["id"].(string)+"/rotate"), object{}).status
			return nil
		})
	}
	require.NoError(t, group.Wait())
	slices.Sort(statuses[:])
	require.Equal(t, []int{201, 409, 409, 409, 409, 409, 409, 409}, statuses[:])
}

func TestAttack_100_AKeyOpensItsOrganizationOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o := s.newOrganization()
	other := uuid.MustParse(o.owner.post("/api/v1/organizations", object{"name": "Other"}).id()) // of the same person
	key := o.newKeyOf(o.owner, "OWNER")
	for range 2 { // when it is not known yet, and when it is
		foreign := key.get("/api/v1/organizations/" + other.String() + "/datasets")
		foreign.refused(http.StatusNotFound, "not_found")
		requireSameAnswer(t, foreign, key.get("/api/v1/organizations/"+uuid.NewString()+"/datasets"))
		key.get(o.path("/datasets")).is(http.StatusOK)
	}
}

func TestAttack_100_AKeyManagesNothing(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	key := o.newKeyOf(o.owner, "OWNER")
	before := o.s.dump()
	for _, a := range []answer{
		key.get(o.path("")), key.patch(o.path(""), object{"name": "x"}), key.get(o.path("/members")), key.patch(o.members()+o.viewer.id.String(), object{"role": "OWNER"}),
		key.delete(o.members() + key.id.String()), key.post(o.path("/invitations"), object{"email": "x@example.com", "role": "OWNER"}), key.get(o.path("/invitations")),
		key.post(o.path("/api-keys"), object{"name": "x", "role": "VIEWER"}), key.get(o.path("/api-keys")),
	} {
		a.refused(http.StatusForbidden, "forbidden")
	}
	for _, a := range []answer{
		key.post(o.path("/service-accounts"), object{"name": "x", "role": "VIEWER"}), key.get("/api/v1/users/me"), key.get("/api/v1/users/me/sessions"),
		key.post("/api/v1/organizations", object{"name": "x"}), key.get("/api/v1/organizations"), key.post("/api/v1/auth/logout-everywhere", nil),
	} {
		a.refused(http.StatusForbidden, "key_not_allowed")
	}
	require.Equal(t, before, o.s.dump())
}

// TestAttack_100_WhatIsNoKeyIsNotTold: all are the answer to a bad access token.
func TestAttack_100_WhatIsNoKeyIsNotTold(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	good := o.newKey(o.owner, "OWNER")
	bad := o.owner.forged().get(o.path("/datasets"))
	require.Equal(t, "Bearer", bad.header.Get("WWW-Authenticate"))
	revoked := o.with(o.owner, endedKey).token
	for _, token := range []string{"ifk_", good[:len(good)-1], good + "x", good[:40] + strings.Repeat("A", 40), strings.ToUpper(good), "ifk_" + strings.Repeat("0", 32) + "_" + good[37:], revoked} {
		p := person{s: o.s, token: token}
		for _, path := range []string{o.path("/datasets"), "/api/v1/users/me"} {
			a := p.get(path)
			a.refused(http.StatusUnauthorized, "unauthorized")
			require.Equal(t, string(bad.body), string(a.body))
			require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
		}
	}
	require.NotEqual(t, good, revoked)
}

func TestAttack_100_WhoSendsManyWrongKeysWaits(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	good, guesser := o.newKeyOf(o.owner, "OWNER"), person{s: o.s}
	good.get(o.path("/datasets")).is(http.StatusOK)
	for range 100 {
		guesser.token = o.unknownKey()
		guesser.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
	}
	a := guesser.get(o.path("/datasets"))
	a.refused(http.StatusTooManyRequests, "rate_limited")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	good.get(o.path("/datasets")).is(http.StatusOK)
	o.newKeyOf(o.owner, "VIEWER").get(o.path("/datasets"), "X-Forwarded-For", "203.0.113.7").is(http.StatusOK)
}

// unknownKey is one that was never stored.
func (o *organization) unknownKey() string {
	token := o.newKey(o.owner, "OWNER")
	o.s.force("delete from app.api_keys where secret_hash = encode(sha256($1), 'hex')", []byte(token))
	return token
}

func TestTheUseOfAKeyIsWrittenDownLater(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	_, used := o.create(o.owner, object{"name": "used", "role": "VIEWER"})
	o.create(o.owner, object{"name": "not used", "role": "VIEWER"})
	_, other := o.create(o.owner, object{"name": "used elsewhere", "role": "VIEWER"})
	before := time.Now().Add(-time.Second)
	used.get(o.path("/datasets")).is(http.StatusOK)
	other.get("/api/v1/organizations/"+uuid.NewString()+"/datasets").refused(http.StatusNotFound, "not_found")
	dump := o.s.dump()
	used.get(o.path("/members")).refused(http.StatusForbidden, "forbidden")
	require.Equal(t, dump, o.s.dump(), "a request writes nothing")
	o.s.api.WriteKeyUsesNow(t.Context())
	for _, key := range o.owner.get(o.path("/api-keys")).items() {
		at, _ := key["last_used_at"].(string)
		require.Equal(t, key["name"] == "used", at != "", key["name"])
		if at != "" {
			written, err := time.Parse(time.RFC3339, at)
			require.NoError(t, err)
			require.WithinRange(t, written, before, time.Now().Add(time.Second))
		}
	}
}

func TestAUseThatCouldNotBeWrittenIsWrittenTheNextTime(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	_, key := o.create(o.owner, object{"name": "x", "role": "VIEWER"})
	key.get(o.path("/datasets")).is(http.StatusOK)
	o.s.force("revoke update on app.api_keys from insightforge_auth")
	o.s.api.WriteKeyUsesNow(t.Context())
	require.Nil(t, o.owner.get(o.path("/api-keys")).items()[0]["last_used_at"])
	o.s.force("grant update (last_used_at) on app.api_keys to insightforge_auth")
	o.s.api.WriteKeyUsesNow(t.Context())
	require.NotNil(t, o.owner.get(o.path("/api-keys")).items()[0]["last_used_at"])
}

func TestAnIdempotencyKeyOfAnAPIKeyIsItsOwn(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	account := o.newServiceAccount("ADMIN")
	for _, p := range []person{o.owner, o.newKeyOf(o.owner, "OWNER"), o.newKeyOf(o.owner, "ADMIN"), account} {
		idempotencyKey := strings.Repeat("k", 100)
		send := func(name string) answer {
			return p.post(o.path("/datasets?name="+name), weather, "Content-Type", "text/csv", "Idempotency-Key", idempotencyKey)
		}
		first := send("weather")
		first.is(http.StatusCreated)
		require.Empty(t, first.header.Get("Idempotent-Replayed"))
		again := send("weather")
		require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
		require.Equal(t, first.id(), again.id())
		send("other").refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}
}

func TestAServiceAccountIsAMemberThatIsNoPerson(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	create := func() answer {
		return o.owner.post(o.path("/service-accounts"), object{"name": "Import", "role": "ADMIN"}, "Idempotency-Key", "once")
	}
	a := create()
	account := a.is(http.StatusCreated)
	require.Equal(t, "service", account["kind"])
	require.Equal(t, account, create().is(http.StatusCreated), "repeated")
	listed := o.owner.get(o.path("/members")).items()
	require.Equal(t, account, listed[0])
	require.Equal(t, "person", listed[1]["kind"])

	id := account["user_id"].(string)
	problem := o.owner.patch(o.members()+id, object{"role": "OWNER"}).refused(http.StatusUnprocessableEntity, "invalid")
	require.Equal(t, []any{object{"location": "body.role", "message": "a service account is never OWNER"}}, problem["errors"])
	o.owner.post(o.path("/api-keys"), object{"name": "x", "role": "OWNER", "service_account_id": id}).refused(http.StatusUnprocessableEntity, "invalid")
	o.owner.post(o.path("/service-accounts"), object{"name": "x", "role": "OWNER"}).refused(http.StatusUnprocessableEntity, "invalid")

	_, key := o.create(o.owner, object{"name": "x", "role": "ADMIN", "service_account_id": id})
	require.Equal(t, id, key.get(o.dataset(key)).is(http.StatusOK)["created_by"])
	o.owner.patch(o.members()+id, object{"role": "VIEWER"}).is(http.StatusOK)
	o.upload(key, weather).refused(http.StatusForbidden, "forbidden")
	o.owner.delete(o.members() + id).is(http.StatusNoContent)
	key.get(o.path("/datasets")).refused(http.StatusUnauthorized, "unauthorized")
}

// TestAServiceAccountsKeyOutlivesWhoMadeIt: that is what it is for.
func TestAServiceAccountsKeyOutlivesWhoMadeIt(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	account := o.admin.post(o.path("/service-accounts"), object{"name": "Import", "role": "ANALYST"}).is(http.StatusCreated)
	_, key := o.create(o.admin, object{"name": "x", "role": "ANALYST", "service_account_id": account["user_id"]})
	o.owner.delete(o.members() + o.admin.id.String()).is(http.StatusNoContent)
	o.upload(key, weather).is(http.StatusCreated)
}

func TestKeysAndServiceAccountsAreOnTheRecordWithoutSecrets(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	account := o.owner.post(o.path("/service-accounts"), object{"name": "Import", "role": "ANALYST"}).is(http.StatusCreated)
	made, key := o.create(o.owner, object{"name": "x", "role": "ADMIN"})
	path := o.path("/api-keys/" + made["id"].(string))
	next := o.owner.post(path+"/rotate", object{}).is(http.StatusCreated)
	o.owner.delete(path).is(http.StatusNoContent)

	rows, err := o.s.admin.Query(t.Context(), `select action || ' ' || object_id || ' ' || concat_ws(' ', before->>'name', after->>'name', after->>'role', after->>'successor_id')
		from app.audit_events where org_id = $1 and actor_id = $2 and api_key_id is null and request_id <> '' order by id`, o.id, o.owner.id)
	require.NoError(t, err)
	var events []string
	for rows.Next() {
		var event string
		require.NoError(t, rows.Scan(&event))
		events = append(events, event)
	}
	id := made["id"].(string)
	require.Equal(t, []string{"service_account.created " + account["user_id"].(string) + " Import ANALYST", "api_key.created " + id + " x ADMIN",
		"api_key.rotated " + id + " x ADMIN " + next["id"].(string), "api_key.revoked " + id + " x"}, slices.DeleteFunc(events, func(e string) bool { return strings.HasPrefix(e, "organization.") }))
	var leaks int
	require.NoError(t, o.s.admin.QueryRow(t.Context(), `select count(*) from app.audit_events e, app.api_keys k
		where e::text like '%' || k.secret_hash || '%' or e::text like '%' || $1 || '%' or k.secret_hash like '%' || $1 || '%'`, key.token[37:]).Scan(&leaks))
	require.Zero(t, leaks)
}

// TestAKeyThatServedBeforeOpensNothingOnceItIsRevoked: whose it is is remembered, that it serves never.
func TestAKeyThatServedBeforeOpensNothingOnceItIsRevoked(t *testing.T) {
	t.Parallel()
	operations := operations(t)
	o := newServer(t).newOrganization()
	made, key := o.create(o.owner, object{"name": "x", "role": "OWNER"})
	key.get(o.path("/datasets")).is(http.StatusOK)
	o.owner.delete(o.path("/api-keys/") + made["id"].(string)).is(http.StatusNoContent)
	for _, l := range lines() {
		op := operations[l.operation]
		a := op.send(key, o.id.String(), l.make(o, o.newMember("OWNER")))
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, a.status, "%s: %s", l.operation, a.body)
		if a.status == http.StatusForbidden {
			a.refused(http.StatusForbidden, "key_not_allowed")
		}
	}
}
