package ingest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
)

// drawDialect draws a dialect that says everything.
func drawDialect(t *rapid.T) Dialect {
	return Dialect{
		Delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|", "^", " "}).Draw(t, "delimiter"),
		Quotes:    rapid.SampledFrom([]Quotes{DoubledQuotes, BackslashQuotes}).Draw(t, "quotes"),
		Header:    rapid.SampledFrom([]Header{HeaderPresent, HeaderAbsent}).Draw(t, "header"),
		Comment:   rapid.SampledFrom([]string{NoComments, "#", "//"}).Draw(t, "comment"),
	}
}

// writeIn writes a table in a dialect, with comments and blank lines, and says how many of each.
func writeIn(t *rapid.T, d Dialect, columns [][]string, rows int) (file string, comments, blank int64) {
	var b strings.Builder
	between := func() {
		switch rapid.IntRange(0, 6).Draw(t, "between") {
		case 0:
			b.WriteString("\n")
			blank++
		case 1:
			if d.Comment != NoComments {
				b.WriteString(d.Comment + rapid.SampledFrom([]string{"", " \"x", ",;"}).Draw(t, "text") + "\n")
				comments++
			}
		}
	}
	between()
	if d.Header == HeaderPresent {
		for i := range columns {
			b.WriteString(d.Delimiter[:min(i, 1)] + `"column ` + strconv.Itoa(i) + `"`)
		}
		b.WriteString("\n")
	}
	for row := range rows {
		between()
		for i, fields := range columns {
			b.WriteString(d.Delimiter[:min(i, 1)] + `"` + escapeIn(d, fields[row]) + `"`)
		}
		b.WriteString("\n")
	}
	between()
	return b.String(), comments, blank
}

func escapeIn(d Dialect, field string) string {
	if d.Quotes == BackslashQuotes {
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(field)
	}
	return strings.ReplaceAll(field, `"`, `""`)
}

func TestATableComesBackInAnyDialect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom([]column.Type{column.Boolean, column.Integer, column.Decimal,
			column.Float, column.Date, column.Timestamp, column.Text}), 1, 4).Draw(t, "types")
		rows := rapid.IntRange(1, 12).Draw(t, "rows")
		columns := make([][]string, len(types))
		for i, typ := range types {
			columns[i] = drawColumn(t, typ, rows)
		}
		dialect := drawDialect(t)
		file, comments, blank := writeIn(t, dialect, columns, rows)
		got := readWith(t, file, Options{Dialect: dialect})
		require.Equal(t, dialect, got.Dialect)
		require.Equal(t, []int64{int64(rows), comments, blank}, []int64{got.Rows, got.CommentLines, got.BlankLines})
		for i, fields := range columns {
			requireType(t, types[i], got.Columns[i].Type, fields)
			for row, field := range fields {
				require.Equal(t, expected(t, got.Columns[i], field), got.values[i][row], "field %q", field)
			}
		}
	})
}

// group writes the digits of a whole number in groups.
func group(digits, separator string, sizes ...int) string {
	for i := 0; ; i++ {
		size := sizes[min(i, len(sizes)-1)]
		head, _, _ := strings.Cut(digits, separator)
		if len(head) <= size {
			return digits
		}
		digits = head[:len(head)-size] + separator + digits[len(head)-size:]
	}
}

func TestNumbersComeBackFromAnyFormat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(forms[:]).Draw(t, "format")
		affix := rapid.SampledFrom([][2]string{{"", ""}, {"$", ""}, {"", " €"}, {"", "%"}, {"USD ", ""}}).Draw(t, "unit")
		numbers := rapid.SliceOfN(rapid.Int64Range(-1e12, 1e12), 1, 10).Draw(t, "hundredths")
		var csv strings.Builder
		csv.WriteString("a|b\n")
		for _, n := range numbers {
			whole, sign := strconv.FormatInt(max(n, -n)/100, 10), []string{"", "-"}[one(n < 0)]
			if f.group != 0 {
				whole = group(whole, string(f.group), 3, 3-int(one(f.indian)))
			}
			csv.WriteString("x|" + sign + affix[0] + whole + string(f.mark) + strconv.FormatInt(100+max(n, -n)%100, 10)[1:] + affix[1] + "\n")
		}
		for _, opt := range []Options{{}, {Columns: []ColumnOptions{{No: 2, Numbers: f.format}}}, {Columns: []ColumnOptions{{No: 2, Type: column.Decimal, Scale: 2, Numbers: f.format}}}} {
			got := readWith(t, csv.String(), opt)
			require.Equal(t, column.Decimal, got.Columns[1].Type)
			require.Equal(t, ints(numbers...), got.values[1])
			require.Equal(t, affix != [2]string{}, got.Columns[1].Unit != "")
		}
	})
}
