package policies

import (
	"fmt"
	"slices"
	"strings"
)

// The permission table of design.md §6, as six questions. Nothing else here speaks of roles, and nothing asks SQL.

// sees: everything in the organization but addresses, invitations and others' questions.
func sees(role string) bool { return role != "" }

// creates datasets, analyses, runs and questions.
func creates(role string) bool { return changes(role, true) }

// changes and deletes datasets and analyses, and fills datasets.
func changes(role string, own bool) bool { return settles(role) || role == "ANALYST" && own }

// settles: changes the organization, and sees addresses and all questions.
func settles(role string) bool { return role == "OWNER" || role == "ADMIN" }

// clearance is the highest vis of what a role sees.
func clearance(role string) int { return map[string]int{"OWNER": 2, "ADMIN": 2, "ANALYST": 1}[role] }

// manages members and invitations that have the other role, or are to have it.
func manages(role, other string) bool {
	return role == "OWNER" && other != "" || role == "ADMIN" && (other == "ANALYST" || other == "VIEWER")
}

// model is what the database should hold of the people and organizations of one run. Names stand for ids.
type model struct {
	people      []person
	orgs        []org
	memberships []membership
	invitations []invitation
	things      []thing
	events      []recorded
}

type person struct {
	id, name string
	revision int
}

type org struct {
	id, by, name, slug string
	members            int // at most, to join
	deleted            bool
	revision           int
}

type membership struct {
	org, person, role, name string
	revision                int
}

// invitation to the address of a person. state: open, accepted, revoked, declined or expired.
type invitation struct {
	org, id, to, role, by, state string
	resent                       int // how often, and so which token it has
}

// thing is a dataset, a part of it, an analysis, a run or a question. It goes with what it is of.
type thing struct {
	kind, org, id, of, by string
	more                  string // the name, if it has one; who published, for a version
	revision              int    // for a dataset; for what is of a column, its vis
}

// recorded is an audit event.
type recorded struct {
	org, id, by, action, object string
	before, after               string // JSON; empty: null
}

func (m *model) clone() *model {
	return &model{slices.Clone(m.people), slices.Clone(m.orgs), slices.Clone(m.memberships), slices.Clone(m.invitations), slices.Clone(m.things), slices.Clone(m.events)}
}

// records an event. before and after are pairs, in jsonb's order.
func (m *model) records(org, id, by, action, object string, before, after []string) {
	m.events = append(m.events, recorded{org, id, by, action, object, asJSON(before), asJSON(after)})
}

func asJSON(pairs []string) string {
	var members []string
	for i := 0; i < len(pairs); i += 2 {
		members = append(members, fmt.Sprintf("%q: %q", pairs[i], pairs[i+1]))
	}
	if members == nil {
		return ""
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func (m *model) membership(person, org string) *membership {
	for i := range m.memberships {
		if m.memberships[i].person == person && m.memberships[i].org == org {
			return &m.memberships[i]
		}
	}
	return nil
}

// begins is with what an operation begins: the role of that moment, empty for who is no member.
func (m *model) begins(op operation) string {
	role := m.role(op.person, op.org)
	if op.org != "" && role != "" && m.org(op.org).deleted {
		return gone
	}
	return role
}

// gone stands for a role in an organization that was deleted.
const gone = "gone"

// role is empty for who is no member.
func (m *model) role(person, org string) string {
	if s := m.membership(person, org); s != nil {
		return s.role
	}
	return ""
}

func (m *model) person(id string) *person {
	return &m.people[slices.IndexFunc(m.people, func(p person) bool { return p.id == id })]
}

func (m *model) org(id string) *org {
	return &m.orgs[slices.IndexFunc(m.orgs, func(o org) bool { return o.id == id })]
}

// full: nobody more may join.
func (m *model) full(org string) bool {
	n := 0
	for _, s := range m.memberships {
		if s.org == org {
			n++
		}
	}
	return n >= m.org(org).members
}

func (m *model) join(person, org, role string) {
	m.memberships = append(m.memberships, membership{org, person, role, m.person(person).name, 1})
}

// copiesName into the memberships of a person, and counts them.
func (m *model) copiesName(person, name string, revision int) string {
	n := 0
	for i := range m.memberships {
		if s := &m.memberships[i]; s.person == person {
			s.name, s.revision, n = name, s.revision+revision, n+1
		}
	}
	return fmt.Sprint(n)
}

// lastOwner: an organization keeps one.
func (m *model) lastOwner(person, org string) bool {
	return m.role(person, org) == "OWNER" && !slices.ContainsFunc(m.memberships, func(s membership) bool {
		return s.org == org && s.role == "OWNER" && s.person != person
	})
}

// removable: those whom a role manages, and oneself.
func (m *model) removable(by, role, person, org string) bool {
	return m.role(person, org) != "" && (person == by || manages(role, m.role(person, org)))
}

// removes takes the memberships away; what the members have made stays.
func (m *model) removes(org string, gone func(person string) bool) string {
	return removed(&m.memberships, func(s membership) bool { return s.org == org && gone(s.person) })
}

// removed is the outcome of a deletion.
func removed[T any](from *[]T, gone func(T) bool) string {
	before := len(*from)
	*from = slices.DeleteFunc(*from, gone)
	return fmt.Sprint(before - len(*from))
}

// invited: an open invitation is in the way of another one, if the role manages it and so sees it.
func (m *model) invited(role, person, org string) bool {
	return slices.ContainsFunc(m.invitations, func(i invitation) bool {
		return i.org == org && i.to == person && i.state == "open" && manages(role, i.role)
	})
}

// another open invitation to the same address is in the way of sending i again, if the role manages it and so sees it.
func (m *model) another(role string, i invitation) bool {
	return slices.ContainsFunc(m.invitations, func(o invitation) bool {
		return o.org == i.org && o.to == i.to && o.id != i.id && o.state == "open" && manages(role, o.role)
	})
}

func (m *model) invitation(org, id string) *invitation {
	for i := range m.invitations {
		if m.invitations[i].id == id && (org == "" || m.invitations[i].org == org) {
			return &m.invitations[i]
		}
	}
	return nil
}

// closed: accepted, revoked and declined ones do not change again; an expired one may be revoked or sent again.
func (i invitation) closed() bool { return i.state != "open" && i.state != "expired" }

func (m *model) thing(kind, org, id string) *thing {
	for i := range m.things {
		if t := &m.things[i]; t.kind == kind && t.org == org && t.id == id {
			return t
		}
	}
	return nil
}

// deletes things with all that is of them, and counts only the former.
func (m *model) deletes(kind, org string, gone func(thing) bool) string {
	var ids []string
	count := removed(&m.things, func(t thing) bool {
		if t.kind != kind || t.org != org || !gone(t) {
			return false
		}
		ids = append(ids, t.id)
		return true
	})
	for ; len(ids) > 0; ids = ids[1:] { // grows by what was of them
		removed(&m.things, func(t thing) bool {
			if t.org != org || t.of != ids[0] {
				return false
			}
			ids = append(ids, t.id)
			return true
		})
	}
	return count
}

// published tells whether the dataset has a version: without one the lists do not show it.
func (m *model) published(dataset thing) bool {
	return slices.ContainsFunc(m.things, func(t thing) bool { return t.kind == "version" && t.org == dataset.org && t.of == dataset.id })
}

// fact is one row of the database.
type fact struct {
	kind, org, id string
	person, role  string // whose it is, and the role that it is about
	row           string // as the tables below write it
	vis           int
	listed        string // as the server's list shows it; empty: not at all
}

func (m *model) facts() []fact {
	var facts []fact
	for _, p := range m.people {
		facts = append(facts, fact{kind: "user", id: p.id, person: p.id, row: fmt.Sprintf("user|||%s||%s|%s|%d", p.id, address(p.id), p.name, p.revision)})
	}
	for _, o := range m.orgs {
		facts = append(facts, fact{kind: "organization", org: o.id, id: o.id,
			row: fmt.Sprintf("organization|%s||%s|%s|%s|%s|%t|%d", o.id, o.id, o.by, o.name, o.slug, o.deleted, o.revision), listed: o.id + " " + o.name + " " + o.slug + " UTC"},
			fact{kind: "quota", org: o.id, row: fmt.Sprintf("quota|%s||||%d|1000|107374182400|10000", o.id, o.members)})
	}
	for _, s := range m.memberships {
		row := fmt.Sprintf("member|%s||%s||%s|%s|%d", s.org, s.person, s.role, s.name, s.revision)
		facts = append(facts, fact{"member", s.org, s.person, s.person, s.role, row, 0, s.person + " person " + s.name + " " + s.role},
			fact{"address", s.org, s.person, s.person, "", fmt.Sprintf("address|%s||%s||%s", s.org, s.person, address(s.person)), 0, address(s.person)})
	}
	for _, i := range m.invitations {
		row := fmt.Sprintf("invitation|%s||%s|%s|%s|%s|%s", i.org, i.id, i.by, address(i.to), i.role, i.state)
		facts = append(facts, fact{"invitation", i.org, i.id, i.by, i.role, row, 0, i.id + " " + address(i.to) + " " + i.role + " " + i.state + " " + i.by})
	}
	for _, t := range m.things {
		facts = append(facts, m.factOf(t))
	}
	for _, e := range m.events {
		row := strings.Join(slices.DeleteFunc([]string{"event", e.org, "-", e.id, e.by, e.action, e.object, e.before, e.after}, func(s string) bool { return s == "" }), "|")
		facts = append(facts, fact{kind: "event", org: e.org, id: e.id, person: e.by, row: row})
	}
	return facts
}

func (m *model) factOf(t thing) fact {
	f := fact{kind: t.kind, org: t.org, id: t.id, person: t.by, row: fmt.Sprintf("%s|%s|%s|%s|%s|%s", t.kind, t.org, t.of, t.id, t.by, t.more)}
	switch t.kind {
	case "dataset":
		f.row += fmt.Sprintf("|%d|1", t.revision) // and the version
		if m.published(t) {
			f.listed = t.id + " " + t.more + " " + t.by
		}
	case "column", "words", "chunk", "file":
		f.vis = t.revision
		f.row += fmt.Sprintf("|%d", t.revision)
	case "analysis":
		f.listed = t.id + " " + t.of + " " + t.more + " " + t.by
	case "run":
		f.listed = t.id + " " + t.of + " " + t.by
	}
	return f
}

func address(person string) string { return person + "@example.com" }

// shows tells whether the policies show f to a person who has chosen an organization, or none.
func (m *model) shows(f fact, person, org string) bool {
	if org == "" {
		return f.kind == "organization" && m.role(person, f.org) != "" || f.person == person && slices.Contains([]string{"user", "member", "address"}, f.kind)
	}
	role := m.role(person, org)
	switch {
	case f.org != org:
		return false
	case f.kind == "question":
		return settles(role) || role != "" && f.person == person
	case f.kind == "address":
		return settles(role)
	case f.kind == "event":
		return settles(role) || role != "" && f.person == person
	case f.kind == "invitation":
		return manages(role, f.role)
	default:
		return sees(role) && f.vis <= clearance(role)
	}
}

// rows are the facts that keep is true for, as the tables write them, in order.
func (m *model) rows(keep func(fact) bool) []string {
	rows := []string{}
	for _, f := range m.facts() {
		if keep(f) {
			rows = append(rows, f.row)
		}
	}
	slices.Sort(rows)
	return rows
}
