package query_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

func TestFiltersCompareExactly(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	version := load(t, conn, table{
		columns: []column.Column{
			{No: 1, Name: "n", Type: column.Integer, Payload: column.Ints},
			{No: 2, Name: "price", Type: column.Decimal, Scale: 2, Payload: column.Ints},
			{No: 3, Name: "at", Type: column.Timestamp, Payload: column.Ints},
			{No: 4, Name: "word", Type: column.Text, Payload: column.Codes},
			{No: 5, Name: "f", Type: column.Float, Payload: column.Floats},
		},
		rows: [][]any{
			{int64(-9223372036854775808), int64(149), int64(-1), "100%", 0.1},
			{int64(0), int64(150), int64(0), "100 percent", 1e308},
			{int64(9223372036854775807), int64(151), int64(1), `a_b\c`, -1e308},
			{nil, nil, nil, nil, nil},
		},
		chunks: [][]int{{2, 1}, {1}},
	})
	tests := []struct {
		column string
		op     query.Comparison
		value  string
		rows   int
	}{
		{"n", query.Greater, "0", 1},
		{"n", query.GreaterOrEqual, "0", 2},
		{"n", query.Greater, "-0.5", 2},
		{"n", query.Less, "0.5", 2},
		{"n", query.Less, "9223372036854775808", 3},
		{"n", query.LessOrEqual, "9223372036854775807", 3},
		{"n", query.Greater, "9223372036854775807", 0},
		{"n", query.Greater, "1e300", 0},
		{"n", query.GreaterOrEqual, "-1e300", 3},
		{"n", query.Less, "-9223372036854775808", 0},
		{"n", query.Equal, "9223372036854775808", 0},
		{"n", query.Equal, "9223372036854775807", 1},
		{"n", query.NotEqual, "0.5", 3},
		{"n", query.NotEqual, "0", 2},
		{"n", query.Between, "[1, -1]", 0},
		{"n", query.In, "[]", 0},
		{"n", query.In, "[0, 0.5, 1e30]", 1},
		{"n", query.In, "[0,1,2,3,4,5,6,7,8,9,9223372036854775807]", 2},
		{"price", query.Equal, "1.50", 1},
		{"price", query.Equal, "1.500000000000000000000000000001", 0},
		{"price", query.Greater, "1.4999", 2},
		{"price", query.LessOrEqual, "1.5099", 2},
		{"price", query.Less, "1.51", 2},
		{"at", query.Equal, `"1970-01-01"`, 1},
		{"at", query.Equal, `"1970-01-01T01:00:00.000001+01:00"`, 1},
		{"at", query.Equal, `"1970-01-01T00:00:00.0000005Z"`, 0},
		{"at", query.Less, `"1970-01-01T00:00:00.0000005Z"`, 2},
		{"word", query.Contains, `"%"`, 1},
		{"word", query.Contains, `"_"`, 1},
		{"word", query.Contains, `"B\\C"`, 1},
		{"word", query.Contains, `""`, 3},
		{"word", query.Contains, `"PERCENT"`, 1},
		{"word", query.NotEqual, `"unheard of"`, 3},
		{"word", query.Equal, `"unheard of"`, 0},
		{"word", query.Less, `"100%"`, 1},
		{"f", query.Equal, "0.1", 1},
		{"f", query.Less, "1e400", 3},
		{"f", query.Greater, "-1e400", 3},
		{"f", query.IsNull, "", 1},
		{"f", query.IsNull, "false", 3},
	}
	for _, test := range tests {
		spec := query.Specification{
			Measures: []query.Measure{{Op: query.Count}},
			Filters:  []query.Filter{{Column: test.column, Op: test.op, Value: json.RawMessage(test.value)}},
		}
		require.Equal(t, [][]any{{json.Number(fmt.Sprint(test.rows))}}, ask(t, conn, spec, version), "%s %s %s", test.column, test.op, test.value)
	}
}

func TestADictionaryOfSeveralPagesIsReadInOrder(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	tbl := table{columns: []column.Column{{No: 1, Name: "word", Type: column.Text, Payload: column.Codes}}, chunks: [][]int{{2000, 600}}}
	for i := range 2600 {
		tbl.rows = append(tbl.rows, []any{fmt.Sprintf("w%04d", 2599-i)})
	}
	version := load(t, conn, tbl)
	last := json.RawMessage(`"w2598"`)

	require.Equal(t, [][]any{{"w2599"}}, ask(t, conn, query.Specification{
		Dimensions: []query.Dimension{{Column: "word"}},
		Filters:    []query.Filter{{Column: "word", Op: query.Greater, Value: last}},
	}, version))
	require.Equal(t, [][]any{{"w2599", "w2599"}, {"w2598", "w2598"}, {"w2597", "w2597"}}, ask(t, conn, query.Specification{
		Dimensions: []query.Dimension{{Column: "word"}},
		Measures:   []query.Measure{{Op: query.Min, Column: "word"}},
		Order:      []query.Order{{By: "word", Desc: true}},
		Limit:      2,
	}, version), "one row more than the limit tells that there are more")
	require.Equal(t, [][]any{{json.Number("2600"), "w0000", "w2599"}}, ask(t, conn, query.Specification{
		Measures: []query.Measure{{Op: query.CountDistinct, Column: "word"}, {Op: query.Min, Column: "word"}, {Op: query.Max, Column: "word"}},
	}, version))
}

func TestATimestampIsGroupedBesideItsPeriods(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	version := load(t, conn, table{
		columns: []column.Column{{No: 1, Name: "at", Type: column.Timestamp, Payload: column.Ints}},
		rows:    [][]any{{int64(-1)}, {int64(-2)}, {int64(0)}, {nil}},
		chunks:  [][]int{{4}},
	})
	require.Equal(t, [][]any{
		{"1969-12-31T23:59:59.999998Z", "1969-10-01", "1969-12-29", json.Number("1")},
		{"1969-12-31T23:59:59.999999Z", "1969-10-01", "1969-12-29", json.Number("1")},
		{"1970-01-01T00:00:00Z", "1970-01-01", "1969-12-29", json.Number("1")},
		{nil, nil, nil, json.Number("1")},
	}, ask(t, conn, query.Specification{
		Dimensions: []query.Dimension{{Column: "at"}, {Column: "at", Grain: query.Quarter}, {Column: "at", Grain: query.Week}},
		Measures:   []query.Measure{{Op: query.Count}},
	}, version))
}
