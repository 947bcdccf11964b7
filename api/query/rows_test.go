package query_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/query"
)

// TestPagesOfRowsAreTheSortedTableThatPassesTheFilters: page after page, each begun after the last row of the one before,
// every row comes once and in its place.
func TestPagesOfRowsAreTheSortedTableThatPassesTheFilters(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	rapid.Check(t, func(t *rapid.T) {
		_, err := conn.Exec(t.Context(), "begin")
		require.NoError(t, err)
		defer conn.Exec(t.Context(), "rollback")

		tbl := drawTable(t)
		version := load(t, conn, tbl)
		stranger := version
		stranger.OrgID[0]++
		store(t, conn, drawTableOf(t, tbl.chunks), stranger)
		store(t, conn, table{columns: tbl.columns, rows: drawRows(t, 2), chunks: [][]int{{2}}}, elsewhere(version))

		for range 8 {
			sel, conditions := drawSelection(t, tbl)
			want := selected(tbl, sel, conditions)
			text, err := json.Marshal(sel)
			require.NoError(t, err)
			got := []int64{}
			for {
				page := numbers(t, conn, sel, version)
				got = append(got, page...)
				require.LessOrEqual(t, len(got), len(want), "%s\n%v", text, tbl.rows)
				if len(page) < sel.Limit {
					break
				}
				sel.After = page[len(page)-1]
			}
			require.Equal(t, want, got, "%s\n%v", text, tbl.rows)
		}
	})
}

func drawSelection(t *rapid.T, tbl table) (query.Selection, []condition) {
	sel := query.Selection{Limit: rapid.SampledFrom([]int{1, 2, 3, 100}).Draw(t, "limit")}
	for range rapid.IntRange(0, 3).Draw(t, "orders") {
		sel.Order = append(sel.Order, query.Order{By: rapid.SampledFrom(columns).Draw(t, "by").Name, Desc: rapid.Bool().Draw(t, "desc")})
	}
	var conditions []condition
	for range rapid.IntRange(btoi(len(sel.Order) == 0), 2).Draw(t, "filters") {
		c := drawCondition(t, tbl)
		conditions = append(conditions, c)
		sel.Filters = append(sel.Filters, c.filter)
	}
	if rapid.IntRange(0, 3).Draw(t, "bounded") == 0 {
		sel.Until = rapid.Int64Range(1, int64(len(tbl.rows))+2).Draw(t, "until")
	}
	return sel, conditions
}

// selected are the numbers of the rows of a selection.
func selected(tbl table, sel query.Selection, conditions []condition) []int64 {
	found := []int64{}
	for i, row := range tbl.rows {
		if sel.Until > 0 && int64(i) >= sel.Until {
			break
		}
		if !slices.ContainsFunc(conditions, func(c condition) bool { return !c.meets(tbl.value(row, c.filter.Column)) }) {
			found = append(found, int64(i)+1)
		}
	}
	slices.SortStableFunc(found, func(a, b int64) int {
		for _, o := range sel.Order {
			if sign := compareNullsLast(tbl.value(tbl.rows[a-1], o.By), tbl.value(tbl.rows[b-1], o.By), o.Desc); sign != 0 {
				return sign
			}
		}
		return 0
	})
	return found
}

func numbers(t fataler, conn *pgx.Conn, sel query.Selection, version query.Version) []int64 {
	t.Helper()
	statement, err := query.CompileRows(sel, version)
	require.NoError(t, err)
	rows, _ := conn.Query(context.Background(), statement.SQL, statement.Args...)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (int64, error) {
		var text string
		if err := row.Scan(&text); err != nil {
			return 0, err
		}
		return strconv.ParseInt(text, 10, 64)
	})
	require.NoError(t, err, statement.SQL)
	return found
}

func TestARowIsNotSelectedByWhatIsNotThere(t *testing.T) {
	t.Parallel()
	version := query.Version{Columns: columns, Expand: "unnest"}
	for name, c := range map[string]struct {
		sel   query.Selection
		field string
		code  query.Code
	}{
		"order by no column":  {query.Selection{Order: []query.Order{{By: "count"}, {By: "secret"}}}, "order[1].by", query.UnknownColumn},
		"filter of no column": {query.Selection{Filters: []query.Filter{{Column: "secret", Op: query.IsNull}}}, "filters[0].column", query.UnknownColumn},
		"too many orders":     {query.Selection{Order: make([]query.Order, query.MaxOrder+1)}, "order", query.TooMany},
		"too many filters":    {query.Selection{Filters: make([]query.Filter, query.MaxFilters+1)}, "filters", query.TooMany},
		"nothing":             {query.Selection{}, "order", query.Missing},
	} {
		_, err := query.CompileRows(c.sel, version)
		var mistake *query.Error
		require.ErrorAs(t, err, &mistake, name)
		require.Equal(t, c.field, mistake.Field, name)
		require.Equal(t, c.code, mistake.Code, name)
	}
	named, err := version.Named([]string{"on", "count"})
	require.NoError(t, err)
	require.Equal(t, []string{"on", "count"}, []string{named[0].Name, named[1].Name})
	for names, code := range map[[2]string]query.Code{{"on", "secret"}: query.UnknownColumn, {"on", "on"}: query.DuplicateName} {
		_, err := version.Named(names[:])
		require.EqualError(t, err, map[query.Code]string{
			query.UnknownColumn: `columns[1]: no column is named "secret"`, query.DuplicateName: `columns[1]: "on" is asked for twice`}[code])
	}
}
