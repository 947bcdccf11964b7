package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func TestAColumnHasTheNarrowestTypeOfAllItsValues(t *testing.T) {
	t.Parallel()
	for typ, columns := range map[column.Type][]string{
		column.Boolean: {"true false", "TRUE False", "true NA"},
		column.Integer: {"0", "-1 1", "9223372036854775807 -9223372036854775808", "NA NA 3", "1 - 2 null", "12345678 123456789", "+1 -2"},
		column.Decimal: {"1.5", "1 0.25 -0.5", ".5", "12345678901234.5678", "123456789.123456789", "12345678901234567 0.5", "1.50 N/A"},
		column.Float:   {"1e5", "123456789012345678 0.5", "-2.5E-3 7", "1234567890123456789 0.5", "0.1234567890123456789", "1.7976931348623157e308", "0e-999 1e1"},
		column.Date:    {"2024-02-29", "2006-1-2 2006-10-12", "2006/01/02 2006/1/2", "02.01.2006 1.2.2006", "01/13/2006 02/02/2006", "13/01/2006 02/02/2006", "02-Jan-2006 2-feb-2006", "0001-01-01 9999-12-31 NA"},
		column.Timestamp: {"2006-01-02T15:04", "2006-01-02T15:04:05Z 2006-01-02", "2006-01-02 2006-01-02T00:00:05.123456", "2006-01-02T15:04:05+02:00", "2006-01-02T15:04:05-0230 null",
			"2006-01-02T15:04:05.120000000Z", "2006-01-02T15:04:05+02"},
		column.Text: {"x", "NA", "NA x", "true 1", "1 x", "007", "00.5", "1 -01", "5.", ".", "-", "1.5.2", "1_000", "0x10", "9223372036854775808", "1e400", "-1e400", "1e-400", "1e", "1 Inf", "1 2006-01-02",
			"2023-02-29", "0000-01-01", "2006-13-01", "01/02/2006", "13/13/2006", "13/01/2006 01/13/2006", "2006-01-02 02.01.2006", "2006/01/02 2006-01-02", "20240102 2006-01-02", "3.14 2006-01-02",
			"2006-01-02T24:00", "2006-01-02T15:60", "2006-01-02T15:04:61", "2006-01-02T15:04:05.1234567", "2006-01-02T15:04:05.", "2006-01-02T15:04+2", "0001-01-01T00:00+01:00", "2006/01/02 2006-01-02T15:04",
			"2006-01-02T15", "2006-01-02T15:04:5", "2006-01-02T15:04:05x", "30.02.2006", "02.01.06", "2-Foo-2006"},
	} {
		for _, fields := range columns {
			t.Run(fields, func(t *testing.T) {
				t.Parallel()
				c, _ := columnOf(t, strings.Fields(fields)...)
				require.Equal(t, typ, c.Type)
			})
		}
	}
}

func TestNamesOfMonths(t *testing.T) {
	t.Parallel()
	day := time.Date(2006, 5, 2, 0, 0, 0, 0, time.UTC).Unix() / 86_400
	for _, written := range []string{"May 2 2006", "May 2, 2006", "may 02, 2006", "2 May 2006", "02-MAY-2006"} {
		c, values := columnOf(t, `"`+written+`"`)
		require.Equal(t, column.Date, c.Type, written)
		require.Equal(t, []any{day}, values)
	}
	for _, written := range []string{"June 6, 2005\"\n\"Jun 7, 2005", "6 June 2005\"\n\"7 Jul 2005"} {
		c, _ := columnOf(t, `"`+written+`"`)
		require.Equal(t, column.Date, c.Type, written)
	}
	for _, written := range []string{"May 2 06", "May 32, 2006", "Maybe 2 2006", "Ma 2 2006", "May,2,2006", "2006 May 2", "May 2, 2006 ."} {
		c, _ := columnOf(t, `"`+written+`"`)
		require.Equal(t, column.Text, c.Type, written)
	}
}

func TestValuesAreStoredAsTheirTypeSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields string
		want   []any
	}{
		"booleans":          {"true False", []any{int64(1), int64(0)}},
		"integers":          {"0 -7 12345678 -12345678 123456789 -9223372036854775808", []any{int64(0), int64(-7), int64(12345678), int64(-12345678), int64(123456789), int64(-1 << 63)}},
		"decimals":          {"1 -0.25 .5 1234567.5 -123456789.75", []any{int64(100), int64(-25), int64(50), int64(123456750), int64(-12345678975)}},
		"decimals in full":  {"12345678901234.5678 -12345678901234.5678", []any{int64(123456789012345678), int64(-123456789012345678)}},
		"floats":            {"1e3 -0.5 NaN 12345678901234567.25", []any{1000.0, -0.5, nil, 12345678901234567.25}},
		"month first":       {"12/31/1969 1/2/1970", []any{int64(-1), int64(1)}},
		"day first":         {"31/12/1969 2/1/1970", []any{int64(-1), int64(1)}},
		"dates":             {"1970-01-01 1969-12-31 2000-02-29", []any{int64(0), int64(-1), int64(11016)}},
		"timestamps":        {"1970-01-01T00:00:01.5Z 1970-01-01 1969-12-31T23:59:59.999999 1970-01-01T02:00+02:00 1969-12-31T22:30-0130", []any{int64(1_500_000), int64(0), int64(-1), int64(0), int64(0)}},
		"null tokens":       {"NA n/a #N/A <NA> NULL null NaN nan None nil - -- – — \\N 3", append(make([]any, 15), int64(3))},
		"null tokens, text": {"NA - x", []any{"NA", "-", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, values := columnOf(t, strings.Fields(c.fields)...)
			require.Equal(t, c.want, values)
		})
	}
}

func TestSpacesAroundAValueBelongToTextOnly(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b,c,d\n 1 , x , 2006-01-02 , NA \n2,y,2006-01-03,\" \t \"\n   ,   ,\u00a0,5\n")
	require.Equal(t, []any{int64(1), int64(2), nil}, got.values[0])
	require.Equal(t, []any{" x ", "y", "   "}, got.values[1])
	require.Equal(t, []any{int64(13150), int64(13151), nil}, got.values[2])
	require.Equal(t, []any{nil, nil, int64(5)}, got.values[3])
}

func TestColumnsOfNullsAreText(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b\nNA,\"\"\n-,\n")
	require.Equal(t, [][]any{{"NA", "-"}, {nil, nil}}, got.values)
}

func TestAmbiguousDatesStayTextAndAreTold(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b,c\n01/02/2006,13/02/2006,x\n03/04/2006,03/04/2006,y\n")
	require.Equal(t, []any{"01/02/2006", "03/04/2006"}, got.values[0])
	require.Equal(t, column.Date, got.Columns[1].Type)
	require.Len(t, got.Warnings, 1)
	require.Equal(t, WarnAmbiguousDates, got.Warnings[0].Code)
	require.Equal(t, []int{1}, got.Warnings[0].Columns)
}

func TestShortRowsAreCounted(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b\n1,2\n3\n4\n")
	require.Len(t, got.Warnings, 1)
	require.Equal(t, WarnShortRows, got.Warnings[0].Code)
	require.EqualValues(t, 2, got.Warnings[0].Count)
	require.EqualValues(t, 3, got.Warnings[0].Line)
}

// The last row decides, however late it comes, and nothing of the rows before is lost.
func TestTheLastRowDecides(t *testing.T) {
	t.Parallel()
	const rows = 3 * earlyRows
	for last, want := range map[string]struct {
		typ   column.Type
		first any
	}{
		"1":   {column.Integer, int64(7)},
		"1.5": {column.Decimal, int64(70)},
		"1e5": {column.Float, 7.0},
		"x":   {column.Text, "7"},
		"007": {column.Text, "7"},
	} {
		fields := make([]string, rows)
		for i := range fields {
			fields[i] = fmt.Sprint(i + 7)
		}
		c, values := columnOf(t, append(fields, last)...)
		require.Equal(t, want.typ, c.Type)
		require.Equal(t, want.first, values[0])
		if c.Type == column.Text {
			require.True(t, c.IsCoded())
			require.EqualValues(t, rows+1, c.DistinctCount)
			require.Equal(t, last, values[rows])
		}
	}
}
