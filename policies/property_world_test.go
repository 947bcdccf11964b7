package policies

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world is one run: people, organizations, and what has become of them.
type world struct {
	*property
	model  *model
	t      *rapid.T
	prefix uuid.UUID // its first half is the first half of every id
	ids    map[string]uuid.UUID
	names  map[uuid.UUID]string
	picked map[string]string // of two operations at once: what the first one is about
	did    []string          // the steps
}

func (p *property) world(t *rapid.T) *world {
	return &world{property: p, model: &model{}, t: t, prefix: uuid.New(), ids: map[string]uuid.UUID{}, names: map[uuid.UUID]string{}}
}

func (w *world) run() {
	w.end(w.one, "rollback") // a run that failed may have left them open
	w.end(w.other, "rollback")
	w.begin()
	actions := map[string]func(*rapid.T){"": w.agrees, "an invitation expires": w.expire}
	for name, o := range operations {
		actions[name] = func(t *rapid.T) {
			if !w.has(o.on) {
				t.Skip("there is nothing to do it on")
			}
			w.do(o.draw(w))
		}
	}
	for name, group := range conflicts {
		actions["at once: "+name] = func(*rapid.T) { w.atOnce(group) }
	}
	w.t.Repeat(actions)
}

func (w *world) has(kind string) bool {
	return kind == "" || slices.ContainsFunc(w.model.facts(), func(f fact) bool { return f.kind == kind })
}

// id is what the database calls something. Ids grow, so that lists have the order of the names' first use.
func (w *world) id(name string) uuid.UUID {
	id, ok := w.ids[name]
	if !ok {
		id = w.prefix
		binary.BigEndian.PutUint64(id[8:], uint64(len(w.ids)+1))
		w.ids[name], w.names[id] = id, name
	}
	return id
}

// new is the name of something new.
func (w *world) new(kind string) string {
	name := fmt.Sprintf("%s %d", kind, len(w.ids)+1)
	w.id(name)
	return name
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// named puts the names in place of the ids.
func (w *world) named(text string) string {
	return anID.ReplaceAllStringFunc(text, func(s string) string {
		if name, ok := w.names[uuid.MustParse(s)]; ok {
			return name
		}
		return "an id of another run"
	})
}

var roles = []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"}

// begin makes five people and two organizations, in which each has some role or none.
func (w *world) begin() {
	batch := &pgx.Batch{}
	for _, name := range []string{"ann", "bob", "cid", "dan", "eve"} {
		w.model.people = append(w.model.people, person{name, name, 1})
		batch.Queue("insert into app.users (id, email, full_name, password_hash, email_verified_at) values ($1, $2, $3, 'x', now())", w.id(name), w.email(name), name)
	}
	for _, o := range []string{"acme", "beta"} {
		members := rapid.SampledFrom([]int{1000, 4, 5}).Draw(w.t, "members of "+o)
		w.model.orgs = append(w.model.orgs, org{id: o, by: "ann", name: o, slug: o, members: members, revision: 1})
		batch.Queue("insert into app.organizations (id, name, slug, created_by) values ($1, $2, $3, $4)", w.id(o), o, w.slug(o), w.id("ann"))
		batch.Queue("insert into app.quotas (org_id, members) values ($1, $2)", w.id(o), members)
		for _, p := range w.model.people {
			if role := rapid.SampledFrom(slices.Concat([]string{""}, roles, roles)).Draw(w.t, p.id+" in "+o); role != "" {
				w.model.join(p.id, o, role)
				batch.Queue("insert into app.memberships (org_id, user_id, role, full_name) values ($1, $2, $3, $4)", w.id(o), w.id(p.id), role, p.id)
				batch.Queue("insert into app.member_emails (org_id, user_id, email) values ($1, $2, $3)", w.id(o), w.id(p.id), w.email(p.id))
			}
		}
	}
	require.NoError(w.t, w.admin.SendBatch(w.t.Context(), batch).Close())

	batch = &pgx.Batch{}
	rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return w.before(t, batch) }), 0, 20).Draw(w.t, "made before")
	require.NoError(w.t, w.one.SendBatch(w.t.Context(), batch).Close())
}

// early are operations that fill a world faster than its people would: all are sent in one flush, before the first step.
var early = []string{"create a dataset", "create a dataset", "save an analysis", "run an analysis", "invite", "invite",
	"revoke an invitation", "change a role", "remove a member"}

// before draws an operation and adds it to the batch, if it does anything. It is a generator so that shrinking can leave
// one out.
func (w *world) before(t *rapid.T, batch *pgx.Batch) string {
	outer := w.t
	defer func() { w.t = outer }()
	w.t = t
	op := operations[rapid.SampledFrom(early).Draw(t, "what")].draw(w)
	if w.model.applies(op, w.model.begins(op)) != "1" {
		return "nothing"
	}
	for _, c := range slices.Concat([]command{{sql: "begin"}}, op.calls, []command{{sql: "commit"}}) {
		batch.Queue(c.sql, c.args...)
	}
	return op.says
}

// slug that stands for a name of the model: an id, which has the form of one, unless the database has made it.
func (w *world) slug(name string) string {
	if id, ok := w.ids[name]; ok {
		return id.String()
	}
	return name
}

func (w *world) email(person string) string { return address(w.id(person).String()) }

func (w *world) admins(sql string, args ...any) {
	_, err := w.admin.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err)
}

// command is a statement with its parameters.
type command struct {
	sql  string
	args []any
}

// operation is what somebody does in one transaction: to the database, and to the model. Its outcome is how many rows the
// last statement touched, or the SQLSTATE that ended it.
type operation struct {
	says        string
	person, org string    // org: empty, if none was chosen
	calls       []command // the first one begins
	model       func(m *model, role string) string
}

// send sends an operation in one flush, as the server does.
func send(ctx context.Context, conn *pgx.Conn, op operation, last ...command) (outcome string) {
	batch := &pgx.Batch{}
	calls := slices.Concat([]command{{sql: "begin"}}, op.calls, last)
	for _, c := range calls {
		batch.Queue(c.sql, c.args...)
	}
	results := conn.SendBatch(ctx, batch)
	defer results.Close()
	for i := range calls {
		tag, err := results.Exec()
		if err != nil {
			return sqlState(err)
		}
		if i < len(calls)-len(last) {
			outcome = fmt.Sprint(tag.RowsAffected())
		}
	}
	return outcome
}

func sqlState(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return err.Error()
}

// end ends a transaction that an error has left open, or that waits for its end.
func (w *world) end(conn *pgx.Conn, how string) {
	if conn.PgConn().TxStatus() == 'I' {
		return
	}
	_, err := conn.Exec(w.t.Context(), how)
	require.NoError(w.t, err)
}

// do does it.
func (w *world) do(op operation) {
	w.does(op.says)
	want := w.model.applies(op, w.model.begins(op))
	got := send(w.t.Context(), w.one, op, command{sql: "commit"})
	w.end(w.one, "rollback")
	require.Equal(w.t, want, got, "outcome of: %s", op.says)
}

func (w *world) does(step string) {
	w.did = append(w.did, step)
	w.t.Log(step)
}

// applies is the outcome for a caller who began when the role was this one.
func (m *model) applies(op operation, role string) string {
	switch {
	case op.org != "" && role == "":
		return "P0002" // not a member
	case role == gone:
		return "IF004"
	}
	return op.model(m, role)
}

// expire: time passes.
func (w *world) expire(t *rapid.T) {
	var open []string
	for _, i := range w.model.invitations {
		if i.state == "open" {
			open = append(open, i.id)
		}
	}
	if len(open) == 0 {
		t.Skip("no open invitation")
	}
	i := w.model.invitation("", rapid.SampledFrom(open).Draw(t, "invitation"))
	i.state = "expired"
	w.does(i.id + " expires")
	w.admins("update app.invitations set expires_at = now() where org_id = $1 and id = $2", w.id(i.org), w.id(i.id))
}

// agrees asks the second and the third question.
func (w *world) agrees(t *rapid.T) {
	w.same(w.model.rows(all), w.rows(), "the rows of all organizations")
	person := rapid.SampledFrom(w.peopleIDs()).Draw(t, "who looks")
	if org := rapid.SampledFrom(append(w.orgIDs(), "")).Draw(t, "where"); org != "" {
		w.seesAsMember(person, org)
	} else {
		w.seesAsPerson(person)
	}
}

func all(fact) bool { return true }

// same compares line by line.
func (w *world) same(want, got []string, what string, args ...any) {
	w.t.Helper()
	require.Equal(w.t, strings.Join(want, "\n"), strings.Join(got, "\n"), append([]any{what}, args...)...)
}

// rows are all rows of this run.
func (w *world) rows() []string {
	var people, orgs []uuid.UUID
	for _, p := range w.model.people {
		people = append(people, w.id(p.id))
	}
	for _, o := range w.model.orgs {
		orgs = append(orgs, w.id(o.id))
	}
	return w.collected(w.admin, selectEverything, people, orgs)
}

func (w *world) collected(conn *pgx.Conn, sql string, args ...any) []string {
	rows, _ := conn.Query(w.t.Context(), sql, args...)
	texts, err := pgx.AppendRows([]string{}, rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	for i := range texts {
		texts[i] = w.named(texts[i])
	}
	slices.Sort(texts)
	return texts
}
