package ingest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

// columnWith reads a file of one column, with values that may hold anything but quotes, separated by bars.
func columnWith(t *testing.T, bars string, opt Options) (Column, []any, []Warning) {
	var csv strings.Builder
	csv.WriteString("name\n")
	for _, v := range strings.Split(bars, "|") {
		csv.WriteString(`"` + v + "\"\n")
	}
	got := readWith(t, csv.String(), opt)
	return got.Columns[0], got.values[0], got.Warnings
}

func ints(list ...int64) (out []any) {
	for _, n := range list {
		out = append(out, n)
	}
	return out
}

func TestNumbersAreReadAsTheWholeColumnIsWritten(t *testing.T) {
	t.Parallel()
	for bars, want := range map[string]struct {
		typ    column.Type
		scale  int
		format NumberFormat
		unit   string
		values []any
	}{
		"1,234.56|7|1234.5":            {column.Decimal, 2, CommaPoint, "", ints(123456, 700, 123450)},
		"1.234,56|7|12":                {column.Decimal, 2, PointComma, "", ints(123456, 700, 1200)},
		"1.234|1.234,5":                {column.Decimal, 1, PointComma, "", ints(12340, 12345)},
		"1.234.567|1.234":              {column.Integer, 0, PointComma, "", ints(1234567, 1234)},
		"1 234,56|0,5":                 {column.Decimal, 2, SpaceComma, "", ints(123456, 50)},
		"1\u00a0234.56|12 345":         {column.Decimal, 2, SpacePoint, "", ints(123456, 1234500)},
		"1\u2009234|1\u202f234|1 234":  {column.Integer, 0, SpacePoint, "", ints(1234, 1234, 1234)},
		"1'234.56|1’234":               {column.Decimal, 2, ApostrophePoint, "", ints(123456, 123400)},
		"1'234,5":                      {column.Decimal, 1, ApostropheComma, "", ints(12345)},
		"12,34,567|1,00,000.5":         {column.Decimal, 1, IndianNumbers, "", ints(12345670, 1000005)},
		"1,234,567|1,234":              {column.Integer, 0, CommaPoint, "", ints(1234567, 1234)},
		"0,5|12,25":                    {column.Decimal, 2, PointComma, "", ints(50, 1225)},
		"1,234|1,5":                    {column.Decimal, 3, PointComma, "", ints(1234, 1500)},
		"$1,234.50|$0.50|-$3|$-4|($5)": {column.Decimal, 2, CommaPoint, "$", ints(123450, 50, -300, -400, -500)},
		"5 €|1.000 €|2.000,5 €":        {column.Decimal, 1, PointComma, "EUR", ints(50, 10000, 20005)},
		"USD 5|7 USD|US$ 9":            {column.Integer, 0, "", "USD", ints(5, 7, 9)},
		"£.50|£1.25":                   {column.Decimal, 2, "", "GBP", ints(50, 125)},
		"Rs.500|Rs 1,00,000":           {column.Integer, 0, IndianNumbers, "Rs", ints(500, 100000)},
		"12.5%|7 %|-3%":                {column.Decimal, 1, "", Percent, ints(125, 70, -30)},
		"(5)|7|(1,000.5)":              {column.Decimal, 1, CommaPoint, "", ints(-50, 70, -10005)},
		"5-|7|−3|+2":                   {column.Integer, 0, "", "", ints(-5, 7, -3, 2)},
		"+1.5|+2.25":                   {column.Decimal, 2, "", "", ints(150, 225)},
		"123,456,789,012,345,678":      {column.Integer, 0, CommaPoint, "", ints(123456789012345678)},
	} {
		t.Run(bars, func(t *testing.T) {
			t.Parallel()
			c, values, warnings := columnWith(t, bars, Options{})
			require.Equal(t, want.typ, c.Type)
			require.Equal(t, want.scale, c.Scale)
			require.EqualValues(t, want.format, c.Format)
			require.Equal(t, want.unit, c.Unit)
			require.Equal(t, want.values, values)
			require.Empty(t, warnings)
		})
	}
}

func TestWhatIsNoNumberInOneStyleStaysText(t *testing.T) {
	t.Parallel()
	for bars, warning := range map[string]string{
		"1,234":                        WarnAmbiguousNumbers,
		"1,234|5|12,345":               WarnAmbiguousNumbers,
		"$1,234|$5,678":                WarnAmbiguousNumbers,
		"17,189|6,902|6,01":            WarnAmbiguousNumbers,
		"1,234.5|1.234,5":              "",
		"1.5|1,5":                      "",
		"1,23,4":                       "",
		"1,2345.6":                     "",
		"01,234.5":                     "",
		"0,123,456":                    "",
		"$5|€7":                        WarnMixedUnits,
		"$5|7":                         WarnMixedUnits,
		"5%|7":                         WarnMixedUnits,
		"$5|x":                         "",
		"$007":                         "",
		"(1)|(2)":                      "",
		"+4712345678|+4787654321":      "",
		"5 apples":                     "",
		"TOP 10":                       "",
		"--5":                          "",
		"(-5)|1":                       "",
		"5$$":                          "",
		"$5€":                          "",
		"5%%":                          "",
		"1st|2nd":                      "",
		"192.168.100.200":              "",
		"12:30":                        "",
		"1,234e5":                      "",
		"9223372036854775808":          WarnIntegersTooLong,
		"1|12345678901234567890123":    WarnIntegersTooLong,
		"1.5|12345678901234567890123":  WarnIntegersTooLong,
		"12345678901234567890123|x":    "",
		"1,234,567,890,123,456,789.|1": "",
		"1,234,567,890,123,456,789":    WarnIntegersTooLong,
	} {
		t.Run(bars, func(t *testing.T) {
			t.Parallel()
			c, values, warnings := columnWith(t, bars, Options{})
			require.Equal(t, column.Text, c.Type)
			require.Empty(t, c.Unit)
			for i, v := range strings.Split(bars, "|") {
				require.Equal(t, v, values[i])
			}
			if warning == "" {
				require.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1)
			require.Equal(t, warning, warnings[0].Code)
			require.Equal(t, []int{1}, warnings[0].Columns)
		})
	}
}

func TestTheCallerDecidesWhatACommaMeans(t *testing.T) {
	t.Parallel()
	c, _, _ := columnWith(t, "1,234|2,345", Options{})
	require.Equal(t, []string{string(CommaPoint), string(PointComma)}, c.Readings)
	for _, opt := range []Options{{Numbers: CommaPoint}, {Columns: []ColumnOptions{{No: 1, Numbers: CommaPoint}}}} {
		c, values, warnings := columnWith(t, "1,234|2,345", opt)
		require.Equal(t, column.Integer, c.Type)
		require.Equal(t, ints(1234, 2345), values)
		require.Empty(t, warnings)
	}
	for _, opt := range []Options{{Numbers: PointComma}, {Columns: []ColumnOptions{{No: 1, Numbers: PointComma}}}} {
		_, values, _ := columnWith(t, "1,234|2,345", opt)
		require.Equal(t, ints(1234, 2345), values)
		c, values, _ := columnWith(t, "1.234|2.345|7", opt)
		require.Equal(t, column.Integer, c.Type)
		require.Equal(t, ints(1234, 2345, 7), values)
	}
	_, values, _ := columnWith(t, "17,189|6,902|6,01", Options{Numbers: PointComma})
	require.Equal(t, ints(17189, 6902, 6010), values)
	// For the file it decides only where it fits; for a column nothing else does.
	c, _, _ = columnWith(t, "1.5", Options{Numbers: PointComma})
	require.Equal(t, column.Decimal, c.Type)
	c, _, _ = columnWith(t, "1.5", Options{Columns: []ColumnOptions{{No: 1, Numbers: PointComma}}})
	require.Equal(t, column.Text, c.Type)
}

func TestADecimalOfMoreThan18DigitsIsAFloatAndTold(t *testing.T) {
	t.Parallel()
	for _, bars := range []string{"123456789012345678|0.5", "1,234,567,890,123,456.789", "0,1234567890123456789"} {
		c, _, warnings := columnWith(t, bars, Options{})
		require.Equal(t, column.Float, c.Type)
		require.Equal(t, WarnDecimalAsFloat, warnings[0].Code)
	}
	_, _, warnings := columnWith(t, "1e5|1.5", Options{})
	require.Empty(t, warnings)
}

func TestBooleansAreOnePairOfWords(t *testing.T) {
	t.Parallel()
	for bars, want := range map[string][]any{
		"yes|No|YES":   ints(1, 0, 1),
		"y|N":          ints(1, 0),
		"T|f|NA":       append(ints(1, 0), nil),
		"true":         ints(1),
		"FALSE| True ": ints(0, 1),
	} {
		c, values, _ := columnWith(t, bars, Options{})
		require.Equal(t, column.Boolean, c.Type, bars)
		require.Equal(t, want, values)
	}
	for _, bars := range []string{"yes", "n|n", "yes|true", "y|no", "t|true", "on|off", "y|n|maybe", "f|m"} {
		c, _, _ := columnWith(t, bars, Options{})
		require.Equal(t, column.Text, c.Type, bars)
	}
	c, _, _ := columnWith(t, "0|1", Options{})
	require.Equal(t, column.Integer, c.Type)
}

func TestNullsCanBeListed(t *testing.T) {
	t.Parallel()
	got := readWith(t, "a,b\nmissing,Missing \n1,x\nNA,NA\n,y\n\" \",z\n", Options{Nulls: []string{" MISSING"}})
	require.Equal(t, [][]any{{nil, "1", "NA", nil, nil}, {nil, "x", "NA", "y", "z"}}, got.values)
	require.EqualValues(t, 3, got.Columns[0].NullCount)
	require.EqualValues(t, 2, got.Columns[0].NullWords)
	got = readWith(t, "a\n1\n-999\n3\n", Options{Nulls: []string{"-999"}})
	require.Equal(t, []any{int64(1), nil, int64(3)}, got.values[0])
	got = read(t, "a,b\n1,x\nNA,NA\n,\n")
	require.EqualValues(t, 2, got.Columns[0].NullCount)
	require.EqualValues(t, 1, got.Columns[0].NullWords)
	require.EqualValues(t, 1, got.Columns[1].NullCount)
	require.Zero(t, got.Columns[1].NullWords)
	got = readWith(t, "a,b\nNA,x\n1,\n", Options{Nulls: []string{}})
	require.Equal(t, []any{"NA", "1"}, got.values[0])
	// A column that becomes text late has its words counted again, without those that are null.
	got = readWith(t, "a,b\n"+strings.Repeat("1,1\nnone,2\n", earlyRows)+"x,3\n", Options{Nulls: []string{"none"}})
	require.EqualValues(t, 2, got.Columns[0].DistinctCount)
}

func TestTheOtherColumnsTellWhatACommaMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		csv     string
		format  NumberFormat // of the first column; empty where it stays text
		warning string
	}{
		"commas between fields":                  {"a,b\n\"1,234\",x\n813,y\n\"12,345\",z\n", CommaPoint, WarnThousandsPresumed},
		"semicolons":                             {"a;b\n1,234;x\n813;y\n", "", WarnAmbiguousNumbers},
		"tabs":                                   {"a\tb\n1,234\tx\n", "", WarnAmbiguousNumbers},
		"no other column":                        {"a\n\"1,234\"\n", "", WarnAmbiguousNumbers},
		"a number that should have a comma":      {"a,b\n\"1,234\",x\n21982,y\n", "", WarnAmbiguousNumbers},
		"that number, and a fraction":            {"a,b\n\"1,234\",2.5\n21982,3\n", CommaPoint, ""},
		"a point before a fraction":              {"a;b\n1,234;2.5\n", CommaPoint, ""},
		"a fraction with a unit":                 {"a;b\n1,234;$2.50\n", CommaPoint, ""},
		"three digits after a point":             {"a;b\n1,234;1.234\n", "", WarnAmbiguousNumbers},
		"two commas in one number":               {"a;b\n1,234;1,234,567\n", CommaPoint, ""},
		"a comma before a fraction":              {"a;b\n1,234;2,5\n", PointComma, ""},
		"a comma before a fraction, with commas": {"a,b\n\"1,234\",\"2,5\"\n", PointComma, ""},
		"points between thousands":               {"a;b\n1,234;1.234.567\n", PointComma, ""},
		"both":                                   {"a,b,c\n\"1,234\",\"2,5\",2.5\n", "", WarnAmbiguousNumbers},
		"a column that is doubtful":              {"a,b\n\"1,234\",\"17,189\"\n\"1,234\",\"6,902\"\n\"1,234\",\"6,01\"\n", "", WarnAmbiguousNumbers},
		"whole numbers, dates and texts":         {"a;b;c;d\n1,234;5;2006-01-02;2,5 kg\n", "", WarnAmbiguousNumbers},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, c.csv)
			first := got.Columns[0]
			require.EqualValues(t, c.format, first.Format)
			if c.warning == "" {
				require.Empty(t, got.Warnings)
			} else {
				require.Equal(t, c.warning, got.Warnings[0].Code)
				require.Contains(t, got.Warnings[0].Columns, 1)
			}
			switch c.format {
			case CommaPoint:
				require.Equal(t, column.Integer, first.Type)
				require.EqualValues(t, 1234, got.values[0][0])
			case PointComma:
				require.Equal(t, 3, first.Scale)
				require.EqualValues(t, 1234, got.values[0][0])
			default:
				require.Equal(t, []string{"1,234.56", "1.234,56"}, first.Readings)
			}
		})
	}
}

func TestOfACommaThatIsPresumedTheCallerDecides(t *testing.T) {
	t.Parallel()
	const csv = "a,b\n\"1,234\",x\n"
	f, err := Spool(context.Background(), strings.NewReader(csv), Options{Numbers: PointComma})
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, 3, f.Columns[0].Scale)
	require.Empty(t, f.Warnings)
}
