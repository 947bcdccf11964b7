package ingest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func ofTypes(types ...column.Type) (list []ColumnOptions) {
	for i, typ := range types {
		list = append(list, ColumnOptions{No: i + 1, Type: typ, Scale: 2 * int(one(typ == column.Decimal))})
	}
	return list
}

func TestATypeCanBeGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bars   string
		column ColumnOptions
		want   []any
	}{
		"text":              {"1|NA|2006-01-02", ColumnOptions{Type: column.Text}, []any{"1", "NA", "2006-01-02"}},
		"integers":          {"1|NA| 2 |-9223372036854775808", ColumnOptions{Type: column.Integer}, []any{int64(1), nil, int64(2), int64(-1 << 63)}},
		"decimals":          {"1|2.5|$3.25|1,000", ColumnOptions{Type: column.Decimal, Scale: 2}, ints(100, 250, 325, 100000)},
		"decimal commas":    {"1,5|1.000,25", ColumnOptions{Type: column.Decimal, Scale: 2}, ints(150, 100025)},
		"floats":            {"1|2.5|1e3|12345678901234567890123|NaN", ColumnOptions{Type: column.Float}, []any{1.0, 2.5, 1000.0, 12345678901234567890123.0, nil}},
		"booleans":          {"1|0|yes|F|true", ColumnOptions{Type: column.Boolean}, ints(1, 0, 1, 0, 1)},
		"dates":             {"01/02/1970|03/01/1970", ColumnOptions{Type: column.Date, Dates: DayFirst}, ints(31, 2)},
		"months":            {"1970-02|1970-01", ColumnOptions{Type: column.Date}, ints(31, 0)},
		"names of months":   {"Feb 1970", ColumnOptions{Type: column.Date}, ints(31)},
		"dates as instants": {"1970-01-02|1970-01-01T00:00:01Z", ColumnOptions{Type: column.Timestamp}, ints(86_400_000_000, 1_000_000)},
		"nothing":           {"NA|-", ColumnOptions{Type: column.Date}, []any{nil, nil}},
		"groups, said so":   {"12.345|1", ColumnOptions{Type: column.Integer, Numbers: PointComma}, ints(12345, 1)},
		"groups, seen so":   {"12.345|1.234.567", ColumnOptions{Type: column.Integer}, ints(12345, 1234567)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.column.No = 1
			got, values, _ := columnWith(t, c.bars, Options{Columns: []ColumnOptions{c.column}})
			require.Equal(t, c.column.Type, got.Type)
			require.Equal(t, c.want, values)
		})
	}
}

func TestARejectedCellSaysWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		column     ColumnOptions
		good, cell string
		code       string
	}{
		{ColumnOptions{Type: column.Integer}, "1", "x", RejectNotNumber},
		{ColumnOptions{Type: column.Integer}, "1", "1.5", RejectNotInteger},
		{ColumnOptions{Type: column.Integer}, "1", "12.345", RejectNotInteger},
		{ColumnOptions{Type: column.Integer}, "1", "9223372036854775808", RejectOutOfRange},
		{ColumnOptions{Type: column.Integer}, "1", "007", RejectNotNumber},
		{ColumnOptions{Type: column.Integer}, "1", "1e3", RejectOtherFormat},
		{ColumnOptions{Type: column.Decimal, Scale: 2}, "1.25", "1.255", RejectTooManyDigits},
		{ColumnOptions{Type: column.Decimal, Scale: 2}, "1.25", "12345678901234567", RejectTooManyDigits},
		{ColumnOptions{Type: column.Decimal, Scale: 2}, "1.25", "1e2", RejectOtherFormat},
		{ColumnOptions{Type: column.Decimal, Scale: 2}, "1.25", "1,5", RejectOtherFormat},
		{ColumnOptions{Type: column.Decimal, Scale: 2}, "$1.25", "€1.25", RejectOtherFormat},
		{ColumnOptions{Type: column.Float}, "1.25", "1e400", RejectOutOfRange},
		{ColumnOptions{Type: column.Float}, "1.25", "Inf", RejectNotNumber},
		{ColumnOptions{Type: column.Float}, "1.25", "0x10", RejectNotNumber},
		{ColumnOptions{Type: column.Boolean}, "true", "maybe", RejectNotBoolean},
		{ColumnOptions{Type: column.Date}, "2006-01-02", "2006-02-30", RejectNotDate},
		{ColumnOptions{Type: column.Date}, "2006-01-02", "02.01.2006", RejectOtherFormat},
		{ColumnOptions{Type: column.Date}, "2006-01-02", "2006-01-02T15:04", RejectNotDate},
		{ColumnOptions{Type: column.Timestamp}, "2006-01-02T15:04", "15:04", RejectNotTimestamp},
		{ColumnOptions{Type: column.Timestamp}, "2006-01-02T15:04", "02.01.2006 15:04", RejectOtherFormat},
	} {
		t.Run(string(c.column.Type)+" "+c.cell, func(t *testing.T) {
			t.Parallel()
			c.column.No = 2
			csv := fmt.Sprintf("a,b,c\nx,\"%s\",1\nx,\"%s\",2\ny,\"%s\",3\n", c.good, c.good, c.cell)
			opt := Options{Columns: []ColumnOptions{c.column}}
			_, err := Spool(context.Background(), strings.NewReader(csv), opt)
			var fault *Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, CodeCellsRejected, fault.Code)
			require.Equal(t, []any{int64(4), 2, int64(1)}, []any{fault.Line, fault.Column, fault.Rejected.Cells})
			require.Equal(t, c.code, fault.Rejected.First[0].Code)
			require.NotContains(t, fault.Message+fault.Rejected.First[0].Message, c.cell+" ")

			opt.Reject = RejectCell
			got := readWith(t, csv, opt)
			require.EqualValues(t, 3, got.Rows)
			require.Nil(t, got.values[1][2])
			require.EqualValues(t, 1, got.Columns[1].Rejected)
			require.EqualValues(t, 1, got.Columns[1].NullCount)

			opt.Reject = RejectRow
			got = readWith(t, csv, opt)
			require.Equal(t, ints(1, 2), got.values[2])
			require.Equal(t, Rejections{Cells: 1, Rows: 1, First: fault.Rejected.First}, got.Rejected)
		})
	}
}

func TestMostValuesDecideHowAGivenTypeIsWritten(t *testing.T) {
	t.Parallel()
	got := readWith(t, "a,b\n1.25,13/01/2006\n\"1,5\",01/13/2006\n\"2,5\",02/13/2006\n", Options{Reject: RejectCell, Columns: ofTypes(column.Decimal, column.Date)})
	require.Equal(t, []any{nil, int64(150), int64(250)}, got.values[0])
	require.Nil(t, got.values[1][0])
	require.NotNil(t, got.values[1][1])
}

func TestAGivenTypeThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ    column.Type
		values string
		way    Options
	}{
		{column.Date, "01/02/2006\n03/04/2006", Options{Dates: DayFirst}}, {column.Timestamp, "01/02/2006 10:00", Options{Dates: MonthFirst}},
		{column.Float, "\"1,234\"", Options{Numbers: CommaPoint}},
	} {
		opt := Options{Columns: ofTypes(c.typ), Reject: RejectCell}
		_, err := Spool(context.Background(), strings.NewReader("a\n"+c.values+"\n"), opt)
		var fault *Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, CodeColumnAmbiguous, fault.Code)
		require.Equal(t, 1, fault.Column)
		c.way.Columns = opt.Columns
		require.Zero(t, readWith(t, "a\n"+c.values+"\n", c.way).Rejected.Cells)
	}
	// An integer of groups cannot begin a fraction.
	require.Equal(t, ints(1234), readWith(t, "a\n\"1,234\"\n", Options{Columns: ofTypes(column.Integer)}).values[0])
}

func TestWideRowsAreRejected(t *testing.T) {
	t.Parallel()
	const csv = "a,b\n1,2\n1,2,3\n4,5,,\n6,7,8,9\n"
	for _, reject := range []Reject{RejectCell, RejectRow} {
		got := readWith(t, csv, Options{Reject: reject})
		require.Equal(t, [][]any{ints(1, 4), ints(2, 5)}, got.values)
		require.EqualValues(t, 2, got.Rejected.Rows)
		require.Equal(t, Rejection{Line: 3, Column: 3, Code: RejectRowTooWide, Message: "On line 3, field 3 has a value and is one too many."}, got.Rejected.First[0])
		require.EqualValues(t, 5, got.Rejected.First[1].Line)
	}
	_, err := Spool(context.Background(), strings.NewReader(csv), Options{})
	var fault *Error
	require.ErrorAs(t, err, &fault)
	require.Equal(t, CodeRaggedRow, fault.Code)
	require.Len(t, fault.Rejected.First, 2)
}

// A row that is skipped says nothing about the columns, and gives them no words.
func TestSkippedRowsCountForNothing(t *testing.T) {
	t.Parallel()
	csv := "a,b,c,d\n1,5,x,2006-01-02\nq,text,y,\n2,6,x,13/14/2006\nq,1.5,z,z\n3,7,x,\n"
	got := readWith(t, csv, Options{Reject: RejectRow, Columns: []ColumnOptions{{Header: "a", Type: column.Integer}}})
	require.Equal(t, ints(1, 2, 3), got.values[0])
	require.Equal(t, ints(5, 6, 7), got.values[1])
	require.EqualValues(t, 1, got.Columns[2].DistinctCount)
	require.Equal(t, Rejections{Cells: 2, Rows: 2, First: got.Rejected.First}, got.Rejected)
	got = readWith(t, csv, Options{Reject: RejectCell, Columns: []ColumnOptions{{Header: "a", Type: column.Integer}}})
	require.Equal(t, column.Text, got.Columns[1].Type)
}

func TestAThousandRejectionsAreKeptAndAllAreCounted(t *testing.T) {
	t.Parallel()
	csv := "a,b\n" + strings.Repeat("1,2\n", 3000) + strings.Repeat("x,y\n1,2,3\n", 2500)
	opt := Options{Columns: ofTypes(column.Integer, column.Integer), Reject: RejectCell}
	got := readWith(t, csv, opt)
	require.Len(t, got.Rejected.First, maxRejections)
	require.EqualValues(t, 5000, got.Rejected.Cells)
	require.EqualValues(t, 2500, got.Rejected.Rows)
	require.Equal(t, []any{int64(3002), 1}, []any{got.Rejected.First[0].Line, got.Rejected.First[0].Column})
	opt.Reject = RejectRow
	got = readWith(t, csv, opt)
	require.EqualValues(t, 3000, got.Rows)
	require.Equal(t, []int64{5000, 5000}, []int64{got.Rejected.Cells, got.Rejected.Rows})
}

func TestAFileThatIsRefusedForItsRowsIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	for _, endless := range []string{"1,2\n", "1,2,3\n"} {
		_, err := Spool(context.Background(), io.MultiReader(strings.NewReader("a,b\n1,2,3\n"), &repeating{text: endless}), Options{})
		var fault *Error
		require.ErrorAs(t, err, &fault)
		require.LessOrEqual(t, fault.Rejected.Rows, int64(maxRejections))
	}
}

type repeating struct {
	text string
	at   int
}

func (r *repeating) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = r.text[r.at%len(r.text)]
		r.at++
	}
	return len(b), nil
}

// Backslashes that escape quotes are found also where rows with too many fields are only skipped.
func TestRowsAreNotSkippedForWantOfABackslash(t *testing.T) {
	t.Parallel()
	got := readWith(t, "a,b\n\"12\\\", Promo\",z\nx,y\n", Options{Reject: RejectRow})
	require.Equal(t, []any{`12", Promo`, "x"}, got.values[0])
	require.Zero(t, got.Rejected.Rows)
	require.Equal(t, BackslashQuotes, got.Dialect.Quotes)
}

func TestTheFirstRecordIsNoHeaderWhereItFitsTheTypesGiven(t *testing.T) {
	t.Parallel()
	got := readWith(t, "5,x\n6,y\n", Options{Columns: ofTypes(column.Integer)})
	require.Equal(t, ints(5, 6), got.values[0])
	got = readWith(t, "n,x\n6,y\nq,z\n", Options{Columns: ofTypes(column.Integer), Reject: RejectRow})
	require.Equal(t, []string{"n", "x"}, names(got))
	require.Equal(t, ints(6), got.values[0])
	got = readWith(t, "n,x\n6,y\n", Options{Columns: ofTypes(column.Integer), Reject: RejectRow, Dialect: Dialect{Header: HeaderAbsent}})
	require.EqualValues(t, 1, got.Rejected.First[0].Line)
	require.Equal(t, [][]any{ints(6), {"y"}}, got.values)
}
