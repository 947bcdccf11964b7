package ingest

import (
	"bytes"
	"context"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func FuzzSpool(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a;b\r\n\"x\"\"y\";\r\n", "\xef\xbb\xbfa\n2006-01-02\n01/13/2006\n", "a\tb\n-1.5\t1e5\n.5\t\n",
		"a\n\"\\\"x\\\", y\"\n", "a|b|c\n1|NA|true\n|x|\n", "a,a,\n2006-01-02T15:04:05.5+02:00,May 2 2006,2-Jan-2006\n", "\"a\n\xff\x00\"",
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range []string{
		"sep=;\n# x\na;b\n$1,234.5;12 %\n", "1,234\t(5)\n\"x\ty-\n", "#a,b\n1,yes\n2,no\n", "// c\n1.234,5|22-05-2006 3:04 PM\n", "a\n12345678901234567890\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, csv []byte) {
		file, err := Spool(context.Background(), bytes.NewReader(csv), Options{})
		if err != nil {
			var fault *Error
			require.ErrorAs(t, err, &fault)
			require.NotEmpty(t, fault.Code)
			return
		}
		defer file.Close()
		require.EqualValues(t, len(csv), file.size)
		require.True(t, utf8.Valid(csv))
		requireLimits(t, file)
		decode(t, file) // every column has exactly Rows rows, and as many nulls as it says
	})
}

func requireLimits(t *testing.T, file *File) {
	require.LessOrEqual(t, len(file.Columns), maxColumns)
	names := map[string]bool{}
	for i, c := range file.Columns {
		require.Equal(t, i+1, c.No)
		require.NotEmpty(t, c.Name)
		require.LessOrEqual(t, utf8.RuneCountInString(c.Name), maxName)
		require.False(t, names[c.Name])
		names[c.Name] = true
		require.Equal(t, c.Type == column.Text, c.IsCoded() || c.Payload == column.Texts)
		require.LessOrEqual(t, c.Scale, maxDigits)
		require.LessOrEqual(t, c.NullCount, file.Rows)
	}
}

// FuzzSpoolGiven: with types given and any dialect, what pass one counts is what the chunks have.
func FuzzSpoolGiven(f *testing.F) {
	for i, seed := range []string{"a,b,c\n1,2,3\n", "x;1,5;01/02/2006\n", "a\tb\n\"1\ttrue\n$5\tF\n", "#\na|b\n1e400|2006-02-30 12:00\n1|2|3\n"} {
		f.Add([]byte(seed), uint32(i*77_777))
	}
	f.Fuzz(func(t *testing.T, csv []byte, choice uint32) {
		file, err := Spool(context.Background(), bytes.NewReader(csv), fuzzedOptions(choice))
		if err != nil {
			var fault *Error
			require.ErrorAs(t, err, &fault)
			require.NotEmpty(t, fault.Code)
			return
		}
		defer file.Close()
		requireLimits(t, file)
		decode(t, file)
		cells := int64(0)
		for _, c := range file.Columns {
			cells += c.Rejected
			require.LessOrEqual(t, c.Rejected, c.NullCount)
		}
		if file.opt.Reject == RejectCell {
			require.Equal(t, cells, file.Rejected.Cells)
		}
		require.LessOrEqual(t, len(file.Rejected.First), maxRejections)
	})
}

// fuzzedOptions makes options from the digits of choice.
func fuzzedOptions(choice uint32) Options {
	pick := func(n uint32) uint32 {
		digit := choice % n
		choice /= n
		return digit
	}
	types := []column.Type{"", column.Integer, column.Decimal, column.Float, column.Boolean, column.Date, column.Timestamp, column.Text}
	opt := Options{
		Reject:  []Reject{RejectFile, RejectCell, RejectRow}[pick(3)],
		Numbers: []NumberFormat{"", CommaPoint, PointComma}[pick(3)],
		Dates:   []DateOrder{"", MonthFirst, DayFirst}[pick(3)],
		Columns: []ColumnOptions{{No: 1, Type: types[pick(8)], Scale: 2}},
		Dialect: Dialect{Quotes: []Quotes{"", NoQuotes, BackslashQuotes}[pick(3)], Header: []Header{"", HeaderAbsent}[pick(2)], Comment: []string{"", "#", NoComments}[pick(3)]},
	}
	if pick(2) == 1 {
		opt.Columns = append(opt.Columns, ColumnOptions{No: 2, Type: types[pick(8)], Numbers: []NumberFormat{"", SpaceComma}[pick(2)]})
	}
	if pick(2) == 1 {
		opt.Nulls = []string{"x", "-"}
	}
	return opt
}
