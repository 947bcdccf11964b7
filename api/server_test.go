package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttack_083_PropertiesThatAreNotAskedForAreRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for _, extra := range []string{"org_id", "id", "role", "created_by", "revision", "Name", "NAME"} {
		for path, good := range map[string]object{
			"/api/v1/organizations": {"name": "Acme"}, o.path(""): {"name": "Acme"}, dataset: {"name": "Acme"},
			o.path("/analyses"): {"name": "Days", "dataset_id": lastOf(dataset), "query": count},
		} {
			body := maps.Clone(good)
			body[extra] = "OWNER"
			before := o.s.dump()
			method := "POST"
			if path == o.path("") || path == dataset {
				method = "PATCH"
			}
			o.owner.do(method, path, body).refused(http.StatusUnprocessableEntity, "invalid")
			require.Equal(t, before, o.s.dump())
			o.owner.do(method, path, good)
		}
	}
}

func TestAttack_084_ARoleWrittenTwiceInDifferentCaseIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	viewer := o.members() + o.viewer.id.String()
	for _, body := range []string{`{"role":"VIEWER","Role":"OWNER"}`, `{"Role":"OWNER","role":"VIEWER"}`, `{"ROLE":"OWNER"}`} {
		o.owner.patch(viewer, body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	require.Equal(t, "VIEWER", o.roleOf(o.viewer))
	o.owner.post(o.path("/invitations"), `{"email":"a@example.com","role":"VIEWER","Role":"OWNER"}`).refused(http.StatusUnprocessableEntity, "invalid")
}

func TestWhatIsNotValidIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	for _, get := range []string{
		o.path("/datasets?nonsense=1"), o.path("/datasets?Limit=1"), dataset + "?limit=1", "/api/v1/organizations/1", o.path("/datasets/x"),
	} {
		o.owner.get(get).refused(http.StatusUnprocessableEntity, "invalid")
	}
	o.owner.patch(dataset, `{}`).refused(http.StatusUnprocessableEntity, "invalid")
	for _, body := range []string{`{"name":null}`, `{"name":1}`, `{"name":""}`, `{"name":"` + strings.Repeat("é", 201) + `"}`, `[]`, `null`, `"x"`} {
		o.owner.patch(o.path(""), body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	for _, body := range []string{`{"role":"SUPERUSER"}`, `{"role":"owner"}`, `{"role":""}`, `{"role":null}`, `{"role":["OWNER"]}`} {
		o.owner.patch(o.members()+o.viewer.id.String(), body).refused(http.StatusUnprocessableEntity, "invalid")
	}
	o.owner.patch(o.path(""), `{"name":"`+strings.Repeat("é", 200)+`"}`).is(http.StatusOK)
}

func TestATextWithANULCharacterIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	const nul = "a\x00b"
	filter := object{"measures": count["measures"], "filters": []object{{"column": "place", "op": "eq", "value": nul}}}
	before := o.s.dumpBesideImports()
	for _, a := range []answer{
		o.owner.patch(o.path(""), object{"name": nul}), o.owner.post("/api/v1/organizations", object{"name": nul}),
		o.owner.patch("/api/v1/users/me", object{"full_name": nul}), o.owner.patch(dataset, object{"name": nul}),
		o.owner.post(o.path("/datasets?name=a%00b"), weather, "Content-Type", "text/csv"),
		o.owner.post(o.path("/analyses"), object{"name": nul, "dataset_id": lastOf(dataset), "query": count}),
		o.owner.post(o.path("/analyses"), object{"name": "Days", "dataset_id": lastOf(dataset), "query": filter}),
		o.owner.post(o.path("/invitations"), object{"email": "a\x00@example.com", "role": "VIEWER"}),
		o.owner.post(dataset+"/query", object{"measures": []object{{"op": "count", "as": nul}}}),
		o.owner.post(dataset+"/query", object{"dimensions": []object{{"column": nul}}}),
		o.owner.post(dataset+"/questions", object{"question": "how many rows where place is " + nul}),
		o.s.nobody().post(auth+"login", credentials("a\x00@example.com", "correct horse")),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, a.status, "%s", a.body)
	}
	require.Less(t, o.owner.post(dataset+"/query", filter).status, 500)
	require.Less(t, o.s.nobody().post(auth+"login", credentials("a@example.com", "correct\x00horse")).status, 500)
	require.Less(t, o.s.refresh(nul).status, 500)
	require.Less(t, o.owner.post(accept, object{"token": nul}).status, 500)
	require.Equal(t, before, o.s.dumpBesideImports())
}

func TestAttack_090_ALargeBodyOrHeaderIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	large := `{"name":"` + strings.Repeat("a", 1<<20) + `"}`
	o.owner.patch(o.path(""), large).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	o.owner.patch(o.path(""), strings.NewReader(large)).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	chunked := struct{ *strings.Reader }{strings.NewReader(large)} // its length is not known beforehand
	o.owner.patch(o.path(""), chunked).refused(http.StatusRequestEntityTooLarge, "payload_too_large")
	o.s.nobody().post(auth+"login", large).refused(http.StatusRequestEntityTooLarge, "payload_too_large")

	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, o.owner.get(o.path(""), "X-Large", strings.Repeat("a", 32<<10)).status)
	require.Equal(t, http.StatusOK, o.owner.get(o.path(""), "X-Large", strings.Repeat("a", 8<<10)).status)
}

func TestAttack_092_DeepJSONIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	dataset := o.dataset(o.owner)
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for _, body := range []string{deep, `{"name":` + deep + `}`, `{"filters":[{"column":"rain","op":"in","value":` + deep + `}]}`, strings.Repeat(`{"a":`, 20_000)} {
		a := o.owner.post(dataset+"/query", body)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, a.status, "%s", a.body)
		require.Less(t, len(a.body), 1000)
	}
}

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, body := range []string{`{`, `{"name":"x"}}`, `{"name":"x"} {"name":"y"}`, "{\"name\":\"\xff\"}", `{name:"x"}`, ``} {
		before := o.s.dump()
		a := o.owner.patch(o.path(""), body)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, a.status, "%q: %s", body, a.body)
		require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
		require.Equal(t, before, o.s.dump())
	}
}

func TestOnlyJSONIsTakenForJSON(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	rename := object{"name": "Renamed"}
	for _, contentType := range []string{"application/merge-patch+json", "application/json; charset=utf-8", "application/json"} {
		o.owner.patch(o.path(""), rename, "Content-Type", contentType).is(http.StatusOK)
	}
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "nonsense"} {
		o.owner.patch(o.path(""), rename, "Content-Type", contentType).refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
}

func TestAttack_088_TheHostHeaderIsNeverReflected(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.dataset(o.owner)
	o.dataset(o.owner)
	const evil = "evil.example"
	headers := []string{"Host", evil, "X-Forwarded-Host", evil, "Forwarded", "host=" + evil}
	for _, a := range []answer{
		o.owner.get("/", headers...), o.owner.get("/api/openapi.json", headers...),
		o.owner.get(o.path("/datasets?limit=1"), headers...), o.owner.get("/nowhere", headers...),
		o.owner.post("/api/v1/organizations", object{"name": "Acme"}, headers...), o.owner.post("/api/v1/organizations", object{}, headers...),
		o.owner.get("/api/docs", headers...), o.s.nobody().get(o.path(""), headers...),
	} {
		for name, values := range a.header {
			require.NotContains(t, strings.Join(values, " "), evil, name)
		}
		require.NotContains(t, string(a.body), evil)
	}
	require.Equal(t, "/"+evil+"/", o.owner.get("//"+evil+"/").header.Get("Location")) // a path here, not a host
}

func TestWhatTheRouterRefusesIsAProblemDocument(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	for _, path := range []string{"/nowhere", "/api/v1", "/api/v1/organizations/", o.path("/nowhere"), "/api/docs/..%2f..%2fgo.mod"} {
		o.owner.get(path).refused(http.StatusNotFound, "not_found")
	}
	a := o.owner.delete("/api/v1/organizations")
	a.refused(http.StatusMethodNotAllowed, "method_not_allowed")
	require.ElementsMatch(t, []string{"GET", "HEAD", "POST"}, strings.Split(a.header.Get("Allow"), ", "))
	o.owner.do("TRACE", o.path(""), nil).refused(http.StatusMethodNotAllowed, "method_not_allowed")
	o.owner.do("OPTIONS", o.path(""), nil).refused(http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestEveryAnswerHasSafeHeaders(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	seen := map[string]bool{}
	for _, a := range []answer{
		o.owner.get(o.path("")), o.owner.get("/nowhere"), o.s.nobody().get(o.path("")), o.owner.do("PUT", o.path(""), nil), o.owner.get(o.run(o.owner) + "/chart.svg"),
	} {
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
		seen[a.header.Get("X-Request-Id")] = true
	}
	require.Len(t, seen, 5, slices.Collect(maps.Keys(seen)))
}
