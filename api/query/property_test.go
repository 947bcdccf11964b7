package query_test

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

// TestCompiledStatementsAnswerAsANaiveEvaluatorDoes compares answers on random small tables with nulls, several segments
// and chunks, beside the same segments of another organization and segments that are not the version's.
func TestCompiledStatementsAnswerAsANaiveEvaluatorDoes(t *testing.T) {
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

		for range 12 {
			spec, conditions := drawSpecification(t, tbl)
			statement, err := query.Compile(spec, version)
			require.NoError(t, err)
			var got [][]string
			for _, row := range ask(t, conn, spec, version) {
				values, err := read(statement.Columns, row)
				require.NoError(t, err)
				got = append(got, shown(values))
			}
			var want [][]string
			for _, row := range evaluate(tbl, spec, conditions) {
				want = append(want, shown(row))
			}
			text, err := json.Marshal(spec)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s\n%v\n%s", text, tbl.rows, statement.SQL)
		}
	})
}

// elsewhere is a segment of the same organization that the version does not list.
func elsewhere(v query.Version) query.Version {
	v.DatasetID, v.Segments = uuid.New(), []uuid.UUID{uuid.New()}
	return v
}

var columns = []column.Column{
	{No: 3, Name: "count", Type: column.Integer, Payload: column.Ints},
	{No: 1, Name: `price "€"`, Type: column.Decimal, Scale: 2, Payload: column.Ints},
	{No: 7, Name: "tiny", Type: column.Decimal, Scale: 18, Payload: column.Ints},
	{No: 2, Name: "ratio'; --", Type: column.Float, Payload: column.Floats},
	{No: 5, Name: "$1", Type: column.Boolean, Payload: column.Ints},
	{No: 4, Name: "on", Type: column.Date, Payload: column.Ints},
	{No: 6, Name: "at", Type: column.Timestamp, Payload: column.Ints},
	{No: 9, Name: "Wort", Type: column.Text, Payload: column.Codes},
	{No: 8, Name: "note\x00", Type: column.Text, Payload: column.Texts},
}

var (
	integers = rapid.OneOf(rapid.Int64Range(-4, 4), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 1 << 53, 1<<53 + 1}))
	decimals = rapid.OneOf(rapid.Int64Range(-300, 300), rapid.Int64Range(-1e18+1, 1e18-1))
	days     = rapid.OneOf(rapid.Int64Range(-40, 40), rapid.Int64Range(-719_162, 2_932_896))
	micros   = rapid.OneOf(rapid.Int64Range(-3e12, 3e12), rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999),
		rapid.Map(rapid.Int64Range(-100, 100), func(n int64) int64 { return n * 86_400_000_000 }))
	words = rapid.SampledFrom([]string{"", "a", "A", "ab", "B", "Bä", "ÄB", "%", "_", `\`, `a%b`, `"'; drop table x`, "$1", "مرحبا", "z", "{a,b}", "null"})
)

func drawCell(t *rapid.T, col column.Column) any {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	switch col.Type {
	case column.Integer:
		return integers.Draw(t, "integer")
	case column.Decimal:
		return decimals.Draw(t, "decimal")
	case column.Float:
		return float64(rapid.IntRange(-40, 40).Draw(t, "float")) / 4 // sums are exact
	case column.Boolean:
		return rapid.Int64Range(0, 1).Draw(t, "boolean")
	case column.Date:
		return days.Draw(t, "date")
	case column.Timestamp:
		return micros.Draw(t, "timestamp")
	default:
		return words.Draw(t, "text")
	}
}

func drawTable(t *rapid.T) table {
	var chunks [][]int
	for range rapid.SampledFrom([]int{3, 2, 1, 0}).Draw(t, "segments") {
		chunks = append(chunks, rapid.SliceOfN(rapid.IntRange(1, 6), 1, 3).Draw(t, "chunks"))
	}
	return drawTableOf(t, chunks)
}

func drawTableOf(t *rapid.T, chunks [][]int) table {
	tbl := table{columns: columns, chunks: chunks}
	for _, segment := range chunks {
		for _, size := range segment {
			tbl.rows = append(tbl.rows, drawRows(t, size)...)
		}
	}
	return tbl
}

func drawRows(t *rapid.T, n int) [][]any {
	rows := make([][]any, n)
	for i := range rows {
		for _, col := range columns {
			rows[i] = append(rows[i], drawCell(t, col))
		}
	}
	return rows
}

func drawSpecification(t *rapid.T, tbl table) (query.Specification, []condition) {
	spec := query.Specification{Limit: rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(t, "limit")}
	for range rapid.IntRange(0, 3).Draw(t, "dimensions") {
		if d := drawDimension(t); !slices.Contains(spec.Dimensions, d) {
			spec.Dimensions = append(spec.Dimensions, d)
		}
	}
	for i := range rapid.IntRange(btoi(len(spec.Dimensions) == 0), 4).Draw(t, "measures") {
		spec.Measures = append(spec.Measures, drawMeasure(t, i))
	}
	var conditions []condition
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		c := drawCondition(t, tbl)
		conditions = append(conditions, c)
		spec.Filters = append(spec.Filters, c.filter)
	}
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		spec.Order = append(spec.Order, query.Order{
			By: rapid.SampledFrom(resultNames(spec)).Draw(t, "by"), Desc: rapid.Bool().Draw(t, "desc")})
	}
	return spec, conditions
}

func drawDimension(t *rapid.T) query.Dimension {
	col := rapid.SampledFrom(columns).Draw(t, "dimension")
	d := query.Dimension{Column: col.Name}
	if col.Type == column.Date || col.Type == column.Timestamp {
		d.Grain = rapid.SampledFrom([]query.Grain{"", query.Year, query.Quarter, query.Month, query.Week, query.Day}).Draw(t, "grain")
	}
	return d
}

func drawMeasure(t *rapid.T, i int) query.Measure {
	as := "m" + string(rune('a'+i))
	col := rapid.SampledFrom(columns).Draw(t, "measure")
	ops := []query.Op{query.Count, query.CountDistinct, query.Min, query.Max}
	switch col.Type {
	case column.Integer, column.Decimal, column.Float:
		ops = append(ops, query.Sum, query.Avg, query.Median)
	}
	m := query.Measure{Op: rapid.SampledFrom(ops).Draw(t, "op"), Column: col.Name, As: as}
	if m.Op == query.Count && rapid.Bool().Draw(t, "rows") {
		m.Column = ""
	}
	return m
}

func drawCondition(t *rapid.T, tbl table) condition {
	col := rapid.SampledFrom(columns).Draw(t, "filter")
	ops := []query.Comparison{query.Equal, query.NotEqual, query.In, query.IsNull}
	if col.Type != column.Boolean {
		ops = append(ops, query.Less, query.LessOrEqual, query.Greater, query.GreaterOrEqual, query.Between)
	}
	if col.Type == column.Text {
		ops = append(ops, query.Contains)
	}
	c := condition{filter: query.Filter{Column: col.Name, Op: rapid.SampledFrom(ops).Draw(t, "comparison")}}
	n := map[query.Comparison]int{query.Between: 2, query.In: rapid.IntRange(0, 12).Draw(t, "values")}
	var literals []json.RawMessage
	for range max(n[c.filter.Op], btoi(c.filter.Op != query.In)) {
		value, literal := drawOperand(t, col, tbl)
		if c.filter.Op == query.IsNull {
			value = rapid.Bool().Draw(t, "missing")
			literal, _ = json.Marshal(value)
		}
		c.operand, literals = append(c.operand, value), append(literals, literal)
	}
	c.filter.Value, _ = json.Marshal(literals)
	if c.filter.Op != query.In && c.filter.Op != query.Between {
		c.filter.Value = literals[0]
	}
	if literals == nil {
		c.filter.Value = json.RawMessage("[]")
	}
	return c
}

// drawOperand draws a value near those of the column, and its JSON.
func drawOperand(t *rapid.T, col column.Column, tbl table) (any, json.RawMessage) {
	cell := drawCell(t, col)
	for cell == nil {
		cell = drawCell(t, col)
	}
	if len(tbl.rows) > 0 {
		if own := rapid.SampledFrom(tbl.rows).Draw(t, "row")[tbl.find(col.Name)]; own != nil {
			cell = own
		}
	}
	value := logical(col, cell)
	switch v := value.(type) {
	case *big.Rat:
		v = v.Add(v, big.NewRat(rapid.SampledFrom([]int64{0, 0, -1, 1}).Draw(t, "off"), rapid.SampledFrom([]int64{1, 2, 1000}).Draw(t, "by")))
		return v, json.RawMessage(v.FloatString(22))
	case time.Time:
		if col.Type == column.Date || v.Equal(v.Truncate(24*time.Hour)) && rapid.Bool().Draw(t, "as a date") {
			return v, json.RawMessage(`"` + v.Format(time.DateOnly) + `"`)
		}
		v = v.Add(time.Duration(rapid.SampledFrom([]int{0, 0, -1, 1}).Draw(t, "nanoseconds")))
		if v.Year() < 1 || v.Year() > 9999 {
			v = time.Unix(0, 0).UTC()
		}
		zone := time.FixedZone("", 3600)
		if y := v.In(zone).Year(); y < 1 || y > 9999 {
			zone = time.UTC
		}
		return v, json.RawMessage(`"` + v.In(zone).Format(time.RFC3339Nano) + `"`)
	default:
		text, _ := json.Marshal(v)
		return v, text
	}
}
