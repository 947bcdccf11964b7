package policies

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// TestMutationScore tests the tests: each fault in a policy, a grant, a function or a role must change an outcome of the
// grid or be a finding of the audit, and what is no fault must not. The killers are in docs/mutation.md; one that only the
// comparison with policies/ notices is named there.
//
//	go test ./policies -run Mutation -update
func TestMutationScore(t *testing.T) {
	t.Parallel()
	db := postgrestest.Database(t)
	admin := connect(t, db, superuser)
	all := mutants(t, admin)
	require.GreaterOrEqual(t, len(all), 300)
	requireDistinct(t, all)
	killers := killAll(t, all)
	var survivors []string
	for i, m := range all {
		if killers[i] == "" {
			survivors = append(survivors, m.name)
		}
	}
	require.Empty(t, survivors, "neither the grid nor the audit notices")
	requireGolden(t, "../docs/mutation.md", mutationPage(all, killers))
}

// TestMutationOfNothingSurvives: a harness that kills everything would score as well.
func TestMutationOfNothingSurvives(t *testing.T) {
	t.Parallel()
	all := unchanged(t, connect(t, postgrestest.Database(t), superuser))
	for i, killer := range killAll(t, all) {
		require.Empty(t, killer, all[i].name)
	}
}

func requireDistinct(t *testing.T, all []mutant) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range all {
		require.False(t, seen[m.name], m.name)
		require.False(t, seen[m.sql], m.sql)
		seen[m.name], seen[m.sql] = true, true
	}
}

// killAll tells for each mutant what killed it, empty for nothing. Each worker has a database of its own, since changing a
// policy locks its table, and undoes each mutant by rolling back to a savepoint.
func killAll(t *testing.T, all []mutant) []string {
	t.Helper()
	killers, errs := make([]string, len(all)), make([]error, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		h := newHarness(t)
		workers.Go(func() {
			for i := range next {
				killers[i], errs[i] = h.kill(context.Background(), all[i])
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, err := range errs {
		require.NoError(t, err, "%s: %s", all[i].name, all[i].sql)
	}
	return killers
}

// harness is a transaction with planted rows, in which everything was tried once without a fault.
type harness struct {
	conn     *pgx.Conn
	trial    *audit.Trial
	expected *audit.Saved
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{conn: connect(t, postgrestest.Database(t), superuser)}
	var err error
	h.expected, err = audit.Expected(os.DirFS("."))
	require.NoError(t, err)
	require.Empty(t, run(t, h.conn, "begin; set local search_path = pg_catalog").code())
	h.trial, err = audit.Plant(t.Context(), h.conn)
	require.NoError(t, err)
	_, err = h.trial.Try(t.Context())
	require.NoError(t, err)
	return h
}

// kill makes the fault and undoes it.
func (h *harness) kill(ctx context.Context, m mutant) (killer string, err error) {
	if _, err := h.conn.PgConn().Exec(ctx, "savepoint mutant; "+m.sql).ReadAll(); err != nil {
		return "", err
	}
	if killer, err = h.killer(ctx, m); err != nil {
		return "", err
	}
	_, err = h.conn.PgConn().Exec(ctx, "rollback to savepoint mutant; release savepoint mutant").ReadAll()
	return killer, err
}

// killer is the grid where it notices, else a lint, else the comparison with policies/.
func (h *harness) killer(ctx context.Context, m mutant) (string, error) {
	different, err := h.trial.Differs(ctx, m.command, m.of...)
	if err != nil {
		return "", err
	}
	if different != nil {
		return inGrid(different), nil
	}
	r, err := audit.Look(ctx, h.conn, h.expected)
	if err != nil {
		return "", err
	}
	var lints, drifts []string
	for _, f := range r.Findings {
		switch {
		case strings.HasPrefix(f.ID, "drift_"):
			drifts = append(drifts, f.ID)
		case f.ID != "server_fixes":
			lints = append(lints, f.ID)
		}
	}
	if slices.Sort(lints); len(lints) > 0 {
		return "audit: " + strings.Join(slices.Compact(lints), ", "), nil
	}
	slices.Sort(drifts)
	return strings.Join(slices.Compact(drifts), ", "), nil
}

// inGrid is the cell that is another.
func inGrid(c *audit.Change) string {
	what := strings.TrimSpace(c.Command + " " + c.Variant + strings.Join(c.Columns, ", "))
	before := c.Before
	if before == "" {
		before = "nothing"
	}
	return fmt.Sprintf("grid: %s, %s, %s: %s → %s", c.Caller, what, strings.TrimSpace(c.Organization+" "+c.Row), before, c.After)
}

// mutationPage is docs/mutation.md.
func mutationPage(all []mutant, killers []string) string {
	type count struct{ all, grid, lint, drift int }
	var kinds []string
	counts := map[string]*count{}
	total := &count{}
	for i, m := range all {
		if counts[m.kind] == nil {
			kinds, counts[m.kind] = append(kinds, m.kind), &count{}
		}
		for _, c := range []*count{counts[m.kind], total} {
			c.all++
			switch {
			case strings.HasPrefix(killers[i], "grid"):
				c.grid++
			case strings.HasPrefix(killers[i], "audit"):
				c.lint++
			case killers[i] != "":
				c.drift++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, mutationHeader, total.all, total.grid+total.lint+total.drift)
	for _, kind := range kinds {
		c := counts[kind]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", kind, c.all, c.grid, c.lint, c.drift)
	}
	fmt.Fprintf(&b, "| **all** | **%d** | **%d** | **%d** | **%d** |\n", total.all, total.grid, total.lint, total.drift)
	b.WriteString("\n## Each mutant\n\n| mutant | killed by |\n|---|---|\n")
	for i, m := range all {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(m.name, "|", "\\|"), strings.ReplaceAll(killers[i], "|", "\\|"))
	}
	return b.String()
}

const mutationHeader = `# The policies under mutation

Written by ` + "`go test ./policies -run Mutation -update`" + `; CI fails when it is stale. Each policy, grant, function and role is
changed for the worse, one fault at a time, in a transaction that is rolled back (policies/mutants_test.go makes the faults from
what is installed). A mutant is killed when an outcome of the grid (policies/testdata/grid.txt) is another; if none is, when a
rule of the audit (docs/audit.md) finds it; if none does, when the installed policies are no longer those of policies/. The last
are listed too: there a second layer makes the fault invisible, such as a role that WITH CHECK would admit and USING does not.
What is no fault (a policy made again as it was, a comment, an index) must survive, and does.

**%d mutants, %d killed.**

| kind of fault | mutants | by the grid | by a rule of the audit | by the comparison alone |
|---|---|---|---|---|
`
