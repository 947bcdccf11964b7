package question

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/query"
)

func n(text string) json.Number { return json.Number(text) }

func specification(t *testing.T, schema, question string) query.Specification {
	t.Helper()
	reading, err := Parse(question, schemas[schema])
	require.NoError(t, err)
	return reading.Specification
}

func TestAnswersStateTheResult(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schema, question string
		rows             [][]any
		truncated        bool
		want             string
	}{
		{"weather", "total precipitation by month in 2014", [][]any{{"2014-01-01", n("94.0")}, {"2014-07-01", n("19.6")}, {"2014-03-01", n("240.0")}, {"2014-04-01", nil}}, false,
			"Total precipitation by month of date where date is between 2014-01-01 and 2014-12-31: 4 rows; from 19.6 (2014-07-01) to 240.0 (2014-03-01)."},
		{"weather", "how many rows where weather is rain", [][]any{{n("259")}}, false, "Number of rows where weather is rain: 259."},
		{"weather", "how many rows where weather is hail", [][]any{{n("0")}}, false, "No rows match: Number of rows where weather is hail."},
		{"weather", "count by weather", nil, false, "No rows match: Number of rows by weather."},
		{"weather", "total precipitation", [][]any{{n("0")}}, false, "Total precipitation: 0."},
		{"weather", "total precipitation", [][]any{{nil}}, false, "Total precipitation: no value."},
		{"weather", "min and max wind", [][]any{{n("0.4"), n("9.5")}}, false, "Lowest wind and highest wind: lowest wind 0.4 and highest wind 9.5."},
		{"weather", "which weather has the highest average wind", [][]any{{"snow", n("4.396153846153846")}}, true,
			"Average wind by weather, ordered by avg_wind, highest first, at most 1: snow with 4.396153846153846. There are more rows than this one."},
		{"weather", "count by weather", [][]any{{"sun", n("5")}, {nil, n("5")}}, true,
			"Number of rows by weather: 2 rows; always 5. There are more rows than these, which this does not take into account."},
		{"weather", "min and max wind by weather", [][]any{{"sun", n("1"), n("9")}, {"fog", n("-2"), n("8")}}, false,
			"Lowest wind and highest wind by weather: 2 rows; lowest wind from -2 (fog) to 1 (sun)."},
		{"weather", "count by weather", [][]any{{"sun", nil}, {"fog", nil}}, false, "Number of rows by weather: 2 rows."},
		{"stocks", "distinct symbols", [][]any{{"IBM"}, {"AAPL"}}, false, "Distinct values of symbol: 2 rows."},
		{"stocks", "distinct symbols", [][]any{{"IBM"}}, false, "Distinct values of symbol: 1 row."},
		{"disasters", "total deaths by entity", [][]any{{"a", n("9007199254740993")}, {"b", n("9007199254740992")}}, false,
			"Total Deaths by Entity: 2 rows; from 9007199254740992 (b) to 9007199254740993 (a)."},
	} {
		require.Equal(t, c.want, Answer(specification(t, c.schema, c.question), c.rows, c.truncated))
	}
}

func TestEveryNumberOfAnAnswerIsOneOfTheResult(t *testing.T) {
	t.Parallel()
	digits := regexp.MustCompile(`-?\d+(?:\.\d+)?`)
	rows := [][]any{{"A", n("12.50"), n("7")}, {"B", n("-3"), n("1e3")}, {"C", nil, n("0.001")}}
	spec := query.Specification{
		Measures:   []query.Measure{{Op: query.Sum, Column: "price"}, {Op: query.Avg, Column: "volume"}},
		Dimensions: []query.Dimension{{Column: "symbol"}},
	}
	for used := range rows {
		answer := Answer(spec, rows[:used+1], false)
		result := strings.TrimPrefix(answer, Describe(spec))
		require.NotEqual(t, answer, result)
		allowed := []string{string(rune('1' + used)), "12.50", "-3", "7"}
		found := digits.FindAllString(result, -1)
		require.NotEmpty(t, found)
		require.Subset(t, allowed, found)
	}
}

func TestDescriptionsNameEveryCondition(t *testing.T) {
	t.Parallel()
	for question, want := range map[string]string{
		"rows where wind > 5 and weather is not sun":             "Number of rows where wind > 5 and weather is not sun",
		"average wind where weather is rain or snow":             "Average wind where weather is rain or snow",
		"rows without weather":                                   "Number of rows where weather is missing",
		"rows where weather is not null":                         "Number of rows where weather is present",
		"number of distinct weather by year, limit 3":            "Number of distinct values of weather by year of date, at most 3",
		"rows where weather contains ra":                         "Number of rows where weather contains ra",
		"wind by weather sorted by wind desc":                    "Total wind by weather, ordered by sum_wind, highest first",
		"median wind by month and weather since 2014, ascending": "Median wind by month of date and weather where date >= 2014-01-01, ordered by median_wind, lowest first",
	} {
		require.Equal(t, want, Describe(specification(t, "weather", question)))
	}
}

func TestAssumptionsAreSaid(t *testing.T) {
	t.Parallel()
	for question, want := range map[string][]string{
		"precipitation by month": {"no aggregate was named, so precipitation is summed"},
		"rain":                   {"no aggregate was named, so rows are counted"},
		"total precipitation":    nil,
	} {
		reading, err := Parse(question, weather)
		require.NoError(t, err)
		require.Equal(t, want, reading.Assumptions, question)
	}
	reading, err := Parse("how many deaths", disasters)
	require.NoError(t, err)
	require.Equal(t, []string{`"how many" is taken as the total of Deaths`}, reading.Assumptions)
}

func TestWordsOfTheGrammarAreValuesOnlyWhereAValueIsDue(t *testing.T) {
	t.Parallel()
	tickers := schema(of("symbol", column.Text, "A", "FOR", "ALL", "IT", "IBM"), of("price", column.Decimal))
	for question, want := range map[string]string{
		"what is a total price for all":       "Total price",
		"total price of IBM":                  "Total price where symbol is IBM",
		"total price where symbol is A":       "Total price where symbol is A",
		`total price for "A"`:                 "Total price where symbol is A",
		"distinct symbols for it":             "Distinct values of symbol",
		"total price where symbol = it":       "Total price where symbol is IT",
		"total price where symbol is A or IT": "Total price where symbol is A or IT",
	} {
		reading, err := Parse(question, tickers)
		require.NoError(t, err, question)
		require.Equal(t, want, reading.Interpretation, question)
	}
}
