package policies

import (
	"bytes"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a person sees: by statements that name nothing, so that only the policies decide, and by the server's lists.

var (
	newest = uuid.UUID(bytes.Repeat([]byte{0xff}, 16)) // lists show what is before it
	lists  = map[string]string{"member": "selectMembers", "invitation": "selectInvitations", "dataset": "selectDatasets", "analysis": "selectAnalyses", "run": "selectRuns"}
)

// seesAsMember: what the policies show of everything, and the server's lists of an organization that is not always the
// one chosen.
func (w *world) seesAsMember(person, org string) {
	named := rapid.SampledFrom(append([]string{org}, w.orgIDs()...)).Draw(w.t, "and names")
	analysis := w.some("analysis", org)
	begin := command{"select app.begin_request($1, $2)", []any{w.id(person), w.id(org)}}
	asked := []string{"member", "invitation", "dataset", "analysis"}
	reads := []command{{sql: selectAsMember}}
	for _, kind := range asked {
		reads = append(reads, command{w.statement(lists[kind]), []any{w.id(named), newest, 1000}})
	}
	reads[2].args = append(reads[2].args, "") // of every state
	reads = append(reads, command{w.statement(lists["run"]), []any{w.id(named), w.id(analysis), newest, 1000}})

	got, refused := w.look(begin, reads)
	switch {
	case w.model.role(person, org) == "":
		require.Equal(w.t, "P0002", refused, "%s is no member of %s", person, org)
		return
	case w.model.org(org).deleted:
		require.Equal(w.t, "IF004", refused, "%s looks into %s", person, org)
		return
	}
	require.Empty(w.t, refused, "%s in %s", person, org)
	slices.Sort(got[0])
	w.same(w.model.rows(func(f fact) bool { return w.model.shows(f, person, org) }), got[0], "what the policies show %s in %s", person, org)
	for i, kind := range asked {
		w.same(w.listed(kind, person, org, named, all), got[i+1], "%s in %s lists each %s of %s", person, org, kind, named)
	}
	runs := func(f fact) bool { return strings.HasPrefix(f.listed, f.id+" "+analysis+" ") }
	w.same(w.listed("run", person, org, named, runs), got[len(asked)+1], "%s in %s lists the runs of %s", person, org, analysis)
}

func (w *world) seesAsPerson(person string) {
	begin := command{"select app.begin_user($1)", []any{w.id(person)}}
	deleted := rapid.Bool().Draw(w.t, "the deleted ones")
	got, refused := w.look(begin, []command{{sql: selectAsPerson}, {w.statement("selectOrganizations"), []any{w.id(person), newest, 1000, deleted, nil}}})
	require.Empty(w.t, refused, person)
	slices.Sort(got[0])
	w.same(w.model.rows(func(f fact) bool { return w.model.shows(f, person, "") }), got[0], "what the policies show %s", person)
	which := func(f fact) bool {
		return w.model.org(f.org).deleted == deleted && (!deleted || w.model.role(person, f.org) == "OWNER")
	}
	w.same(w.listed("organization", person, "", "", which), got[1], "%s lists organizations", person)
	w.seesAsAddressee(person)
}

// seesAsAddressee: the invitations to oneself, in whatever organization and state; listed are the open ones.
func (w *world) seesAsAddressee(person string) {
	begin := command{"select app.begin_addressee($1)", []any{w.id(person)}}
	got, refused := w.look(begin, []command{{sql: selectInvitationRows}, {"select id from (" + w.statement("selectReceivedInvitations") + ") i", []any{newest, 1000}}})
	require.Empty(w.t, refused, person)
	slices.Sort(got[0])
	to, open := map[string]bool{}, []string{}
	for _, i := range w.model.invitations {
		if to[i.id] = i.to == person; to[i.id] && i.state == "open" {
			open = append(open, i.id)
		}
	}
	slices.SortFunc(open, func(a, b string) int { return bytes.Compare(w.bytes(b), w.bytes(a)) })
	w.same(w.model.rows(func(f fact) bool { return f.kind == "invitation" && to[f.id] }), got[0], "what the policies show the addressee %s", person)
	w.same(open, got[1], "%s lists received invitations", person)
}

// listed is what the server's list of a kind shows to a person in org when it names another one, newest first.
func (w *world) listed(kind, person, org, named string, of func(fact) bool) []string {
	var shown []fact
	for _, f := range w.model.facts() {
		if f.kind == kind && f.listed != "" && org == named && w.model.shows(f, person, org) && of(f) {
			shown = append(shown, f)
		}
	}
	slices.SortFunc(shown, func(a, b fact) int { return bytes.Compare(w.bytes(b.id), w.bytes(a.id)) })
	rows := []string{}
	for _, f := range shown {
		switch {
		case kind == "organization":
			f.listed = w.model.role(person, f.org) + " " + f.listed
		case kind == "member" && settles(w.model.role(person, org)):
			f.listed += " " + address(f.id)
		}
		rows = append(rows, f.listed)
	}
	return rows
}

func (w *world) bytes(name string) []byte {
	id := w.id(name)
	return id[:]
}

// look sends queries in one flush, in a transaction that is rolled back, and gives the rows of each, or the SQLSTATE.
func (w *world) look(begin command, reads []command) (got [][]string, refused string) {
	batch := &pgx.Batch{}
	for _, c := range slices.Concat([]command{{sql: "begin"}, begin}, reads, []command{{sql: "rollback"}}) {
		batch.Queue(c.sql, c.args...)
	}
	defer w.end(w.one, "rollback")
	results := w.one.SendBatch(w.t.Context(), batch)
	defer results.Close()
	for range 2 {
		if _, err := results.Exec(); err != nil {
			return nil, sqlState(err)
		}
	}
	for range reads {
		rows, _ := results.Query()
		texts, err := w.texts(rows)
		if err != nil {
			return nil, sqlState(err)
		}
		got = append(got, texts)
	}
	return got, ""
}

// texts are the ids and texts of each row.
func (w *world) texts(rows pgx.Rows) ([]string, error) {
	defer rows.Close()
	texts := []string{}
	for rows.Next() {
		var parts []string
		for i, value := range rows.RawValues() {
			switch rows.FieldDescriptions()[i].DataTypeOID {
			case pgtype.UUIDOID:
				parts = append(parts, uuid.UUID(value).String())
			case pgtype.TextOID:
				if value != nil {
					parts = append(parts, string(value))
				}
			}
		}
		texts = append(texts, w.named(strings.Join(parts, " ")))
	}
	return texts, rows.Err()
}

func (w *world) peopleIDs() (ids []string) {
	for _, p := range w.model.people {
		ids = append(ids, p.id)
	}
	return ids
}

func (w *world) orgIDs() (ids []string) {
	for _, o := range w.model.orgs {
		ids = append(ids, o.id)
	}
	return ids
}
