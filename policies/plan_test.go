package policies

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/query"
)

//go:embed testdata/large.sql
var large string

// planned is a connection of the login role to a database in which acme owns most of every table.
func planned(t *testing.T) *pgx.Conn {
	db := postgrestest.Database(t)
	admin := connect(t, db, superuser)
	for _, statement := range strings.SplitAfter(large, ";\n") { // one message each: vacuum runs in no transaction
		_, err := admin.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	return connect(t, db, login)
}

// plan is a node of EXPLAIN's JSON.
type plan struct {
	NodeType      string `json:"Node Type"`
	Relation      string `json:"Relation Name"`
	Filter        string `json:"Filter"`
	OneTimeFilter string `json:"One-Time Filter"`
	IndexCond     string `json:"Index Cond"`
	Plans         []plan
}

// walk calls visit with every node.
func (p plan) walk(visit func(plan)) {
	visit(p)
	for _, child := range p.Plans {
		child.walk(visit)
	}
}

var planModes = []string{"force_custom_plan", "force_generic_plan"}

// explain plans sql for an OWNER of acme.
func explain(t *testing.T, conn *pgx.Conn, mode, sql string, args ...any) plan {
	t.Helper()
	var values string
	if len(args) > 0 {
		literals := make([]string, len(args))
		for i, arg := range args {
			literals[i] = literal(arg)
		}
		values = "(" + strings.Join(literals, ", ") + ")"
	}
	results, err := conn.PgConn().Exec(t.Context(), fmt.Sprintf(`rollback; deallocate all; begin; set local plan_cache_mode = %s; %s;
		prepare s as %s; explain (format json, costs off) execute s%s`, mode, asMember("olga", "acme"), sql, values)).ReadAll()
	require.NoError(t, err, sql)
	var explained []struct{ Plan plan }
	require.NoError(t, json.Unmarshal(results[len(results)-1].Rows[0][0], &explained))
	return explained[0].Plan
}

func literal(arg any) string {
	switch v := arg.(type) {
	case nil:
		return "null"
	case []uuid.UUID:
		ids := make([]string, len(v))
		for i, id := range v {
			ids[i] = id.String()
		}
		return "'{" + strings.Join(ids, ",") + "}'"
	default:
		return "'" + strings.ReplaceAll(fmt.Sprint(v), "'", "''") + "'"
	}
}

// requireOneTimePolicy: the policies are evaluated once, outside the scans, and never for a row.
func requireOneTimePolicy(t *testing.T, p plan, sql string) {
	t.Helper()
	once := false
	p.walk(func(node plan) {
		once = once || strings.Contains(node.OneTimeFilter, "current_setting")
		require.NotContains(t, node.Filter, "current_setting", "a policy is evaluated for each row of %s: %s", node.Relation, sql)
		require.NotContains(t, node.IndexCond, "current_setting", sql)
	})
	require.True(t, once, "no One-Time Filter: %s", sql)
}

// TestPlans shares one large database.
func TestPlans(t *testing.T) {
	t.Parallel()
	conn := planned(t)
	for name, test := range map[string]func(*testing.T, *pgx.Conn){
		"policies cost nothing for a row":             policiesCostNothingForARow,
		"a page of a list is read in its order":       pageIsReadInItsOrder,
		"one row is found by its key":                 oneRowIsFoundByItsKey,
		"the record is found by each filter":          recordIsFoundByEachFilter,
		"a compiled query tests the policy once":      compiledQueryTestsThePolicyOnce,
		"without the organization a policy does cost": policyCostsWithoutOrganization,
	} {
		t.Run(name, func(t *testing.T) { test(t, conn) })
	}
}

// With the organization named, each policy is tested once for a scan. Not so for invitations: an ADMIN sees some rows and
// an OWNER all, so that the row has a say.
func policiesCostNothingForARow(t *testing.T, conn *pgx.Conn) {
	for _, table := range []string{"memberships", "member_emails", "datasets", "dataset_versions", "dataset_columns", "dataset_segments",
		"dataset_words", "dataset_chunks", "analyses", "analysis_runs"} {
		sql := "select * from app." + table + " where org_id = $1"
		for _, mode := range planModes {
			requireOneTimePolicy(t, explain(t, conn, mode, sql, organization("acme")), sql)
		}
	}
}

// policyCostsWithoutOrganization: what requireOneTimePolicy looks for is there where it must be.
func policyCostsWithoutOrganization(t *testing.T, conn *pgx.Conn) {
	p := explain(t, conn, planModes[0], "select * from app.datasets where name = $1", "n")
	require.Contains(t, p.Filter+p.IndexCond, "current_setting")
}

// pageIsReadInItsOrder: the lists of the server, in the middle, need neither a sort nor more of the table than the page.
func pageIsReadInItsOrder(t *testing.T, conn *pgx.Conn) {
	acme, middle := organization("acme"), uuid.MustParse("80000000-0000-0000-0000-000000000000")
	for _, list := range []call{
		{"selectDatasets", []any{acme, middle, 21}}, {"selectAnalyses", []any{acme, middle, 21}},
		{"selectRuns", []any{acme, id("large1"), middle, 21}}, {"selectMembers", []any{acme, middle, 21}},
		{"selectInvitations", []any{acme, middle, 21}},
	} {
		for _, mode := range planModes {
			p := explain(t, conn, mode, statement(t, list.statement), list.args...)
			if list.statement != "selectInvitations" { // its policy looks at rows
				requireOneTimePolicy(t, p, list.statement)
			}
			p.walk(func(node plan) {
				require.NotContains(t, []string{"Sort", "Incremental Sort", "Seq Scan", "Hash Join", "Bitmap Heap Scan"}, node.NodeType,
					"%s, %s: %s", list.statement, mode, node.Relation)
				if node.Relation != "invitations" {
					require.Empty(t, node.Filter, "%s, %s: rows of %s are read and left out", list.statement, mode, node.Relation)
				}
			})
		}
	}
}

// call is a statement of package api with arguments.
type call struct {
	statement string
	args      []any
}

// oneRowIsFoundByItsKey: whatever reads or changes one object reads no table from end to end.
func oneRowIsFoundByItsKey(t *testing.T, conn *pgx.Conn) {
	acme, one := organization("acme"), id("large1")
	for _, read := range []call{
		{"selectDataset", []any{acme, one}}, {"selectVersionSQL", []any{acme, one}}, {"selectDatasetRevision", []any{acme, one}},
		{"updateDataset", []any{acme, one, "x", nil, id("new"), "", ""}}, {"deleteDataset", []any{acme, one, id("new"), "", ""}},
		{"selectRows", []any{acme, one, 0, 100, nil}},
		{"selectAnalysis", []any{acme, one}}, {"deleteAnalysis", []any{acme, one}},
		{"selectRun", []any{acme, one, id("large2")}}, {"selectRunForChart", []any{acme, one, id("large2")}},
		{"selectInvitation", []any{acme, one}}, {"revokeInvitation", []any{acme, one, id("new"), "", ""}},
	} {
		for _, mode := range planModes {
			explain(t, conn, mode, statement(t, read.statement), read.args...).walk(func(node plan) {
				require.NotEqual(t, "Seq Scan", node.NodeType, "%s, %s: %s", read.statement, mode, node.Relation)
			})
		}
	}
}

// recordIsFoundByEachFilter: a page of the audit events is read from an index in its order, and what is asked for is in the index;
// where several things are, one of them. In the mode that begin_request sets: a plan for few values may sort them.
func recordIsFoundByEachFilter(t *testing.T, conn *pgx.Conn) {
	acme, me := organization("acme"), user("olga")
	for _, filter := range []struct {
		condition, index string
		args             []any
	}{
		{"", "org_id", nil},
		{" and e.actor_id = $4", "actor_id", []any{id("large100")}},
		{" and e.action = $4", "action", []any{"dataset.deleted"}},
		{" and e.object_id = $4", "object_id", []any{id("large7")}},
		{" and e.refusal is not null", "org_id", nil},
		{" and e.at >= $4 and e.at < $5", "at >=", []any{"2001-01-01", "2001-01-02"}},
		{" and (e.at, e.id) < ($4, $5)", "ROW(at, id) <", []any{"2001-01-01", me}},
		{" and e.action = $4 and (e.at, e.id) < ($5, $6)", "ROW(at, id) <", []any{"dataset.deleted", "2001-01-01", me}},
	} {
		var scans int
		p := explain(t, conn, "force_generic_plan", eventsPage(t, filter.condition), append([]any{acme, me, 21}, filter.args...)...)
		p.walk(func(node plan) {
			switch {
			case node.Relation == "audit_events":
				scans++
				require.Contains(t, node.NodeType, "Index", filter.condition)
				require.Contains(t, node.IndexCond, "org_id", filter.condition)
			case node.Relation != "":
				require.NotEqual(t, "Seq Scan", node.NodeType, node.Relation)
			case node.NodeType == "Limit":
				node.walk(func(below plan) { require.NotContains(t, below.NodeType, "Sort", filter.condition) })
			}
		})
		require.Equal(t, 2, scans)
		require.Contains(t, indexConditions(p), filter.index, filter.condition)
	}
}

// eventsPage is what AuditFilter.page of package api makes of a condition.
func eventsPage(t *testing.T, condition string) string {
	order := statement(t, "newestFirst")
	part := condition + " order by " + order + " limit $3"
	return statement(t, "eventFields") + " from ((" + statement(t, "selectAllEvents") + part + ") union all (" + statement(t, "selectOwnEvents") + part + ")) e order by " + order
}

// indexConditions are those of the first scan of the audit events: an OWNER's or ADMIN's.
func indexConditions(p plan) (condition string) {
	p.walk(func(node plan) {
		if node.Relation == "audit_events" && condition == "" {
			condition = node.IndexCond
		}
	})
	return condition
}

// compiledQueryTestsThePolicyOnce: the policies of a query over a dataset are not evaluated for a chunk either.
func compiledQueryTestsThePolicyOnce(t *testing.T, conn *pgx.Conn) {
	one := id("large1")
	compiled, err := query.Compile(
		query.Specification{
			Measures:   []query.Measure{{Op: query.Count}},
			Dimensions: []query.Dimension{{Column: "word"}},
			Filters:    []query.Filter{{Column: "word", Op: query.Equal, Value: json.RawMessage(`"a"`)}},
		},
		query.Version{OrgID: organization("acme"), DatasetID: one, Segments: []uuid.UUID{one}, Expand: "app.expand",
			Columns: []column.Column{{No: 1, Name: "word", Type: column.Text, Payload: column.Codes}}})
	require.NoError(t, err)
	for _, mode := range planModes {
		requireOneTimePolicy(t, explain(t, conn, mode, compiled.SQL, compiled.Args...), compiled.SQL)
	}
}
