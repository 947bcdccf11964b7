package ingest

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
)

// naive is a file as another reader has it: encoding/csv, strconv and time.
type naive struct {
	values      [][]any // by column
	first       []Rejection
	cells, rows int64
}

// fits reads a cell of a given type; ok is false where it is rejected.
func fits(typ column.Type, cell string) (value any, ok bool) {
	trimmed := strings.TrimSpace(cell)
	switch {
	case cell == "" || typ != column.Text && (missing(cell) || cell == "--"):
		return nil, true
	case typ == column.Text:
		return cell, true
	case typ == column.Integer:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == trimmed
	case typ == column.Boolean:
		b, err := strconv.ParseBool(strings.ToLower(trimmed))
		return one(b), err == nil
	case typ == column.Float:
		f, err := strconv.ParseFloat(trimmed, 64)
		return f, err == nil
	}
	day, err := time.Parse(time.DateOnly, trimmed)
	return day.Unix() / 86_400, err == nil
}

func naively(t require.TestingT, file string, types []column.Type, reject Reject, delimiter rune) naive {
	r := csv.NewReader(strings.NewReader(file))
	r.Comma, r.FieldsPerRecord = delimiter, -1
	_, err := r.Read()
	require.NoError(t, err)
	out := naive{values: make([][]any, len(types))}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		line := func(i int) int64 { n, _ := r.FieldPos(i); return int64(n) }
		out.add(record, line, types, reject)
	}
}

func (n *naive) add(record []string, line func(int) int64, types []column.Type, reject Reject) {
	for i := len(types); i < len(record); i++ {
		if record[i] != "" {
			n.rows++
			n.first = append(n.first, Rejection{Line: line(0), Column: i + 1})
			return
		}
	}
	row, bad := make([]any, len(types)), false
	for i, typ := range types {
		if i >= len(record) {
			continue
		}
		value, ok := fits(typ, record[i])
		if row[i] = value; !ok {
			row[i], bad = nil, true
			n.cells++
			n.first = append(n.first, Rejection{Line: line(i), Column: i + 1})
		}
	}
	if bad && reject == RejectRow {
		n.rows++
		return
	}
	for i := range row {
		n.values[i] = append(n.values[i], row[i])
	}
}

// cellsOf are such that no typed one is written in two ways, and that types can be told from them.
var cellsOf = map[column.Type]*rapid.Generator[string]{
	column.Integer: rapid.OneOf(rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }), rapid.SampledFrom([]string{"x", "007", "9223372036854775808", "- -"})),
	column.Boolean: rapid.SampledFrom([]string{"true", "False", "T", "f", "1", "0", "maybe", "2"}),
	column.Float:   rapid.OneOf(rapid.StringMatching(`-?(0|[1-9]\d{0,5})\.\d{1,2}(e\d)?`), rapid.SampledFrom([]string{"x", "1e400", "--", "1.5.2"})),
	column.Date: rapid.OneOf(rapid.Custom(func(t *rapid.T) string { return instant(t).UTC().Format(time.DateOnly) }),
		rapid.SampledFrom([]string{"2006-02-30", "x", "2006-13-01", "20060102"})),
	column.Text: rapid.SampledFrom([]string{"a", "b\nc", "\"q\"", "d,e", "\n\n", " ", "NA", "é"}),
}

// drawFile draws a file with rows too short and too long.
func drawFile(t *rapid.T, types []column.Type, delimiter string) string {
	var b strings.Builder
	for i := range types {
		b.WriteString(delimiter[:min(i, 1)] + "column " + strconv.Itoa(i))
	}
	lineEnd := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
	for range rapid.IntRange(0, 30).Draw(t, "rows") {
		b.WriteString(lineEnd)
		b.WriteString(strings.Repeat(lineEnd, rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "blank lines")))
		width := len(types) + rapid.SampledFrom([]int{0, 0, 0, 0, -1, 1, 2}).Draw(t, "more fields")
		for i := range max(width, 1) {
			cell := rapid.SampledFrom([]string{"", "z"}).Draw(t, "further cell")
			if i < len(types) && rapid.IntRange(0, 9).Draw(t, "null") > 0 {
				cell = cellsOf[types[i]].Draw(t, "cell")
			}
			b.WriteString(delimiter[:min(i, 1)] + `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
	}
	return b.String() + lineEnd
}

func TestRejectionsAreThoseOfAnotherReader(t *testing.T) {
	t.Parallel()
	all := []column.Type{column.Boolean, column.Integer, column.Float, column.Date, column.Text}
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom(all), 1, 5).Draw(t, "types")
		delimiter := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter")
		reject := rapid.SampledFrom([]Reject{RejectFile, RejectCell, RejectRow}).Draw(t, "reject")
		file := drawFile(t, types, delimiter)
		want := naively(t, strings.ReplaceAll(file, "\r\n", "\n"), types, reject, rune(delimiter[0]))
		opt := Options{Columns: ofTypes(types...), Reject: reject, Dialect: Dialect{Header: HeaderPresent, Quotes: DoubledQuotes, Delimiter: delimiter}}
		if reject == RejectFile && len(want.first) > 0 {
			requireRefused(t, file, opt, want)
			return
		}
		got := readWith(t, file, opt)
		requireRejections(t, want.first, got.Rejected.First)
		require.Equal(t, []int64{want.cells, want.rows}, []int64{got.Rejected.Cells, got.Rejected.Rows})
		for i := range types {
			require.Equal(t, types[i], got.Columns[i].Type)
			require.Equal(t, len(want.values[i]), len(got.values[i]))
			for row, value := range want.values[i] {
				require.Equal(t, value, got.values[i][row])
			}
		}
	})
}

func requireRefused(t require.TestingT, file string, opt Options, want naive) {
	_, err := Spool(context.Background(), strings.NewReader(file), opt)
	var fault *Error
	require.ErrorAs(t, err, &fault)
	require.True(t, fault.Rejected.any())
	if fault.Code == CodeCellsRejected { // it has no row that is too wide
		requireRejections(t, want.first, fault.Rejected.First)
		require.Equal(t, want.cells, fault.Rejected.Cells)
	}
}

func requireRejections(t require.TestingT, want, got []Rejection) {
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, []int64{want[i].Line, int64(want[i].Column)}, []int64{got[i].Line, int64(got[i].Column)})
	}
}
