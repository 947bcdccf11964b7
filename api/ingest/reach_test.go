package ingest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func TestTheWholeFileDecidesHowWideIntegersAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   column.Payload
		fields []string
	}{
		{column.Int2s, []string{"32767", "-32768", "", "NA"}},
		{column.Int4s, []string{"1", "32768"}},
		{column.Int4s, []string{"-32769", "1"}},
		{column.Int4s, []string{"2147483647", "-2147483648"}},
		{column.Ints, []string{"1", "2147483648"}},
		{column.Ints, []string{"-2147483649", "1"}},
		{column.Ints, []string{"9223372036854775807", "0"}},
		{column.Int2s, []string{"0.5", "327.67"}},
		{column.Int4s, []string{"0.5", "327.68"}},
		{column.Int4s, []string{"327.67", "0.125"}}, // .125 makes it 327670
		{column.Ints, []string{"99999999", "0.001"}},
		{column.Ints, []string{"9999999999999.5", "1"}},
		{column.Int2s, []string{"true", "false"}},
		{column.Int2s, []string{"1881-01-01", "2059-09-18"}},
		{column.Int4s, []string{"2006-01-02", "2059-09-19"}},
		{column.Int4s, []string{"1600-01-02", "2006-01-02"}},
		{column.Int2s, []string{"22.05.2006", "01.02.2006"}},
		{column.Int4s, []string{"22/05/2099", "01/02/2006"}},
		{column.Int4s, []string{"2006-01-02", "2006-01-02 10:00"}},
		{column.Int4s, []string{"2038-01-19 03:14:07", "1901-12-13T20:45:52Z"}},
		{column.Ints, []string{"2038-01-19 03:14:08", "2006-01-02"}},
		{column.Ints, []string{"2038-01-20", "2006-01-02 10:00"}}, // a day among instants
		{column.Ints, []string{"2006-01-02 10:00:00.5"}},
		{column.Ints, []string{"1.1.2050 10:00", "22.1.2006 10:00"}},
		{column.Int4s, []string{"01/02/2006 10:00", "22/05/2006 10:00"}},
		{column.Int2s, []string{"$12.50", "$7"}},
		{column.Int4s, []string{`"$1,234.50"`, "$7.25"}},
		{column.Int4s, []string{"1.234.567", "1.234"}}, // groups
		{column.Ints, []string{"1.234.567.890.123", "1.234"}},
		{column.Int2s, []string{"a", "b"}},
	} {
		found, _ := columnOf(t, c.fields...)
		require.Equal(t, c.want, found.Payload, "%q", c.fields)
	}
}

func TestTheWidthOfAGivenTypeIsDecidedByWhatIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   column.Payload
		opt    ColumnOptions
		fields string
	}{
		{column.Int2s, ColumnOptions{Type: column.Integer}, "1\n40000x\n-5\n"},
		{column.Int4s, ColumnOptions{Type: column.Integer}, "1\n40000\nx\n"},
		{column.Int2s, ColumnOptions{Type: column.Decimal, Scale: 2}, "327.67\n5\n"},
		{column.Int4s, ColumnOptions{Type: column.Decimal, Scale: 2}, "328\n5.1\n"},
		{column.Int4s, ColumnOptions{Type: column.Decimal, Scale: 3}, "\"1,234.5\"\n5.1\n"},
		{column.Int4s, ColumnOptions{Type: column.Integer, Numbers: PointComma}, "1.234\n32.768\n"},
		{column.Int2s, ColumnOptions{Type: column.Date}, "2006-01-02\n2006-01\nx\n"},
		{column.Int4s, ColumnOptions{Type: column.Date}, "\"Jan 2, 2100\"\n"},
		{column.Int2s, ColumnOptions{Type: column.Boolean}, "1\n0\n"},
		{column.Int4s, ColumnOptions{Type: column.Timestamp}, "2006-01-02\n2006-01-02 10:00\nx\n"},
		{column.Ints, ColumnOptions{Type: column.Timestamp}, "2006-01-02 10:00:00.123\n"},
	} {
		c.opt.No = 1
		f := readWith(t, "a\n"+c.fields, Options{Reject: RejectCell, Columns: []ColumnOptions{c.opt}})
		require.Equal(t, c.want, f.Columns[0].Payload, "%q", c.fields)
	}
}
