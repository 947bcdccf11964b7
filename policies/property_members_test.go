package policies

import (
	"slices"

	"pgregory.net/rapid"
)

// What people do with organizations, themselves, members and invitations.

func (w *world) found() operation {
	person, id := w.someone("by"), w.new("org")
	if !w.mostly("new") {
		id = rapid.SampledFrom(w.orgIDs()).Draw(w.t, "which")
	}
	begin := command{"select app.begin_organization($1, $2, $3)", []any{w.id(person), w.id(id), "founded"}}
	event, written := w.event()
	return operation{person + " founds " + id, person, "", []command{begin, w.recording(written, "recordOrganization", name(id))}, func(m *model, _ string) string {
		if slices.ContainsFunc(m.orgs, func(o org) bool { return o.id == id }) {
			return "23505"
		}
		m.orgs = append(m.orgs, org{id, person, "founded", 1})
		m.join(person, id, "OWNER")
		m.records(id, event, person, "organization.created", id, nil, []string{"name", "founded"})
		return "1"
	}}
}

func (w *world) renameOrganization() operation {
	p, called := w.place("OWNER", "ADMIN"), w.new("name")
	event, written := w.event()
	return w.act(p, "renames "+p.named, "0", func(m *model, role string) string {
		if !settles(role) {
			return "0"
		}
		o := m.org(p.org)
		m.records(p.org, event, p.person, "organization.changed", p.org, []string{"name", o.name}, []string{"name", called})
		o.name, o.revision = called, o.revision+1
		return "1"
	}, w.recording(written, "updateOrganization", name(p.named), called, nil))
}

func (w *world) renameOneself() operation {
	who, called := w.someone("who"), w.new("name")
	begin := command{"select app.begin_user($1)", []any{w.id(who)}}
	return operation{who + " is called " + called, who, "", []command{begin, w.call("updateMe", name(who), called, nil)}, func(m *model, _ string) string {
		p := m.person(who)
		p.name, p.revision = called, p.revision+1
		m.copiesName(who, called, 1)
		return "1"
	}}
}

func (w *world) changeRole() operation {
	p := w.place("OWNER", "ADMIN")
	return w.changesRole(p, w.whom(p.org), w.someRole())
}

func (w *world) changesRole(p place, whom, to string) operation {
	event, written := w.event()
	return w.act(p, "makes "+whom+" "+to+" of "+p.named, "0", func(m *model, role string) string {
		switch {
		case !manages(role, m.role(whom, p.org)), to != "OWNER" && m.lastOwner(whom, p.org):
			return "0"
		case !manages(role, to):
			return "42501"
		}
		s := m.membership(whom, p.org)
		m.records(p.org, event, p.person, "member.role_changed", whom, []string{"role", s.role}, []string{"role", to})
		s.role, s.revision = to, s.revision+1
		return "1"
	}, w.recording(written, "updateMember", name(p.named), name(whom), to, nil))
}

func (w *world) removeMember() operation {
	if rapid.Bool().Draw(w.t, "leaves") {
		p := w.place()
		return w.removes(p, p.person)
	}
	p := w.place("OWNER", "ADMIN")
	return w.removes(p, w.whom(p.org))
}

// whom is anybody; those who have invited somebody more often.
func (w *world) whom(org string) string {
	people := w.peopleIDs()
	for _, i := range w.model.invitations {
		if i.org == org && i.state == "open" {
			people = append(people, i.by)
		}
	}
	return w.pick("whom", people)
}

func (w *world) removes(p place, whom string) operation {
	event, written := w.event()
	return w.act(p, "removes "+whom+" from "+p.named, "0", func(m *model, role string) string {
		madeOwnerSince := m.role(whom, p.org) == "OWNER" && role != "OWNER"
		if !m.removable(p.person, role, whom, p.org) || m.lastOwner(whom, p.org) || madeOwnerSince {
			return "0"
		}
		action := "member.removed"
		if whom == p.person {
			action = "member.left"
		}
		gone := m.membership(whom, p.org)
		m.records(p.org, event, p.person, action, whom, []string{"role", gone.role, "full_name", gone.name}, nil)
		return m.removes(p.org, func(person string) bool { return person == whom })
	}, w.recording(written, "deleteMember", name(p.named), name(whom)))
}

// endOwner is for two OWNERs who end each other.
func (w *world) endOwner() operation {
	p := w.place("OWNER")
	whom := rapid.SampledFrom(append(w.members(p.org, "OWNER"), p.person)).Draw(w.t, "OWNER")
	if rapid.Bool().Draw(w.t, "demoted") {
		return w.changesRole(p, whom, w.someRole())
	}
	return w.removes(p, whom)
}

func (w *world) invite() operation {
	p, to, id := w.place("OWNER", "ADMIN"), w.someRole(), w.new("invitation")
	strangers := slices.DeleteFunc(w.peopleIDs(), func(person string) bool { return w.model.role(person, p.org) != "" })
	whom := w.preferred("invited", strangers, w.peopleIDs())
	event, written := w.event()
	return w.act(p, "invites "+whom+" as "+to+" to "+p.named+" with "+id, "42501", func(m *model, role string) string {
		switch {
		case settles(role) && m.role(whom, p.org) != "", m.invited(role, whom, p.org):
			return "0"
		case !manages(role, to):
			return "42501"
		}
		m.invitations = append(m.invitations, invitation{p.org, id, whom, to, p.person, "open"})
		m.records(p.org, event, p.person, "invitation.created", id, nil, []string{"role", to, "email", address(whom)})
		return "1"
	}, w.call("lockOrganization", name(p.named)),
		w.recording(written, "insertInvitation", name(p.named), name(id), w.email(whom), to, name(p.person), w.tokenHash(id)))
}

func (w *world) tokenHash(invitation string) string { return "hash of " + w.id(invitation).String() }

func (w *world) revoke() operation {
	p, id := w.place("OWNER", "ADMIN"), w.someInvitation()
	event, written := w.event()
	return w.act(p, "revokes "+id+" of "+p.named, "0", func(m *model, role string) string {
		i := m.invitation(p.org, id)
		if i == nil || !manages(role, i.role) || i.closed() {
			return "0"
		}
		i.state = "revoked"
		m.records(p.org, event, p.person, "invitation.revoked", id, []string{"role", i.role, "email", address(i.to)}, nil)
		return "1"
	}, w.recording(written, "revokeInvitation", name(p.named), name(id)))
}

// accept is mostly tried by the invited.
func (w *world) accept() operation {
	id, who := w.someInvitation(), w.someone("who")
	if i := w.model.invitation("", id); i != nil && w.mostly("the invited") {
		who = i.to
	}
	begin := command{"select app.begin_invitation($1, $2)", []any{w.id(who), w.tokenHash(id)}}
	event, written := w.event()
	return operation{who + " accepts " + id, who, "", []command{begin, w.recording(written, "selectJoinedOrganization")}, func(m *model, _ string) string {
		i := m.invitation("", id)
		switch {
		case i == nil:
			return "P0002"
		case i.to != who:
			return "IF001"
		case i.state != "open":
			return "IF002"
		case !manages(m.role(i.by, i.org), i.role):
			return "IF003"
		case m.role(who, i.org) != "":
			return "23505"
		}
		i.state = "accepted"
		m.join(who, i.org, i.role)
		m.records(i.org, event, who, "invitation.accepted", id, nil, []string{"role", i.role})
		return "1"
	}}
}
