package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math/big"
	"strconv"
	"strings"
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
		file := spoolFuzzed(t, csv, Options{})
		if file == nil {
			return
		}
		defer file.Close()
		require.EqualValues(t, len(csv), file.size)
		require.True(t, utf8.Valid(csv))
		requireLimits(t, file)
		decode(t, file) // every column has exactly Rows rows, and as many nulls as it says
	})
}

// spoolFuzzed reads a file; nil if it is refused. Either costs bounded memory.
func spoolFuzzed(t *testing.T, csv []byte, opt Options) (file *File) {
	var err error
	require.Less(t, allocatedBy(func() {
		if file, err = Spool(context.Background(), bytes.NewReader(csv), opt); err == nil {
			err = file.Chunks(context.Background(), func(Chunk) error { return nil })
		}
	}), uint64(256<<20))
	if err != nil {
		var fault *Error
		require.ErrorAs(t, err, &fault)
		require.NotEmpty(t, fault.Code)
		return nil
	}
	return file
}

func requireLimits(t *testing.T, file *File) {
	require.LessOrEqual(t, len(file.Columns), MaxColumns)
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
		file := spoolFuzzed(t, csv, fuzzedOptions(choice))
		if file == nil {
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
		Columns: []ColumnOptions{{No: 1, Type: types[pick(8)]}},
		Dialect: Dialect{Quotes: []Quotes{"", NoQuotes, BackslashQuotes}[pick(3)], Header: []Header{"", HeaderAbsent}[pick(2)], Comment: []string{"", "#", NoComments}[pick(3)]},
	}
	opt.Columns[0].Scale = 2 * int(one(opt.Columns[0].Type == column.Decimal))
	if pick(2) == 1 {
		opt.Columns = append(opt.Columns, ColumnOptions{No: 2, Type: types[pick(8)], Numbers: []NumberFormat{"", SpaceComma}[pick(2)]})
	}
	if pick(2) == 1 {
		opt.Nulls = []string{"x", "-"}
	}
	return opt
}

// FuzzDialects: records are those of encoding/csv, wherever that reads the file.
func FuzzDialects(f *testing.F) {
	for i, seed := range []string{"a\tb\n1\t2\n", "a;b\n\"x;\"\"y\";z\n\n;\n", "# c\na|b\n1|2\n#|\n", "a,b\n\"1\n2\"\n3,4\n"} {
		f.Add([]byte(seed), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, choice uint8) {
		d := Dialect{Delimiter: []string{"\t", ";", "|", ","}[choice%4], Quotes: DoubledQuotes, Header: HeaderPresent, Comment: []string{NoComments, "#"}[choice/4%2]}
		want := referenceRows(text, d)
		opt := Options{Dialect: d, Nulls: []string{}, Reject: RejectRow}
		for i := range want[:min(1, len(want))] {
			for no := range want[i] {
				opt.Columns = append(opt.Columns, ColumnOptions{No: no + 1, Type: column.Text})
			}
		}
		if len(opt.Columns) > MaxColumns {
			opt.Columns = nil
		}
		file := spoolFuzzed(t, text, opt)
		if file == nil {
			return
		}
		defer file.Close()
		got := decode(t, file)
		if want == nil || opt.Columns == nil {
			return
		}
		row := 0
		for _, fields := range want[1:] {
			if len(fields) > len(got.Columns) && strings.Join(fields[len(got.Columns):], "") != "" {
				continue
			}
			for i := range got.Columns {
				if i < len(fields) && strings.TrimSpace(fields[i]) != "" {
					require.Equal(t, fields[i], got.values[i][row])
				} else {
					require.Nil(t, got.values[i][row])
				}
			}
			row++
		}
		require.EqualValues(t, row, got.Rows)
	})
}

// referenceRows are what encoding/csv reads; nil where it reads otherwise on purpose, or not at all.
func referenceRows(text []byte, d Dialect) [][]string {
	if bytes.ContainsRune(text, '\r') || bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(text, []byte("sep=")) {
		return nil
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = rune(d.Delimiter[0]), -1
	if d.Comment != NoComments {
		r.Comment = rune(d.Comment[0])
	}
	rows, err := r.ReadAll()
	if err != nil {
		return nil
	}
	return rows
}

// FuzzRoundTrip: what was spooled is what the chunks hand out, as the standard library reads it. Cells end with a NUL.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"1\x002\x003\x00", "1.5\x00-2\x00NA\x00\x00", "007\x00\"\x00a\nb\x00", "true\x00f\x00", "1e5\x00-0\x00", "9223372036854775807\x001", "\x000-\x00"} {
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, cells []byte, columns uint8) {
		if !utf8.Valid(cells) || bytes.ContainsRune(cells, '\r') {
			return
		}
		fields, width := strings.Split(string(cells), "\x00"), int(columns%5)+1
		var text strings.Builder
		for i := range width {
			fmt.Fprintf(&text, "%s\"c%d\"", ","[:min(1, i)], i)
		}
		for i, field := range fields[:len(fields)/width*width] {
			fmt.Fprintf(&text, "%s\"%s\"", []string{",", "\n"}[one(i%width == 0)], strings.ReplaceAll(field, `"`, `""`))
		}
		file := spoolFuzzed(t, []byte(text.String()), Options{Dialect: Dialect{Delimiter: ",", Quotes: DoubledQuotes, Header: HeaderPresent, Comment: NoComments}})
		if file == nil {
			require.Greater(t, len(cells), 1000)
			return
		}
		defer file.Close()
		got := decode(t, file)
		require.EqualValues(t, len(fields)/width, got.Rows)
		for i, c := range got.Columns {
			if c.Type == column.Date || c.Type == column.Timestamp || c.Format != "" || c.Unit != "" {
				continue
			}
			for row, v := range got.values[i] {
				requireValue(t, c, fields[row*width+i], v)
			}
		}
	})
}

func requireValue(t *testing.T, c Column, field string, v any) {
	if field == "" || c.Type != column.Text && isNull([]byte(strings.TrimSpace(field))) {
		require.Nil(t, v, "%q", field)
		return
	}
	switch c.Type {
	case column.Text:
		require.Equal(t, field, v)
	case column.Boolean:
		require.Equal(t, one(strings.ContainsAny(strings.TrimSpace(field)[:1], "tTyY")), v, "%q", field)
	case column.Float:
		if want, err := strconv.ParseFloat(strings.TrimSpace(field), 64); err == nil {
			require.Equal(t, want, v)
		}
	default:
		if want, ok := new(big.Rat).SetString(strings.TrimSpace(field)); ok { // not 5- and (5)
			require.Zero(t, want.Cmp(big.NewRat(v.(int64), pow10[c.Scale])), "%q is %v", field, v)
		}
	}
}
