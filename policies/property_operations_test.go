package policies

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// operations are what people do. Each draws who does it, where and on what; whom a statement is about, and which
// organization it names, is often not what the caller may reach.
var operations = map[string]struct {
	on   string // what must be there for it to be worth a step
	draw func(*world) operation
}{
	"found an organization":    {"", (*world).found},
	"change an organization":   {"", (*world).changeOrganization},
	"delete an organization":   {"", (*world).deleteOrganization},
	"restore an organization":  {"", (*world).restoreOrganization},
	"transfer an organization": {"", (*world).transferOrganization},
	"rename oneself":           {"", (*world).renameOneself},
	"change a role":            {"", (*world).changeRole},
	"remove a member":          {"", (*world).removeMember},
	"end an OWNER":             {"", (*world).endOwner},
	"invite":                   {"", (*world).invite},
	"revoke an invitation":     {"invitation", (*world).revoke},
	"accept an invitation":     {"invitation", (*world).accept},
	"resend an invitation":     {"invitation", (*world).resend},
	"decline an invitation":    {"invitation", (*world).decline},
	"create a dataset":         {"", (*world).createDataset},
	"fill a dataset":           {"dataset", (*world).fillDataset},
	"rename a dataset":         {"dataset", (*world).renameDataset},
	"delete a dataset":         {"dataset", (*world).deleteDataset},
	"save an analysis":         {"dataset", (*world).saveAnalysis},
	"delete an analysis":       {"analysis", (*world).deleteAnalysis},
	"run an analysis":          {"analysis", (*world).runAnalysis},
	"ask a question":           {"dataset", (*world).ask},
	"get one thing":            {"dataset", (*world).get},
	"inject a statement":       {"", (*world).inject},
	"inject as a person":       {"", (*world).injectAsPerson},
	"inject a row":             {"", (*world).injectRow},
}

// statements are constants of package api.
type statements map[string]string

func serverStatements(t testing.TB) statements {
	t.Helper()
	s := statements{}
	for _, name := range []string{
		"recordOrganization", "selectOrganization", "selectOrganizations", "updateOrganization", "deleteOrganization", "recordRestoration", "transferOwnership", "updateMe", "selectMembers", "updateMember", "deleteMember",
		"lockOrganization", "insertInvitation", "selectInvitations", "selectInvitation", "revokeInvitation", "resendInvitation", "declineInvitation", "selectReceivedInvitations", "selectJoinedOrganization",
		"insertDataset", "insertSegment", "insertChunk", "insertWords", "insertVersion", "insertFile", "insertColumns", "recordDataset", "selectDatasets", "selectDataset",
		"updateDataset", "deleteDataset", "insertAnalysis", "selectAnalyses", "selectAnalysis",
		"deleteAnalysis", "insertRun", "selectRuns", "insertQuestion", "insertQuestionAsked", "lockQuotas",
	} {
		s[name] = statement(t, name)
	}
	return s
}

func (w *world) statement(name string) string { return w.statements[name] }

// place is where an operation happens: a person has chosen org, and the statements name another one now and then.
type place struct{ person, org, named string }

// place draws a member, mostly with one of these roles if there are any; now and then somebody else.
func (w *world) place(roles ...string) place {
	orgs := w.orgIDs()
	if w.mostly("in the first two") {
		orgs = orgs[:2]
	}
	if live := w.live(orgs); len(live) > 0 && w.mostly("that are not deleted") {
		orgs = live
	}
	org := w.pick("in", orgs)
	people := w.peopleIDs()
	for _, group := range [][]string{w.members(org), w.members(org, roles...)} {
		if len(group) > 0 && w.mostly("member") {
			people = group
		}
	}
	person, named := rapid.SampledFrom(people).Draw(w.t, "by"), org
	if !w.mostly("here") {
		named = rapid.SampledFrom(w.orgIDs()).Draw(w.t, "naming")
	}
	return place{person, org, named}
}

func (w *world) live(orgs []string) []string {
	return slices.DeleteFunc(slices.Clone(orgs), func(org string) bool { return w.model.org(org).deleted })
}

// mostly is true but for one time in eight, and where a failure is shrunk.
func (w *world) mostly(label string) bool { return rapid.IntRange(0, 7).Draw(w.t, label) < 7 }

// pick draws one of these; of two operations at once the second one has every other time what the first one had.
func (w *world) pick(label string, from []string) string {
	picked, again := w.picked[label]
	if !again || !slices.Contains(from, picked) || !rapid.Bool().Draw(w.t, "the same "+label) {
		picked = rapid.SampledFrom(from).Draw(w.t, label)
	}
	if w.picked != nil {
		w.picked[label] = picked
	}
	return picked
}

// members of org, all or those with one of the roles.
func (w *world) members(org string, roles ...string) (people []string) {
	for _, s := range w.model.memberships {
		if s.org == org && (len(roles) == 0 || slices.Contains(roles, s.role)) {
			people = append(people, s.person)
		}
	}
	return people
}

// act is an operation at p. Where its statements name another organization it does nothing: outside is the outcome then.
func (w *world) act(p place, says, outside string, expect func(m *model, role string) string, calls ...command) operation {
	begin := command{"select app.begin_request($1, $2)", []any{w.id(p.person), w.id(p.org)}}
	return operation{p.person + " in " + p.org + ": " + says, p.person, p.org, append([]command{begin}, calls...),
		func(m *model, role string) string {
			if p.named != p.org {
				return outside
			}
			return expect(m, role)
		}}
}

// name is a parameter that is the id of something.
type name string

// call is one of the server's statements.
func (w *world) call(statement string, args ...any) command {
	args = slices.Clone(args)
	for i, arg := range args {
		if n, ok := arg.(name); ok {
			args[i] = w.id(string(n))
		}
	}
	return command{w.statement(statement), args}
}

// event is the name of a new audit event, and call's last arguments with it.
func (w *world) event() (id string, args []any) {
	id = w.new("event")
	return id, []any{name(id), "request", "192.0.2.1"}
}

// recording is call for a statement that writes an event.
func (w *world) recording(event []any, statement string, args ...any) command {
	return w.call(statement, append(args, event...)...)
}

// some draws a thing of org; now and then one of another organization, or one that does not exist.
func (w *world) some(kind, org string) string {
	inside, outside := []string{}, []string{"nothing"}
	for _, t := range w.model.things {
		switch {
		case t.kind == kind && t.org == org:
			inside = append(inside, t.id)
		case t.kind == kind:
			outside = append(outside, t.id)
		}
	}
	return w.preferred(kind, inside, outside)
}

// someInvitation draws an open one; now and then a closed one, or one that does not exist.
func (w *world) someInvitation() string {
	open, closed := []string{}, []string{"nothing"}
	for _, i := range w.model.invitations {
		if i.state == "open" {
			open = append(open, i.id)
		} else {
			closed = append(closed, i.id)
		}
	}
	return w.preferred("invitation", open, closed)
}

func (w *world) preferred(label string, first, others []string) string {
	if len(first) == 0 || !w.mostly("a likely "+label) {
		first = others
	}
	return w.pick(label, first)
}

func (w *world) someone(label string) string { return w.pick(label, w.peopleIDs()) }
func (w *world) someRole() string            { return w.pick("role", roles) }
