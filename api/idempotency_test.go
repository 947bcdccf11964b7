package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// creations are requests that make something, each with another one of the same kind.
func (o *organization) creations() map[string][2]func(p person, header ...string) answer {
	dataset := o.dataset(o.owner)
	post := func(path string, body any) func(person, ...string) answer {
		return func(p person, header ...string) answer { return p.post(path, body, header...) }
	}
	upload := func(csv string) func(person, ...string) answer {
		return func(p person, header ...string) answer {
			return p.post(o.path("/datasets?name=x"), csv, append(header, "Content-Type", "text/csv")...)
		}
	}
	analysis := func(name string) object {
		return object{"name": name, "dataset_id": lastOf(dataset), "query": count}
	}
	return map[string][2]func(person, ...string) answer{
		"organization": {post("/api/v1/organizations", object{"name": "A"}), post("/api/v1/organizations", object{"name": "B"})},
		"dataset":      {upload(weather), upload(weather + "2014-02-02,1.00,Oslo,true,\n")},
		"analysis":     {post(o.path("/analyses"), analysis("A")), post(o.path("/analyses"), analysis("B"))},
		"run":          {post(o.analysis(o.owner)+"/runs", nil), post(o.analysis(o.owner)+"/runs", nil)},
	}
}

func TestARepeatedCreationWithItsKeyMakesNothingMore(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for kind, create := range o.creations() {
		key := []string{"Idempotency-Key", kind}
		first := create[0](o.analyst, key...)
		first.is(http.StatusCreated)
		require.Empty(t, first.header.Get("Idempotent-Replayed"))
		before := o.s.dumpBesideImports()

		again := create[0](o.analyst, key...)
		require.Equal(t, first.is(http.StatusCreated)["id"], again.is(http.StatusCreated)["id"], kind)
		require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
		require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
		create[1](o.analyst, key...).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
		require.Equal(t, before, o.s.dumpBesideImports(), kind)

		other := create[0](o.colleague, key...) // another person's key, by chance the same
		require.NotEqual(t, first.id(), other.is(http.StatusCreated)["id"], kind)
	}
}

func TestOfTwoCreationsAtOnceWithOneKeyOneIsMade(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for kind, create := range o.creations() {
		request := func() answer { return create[0](o.analyst, "Idempotency-Key", kind) }
		answers := atOnce(request, request)
		require.Equal(t, answers[0].is(http.StatusCreated)["id"], answers[1].is(http.StatusCreated)["id"], kind)
	}
}

func TestAKeyOpensNothingThatItsUserMayNotSeeAnyMore(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for kind, create := range o.creations() {
		if kind == "organization" {
			continue
		}
		p := o.newMember("ANALYST")
		create[0](p, "Idempotency-Key", kind).is(http.StatusCreated)
		o.force(p, "")
		create[0](p, "Idempotency-Key", kind).refused(http.StatusNotFound, "not_found")
	}
}

func TestARefusedCreationLeavesItsKeyFree(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for kind, create := range o.creations() {
		if kind == "organization" {
			continue
		}
		before := o.s.dump()
		create[0](o.viewer, "Idempotency-Key", kind).refused(http.StatusForbidden, "forbidden")
		require.Equal(t, before, o.s.dump())
	}
	o.force(o.viewer, "ANALYST")
	for kind, create := range o.creations() {
		create[0](o.viewer, "Idempotency-Key", kind).is(http.StatusCreated)
	}
	o.owner.post("/api/v1/organizations", object{"name": "A"}, "Idempotency-Key", strings.Repeat("k", 101)).
		refused(http.StatusUnprocessableEntity, "invalid")
}
