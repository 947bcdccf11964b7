package api_test

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// exempt are the operations that anybody may call, each with the reason. Nothing else is reached without a token.
var exempt = map[string]string{
	"register":               "makes the first token",
	"login":                  "makes a token of a password",
	"refresh":                "makes a token of a refresh token, after the access token has expired",
	"get-oidc":               "says where to get an ID token",
	"login-with-oidc":        "makes a token of an ID token",
	"verify-email":           "has a token from a mail; makes the first one of a sign-up",
	"request-password-reset": "asked by who has no password to log in with",
	"reset-password":         "has a token from a mail",

	"get-health":    "asked by a load balancer; says only that the process runs",
	"get-readiness": "asked by a load balancer; says only whether the database answers",
	"get-jwks":      "public keys",
}

// line is one line of the grid: an operation, and what it is met on.
type line struct {
	operation string
	on        string
	make      func(o *organization, caller person) request // everything that the request needs is new
	ready     func(o *organization)                        // before each request, the organization becomes what it is met as
	first     string                                       // the role that succeeds before each refusal; without it OWNER
	reads     bool                                         // a POST that changes nothing
}

// request is what the OpenAPI leaves open. path has the parameters after org_id, in their order.
type request struct {
	path  []string
	query string
	body  any
	csv   bool
}

var roles = []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"}

// lines of the grid, in its order.
func lines() []line {
	return join(
		[]line{
			{operation: "get-me", make: nothing},
			{operation: "update-me", make: body(object{"full_name": "Ada"})},
			{operation: "logout", make: nothing},
			{operation: "list-sessions", make: nothing},
			{operation: "revoke-session", on: "own", make: ownSession},
			{operation: "logout-everywhere", make: nothing},
			{operation: "change-password", make: changePassword},
			{operation: "list-security-events", make: nothing},
			{operation: "list-identities", make: nothing},
			{operation: "remove-identity", on: "own, one of two", make: ownIdentity},
			{operation: "request-verification", make: unverified},
			{operation: "change-email", make: changeEmail},
			{operation: "create-organization", make: body(object{"name": "Another"})},
			{operation: "list-organizations", make: nothing},
			{operation: "get-organization", make: nothing},
			{operation: "update-organization", make: body(object{"name": "Renamed"})},
			{operation: "update-organization", on: "the slug", make: func(*organization, person) request {
				return request{body: object{"slug": uuid.NewString()}}
			}},
			{operation: "delete-organization", make: nothing, ready: (*organization).undelete},
			{operation: "restore-organization", make: nothing, ready: func(o *organization) { o.deletedAgo("29 days") }},
			{operation: "get-permissions", make: nothing},
			{operation: "get-usage", make: nothing},
			{operation: "export-organization", make: nothing},
			{operation: "list-audit-events", make: nothing},
			{operation: "export-audit-events", make: nothing},
			{operation: "list-members", make: nothing},
		},
		updateMember(), removeMember(), transferOwnership(), serviceAccounts(), apiKeys(), invitations(), datasets(), versions(), imports(), analyses(), runs(),
	)
}

func join(groups ...[]line) (all []line) {
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}

func nothing(*organization, person) request { return request{} }

func body(b any) func(*organization, person) request {
	return func(*organization, person) request { return request{body: b} }
}

// ownSession is another one of the caller's.
func ownSession(_ *organization, caller person) request {
	return request{path: []string{caller.again().session.String()}}
}

// ownIdentity is one of the caller's two.
func ownIdentity(_ *organization, caller person) request {
	caller.addIdentity("one")
	return request{path: []string{caller.addIdentity("two")}}
}

func changePassword(_ *organization, caller person) request {
	caller.setPassword()
	return request{body: object{"current_password": theirPassword, "new_password": "another horse battery"}}
}

func unverified(_ *organization, caller person) request {
	caller.s.force("update app.users set email_verified_at = null where id = $1", caller.id)
	return request{}
}

func changeEmail(_ *organization, caller person) request {
	caller.setPassword()
	return request{body: object{"current_password": theirPassword, "new_email": newEmail()}}
}

func updateMember() (lines []line) {
	for _, from := range roles {
		for _, to := range roles {
			if from != to {
				lines = append(lines, line{operation: "update-member", on: from + " to " + to, make: func(o *organization, _ person) request {
					return request{path: []string{o.newMember(from).id.String()}, body: object{"role": to}}
				}})
			}
		}
	}
	for _, to := range roles {
		lines = append(lines, line{operation: "update-member", on: "oneself to " + to, make: func(_ *organization, caller person) request {
			return request{path: []string{caller.id.String()}, body: object{"role": to}}
		}})
	}
	return lines
}

func removeMember() (lines []line) {
	for _, role := range roles {
		lines = append(lines, line{operation: "remove-member", on: role, make: func(o *organization, _ person) request {
			return request{path: []string{o.newMember(role).id.String()}}
		}})
	}
	return append(lines, line{operation: "remove-member", on: "oneself", make: func(_ *organization, caller person) request {
		return request{path: []string{caller.id.String()}}
	}})
}

func transferOwnership() (lines []line) {
	for _, role := range roles {
		lines = append(lines, line{operation: "transfer-ownership", on: "to " + role, make: func(o *organization, _ person) request {
			return request{body: object{"user_id": o.newMember(role).id}}
		}})
	}
	return lines
}

func newEmail() string { return uuid.NewString() + "@example.com" }

func invitations() (lines []line) {
	for _, role := range roles {
		lines = append(lines, line{operation: "create-invitation", on: "to " + role, make: func(*organization, person) request {
			return request{body: object{"email": newEmail(), "role": role}}
		}})
	}
	lines = append(lines, line{operation: "list-invitations", make: nothing})
	for _, role := range roles {
		lines = append(lines, line{operation: "revoke-invitation", on: "to " + role, make: func(o *organization, _ person) request {
			return request{path: []string{o.invite(o.owner, newEmail(), role)["id"].(string)}}
		}})
	}
	for _, role := range roles {
		lines = append(lines, line{operation: "resend-invitation", on: "to " + role, make: func(o *organization, _ person) request {
			return request{path: []string{o.invite(o.owner, newEmail(), role)["id"].(string)}}
		}})
	}
	return append(lines,
		line{operation: "list-received-invitations", make: nothing},
		line{operation: "accept-invitation", on: "to one's own address", first: outsider, make: acceptInvitation},
		line{operation: "accept-received-invitation", on: "to oneself", first: outsider, make: receivedInvitation},
		line{operation: "decline-invitation", on: "to oneself", make: receivedInvitation})
}

// acceptInvitation is of an invitation to the caller, who may have become a member since.
func acceptInvitation(o *organization, caller person) request {
	return request{body: object{"token": o.inviteMember(caller)["token"]}}
}

func receivedInvitation(o *organization, caller person) request {
	return request{path: []string{o.inviteMember(caller)["id"].(string)}}
}

// inviteMember takes the membership away for that moment: a member cannot be invited.
func (o *organization) inviteMember(p person) object {
	if p.email == "" { // a service account has none
		p.email = newEmail()
	}
	role := o.roleOf(p)
	o.force(p, "")
	defer o.force(p, role)
	return o.invite(o.owner, p.email, "VIEWER")
}

func datasets() []line {
	const name = "name=weather"
	rename := object{"name": "Renamed"}
	return []line{
		{operation: "create-dataset", make: func(*organization, person) request { return request{query: name, body: weather, csv: true} }},
		{operation: "list-datasets", make: nothing},
		{operation: "get-dataset", make: another((*organization).dataset, nil)},
		{operation: "update-dataset", on: "another's", make: another((*organization).dataset, rename)},
		{operation: "update-dataset", on: "own", make: own((*organization).dataset, rename)},
		{operation: "delete-dataset", on: "another's", make: another((*organization).dataset, nil)},
		{operation: "delete-dataset", on: "own", make: own((*organization).dataset, nil)},
		{operation: "list-columns", make: another((*organization).dataset, nil)},
		{operation: "get-column", make: theFirst(another((*organization).dataset, nil))},
		{operation: "update-column", on: "another's", make: theFirst(another((*organization).dataset, object{"unit": "mm"}))},
		{operation: "update-column", on: "own", make: theFirst(own((*organization).dataset, object{"unit": "mm"}))},
		{operation: "update-column", on: "the visibility of own", make: theFirst(own((*organization).dataset, object{"visibility": "analysts"}))},
		{operation: "list-rows", make: another((*organization).dataset, nil)},
		{operation: "download-dataset", make: another((*organization).dataset, nil)},
		{operation: "query-dataset", make: another((*organization).dataset, count), reads: true},
		{operation: "get-profile", make: another((*organization).dataset, nil)},
		{operation: "get-column-profile", make: func(o *organization, caller person) request {
			r := another((*organization).dataset, nil)(o, caller)
			r.path = append(r.path, "1")
			return r
		}},
		{operation: "ask-question", make: another((*organization).dataset, object{"question": "how many rows"})},
	}
}

func imports() []line {
	ended := func(o *organization, p person) string { return o.importOf(p, "failed") }
	running := func(o *organization, p person) string { return o.importOf(p, "running") }
	return []line{
		{operation: "list-imports", make: nothing},
		{operation: "get-import", on: "another's", make: another(ended, nil)},
		{operation: "get-import", on: "own", make: own(ended, nil)},
		{operation: "watch-import", on: "another's", make: another(ended, nil)},
		{operation: "watch-import", on: "own", make: own(ended, nil)},
		{operation: "cancel-import", on: "another's", make: another(running, nil)},
		{operation: "cancel-import", on: "own", make: own(running, nil)},
	}
}

// importOf is the path of an import of somebody, which no server runs.
func (o *organization) importOf(p person, state string) string {
	o.s.t.Helper()
	id := uuid.Must(uuid.NewV7())
	o.s.force("insert into app.dataset_imports (org_id, id, created_by, dataset_id, mode, state) values ($1, $2, $3, $2, 'create', $4)", o.id, id, p.id, state)
	return o.path("/imports/" + id.String())
}

func versions() []line {
	texts := object{"columns": []object{{"name": "rain", "type": "text"}}}
	withFile := func(make func(*organization, person) request) func(*organization, person) request {
		return func(o *organization, caller person) request {
			r := make(o, caller)
			r.query, r.body, r.csv = "mode=append", weather, true
			return r
		}
	}
	return []line{
		{operation: "create-version", on: "another's", make: withFile(another((*organization).dataset, nil))},
		{operation: "create-version", on: "own", make: withFile(own((*organization).dataset, nil))},
		{operation: "change-types", on: "another's", make: another((*organization).dataset, texts)},
		{operation: "change-types", on: "own", make: own((*organization).dataset, texts)},
		{operation: "list-versions", make: another((*organization).dataset, nil)},
		{operation: "get-version", make: versioned(another, (*organization).inactive)},
		{operation: "compare-versions", make: func(o *organization, caller person) request {
			r := versioned(another, (*organization).inactive)(o, caller)
			r.query = "with=1"
			return r
		}},
		{operation: "activate-version", on: "of another's", make: versioned(another, (*organization).inactive)},
		{operation: "activate-version", on: "of own", make: versioned(own, (*organization).inactive)},
		{operation: "delete-version", on: "of another's", make: versioned(another, (*organization).inactive)},
		{operation: "delete-version", on: "of own", make: versioned(own, (*organization).inactive)},
		{operation: "restore-version", on: "of another's", make: versioned(another, (*organization).deleted)},
		{operation: "restore-version", on: "of own", make: versioned(own, (*organization).deleted)},
		{operation: "purge-version", on: "of another's", make: versioned(another, (*organization).deleted)},
		{operation: "purge-version", on: "of own", make: versioned(own, (*organization).deleted)},
		{operation: "get-version-source", make: versioned(another, (*organization).sourced)},
		{operation: "delete-version-source", on: "of another's", make: versioned(another, (*organization).sourced)},
		{operation: "delete-version-source", on: "of own", make: versioned(own, (*organization).sourced)},
	}
}

// theFirst column of a dataset.
func theFirst(dataset func(*organization, person) request) func(*organization, person) request {
	return func(o *organization, caller person) request {
		r := dataset(o, caller)
		r.path = append(r.path, "1")
		return r
	}
}

func analyses() []line {
	return []line{
		{operation: "create-analysis", on: "of another's dataset", make: func(o *organization, _ person) request {
			return request{body: object{"name": "Days", "dataset_id": lastOf(o.dataset(o.colleague)), "query": count}}
		}},
		{operation: "list-analyses", make: nothing},
		{operation: "get-analysis", make: another((*organization).analysis, nil)},
		{operation: "delete-analysis", on: "another's", make: another((*organization).analysis, nil)},
		{operation: "delete-analysis", on: "own", make: own((*organization).analysis, nil)},
	}
}

func runs() []line {
	return []line{
		{operation: "create-run", on: "of another's analysis", make: another((*organization).analysis, nil)},
		{operation: "list-runs", make: another((*organization).analysis, nil)},
		{operation: "get-run", make: another((*organization).run, nil)},
		{operation: "get-run-chart", make: another((*organization).run, nil)},
	}
}

func serviceAccounts() (lines []line) {
	for _, role := range roles[1:] {
		lines = append(lines, line{operation: "create-service-account", on: "as " + role, make: body(object{"name": "Import", "role": role})})
	}
	for _, role := range roles[1:] {
		lines = append(lines, line{operation: "update-member", on: "service account to " + role, make: func(o *organization, _ person) request {
			return request{path: []string{o.newServiceAccount("VIEWER").id.String()}, body: object{"role": role}}
		}})
	}
	return append(lines, line{operation: "remove-member", on: "service account", make: func(o *organization, _ person) request {
		return request{path: []string{o.newServiceAccount("VIEWER").id.String()}}
	}})
}

func apiKeys() (lines []line) {
	for _, role := range roles {
		lines = append(lines, line{operation: "create-api-key", on: "for oneself, as " + role, make: body(object{"name": "Import", "role": role})})
	}
	for _, role := range roles[1:] {
		lines = append(lines, line{operation: "create-api-key", on: "for a service account, as " + role, make: func(o *organization, _ person) request {
			return request{body: object{"name": "Import", "role": role, "service_account_id": o.newServiceAccount("ADMIN").id}}
		}})
	}
	lines = append(lines, line{operation: "list-api-keys", make: nothing})
	for _, operation := range []string{"revoke-api-key", "rotate-api-key"} {
		for _, role := range roles[:3] {
			lines = append(lines, line{operation: operation, on: role + "'s of a service account", make: func(o *organization, _ person) request {
				return request{path: []string{o.keyOfServiceAccount(role)}, body: rotation(operation)}
			}})
		}
		lines = append(lines, line{operation: operation, on: "own", make: func(o *organization, caller person) request {
			return request{path: []string{o.ownKey(caller)}, body: rotation(operation)}
		}})
	}
	return append(lines, line{operation: "revoke-api-key", on: "a colleague's", make: func(o *organization, _ person) request {
		return request{path: []string{o.ownKey(o.newMember("ANALYST"))}}
	}})
}

// rotation is the body of a request that rotates.
func rotation(operation string) any {
	if operation == "rotate-api-key" {
		return object{}
	}
	return nil
}

// keyOfServiceAccount is the id of a new key that somebody with this role has made.
func (o *organization) keyOfServiceAccount(creator string) string {
	account := o.newServiceAccount("VIEWER")
	o.s.force("update app.api_keys set creator_role = $2 where user_id = $1", account.id, creator)
	return o.keyOf(account)
}

// ownKey is the id of a new key that somebody has made when they were ANALYST.
func (o *organization) ownKey(p person) string {
	role := o.roleOf(p)
	if role == "" { // who is no member has none
		return uuid.NewString()
	}
	o.s.force("delete from app.api_keys where user_id = $1", p.id)
	o.newKey(p, "VIEWER")
	o.s.force("update app.api_keys set creator_role = 'ANALYST' where user_id = $1", p.id)
	return o.keyOf(p)
}

func (o *organization) keyOf(p person) (id string) {
	require.NoError(o.s.t, o.s.admin.QueryRow(o.s.t.Context(), "select id::text from app.api_keys where user_id = $1", p.id).Scan(&id))
	return id
}

// another is a request for something that a colleague has made.
func another(create func(*organization, person) string, body any) func(*organization, person) request {
	return func(o *organization, _ person) request {
		return request{path: ids(create(o, o.colleague)), body: body}
	}
}

// own is a request for something that the caller has made, as an ANALYST, before having the role of today or none: who
// is demoted or removed keeps nothing.
func own(create func(*organization, person) string, body any) func(*organization, person) request {
	return func(o *organization, caller person) request {
		role := o.roleOf(caller)
		o.force(caller, "ANALYST")
		defer o.force(caller, role)
		return request{path: ids(create(o, caller)), body: body}
	}
}

// versioned is a request for the version whose path version makes.
func versioned(whose func(func(*organization, person) string, any) func(*organization, person) request,
	version func(*organization, person) string) func(*organization, person) request {
	return func(o *organization, caller person) request {
		var path string
		r := whose(func(o *organization, p person) string { path = version(o, p); return path }, nil)(o, caller)
		r.path = append(r.path, lastOf(path))
		return r
	}
}

// ids in a path, after the organization's.
func ids(path string) (ids []string) {
	for _, part := range strings.Split(path, "/")[5:] {
		if uuid.Validate(part) == nil {
			ids = append(ids, part)
		}
	}
	return ids
}

// header of the request.
func (r request) header() []string {
	if r.csv {
		return []string{"Content-Type", "text/csv"}
	}
	return nil
}

// changes reports whether a success of the line is to change something.
func (l line) changes(method string) bool {
	return method != http.MethodGet && !l.reads
}
