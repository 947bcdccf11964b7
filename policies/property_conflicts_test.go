package policies

import (
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// conflicts are operations that may get in each other's way when two of them run at once. Renaming oneself is not among
// them: who joins an organization at that moment gets the old name there.
var conflicts = map[string][]string{
	"owners":        {"end an OWNER", "transfer an organization"},
	"organizations": {"change an organization", "delete an organization", "restore an organization"},
	"members":       {"change a role", "remove a member", "inject a statement"},
	"invitations":   {"invite", "accept an invitation", "revoke an invitation", "resend an invitation", "decline an invitation", "remove a member", "change a role"},
	"datasets": {"rename a dataset", "delete a dataset", "fill a dataset", "save an analysis", "delete an analysis", "run an analysis",
		"inject a statement"},
}

// atOnce runs two operations in two transactions that overlap: both have begun, with the roles of that moment, and the
// first has run its statements, before either ends. What comes out is what one of the two orders gives in the model.
func (w *world) atOnce(group []string) {
	w.picked = map[string]string{} // from here on
	first := operations[w.pick("what", group)].draw(w)
	second := operations[w.pick("what", group)].draw(w)
	w.picked = nil
	w.does("at once: " + first.says + "; " + second.says)
	one, other := w.orders(first, second)
	right := []order{one, other}
	if w.newOwner(one.model) {
		right = append(right, w.unseen(first))
	}
	got := w.overlap(first, second)
	rows := w.rows()
	for _, m := range right {
		if alike(m.outcomes, got) && slices.Equal(m.rows(all), rows) {
			w.model = m.model
			return
		}
	}
	require.Failf(w.t, "neither order", "%s; %s: outcomes %v; the first one first: %v; the second one first: %v\n%v", first.says, second.says, got, one.outcomes, other.outcomes, rows)
}

// newOwner tells whether somebody is an OWNER in m who is none now.
func (w *world) newOwner(m *model) bool {
	return slices.ContainsFunc(m.memberships, func(s membership) bool { return s.role == "OWNER" && w.model.role(s.person, s.org) != "OWNER" })
}

// unseen is the third thing that may come out where the first operation makes somebody OWNER and no OWNER of its author: the second
// has waited for that row, does not see the new one, and spares the last OWNER that it sees.
func (w *world) unseen(first operation) (o order) {
	o.model = w.model.clone()
	o.outcomes = [2]string{o.applies(first, w.model.begins(first)), "0"}
	return o
}

// alike: what goes away while something is made of it is missed by a foreign key, and not by the statement that looked.
func alike(want, got [2]string) bool {
	for i := range got {
		if got[i] != want[i] && (got[i] != "23503" || want[i] != "0") {
			return false
		}
	}
	return true
}

// order is what comes out of two operations one after the other, for callers who had both begun before.
type order struct {
	*model
	outcomes [2]string
}

func (w *world) orders(first, second operation) (one, other order) {
	one.model, other.model = w.model.clone(), w.model.clone()
	roles := [2]string{w.model.begins(first), w.model.begins(second)}
	one.outcomes[0] = one.applies(first, roles[0])
	one.outcomes[1] = one.applies(second, roles[1])
	other.outcomes[1] = other.applies(second, roles[1])
	other.outcomes[0] = other.applies(first, roles[0])
	return one, other
}

func (w *world) overlap(first, second operation) (outcomes [2]string) {
	outcomes[0] = send(w.t.Context(), w.one, first)
	done := make(chan string, 1)
	go func() { done <- send(w.t.Context(), w.other, second) }()
	waits := true
	for waits && !w.waiting(w.other) {
		select {
		case outcomes[1] = <-done:
			waits = false
		default:
		}
	}
	w.end(w.one, "commit")
	if waits {
		outcomes[1] = <-done
	}
	w.end(w.other, "commit")
	return outcomes
}

// waiting tells whether the session waits for another one's lock.
func (w *world) waiting(conn *pgx.Conn) (waiting bool) {
	err := w.admin.QueryRow(w.t.Context(), "select cardinality(pg_blocking_pids($1)) > 0", conn.PgConn().PID()).Scan(&waiting)
	require.NoError(w.t, err)
	return waiting
}
