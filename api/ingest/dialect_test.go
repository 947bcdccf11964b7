package ingest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

// readWith reads a file as the options say.
func readWith(t require.TestingT, csv string, opt Options) table {
	f, err := Spool(context.Background(), strings.NewReader(csv), opt)
	require.NoError(t, err)
	defer f.Close()
	return decode(t, f)
}

func names(got table) (list []string) {
	for _, c := range got.Columns {
		list = append(list, c.Name)
	}
	return list
}

func TestWhatTheDialectLeavesOpenIsFoundAndTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		csv  string
		want Dialect
	}{
		"commas":                      {"a,b\nx,y\n", Dialect{",", DoubledQuotes, HeaderPresent, NoComments}},
		"tabs, no header":             {"x\t1\ny\t2\n", Dialect{"\t", DoubledQuotes, HeaderAbsent, NoComments}},
		"backslashes":                 {"a;b\n\"say \\\"hi\\\"!\";1\n", Dialect{";", BackslashQuotes, HeaderPresent, NoComments}},
		"quotes that are text":        {"a\tb\n\"Weird Al\" Yankovic\t1\nx\t2\n", Dialect{"\t", NoQuotes, HeaderPresent, NoComments}},
		"an open quote that is text":  {"a\tb\n\"x\t1\ny\t2\n", Dialect{"\t", NoQuotes, HeaderPresent, NoComments}},
		"comments":                    {"# of today\n# again\na,b\nx,1\n", Dialect{",", DoubledQuotes, HeaderPresent, "#"}},
		"comments with slashes":       {"// x\na|b\n1|2\n", Dialect{"|", DoubledQuotes, HeaderPresent, "//"}},
		"the separator first":         {"sep=;\na,b;c\nx,y;1\n", Dialect{";", DoubledQuotes, HeaderPresent, NoComments}},
		"decimal commas in the names": {"a, €;b, €;c, €;d\n1,5;2;3;x\n1;2;3;y\n", Dialect{";", DoubledQuotes, HeaderPresent, NoComments}},
		"a header like a comment":     {"#chrom\tstart\nchr1\t5\n", Dialect{"\t", DoubledQuotes, HeaderPresent, NoComments}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readWith(t, c.csv, Options{})
			require.Equal(t, c.want, got.Dialect)
			again := readWith(t, c.csv, Options{Dialect: Dialect{Quotes: got.Dialect.Quotes, Header: got.Dialect.Header, Delimiter: got.Dialect.Delimiter}})
			require.Equal(t, got.values, again.values)
			require.Equal(t, names(got), names(again))
		})
	}
}

func TestTheDialectCanBeGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		csv     string
		dialect Dialect
		names   []string
		values  [][]any
	}{
		"another delimiter":         {"a;b,c\nx;y,z\n", Dialect{Delimiter: ";"}, []string{"a", "b,c"}, [][]any{{"x"}, {"y,z"}}},
		"one of no list":            {"a^b\nx,y^1\n", Dialect{Delimiter: "^"}, []string{"a", "b"}, [][]any{{"x,y"}, {int64(1)}}},
		"no header":                 {"a,b\nx,y\n", Dialect{Header: HeaderAbsent}, []string{"column_1", "column_2"}, [][]any{{"a", "x"}, {"b", "y"}}},
		"a header of numbers":       {"1,2\n3,4\n", Dialect{Header: HeaderPresent}, []string{"1", "2"}, [][]any{{int64(3)}, {int64(4)}}},
		"quotes are text":           {"a,b\n\"x,y\"\n", Dialect{Quotes: NoQuotes}, []string{"a", "b"}, [][]any{{`"x`}, {`y"`}}},
		"doubled quotes":            {"a,b\n\"C:\\\",x\n", Dialect{Quotes: DoubledQuotes}, []string{"a", "b"}, [][]any{{`C:\`}, {"x"}}},
		"backslashes":               {"a,b\n\"C:\\\\\",x\n", Dialect{Quotes: BackslashQuotes}, []string{"a", "b"}, [][]any{{`C:\`}, {"x"}}},
		"comments anywhere":         {"a,b\n%% no\nx,1\n%% no\n", Dialect{Comment: "%%"}, []string{"a", "b"}, [][]any{{"x"}, {int64(1)}}},
		"no comments":               {"#a,b\n#x,1\n", Dialect{Comment: NoComments}, []string{"#a", "b"}, [][]any{{"#x"}, {int64(1)}}},
		"a comment at the very end": {"%x\na\ny\n%", Dialect{Comment: "%"}, []string{"a"}, [][]any{{"y"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readWith(t, c.csv, Options{Dialect: c.dialect})
			require.Equal(t, c.names, names(got))
			require.Equal(t, c.values, got.values)
		})
	}
}

func TestCommentsAndBlankLinesAreSkippedAndCounted(t *testing.T) {
	t.Parallel()
	for csv, want := range map[string][2]int64{
		"\n\n# one\n\n# two\na,b\n\n# three\n\n\n1,2\n\n": {3, 7},
		"\r\n# one\r\na,b\r\n\r\n1,2\r\n# two\r\n":        {2, 2},
		"a,b\n1,2":       {0, 0},
		"a,b\r\n1,2\r\n": {0, 0},
		"##meta=1\n#chrom,start\nchr1,5\n#x\nchr1,6\n":           {2, 0},
		"a,b\n" + strings.Repeat("1,2\n\n", blockSize/2) + "1,2": {0, blockSize / 2},
	} {
		got := read(t, csv)
		require.Equal(t, want, [2]int64{got.CommentLines, got.BlankLines}, "%.40q", csv)
		require.Len(t, got.Columns, 2)
	}
	require.Equal(t, []string{"#chrom", "start"}, names(read(t, "##meta=1\n#chrom,start\nchr1,5\n")))
}

func TestALineOfCommentIsCutAtNoBlock(t *testing.T) {
	t.Parallel()
	for shift := range 6 {
		csv := "// x\na,b\n" + strings.Repeat("1,2\n", blockSize/4-4) + strings.Repeat("5", shift) + ",3\n// comment\n4,5\n"
		got := read(t, csv)
		require.EqualValues(t, 2, got.CommentLines)
		require.Equal(t, int64(4), got.values[0][got.Rows-1])
	}
}

func TestAHeaderIsToldFromValues(t *testing.T) {
	t.Parallel()
	for csv, want := range map[string]Header{
		"name,age\nAnn,30\n":                                  HeaderPresent,
		"Bob,25\nAnn,30\n":                                    HeaderAbsent,
		"name,city\nAnn,Oslo\n":                               HeaderPresent,
		"Bob,Rome\nAnn,Oslo\n":                                HeaderPresent, // nothing tells
		"2006-01-02,x\n2006-01-03,y\n":                        HeaderAbsent,
		"1.5\n2\n":                                            HeaderAbsent,
		"country,1990,2000\nNorway,5,6\nChad,7,8\n":           HeaderPresent,
		"country,2000,1990\nNorway,5,6\n":                     HeaderPresent,
		"x,2001,2006\na,$5,rank 3\nb,7%,\"1,100\"\n":          HeaderPresent, // years above numbers with other units, and texts
		"Bob,2001,2006\nAnn,2002,about 2000\n":                HeaderAbsent,  // no: years below
		"x,1965,1960,1960\nNorway,\"5,000\",6,7\n":            HeaderPresent,
		"id,2019\n1,5\n":                                      HeaderPresent,
		"1,2,3\n":                                             HeaderPresent, // alone
		",1\nx,2\n":                                           HeaderAbsent,
		"true\nfalse\n":                                       HeaderAbsent,
		"NA,x\n1,y\n":                                         HeaderPresent,
		"$5,x\n$7,y\n":                                        HeaderAbsent,
		"1,x\n2,y\n" + strings.Repeat("3,z\n", 2000):          HeaderAbsent,
		"7,x\n2,y\n" + strings.Repeat("3,z\n", 2000) + "q,\n": HeaderPresent, // the last row makes it text
	} {
		got := read(t, csv)
		require.Equal(t, want, got.Dialect.Header, "%.30q", csv)
		warned := len(got.Warnings) > 0 && got.Warnings[len(got.Warnings)-1].Code == WarnNoHeader
		require.Equal(t, want == HeaderAbsent, warned, "%.30q", csv)
	}
	require.Equal(t, []any{int64(1), int64(2)}, read(t, "1,x\n2,y\n").values[0])
}

func TestNamesCanBeGiven(t *testing.T) {
	t.Parallel()
	got := readWith(t, "a,b,c\nx,1,2\n", Options{Columns: []ColumnOptions{{No: 3, Name: "a"}, {Header: "b", Name: "Müller\t"}, {Header: "a", Type: column.Text}}})
	require.Equal(t, []string{"a", "Müller", "a (2)"}, names(got))
	got = readWith(t, "1,2\n3,4\n", Options{Columns: []ColumnOptions{{No: 2, Name: "b"}}})
	require.Equal(t, []string{"column_1", "b"}, names(got))
	require.EqualValues(t, 2, got.Rows)
}

func TestOptionsThatFitNoFileAreRefused(t *testing.T) {
	t.Parallel()
	for code, options := range map[string][]Options{
		CodeUnknownColumn: {
			{Columns: []ColumnOptions{{No: 3}}}, {Columns: []ColumnOptions{{Header: "c"}}}, {Columns: []ColumnOptions{{No: 1}, {Header: "a"}}},
			{Columns: []ColumnOptions{{Header: "a"}}, Dialect: Dialect{Header: HeaderAbsent}},
		},
		CodeOptionInvalid: {
			{Dialect: Dialect{Delimiter: ",,"}}, {Dialect: Dialect{Delimiter: "\""}}, {Dialect: Dialect{Delimiter: "é"}}, {Dialect: Dialect{Delimiter: "\x00"}},
			{Dialect: Dialect{Quotes: "single"}}, {Dialect: Dialect{Header: "maybe"}}, {Dialect: Dialect{Comment: "123456789"}}, {Dialect: Dialect{Comment: "\n"}},
			{Dialect: Dialect{Delimiter: ";", Comment: ";;"}}, {Reject: "all"}, {Numbers: "1_234"}, {Dates: "year_first"}, {Nulls: make([]string, maxNullWords+1)},
			{Nulls: []string{strings.Repeat("x", maxNullWord+1)}}, {Columns: []ColumnOptions{{Type: "money", No: 1}}}, {Columns: []ColumnOptions{{Type: column.Text}}},
			{Columns: []ColumnOptions{{No: 1, Type: column.Decimal, Scale: 18}}}, {Columns: []ColumnOptions{{No: 1, Type: column.Boolean, Scale: 2}}}, {Columns: []ColumnOptions{{No: 1, Name: strings.Repeat("ä", maxName+1)}}},
		},
	} {
		for _, opt := range options {
			_, err := Spool(context.Background(), strings.NewReader("a,b\nx,y\n"), opt)
			var fault *Error
			require.ErrorAs(t, err, &fault, "%+v", opt)
			require.Equal(t, code, fault.Code, "%+v", opt)
		}
	}
}

func TestNamesAreComposedAndShowNothingHidden(t *testing.T) {
	t.Parallel()
	got := read(t, "cafe\u0301,café,\u202eabc\u202c,a\u2028b,日本,می\u200cخواهم\n1,2,3,4,5,6\n")
	require.Equal(t, []string{"café", "café (2)", "abc", "a b", "日本", "می\u200cخواهم"}, names(got))
	require.Equal(t, WarnColumnsRenamed, got.Warnings[0].Code)
	require.Equal(t, []int{1, 2, 3, 4}, got.Warnings[0].Columns)
}

func TestAQuoteInTheFirstLineOfATSVMayBeText(t *testing.T) {
	t.Parallel()
	lines := strings.Repeat("1\t2\n", 300_000)
	for _, d := range []string{"", "\t"} {
		f, err := Spool(context.Background(), strings.NewReader("a\t\"b\n"+lines), Options{Dialect: Dialect{Delimiter: d}})
		require.NoError(t, err)
		defer f.Close()
		require.Equal(t, NoQuotes, f.Dialect.Quotes)
		require.EqualValues(t, 300_000, f.Rows)
		require.Equal(t, `"b`, f.Columns[1].Name)
	}
}
