package policies

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
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
	return explainFor(t, conn, asMember("olga", "acme"), mode, sql, args...)
}

func explainFor(t *testing.T, conn *pgx.Conn, begin, mode, sql string, args ...any) plan {
	t.Helper()
	var values string
	if len(args) > 0 {
		literals := make([]string, len(args))
		for i, arg := range args {
			literals[i] = literal(arg)
		}
		values = "(" + strings.Join(literals, ", ") + ")"
	}
	results, err := conn.PgConn().Exec(t.Context(), fmt.Sprintf(`rollback; deallocate all; begin; %s; set local plan_cache_mode = %s;
		prepare s as %s; explain (format json, costs off) execute s%s`, begin, mode, sql, values)).ReadAll()
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

// clearanceCondition is the one on vis, which the rows of a table differ in: a comparison of integers for each row.
var clearanceCondition = regexp.MustCompile(`(\(| AND \()vis <= CASE current_setting.*? END\)`)

// requireOneTimePolicy: the policies are evaluated once, outside the scans, and never for a row.
func requireOneTimePolicy(t *testing.T, p plan, sql string) {
	t.Helper()
	once := false
	p.walk(func(node plan) {
		once = once || strings.Contains(node.OneTimeFilter, "current_setting")
		require.NotContains(t, clearanceCondition.ReplaceAllString(node.Filter, ""), "current_setting", "a policy is evaluated for each row of %s: %s", node.Relation, sql)
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
		"columns are joined by their key":             columnsAreJoinedByTheirKey,
		"a compiled query tests the policy once":      compiledQueryTestsThePolicyOnce,
		"received invitations are found by address":   receivedInvitationsAreFoundByAddress,
		"without the organization a policy does cost": policyCostsWithoutOrganization,
	} {
		t.Run(name, func(t *testing.T) { test(t, conn) })
	}
}

// With the organization named, each policy is tested once for a scan. Not so for invitations: an ADMIN sees some rows and
// an OWNER all, so that the row has a say.
func policiesCostNothingForARow(t *testing.T, conn *pgx.Conn) {
	for _, table := range []string{"memberships", "member_emails", "datasets", "dataset_versions", "dataset_columns", "dataset_segments",
		"dataset_words", "dataset_chunks", "dataset_files", "dataset_pieces", "dataset_profiles", "analyses", "analysis_runs"} {
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
		{"selectInvitations", []any{acme, middle, 21, ""}},
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
					require.Empty(t, clearanceCondition.ReplaceAllString(node.Filter, ""), "%s, %s: rows of %s are read and left out", list.statement, mode, node.Relation)
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
		{"selectDataset", []any{acme, one}}, {"selectVersionSQL", []any{acme, one, 0}}, {"selectColumnRevision", []any{acme, one, 1}}, {"selectVersionOfColumn", []any{acme, one, 1}},
		{"selectColumnToChange", []any{acme, one, 1}}, {"selectColumnStamps", []any{acme, one, 1, "{1}"}},
		{"updateColumn", []any{acme, one, 1, "x", nil, nil, nil, 1, id("new"), "", ""}}, {"updateChunksVis", []any{acme, one, 1}}, {"updateWordsVis", []any{acme, one, 1}},
		{"updateProfilesVis", []any{acme, one, 1}}, {"updateFilesVis", []any{acme, one, 1}}, {"updatePiecesVis", []any{acme, one, 1}},
		{"lockAnalyses", []any{acme, one, 1}}, {"updateAnalysesVis", []any{acme, one, 1}}, {"updateRunsVis", []any{acme, one, 1}}, {"selectDatasetRevision", []any{acme, one}},
		{"updateDataset", []any{acme, one, "x", nil, id("new"), "", ""}}, {"deleteDataset", []any{acme, one, id("new"), "", ""}},
		{"selectRows", []any{acme, one, 0, 100, 0, nil}},
		{"lockData", []any{acme, one}}, {"findOwnDataset", []any{acme, one}}, {"selectBase", []any{acme, one}},
		{"selectVersionDetail", []any{acme, one, 1}}, {"selectVersionSummaries", []any{acme, one, 100, 21}}, {"selectSeesAll", []any{acme, one}},
		{"publishVersion", []any{acme, one, 2, 2, "dataset.appended", 1, id("new"), "", ""}}, {"selectStretches", []any{acme, []uuid.UUID{one}, 1}},
		{"selectSource", []any{acme, one, 1}}, {"selectPiece", []any{acme, one, 1, 0}}, {"beatImport", []any{acme, one, "reading", 1, nil, 0}},
		{"selectAnalysis", []any{acme, one}}, {"deleteAnalysis", []any{acme, one}},
		{"selectRun", []any{acme, one, id("large2")}}, {"selectRunForChart", []any{acme, one, id("large2")}},
		{"selectInvitation", []any{acme, one}}, {"revokeInvitation", []any{acme, one, id("new"), "", ""}},
		{"resendInvitation", []any{acme, one, "hash", one, "", ""}}, {"selectNotResent", []any{acme, one}},
		{"insertInvitation", []any{acme, one, "1@large.example.com", "VIEWER", user("olga"), "hash", id("new"), "", ""}},
	} {
		for _, mode := range planModes {
			explain(t, conn, mode, statement(t, read.statement), read.args...).walk(func(node plan) {
				if node.Relation != "organizations" { // four rows
					require.NotEqual(t, "Seq Scan", node.NodeType, "%s, %s: %s", read.statement, mode, node.Relation)
				}
			})
		}
	}
}

// recordIsFoundByEachFilter: a page of the audit events is read from an index, and what is asked for is in the index; where several
// things are, one of them. It is planned for its values, as the server has it planned.
func recordIsFoundByEachFilter(t *testing.T, conn *pgx.Conn) {
	for asked, filter := range map[string]struct {
		index string
		args  []any // actor, action, object, refused, since, until, and where the page before ended
	}{
		"nothing":                     {"org_id", []any{nil, nil, nil, nil, nil, nil, nil, nil}},
		"an actor":                    {"actor_id =", []any{id("large100"), nil, nil, nil, nil, nil, nil, nil}},
		"an actor that there is not":  {"actor_id =", []any{id("none"), nil, nil, nil, nil, nil, nil, nil}},
		"an action":                   {"action =", []any{nil, "dataset.deleted", nil, nil, nil, nil, nil, nil}},
		"an action that there is not": {"action =", []any{nil, "none", nil, nil, nil, nil, nil, nil}},
		"an object":                   {"object_id =", []any{nil, nil, id("large7"), nil, nil, nil, nil, nil}},
		"a time":                      {"at >=", []any{nil, nil, nil, nil, "2001-01-01", "2001-01-02", nil, nil}},
		"a page":                      {"ROW(at, id) <", []any{nil, nil, nil, nil, nil, nil, "2001-01-01", id("large7")}},
		"refusals":                    {"org_id", []any{nil, nil, nil, true, nil, nil, nil, nil}},
		"a page of an action":         {"action =", []any{nil, "dataset.deleted", nil, nil, nil, nil, "2001-01-01", id("large7")}},
	} {
		for _, sql := range []string{"selectAuditEvents", "selectAuditEventsToExport"} {
			args := append([]any{organization("acme"), user("olga"), 21}, filter.args...)
			p := explain(t, conn, "force_custom_plan", statement(t, sql), args...)
			scan := scanOfEvents(p)
			require.NotEqual(t, "Seq Scan", scan.NodeType, asked)
			require.Contains(t, strings.ReplaceAll(conditionsOf(scan), "ROW(at, id) >", "ROW(at, id) <"), filter.index, "%s: %s", asked, sql)
			require.NotContains(t, scan.Filter, "refusal", asked)
		}
	}
}

// scanOfEvents is the first one: an OWNER's or ADMIN's.
func scanOfEvents(p plan) (scan plan) {
	p.walk(func(node plan) {
		if scan.Relation == "" && node.Relation == "audit_events" {
			scan = node
		}
	})
	return scan
}

// conditionsOf are those of a scan and of the bitmaps that it reads.
func conditionsOf(p plan) (conditions string) {
	p.walk(func(node plan) { conditions += node.IndexCond })
	return conditions
}

// columnsAreJoinedByTheirKey: of a segment among many few chunks are expected; were all of its chunks read for each chunk, a dataset
// of twice as many rows would take four times as long.
func columnsAreJoinedByTheirKey(t *testing.T, conn *pgx.Conn) {
	one := id("large1")
	compiled, err := query.Compile(
		query.Specification{
			Measures:   []query.Measure{{Op: query.Sum, Column: "n"}},
			Dimensions: []query.Dimension{{Column: "word"}},
		},
		query.Version{OrgID: organization("acme"), DatasetID: one, Segments: []uuid.UUID{one}, Expand: "app.expand",
			Columns: []column.Column{{No: 1, Name: "word", Type: column.Text, Payload: column.Codes}, {No: 2, Name: "n", Type: column.Integer, Payload: column.Ints}}})
	require.NoError(t, err)
	chunks := 0
	explain(t, conn, "force_custom_plan", compiled.SQL, compiled.Args...).walk(func(node plan) {
		if node.Relation == "dataset_chunks" {
			chunks++
			require.Contains(t, node.IndexCond, "column_no")
		}
	})
	require.Equal(t, 2, chunks)
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

// receivedInvitationsAreFoundByAddress: whoever has no organization reads no other address's invitations to find their own.
func receivedInvitationsAreFoundByAddress(t *testing.T, conn *pgx.Conn) {
	noor := fmt.Sprintf("select app.begin_addressee('%s', %s)", user("noor"), sqlID("invitations/acme/VIEWER/open"))
	for _, read := range []call{{"selectReceivedInvitations", []any{id("large1"), 21}}, {"declineInvitation", []any{id("large1"), id("new"), "", ""}}} {
		for _, mode := range planModes {
			explainFor(t, conn, noor, mode, statement(t, read.statement), read.args...).walk(func(node plan) {
				require.NotEqual(t, "Seq Scan", node.NodeType, "%s, %s: %s", read.statement, mode, node.Relation)
			})
		}
	}
	p := explainFor(t, conn, noor, planModes[0], statement(t, "selectReceivedInvitations"), id("large1"), 21)
	var conditions string
	p.walk(func(node plan) { conditions += node.IndexCond })
	require.Contains(t, conditions, "email = ")
}
