package ingest

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
)

// generators of the fields of a column of each type, as they are written.
var generators = map[column.Type]*rapid.Generator[string]{
	column.Boolean: rapid.SampledFrom([]string{"true", "false", "TRUE", "False"}),
	column.Integer: rapid.Custom(func(t *rapid.T) string { return strconv.FormatInt(rapid.Int64().Draw(t, "integer"), 10) }),
	column.Decimal: rapid.StringMatching(`-?(0|[1-9]\d{0,8})\.\d{1,9}`),
	column.Float:   rapid.StringMatching(`-?(0|[1-9]\d{0,5})(\.\d{1,20})?[eE][-+]?\d{1,2}`),
	column.Date: rapid.Custom(func(t *rapid.T) string {
		return instant(t).Format(time.DateOnly)
	}),
	column.Timestamp: rapid.Custom(func(t *rapid.T) string {
		return instant(t).Format(rapid.SampledFrom([]string{
			"2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05.999999Z07:00", "2006-01-02 15:04:05.000000-0700"}).Draw(t, "layout"))
	}),
	column.Text: rapid.OneOf(
		rapid.StringOf(rapid.RuneFrom([]rune("ab\"\",;\t|\r\n\\ é€😀-0.1"))).Filter(func(s string) bool { return !formatted.MatchString(s) }),
		rapid.SampledFrom([]string{"NA", "7", "007", "2006-01-02", "true", " x ", "  "})),
}

// formatted may be read as a number in another format: a column of nothing else is one of numbers.
var formatted = regexp.MustCompile(`^[-\s.,€]*[0-9][-\s.,€0-9]*$`)

func instant(t *rapid.T) time.Time {
	micros := rapid.Int64Range(-60_000_000_000_000_000, 200_000_000_000_000_000).Draw(t, "microseconds")
	zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "zone"))
	return time.UnixMicro(micros).In(zone)
}

// drawColumn draws the fields of a column; an empty one is null.
func drawColumn(t *rapid.T, typ column.Type, rows int) []string {
	fields := make([]string, rows)
	for i := range fields {
		switch rapid.IntRange(0, 9).Draw(t, "kind of field") {
		case 0:
		case 1:
			fields[i] = rapid.SampledFrom([]string{"NA", "null", "-", " "}).Draw(t, "token")
		default:
			fields[i] = generators[typ].Draw(t, "field")
		}
	}
	return fields
}

// write makes a CSV file; quotes where it must, and where it pleases.
func write(t *rapid.T, columns [][]string, rows int) string {
	delimiter := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter")
	lineEnd := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
	var b strings.Builder
	for i := range columns {
		fmt.Fprintf(&b, "%scolumn %d", delimiter[:min(i, 1)], i)
	}
	for row := range rows {
		b.WriteString(lineEnd)
		for i, fields := range columns {
			b.WriteString(delimiter[:min(i, 1)])
			field := fields[row]
			blank := len(columns) == 1 && field == ""
			if blank || strings.ContainsAny(field, ",;\t|\r\n\"") || rapid.Bool().Draw(t, "quote") {
				field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
			}
			b.WriteString(field)
		}
	}
	return b.String() + lineEnd
}

func TestATableComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom([]column.Type{column.Boolean, column.Integer, column.Decimal,
			column.Float, column.Date, column.Timestamp, column.Text}), 1, 6).Draw(t, "types")
		rows := rapid.IntRange(0, 20).Draw(t, "rows")
		columns := make([][]string, len(types))
		for i, typ := range types {
			columns[i] = drawColumn(t, typ, rows)
		}
		got := read(t, write(t, columns, rows))
		require.EqualValues(t, rows, got.Rows)
		require.Len(t, got.Columns, len(columns))
		for i, fields := range columns {
			requireType(t, types[i], got.Columns[i].Type, fields)
			for row, field := range fields {
				require.Equal(t, expected(t, got.Columns[i], field), got.values[i][row], "field %q", field)
			}
		}
	})
}

// requireType: all columns but those of text have their type as soon as they have one value.
func requireType(t *rapid.T, drawn, got column.Type, fields []string) {
	for _, field := range fields {
		if drawn != column.Text && !missing(field) {
			require.Equal(t, drawn, got)
		}
	}
}

func missing(field string) bool {
	field = strings.TrimSpace(field)
	return field == "" || field == "NA" || field == "null" || field == "-"
}

// expected is what a field is stored as in a column, worked out with the standard library.
func expected(t *rapid.T, c Column, field string) any {
	switch {
	case field == "" || c.Type != column.Text && missing(field):
		return nil
	case c.Type == column.Text:
		return field
	case c.Type == column.Boolean:
		return int64(strings.Index("ft", strings.ToLower(field[:1])))
	case c.Type == column.Float:
		f, err := strconv.ParseFloat(field, 64)
		require.NoError(t, err)
		return f
	case c.Type == column.Date || c.Type == column.Timestamp:
		return moment(t, c.Type, field)
	}
	r, ok := new(big.Rat).SetString(strings.TrimSpace(field))
	require.True(t, ok)
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Scale)), nil)))
	require.True(t, r.IsInt())
	return r.Num().Int64()
}

func moment(t *rapid.T, typ column.Type, field string) int64 {
	field = strings.TrimSpace(field)
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", time.DateTime, time.RFC3339Nano, "2006-01-02 15:04:05-0700"} {
		if at, err := time.Parse(layout, field); err == nil {
			if typ == column.Date {
				return at.Unix() / 86_400
			}
			return at.UnixMicro()
		}
	}
	t.Fatalf("no layout for %q", field)
	return 0
}
