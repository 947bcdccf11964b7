package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/policy"
	"pgregory.net/rapid"
)

// rows are every combination of the context's values, others and null.
const rows = `
insert into evil.rows (org_id, created_by, ok)
select o, c, ok from unnest('{00000000-0000-0000-0000-00000000000a, 00000000-0000-0000-0000-00000000000b, null}'::uuid[]) o,
  unnest('{00000000-0000-0000-0000-00000000000c, 00000000-0000-0000-0000-00000000000a, null}'::uuid[]) c, unnest('{true, false, null}'::boolean[]) ok;
set app.org_id = '00000000-0000-0000-0000-00000000000a'; set app.user_id = '00000000-0000-0000-0000-00000000000c'`

var leaves = []string{
	"org_id = app.org_id()", "app.org_as('OWNER', 'ADMIN') = org_id", "org_id = app.org_as('VIEWER')", "org_id <> app.org_id()", "org_id is distinct from app.org_id()",
	"created_by = app.user_id()", "app.role() = 'OWNER'", "app.role() in ('OWNER', 'VIEWER')", "app.role() <> 'ADMIN'", "app.role() not in ('ADMIN', 'VIEWER')",
	"app.role() is null", "ok", "ok is not true", "null", "true", "false", "coalesce(org_id = app.org_as('OWNER'), ok)", "case when ok then org_id = app.org_id() end",
}

// expressions of AND, OR and NOT over leaves.
func expressions(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		op := rapid.SampledFrom([]string{"leaf", "and", "or", "not"}).Draw(t, "op")
		switch {
		case op == "leaf" || depth == 0:
			return rapid.SampledFrom(leaves).Draw(t, "leaf")
		case op == "not":
			return "not (" + expressions(depth-1).Draw(t, "arg") + ")"
		default:
			args := rapid.SliceOfN(expressions(depth-1), 2, 3).Draw(t, "args")
			return "(" + strings.Join(args, ") "+op+" (") + ")"
		}
	})
}

// TestWhatIsSaidOfAnExpressionIsWhatPostgreSQLDoes: what is implied holds for every row that PostgreSQL admits, and what
// is left for a role, shown as SQL, admits the same rows.
func TestWhatIsSaidOfAnExpressionIsWhatPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	p := newProbe(t)
	p.exec(t, rows)
	rapid.Check(t, func(r *rapid.T) {
		sql, role := expressions(3).Draw(r, "sql"), rapid.SampledFrom([]string{"OWNER", "ADMIN", "VIEWER"}).Draw(r, "role")
		e := p.parse(t, sql)
		p.exec(t, "set app.role = '"+role+"'")
		left := e.As(role)
		agree := []string{fmt.Sprintf("(%s) is true = ((%s) is true)", sql, left)}
		beyond := left.Beyond("app.org_id()")
		for _, expression := range []policy.Expr{e, left} {
			for _, q := range expression.Implied() {
				agree = append(agree, fmt.Sprintf("((%s) is not true or (%s = %s) is true)", expression, q.Column, q.Function))
			}
		}
		agree = append(agree, fmt.Sprintf("(org_id is distinct from app.org_id() or (%s) is true = ((%s) is true))", left, beyond))
		var wrong int
		question := "select count(*) from evil.rows where not (" + strings.Join(agree, " and ") + ")"
		require.NoError(t, p.conn.QueryRow(t.Context(), question).Scan(&wrong), question)
		require.Zero(t, wrong, "%s as %s is %s, beyond the organization %s", sql, role, left, beyond)
	})
}
