package policies

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// What people do with organizations, themselves, members and invitations.

func (w *world) found() operation {
	person, id := w.someone("by"), w.new("org")
	if !w.mostly("new") {
		id = rapid.SampledFrom(w.orgIDs()).Draw(w.t, "which")
	}
	hash := sha256.Sum256(w.bytes(id))
	slug := fmt.Sprintf("founded-%x", hash[:6])
	begin := command{"select app.begin_organization($1, $2, $3)", []any{w.id(person), w.id(id), "founded"}}
	event, written := w.event()
	return operation{person + " founds " + id, person, "", []command{begin, w.recording(written, "recordOrganization", name(id))}, func(m *model, _ string) string {
		if slices.ContainsFunc(m.orgs, func(o org) bool { return o.id == id }) {
			return "23505"
		}
		m.orgs = append(m.orgs, org{id: id, by: person, name: "founded", slug: slug, members: 1000, revision: 1})
		m.join(person, id, "OWNER")
		m.records(id, event, person, "organization.created", id, nil, []string{"name", "founded", "slug", slug})
		return "1"
	}}
}

// changeOrganization changes the name, the slug or both; now and then to a slug that is taken.
func (w *world) changeOrganization() operation {
	p, called, slug := w.place("OWNER", "ADMIN"), w.new("name"), w.new("slug")
	if !w.mostly("free") {
		slug = w.model.org(w.pick("slug of", w.orgIDs())).slug
	}
	event, written := w.event()
	return w.act(p, "changes "+p.named+" to "+called+", "+slug, "0", func(m *model, role string) string {
		o := m.org(p.org)
		switch {
		case !settles(role) || o.deleted:
			return "0"
		case slices.ContainsFunc(m.orgs, func(other org) bool { return other.id != o.id && other.slug == slug }):
			return "23505"
		}
		before, after := []string{"name", o.name}, []string{"name", called}
		if slug != o.slug {
			before, after = append(before, "slug", o.slug), append(after, "slug", slug)
		}
		m.records(p.org, event, p.person, "organization.changed", p.org, before, after)
		o.name, o.slug, o.revision = called, slug, o.revision+1
		return "1"
	}, w.recording(written, "updateOrganization", name(p.named), called, w.slug(slug), nil, nil))
}

func (w *world) deleteOrganization() operation {
	p := w.place("OWNER", "ADMIN")
	event, written := w.event()
	return w.act(p, "deletes "+p.named, "0", func(m *model, role string) string {
		o := m.org(p.org)
		switch {
		case !settles(role) || o.deleted:
			return "0"
		case role != "OWNER":
			return "42501"
		}
		m.records(p.org, event, p.person, "organization.deleted", p.org, nil, nil)
		o.deleted, o.revision = true, o.revision+1
		return "1"
	}, w.recording(written, "deleteOrganization", name(p.named)))
}

func (w *world) restoreOrganization() operation {
	orgs := w.orgIDs()
	if deleted := slices.DeleteFunc(slices.Clone(orgs), func(org string) bool { return !w.model.org(org).deleted }); len(deleted) > 0 {
		orgs = deleted
	}
	who, id := w.someone("who"), w.pick("restored", orgs)
	if owners := w.members(id, "OWNER"); len(owners) > 0 && w.mostly("an OWNER") {
		who = w.pick("OWNER", owners)
	}
	event, written := w.event()
	begin := command{"select app.begin_restoration($1, $2)", []any{w.id(who), w.id(id)}}
	return operation{who + " restores " + id, who, "", []command{begin, w.recording(written, "recordRestoration", name(id))}, func(m *model, _ string) string {
		o := m.org(id)
		switch role := m.role(who, id); {
		case role == "":
			return "P0002"
		case role != "OWNER":
			return "IF043"
		case !o.deleted:
			return "IF042"
		}
		m.records(id, event, who, "organization.restored", id, nil, nil)
		o.deleted, o.revision = false, o.revision+1
		return "1"
	}}
}

func (w *world) transferOrganization() operation {
	p := w.place("OWNER")
	whom, to := w.whom(p.org), rapid.SampledFrom(roles[1:]).Draw(w.t, "for oneself")
	event, written := w.event()
	return w.act(p, "makes "+whom+" OWNER and oneself "+to+" of "+p.named, "0", func(m *model, role string) string {
		heir := m.membership(whom, p.org)
		if role != "OWNER" || m.role(p.person, p.org) != "OWNER" || heir == nil || whom == p.person {
			return "0"
		}
		m.records(p.org, event, p.person, "organization.ownership_transferred", whom, []string{"role", heir.role}, []string{"role", "OWNER", "actor_role", to})
		self := m.membership(p.person, p.org)
		heir.role, heir.revision = "OWNER", heir.revision+1
		self.role, self.revision = to, self.revision+1
		return "1"
	}, w.recording(written, "transferOwnership", name(p.named), name(whom), to))
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
		case !manages(role, m.role(whom, p.org)), to != "OWNER" && m.lastOwner(whom, p.org), role == "OWNER" && m.role(p.person, p.org) != role:
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
		noOwnerSince := role == "OWNER" && m.role(p.person, p.org) != role
		if !m.removable(p.person, role, whom, p.org) || m.lastOwner(whom, p.org) || madeOwnerSince || noOwnerSince {
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
	return w.act(p, "invites "+whom+" as "+to+" to "+p.named+" with "+id, "0", func(m *model, role string) string {
		switch {
		case settles(role) && m.role(whom, p.org) != "", m.invited(role, whom, p.org):
			return "0"
		case !manages(role, to):
			return "42501"
		}
		m.invitations = append(m.invitations, invitation{org: p.org, id: id, to: whom, role: to, by: p.person, state: "open"})
		m.records(p.org, event, p.person, "invitation.created", id, nil, []string{"role", to, "email", address(whom)})
		return "1"
	}, w.call("lockOrganization", name(p.named)),
		w.recording(written, "insertInvitation", name(p.named), name(id), w.email(whom), to, name(p.person), w.tokenHash(id, 0)))
}

// tokenHash is of the token that the invitation has after it was sent again so often.
func (w *world) tokenHash(invitation string, resent int) string {
	return fmt.Sprintf("hash of %s, %d", w.id(invitation), resent)
}

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

// resend: once in the minute that a run takes at most.
func (w *world) resend() operation {
	p, id := w.place("OWNER", "ADMIN"), w.someInvitation()
	again := 1
	if i := w.model.invitation("", id); i != nil {
		again = i.resent + 1
	}
	event, written := w.event()
	return w.act(p, "sends "+id+" of "+p.named+" again", "0", func(m *model, role string) string {
		i := m.invitation(p.org, id)
		if i == nil || !manages(role, i.role) || i.closed() || i.resent > 0 || m.role(i.to, p.org) != "" || m.another(role, *i) {
			return "0"
		}
		i.by, i.state, i.resent = p.person, "open", again
		m.records(p.org, event, p.person, "invitation.resent", id, nil, []string{"role", i.role, "email", address(i.to)})
		return "1"
	}, w.call("lockOrganization", name(p.named)),
		w.recording(written, "resendInvitation", name(p.named), name(id), w.tokenHash(id, again)))
}

// accept is mostly tried by the invited, with the token of this moment or by the id.
func (w *world) accept() operation {
	id, who, resent := w.someInvitation(), w.someone("who"), 0
	if i := w.model.invitation("", id); i != nil {
		resent = i.resent
		if w.mostly("the invited") {
			who = i.to
		}
	}
	begin, byID := command{"select app.begin_invitation($1, $2)", []any{w.id(who), w.tokenHash(id, resent)}}, rapid.Bool().Draw(w.t, "by id")
	if byID {
		begin = command{"select app.begin_invitation($1, null, $2)", []any{w.id(who), w.id(id)}}
	}
	event, written := w.event()
	return operation{who + " accepts " + id, who, "", []command{begin, w.recording(written, "selectJoinedOrganization")}, func(m *model, _ string) string {
		i := m.invitation("", id)
		switch {
		case i == nil, byID && i.to != who, !byID && i.resent != resent:
			return "P0002"
		case i.to != who:
			return "IF001"
		case i.state != "open":
			return closed[i.state]
		case m.org(i.org).deleted:
			return "IF004"
		case !manages(m.role(i.by, i.org), i.role):
			return "IF003"
		case m.role(who, i.org) != "":
			return "23505"
		case m.full(i.org):
			return "IF006"
		}
		i.state = "accepted"
		m.join(who, i.org, i.role)
		m.records(i.org, event, who, "invitation.accepted", id, nil, []string{"role", i.role})
		return "1"
	}}
}

var closed = map[string]string{"accepted": "IF021", "revoked": "IF022", "declined": "IF023", "expired": "IF024"}

func (w *world) decline() operation {
	id, who := w.someInvitation(), w.someone("who")
	if i := w.model.invitation("", id); i != nil && w.mostly("the invited") {
		who = i.to
	}
	begin := command{"select app.begin_addressee($1, $2)", []any{w.id(who), w.id(id)}}
	event, written := w.event()
	return operation{who + " declines " + id, who, "", []command{begin, w.recording(written, "declineInvitation", name(id))}, func(m *model, _ string) string {
		i := m.invitation("", id)
		switch {
		case i == nil || i.to != who:
			return "P0002"
		case i.state != "open":
			return "0"
		}
		i.state = "declined"
		m.records(i.org, event, who, "invitation.declined", id, []string{"role", i.role}, nil)
		return "1"
	}}
}
