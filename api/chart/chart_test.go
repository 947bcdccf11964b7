package chart

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
)

func dimension(name string) Column { return Column{Name: name, Type: column.Text} }
func measure(name string) Column   { return Column{Name: name, Type: column.Decimal, Measure: true} }
func date(grain string) Column     { return Column{Name: "date", Type: column.Date, Grain: grain} }

// image draws the chart and returns its texts, after it has made sure that the image is well-formed, of the fixed size,
// and has nothing that could run, load or style.
func image(t *testing.T, c Chart) []string {
	t.Helper()
	svg, err := SVG(c)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(svg, []byte("<svg ")))
	var texts []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			requireHarmless(t, token)
		case xml.CharData:
			texts = append(texts, string(token))
		case xml.EndElement:
		default:
			require.Failf(t, "unexpected", "%T", token)
		}
	}
}

func requireHarmless(t *testing.T, e xml.StartElement) {
	t.Helper()
	require.Contains(t, []string{"svg", "title", "path", "circle", "text"}, e.Name.Local)
	for _, a := range e.Attr {
		require.NotRegexp(t, `^(on.*|href|style|src|class|id)$`, strings.ToLower(a.Name.Local))
		if a.Name.Local != "xmlns" {
			require.NotRegexp(t, `(?i)url\(|script|://`, a.Value)
		}
	}
}

func monthly(months ...int) [][]any {
	var rows [][]any
	for _, m := range months {
		rows = append(rows, []any{fmt.Sprintf("2014-%02d-01", m), json.Number(fmt.Sprint(m * 10))})
	}
	return rows
}

func counted(n int, name string) [][]any {
	var rows [][]any
	for i := range n {
		rows = append(rows, []any{fmt.Sprintf("%s %d", name, i), json.Number(fmt.Sprint(i + 1))})
	}
	return rows
}

func TestMonthsMakeALineWithGapsAndEveryLabel(t *testing.T) {
	t.Parallel()
	c := Suggest("Precipitation by month", []Column{date("month"), measure("sum")}, monthly(12, 2, 1, 3, 4, 6, 7, 8, 9, 10, 11))
	require.Equal(t, Line, c.Kind)
	require.Empty(t, c.Note)
	require.Len(t, c.Categories, 12)
	require.Equal(t, "2014-05", c.Categories[4])
	require.Nil(t, c.Series[0].Values[4])
	require.Equal(t, 120.0, *c.Series[0].Values[11])
	texts := image(t, c)
	for _, category := range c.Categories {
		require.Contains(t, texts, category)
	}
	require.Subset(t, texts, []string{"Precipitation by month", "date", "sum"})
}

func TestDaysAreLabelledEvenlyAndKeepTheirDistance(t *testing.T) {
	t.Parallel()
	var rows [][]any
	for day := 1; day <= 31; day++ {
		rows = append(rows, []any{fmt.Sprintf("2014-03-%02d", day), json.Number("1.5")})
	}
	c := Suggest("", []Column{date("day"), measure("avg")}, rows)
	require.Len(t, c.Categories, 31)
	require.Subset(t, image(t, c), []string{"2014-03-01", "2014-03-05", "2014-03-29"})
	require.NotContains(t, image(t, c), "2014-03-02")
}

func TestLabelsFollowTheGrain(t *testing.T) {
	t.Parallel()
	for grain, want := range map[string]string{
		"year": "2014", "quarter": "2014 Q2", "month": "2014-04", "week": "2014-04-01", "day": "2014-04-01", "": "2014-04-01T00:00:00Z",
	} {
		require.Equal(t, want, label("2014-04-01T00:00:00Z", Column{Type: column.Timestamp, Grain: grain}), grain)
	}
}

func TestRowsWithoutATimeAreSaidNotToBeShown(t *testing.T) {
	t.Parallel()
	c := Suggest("", []Column{date("month"), measure("n")}, append(monthly(1, 2), []any{nil, json.Number("7")}))
	require.Equal(t, Line, c.Kind)
	require.Equal(t, "rows without date are not shown", c.Note)
	require.Len(t, c.Categories, 2)
}

func TestSparseYearsStayJoined(t *testing.T) {
	t.Parallel()
	rows := [][]any{{"1900-01-01", json.Number("1")}, {"1950-01-01", json.Number("2")}, {"2000-01-01", json.Number("3")}}
	require.Equal(t, []string{"1900", "1950", "2000"}, Suggest("", []Column{date("year"), measure("n")}, rows).Categories)
}

func TestOneCategoryMakesBarsWithTheirValues(t *testing.T) {
	t.Parallel()
	rows := [][]any{{"sun", json.Number("714")}, {nil, json.Number("54.25")}, {"", nil}}
	c := Suggest("Count by weather", []Column{dimension("weather"), measure("count")}, rows)
	require.Equal(t, Bar, c.Kind)
	require.Equal(t, []string{"sun", "(missing)", "(blank)"}, c.Categories)
	require.Nil(t, c.Series[0].Values[2])
	require.Subset(t, image(t, c), []string{"714", "54.25", "sun", "(missing)", "(blank)", "weather", "count", "0"})
}

func TestTwentyCategoriesAreAllLabelled(t *testing.T) {
	t.Parallel()
	c := Suggest("", []Column{dimension("operator"), measure("cost")}, counted(20, "Category number"))
	require.Subset(t, image(t, c), c.Categories)
}

func TestManyCategoriesAreCutToTheLargestAndSaidSo(t *testing.T) {
	t.Parallel()
	c := Suggest("", []Column{dimension("operator"), measure("cost")}, counted(57, "operator"))
	require.Len(t, c.Categories, 30)
	require.Equal(t, "operator 56", c.Categories[0])
	require.Equal(t, "operator 27", c.Categories[29])
	require.Equal(t, "the 30 largest of 57 values of operator", c.Note)
	require.Contains(t, image(t, c), c.Note)
}

func TestBarsBeginAtZero(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{{"900", "901"}, {"-900", "-901"}, {"-5", "900"}} {
		rows := [][]any{{"a", json.Number(values[0])}, {"b", json.Number(values[1])}}
		require.Contains(t, image(t, Suggest("", []Column{dimension("d"), measure("m")}, rows)), "0", values)
	}
}

func TestASecondDimensionMakesSeries(t *testing.T) {
	t.Parallel()
	rows := [][]any{
		{"IBM", "2001-01-01", json.Number("10")}, {"AAPL", "2000-01-01", json.Number("1")}, {"IBM", "2000-01-01", json.Number("9")},
	}
	c := Suggest("", []Column{dimension("symbol"), date("year"), measure("avg")}, rows)
	require.Equal(t, Line, c.Kind)
	require.Equal(t, []string{"2000", "2001"}, c.Categories)
	require.Equal(t, "IBM", c.Series[0].Name)
	require.Equal(t, 9.0, *c.Series[0].Values[0])
	require.Nil(t, c.Series[1].Values[1])
	require.Subset(t, image(t, c), []string{"IBM", "AAPL"})
}

func TestTooManySeriesAreCutAndSaidSo(t *testing.T) {
	t.Parallel()
	var rows [][]any
	for category := range 20 {
		for s := range 12 {
			rows = append(rows, []any{fmt.Sprint("c", category), fmt.Sprint("s", s), json.Number(fmt.Sprint(100 + category + s))})
		}
	}
	c := Suggest("", []Column{dimension("phase"), dimension("size"), measure("n")}, rows)
	require.Equal(t, Bar, c.Kind)
	require.Len(t, c.Series, 8)
	require.Equal(t, "s4", c.Series[0].Name)
	require.Len(t, c.Categories, 7)
	require.Equal(t, "the 8 largest of 12 values of size; the 7 largest of 20 values of phase", c.Note)
	require.Contains(t, image(t, c), "s11")
}

func TestSeveralMeasuresAreSeries(t *testing.T) {
	t.Parallel()
	rows := [][]any{{"sun", json.Number("1"), json.Number("2")}}
	c := Suggest("", []Column{dimension("weather"), measure("low"), measure("high")}, rows)
	require.Equal(t, Bar, c.Kind)
	require.Equal(t, "high", c.Series[1].Name)
	require.Subset(t, image(t, c), []string{"low", "high"})
}

func TestASingleValueIsShownWithEveryDigit(t *testing.T) {
	t.Parallel()
	c := Suggest("Total", []Column{measure("sum_cost")}, [][]any{{json.Number("123456789012345678.10")}})
	require.Equal(t, Number, c.Kind)
	require.Subset(t, image(t, c), []string{"Total", "sum_cost", "123456789012345678.10"})
	require.Contains(t, image(t, Suggest("", []Column{measure("max")}, [][]any{{nil}})), "(missing)")
}

func TestOtherShapesAreTables(t *testing.T) {
	t.Parallel()
	m, d := measure("m"), dimension("d")
	one := json.Number("1")
	for name, c := range map[string]Chart{
		"no rows":                Suggest("", []Column{d, m}, nil),
		"no measure":             Suggest("", []Column{d}, [][]any{{"a"}, {"b"}}),
		"several numbers":        Suggest("", []Column{m, m}, [][]any{{one, one}}),
		"three dimensions":       Suggest("", []Column{d, d, d, m}, [][]any{{"a", "b", "c", one}}),
		"two times":              Suggest("", []Column{date("year"), date("month"), m}, [][]any{{"2014-01-01", "2014-01-01", one}}),
		"a text as measure":      Suggest("", []Column{d, m}, [][]any{{"a", "2014-01-01"}}),
		"a number beyond floats": Suggest("", []Column{d, m}, [][]any{{"a", json.Number("1e999")}}),
		"rows not grouped":       Suggest("", []Column{d, m}, [][]any{{"a", one}, {"a", one}}),
		"pairs not grouped":      Suggest("", []Column{d, d, m}, [][]any{{"a", "b", one}, {"a", "b", one}}),
	} {
		require.Equal(t, Table, c.Kind, name)
		image(t, c)
	}
	require.Equal(t, "no rows", Suggest("", []Column{d, m}, nil).Note)
}

func TestATableSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	var columns []Column
	var row []any
	for i := range 10 {
		columns, row = append(columns, dimension(fmt.Sprint("c", i))), append(row, fmt.Sprint("v", i))
	}
	c := Suggest("", columns, slicesRepeat(row, 40))
	require.Len(t, c.Cells, 13)
	require.Equal(t, "the first 13 of 40 rows; the first 8 of 10 columns", c.Note)
	texts := image(t, c)
	require.Subset(t, texts, []string{c.Note, "c7", "v7"})
	require.NotContains(t, texts, "c8")
}

func slicesRepeat(row []any, n int) (rows [][]any) {
	for range n {
		rows = append(rows, row)
	}
	return rows
}

func TestHostileTextsStayText(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"</text><script>alert(1)</script>", `" onload="alert(1)`, "&amp;&#x3c;", "<", "]]>", "<!-- ", "\x00\x01\x1b\x7f", "\ufffe\uffff",
		"\xff\xfe", "שלום مرحبا", "\u202egnp.exe", strings.Repeat("long ", 1000), "", " ", "a\nb\tc", `<image href="http://evil.example/x"/>`,
		"url(http://evil.example)", "style=\"fill:url(x)\"", "👩‍👩‍👧", "%s%n",
	}
	for _, kind := range []Kind{Bar, Line, Number, Table} {
		for _, text := range hostile {
			c := Chart{Kind: kind, Title: text, Note: text, CategoryName: text, ValueName: text, Header: []string{text}, Cells: [][]string{{text}}}
			if kind == Bar || kind == Line {
				c.Header, c.Cells = nil, nil
				one := 1.0
				c.Categories = []string{text, "b"}
				c.Series = []Series{{Name: text, Values: []*float64{&one, nil}}, {Name: "s", Values: []*float64{nil, &one}}}
			}
			image(t, c)
		}
	}
	texts := image(t, Chart{Kind: Table, Title: `</title><script>"&`, Header: []string{"a\u202eb\x00c"}})
	require.Equal(t, `</title><script>"&`, texts[0])
	require.Contains(t, texts, "a b c")
}

func TestEqualChartsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	columns := []Column{dimension("phase"), dimension("size"), measure("n")}
	var rows [][]any
	for i := range 100 {
		rows = append(rows, []any{fmt.Sprint(i / 10), fmt.Sprint(i % 10), json.Number(fmt.Sprint(i % 7))})
	}
	first, err := SVG(Suggest("t", columns, rows))
	require.NoError(t, err)
	for range 10 {
		again, err := SVG(Suggest("t", columns, rows))
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestExtremeValuesAreDrawn(t *testing.T) {
	t.Parallel()
	for _, values := range [][2]string{{"0", "0"}, {"1e299", "-1e299"}, {"1e-300", "0"}, {"-0.0001", "-0.0002"}, {"999999999999999999", "1"}} {
		rows := [][]any{{"2014-01-01", json.Number(values[0])}, {"2014-02-01", json.Number(values[1])}}
		image(t, Suggest("", []Column{date("month"), measure("m")}, rows))
		image(t, Suggest("", []Column{dimension("d"), measure("m")}, rows))
	}
	missing := [][]any{{"2014-01-01", nil}, {"2014-02-01", nil}}
	image(t, Suggest("", []Column{date("month"), measure("m")}, missing))
	image(t, Suggest("", []Column{dimension("d"), measure("m")}, missing))
}

func TestAnIncompleteChartIsRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Chart{
		"unknown kind of chart":            {Kind: "pie"},
		"needs a category and a series":    {Kind: Bar},
		"has 0 values for 1 categories":    {Kind: Line, Categories: []string{"a"}, Series: []Series{{}}},
		"a number needs one header":        {Kind: Number},
		"row 1 has 1 cells for 2 columns":  {Kind: Table, Header: []string{"a", "b"}, Cells: [][]string{{"x"}}},
		"row 1 has 2 cells for 1 columns":  {Kind: Number, Header: []string{"a"}, Cells: [][]string{{"x", "y"}}},
		"series 2 has 2 values for 1 cate": {Kind: Bar, Categories: []string{"a"}, Series: []Series{{Values: make([]*float64, 1)}, {Values: make([]*float64, 2)}}},
	} {
		_, err := SVG(c)
		require.ErrorContains(t, err, want)
	}
}

func TestNothingUnexpectedPassesFromTheLibrary(t *testing.T) {
	t.Parallel()
	for _, image := range []string{
		"<svg><script/></svg>", `<svg onload="x"/>`, `<svg><text style="fill:red;behavior:x"/></svg>`, "<svg><!-- x --></svg>",
		`<svg xmlns:xlink="x"><path xlink:href="y"/></svg>`, "<svg><style/></svg>", "<svg>", "<!DOCTYPE svg><svg/>",
	} {
		_, err := restrict([]byte(image), "")
		require.Error(t, err, image)
	}
}

func TestMarksOfAnAxisAreShort(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 0.25: "0.25", 1500: "1,500", -2.5e6: "-2.5M", 3e9: "3B", 4e12: "4T", 1e20: "1e+20", 0.00002: "2e-05",
	} {
		require.Equal(t, want, tick(v))
	}
	require.Equal(t, "0.1", exact(0.1))
	require.Equal(t, "1e+20", exact(1e20))
}
