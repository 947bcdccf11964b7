package policies

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// What the server never sends: statements without WHERE, on columns that nobody may change, and rows in another's name.

// injection is a statement that names no rows, and what it may do nevertheless.
type injection struct {
	sql   string
	model func(m *model, role, person, org string) string
}

var injections = []injection{
	{"update app.datasets set name = 'injected'", func(m *model, role, person, org string) string {
		return m.each("dataset", role, person, org, func(t *thing) { t.more = "injected" })
	}},
	{"delete from app.datasets", func(m *model, role, person, org string) string {
		return m.deletes("dataset", org, func(t thing) bool { return changes(role, t.by == person) })
	}},
	{"delete from app.analyses", func(m *model, role, person, org string) string {
		return m.deletes("analysis", org, func(t thing) bool { return changes(role, t.by == person) })
	}},
	{"delete from app.dataset_segments", func(m *model, role, person, org string) string {
		return m.deletes("segment", org, func(t thing) bool { return changes(role, t.by == person) })
	}},
	{"delete from app.dataset_chunks", func(m *model, role, person, org string) string { return m.deletesParts("chunk", role, person, org) }},
	{"delete from app.dataset_words", func(m *model, role, person, org string) string { return m.deletesParts("words", role, person, org) }},
	{"update app.dataset_chunks set vis = 0", func(m *model, role, person, org string) string {
		return m.each("chunk", onlySettling(role), person, org, func(t *thing) { t.revision = 0 })
	}},
	{"delete from app.dataset_versions", func(*model, string, string, string) string { return "0" }}, // none was deleted before
	{"update app.organizations set name = 'injected'", func(m *model, role, _, org string) string {
		if !settles(role) || m.org(org).deleted {
			return "0"
		}
		m.org(org).name = "injected"
		return "1"
	}},
	{"update app.organizations set deleted_at = now() - interval '30 days'", func(m *model, role, _, org string) string {
		if !settles(role) || m.org(org).deleted {
			return "0"
		}
		return "42501"
	}},
	{"update app.memberships set role = 'ANALYST'", func(m *model, role, _, org string) string { return m.setRoles("ANALYST", role, org) }},
	{"update app.memberships set role = 'OWNER'", func(m *model, role, _, org string) string { return m.setRoles("OWNER", role, org) }},
	{"delete from app.memberships", func(m *model, role, person, org string) string {
		return m.removes(org, func(p string) bool { return m.removable(person, role, p, org) })
	}},
	{"select from app.quotas for update", func(*model, string, string, string) string { return "1" }},
	{"update app.invitations set revoked_at = now()", func(m *model, role, _, org string) string { return fmt.Sprint(m.revokes(role, org)) }},
	{"update app.invitations set revoked_at = null", func(m *model, role, person, org string) string {
		if m.othersOpen(role, person, org) {
			return "42501"
		}
		return fmt.Sprint(m.clone().revokes(role, org))
	}},
}

// refusedToAll are statements for which nobody has the privilege.
var refusedToAll = []string{
	"update app.datasets set org_id = org_id", "update app.datasets set created_by = app.user_id()", "update app.datasets set id = id",
	"update app.memberships set org_id = org_id", "update app.memberships set user_id = user_id", "update app.memberships set full_name = 'injected'",
	"insert into app.memberships (org_id, user_id, role, full_name) select org_id, user_id, 'OWNER', 'injected' from app.memberships",
	"update app.invitations set org_id = org_id", "update app.invitations set role = 'OWNER'", "update app.invitations set email = 'injected'",
	"update app.invitations set accepted_at = null", "delete from app.invitations", "select token_hash from app.invitations", "update app.invitations set declined_at = now()",
	"update app.member_emails set email = 'injected'", "delete from app.member_emails", "delete from app.organizations",
	"update app.organizations set created_by = app.user_id()", "update app.analyses set name = 'injected'", "update app.analysis_runs set result = '{}'",
	"delete from app.analysis_runs", "delete from app.questions", "delete from app.questions_asked", "select from app.users",
	"update app.quotas set members = 2000000000", "update app.quotas set locked_at = now()", "delete from app.quotas",
	"insert into app.quotas (org_id) select org_id from app.quotas", "truncate app.datasets",
	"update app.dataset_versions set published_by = app.user_id()", "delete from app.dataset_columns", "delete from app.dataset_files",
	"update app.dataset_files set sha256 = ''", "update app.dataset_columns set type = 'text'", "update app.dataset_chunks set ints = '{2}'",
}

func (w *world) inject() operation {
	p := w.place("OWNER", "ADMIN")
	p.named = p.org
	i := w.injection(injections, refusedToAll)
	return w.act(p, "injects "+i.sql, "", func(m *model, role string) string { return i.model(m, role, p.person, p.org) }, command{sql: i.sql})
}

// injection draws one that may do something, or one that may not.
func (w *world) injection(some []injection, refused []string) injection {
	if rapid.Bool().Draw(w.t, "refused") {
		return injection{rapid.SampledFrom(refused).Draw(w.t, "injected"), func(*model, string, string, string) string { return "42501" }}
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(w.t, "injected")]
}

// deletesParts of columns that the role sees.
func (m *model) deletesParts(kind, role, person, org string) string {
	return m.deletes(kind, org, func(t thing) bool { return changes(role, t.by == person) && t.revision <= clearance(role) })
}

// onlySettling is the role, if it is one that settles.
func onlySettling(role string) string {
	if settles(role) {
		return role
	}
	return ""
}

// each changes what a statement without WHERE reaches.
func (m *model) each(kind, role, person, org string, change func(*thing)) string {
	n := 0
	for i := range m.things {
		if t := &m.things[i]; t.kind == kind && t.org == org && changes(role, t.by == person) {
			change(t)
			n++
		}
	}
	return fmt.Sprint(n)
}

func (m *model) setRoles(to, role, org string) string {
	n := 0
	for i := range m.memberships {
		if s := &m.memberships[i]; s.org == org && manages(role, s.role) {
			if !manages(role, to) {
				return "42501"
			}
			s.role = to
			n++
		}
	}
	return fmt.Sprint(n)
}

func (m *model) revokes(role, org string) (n int) {
	for i := range m.invitations {
		if v := &m.invitations[i]; v.org == org && manages(role, v.role) && !v.closed() {
			v.state = "revoked"
			n++
		}
	}
	return n
}

// othersOpen: some of those that the role manages are not closed, and another has invited.
func (m *model) othersOpen(role, person, org string) bool {
	return slices.ContainsFunc(m.invitations, func(i invitation) bool {
		return i.org == org && manages(role, i.role) && !i.closed() && i.by != person
	})
}

// personal are statements of a person who has chosen no organization.
var personal = []injection{
	{"update app.memberships set full_name = 'injected'", func(m *model, _, person, _ string) string { return m.copiesName(person, "injected", 0) }},
	{"update app.users set full_name = 'injected'", func(m *model, _, person, _ string) string {
		m.person(person).name = "injected"
		return "1"
	}},
	{"update app.invitations set accepted_at = now()", func(*model, string, string, string) string { return "0" }},
	{"select email from app.invitations", func(*model, string, string, string) string { return "0" }},
}

var refusedToPeople = []string{
	"update app.memberships set role = 'OWNER'", "delete from app.memberships", "update app.users set email = 'injected'",
	"insert into app.memberships (org_id, user_id, role, full_name) select app.user_id(), app.user_id(), 'OWNER', 'injected'",
	"insert into app.member_emails (org_id, user_id, email) select app.user_id(), app.user_id(), 'injected'",
	"insert into app.organizations (id, name, created_by) select app.user_id(), 'injected', app.user_id()",
	"select password_hash from app.users", "select from app.datasets", "delete from app.datasets", "select token_hash from app.invitations",
	"update app.invitations set revoked_at = null", "update app.organizations set name = 'injected'",
}

func (w *world) injectAsPerson() operation {
	who, i := w.someone("who"), w.injection(personal, refusedToPeople)
	begin := command{"select app.begin_user($1)", []any{w.id(who)}}
	return operation{who + " injects " + i.sql, who, "", []command{begin, {sql: i.sql}}, func(m *model, _ string) string { return i.model(m, "", who, "") }}
}

// injectRow inserts what the server would, in anybody's name and in any organization.
func (w *world) injectRow() operation {
	p := w.place()
	made := thing{kind: rapid.SampledFrom([]string{"dataset", "analysis", "run", "question", "invitation"}).Draw(w.t, "row"), org: p.org, more: "injected"}
	made.id, made.by = w.new(made.kind), w.someone("whose")
	switch made.kind {
	case "dataset":
		made.revision = 1
		return w.makes(p, made, "", w.call("insertDataset", name(p.named), name(made.id), made.more, name(made.by), 1))
	case "analysis":
		made.of = w.some("dataset", p.org)
		return w.makes(p, made, "dataset", w.call("insertAnalysis", name(p.named), name(made.id), name(made.of), made.more, "{}", name(made.by), []string{}, []int64{}, 1))
	case "run":
		made.of, made.more = w.some("analysis", p.org), ""
		return w.makes(p, made, "analysis", w.call("insertRun", name(p.named), name(made.id), name(made.of), name(made.by), "{}"))
	case "question":
		made.of = w.some("dataset", p.org)
		return w.makes(p, made, "dataset", w.call("insertQuestion", name(p.named), name(made.id), name(made.of), made.more, "{}", name(made.by)))
	default:
		return w.injectInvitation(p, made.id, made.by)
	}
}

// injectInvitation does not ask whether there is one already.
func (w *world) injectInvitation(p place, id, by string) operation {
	const insert = "insert into app.invitations (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name) values ($1, $2, $3, $4, $5, $6, 'x', 'x')"
	whom, to := w.someone("whom"), w.someRole()
	return w.act(p, "injects "+id+" for "+whom+" as "+to+" by "+by, "42501", func(m *model, role string) string {
		if by != p.person || !manages(role, to) {
			return "42501"
		}
		m.invitations = append(m.invitations, invitation{org: p.org, id: id, to: whom, role: to, by: by, state: "open"})
		return "1"
	}, command{insert, []any{w.id(p.named), w.id(id), w.email(whom), to, w.id(by), w.tokenHash(id, 0)}})
}
