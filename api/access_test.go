package api_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/token"
)

var update = flag.Bool("update", false, "rewrite testdata/access.txt")

// Callers that are no role in the organization.
const (
	outsider   = "other organization" // OWNER of that one
	ownerKey   = "OWNER key"          // an OWNER's
	viewerKey  = "VIEWER key"         // an OWNER's, too
	serviceKey = "ANALYST key"        // a service account's that is ADMIN
	endedKey   = "revoked key"        // an OWNER's
	nobody     = "no token"
	forger     = "bad token" // an OWNER's, signed with another key
)

var columns = append(slices.Clone(roles), ownerKey, viewerKey, serviceKey, endedKey, outsider, nobody, forger)

// TestAccess has every caller meet every operation. A refusal counts only after somebody who may has done the same
// thing, and must change nothing in any table. Every answer is as the OpenAPI says. What was seen is testdata/access.txt:
//
//	go test ./api -run TestAccess -update
func TestAccess(t *testing.T) {
	described, lines, contract := operations(t), lines(), newContract(t)
	grid := make([][]string, len(lines))
	t.Run("of", func(t *testing.T) {
		for id, operation := range described {
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				o := newServer(t).newOrganization()
				for i, l := range lines {
					if l.operation == id {
						t.Run(l.on, func(t *testing.T) { grid[i] = l.meetAll(o.in(t), operation, contract) })
					}
				}
			})
		}
	})
	const golden = "testdata/access.txt"
	text := write(described, lines, grid)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	expected, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(expected), text)
}

func TestEveryOperationIsMetOrExempt(t *testing.T) {
	t.Parallel()
	met, operations := map[string]bool{}, operations(t)
	for _, l := range lines() {
		met[l.operation] = true
	}
	for id, operation := range operations {
		_, free := exempt[id]
		require.NotEqual(t, free, met[id], "%s is to be either in lines or in exempt", id)
		require.Equal(t, free, len(operation.Security) == 0, "the OpenAPI says whether %s asks for a token", id)
		delete(met, id)
	}
	require.Subset(t, slices.Collect(maps.Keys(operations)), slices.Collect(maps.Keys(exempt)))
	require.Empty(t, met, "operations that the OpenAPI does not have")
}

func TestATokenIsAskedForBeforeAnythingIsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.newPerson("Mallory")
	for id, operation := range operations(t) {
		if _, free := exempt[id]; free {
			continue
		}
		path := filled(operation.path, "org", "one", "two")
		for _, caller := range []person{s.nobody(), p.forged()} {
			a := caller.do(operation.method, path+"?nonsense=1", "{", "If-Match", "nonsense")
			a.refused(http.StatusUnauthorized, "unauthorized")
			require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
		}
	}
}

// described is an operation as the OpenAPI has it.
type described struct {
	OperationID  string                `json:"operationId"`
	Tags         []string              `json:"tags"`
	Security     []map[string][]string `json:"security"`
	method, path string
}

// operations by id.
func operations(t *testing.T) map[string]described {
	t.Helper()
	var document struct {
		Paths map[string]map[string]described `json:"paths"`
	}
	newServer(t).nobody().get("/api/openapi.json").read(&document)
	all := map[string]described{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			operation.method, operation.path = strings.ToUpper(method), path
			all[operation.OperationID] = operation
		}
	}
	require.NotEmpty(t, all)
	return all
}

// in reports to a subtest.
func (o *organization) in(t *testing.T) *organization {
	o.s.t = t
	return o
}

// meetAll is one line of the grid.
func (l line) meetAll(o *organization, op described, c contract) (cells []string) {
	for _, column := range columns {
		cells = append(cells, l.meet(o, op, c, column))
	}
	return cells
}

// meet is one cell of the grid.
func (l line) meet(o *organization, op described, c contract, column string) string {
	t := o.s.t
	first, caller := o.caller(cmp.Or(l.first, "OWNER")), o.caller(column)
	equal, r := l.make(o, first), l.make(o, caller)
	caller = o.with(caller, column)
	l.prepare(o)
	before := o.s.dump()
	success := op.send(first, o.id.String(), equal)
	require.Less(t, success.status, 300, "%s: %s", column, success.body)
	c.holds(op.OperationID, success)
	after := o.s.dump()
	require.Equal(t, l.changes(op.method), before != after)
	l.prepare(o)
	after = o.s.dump()

	a := op.send(caller, o.id.String(), r)
	c.holds(op.OperationID, a)
	if a.status == success.status {
		return "✔"
	}
	problem := a.refused(a.status, a.object()["code"].(string))
	require.Equal(t, after, o.s.dump(), "%s was refused, and something changed", column)
	return fmt.Sprint(problem["status"], " ", problem["code"])
}

func (l line) prepare(o *organization) {
	if l.ready != nil {
		l.ready(o)
	}
}

// TestAttack_095_AForeignIDIsAnAbsentOne: every operation answers an outsider who knows the ids of an organization, or of what
// is in it, byte for byte as it answers ids that nothing has.
func TestAttack_095_AForeignIDIsAnAbsentOne(t *testing.T) {
	t.Parallel()
	operations := operations(t)
	o := newServer(t).newOrganization()
	for _, l := range lines() {
		if op := operations[l.operation]; strings.Contains(op.path, "{org_id}") {
			t.Run(l.operation+" "+l.on, func(t *testing.T) { l.requireAbsent(o.in(t), op) })
		}
	}
}

func (l line) requireAbsent(o *organization, op described) {
	t, caller := o.s.t, o.caller(outsider)
	r := l.make(o, caller)
	foreign := op.send(caller, o.id.String(), r)
	foreign.refused(http.StatusNotFound, "not_found")
	requireSameAnswer(t, foreign, op.send(caller, uuid.NewString(), r))
	if len(r.path) == 0 || strings.HasPrefix(l.on, "oneself") {
		return
	}
	own := caller.get("/api/v1/organizations").items()[0]["id"].(string)
	inside := op.send(caller, own, r)
	inside.refused(http.StatusNotFound, "not_found")
	for i, id := range r.path {
		if uuid.Validate(id) == nil { // the rest is a version's number
			r.path[i] = uuid.NewString()
		}
	}
	requireSameAnswer(t, inside, op.send(caller, own, r))
}

func (op described) send(caller person, org string, r request) answer {
	values := r.path
	if strings.Contains(op.path, "{org_id}") {
		values = append([]string{org}, values...)
	}
	path := filled(op.path, values...)
	if r.query != "" {
		path += "?" + r.query
	}
	elsewhere := fmt.Sprintf("10.%d.%d.%d", rand.IntN(256), rand.IntN(256), rand.IntN(256)) // the limits are another test's
	return caller.do(op.method, path, r.body, append(r.header(), "X-Forwarded-For", elsewhere)...)
}

// filled replaces the parameters of a path in their order.
func filled(path string, values ...string) string {
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path, values = before+values[0]+after, values[1:]
	}
	return path
}

// caller is somebody new of a column.
func (o *organization) caller(column string) person {
	switch column {
	case outsider:
		p := o.s.newPerson("Otto Outsider")
		p.post("/api/v1/organizations", object{"name": "Other"}).is(http.StatusCreated)
		return p
	case nobody, forger, ownerKey, viewerKey, endedKey:
		return o.newMember("OWNER")
	case serviceKey:
		return o.newServiceAccount("ADMIN")
	default:
		return o.newMember(column)
	}
}

// with is the person with the token of the column.
func (o *organization) with(p person, column string) person {
	switch column {
	case ownerKey, endedKey:
		p.token = o.newKey(p, "OWNER")
		o.s.force("update app.api_keys set revoked_at = now() where user_id = $1 and $2", p.id, column == endedKey)
	case viewerKey:
		p.token = o.newKey(p, "VIEWER")
	case serviceKey:
		p.token = o.newKey(p, "ANALYST")
	case nobody:
		p.token = ""
	case forger:
		return p.forged()
	}
	return p
}

// forged has a token that says the same, signed with a key that is not the server's.
func (p person) forged() person {
	var err error
	p.token, err = otherKeys().Access(token.Session{User: p.id, ID: uuid.New()}, time.Now())
	require.NoError(p.s.t, err)
	return p
}

// dump is every table with the number of its rows and the sum of their hashes, after what goes on behind the answers, but for
// profiles, which reading computes, and the record: of refusals as well there is one, and TestEveryChangeIsOnTheRecord is about that.
func (s *server) dump() string {
	s.t.Helper()
	s.queue.Wait()
	if s.dumping == "" {
		require.NoError(s.t, s.admin.QueryRow(s.t.Context(), `
			select string_agg(format('select %L || count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) from %s t',
				oid::regclass || ' ', oid::regclass), ' union all ' order by relname)
			from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and relname not in ('audit_events', 'audit_seals', 'dataset_profiles')`).Scan(&s.dumping))
	}
	rows, err := s.admin.Query(s.t.Context(), s.dumping)
	require.NoError(s.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	require.NotEmpty(s.t, tables)
	return strings.Join(tables, "\n")
}

var importsOfDump = regexp.MustCompile(`(?m)^app.dataset_imports .*`)

// dumpBesideImports is the dump without what is noted of every upload, whatever becomes of it.
func (s *server) dumpBesideImports() string {
	s.t.Helper()
	return importsOfDump.ReplaceAllString(s.dump(), "")
}

const heading = `What each caller gets from each operation of the API. ✔ is done; otherwise the status and the problem's code.
Written by: go test ./api -run TestAccess -update
`

func write(described map[string]described, lines []line, grid [][]string) string {
	const name, cell = 44, 20
	var b strings.Builder
	b.WriteString(heading)
	tag := ""
	for i, l := range lines {
		if t := strings.Join(described[l.operation].Tags, " "); t != tag {
			tag = t
			b.WriteString("\n" + row(name, cell, tag, columns) + "\n")
		}
		b.WriteString(row(name, cell, "  "+strings.TrimSuffix(l.operation+", "+l.on, ", "), grid[i]) + "\n")
	}
	return b.String()
}

func row(name, cell int, first string, cells []string) string {
	text := padded(first, name)
	for _, c := range cells {
		text += padded(c, cell)
	}
	return strings.TrimRight(text, " ")
}

func padded(text string, width int) string {
	return text + strings.Repeat(" ", max(1, width-utf8.RuneCountInString(text)))
}
