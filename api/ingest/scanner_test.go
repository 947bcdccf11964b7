package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestReadsEveryDialect(t *testing.T) {
	t.Parallel()
	want := [][]any{{"x", "y z", nil}, {"p,q", nil, "r"}}
	for name, csv := range map[string]string{
		"commas":              "a,b\nx,\"p,q\"\ny z,\n,r\n",
		"semicolons":          "a;b\nx;p,q\ny z;\n;r\n",
		"tabs":                "a\tb\nx\tp,q\ny z\t\n\tr\n",
		"bars":                "a|b\nx|p,q\ny z|\n|r\n",
		"CRLF":                "a,b\r\nx,\"p,q\"\r\ny z,\r\n,r\r\n",
		"CR":                  "a,b\rx,\"p,q\"\ry z,\r,r\r",
		"no last line end":    "a,b\nx,\"p,q\"\ny z,\n,r",
		"byte order mark":     "\xef\xbb\xbfa,b\nx,\"p,q\"\ny z,\n,r\n",
		"blank lines":         "\n\na,b\n\nx,\"p,q\"\r\n\r\ny z,\n\n,r\n\n",
		"everything quoted":   "\"a\",\"b\"\n\"x\",\"p,q\"\n\"y z\",\"\"\n\"\",\"r\"",
		"extra empty fields":  "a,b\nx,\"p,q\",,\ny z,,\"\"\n,r\n",
		"short row":           "a,b\nx,\"p,q\"\ny z\n,r\n",
		"delimiters in quote": "\"a\",\"b\"\nx,\"p,q\"\ny z,\n,r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, want, read(t, csv).values)
		})
	}
}

func TestTheDelimiterIsTheMostFrequentOneOfTheHeaderOutsideQuotes(t *testing.T) {
	t.Parallel()
	got := read(t, "\"a;b;c;\"\"d;\",e,f\n1,2,3\n")
	require.Equal(t, `a;b;c;"d;`, got.Columns[0].Name)
	require.Len(t, got.Columns, 3)
	require.Len(t, read(t, "only\n1\n").Columns, 1)
}

func TestQuotedFieldsKeepTheirText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ field, want string }{
		"doubled quote":                 {`"say ""hi"""`, `say "hi"`},
		"only a quote":                  {`""""`, `"`},
		"line ends":                     {"\"one\ntwo\r\nthree\"", "one\ntwo\r\nthree"},
		"spaces":                        {`" x "`, " x "},
		"escaped quotes":                {`"say \"hi\" there"`, `say "hi" there`},
		"escaped quote at the end":      {`"the \"end\""`, `the "end"`},
		"escaped quote before a comma":  {`"\"a\", b"`, `"a", b`},
		"escaped backslash":             {`"\"a\" \\"`, `"a" \`},
		"other backslashes":             {`"\"a\" \n"`, `"a" \n`},
		"backslash before the end":      {`"C:\"`, `C:\`},
		"backslash and a doubled quote": {`"a\""b"`, `a\"b`},
		"quote inside a bare field":     {`5" pipe`, `5" pipe`},
		"only an escaped quote, comma":  {`"12\", Promo"`, `12", Promo`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, "a,b\n"+c.field+",z\n")
			require.Equal(t, [][]any{{c.want}, {"z"}}, got.values)
		})
	}
}

func TestBackslashesEscapeInTheWholeFileOrNowhere(t *testing.T) {
	t.Parallel()
	got := read(t, "a,b\n\"C:\\\\\",x\n\"\\\"q\\\"!\",y\n")
	require.Equal(t, []any{`C:\`, `"q"!`}, got.values[0])
	got = read(t, "a,b\n\"C:\\\\\",x\n\"D:\\\",y\n")
	require.Equal(t, []any{`C:\\`, `D:\`}, got.values[0])
}

func TestFaultsNameCodeLineAndColumn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxRecord+1)
	for name, c := range map[string]struct {
		csv    string
		code   string
		line   int64
		column int
	}{
		"nothing":                  {"", CodeEmpty, 0, 0},
		"only blank lines":         {"\xef\xbb\xbf\n\r\n\n", CodeEmpty, 0, 0},
		"more fields":              {"a,b\n1,2\n1,2,\"\",3\n", CodeRaggedRow, 3, 4},
		"after blank lines":        {"\n\na,b\r\n\r\n1,2,3", CodeRaggedRow, 5, 3},
		"after quoted lines":       {"a,b\r\n\"1\r\n2\",3\r\n1,2,3\r\n", CodeRaggedRow, 4, 3},
		"after resolved quotes":    {"a,b\n\"1\"\"\n\"\"\n2\",3\n1,2,3\n", CodeRaggedRow, 5, 3},
		"after lone CR":            {"a,b\r1,2\r1,2,3\r", CodeRaggedRow, 3, 3},
		"far down":                 {"a,b\n" + strings.Repeat("10,20\n", 200_000) + "1,2,3\n", CodeRaggedRow, 200_002, 3},
		"open quote":               {"a,b\n1,2\n3,\"4\n5,6\n", CodeUnclosedQuote, 3, 2},
		"open quote in the header": {"a,\"b\n1,2\n", CodeUnclosedQuote, 1, 2},
		"text after a quote":       {"a,b\n1,2\n\"3\"x,4\n", CodeStrayQuote, 3, 1},
		"long row":                 {"a,b\n1,2\n3," + long + "\n", CodeRowTooLong, 3, 0},
		"long header":              {long, CodeRowTooLong, 1, 0},
		"long open quote":          {"a,b\n1,\"" + long + long, CodeRowTooLong, 2, 0},
		"not UTF-8":                {"a,b\n1,2\nx,\xe4\n", CodeNotUTF8, 3, 0},
		"half a character":         {"a,b\n1,2\nx,\xe2\x82", CodeNotUTF8, 3, 0},
		"UTF-16":                   {"\xff\xfea\x00,\x00", CodeNotUTF8, 1, 0},
		"NUL":                      {"a,b\n1,2\n3,x\x00y\n", CodeNulByte, 3, 0},
		"NUL in quotes":            {"a,b\n1,\"\n\x00\"\n", CodeNulByte, 3, 0},
		"not UTF-8 before NUL":     {"a,b\n\xe4,\x00\n", CodeNotUTF8, 2, 0},
		"ragged before NUL":        {"a,b\n1,2,3\n\x00,4\n", CodeRaggedRow, 2, 3},
		"columns":                  {strings.Repeat(",", MaxColumns) + "\n", CodeTooManyColumns, 1, 0},
		"name":                     {"a," + strings.Repeat("ä", maxName+1) + "\n", CodeColumnNameTooLong, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Spool(context.Background(), strings.NewReader(c.csv), Options{})
			var fault *Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.code, fault.Code)
			require.Equal(t, c.line, fault.Line)
			require.Equal(t, c.column, fault.Column)
			require.NotEmpty(t, fault.Message)
		})
	}
}

func TestTheGreatestFileInEveryBoundIsRead(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", maxRecord)
	require.Equal(t, []any{longest}, read(t, "a\n"+longest+"\n").values[0])
	require.Len(t, read(t, strings.Repeat(",", MaxColumns-1)+"\n").Columns, MaxColumns)
	name := strings.Repeat("ä", maxName)
	require.Equal(t, name, read(t, name+"\n1\n").Columns[0].Name)
}

func TestBlocksMayEndAnywhere(t *testing.T) {
	t.Parallel()
	row := "\"ä\"\"\r\n\",€,\\,\"x\"\r\n"
	rows := blockSize/len(row) + 2
	for shift := range len(row) {
		got := read(t, strings.Repeat("a", shift+1)+",b,c,d\r\n"+strings.Repeat(row, rows))
		require.EqualValues(t, rows, got.Rows)
		for i, want := range []string{"ä\"\r\n", "€", "\\", "x"} {
			require.EqualValues(t, 1, got.Columns[i].DistinctCount)
			require.Equal(t, want, got.values[i][0])
		}
	}
}

func TestSmallReadsMakeTheSameFile(t *testing.T) {
	t.Parallel()
	csv := "a,b\r\n\"1\n\"\"\",ä\r\n2,3"
	f, err := Spool(context.Background(), iotest.OneByteReader(strings.NewReader(csv)), Options{})
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, read(t, csv).values, decode(t, f).values)
}

func TestAnUploadThatBreaksOffIsNotAFile(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
		r := io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(broken))
		_, err := Spool(context.Background(), r, Options{})
		require.ErrorIs(t, err, broken)
	}
}

func TestTheReadersOwnErrorIsTold(t *testing.T) {
	t.Parallel()
	body := io.NopCloser(strings.NewReader("a,b\n" + strings.Repeat("1,2\n", 1000)))
	_, err := Spool(context.Background(), http.MaxBytesReader(httptest.NewRecorder(), body, 1000), Options{})
	var tooLarge *http.MaxBytesError
	require.ErrorAs(t, err, &tooLarge)
}

func TestSpoolStopsReadingAtAFault(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("a,b\n1,2,3\n"), zeroReader{})
	_, err := Spool(context.Background(), endless, Options{})
	var fault *Error
	require.ErrorAs(t, err, &fault)
	require.Equal(t, CodeRaggedRow, fault.Code)
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) {
	return copy(b, bytes.Repeat([]byte("1,2\n"), len(b)/4+1)), nil
}

func TestSpoolStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Spool(ctx, io.MultiReader(strings.NewReader("a\n"), zeroReader{}), Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNoFileIsLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Spool(context.Background(), strings.NewReader("a\n1\n"), Options{Dir: dir})
	require.NoError(t, err)
	defer f.Close()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = Spool(context.Background(), strings.NewReader("a\n"), Options{Dir: dir + "/missing"})
	require.ErrorIs(t, err, os.ErrNotExist)
}
